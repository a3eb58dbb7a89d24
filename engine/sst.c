#include "engine/sst.h"

#include <inttypes.h>
#include <stdlib.h>

#include "engine/base/error.h"
#include "engine/cache.h"
#include "engine/file_format.h"
#include "engine/filter.h"
#include "engine/page.h"

struct sst *sst_new(struct env *env, const uint8_t *store_id, uint64_t number,
		    uint64_t size, struct sst_props *props)
{
	struct sst *sst = calloc(1, sizeof(*sst));

	if (!sst) {
		sst_props_fini(props);
		return NULL;
	}
	sst->env = env;
	sst->store_id = store_id;
	sst->number = number;
	sst->size = size;
	sst->props = *props;
	sst->refs = 1;
	*props = (struct sst_props){ 0 };
	return sst;
}

struct sst *sst_ref(struct sst *sst)
{
	atomic_fetch_add_explicit(&sst->refs, 1, memory_order_relaxed);
	return sst;
}

static void reader_free(struct sst_reader *r)
{
	if (!r)
		return;
	env_close(r->file);
	free(r->root);
	free(r->ranges_page);
	range_dels_fini(&r->ranges);
	free(r->filter);
	free(r);
}

void sst_unref(struct sst *sst)
{
	char name[ENV_NAME_MAX + 1];

	if (!sst || atomic_fetch_sub(&sst->refs, 1) > 1)
		return;
	reader_free(sst->reader);
	if (sst->dropped) {
		file_name(name, FILE_SST, sst->number);
		/* What stays behind is removed when the store is opened. */
		(void)!env_remove(sst->env, name);
	}
	sst_props_fini(&sst->props);
	free(sst);
}

static int load_ranges(struct sst *sst, struct sst_reader *r)
{
	const struct sst_props *p = &sst->props;
	uint32_t i;
	int rc;

	if (p->range_count == 0)
		return 0;
	rc = sst_page_read(r->file, sst->size, r->salt, p->ranges,
			   SST_PAGE_RANGES, NULL, &r->ranges_page);
	if (rc < 0)
		return rc;
	for (i = 0; rc == 0 && i < r->ranges_page->count; i++) {
		struct range_del d;
		struct entry e;

		page_get(r->ranges_page, i, &e);
		d = (struct range_del){ e.key, e.value, entry_seq(&e) };
		rc = range_dels_borrow(&r->ranges, &d);
	}
	if (rc == 0 && (r->ranges.count != p->range_count ||
			!range_dels_is_fragmented(&r->ranges)))
		rc = error_set(-EUCLEAN,
			       "%s: range tombstones at %" PRIu64
			       " make no sense",
			       r->file->name, p->ranges.offset);
	return rc;
}

/* Reads what every lookup needs: the root of the index, and the filter. */
static int load(struct sst *sst, struct sst_reader *r)
{
	const struct sst_props *p = &sst->props;
	int rc;

	rc = sst_page_read(r->file, sst->size, r->salt, p->root, SST_PAGE_INDEX,
			   NULL, &r->root);
	if (rc == 0)
		rc = load_ranges(sst, r);
	if (rc == 0)
		rc = sst_chunk_read(r->file, sst->size, r->salt, p->filter,
				    &r->filter, &r->filter_size);
	if (rc < 0)
		return rc;
	if (r->filter_size == 0 || r->filter_size % FILTER_LINE_SIZE != 0)
		return error_set(-EUCLEAN,
				 "%s: filter at %" PRIu64 " has a wrong size",
				 r->file->name, p->filter.offset);
	return 0;
}

static int reader_open(struct sst *sst, struct sst_reader **out)
{
	struct sst_reader *r = calloc(1, sizeof(*r));
	struct file_header header;
	uint64_t size;
	int rc;

	if (!r)
		return -ENOMEM;
	rc = file_open(sst->env, FILE_SST, sst->number, sst->store_id, ENV_READ,
		       &r->file, &header);
	if (rc < 0) {
		free(r);
		return rc;
	}
	r->salt = header.salt;
	range_dels_init(&r->ranges);
	rc = env_size(r->file, &size);
	if (rc == 0 && size != sst->size)
		rc = error_set(-EUCLEAN,
			       "%s: %" PRIu64 " bytes, must be %" PRIu64,
			       r->file->name, size, sst->size);
	if (rc == 0)
		rc = load(sst, r);
	if (rc < 0) {
		reader_free(r);
		return rc;
	}
	*out = r;
	return 0;
}

int sst_reader_open(struct sst *sst, struct sst_reader **out)
{
	struct sst_reader *none = NULL, *r;
	int rc;

	rc = reader_open(sst, &r);
	if (rc < 0)
		return rc;

	/* No lock over I/O: when two open it, the second one closes again. */
	if (!atomic_compare_exchange_strong(&sst->reader, &none, r)) {
		reader_free(r);
		r = none;
	}
	*out = r;
	return 0;
}

