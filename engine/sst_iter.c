#include "engine/sst_iter.h"

#include <stdlib.h>

#include "engine/cache.h"

void sst_iter_init(struct sst_iter *it, struct cache *cache)
{
	it->sst = NULL;
	it->cache = cache;
}

static void let_go(struct sst_place *p)
{
	if (p->held)
		cache_release(p->held);
	if (p->own)
		free(p->own);
	*p = (struct sst_place){ 0 };
}

static void let_all_go(struct sst_iter *it)
{
	int depth;

	for (depth = SST_ROOT; depth < SST_DEPTH; depth++)
		let_go(&it->places[depth]);
}

void sst_iter_fini(struct sst_iter *it)
{
	/* One of many tables that no seek has reached. */
	if (!it->sst)
		return;
	let_all_go(it);
	sst_ahead_fini(&it->ahead);
	it->sst = NULL;
}

int sst_iter_open(struct sst_iter *it, struct sst *sst)
{
	struct sst_reader *r;
	int rc = sst_reader_get(sst, &r);

	if (rc < 0)
		return rc;
	if (it->sst) {
		let_all_go(it);
		sst_ahead_reset(&it->ahead);
	} else {
		memset(it->places, 0, sizeof(it->places));
		it->ahead = (struct sst_ahead){ 0 };
	}
	it->sst = sst;
	it->reader = r;
	it->places[SST_ROOT].page = r->root;
	return 0;
}

static int above(const struct sst_iter *it, int depth)
{
	return depth == SST_DATA && it->sst->props.index_levels == 2 ? SST_INDEX
								     : SST_ROOT;
}

/* A page to be read: what read_page() needs to know. */
struct page_load {
	struct sst_iter *it;
	struct sst_handle handle;
	enum sst_page_kind kind;
};

/* Reads the page of a block; data blocks perhaps ahead. */
static int read_page(const struct page_load *l, struct page **page)
{
	const struct sst_reader *r = l->it->reader;
	const struct sst *sst = l->it->sst;
	const uint8_t *stored = NULL;

	if (l->kind == SST_PAGE_DATA)
		stored = sst_ahead_get(&l->it->ahead, r->file,
				       sst->props.root.offset, l->handle);
	if (stored)
		return sst_page_decode(r->file, r->salt, l->handle, l->kind,
				       stored, l->it->cache, page);
	return sst_page_read(r->file, sst->size, r->salt, l->handle, l->kind,
			     l->it->cache, page);
}

static int load_into_cache(const void *context, void **data, size_t *size)
{
	struct page *page;
	int rc = read_page(context, &page);

	if (rc < 0)
		return rc;
	*data = page;
	*size = page->size;
	return 0;
}

/* The page of a block that no hint leads to: held, or the place's own. */
static int fetch_page(struct sst_iter *it, struct sst_handle h,
		      enum sst_page_kind kind, struct cache_hint *hint,
		      struct sst_place *place)
{
	const struct page_load l = { .it = it, .handle = h, .kind = kind };
	int rc;

	if (!it->cache)
		return read_page(&l, &place->own);
	rc = cache_get_or_load(it->cache, it->sst->number, h.offset,
			       load_into_cache, &l, &place->held);
	if (rc == 0)
		cache_hint_set(hint, place->held);
	return rc;
}

/* Fills an empty place with the page of a block. */
static int enter(struct sst_iter *it, struct sst_handle h,
		 enum sst_page_kind kind, struct cache_hint *hint,
		 struct sst_place *place)
{
	int rc = 0;

	if (it->cache)
		place->held = cache_hint_try(hint, it->sst->number, h.offset);
	if (unlikely(!place->held))
		rc = fetch_page(it, h, kind, hint, place);
	if (rc < 0)
		return rc;
	place->page = place->own ? place->own : cache_data(place->held).data;
	place->offset = h.offset;
	if (kind == SST_PAGE_INDEX)
		rc = sst_page_expect_index(it->reader->file, h, place->page);
	if (rc < 0)
		let_go(place);
	return rc;
}

/* Loads the page that the entry above leads to. */
static int load_page(struct sst_iter *it, int depth)
{
	struct sst_place *place = &it->places[depth], to = { 0 };
	const struct sst_place *up = &it->places[above(it, depth)];
	struct sst_handle handle;
	struct entry e;
	int rc;

	page_get(up->page, up->at, &e);
	handle = sst_handle_decode(e.value.data);
	if (place->page && place->offset == handle.offset)
		return 0;
	rc = enter(it, handle,
		   depth == SST_DATA ? SST_PAGE_DATA : SST_PAGE_INDEX,
		   page_hint(up->page, up->at), &to);
	if (rc < 0)
		return rc;
	let_go(place);
	*place = to;
	return 0;
}

