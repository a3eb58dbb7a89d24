/*
 * A pool: memory in pieces of any size, of which all counts and all comes back.
 *
 * A pool takes memory from the system in slabs and cuts pieces from them.  The
 * heap does so too, but keeps what lies between two pieces that are in use, and
 * nobody knows how much that is.  A pool knows: `bytes` is what it has, holes
 * and all.  And a slab can be emptied for the system, by moving what is in it:
 * the one who uses the pool walks over its pieces and gives each another place.
 *
 * A slab of HUGE_SIZE is a huge page where the machine has them, so that who
 * looks at pieces here and there need not wait for the page tables as well.
 *
 * Pieces are multiples of POOL_UNIT and have a header in front.  Free ones are
 * joined with their neighbours and kept in bins by size, sixty-four between two
 * powers of two; the first one of the first bin whose pieces are all large
 * enough is cut (Masmano, Ripoll, Crespo, Real: "TLSF: a new dynamic memory
 * allocator for real-time systems", 2004).  Bins are so many that a piece that
 * is freed serves one of the same size, give or take a sixty-fourth: with
 * sixteen, a tenth of a cache that is full was holes.  What is larger than an
 * eighth of a slab comes from the heap: that maps it by itself where it is
 * large.
 *
 * Invariants
 *   - Pieces lie side by side, from the slab's header to the mark at its end;
 *     no two free ones do.
 *   - A free piece is in the bin of its size, unless its slab is closed.
 *
 * Not thread-safe: whoever embeds one guards it.
 */
#ifndef ENGINE_POOL_H
#define ENGINE_POOL_H

#include "engine/base/slice.h"

#define POOL_UNIT     ((size_t)64)
#define POOL_BINS     640
#define POOL_SLAB_MIN ((size_t)64 << 10)

struct pool_free;

struct pool_slab {
	struct pool_slab *next; /* owned */
	size_t used;            /* units of pieces in use */
	uint64_t mark;          /* the user's: 0 at first */
	bool closed;            /* see pool_close() */
};

struct pool {
	size_t slab_size; /* bytes, a power of two; 0: all is from the heap */
	size_t bytes;     /* taken from the system and the heap */
	size_t free;      /* bytes of free pieces in slabs */
	size_t empty;     /* slabs that nothing is in */
	struct pool_slab *slabs;         /* owned */
	uint64_t filled[POOL_BINS / 64]; /* bins that have something */
	struct pool_free *bins[POOL_BINS];
};

/* @slab_size is 0 or a power of two from POOL_SLAB_MIN to HUGE_SIZE. */
void pool_init(struct pool *p, size_t slab_size);

/* All pieces must have been freed. */
void pool_fini(struct pool *p);

/* Whether a piece of @size bytes would be cut from a slab. */
bool pool_cuts(const struct pool *p, size_t size);

/* Whether pool_alloc() would find room for such a piece without growing. */
bool pool_has_room(const struct pool *p, size_t size);

/*
 * @size bytes, not initialised, aligned to 16.  If they are to be cut from a
 * slab and none has room, one more is taken if @grow is set.  NULL if not, or
 * if out of memory.
 */
void *pool_alloc(struct pool *p, size_t size, bool grow);
void pool_free(struct pool *p, void *data);

/* What @data takes of the pool, in bytes. */
size_t pool_cost(const void *data);

void pool_set_owner(void *data, void *owner);
void *pool_owner(const void *data);

/*
 * The slab with the least in it, but for those marked @mark; NULL: there is
 * none.
 */
struct pool_slab *pool_sparsest(const struct pool *p, uint64_t mark);

/* From now on nothing is cut from @slab; from now on it is again. */
void pool_close(struct pool *p, struct pool_slab *slab);
void pool_reopen(struct pool *p, struct pool_slab *slab);

/* Gives @slab, that nothing is in, back to the system. */
void pool_give_back(struct pool *p, struct pool_slab *slab);

/*
 * The first piece in use behind @data (NULL: of all) in @slab, or NULL.  It is
 * found before @data is freed.
 */
void *pool_next(const struct pool *p, struct pool_slab *slab, void *data);

/* Aborts if an invariant does not hold. */
void pool_check(const struct pool *p);

#endif
