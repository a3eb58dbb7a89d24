/*
 * Compaction: merges tables downwards, keeping of each key what somebody can
 * still see; see keep.h.
 *
 * A tombstone is left out as soon as nothing deeper can hold what it hides.
 * Range tombstones are cut where an output ends, so that the tables of a level
 * stay disjoint.  Values in the value log are not touched: handles move, values
 * do not.
 */
#include <stdlib.h>

#include "engine/base/error.h"
#include "engine/compact_pick.h"
#include "engine/gc.h"
#include "engine/keep.h"
#include "engine/merge.h"
#include "engine/snapshot.h"
#include "engine/sst_writer.h"
#include "engine/store.h"

/* A compaction under way. */
struct run {
	struct kv *kv;
	const struct version *version;
	unsigned target; /* the level that is written */
	struct edit edit;
	struct sst_writer *writer; /* of the current output, or NULL */
	uint64_t number;           /* of its file */
	struct keep keep;
	struct range_dels ranges; /* fragments over all that is merged */
	size_t range_at;          /* the first that is not written yet */
	struct buf from;          /* where the rest of that one begins */
	uint64_t *snapshots;      /* owned; see keep.h */
};

static void run_fini(struct run *r)
{
	sst_writer_close(r->writer);
	keep_fini(&r->keep);
	range_dels_fini(&r->ranges);
	buf_fini(&r->from);
	free(r->snapshots);
	edit_fini(&r->edit);
}

static int begin_output(struct run *r)
{
	const struct sst_writer_options options = {
		.block_bytes = r->kv->options.block_bytes,
		.compress = true,
		.cache = r->kv->blocks,
	};

	if (r->writer)
		return 0;
	r->number = store_next_number(r->kv);
	return sst_writer_open(&r->writer, r->kv->env, r->number,
			       r->kv->store_id, &options);
}

/* A tombstone over [min, max] that is so old hides nothing any more. */
static bool superfluous(const struct run *r, struct slice min, struct slice max,
			uint64_t seq)
{
	return keep_all_see(&r->keep, seq) &&
	       (r->target + 1 == VERSION_LEVELS ||
		version_absent_below(r->version, r->target + 1, min, max));
}

/*
 * Writes the range tombstones before @end, all that are left if it is empty; of
 * one that reaches beyond, the part before it.
 */
static int put_ranges(struct run *r, struct slice end)
{
	struct range_del d;
	int rc = 0;

	for (; rc == 0 && r->range_at < r->ranges.count; r->range_at++) {
		d = r->ranges.items[r->range_at];
		if (slice_cmp(d.from, buf_slice(&r->from)) < 0)
			d.from = buf_slice(&r->from);
		if (end.size > 0 && slice_cmp(d.from, end) >= 0)
			break;
		if (end.size > 0 && slice_cmp(d.to, end) > 0)
			d.to = end;
		if (superfluous(r, d.from, d.to, d.seq))
			continue;
		rc = begin_output(r);
		if (rc == 0)
			rc = sst_writer_add_range(r->writer, &d);
	}
	return rc;
}

/* The fragments that reach beyond @end are to go on there. */
static int ranges_go_on(struct run *r, struct slice end)
{
	while (r->range_at > 0 &&
	       slice_cmp(r->ranges.items[r->range_at - 1].to, end) > 0)
		r->range_at--;
	return buf_assign(&r->from, end);
}

/* Completes the output, which says all that is known of the keys to @end. */
static int finish_output(struct run *r, struct slice end)
{
	struct sst_props props = { 0 };
	struct sst *sst;
	uint64_t size;
	int rc;

	rc = put_ranges(r, end);
	if (rc == 0 && end.size > 0)
		rc = ranges_go_on(r, end);
	if (rc < 0 || !r->writer)
		return rc;
	rc = sst_writer_finish(r->writer, &props, &size);
	if (rc < 0)
		return rc;
	sst_writer_close(r->writer);
	r->writer = NULL;
	sst = sst_new(r->kv->env, r->kv->store_id, r->number, size, &props);
	if (!sst)
		return -ENOMEM;
	rc = edit_add_sst(&r->edit, r->target, sst);
	sst_unref(sst);
	return rc;
}

