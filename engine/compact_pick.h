/*
 * compact_pick: which compaction is due.  Policy only: looks at a version,
 * touches nothing.
 *
 * L0 is due when it has COMPACT_L0_TABLES tables, a deeper level when it is
 * larger than its share; each level may be COMPACT_RATIO times the one above.
 * The most overfull level goes first.  From a level below L0 one table is taken
 * at a time, round the key space by turns, with all that it overlaps below.
 */
#ifndef ENGINE_COMPACT_PICK_H
#define ENGINE_COMPACT_PICK_H

#include "engine/version.h"

#define COMPACT_L0_TABLES 4
#define COMPACT_RATIO     10

/* Merges some tables of `level` with some of `level + 1`, into the latter. */
struct compact_job {
	unsigned level;
	size_t first, count; /* tables of level; on L0 all of them */
	size_t below_first, below_count; /* tables of level + 1 */
};

/*
 * Fills @job and returns true if a compaction is due.  @turns counts, for each
 * level, the compactions from it so far.
 */
bool compact_pick(const struct version *v, uint64_t level_base_bytes,
		  const unsigned turns[VERSION_LEVELS],
		  struct compact_job *job);

/* The smallest and the largest key of some tables of a level. */
void compact_range(const struct level *l, size_t first, size_t count,
		   struct slice *min, struct slice *max);

#endif
