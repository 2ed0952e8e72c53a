//go:build long

package predict

// robustCases is how many random scenarios a test run tries.
const robustCases = 2000
