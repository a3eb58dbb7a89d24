/*
 * A filter: says of a key that it is surely not in a table, or perhaps.
 *
 * A blocked Bloom filter (Putze, Sanders, Singler: "Cache-, Hash- and
 * Space-Efficient Bloom Filters", 2007): the hash picks one line of 64 bytes,
 * and FILTER_PROBES bits in it, so that an answer costs one cache miss.  With
 * FILTER_BITS_PER_KEY bits a key about 1 % of absent keys pass.
 *
 * The bytes: lines of 64 bytes, at least one, nothing else.  A key's hash is
 * XXH3-64 with seed 0.  Of the hash h: line = (h >> 32) * lines >> 32; the
 * probes are bits a, a + d, a + 2d ... modulo 512 of that line, with a = h and
 * d = (h >> 9 | 1), where bit i is bit i % 8 of byte i / 8.
 */
#ifndef ENGINE_FILTER_H
#define ENGINE_FILTER_H

#include "engine/base/buf.h"

#define FILTER_BITS_PER_KEY 10
#define FILTER_PROBES       6
#define FILTER_LINE_SIZE    64 /* bytes */

uint64_t filter_hash(struct slice key);

/* Builds the filter of @count hashes in @out.  Returns 0 or -ENOMEM. */
int filter_build(struct buf *out, const uint64_t *hashes,
		 size_t count) MUST_USE;

/* @filter's size is a positive multiple of FILTER_LINE_SIZE. */
bool filter_may_contain(struct slice filter, uint64_t hash);

/* Asks for the one line of cache that filter_may_contain() looks at. */
void filter_prefetch(struct slice filter, uint64_t hash);

#endif
