/*
 * The iterator that callers see: the newest version of each key, what was
 * deleted left out, values brought from the value log when asked for.
 *
 * It merges the sources of one pinned view.  Forwards, the first entry of a key
 * that is old enough is the one that counts; the merge stays on it, so that
 * nothing is copied but the key, and the others are skipped when the caller
 * goes on.  Backwards the versions come oldest first, so the one that counts is
 * known only when the key is over: it is copied, and the merge stands one key
 * ahead.
 *
 * Tables that lie outside the bounds are no sources, and of the others only
 * those are touched whose turn comes; see level_iter.h.
 *
 * A run of dead entries is stepped over one by one only for a while: what a
 * range tombstone hides in older sources is jumped over, and so are voids that
 * earlier scans left behind; see voids.h.
 *
 * Memory.  An iterator, its merge and its sources are one piece, some 8 KiB,
 * and a store keeps STORE_SPARE_ITERS of them, by thread, with their buffers:
 * to open one takes none from the heap, as a rule.  Private to engine/.
 *
 *      iter_open.c   from a view to sources; spares
 *      iter_run.c    runs of dead entries
 *      iter.c        all else
 */
#ifndef ENGINE_ITER_H
#define ENGINE_ITER_H

#include "engine/base/buf.h"
#include "engine/level_iter.h"
#include "engine/merge.h"
#include "engine/mt_iter.h"
#include "engine/store.h"

/* Dead keys in a row before a jump is tried, and before a void is made. */
#define ITER_RUN_JUMP 16
#define ITER_RUN_VOID 32

#define ITER_MTS (1 + VIEW_FROZEN_MAX)

struct kv_iter {
	struct kv *kv;
	struct view *view; /* pinned */
	uint64_t seq;      /* newest change to be seen */
	struct source *merge;

	/* The current entry; its key is in `key`. */
	struct slice value; /* as stored: perhaps a handle */
	uint64_t tag;
	struct cache_entry *blob; /* held while its value is in use */

	bool forward; /* the merge stands on the entry, or before it */
	bool ended;   /* the merge stands nowhere */

	bool ranges; /* there are range tombstones in the view */
	bool stale;  /* no voids from us: there is a newer memtable */
	struct range_cover cover;

	/* The run of dead entries that we are in; its first key, `run_first`.
	 */
	unsigned run;
	uint64_t watch; /* the void being made, or 0 */

	/* Kept from one user of the memory to the next, from here on. */
	struct buf lower, upper; /* bounds; empty: none */
	struct buf key;          /* a copy */
	struct buf copied;       /* a value, backwards */
	struct buf run_first;
	struct buf void_from, void_to;

	/* What the merge is made of. */
	size_t tables;                /* room for so many sources over tables */
	struct source **sources;      /* tables + ITER_MTS */
	struct merge_child *children; /* as many */
	struct merge merged;
	struct mt_iter mts[ITER_MTS];
	struct level_iter levels[]; /* tables */
};

/* ------------------------------------------------------------ iter_open.c */

/* Frees what was kept for the next ones. */
void iter_free_spares(struct kv *kv);

/* ------------------------------------------------------------- iter_run.c */

/* The run is over, at @to; an empty one says nothing of what was met. */
void iter_end_run(struct kv_iter *it, struct slice to);

/*
 * Forwards, from an entry that is the newest version to be seen of a key and
 * dead, with the key in it->key: to an entry of another key, beyond a void or
 * what a range tombstone hides.  Returns as a move does.
 */
int iter_step_dead(struct kv_iter *it) MUST_USE;

/*
 * Backwards, when the merge has left the dead key it->key, with @rc 1: before
 * the void that it is in, if there is one.  Returns as a move does.
 */
int iter_jump_back(struct kv_iter *it) MUST_USE;

#endif
