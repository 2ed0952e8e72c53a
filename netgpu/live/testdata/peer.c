/*
 * The other end of a live ring, in C: fills or empties a shared queue of patch 5
 * that lies in an inherited, already initialised mapping, and checks every entry.
 * Written for the tests of netgpusim; it knows the layout and the operations, and
 * nothing of the Go code.
 *
 *   peer produce|consume FD ELEMENT_BYTES ENTRIES COUNT BATCH
 *
 * BATCH 1 uses the operations on single entries, a larger one those on batches.
 * Exit status: 0 all COUNT entries right, 1 a wrong one (told on stderr), 2 usage.
 */
#define _DEFAULT_SOURCE
#include <inttypes.h>
#include <sched.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { LINE = 64, LIFETIME_S = 600 }; /* no orphan spins for ever */

struct mapping {
	alignas(LINE) _Atomic uint32_t prod;
	alignas(LINE) _Atomic uint32_t cons;
	alignas(LINE) uint64_t data[];
};

_Static_assert(offsetof(struct mapping, cons) == 64, "cons");
_Static_assert(offsetof(struct mapping, data) == 128, "data");

/* One side: the shared part and its private copies of the indices. */
struct side {
	struct mapping *shared;
	uint32_t entries, mask, words; /* words: u64 in an element */
	uint32_t cached_prod, cached_cons;
};

/* Entry number n holds this in its word w. No two neighbours share a byte pattern,
 * so an old, a new or a half-written entry is none that is due. */
static uint64_t content(uint64_t n, uint32_t w)
{
	return ((w ? ~n : n) + 1) * UINT64_C(0x9E3779B97F4A7C15);
}

static uint64_t *slot(struct side *s, uint32_t index)
{
	return &s->shared->data[(size_t)(index & s->mask) * s->words];
}

static uint32_t ready(const struct side *s)
{
	return s->cached_prod - s->cached_cons;
}

static uint32_t space(const struct side *s)
{
	return s->entries - ready(s);
}

static void within(const struct side *s)
{
	if (ready(s) > s->entries) {
		fprintf(stderr, "prod %" PRIu32 ", cons %" PRIu32 ": more than %" PRIu32 " entries apart\n",
			s->cached_prod, s->cached_cons, s->entries);
		exit(1);
	}
}

/* Acquire where the kernel has a control dependency: C11 does not know those. */
static void load_cons(struct side *s)
{
	s->cached_cons = atomic_load_explicit(&s->shared->cons, memory_order_acquire);
	within(s);
}

static void load_prod(struct side *s)
{
	s->cached_prod = atomic_load_explicit(&s->shared->prod, memory_order_acquire);
	within(s);
}

static void submit(struct side *s)
{
	atomic_store_explicit(&s->shared->prod, s->cached_prod, memory_order_release);
}

static void complete(struct side *s)
{
	atomic_thread_fence(memory_order_seq_cst);
	atomic_store_explicit(&s->shared->cons, s->cached_cons, memory_order_relaxed);
}

static uint64_t *reserve(struct side *s)
{
	if (space(s) == 0)
		load_cons(s);
	return space(s) == 0 ? NULL : slot(s, s->cached_prod++);
}

static bool avail(struct side *s, uint32_t n)
{
	if (n > space(s))
		load_cons(s);
	return n <= space(s);
}

static uint64_t *peek(struct side *s)
{
	if (ready(s) == 0) {
		complete(s);
		load_prod(s);
	}
	return ready(s) == 0 ? NULL : slot(s, s->cached_cons);
}

static uint32_t peek_batch(struct side *s, uint32_t n)
{
	if (ready(s) == 0)
		load_prod(s);
	return n < ready(s) ? n : ready(s);
}

static void fill(struct side *s, uint64_t *to, uint64_t n)
{
	for (uint32_t w = 0; w < s->words; w++)
		to[w] = content(n, w);
}

static void check(struct side *s, const uint64_t *from, uint64_t n)
{
	for (uint32_t w = 0; w < s->words; w++) {
		if (from[w] == content(n, w))
			continue;
		fprintf(stderr, "entry %" PRIu64 " word %" PRIu32 ": found %#" PRIx64 ", want %#" PRIx64 "\n",
			n, w, from[w], content(n, w));
		exit(1);
	}
}

static void produce(struct side *s, uint64_t count, uint32_t batch)
{
	for (uint64_t n = 0; n < count; sched_yield()) {
		uint64_t *to;

		while (batch == 1 && n < count && (to = reserve(s))) {
			fill(s, to, n++);
			submit(s);
		}
		while (batch > 1 && n < count) {
			uint32_t some = count - n < batch ? (uint32_t)(count - n) : batch;

			if (!avail(s, some))
				break;
			for (uint32_t i = 0; i < some; i++)
				fill(s, slot(s, s->cached_prod++), n++);
			submit(s);
		}
	}
}

static void consume(struct side *s, uint64_t count, uint32_t batch)
{
	for (uint64_t n = 0; n < count; sched_yield()) {
		uint32_t some;
		uint64_t *from;

		while (batch == 1 && n < count && (from = peek(s))) {
			check(s, from, n++);
			s->cached_cons++;
			complete(s);
		}
		while (batch > 1 && n < count && (some = peek_batch(s, batch))) {
			for (uint32_t i = 0; i < some; i++)
				check(s, slot(s, s->cached_cons++), n++);
			complete(s);
		}
	}
}

int main(int argc, char **argv)
{
	if (argc != 7)
		return 2;
	struct side s = {
		.entries = (uint32_t)strtoul(argv[4], NULL, 10),
		.words = (uint32_t)strtoul(argv[3], NULL, 10) / 8,
	};
	uint64_t count = strtoull(argv[5], NULL, 10);
	uint32_t batch = (uint32_t)strtoul(argv[6], NULL, 10); /* at most ENTRIES */
	size_t size = sizeof(struct mapping) + (size_t)s.entries * s.words * 8;

	alarm(LIFETIME_S);
	s.mask = s.entries - 1;
	s.shared = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, atoi(argv[2]), 0);
	if (s.shared == MAP_FAILED) {
		perror("mmap");
		return 2;
	}
	s.cached_prod = atomic_load(&s.shared->prod);
	s.cached_cons = atomic_load(&s.shared->cons);
	if (!strcmp(argv[1], "produce"))
		produce(&s, count, batch);
	else if (!strcmp(argv[1], "consume"))
		consume(&s, count, batch);
	else
		return 2;
	return 0;
}
