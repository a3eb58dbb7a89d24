/*
 * Numbers that look random and are the same each time: splitmix64 of Vigna and
 * Steele, which needs no more than a counter for its state.
 */
#ifndef TOOLS_KVBENCH_RANDOM_H
#define TOOLS_KVBENCH_RANDOM_H

#include "engine/base/base.h"

struct random {
	uint64_t state; /* the seed, at first */
};

static inline uint64_t random_next(struct random *r)
{
	uint64_t z = r->state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

/* A number below @below, which is not 0. */
static inline uint64_t random_below(struct random *r, uint64_t below)
{
	return random_next(r) % below;
}

/* From 0 to just below 1. */
static inline double random_unit(struct random *r)
{
	return (double)(random_next(r) >> 11) * 0x1p-53;
}

#endif
