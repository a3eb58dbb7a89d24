/*
 * Range deletes: range tombstones as sorted fragments.
 *
 * A range tombstone (from, to, seq) hides every entry of the keys from @from
 * (included) to @to (excluded) that is older than seq.  Tombstones overlap as
 * callers please; before they are looked at they are cut into fragments, which
 * are either the same range or disjoint, so that one binary search answers
 * what covers a key.  (The technique is RocksDB's: "DeleteRange: a new native
 * RocksDB operation", 2018.)
 *
 * An SST holds its fragments in a block of their own: the key of an entry is
 * @from, its value @to, its tag the sequence number and ENTRY_RANGE_DELETE.  In
 * a memtable they are a map of borders: see mt_range.h.
 *
 * A list is filled by one thread; then any number may read it.
 */
#ifndef ENGINE_RANGE_DEL_H
#define ENGINE_RANGE_DEL_H

#include "engine/base/arena.h"
#include "engine/base/slice.h"

struct range_del {
	struct slice from; /* the first key that is hidden */
	struct slice to;   /* the first behind it that is not */
	uint64_t seq;
};

struct range_dels {
	struct range_del *items; /* owned */
	size_t count;
	size_t cap;
	struct arena keys; /* those that the list owns */
};

void range_dels_init(struct range_dels *l);
void range_dels_fini(struct range_dels *l);

/* Adds a tombstone; the keys are copied.  An empty range adds nothing. */
int range_dels_add(struct range_dels *l, const struct range_del *r) MUST_USE;

/* The same; the keys are borrowed and must outlive the list. */
int range_dels_borrow(struct range_dels *l, const struct range_del *r) MUST_USE;

/*
 * Cuts what was added into fragments, in order of @from and then newest first.
 * Of the tombstones over a fragment those go that make no difference to a
 * reader of the newest state or of a snapshot (@snapshots: sequence numbers,
 * rising).  Neighbours that came out alike are one again.  Returns 0, or
 * -ENOMEM with the list as it was.
 */
int range_dels_fragment(struct range_dels *l, const uint64_t *snapshots,
			size_t snapshot_count) MUST_USE;

/* Whether the list is one of fragments, as it must be in an SST. */
bool range_dels_is_fragmented(const struct range_dels *l);

/*
 * What a search around a key found: between @since (included) and @until
 * (excluded) every key is covered by the same tombstones, @seq the newest that
 * a reader may see, 0 if there is none.  A bound without data is no bound.  The
 * slices are valid as long as what was searched.
 */
struct range_cover {
	uint64_t seq;
	struct slice since;
	struct slice until;
};

/* All keys; nothing covers them. */
static inline struct range_cover range_cover_none(void)
{
	return (struct range_cover){ 0 };
}

/*
 * Searches a list of fragments for @key, as a reader of @seq_max sees it, and
 * adds what it finds to @cover: a cover that holds for both.
 */
void range_dels_cover(const struct range_dels *l, struct slice key,
		      uint64_t seq_max, struct range_cover *cover);

/* Adds what is known of [since, until) around one key to @cover. */
void range_cover_meet(struct range_cover *cover, uint64_t seq,
		      struct slice since, struct slice until);

/* Whether @cover speaks of @key. */
bool range_cover_holds(const struct range_cover *cover, struct slice key);

#endif
