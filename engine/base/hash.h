/*
 * Two hashes, for two purposes.
 *
 * checksum() guards bytes on disk: XXH3-64 of libxxhash with a seed that says
 * where the bytes belong, so that a block that is intact but stale, or in
 * another file, or at another offset, does not verify.  Its values are part of
 * the format.
 *
 * hash_mix() spreads the keys of hash tables in memory (block numbers, inode
 * numbers): multiply, rotate, multiply, of the kind that Firefox and rustc
 * use under the name Fx; Fjall's cache uses it in place of XXH3.  Its values
 * never reach the disk.
 */
#ifndef ENGINE_BASE_HASH_H
#define ENGINE_BASE_HASH_H

#include "engine/base/slice.h"

/* XXH3-64 of @size bytes. */
uint64_t checksum(uint64_t seed, const void *data, size_t size);

/* As checksum() of the two laid end to end. */
uint64_t checksum2(uint64_t seed, struct slice a, struct slice b);

static inline uint64_t hash_mix(uint64_t a, uint64_t b)
{
	const uint64_t k = 0x517cc1b727220a95u;
	uint64_t h = a * k;

	h = (h << 5 | h >> 59) ^ b;
	h *= k;
	return h ^ h >> 32;
}

#endif
