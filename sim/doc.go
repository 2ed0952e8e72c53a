// Package sim is the discrete-event engine under netgpusim: a picosecond clock,
// a totally ordered event queue, lazily cancelled timers, seeded random streams,
// resources that are booked arithmetically, time series and statistics, and
// snapshots of a running simulation. It knows nothing of networks.
//
// How to use it:
//
//  1. Make an Engine with NewEngine.
//  2. Give every component that wants events an ActorID with Engine.Register, in
//     an order that depends on nothing but the specification.
//  3. Schedule events by value with Engine.Schedule; a component receives them in
//     its Handle method, in time order, ties in the order they were scheduled.
//  4. Call Engine.Run with the time to stop at.
//
// One engine is one goroutine: parallelism is across engines. The same schedule
// of calls gives the same sequence of events on every machine; Engine.Digest is a
// running hash over that sequence.
package sim
