#include "engine/base/hash.h"

/* Inlined: its state lies on our stack, so we must not depend on an ABI. */
#define XXH_INLINE_ALL
#include <xxhash.h>

uint64_t checksum(uint64_t seed, const void *data, size_t size)
{
	return XXH3_64bits_withSeed(data, size, seed);
}

uint64_t checksum2(uint64_t seed, struct slice a, struct slice b)
{
	XXH3_state_t state;

	XXH3_INITSTATE(&state);
	XXH3_64bits_reset_withSeed(&state, seed);
	XXH3_64bits_update(&state, a.data, a.size);
	XXH3_64bits_update(&state, b.data, b.size);
	return XXH3_64bits_digest(&state);
}
