/*
 * A cache of bytes read from files: the block cache and the blob cache are one
 * each.
 *
 * An entry is named by two numbers (file, offset) and holds bytes.  What a
 * caller holds stays valid however long.  A hit takes no lock: it is one atomic
 * addition, and giving back is one subtraction (cache_entry.h says how that is
 * sound).  All else, a miss first of all, takes the cache's one lock for the
 * time it takes to link an entry and to unlink another; it is never held while
 * something is read.
 *
 * Budget.  Counted are the entries' bytes as the heap rounds them, or all that
 * the cache's own memory takes, holes and all; the tables; and
 * what cache_charge() adds for memory that lives elsewhere.  Whoever makes
 * the sum exceed the budget evicts (cache_evict.h says what goes first), down
 * to the budget, or as far as what is held allows; what was held too long goes
 * when it is given back.  What can never fit is given to its caller, and to
 * those who ask while it is held, and goes with the last of them.  The tables
 * never shrink: an empty cache takes about 4 KiB, and one that was full of
 * entries of n bytes keeps about 80 bytes for each of them.
 *
 * Thread-safe.
 */
#ifndef ENGINE_CACHE_H
#define ENGINE_CACHE_H

#include <stdatomic.h>

#include "engine/base/slice.h"

struct cache;
struct cache_entry;

/*
 * NULL if out of memory.  With a budget of 0 nothing is kept.  Entries are the
 * heap's, or they lie in memory of the cache's own.
 */
struct cache *cache_new(size_t bytes_max);
struct cache *cache_new_own(size_t bytes_max);

/* All entries must have been given back.  Accepts NULL. */
void cache_free(struct cache *cache);

/*
 * Memory for an entry to be: it counts already, and others may have had to go.
 * From malloc() if @cache is NULL or its entries are the heap's.  NULL if out
 * of memory.
 */
void *cache_alloc(struct cache *cache, size_t size);

/*
 * Whether there is room for an entry of @size bytes although none goes for it.
 * That may change any time.
 */
bool cache_has_room(struct cache *cache, size_t size);

/* Frees what no entry was made of.  Accepts NULL for either. */
void cache_discard(struct cache *cache, void *data);

/*
 * Adds @data, which comes from cache_alloc() and is the cache's from now on,
 * and returns the entry, held.  If there is one of that name already, that is
 * returned and @data freed.  NULL, and @data freed, if out of memory.
 */
struct cache_entry *cache_put(struct cache *cache, uint64_t file,
			      uint64_t offset, void *data, size_t size);

/*
 * Reads what is not in the cache: fills @data, from cache_alloc() of it, and
 * @size, at most UINT32_MAX bytes, or returns an error with words in
 * error_text().
 */
typedef int (*cache_load_fn)(const void *context, void **data, size_t *size);

/*
 * The entry, held; @load is called if there is none.  Of several callers who
 * miss the same entry one calls, the others sleep until it is done, and its
 * error is theirs too; it is not remembered.  Returns 0, the error of @load, or
 * -ENOMEM.
 */
int cache_get_or_load(struct cache *cache, uint64_t file, uint64_t offset,
		      cache_load_fn load, const void *context,
		      struct cache_entry **out) MUST_USE;

/*
 * Where an entry was when it was asked for last: all zero, or from
 * cache_hint_set() with an entry of the cache.  A hint may be of another entry
 * by now, it is never wrong to try.
 */
struct cache_hint {
	_Atomic(struct cache_entry *) entry;
};

/* The entry, held, if it is still there; else NULL. */
struct cache_entry *cache_hint_try(const struct cache_hint *hint, uint64_t file,
				   uint64_t offset);

/* Asks for the memory that cache_hint_try() looks at. */
static inline void cache_hint_prefetch(const struct cache_hint *hint)
{
	__builtin_prefetch(
		atomic_load_explicit(&hint->entry, memory_order_relaxed));
}

static inline void cache_hint_set(struct cache_hint *hint,
				  struct cache_entry *e)
{
	atomic_store_explicit(&hint->entry, e, memory_order_release);
}

/* Gives an entry back.  Accepts NULL. */
void cache_release(struct cache_entry *e);

/* The bytes, valid while the entry is held. */
struct slice cache_data(const struct cache_entry *e);

/*
 * Nobody will ask for these @count files any more (rising numbers): what is
 * there of them goes, unless it is held.  Looks at every entry.
 */
void cache_forget(struct cache *cache, const uint64_t *files, size_t count);

/*
 * @delta more bytes (less, if negative) live elsewhere and count against the
 * budget: memtables, filters.  The cache is smaller at once, but its tables and
 * a sixteenth of the budget for entries remain its own.
 */
void cache_charge(struct cache *cache, ssize_t delta);

/* Another budget from now on; the tables, and what is held, may exceed it. */
void cache_resize(struct cache *cache, size_t bytes_max);

/* What is in the cache now, in bytes, tables included, charges left out. */
size_t cache_bytes(struct cache *cache);

struct cache_stats {
	uint64_t hits;      /* cache_get_or_load()s that found it */
	uint64_t misses;    /* those that loaded, or waited for a load */
	uint64_t inserts;   /* entries added */
	uint64_t evictions; /* entries that went again */
	size_t entries;     /* in the cache now */
	size_t bytes;       /* as cache_bytes() */
	size_t charged;     /* the sum of all cache_charge() */
};

/*
 * Walks over the whole cache.  Each hit is counted once, but 2^32 of one entry
 * without an eviction in between count as none.
 */
void cache_stats(struct cache *cache, struct cache_stats *stats);

#endif
