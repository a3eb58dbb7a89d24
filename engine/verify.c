/* Checking a store: every table of one version, and every value in use. */
#include <inttypes.h>
#include <stdlib.h>

#include "engine/base/error.h"
#include "engine/filter.h"
#include "engine/store.h"

/* How far it has come. */
struct watch {
	kv_progress_fn progress; /* or NULL */
	void *arg;
	uint64_t done_bytes;
	uint64_t total_bytes;
};

/* A table being read, to be compared with what it says of itself. */
struct check {
	struct kv *kv;
	const struct view *view;
	struct watch *watch;
	struct sst *sst;
	struct blob_refs refs; /* as counted */
	uint64_t entries;
	uint64_t tombstones;
	struct buf last; /* key */
	uint64_t last_tag;
};

static int wrong(const struct check *c, const char *what)
{
	return error_set(-EUCLEAN, "%06" PRIu64 ".sst: %s", c->sst->number,
			 what);
}

static int tell(const struct watch *w)
{
	return w->progress ? w->progress(w->arg, w->done_bytes, w->total_bytes)
			   : 0;
}

static int check_value(struct check *c, const struct entry *e)
{
	struct blob_handle handle;
	struct blob *b;
	void *data;
	int rc;

	rc = blob_handle_decode(&handle, e->value);
	if (rc == 0)
		rc = view_blob(c->view, handle.blob_id, &b);
	if (rc == 0)
		rc = blob_read(b, &handle, &data);
	if (rc < 0)
		return rc;
	free(data);
	c->watch->done_bytes += handle.stored_size;
	rc = tell(c->watch);
	return rc < 0 ? rc : blob_refs_count(&c->refs, &handle);
}

static int check_entry(struct check *c, const struct entry *e)
{
	struct sst_reader *r;
	int order, rc;

	if (c->entries > 0) {
		order = slice_cmp(buf_slice(&c->last), e->key);
		if (order > 0 || (order == 0 && c->last_tag <= e->tag))
			return wrong(c, "entries out of order");
	}
	if (slice_cmp(e->key, sst_key_min(c->sst)) < 0 ||
	    slice_cmp(e->key, sst_key_max(c->sst)) > 0)
		return wrong(c, "a key outside the table's range");

	rc = sst_reader_get(c->sst, &r);
	if (rc == 0 && !filter_may_contain(slice_of(r->filter, r->filter_size),
					   filter_hash(e->key)))
		rc = wrong(c, "the filter denies a key that is there");
	if (rc == 0 && entry_kind(e) == ENTRY_BLOB)
		rc = check_value(c, e);
	if (rc == 0)
		rc = buf_assign(&c->last, e->key);
	c->last_tag = e->tag;
	c->entries++;
	c->tombstones += entry_kind(e) == ENTRY_DELETE;
	return rc;
}

static bool same_refs(const struct blob_refs_item *a,
		      const struct blob_refs_item *b)
{
	/* A table of an earlier version says nothing of ordinals. */
	bool known = b->ordinals.size > 0;

	return a->blob_id == b->blob_id && a->count == b->count &&
	       a->stored_bytes == b->stored_bytes &&
	       a->raw_bytes == b->raw_bytes &&
	       (!known ||
		slice_eq(buf_slice(&a->ordinals), buf_slice(&b->ordinals)));
}

static int check_props(struct check *c)
{
	const struct sst_props *p = &c->sst->props;
	size_t i;
	int rc;

	if (c->entries != p->entries || c->tombstones != p->tombstones)
		return wrong(c, "the properties miscount the entries");
	rc = blob_refs_finish(&c->refs);
	if (rc < 0)
		return rc;
	if (c->refs.count != p->blob_refs.count)
		return wrong(c, "the properties miscount the value log");
	for (i = 0; i < c->refs.count; i++)
		if (!same_refs(&c->refs.items[i], &p->blob_refs.items[i]))
			return wrong(c, "the properties miscount the value "
					"log");
	return 0;
}

