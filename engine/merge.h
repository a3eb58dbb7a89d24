/*
 * A source over several sources: all their entries, in order.
 *
 * The sources that are at an entry stand in an array in the order of these, the
 * next one first, each with the first 16 bytes of its key as two numbers. After
 * a step the first one most often stays the first, which one comparison shows;
 * else it goes back to its place.  Which way the array is ordered
 * depends on the way one moves; to turn round, seek.
 *
 * A source that is still ahead of its entries (source.h) stands at its bound,
 * and goes on to its first entry only when it is the first of all.
 */
#ifndef ENGINE_MERGE_H
#define ENGINE_MERGE_H

#include "engine/source.h"

/* A source that is at an entry, or ahead of one. */
struct merge_child {
	uint64_t high, low; /* its key begins with these 16 bytes */
	struct source *source;
};

struct merge {
	struct source source;
	size_t count;
	struct source **all; /* count of them */
	struct merge_child
		*children; /* those at an entry, the next one first */
	size_t live;       /* how many these are */
	bool forward;      /* which way they are ordered */
	bool owned;        /* the memory goes with the close */
};

/*
 * Takes over the @count sources, also on failure; the array is copied.  NULL if
 * out of memory.
 */
struct source *merge_source(struct source **sources, size_t count);

/*
 * The same in memory of the caller: @sources and @children, each @count of
 * them, are borrowed until the close, which closes the sources.
 */
struct source *merge_init(struct merge *m, struct source **sources,
			  struct merge_child *children, size_t count);

/*
 * To the first entry behind those of @key, a copy of the key that @merge is at,
 * on the way forwards.  Returns as a move does.
 */
int merge_next_key(struct source *merge, struct slice key) MUST_USE;

/*
 * Passes over entries below @to that are older than @seq, as far as that is
 * quick: sources that have nothing as new as @seq are sought to @to, the others
 * stay where they are.  @merge is at an entry, on the way forwards; entries
 * below @to may still follow.  Returns as a move does.
 */
int merge_skip(struct source *merge, struct slice to, uint64_t seq) MUST_USE;

#endif