/* All versions of a key go to one output: there are no two for it. */
static int merge_into(struct run *r, struct source *s)
{
	struct buf last = BUF_INIT;
	int rc;

	for (rc = source_first(s); rc == 1; rc = source_next(s)) {
		const struct entry *e = &s->entry;
		int keep = keep_entry(&r->keep, e);

		if (keep == 1 && entry_kind(e) == ENTRY_DELETE)
			keep = !superfluous(r, e->key, e->key, entry_seq(e));
		if (keep == 0)
			continue;
		rc = keep;
		if (r->writer &&
		    sst_writer_size(r->writer) >=
			    r->kv->options.sst_bytes_max &&
		    !slice_eq(e->key, buf_slice(&last)))
			rc = finish_output(r, e->key);
		if (rc >= 0)
			rc = begin_output(r);
		if (rc == 0)
			rc = sst_writer_add(r->writer, e);
		if (rc == 0)
			rc = buf_assign(&last, e->key);
		if (rc < 0)
			break;
	}
	buf_fini(&last);
	return rc < 0 ? rc : finish_output(r, slice_of(NULL, 0));
}

/* Merges @count sources, which it takes over, and commits what comes out. */
static int execute(struct run *r, struct source **sources, size_t count)
{
	uint64_t begin = stats_begin(r->kv->stats);
	struct source *s;
	int rc;

	s = merge_source(sources, count);
	rc = s ? merge_into(r, s) : -ENOMEM;
	source_close(s);
	if (rc == 0)
		rc = env_sync_dir(r->kv->env);
	if (rc == 0)
		rc = store_commit_edit(r->kv, &r->edit, false);
	if (rc < 0)
		store_abandon_edit(r->kv, &r->edit);
	stats_end(r->kv->stats, STATS_COMPACT_NS, begin);
	if (rc == 0)
		rc = gc_drop_dead(r->kv);
	return rc;
}

/*
 * Adds tables of a level to what is merged: the edit removes them, and their
 * range tombstones count.
 */
static int add_inputs(struct run *r, unsigned level, size_t first, size_t count)
{
	const struct level *l = r->version->levels[level];
	const struct range_dels *ranges;
	size_t i, j;
	int rc = 0;

	for (i = first; rc == 0 && i < first + count; i++) {
		rc = edit_remove_sst(&r->edit, level, l->ssts[i]->number);
		if (rc == 0)
			rc = sst_ranges(l->ssts[i], &ranges);
		for (j = 0; rc == 0 && j < ranges->count; j++)
			rc = range_dels_borrow(&r->ranges, &ranges->items[j]);
	}
	return rc;
}

/* To be called when all inputs are added. */
static int begin_run(struct run *r)
{
	size_t count;
	int rc;

	rc = snapshot_seqs(r->kv, &r->snapshots, &count);
	if (rc < 0)
		return rc;
	r->keep.snapshots = r->snapshots;
	r->keep.snapshot_count = count;
	r->keep.ranges = &r->ranges;
	return range_dels_fragment(&r->ranges, r->snapshots, count);
}

/*
 * One table, nothing below: it changes level and is not read; unless it has
 * tombstones and this is where they end.
 */
static bool is_move(const struct run *r, const struct compact_job *job)
{
	const struct sst *sst =
		r->version->levels[job->level]->ssts[job->first];

	if (job->count > 1 || job->below_count > 0)
		return false;
	return (sst->props.tombstones == 0 && sst->props.range_count == 0) ||
	       !superfluous(r, sst_key_min(sst), sst_key_max(sst),
			    sst->props.seq_max);
}

static int move(struct run *r, const struct compact_job *job)
{
	struct sst *sst = r->version->levels[job->level]->ssts[job->first];
	int rc;

	rc = edit_add_sst(&r->edit, r->target, sst);
	if (rc == 0)
		rc = store_commit_edit(r->kv, &r->edit, false);
	return rc;
}

