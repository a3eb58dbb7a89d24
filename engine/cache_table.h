/*
 * The hash table of a cache, as one who holds its lock sees it: slots, chains,
 * and growing.  cache_entry.h says what others may see meanwhile.
 */
#ifndef ENGINE_CACHE_TABLE_H
#define ENGINE_CACHE_TABLE_H

#include "engine/base/slice.h"
#include "engine/cache_evict.h"

int cache_table_init(struct cache *c) MUST_USE;

/* Frees all entries; none is held any more. */
void cache_table_fini(struct cache *c);

/* The entry of that name, with @add added to its word, or NULL. */
struct cache_entry *cache_find(struct cache *c, uint64_t file, uint64_t offset,
			       uint64_t add) NEEDS(c->lock);

/*
 * The entry of that name, there or made of @data, with @refs references more;
 * NULL if out of memory.  @data is not the caller's any more.
 */
struct cache_entry *cache_add(struct cache *c, uint64_t file, uint64_t offset,
			      struct slice data, uint64_t refs,
			      struct cache_trash *trash) NEEDS(c->lock);

#endif