int sst_ranges(struct sst *sst, const struct range_dels **out)
{
	static const struct range_dels none;
	struct sst_reader *r;
	int rc;

	if (sst->props.range_count == 0) {
		*out = &none;
		return 0;
	}
	rc = sst_reader_get(sst, &r);
	if (rc == 0)
		*out = &r->ranges;
	return rc;
}

/* A page to be read: what load_page() needs to know. */
struct page_load {
	const struct sst *sst;
	const struct sst_reader *reader;
	struct sst_handle handle;
	enum sst_page_kind kind;
	struct cache *cache;
};

static int load_page(const void *context, void **data, size_t *size)
{
	const struct page_load *l = context;
	struct page *page;
	int rc;

	rc = sst_page_read(l->reader->file, l->sst->size, l->reader->salt,
			   l->handle, l->kind, l->cache, &page);
	if (rc < 0)
		return rc;
	*data = page;
	*size = page->size;
	return 0;
}

/* What an index page says of the page below. */
struct way {
	struct sst_handle handle;
	struct cache_hint *hint;
};

/* The page of a block, held, read through @cache. */
static int get_page(struct sst *sst, struct sst_reader *r, struct cache *cache,
		    const struct way *way, enum sst_page_kind kind,
		    struct cache_entry **out)
{
	const struct page_load l = { .sst = sst,
				     .reader = r,
				     .handle = way->handle,
				     .kind = kind,
				     .cache = cache };
	int rc;

	*out = cache_hint_try(way->hint, sst->number, way->handle.offset);
	if (likely(*out != NULL))
		return 0;
	rc = cache_get_or_load(cache, sst->number, way->handle.offset,
			       load_page, &l, out);
	if (rc == 0)
		cache_hint_set(way->hint, *out);
	return rc;
}

/* Where the index page @p leads; 0 if nowhere. */
static int follow(const struct page *p, struct slice key, uint64_t seq_max,
		  struct way *way)
{
	uint32_t i = page_seek_near(p, key);
	struct entry e;

	if (likely(i < p->count))
		cache_hint_prefetch(page_hint(p, i));
	i = page_seek_from(p, key, i);
	/* The first page whose last entry is at (key, seq_max) or behind it. */
	for (;; i++) {
		if (i == p->count)
			return 0;
		page_get(p, i, &e);
		if (likely(entry_seq(&e) <= seq_max) || !slice_eq(e.key, key))
			break;
	}
	way->handle = sst_handle_decode(e.value.data);
	way->hint = page_hint(p, i);
	return 1;
}

/* The data page that would hold @key, held. */
static int find_page(struct sst *sst, struct sst_reader *r, struct cache *cache,
		     struct slice key, uint64_t seq_max,
		     struct cache_entry **out)
{
	struct cache_entry *index = NULL;
	const struct page *page;
	struct way way;
	int rc;

	rc = follow(r->root, key, seq_max, &way);
	if (rc == 1 && sst->props.index_levels == 2) {
		rc = get_page(sst, r, cache, &way, SST_PAGE_INDEX, &index);
		if (rc < 0)
			return rc;
		page = cache_data(index).data;
		rc = sst_page_expect_index(r->file, way.handle, page);
		if (rc == 0)
			rc = follow(page, key, seq_max, &way);
	}
	if (rc == 1) {
		rc = get_page(sst, r, cache, &way, SST_PAGE_DATA, out);
		if (rc == 0)
			rc = 1;
	}
	/* The hint lies in it. */
	cache_release(index);
	return rc;
}

void sst_prefetch(const struct sst *sst, uint64_t hash)
{
	const struct sst_reader *r = atomic_load_explicit(&sst->reader,
							  memory_order_acquire);

	if (likely(r != NULL))
		filter_prefetch(slice_of(r->filter, r->filter_size), hash);
}

int sst_get(struct sst *sst, struct cache *cache, struct slice key,
	    uint64_t hash, uint64_t seq_max, struct sst_found *out)
{
	struct cache_entry *held;
	struct sst_reader *r;
	struct entry e;
	int rc;

	rc = sst_reader_get(sst, &r);
	if (rc < 0)
		return rc;
	out->searched = filter_may_contain(slice_of(r->filter, r->filter_size),
					   hash);
	if (!out->searched)
		return 0;
	rc = find_page(sst, r, cache, key, seq_max, &held);
	if (rc <= 0)
		return rc;

	if (!page_find(cache_data(held).data, key, seq_max, &e)) {
		cache_release(held);
		return 0;
	}
	*out = (struct sst_found){ .searched = true,
				   .entry = e,
				   .block = held };
	out->entry.key = slice_of(NULL, 0);
	return 1;
}
