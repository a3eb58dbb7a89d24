/*
 * Compaction: merges tables downwards, keeping of each key what somebody can
 * still see; see keep.h.
 *
 * A tombstone is left out as soon as nothing deeper can hold what it hides.
 * Values in the value log are not touched: handles move, values do not.
 */
#include <stdlib.h>

#include "engine/base/error.h"
#include "engine/compact_pick.h"
#include "engine/gc.h"
#include "engine/keep.h"
#include "engine/merge.h"
#include "engine/output.h"
#include "engine/snapshot.h"
#include "engine/store.h"

/* A compaction under way. */
struct run {
	struct kv *kv;
	const struct version *version;
	unsigned target; /* the level that is written */
	struct edit edit;
	struct output out;
	struct keep keep;
	struct range_dels ranges; /* fragments over all that is merged */
	uint64_t *snapshots;      /* owned; see keep.h */
};

static void run_fini(struct run *r)
{
	output_fini(&r->out);
	keep_fini(&r->keep);
	range_dels_fini(&r->ranges);
	free(r->snapshots);
	edit_fini(&r->edit);
}

/* A tombstone over [min, max] that is so old hides nothing any more. */
static bool superfluous(const void *run, struct slice min, struct slice max,
			uint64_t seq)
{
	const struct run *r = run;

	return keep_all_see(&r->keep, seq) &&
	       (r->target + 1 == VERSION_LEVELS ||
		version_absent_below(r->version, r->target + 1, min, max));
}

static int merge_into(struct run *r, struct source *s)
{
	int rc;

	for (rc = source_first(s); rc == 1; rc = source_next(s)) {
		const struct entry *e = &s->entry;

		rc = keep_entry(&r->keep, e);
		if (rc == 1 && entry_kind(e) == ENTRY_DELETE)
			rc = !superfluous(r, e->key, e->key, entry_seq(e));
		if (rc == 1)
			rc = output_add(&r->out, e);
		if (rc < 0)
			break;
	}
	return rc < 0 ? rc : output_finish(&r->out);
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
	r->out = (struct output){
		.kv = r->kv,
		.edit = &r->edit,
		.level = r->target,
		.bytes_max = r->kv->options.sst_bytes_max,
		.ranges = &r->ranges,
		.useless = superfluous,
		.context = r,
	};
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

/*
 * The current version, referred to.  Not the view: its memtables would stay in
 * memory, uncounted, until the compaction is done.
 */
static struct version *current_version(struct kv *kv)
{
	struct view *view = store_view(kv);
	struct version *v = version_ref(view->version);

	view_unref(view);
	return v;
}

/* What is due by itself, or else what reads have paid for. */
static bool pick(struct kv *kv, const struct version *v,
		 struct compact_job *job) NEEDS(kv->compact_job);

static bool pick(struct kv *kv, const struct version *v,
		 struct compact_job *job)
{
	uint64_t share = kv->options.level_base_bytes;
	bool any;

	if (compact_pick(v, share, kv->level_turn, job))
		return true;
	any = compact_pick_l0(v, share, job);
	if (any && demand_is_met(&kv->demand))
		return true;
	demand_set(&kv->demand, any ? compact_bytes(v, job) : 0);
	return false;
}

int store_compact_step(struct kv *kv)
{
	struct compact_job job;
	struct version *v;
	bool due;
	int rc;

	rc = store_writable(kv);
	if (rc < 0)
		return rc;
	mutex_lock(&kv->compact_job);
	v = current_version(kv);
	due = pick(kv, v, &job);
	if (due) {
		rc = run_job(kv, v, &job);
		kv->level_turn[job.level]++;
		demand_set(&kv->demand, 0);
	}
	version_unref(v);
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
	struct version *v;
	int rc;

	rc = kv_flush(kv);
	if (rc < 0)
		return rc;
	mutex_lock(&kv->compact_job);
	v = current_version(kv);
	rc = compact_all(kv, v);
	version_unref(v);
	mutex_unlock(&kv->compact_job);
	return rc < 0 ? rc : gc_collect(kv);
}