/*
 * Sources over tables of a level; all of them, also where one is NULL.  They go
 * past the cache, which is for what is read again.
 */
static size_t add_sources(const struct run *r, unsigned level, size_t first,
			  size_t count, struct source **sources)
{
	const struct level *l = r->version->levels[level];
	size_t n = 0, i;

	if (level > 0 && count > 0)
		sources[n++] = level_source(l->ssts + first, count, NULL);
	for (i = first; level == 0 && i < first + count; i++)
		sources[n++] = sst_source(l->ssts[i], NULL);
	return n;
}

static int run_sources(struct run *r, struct source **sources, size_t count)
{
	bool whole = true;
	size_t i;

	for (i = 0; i < count; i++)
		whole &= sources[i] != NULL;
	if (whole)
		return execute(r, sources, count);
	for (i = 0; i < count; i++)
		source_close(sources[i]);
	return -ENOMEM;
}

static int merge_job(struct run *r, const struct compact_job *job)
{
	struct source **sources = calloc(job->count + 1, sizeof(*sources));
	size_t n;
	int rc;

	if (!sources)
		return -ENOMEM;
	n = add_sources(r, job->level, job->first, job->count, sources);
	n += add_sources(r, r->target, job->below_first, job->below_count,
			 sources + n);
	rc = run_sources(r, sources, n);
	free(sources);
	return rc;
}

static int run_job(struct kv *kv, const struct version *v,
		   const struct compact_job *job)
{
	struct run r = { .kv = kv, .version = v, .target = job->target };
	int rc;

	range_dels_init(&r.ranges);
	rc = add_inputs(&r, job->level, job->first, job->count);
	if (rc == 0)
		rc = add_inputs(&r, r.target, job->below_first,
				job->below_count);
	if (rc == 0)
		rc = begin_run(&r);
	if (rc == 0)
		rc = is_move(&r, job) ? move(&r, job) : merge_job(&r, job);
	run_fini(&r);
	return rc;
}

int store_compact_step(struct kv *kv)
{
	struct compact_job job;
	struct view *view;
	bool due;
	int rc;

	rc = store_writable(kv);
	if (rc < 0)
		return rc;
	mutex_lock(&kv->compact_job);
	view = store_view(kv);
	due = compact_pick(view->version, kv->options.level_base_bytes,
			   kv->level_turn, &job);
	if (due) {
		rc = run_job(kv, view->version, &job);
		kv->level_turn[job.level]++;
	}
	view_unref(view);
	mutex_unlock(&kv->compact_job);
	return rc < 0 ? rc : due;
}

static int merge_all(struct run *r, size_t tables)
{
	struct source **sources = calloc(tables, sizeof(*sources));
	unsigned level;
	size_t n = 0;
	int rc;

	if (!sources)
		return -ENOMEM;
	for (level = 0; level < VERSION_LEVELS; level++)
		n += add_sources(r, level, 0, r->version->levels[level]->count,
				 sources + n);
	rc = run_sources(r, sources, n);
	free(sources);
	return rc;
}

/* Everything there is, into the last level. */
static int compact_all(struct kv *kv, const struct version *v)
{
	struct run r = { .kv = kv, .version = v, .target = VERSION_LEVELS - 1 };
	unsigned level;
	size_t n = 0;
	int rc = 0;

	range_dels_init(&r.ranges);
	for (level = 0; rc == 0 && level < VERSION_LEVELS; level++) {
		n += v->levels[level]->count;
		rc = add_inputs(&r, level, 0, v->levels[level]->count);
	}
	if (rc == 0)
		rc = begin_run(&r);
	if (rc == 0 && n > 0)
		rc = merge_all(&r, n);
	run_fini(&r);
	return rc;
}

int kv_compact(struct kv *kv)
{
	struct view *view;
	int rc;

	rc = kv_flush(kv);
	if (rc < 0)
		return rc;
	mutex_lock(&kv->compact_job);
	view = store_view(kv);
	rc = compact_all(kv, view->version);
	view_unref(view);
	mutex_unlock(&kv->compact_job);
	return rc < 0 ? rc : gc_collect(kv);
}
