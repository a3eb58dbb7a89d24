/*
 * voids: ranges of keys that a scan has found to be empty.
 *
 * What was deleted stays in the way of scans until compaction has removed it:
 * a queue whose head is deleted again and again is looked for in ever more
 * tombstones.  So a scan that stepped over many dead entries in a row leaves
 * the range behind, and later ones jump over it.  (RocksDB, 2025, turns such a
 * run into a range tombstone when an iterator meets it; here it is a hint in
 * memory that costs no write.)
 *
 * A void (from, to, seq) says: no reader of a state as new as seq finds a key
 * from @from (included) to @to (excluded).  It is true when it is made and is
 * kept true: the writer cuts it where a key is put into it, before that change
 * is visible.
 *
 * How one is made.  The scan first registers a watch, so that the writer
 * reports what it puts from there on; then it looks at every entry from there
 * on, also at those that are too new for it.  Whatever was put before the
 * watch it sees; whatever is put later the writer reports.
 *
 * Thread-safe; the lock is a leaf, held for a moment.
 */
#ifndef ENGINE_VOIDS_H
#define ENGINE_VOIDS_H

#include <stdatomic.h>

#include "engine/base/buf.h"
#include "engine/base/lock.h"

#define VOIDS_MAX 32 /* the oldest goes */

struct void_range {
	uint64_t ticket; /* 0: unused */
	uint64_t seq;
	bool watching;   /* the scan is under way: `to` is not known yet */
	struct buf from; /* owned, reused */
	struct buf to; /* a watch: the first key put behind `from`, or empty */
};

struct voids {
	struct mutex lock; /* RANK_LEAF */
	uint64_t tickets;  /* given out */
	_Atomic unsigned count;
	struct void_range ranges[VOIDS_MAX];
};

void voids_init(struct voids *v);
void voids_fini(struct voids *v);

/*
 * Watches what is put at @from or behind it; @seq is what the scan sees.
 * Returns a ticket, or 0 if out of memory.
 */
uint64_t voids_watch(struct voids *v, struct slice from, uint64_t seq);

/*
 * The scan came to @to and met nothing alive: the watch becomes a void, up to
 * there or to the first key that was put meanwhile.  An empty @to gives it up.
 */
void voids_settle(struct voids *v, uint64_t ticket, struct slice to);

/*
 * Whether @key lies in a void that holds for readers of @seq; then copies its
 * bounds.  -ENOMEM if there is no room for them.
 */
int voids_find(struct voids *v, struct slice key, uint64_t seq,
	       struct buf *from, struct buf *to) MUST_USE;

/*
 * Whether there is perhaps one beside @own watches of the caller; a moment
 * later there may be.
 */
static inline bool voids_perhaps(struct voids *v, unsigned own)
{
	return atomic_load_explicit(&v->count, memory_order_relaxed) > own;
}

/* Cuts what @key is put into. */
void voids_cut(struct voids *v, struct slice key);

/*
 * Whether voids_cut() would have anything to look at; to be asked when the put
 * is in the memtable.  That and voids_watch() change the same word, so one of
 * the two comes first: either the watch is seen here, or the put is seen by
 * who watches.
 */
static inline bool voids_any(struct voids *v)
{
	return atomic_fetch_add(&v->count, 0) > 0;
}

#endif
