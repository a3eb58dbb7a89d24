/*
 * A cache of bytes read from files: the block cache and the blob cache are one
 * each.
 *
 * An entry is named by two numbers (file, offset) and holds bytes from the
 * heap.  What a caller holds stays valid however long; what nobody holds is
 * evicted, second chance first (CLOCK), so that the sum of all sizes stays
 * within the budget.  The table is split into shards by the hash of the name,
 * each with a lock of its own.
 *
 * Thread-safe.
 */
#ifndef ENGINE_CACHE_H
#define ENGINE_CACHE_H

#include "engine/base/slice.h"

struct cache;
struct cache_entry;

/* NULL if out of memory.  With a budget of 0 nothing is kept. */
struct cache *cache_new(size_t bytes_max);

/* All entries must have been given back.  Accepts NULL. */
void cache_free(struct cache *cache);

/* The entry, held, or NULL. */
struct cache_entry *cache_get(struct cache *cache, uint64_t file,
			      uint64_t offset);

/*
 * Adds @data, which comes from malloc() and is the cache's from now on, and
 * returns the entry, held.  If there is one of that name already, that is
 * returned and @data freed.  NULL, and @data freed, if out of memory.
 */
struct cache_entry *cache_put(struct cache *cache, uint64_t file,
			      uint64_t offset, void *data, size_t size);

/* Gives an entry back.  Accepts NULL. */
void cache_release(struct cache_entry *e);

/* The bytes, valid while the entry is held. */
struct slice cache_data(const struct cache_entry *e);

/* What is in the cache now, in bytes. */
size_t cache_bytes(struct cache *cache);

#endif