/* What the file says of the table must be what the manifest says. */
static int check_footer(const struct check *c)
{
	struct buf ours = BUF_INIT, theirs = BUF_INIT;
	struct sst_props props = { 0 };
	struct sst_handle handle;
	struct sst_reader *r;
	void *data = NULL;
	size_t size;
	int rc;

	rc = sst_reader_get(c->sst, &r);
	if (rc == 0)
		rc = sst_footer_read(r->file, c->sst->size, r->salt, &handle);
	if (rc == 0)
		rc = sst_chunk_read(r->file, c->sst->size, r->salt, handle,
				    &data, &size);
	if (rc == 0) {
		rc = sst_props_decode(&props, slice_of(data, size));
		if (rc == -EUCLEAN)
			rc = wrong(c, "malformed properties");
	}
	if (rc == 0)
		rc = sst_props_encode(&props, &theirs);
	if (rc == 0)
		rc = sst_props_encode(&c->sst->props, &ours);
	if (rc == 0 && !slice_eq(buf_slice(&ours), buf_slice(&theirs)))
		rc = wrong(c, "the properties differ from the manifest's");
	free(data);
	sst_props_fini(&props);
	buf_fini(&ours);
	buf_fini(&theirs);
	return rc;
}

/*
 * The same table without what is in memory: header, filter and root index are
 * to be read from the disk, too.
 */
static int reopen(const struct sst *sst, struct sst **out)
{
	struct sst_props props = { 0 };
	struct buf bytes = BUF_INIT;
	int rc;

	rc = sst_props_encode(&sst->props, &bytes);
	if (rc == 0)
		rc = sst_props_decode(&props, buf_slice(&bytes));
	buf_fini(&bytes);
	if (rc < 0) {
		sst_props_fini(&props);
		return rc;
	}
	*out = sst_new(sst->env, sst->store_id, sst->number, sst->size, &props);
	return *out ? 0 : -ENOMEM;
}

static int check_entries(struct check *c)
{
	/* A cache of its own, that keeps nothing. */
	struct cache *none = cache_new_own(0);
	struct source *s = none ? sst_source(c->sst, none) : NULL;
	int rc = s ? source_first(s) : -ENOMEM;

	while (rc == 1) {
		rc = check_entry(c, &s->entry);
		if (rc == 0)
			rc = source_next(s);
	}
	source_close(s);
	cache_free(none);
	return rc;
}

/* Its own bytes and those of the values that it refers to. */
static uint64_t bytes_of(const struct sst *sst)
{
	const struct blob_refs *refs = &sst->props.blob_refs;
	uint64_t bytes = sst->size;
	size_t i;

	for (i = 0; i < refs->count; i++)
		bytes += refs->items[i].stored_bytes;
	return bytes;
}

static int verify_sst(struct kv *kv, const struct view *view,
		      const struct sst *sst, struct watch *watch)
{
	struct check c = { .kv = kv, .view = view, .watch = watch };
	uint64_t end_bytes = watch->done_bytes + bytes_of(sst);
	int rc;

	rc = reopen(sst, &c.sst);
	if (rc == 0)
		rc = check_entries(&c);
	if (rc == 0)
		rc = check_props(&c);
	if (rc == 0)
		rc = check_footer(&c);
	sst_unref(c.sst);
	blob_refs_fini(&c.refs);
	buf_fini(&c.last);
	watch->done_bytes = end_bytes;
	return rc < 0 ? rc : tell(watch);
}

static uint64_t bytes_of_all(const struct version *v)
{
	uint64_t bytes = 0;
	unsigned level;
	size_t i;

	for (level = 0; level < VERSION_LEVELS; level++)
		for (i = 0; i < v->levels[level]->count; i++)
			bytes += bytes_of(v->levels[level]->ssts[i]);
	return bytes;
}

int kv_verify_watched(struct kv *kv, kv_progress_fn progress, void *arg)
{
	struct watch watch = { .progress = progress, .arg = arg };
	struct view *view;
	unsigned level;
	size_t i;
	int rc;

	/* What is in memory is checked as well once it is in a table. */
	rc = kv->poison ? 0 : kv_flush(kv);
	view = store_view(kv);
	watch.total_bytes = bytes_of_all(view->version);
	for (level = 0; level < VERSION_LEVELS; level++) {
		const struct level *l = view->version->levels[level];

		for (i = 0; rc == 0 && i < l->count; i++)
			rc = verify_sst(kv, view, l->ssts[i], &watch);
	}
	view_unref(view);
	return rc;
}

int kv_verify(struct kv *kv)
{
	return kv_verify_watched(kv, NULL, NULL);
}