/* One step at @depth, into the neighbouring page if need be. */
static int step(struct sst_iter *it, int depth, bool forward)
{
	struct sst_place *p = &it->places[depth];
	int rc;

	if (forward ? p->at + 1 < p->page->count : p->at > 0) {
		p->at += forward ? 1 : -1;
		return 1;
	}
	if (depth == SST_ROOT)
		return 0;
	rc = step(it, above(it, depth), forward);
	if (rc == 1)
		rc = load_page(it, depth);
	else
		return rc;
	if (rc < 0)
		return rc;
	p->at = forward ? 0 : p->page->count - 1;
	return 1;
}

int sst_iter_turn_page(struct sst_iter *it, bool forward)
{
	struct sst_place *p = &it->places[SST_DATA];

	/* The step that went too far. */
	p->at = forward ? p->page->count - 1 : 0;
	return step(it, SST_DATA, forward);
}

/* A search in an index page, and what it finds is likely to be asked for. */
static uint32_t seek_index(const struct page *p, struct slice key)
{
	uint32_t i = page_seek_near(p, key);

	if (likely(i < p->count))
		cache_hint_prefetch(page_hint(p, i));
	return page_seek_from(p, key, i);
}

enum move { FIRST, LAST, SEEK };

/*
 * Goes down from the root to a data page.  Index entries are the last keys of
 * what they lead to, so that the same seek finds the way on every level.
 */
static int descend(struct sst_iter *it, enum move move, struct slice key)
{
	int depth, rc;

	for (depth = SST_ROOT; depth < SST_DATA; depth++) {
		struct sst_place *p = &it->places[depth];

		if (depth == SST_INDEX && it->sst->props.index_levels == 1)
			continue;
		if (depth == SST_INDEX) {
			rc = load_page(it, depth);
			if (rc < 0)
				return rc;
		}
		p->at = move == FIRST  ? 0
			: move == LAST ? p->page->count - 1
				       : seek_index(p->page, key);
		if (p->at == p->page->count)
			return 0;
	}
	rc = load_page(it, SST_DATA);
	return rc < 0 ? rc : 1;
}

int sst_iter_first(struct sst_iter *it)
{
	int rc = descend(it, FIRST, slice_of(NULL, 0));

	if (rc == 1)
		it->places[SST_DATA].at = 0;
	return rc;
}

int sst_iter_last(struct sst_iter *it)
{
	struct sst_place *p = &it->places[SST_DATA];
	int rc = descend(it, LAST, slice_of(NULL, 0));

	if (rc == 1)
		p->at = p->page->count - 1;
	return rc;
}

int sst_iter_seek_page(struct sst_iter *it, struct slice key)
{
	int rc = descend(it, SEEK, key);

	if (rc == 1)
		page_prefetch(it->places[SST_DATA].page);
	return rc;
}

void sst_iter_seek_near(struct sst_iter *it, struct slice key)
{
	struct sst_place *p = &it->places[SST_DATA];

	p->at = page_seek_near(p->page, key);
}

/* The index says that there is an entry at or behind @key in the page. */
int sst_iter_seek_entry(struct sst_iter *it, struct slice key)
{
	struct sst_place *p = &it->places[SST_DATA];

	p->at = page_seek_from(p->page, key, p->at);
	return p->at < p->page->count;
}

int sst_iter_seek_entry_before(struct sst_iter *it, struct slice key)
{
	(void)!sst_iter_seek_entry(it, key);
	return step(it, SST_DATA, false);
}

int sst_iter_seek(struct sst_iter *it, struct slice key)
{
	int rc = sst_iter_seek_page(it, key);

	if (rc != 1)
		return rc;
	sst_iter_seek_near(it, key);
	return sst_iter_seek_entry(it, key);
}

int sst_iter_seek_before(struct sst_iter *it, struct slice key)
{
	int rc = sst_iter_seek_page(it, key);

	if (rc == 0)
		return sst_iter_last(it);
	if (rc < 0)
		return rc;
	sst_iter_seek_near(it, key);
	return sst_iter_seek_entry_before(it, key);
}
