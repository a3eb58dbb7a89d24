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
 * A run of dead entries is stepped over one by one only for a while: what a
 * range tombstone hides in older sources is jumped over, and so are voids that
 * earlier scans left behind; see voids.h.
 */
#include <stdlib.h>

#include "engine/base/error.h"
#include "engine/cover.h"
#include "engine/merge.h"
#include "engine/snapshot.h"
#include "engine/store.h"

/* Dead entries in a row before a jump is tried, and before a void is made. */
#define RUN_JUMP 16
#define RUN_VOID 32

struct kv_iter {
	struct kv *kv;
	struct view *view; /* pinned */
	uint64_t seq;      /* newest change to be seen */
	struct source *merge;
	struct buf lower, upper; /* bounds; empty: none */

	/* The current entry. */
	struct buf key;     /* a copy */
	struct buf copied;  /* its value, backwards */
	struct slice value; /* as stored: perhaps a handle */
	uint64_t tag;
	struct cache_entry *blob; /* held while its value is in use */

	bool forward; /* the merge stands on the entry, or before it */
	bool ended;   /* the merge stands nowhere */

	bool ranges; /* there are range tombstones in the view */
	struct range_cover cover;

	/* The run of dead entries that we are in. */
	unsigned run;
	struct buf run_first; /* its first key */
	uint64_t watch;       /* the void being made, or 0 */
	bool stale;           /* there is a newer memtable: no voids from us */
	struct buf void_from, void_to;
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
	sources[n++] = mt_source(view->active.mt);
	for (i = 0; i < view->frozen_count; i++)
		sources[n++] = mt_source(view->frozen[i].mt);
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
	const struct view *view = it->view;
	size_t max = 1 + view->frozen_count + view->version->levels[0]->count +
		     VERSION_LEVELS;
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

static void drop_blob(struct kv_iter *it)
{
	cache_release(it->blob);
	it->blob = NULL;
}

void kv_iter_close(struct kv_iter *it)
{
	if (!it)
		return;
	drop_blob(it);
	source_close(it->merge);
	view_unref(it->view);
	buf_fini(&it->lower);
	buf_fini(&it->upper);
	buf_fini(&it->key);
	buf_fini(&it->copied);
	buf_fini(&it->run_first);
	buf_fini(&it->void_from);
	buf_fini(&it->void_to);
	free(it);
}

int kv_iter_open_at(struct kv_iter **out, struct kv *kv,
		    const struct kv_snapshot *snapshot, struct slice lower,
		    struct slice upper)
{
	struct kv_iter *it = calloc(1, sizeof(*it));
	int rc;

