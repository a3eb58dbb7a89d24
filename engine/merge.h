/*
 * A source over several sources: all their entries, in order.
 *
 * A binary heap of the sources, the one with the next entry on top.  Which way
 * it is ordered depends on the way one moves; to turn round, seek.
 */
#ifndef ENGINE_MERGE_H
#define ENGINE_MERGE_H

#include "engine/source.h"

/*
 * Takes over the @count sources, also on failure; the array is copied.  NULL if
 * out of memory.
 */
struct source *merge_source(struct source **sources, size_t count);

#endif
