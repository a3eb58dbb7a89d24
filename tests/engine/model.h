/*
 * A model of a store: what it should hold, in the simplest way.
 *
 * Keys are numbers below MODEL_KEYS, spelled so that they sort as they count;
 * a value is a version number, from which its bytes follow.  The tests do the
 * same to the model and to a store, and compare.
 */
#ifndef TESTS_ENGINE_MODEL_H
#define TESTS_ENGINE_MODEL_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/kv.h"

#define MODEL_KEYS      300
#define MODEL_VALUE_MAX 6000

struct model {
	uint32_t version[MODEL_KEYS]; /* 0: no such key */
};

/* splitmix64: the same numbers from the same seed, everywhere. */
static inline uint64_t model_random(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15u);

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static inline struct slice model_key(char buf[32], unsigned i)
{
	/* Long shared prefixes for some, none for others. */
	int n = snprintf(buf, 32, i % 3 ? "key/%06u" : "a/long/prefix/%06u", i);

	return slice_of(buf, (size_t)n);
}

/* The number of the key whose bytes are @key. */
static inline unsigned model_number(struct slice key)
{
	char digits[7] = { 0 };

	memcpy(digits, (const char *)key.data + key.size - 6, 6);
	return (unsigned)atoi(digits);
}

/* Fills @out, of MODEL_VALUE_MAX bytes: some compressible, some not. */
static inline struct slice model_value(uint8_t *out, uint32_t version)
{
	uint64_t state = version, bits = 0;
	size_t size = model_random(&state) % 100, i;

	if (version % 5 == 0)
		size = model_random(&state) % MODEL_VALUE_MAX;
	for (i = 0; i < size; i++) {
		if (version % 2 || i % 64 == 0)
			bits = model_random(&state);
		out[i] = (uint8_t)bits;
	}
	return slice_of(out, size);
}

#endif
