/*
 * What the entries of a cache lie in.  Private to cache*.c.
 *
 * A cache made by cache_new_own() keeps its entries in a pool.  All that the
 * pool has counts against the budget, and a slab is given back only as a whole,
 * so what S3-FIFO evicts does not make the cache smaller by itself: it leaves
 * holes, all over the slabs.  When the holes add up to two slabs, what is left
 * in the emptiest slab is moved to the others.  So the holes are bounded, and
 * which entries are kept does not depend on where they lie.
 *
 * An entry is moved like one is evicted: only if nobody holds it, invisible
 * meanwhile.  Who asks for it then waits for the lock.  A slab with an entry
 * that is held, or one that is still being read, has to stay; its holes are
 * filled again.
 */
#ifndef ENGINE_CACHE_MEMORY_H
#define ENGINE_CACHE_MEMORY_H

#include "engine/cache_evict.h"

void cache_memory_init(struct cache *c, bool own);
void cache_memory_fini(struct cache *c);

/* What the cache takes: tables, entries, and holes between them. */
static inline size_t cache_taken(const struct cache *c) NEEDS(c->lock);

static inline size_t cache_taken(const struct cache *c)
{
	return c->bytes + c->pool.bytes;
}

/*
 * What @data costs, in bytes: of the pool, or what the heap gave for it and the
 * eight bytes that it puts in front.
 */
size_t cache_cost(const struct cache *c, const void *data);

/* @data is that of @e, or of none any more. */
void cache_keep(struct cache *c, struct cache_entry *e) NEEDS(c->lock);
void cache_dispose(struct cache *c, void *data, struct cache_trash *trash)
	NEEDS(c->lock);

/* Slabs that could not be emptied lately perhaps can be now. */
void cache_try_again(struct cache *c) NEEDS(c->lock);

/* Gives a slab back to the system; false if none can be emptied. */
bool cache_give_back(struct cache *c) NEEDS(c->lock);

#endif
