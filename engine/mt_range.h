/*
 * mt_range: the range tombstones of a memtable.
 *
 * A map of borders, which is a memtable of its own: from a border on, up to the
 * next one, the same tombstone is the newest; the value of a border is that
 * one's sequence number, or 0 where nothing is deleted.  A range delete makes
 * (or changes) the borders at its two ends and those between, each as a new
 * version with its own sequence number.  So a reader finds what covers a key
 * as of any number with one search, without locks, and a range delete costs two
 * inserts and one for each border it swallows.
 *
 * Threads: as mt.h.
 */
#ifndef ENGINE_MT_RANGE_H
#define ENGINE_MT_RANGE_H

#include "engine/mt.h"
#include "engine/range_del.h"

/*
 * Deletes the keys from @from to @to, excluded; @seq is newer than all that the
 * table has.  Returns 0, or -ENOMEM: then the table is of no use any more.
 */
int mt_delete_range(struct mt *mt, struct slice from, struct slice to,
		    uint64_t seq) MUST_USE;

/* Makes the change that @e says: mt_put() or mt_delete_range(). */
static inline int mt_apply(struct mt *mt, const struct entry *e)
{
	if (entry_kind(e) == ENTRY_RANGE_DELETE)
		return mt_delete_range(mt, e->key, e->value, entry_seq(e));
	return mt_put(mt, e);
}

static inline bool mt_has_ranges(const struct mt *mt)
{
	return atomic_load_explicit(&((struct mt *)mt)->ranges,
				    memory_order_acquire) != NULL;
}

/*
 * Adds what covers @key, for a reader of @seq_max, to @cover; its bounds are
 * valid as long as @mt.
 */
void mt_cover(const struct mt *mt, struct slice key, uint64_t seq_max,
	      struct range_cover *cover);

/*
 * Adds the tombstones of a table that is added to no more, in fragments, to an
 * empty list, as the readers of the newest state and of @snapshots see them.
 * The keys live as long as @mt.  Returns 0 or -ENOMEM.
 */
int mt_range_dels(const struct mt *mt, const uint64_t *snapshots,
		  size_t snapshot_count, struct range_dels *out) MUST_USE;

#endif
