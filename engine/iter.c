/*
 * The iterator that callers see: the newest version of each key, tombstones
 * left out, values brought from the value log when asked for.
 *
 * It merges the sources of one pinned view.  Forwards, the first entry of a key
 * that is old enough is the one that counts, and the others are skipped.
 * Backwards the versions come oldest first, so the one that counts is known
 * only when the key is over: it is copied, and the merge stands one key ahead.
 */
#include <stdlib.h>

#include "engine/base/error.h"
#include "engine/merge.h"
#include "engine/store.h"

struct kv_iter {
	struct kv *kv;
	struct view *view; /* pinned */
	uint64_t seq;      /* newest change to be seen */
	struct source *merge;
	struct buf lower, upper; /* bounds; empty: none */

	/* The current entry, copied out of the sources. */
	struct buf key;
	struct buf value; /* as stored: perhaps a handle */
	uint64_t tag;
	struct cache_entry *blob; /* held while its value is in use */

	bool forward; /* where the merge stands: behind the entry, or before */
	bool ended;   /* the merge stands nowhere */
};

/* Adds every source of @view; *count of them, also on failure. */
static int add_sources(struct kv_iter *it, struct source **sources,
		       size_t *count)
{
	const struct view *view = it->view;
	const struct version *v = view->version;
	struct cache *cache = it->kv->blocks;
	size_t n = 0, i;

	*count = 0;
	sources[n++] = mt_source(view->active);
	if (view->frozen)
		sources[n++] = mt_source(view->frozen);
	for (i = 0; i < v->levels[0]->count; i++)
		sources[n++] = sst_source(v->levels[0]->ssts[i], cache);
	for (i = 1; i < VERSION_LEVELS; i++)
		if (v->levels[i]->count > 0)
			sources[n++] = level_source(v->levels[i]->ssts,
						    v->levels[i]->count, cache);
	*count = n;
	for (i = 0; i < n; i++)
		if (!sources[i])
			return -ENOMEM;
	return 0;
}

static int open_merge(struct kv_iter *it)
{
	size_t max = 2 + it->view->version->levels[0]->count + VERSION_LEVELS;
	struct source **sources = calloc(max, sizeof(*sources));
	size_t count, i;
	int rc;

	if (!sources)
		return -ENOMEM;
	rc = add_sources(it, sources, &count);
	if (rc == 0) {
		it->merge = merge_source(sources, count);
		if (!it->merge)
			rc = -ENOMEM;
	} else {
		for (i = 0; i < count; i++)
			source_close(sources[i]);
	}
	free(sources);
	return rc;
}

int kv_iter_open(struct kv_iter **out, struct kv *kv, struct slice lower,
		 struct slice upper)
{
	struct kv_iter *it = calloc(1, sizeof(*it));
	int rc;

	if (!it)
		return -ENOMEM;
	it->kv = kv;
	it->ended = true;
	it->view = store_view_at(kv, &it->seq);
	rc = buf_assign(&it->lower, lower);
	if (rc == 0)
		rc = buf_assign(&it->upper, upper);
	if (rc == 0)
		rc = open_merge(it);
	if (rc < 0) {
		kv_iter_close(it);
		return rc;
	}
	*out = it;
	return 0;
}

void kv_iter_close(struct kv_iter *it)
{
	if (!it)
		return;
	cache_release(it->blob);
	source_close(it->merge);
	view_unref(it->view);
	buf_fini(&it->lower);
	buf_fini(&it->upper);
	buf_fini(&it->key);
	buf_fini(&it->value);
	free(it);
}

static bool above_upper(const struct kv_iter *it, struct slice key)
{
	return it->upper.size > 0 && slice_cmp(key, buf_slice(&it->upper)) >= 0;
}

static bool below_lower(const struct kv_iter *it, struct slice key)
{
	return slice_cmp(key, buf_slice(&it->lower)) < 0;
}

static int end(struct kv_iter *it, int rc)
{
	it->ended = true;
	return rc;
}

static int copy_entry(struct kv_iter *it, const struct entry *e)
{
	int rc = buf_assign(&it->key, e->key);

	if (rc == 0)
		rc = buf_assign(&it->value, e->value);
	it->tag = e->tag;
	return rc;
}

