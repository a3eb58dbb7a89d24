/*
 * sst: one SST, open for reading.
 *
 * What the manifest says of the table is here from the start; the file itself
 * is opened, and its root index and filter read, when something is first looked
 * up in it.  The file is removed with the last reference once the table has
 * been dropped from the current version.
 *
 * Index pages remember where in the cache the pages below them were, so all
 * that is read of a table through a cache is read through the same one.
 *
 * Thread safety: any number of threads may read; a source belongs to one.
 */
#ifndef ENGINE_SST_H
#define ENGINE_SST_H

#include <stdatomic.h>

#include "engine/range_del.h"
#include "engine/source.h"
#include "engine/sst_format.h"

struct cache;
struct cache_entry;
struct page;
struct sst_reader;

struct sst {
	/* Set by sst_new(), then constant. */
	struct env *env;
	const uint8_t *store_id; /* 16 bytes, borrowed */
	uint64_t number;
	uint64_t size; /* bytes of the file */
	struct sst_props props;

	_Atomic uint32_t refs;
	_Atomic bool dropped; /* remove the file with the last reference */
	_Atomic(struct sst_reader *) reader; /* NULL until first used */
};

/*
 * Takes @props over, also on failure.  @env and @store_id must outlive it.
 * NULL if out of memory.
 */
struct sst *sst_new(struct env *env, const uint8_t *store_id, uint64_t number,
		    uint64_t size, struct sst_props *props);
struct sst *sst_ref(struct sst *sst);
void sst_unref(struct sst *sst); /* accepts NULL */

static inline struct slice sst_key_min(const struct sst *sst)
{
	return buf_slice(&sst->props.key_min);
}

static inline struct slice sst_key_max(const struct sst *sst)
{
	return buf_slice(&sst->props.key_max);
}

/* Whether every key in the table sorts before @key. */
static inline bool sst_ends_before(const struct sst *sst, struct slice key)
{
	int rc = slice_cmp(sst_key_max(sst), key);

	return sst->props.key_max_open ? rc <= 0 : rc < 0;
}

/* Whether @key lies within the bounds of the table. */
static inline bool sst_may_hold(const struct sst *sst, struct slice key)
{
	return slice_cmp(key, sst_key_min(sst)) >= 0 &&
	       !sst_ends_before(sst, key);
}

/*
 * About what the table keeps in memory once it is open, in bytes: its filter,
 * its root index and its range tombstones, which are smaller on disk.
 */
static inline uint64_t sst_resident_bytes(const struct sst *sst)
{
	const struct sst_props *p = &sst->props;

	return sizeof(*sst) + p->filter.size +
	       4 * (p->root.size + p->ranges.size);
}

/*
 * Asks for the memory that sst_get() looks at first, so that who has several
 * tables to ask waits once for all of them.
 */
void sst_prefetch(const struct sst *sst, uint64_t hash);

/* An entry and the block it lies in, held. */
struct sst_found {
	bool searched; /* the filter did not rule the key out */
	struct entry entry;
	struct cache_entry *block; /* the caller's to release */
};

/*
 * Finds the newest entry of @key, whose filter_hash() is @hash, with a sequence
 * number up to @seq_max.  Range tombstones count for nothing.  Returns 1 and
 * fills @out, 0 if there is none (then @out only says whether it was searched),
 * -EIO, -EBADMSG, -EUCLEAN or -ENOMEM.  The key of the entry is not filled.
 */
int sst_get(struct sst *sst, struct cache *cache, struct slice key,
	    uint64_t hash, uint64_t seq_max, struct sst_found *out) MUST_USE;

/*
 * The table's range tombstones, in fragments; they live as long as @sst.
 * Returns 0 or as sst_reader_get().
 */
int sst_ranges(struct sst *sst, const struct range_dels **out) MUST_USE;

/*
 * A source that holds a reference; NULL if out of memory.  @cache may be NULL:
 * then nothing is put there, and nothing evicted, for the sake of one walk.
 */
struct source *sst_source(struct sst *sst, struct cache *cache);

/*
 * A source over @count tables, sorted and not overlapping: opens one only when
 * it gets there.  @ssts is borrowed, with its references, until the close.
 */
struct source *level_source(struct sst *const *ssts, size_t count,
			    struct cache *cache);

/* For sst.c, sst_iter.c and verify.c: the opened file. */
struct sst_reader {
	struct env_file *file; /* owned */
	uint64_t salt;
	struct page *root; /* owned: of the root index block */
	void *filter;      /* owned */
	size_t filter_size;
	struct page *ranges_page; /* owned: what `ranges` borrows, or NULL */
	struct range_dels ranges; /* fragments */
};

/* The reader, opening it first if need be; lives as long as @sst. */
int sst_reader_open(struct sst *sst, struct sst_reader **out) MUST_USE;

/* The same; most often it is open. */
static inline MUST_USE int sst_reader_get(struct sst *sst,
					  struct sst_reader **out)
{
	struct sst_reader *r = atomic_load_explicit(&sst->reader,
						    memory_order_acquire);

	if (unlikely(!r))
		return sst_reader_open(sst, out);
	*out = r;
	return 0;
}

#endif
