/*
 * A source over several sources: all their entries, in order.
 *
 * The sources that are at an entry stand in an array in the order of these, the
 * next one first, each with the first 8 bytes of its key as a number.  After a
 * step the first one most often stays the first, which one comparison shows;
 * else it goes back to its place.  Which way the array is ordered
 * depends on the way one moves; to turn round, seek.
 */
#ifndef ENGINE_MERGE_H
#define ENGINE_MERGE_H

#include "engine/source.h"

/*
 * Takes over the @count sources, also on failure; the array is copied.  NULL if
 * out of memory.
 */
struct source *merge_source(struct source **sources, size_t count);

/*
 * Passes over entries below @to that are older than @seq, as far as that is
 * quick: sources that have nothing as new as @seq are sought to @to, the others
 * stay where they are.  @merge is at an entry, on the way forwards; entries
 * below @to may still follow.  Returns as a move does.
 */
int merge_skip(struct source *merge, struct slice to, uint64_t seq) MUST_USE;

#endif
