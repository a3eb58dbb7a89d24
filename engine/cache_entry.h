/*
 * What a cache is made of.  Private to cache.c and cache_evict.c.
 *
 * Entries are slots of memory that belongs to the cache for as long as it
 * lives; a slot that was freed is used again for another entry.  So a reader
 * may look at any slot without a lock, whatever has become of it meanwhile.
 * The slot's word says whether what he sees counts:
 *
 *      bits  0..29  references
 *      bit      30  VISIBLE  the slot holds an entry that can be found
 *      bit      31  LOOSE    it is in no queue; who gives back the last
 *                            reference takes the lock and decides on it
 *      bits 32..63  hits since the eviction looked last
 *
 * A lookup finds a slot with its name, adds one reference and one hit at once,
 * and looks at the word it added to.  If that was VISIBLE, the slot cannot
 * change before the reference is given back, because only an entry without
 * references can be made invisible, by a compare-and-swap of its word; it is
 * enough to compare the name once more.  If not, the reference is given back
 * and the slot forgotten.  Such a reference may be there at any time, also on a
 * free slot, so nobody but a VISIBLE entry's owner draws conclusions from the
 * count.
 *
 * The chains of the hash table are read without a lock too.  A slot that moves
 * to another chain, or a table that grows, may lead a reader astray; he gives
 * up after a few steps, and what he missed is looked up once more under the
 * lock, where it counts.  So going astray costs time and nothing else.
 *
 * Type-stable slots with state and references in one word are RocksDB's
 * (HyperClockCache).
 *
 * Invariants, when nobody holds the lock
 *   - A VISIBLE slot is in the chain of its name; in one of the two queues, or
 *     LOOSE; any other slot is in the list of free ones.
 *   - A LOOSE entry is held, or its last holder is about to take the lock.
 *   - bytes is the sum of the slabs of slots, the tables and, where they come
 *     from malloc(), of all VISIBLE entries' costs.
 */
#ifndef ENGINE_CACHE_ENTRY_H
#define ENGINE_CACHE_ENTRY_H

#include <stdatomic.h>

#include "engine/base/hash.h"
#include "engine/base/lock.h"
#include "engine/pool.h"

#define WORD_REF     ((uint64_t)1)
#define WORD_REFS    (((uint64_t)1 << 30) - 1)
#define WORD_VISIBLE ((uint64_t)1 << 30)
#define WORD_LOOSE   ((uint64_t)1 << 31)
#define WORD_HIT     ((uint64_t)1 << 32)

struct cache;

/* A line of the processor's cache, so that a hit touches one. */
struct cache_entry {
	_Atomic uint64_t word;

	/* Changed under the lock while the slot is not VISIBLE. */
	_Atomic uint64_t file;
	_Atomic uint64_t offset;
	_Atomic(void *) data; /* owned */
	uint32_t size;        /* bytes */

	/* Guarded by the lock. */
	bool in_main; /* the queue it is in, or goes back to */
	uint8_t freq; /* hits that the eviction has seen, at most 3 */
	_Atomic(struct cache_entry *) chain; /* read without it */
	struct cache_entry *next;            /* in its queue, or free list */

	struct cache *cache; /* constant */
};

static_assert(sizeof(struct cache_entry) == 64, "one line for each entry");

struct cache_bucket {
	_Atomic(struct cache_entry *) chain;
	uint64_t ghost; /* the hash of an entry that left; under the lock */
};

struct cache_table {
	size_t mask;             /* buckets less one, a power of two */
	struct cache_table *old; /* owned: kept for readers inside it */
	struct cache_bucket buckets[];
};

#define CACHE_SLAB_SLOTS 31

struct cache_slab {
	struct cache_slab *next; /* owned */
	_Alignas(64) struct cache_entry slots[CACHE_SLAB_SLOTS];
};

static_assert(sizeof(struct cache_slab) == 2048, "a round piece of the heap");

/* First in, first out. */
struct cache_queue {
	struct cache_entry *head;
	struct cache_entry **tail;
	size_t bytes; /* the sum of the costs */
};

struct cache {
	_Atomic(struct cache_table *) table; /* owned; read without the lock */

	struct mutex lock; /* RANK_CACHE */
	bool own;          /* constant: entries lie in the pool */

	/* Guarded by the lock. */
	size_t bytes_max;
	struct pool pool;
	size_t holes_max; /* bytes; see cache_memory.h */
	uint64_t pass;    /* marks slabs that cannot be emptied now */
	size_t bytes;     /* but for the pool's */
	size_t fixed;     /* of these, slabs and tables */
	size_t charged;
	size_t count; /* VISIBLE entries */
	struct cache_queue fresh;
	struct cache_queue main;
	struct cache_entry *free_slots;
	struct cache_slab *slabs;
	struct load *loads; /* under way; see cache.c */
	struct cond loaded; /* one of them is done */
	uint64_t hits;      /* but for those still in words */
	uint64_t misses;
	uint64_t inserts;
	uint64_t evictions;
};

static inline uint64_t entry_hash(const struct cache_entry *e)
{
	return hash_mix(atomic_load_explicit(&e->file, memory_order_relaxed),
			atomic_load_explicit(&e->offset, memory_order_relaxed));
}

static inline bool entry_is(const struct cache_entry *e, uint64_t file,
			    uint64_t offset)
{
	return atomic_load_explicit(&e->offset, memory_order_relaxed) ==
		       offset &&
	       atomic_load_explicit(&e->file, memory_order_relaxed) == file;
}

/* The bucket of a name; needs the lock for all but its chain. */
static inline struct cache_bucket *bucket_of(struct cache *c, uint64_t hash)
{
	struct cache_table *t = atomic_load_explicit(&c->table,
						     memory_order_acquire);

	return &t->buckets[hash & t->mask];
}

#endif
