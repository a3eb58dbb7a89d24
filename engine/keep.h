/*
 * keep: which entries a flush or a compaction writes again.
 *
 * An entry is kept while somebody can still see it: a reader of the newest
 * state, or one of a snapshot.  It is hidden from a reader by the next newer
 * version of its key, or by a range tombstone that is newer; so it goes if
 * every reader who is new enough to see it also sees what hides it.
 *
 * Iterators count for nothing here: they have pinned the files and memtables
 * that they read.
 *
 * One thread, one pass over entries in their order.
 */
#ifndef ENGINE_KEEP_H
#define ENGINE_KEEP_H

#include "engine/base/buf.h"
#include "engine/entry.h"
#include "engine/range_del.h"

struct keep {
	const uint64_t *snapshots; /* borrowed, rising */
	size_t snapshot_count;
	const struct range_dels *ranges; /* borrowed: fragments; or NULL */
	bool lasting; /* an entry's key outlives the next one */

	/* Private. */
	size_t range_at;       /* the first fragment not behind us */
	struct slice last_key; /* of the entry before */
	struct buf copy;       /* of that key, if it does not last */
	uint64_t last_seq;
};

void keep_fini(struct keep *k);

/* Asks for the next entry.  1 keeps it, 0 leaves it out; or -ENOMEM. */
int keep_entry(struct keep *k, const struct entry *e) MUST_USE;

/*
 * Whether all readers see what is as old as @seq: then a tombstone of that
 * number has nothing to hide but what lies deeper.
 */
static inline bool keep_all_see(const struct keep *k, uint64_t seq)
{
	return k->snapshot_count == 0 || k->snapshots[0] >= seq;
}

#endif
