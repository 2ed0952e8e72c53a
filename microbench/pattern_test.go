package microbench

import (
	"slices"
	"testing"

	"netgpusim/gpu"
)

// A warp of 32 threads with vectors of 16 bytes covers 512 bytes of chunks: how many
// requests of how many bytes that makes is the coalescing rule.
func TestLanesThatTouchOneLineShareARequest(t *testing.T) {
	for _, c := range []struct {
		name          string
		size, spacing int64
		requests      int
		bytes         int64 // of each
	}{
		{"dense", 128, 128, 4, 128},
		{"chunks of a vector", 16, 256, 32, 16},
		{"chunks of a sector", 32, 256, 16, 32},
		{"chunks of two sectors", 64, 256, 8, 64},
		{"chunks of a line", 128, 256, 4, 128},
		{"chunks of two lines", 256, 256, 4, 128},
		{"chunks of many lines", 4096, 4096, 4, 128},
		{"chunks of less than a vector", 4, 256, 32, 4},
	} {
		chunks := chunks{c.size, c.spacing}
		for warp := range 3 {
			got := chunks.instruction(nil, 1, warp, 3)
			if len(got) != c.requests {
				t.Errorf("%s: %d requests, want %d", c.name, len(got), c.requests)
			}
			for _, a := range got {
				if a.bytes != c.bytes || a.useful != c.bytes {
					t.Errorf("%s: a request of %d bytes, %d useful, want %d", c.name, a.bytes, a.useful, c.bytes)
				}
			}
		}
	}
}

// Whatever the chunks, the threads together touch every byte of them once, and no request
// leaves its line.
func TestEveryByteOfTheChunksIsTouchedOnce(t *testing.T) {
	const warps, rounds = 3, 4
	for size := int64(1); size <= 700; size++ {
		for _, gap := range []int64{128, 256, 1024} {
			chunks := chunks{size, (size + gap - 1) / gap * gap}
			var useful, vectors int64
			var lines []uint64
			for i := range rounds {
				for warp := range warps {
					for _, a := range chunks.instruction(nil, i, warp, warps) {
						if a.bytes < a.useful || a.bytes > gpu.LineBytes {
							t.Fatalf("size %d, gap %d: a request of %d bytes for %d", size, gap, a.bytes, a.useful)
						}
						useful += a.useful
						lines = append(lines, a.line)
					}
				}
			}
			// So many vectors lie in whole chunks, and in part of one.
			vectors = warps * rounds * gpu.WarpLanes
			each := (size + vectorBytes - 1) / vectorBytes
			want := vectors/each*size + min(vectors%each*vectorBytes, size)
			if useful != want {
				t.Fatalf("size %d, gap %d: %d useful bytes, want %d", size, gap, useful, want)
			}
			if !slices.IsSorted(lines) {
				t.Fatalf("size %d, gap %d: lines are not in the order of the threads", size, gap)
			}
		}
	}
}
