#include "engine/iter.h"

#include "engine/base/error.h"
#include "engine/cover.h"

static void drop_blob(struct kv_iter *it)
{
	cache_release(it->blob);
	it->blob = NULL;
}

/* ------------------------------------------------------------- settling -- */

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

/* Whether a range tombstone hides @e; or an error. */
static int is_covered(struct kv_iter *it, const struct entry *e)
{
	int rc;

	if (!it->ranges)
		return 0;
	if (!range_cover_holds(&it->cover, e->key)) {
		rc = cover_at(it->view, e->key, it->seq, &it->cover);
		if (rc < 0)
			return rc;
	}
	return entry_seq(e) < it->cover.seq;
}

/* From the merge's entry (@rc says if it has one) on to one that counts. */
static int settle_forward(struct kv_iter *it, int rc)
{
	const struct entry *e = &it->merge->entry;

	it->forward = true;
	it->ended = false;
	it->run = 0;
	while (rc == 1) {
		bool dead = entry_kind(e) == ENTRY_DELETE;

		if (above_upper(it, e->key)) {
			/* What lies beyond may be in tables we have not. */
			iter_end_run(it, buf_slice(&it->upper));
			return end(it, 0);
		}
		if (entry_seq(e) > it->seq) {
			/* Somebody put it into the run: no void here. */
			if (!dead)
				iter_end_run(it, e->key);
			rc = source_next(it->merge);
			continue;
		}
		rc = dead ? 1 : is_covered(it, e);
		if (rc < 0)
			break;
		dead = rc;
		rc = buf_assign(&it->key, e->key);
		if (rc < 0)
			break;
		if (!dead) {
			if (it->run > 0)
				iter_end_run(it, e->key);
			it->value = e->value;
			it->tag = e->tag;
			return 1;
		}
		rc = iter_step_dead(it);
	}
	iter_end_run(it, rc < 0 ? slice_of(NULL, 0) : buf_slice(&it->key));
	return end(it, rc);
}

/* Whether the entry that was copied counts; or an error. */
static int is_alive(struct kv_iter *it)
{
	const struct entry e = { .key = buf_slice(&it->key), .tag = it->tag };
	int rc;

	if (entry_kind(&e) == ENTRY_DELETE)
		return 0;
	rc = is_covered(it, &e);
	return rc < 0 ? rc : !rc;
}

static int copy_entry(struct kv_iter *it, const struct entry *e)
{
	int rc = buf_assign(&it->key, e->key);

	if (rc == 0)
		rc = buf_assign(&it->copied, e->value);
	it->value = buf_slice(&it->copied);
	it->tag = e->tag;
	return rc;
}

static int settle_backward(struct kv_iter *it, int rc)
{
	bool have = false;

	it->forward = false;
	it->ended = false;
	it->run = 0;
	while (rc == 1) {
		const struct entry *e = &it->merge->entry;

		if (have && !slice_eq(e->key, buf_slice(&it->key))) {
			rc = is_alive(it);
			if (rc != 0)
				return rc;
			have = false;
			rc = iter_jump_back(it);
			continue;
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
	return have ? is_alive(it) : 0;
}

/* --------------------------------------------------------------- moving -- */

static uint64_t begin_seek(struct kv_iter *it)
{
	stats_add(it->kv->stats, STATS_SEEKS, 1);
	drop_blob(it);
	return stats_begin_sample(it->kv->stats);
}

static void end_seek(struct kv_iter *it, uint64_t begin)
{
	stats_end(it->kv->stats, STATS_SEEK_NS, begin);
	if (unlikely(begin != 0))
		store_demand(it->kv, DEMAND_SEEK_BYTES);
}

int kv_iter_seek(struct kv_iter *it, struct slice key)
{
	uint64_t begin = begin_seek(it);
	int rc;

	if (below_lower(it, key))
		key = buf_slice(&it->lower);
	rc = settle_forward(it, source_seek(it->merge, key));
	end_seek(it, begin);
	return rc;
}

int kv_iter_seek_before(struct kv_iter *it, struct slice key)
{
	uint64_t begin = begin_seek(it);
	int rc;

	if (above_upper(it, key))
		key = buf_slice(&it->upper);
	rc = settle_backward(it, source_seek_before(it->merge, key));
	end_seek(it, begin);
	return rc;
}

int kv_iter_first(struct kv_iter *it)
{
	return kv_iter_seek(it, buf_slice(&it->lower));
}

int kv_iter_last(struct kv_iter *it)
{
	uint64_t begin;
	int rc;

	if (it->upper.size > 0)
		return kv_iter_seek_before(it, buf_slice(&it->upper));
	begin = begin_seek(it);
	rc = settle_backward(it, source_last(it->merge));
	end_seek(it, begin);
	return rc;
}

/*
 * Turning round is a seek to the current key, whose versions are then behind
 * the merge again.
 */
int kv_iter_next(struct kv_iter *it)
{
	struct slice key = buf_slice(&it->key);
	int rc = 1;

	drop_blob(it);
	if (it->forward && it->ended)
		return 0;
	if (!it->forward)
		rc = source_seek(it->merge, key);
	if (rc == 1 && slice_eq(it->merge->entry.key, key))
		rc = merge_next_key(it->merge, key);
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
		*value = it->value;
		return 0;
	}
	if (!it->blob) {
		stats_add(it->kv->stats, STATS_VALUES_BLOB, 1);
		rc = blob_handle_decode(&handle, it->value);
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
	if (blob_handle_decode(&handle, it->value) < 0)
		return 0;
	return handle.raw_size;
}
