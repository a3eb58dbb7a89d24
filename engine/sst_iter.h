/*
 * sst_iter: a position in one SST.  Private to sst_iter.c and level_iter.c,
 * which makes sources of it.
 *
 * Three places, one above the other: in the root index, in an index page
 * (unused if the index has one level) and in a data page.  The upper ones are
 * at the entry that leads to the page below.
 *
 * Pages come from the cache, and go there.  Without a cache each is read for
 * this iterator alone.
 *
 * Every move returns 1 at an entry, 0 if there is none that way, or an error;
 * after 0 or an error only sst_iter_first(), _last() and the seeks may follow.
 */
#ifndef ENGINE_SST_ITER_H
#define ENGINE_SST_ITER_H

#include "engine/page.h"
#include "engine/sst.h"
#include "engine/sst_ahead.h"

enum { SST_ROOT, SST_INDEX, SST_DATA, SST_DEPTH };

struct sst_place {
	const struct page *page;
	uint32_t at;              /* below page->count at an entry */
	struct cache_entry *held; /* what holds the page, or NULL */
	struct page *own;         /* owned: the page, without a cache */
	uint64_t offset;          /* of the page's block in the file */
};

struct sst_iter {
	struct sst *sst;     /* borrowed; NULL: stands nowhere */
	struct cache *cache; /* borrowed, or NULL */

	/* Nothing yet where there is no table: many never have one. */
	struct sst_reader *reader; /* borrowed from it */
	struct sst_ahead ahead;
	struct sst_place places[SST_DEPTH];
};

void sst_iter_init(struct sst_iter *it, struct cache *cache);

/* Lets go of all that it holds. */
void sst_iter_fini(struct sst_iter *it);

/* Turns to another table.  Returns 0 or an error. */
int sst_iter_open(struct sst_iter *it, struct sst *sst) MUST_USE;

int sst_iter_first(struct sst_iter *it) MUST_USE;
int sst_iter_last(struct sst_iter *it) MUST_USE;
int sst_iter_seek(struct sst_iter *it, struct slice key) MUST_USE;
int sst_iter_seek_before(struct sst_iter *it, struct slice key) MUST_USE;

/*
 * A seek in three parts, each of which asks for the memory that the next one
 * looks at: down to the data page (1, or 0: all keys are before @key, or an
 * error); to a place near the entry; to the entry.
 */
int sst_iter_seek_page(struct sst_iter *it, struct slice key) MUST_USE;
void sst_iter_seek_near(struct sst_iter *it, struct slice key);
int sst_iter_seek_entry(struct sst_iter *it, struct slice key) MUST_USE;
int sst_iter_seek_entry_before(struct sst_iter *it, struct slice key) MUST_USE;

/* The slow half of a step: to the data page before or behind. */
int sst_iter_turn_page(struct sst_iter *it, bool forward) MUST_USE;

static inline int sst_iter_next(struct sst_iter *it)
{
	struct sst_place *p = &it->places[SST_DATA];

	if (likely(++p->at < p->page->count))
		return 1;
	return sst_iter_turn_page(it, true);
}

static inline int sst_iter_prev(struct sst_iter *it)
{
	struct sst_place *p = &it->places[SST_DATA];

	if (likely(p->at-- > 0))
		return 1;
	return sst_iter_turn_page(it, false);
}

/* Where a move has led, valid until the next one. */
static inline void sst_iter_entry(const struct sst_iter *it, struct entry *out)
{
	const struct sst_place *p = &it->places[SST_DATA];

	page_get(p->page, p->at, out);
}

#endif
