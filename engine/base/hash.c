#include "config.h"

#include "engine/base/hash.h"

/* Inlined: its state lies on our stack, so we must not depend on an ABI. */
#define XXH_INLINE_ALL
#include <xxhash.h>

/* Up to here a call costs more than wider instructions save. */
#define SHORT_BYTES 240

#ifdef HAVE_XXH_DISPATCH
/*
 * With the widest instructions that this machine has.  It is declared in
 * xxh_x86dispatch.h, which does not go together with inlined code.
 */
XXH64_hash_t XXH3_64bits_withSeed_dispatch(const void *data, size_t size,
					   XXH64_hash_t seed);
#define hash_long XXH3_64bits_withSeed_dispatch
#else
#define hash_long XXH3_64bits_withSeed
#endif

uint64_t checksum(uint64_t seed, const void *data, size_t size)
{
	if (size <= SHORT_BYTES)
		return XXH3_64bits_withSeed(data, size, seed);
	return hash_long(data, size, seed);
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