/* From the merge's entry (@rc says if it has one) on to one that counts. */
static int settle_forward(struct kv_iter *it, int rc)
{
	it->forward = true;
	it->ended = false;
	while (rc == 1) {
		const struct entry *e = &it->merge->entry;

		if (above_upper(it, e->key))
			return end(it, 0);
		if (entry_seq(e) > it->seq) {
			rc = source_next(it->merge);
			continue;
		}
		rc = copy_entry(it, e);
		if (rc < 0)
			break;
		/* The other versions of this key are older. */
		do {
			rc = source_next(it->merge);
		} while (rc == 1 &&
			 slice_eq(it->merge->entry.key, buf_slice(&it->key)));
		if (rc < 0)
			break;
		if ((it->tag & 0xff) != ENTRY_DELETE) {
			it->ended = rc == 0;
			return 1;
		}
	}
	return end(it, rc);
}

static int settle_backward(struct kv_iter *it, int rc)
{
	bool have = false;

	it->forward = false;
	it->ended = false;
	while (rc == 1) {
		const struct entry *e = &it->merge->entry;

		if (have && !slice_eq(e->key, buf_slice(&it->key))) {
			if ((it->tag & 0xff) != ENTRY_DELETE)
				return 1;
			have = false;
		}
		if (below_lower(it, e->key))
			break;
		/* Each next version of a key is newer, until it is too new. */
		if (entry_seq(e) <= it->seq) {
			rc = copy_entry(it, e);
			if (rc < 0)
				return end(it, rc);
			have = true;
		}
		rc = source_prev(it->merge);
	}
	it->ended = true;
	if (rc < 0)
		return rc;
	return have && (it->tag & 0xff) != ENTRY_DELETE;
}

static void drop_blob(struct kv_iter *it)
{
	cache_release(it->blob);
	it->blob = NULL;
}

int kv_iter_seek(struct kv_iter *it, struct slice key)
{
	drop_blob(it);
	if (below_lower(it, key))
		key = buf_slice(&it->lower);
	return settle_forward(it, source_seek(it->merge, key));
}

int kv_iter_seek_before(struct kv_iter *it, struct slice key)
{
	drop_blob(it);
	if (above_upper(it, key))
		key = buf_slice(&it->upper);
	return settle_backward(it, source_seek_before(it->merge, key));
}

int kv_iter_first(struct kv_iter *it)
{
	return kv_iter_seek(it, buf_slice(&it->lower));
}

int kv_iter_last(struct kv_iter *it)
{
	if (it->upper.size > 0)
		return kv_iter_seek_before(it, buf_slice(&it->upper));
	drop_blob(it);
	return settle_backward(it, source_last(it->merge));
}

/*
 * Turning round is a seek to the current key, whose versions are then behind
 * the merge again.
 */
int kv_iter_next(struct kv_iter *it)
{
	int rc;

	drop_blob(it);
	if (it->forward)
		return it->ended ? 0 : settle_forward(it, 1);
	rc = source_seek(it->merge, buf_slice(&it->key));
	while (rc == 1 && slice_eq(it->merge->entry.key, buf_slice(&it->key)))
		rc = source_next(it->merge);
	return settle_forward(it, rc);
}

int kv_iter_prev(struct kv_iter *it)
{
	drop_blob(it);
	if (!it->forward)
		return it->ended ? 0 : settle_backward(it, 1);
	return settle_backward(
		it, source_seek_before(it->merge, buf_slice(&it->key)));
}

struct slice kv_iter_key(const struct kv_iter *it)
{
	return buf_slice(&it->key);
}

int kv_iter_value(struct kv_iter *it, struct slice *value)
{
	struct blob_handle handle;
	struct blob *b;
	int rc;

	if ((it->tag & 0xff) != ENTRY_BLOB) {
		*value = buf_slice(&it->value);
		return 0;
	}
	if (!it->blob) {
		rc = blob_handle_decode(&handle, buf_slice(&it->value));
		if (rc == 0)
			rc = view_blob(it->view, handle.blob_id, &b);
		if (rc == 0)
			rc = blob_read_cached(b, &handle, it->kv->blobs,
					      &it->blob);
		if (rc < 0)
			return rc;
	}
	*value = cache_data(it->blob);
	return 0;
}

size_t kv_iter_value_size(const struct kv_iter *it)
{
	struct blob_handle handle;

	if ((it->tag & 0xff) != ENTRY_BLOB)
		return it->value.size;
	if (blob_handle_decode(&handle, buf_slice(&it->value)) < 0)
		return 0;
	return handle.raw_size;
}