	if (!it)
		return -ENOMEM;
	it->kv = kv;
	it->ended = true;
	it->view = store_view_at(kv, &it->seq);
	if (snapshot)
		it->seq = snapshot->seq;
	it->ranges = cover_any(it->view);
	/* Speaks of no key yet. */
	it->cover.until = slice_str("");
	rc = buf_assign(&it->lower, lower);
	if (rc == 0)
		rc = buf_assign(&it->upper, upper);
	if (rc == 0)
		rc = open_merge(it);
	if (rc < 0) {
		kv_iter_close(it);
		return rc;
	}
	stats_add(kv->stats, STATS_ITERATORS, 1);
	*out = it;
	return 0;
}

int kv_iter_open(struct kv_iter **out, struct kv *kv, struct slice lower,
		 struct slice upper)
{
	return kv_iter_open_at(out, kv, NULL, lower, upper);
}

int kv_iter_open_prefix(struct kv_iter **out, struct kv *kv,
			const struct kv_snapshot *snapshot, struct slice prefix)
{
	uint8_t upper[KV_KEY_MAX];
	size_t size = prefix.size;

	if (size > KV_KEY_MAX)
		return -EINVAL;
	/* The first key behind all with the prefix: its last byte that can
	 * be raised is, and the rest goes; if none can, there is no bound. */
	if (size > 0)
		memcpy(upper, prefix.data, size);
	while (size > 0 && upper[size - 1] == 0xff)
		size--;
	if (size > 0)
		upper[size - 1]++;
	return kv_iter_open_at(out, kv, snapshot, prefix,
			       slice_of(upper, size));
}

/* ------------------------------------------------------ runs of the dead -- */

/* The run is over, at @to; an empty one says nothing of what was met. */
static void end_run(struct kv_iter *it, struct slice to)
{
	it->run = 0;
	if (it->watch) {
		voids_settle(&it->kv->voids, it->watch, to);
		it->watch = 0;
	}
}

/*
 * Begins a void where the run began, if nothing has been written since this
 * iterator was opened; else at the merge's key.  Whatever was put there before
 * the watch is in a memtable of ours, if ours is still the active one, and is
 * seen when the merge is sought anew.
 */
static int begin_void(struct kv_iter *it)
{
	struct voids *voids = &it->kv->voids;
	struct view *now;
	bool ours;
	int rc;

	rc = buf_assign(&it->key, it->merge->entry.key);
	if (rc < 0)
		return rc;
	it->watch = voids_watch(voids, buf_slice(&it->run_first), it->seq);
	if (it->kv->seq_given != it->seq) {
		voids_settle(voids, it->watch, slice_of(NULL, 0));
		it->watch = voids_watch(voids, buf_slice(&it->key), it->seq);
	}
	now = store_view(it->kv);
	ours = now->active.mt == it->view->active.mt;
	view_unref(now);
	if (!ours) {
		it->stale = true;
		end_run(it, slice_of(NULL, 0));
	}
	return source_seek(it->merge, buf_slice(&it->key));
}

/* Beyond a void or what a range tombstone hides; or on by one entry. */
static int step_dead(struct kv_iter *it)
{
	struct source *m = it->merge;
	int rc;

	it->run++;
	if (it->run == 1) {
		rc = buf_assign(&it->run_first, m->entry.key);
		if (rc < 0)
			return rc;
	}
	if (it->run == 1 || it->run % RUN_JUMP == 0) {
		rc = 0;
		if (voids_perhaps(&it->kv->voids))
			rc = voids_find(&it->kv->voids, m->entry.key, it->seq,
					&it->void_from, &it->void_to);
		if (rc < 0)
			return rc;
		if (rc == 1)
			return source_seek(m, buf_slice(&it->void_to));
		if (it->cover.seq > 0 && it->cover.until.data &&
		    range_cover_holds(&it->cover, m->entry.key))
			return merge_skip(m, it->cover.until, it->cover.seq);
	}
	return source_next(m);
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
	struct source *m = it->merge;

	it->forward = true;
	it->ended = false;
	it->run = 0;
	while (rc == 1) {
		const struct entry *e = &m->entry;
		bool dead = entry_kind(e) == ENTRY_DELETE;

		if (above_upper(it, e->key)) {
			end_run(it, e->key);
			return end(it, 0);
		}
		if (entry_seq(e) > it->seq) {
			/* Somebody put it into the run: no void here. */
			if (!dead)
				end_run(it, e->key);
			rc = source_next(m);
			continue;
		}
		if (it->run > 0 && slice_eq(e->key, buf_slice(&it->key))) {
			rc = step_dead(it);
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
			end_run(it, e->key);
			it->value = e->value;
			it->tag = e->tag;
			return 1;
		}
		if (it->run >= RUN_VOID && !it->watch && !it->stale)
			rc = begin_void(it);
		else
			rc = step_dead(it);
	}
	end_run(it, rc < 0 ? slice_of(NULL, 0) : buf_slice(&it->key));
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

/* A dead key is behind us: before the void that it is in, if there is one. */
static int jump_back(struct kv_iter *it)
{
	int rc;

	if (++it->run % RUN_JUMP)
		return 1;
	rc = voids_find(&it->kv->voids, buf_slice(&it->key), it->seq,
			&it->void_from, &it->void_to);
	if (rc <= 0)
		return rc < 0 ? rc : 1;
	return source_seek_before(it->merge, buf_slice(&it->void_from));
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
			rc = jump_back(it);
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

int kv_iter_seek(struct kv_iter *it, struct slice key)
{
	struct stats *stats = it->kv->stats;
	uint64_t begin = stats_begin_sample(stats);
	int rc;

	stats_add(stats, STATS_SEEKS, 1);
	drop_blob(it);
	if (below_lower(it, key))
		key = buf_slice(&it->lower);
	rc = settle_forward(it, source_seek(it->merge, key));
	stats_end(stats, STATS_SEEK_NS, begin);
	return rc;
}

int kv_iter_seek_before(struct kv_iter *it, struct slice key)
{
	struct stats *stats = it->kv->stats;
	uint64_t begin = stats_begin_sample(stats);
	int rc;

	stats_add(stats, STATS_SEEKS, 1);
	drop_blob(it);
	if (above_upper(it, key))
		key = buf_slice(&it->upper);
	rc = settle_backward(it, source_seek_before(it->merge, key));
	stats_end(stats, STATS_SEEK_NS, begin);
	return rc;
}

int kv_iter_first(struct kv_iter *it)
{
	return kv_iter_seek(it, buf_slice(&it->lower));
}

int kv_iter_last(struct kv_iter *it)
{
	if (it->upper.size > 0)
		return kv_iter_seek_before(it, buf_slice(&it->upper));
	stats_add(it->kv->stats, STATS_SEEKS, 1);
	drop_blob(it);
	return settle_backward(it, source_last(it->merge));
}

/* Past the other versions of the current key, which are older. */
static int skip_key(struct kv_iter *it, int rc)
{
	while (rc == 1 && slice_eq(it->merge->entry.key, buf_slice(&it->key)))
		rc = source_next(it->merge);
	return rc;
}

/*
 * Turning round is a seek to the current key, whose versions are then behind
 * the merge again.
 */
int kv_iter_next(struct kv_iter *it)
{
	int rc;

	drop_blob(it);
	if (it->forward && it->ended)
		return 0;
	rc = it->forward ? source_next(it->merge)
			 : source_seek(it->merge, buf_slice(&it->key));
	return settle_forward(it, skip_key(it, rc));
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
