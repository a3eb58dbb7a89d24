/*
 * compact_pick: which compaction is due.  Policy only: looks at a version,
 * touches nothing.
 *
 * Levels have dynamic sizes, as in RocksDB ("Dynamic level size", Dong et al.,
 * "Optimizing space amplification in RocksDB", CIDR 2017): the last level is as
 * large as it is, each level above it may have a COMPACT_RATIO-th of the one
 * below, and the first one whose share is no more than `level_base_bytes` is
 * the *base*, into which L0 is merged; levels between them stay empty.  So
 * nearly all bytes are on the last level, and about a tenth at most is garbage
 * above it.
 *
 * L0 is due when it has COMPACT_L0_TABLES tables, or fewer if reads have paid
 * for that (demand.h), a deeper level when it is
 * larger than its share; the most overfull goes first.  From a level below L0
 * one table is taken at a time, round the key space by turns, with all that it
 * overlaps below.  When no level is due, a table that is full of tombstones is:
 * it frees space and time that its size does not show.
 */
#ifndef ENGINE_COMPACT_PICK_H
#define ENGINE_COMPACT_PICK_H

#include "engine/version.h"

#define COMPACT_L0_TABLES 4
#define COMPACT_RATIO     10

/*
 * A table is dense with tombstones from so many on, if they are half of its
 * entries; or if it holds a range tombstone.
 */
#define COMPACT_TOMBSTONES 1000

/* Merges some tables of `level` with some of `target`, into the latter. */
struct compact_job {
	unsigned level, target;
	size_t first, count; /* tables of level; on L0 all of them */
	size_t below_first, below_count; /* tables of target */
};

/* What each level may hold, in bytes, and where L0 goes. */
struct compact_shares {
	uint64_t bytes[VERSION_LEVELS]; /* 0 above the base */
	unsigned base;                  /* at least 1 */
};

void compact_shares(const struct version *v, uint64_t level_base_bytes,
		    struct compact_shares *out);

/*
 * Fills @job and returns true if a compaction is due.  @turns counts, for each
 * level, the compactions from it so far.
 */
bool compact_pick(const struct version *v, uint64_t level_base_bytes,
		  const unsigned turns[VERSION_LEVELS],
		  struct compact_job *job);

/*
 * The same for a merge of L0 that nothing but reads asks for; false if L0 is
 * empty.
 */
bool compact_pick_l0(const struct version *v, uint64_t level_base_bytes,
		     struct compact_job *job);

/* The bytes of the tables that @job merges. */
uint64_t compact_bytes(const struct version *v, const struct compact_job *job);

/* Bytes by which levels below L0 are larger than their share, in all. */
uint64_t compact_behind(const struct version *v, uint64_t level_base_bytes);

/* The smallest and the largest key of some tables of a level. */
void compact_range(const struct level *l, size_t first, size_t count,
		   struct slice *min, struct slice *max);

#endif
