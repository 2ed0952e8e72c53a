// Package scenarios reads scenario files: the YAML documents that say which
// hardware, kernel settings, workload and faults a run has, what its source
// measured and what the result must satisfy. It also holds the hardware profiles
// and the library of built-in scenarios, both embedded in the binary.
//
// A scenario is resolved from layers, lowest first: the profile that each section
// names (defaults.yaml for sections without profiles), the files of the extends
// chain, oldest first, the file itself, and the --set flags. Within the merged
// document a section at top level applies to both hosts and a host's own section
// overrides it.
//
// How to use it:
//
//  1. Load a built-in or a file, with the --set flags of the command line.
//  2. Run it; print its Warnings, Assumptions and Measured beside the result.
//  3. For a band or a sweep, derive each point with Scenario.With.
//  4. Keep Scenario.YAML with the result: it loads again to the same scenario,
//     whatever later versions change in profiles and defaults.
//
// The keys, bounds and meanings come from the struct tags of the specifications
// (see nic.Spec); the loader, JSONSchema and Reference are all made from them by
// reflection, so a field added to a specification is a key everywhere at once.
// Decoding is strict: whatever is not understood is an Error with file, line and
// column, what was given and what is allowed. Nothing is clamped or ignored.
package scenarios
