/*
 * Which entries a cache keeps: S3-FIFO (Yang et al., "FIFO queues are all you
 * need for cache eviction", SOSP 2023).
 *
 * A new entry goes to the queue of fresh ones, a tenth of the cache.  When it
 * comes to its end, it moves to the main queue if it was hit more than once,
 * and leaves otherwise; most of what a scan reads leaves so, and never touches
 * what is in the main queue.  An entry there goes round again, once for each
 * hit, at most three times.  Of those that left unused each bucket remembers
 * one, a ghost: if that one comes back, it goes to the main queue at once.
 *
 * An entry that is held when its turn comes is taken out of its queue, LOOSE,
 * and comes back to it when it is released: nobody looks at it in between.
 */
#ifndef ENGINE_CACHE_EVICT_H
#define ENGINE_CACHE_EVICT_H

#include "engine/cache_entry.h"

/* What is to be freed once the lock is released. */
struct cache_trash {
	void *data[32];
	unsigned count;
};

/* Frees it; without the lock. */
void cache_trash_empty(struct cache_trash *trash);

/* An entry of @cost bytes can be kept, if others go. */
bool cache_fits(const struct cache *c, size_t cost) NEEDS(c->lock);

/* Turns of the queues, one behind the other, under one lock. */
struct cache_turns {
	size_t most;   /* bytes that the cache may take */
	size_t rounds; /* in which hits count */
};

struct cache_turns cache_turns_begin(const struct cache *c) NEEDS(c->lock);

/* Looks at one entry, which goes or stays; false: there is none in a queue. */
bool cache_turn(struct cache *c, struct cache_turns *turns,
		struct cache_trash *trash) NEEDS(c->lock);

/* Evicts until there is room for @room bytes more. */
void cache_shrink(struct cache *c, size_t room, struct cache_trash *trash)
	NEEDS(c->lock);

/* Puts an entry, VISIBLE and LOOSE no more, in the queue it belongs to. */
void cache_enqueue(struct cache *c, struct cache_entry *e) NEEDS(c->lock);

/* @e left unused the last time it was here; forgets that. */
bool cache_take_ghost(struct cache *c, const struct cache_entry *e)
	NEEDS(c->lock);

/* Removes what is in @q of these files and not held. */
void cache_drop_files(struct cache *c, struct cache_queue *q,
		      const uint64_t *files, size_t count,
		      struct cache_trash *trash) NEEDS(c->lock);

/* Makes an entry without references invisible and frees it. */
bool cache_remove(struct cache *c, struct cache_entry *e,
		  struct cache_trash *trash) NEEDS(c->lock);

#endif
