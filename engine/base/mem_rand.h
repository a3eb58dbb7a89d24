/*
 * The dice of env_mem: splitmix64, the same numbers from the same seed on
 * every machine, so that a failure found once can be found again.
 */
#ifndef ENGINE_BASE_MEM_RAND_H
#define ENGINE_BASE_MEM_RAND_H

#include "engine/base/base.h"

struct mem_rand {
	uint64_t state; /* any value is a seed */
};

static inline uint64_t mem_rand_u64(struct mem_rand *r)
{
	uint64_t z = r->state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

/* From 0 to @n - 1; the bias is below n / 2^64. */
static inline uint64_t mem_rand_below(struct mem_rand *r, uint64_t n)
{
	assert(n > 0);
	return mem_rand_u64(r) % n;
}

static inline void mem_rand_fill(struct mem_rand *r, void *buf, size_t size)
{
	uint8_t *at = buf;

	while (size) {
		uint64_t v = mem_rand_u64(r);
		size_t n = size_min(size, sizeof(v));

		memcpy(at, &v, n);
		at += n;
		size -= n;
	}
}

#endif
