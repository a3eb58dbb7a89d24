/*
 * Sources over SSTs, in memory of the caller: see sst_source() and
 * level_source() in sst.h for the same from the heap.  One table is a level of
 * one, so that a step costs the same in both.
 *
 * A lazy one opens and searches a table only when it is asked to arrive: a move
 * that must lead to the first or the last entry of a table, which whoever looks
 * at the tables' bounds can tell, leaves it ahead of that (source.h).  So of
 * tables that lie beside each other, as those of a time series do, a merge
 * touches only the one where it is.  And a lazy one waits wherever a seek has
 * to look at memory that is most likely not in the processor's cache.
 */
#ifndef ENGINE_LEVEL_ITER_H
#define ENGINE_LEVEL_ITER_H

#include "engine/sst_iter.h"

struct level_iter {
	struct source source;
	struct sst *const *ssts; /* borrowed */
	size_t count;
	size_t index; /* of the table that it stands in, or ahead of */
	bool lazy;
	bool backward;      /* which way it was going when it stopped */
	bool near;          /* waiting, and only one more part is missing */
	struct slice key;   /* waiting: borrowed, what is sought */
	struct sst *owned;  /* reference, or NULL: sst_source() */
	bool heap;          /* the memory goes with the close */
	struct sst_iter in; /* nowhere before the first seek */
};

/*
 * A lazy one over @count tables, sorted and not overlapping, none of which has
 * anything newer than @seq_max.  @ssts is borrowed, with its references, until
 * the close.
 */
struct source *level_iter_init(struct level_iter *it, struct sst *const *ssts,
			       size_t count, uint64_t seq_max,
			       struct cache *cache);

#endif
