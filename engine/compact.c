/*
 * Compaction: merges tables downwards, keeping of each key what is newest.
 *
 * A tombstone is left out as soon as nothing deeper can hold its key.  Values
 * in the value log are not touched: handles move, values do not.
 */
#include <stdlib.h>

#include "engine/base/error.h"
#include "engine/compact_pick.h"
#include "engine/merge.h"
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
	struct buf last;           /* key written or left out last */
};

static int begin_output(struct run *r)
{
	const struct sst_writer_options options = {
		.block_bytes = r->kv->options.block_bytes,
		.compress = true,
	};

	r->number = store_next_number(r->kv);
	return sst_writer_open(&r->writer, r->kv->env, r->number,
			       r->kv->store_id, &options);
}

static int finish_output(struct run *r)
{
	struct sst_props props = { 0 };
	struct sst *sst;
	uint64_t size;
	int rc;

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

static int put(struct run *r, const struct entry *e)
{
	int rc = 0;

	if (!r->writer)
		rc = begin_output(r);
	if (rc == 0)
		rc = sst_writer_add(r->writer, e);
	if (rc == 0 &&
	    sst_writer_size(r->writer) >= r->kv->options.sst_bytes_max)
		rc = finish_output(r);
	return rc;
}

static bool superfluous(const struct run *r, const struct entry *e)
{
	return entry_kind(e) == ENTRY_DELETE &&
	       (r->target + 1 == VERSION_LEVELS ||
		version_absent_below(r->version, r->target + 1, e->key));
}

static int merge_into(struct run *r, struct source *s)
{
	int rc;

	for (rc = source_first(s); rc == 1; rc = source_next(s)) {
		const struct entry *e = &s->entry;

		if (r->last.size > 0 && slice_eq(buf_slice(&r->last), e->key))
			continue;
		rc = buf_assign(&r->last, e->key);
		if (rc == 0 && !superfluous(r, e))
			rc = put(r, e);
		if (rc < 0)
			return rc;
	}
	if (rc == 0 && r->writer)
		rc = finish_output(r);
	return rc;
}

/* Merges @count sources, which it takes over, and commits what comes out. */
static int execute(struct run *r, struct source **sources, size_t count)
{
	struct source *s;
	int rc;

	s = merge_source(sources, count);
	rc = s ? merge_into(r, s) : -ENOMEM;
	source_close(s);
	if (rc == 0)
		rc = env_sync_dir(r->kv->env);
	if (rc == 0)
		rc = store_commit_edit(r->kv, &r->edit, false);
	sst_writer_close(r->writer);
	buf_fini(&r->last);
	edit_fini(&r->edit);
	if (rc == 0) {
		atomic_fetch_add(&r->kv->compactions, 1);
		rc = store_drop_dead_blobs(r->kv);
	}
	return rc;
}

static int remove_inputs(struct run *r, unsigned level, size_t first,
			 size_t count)
{
	const struct level *l = r->version->levels[level];
	size_t i;
	int rc = 0;

	for (i = first; rc == 0 && i < first + count; i++)
		rc = edit_remove_sst(&r->edit, level, l->ssts[i]->number);
	return rc;
}

/* One table, nothing below: it changes level and is not read. */
static int move(struct run *r, const struct compact_job *job)
{
	struct sst *sst = r->version->levels[job->level]->ssts[job->first];
	int rc;

	rc = edit_add_sst(&r->edit, r->target, sst);
	if (rc == 0)
		rc = store_commit_edit(r->kv, &r->edit, false);
	edit_fini(&r->edit);
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
	edit_fini(&r->edit);
	return -ENOMEM;
}

static int run_job(struct kv *kv, const struct version *v,
		   const struct compact_job *job)
{
	struct run r = { .kv = kv, .version = v, .target = job->level + 1 };
	struct source **sources;
	size_t n;
	int rc;

	rc = remove_inputs(&r, job->level, job->first, job->count);
	if (rc == 0)
		rc = remove_inputs(&r, r.target, job->below_first,
				   job->below_count);
	if (rc < 0) {
		edit_fini(&r.edit);
		return rc;
	}
	if (job->count == 1 && job->below_count == 0)
		return move(&r, job);

	sources = calloc(job->count + 1, sizeof(*sources));
	if (!sources) {
		edit_fini(&r.edit);
		return -ENOMEM;
	}
	n = add_sources(&r, job->level, job->first, job->count, sources);
	n += add_sources(&r, r.target, job->below_first, job->below_count,
			 sources + n);
	rc = run_sources(&r, sources, n);
	free(sources);
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

/* Everything there is, into the deepest level that holds something. */
static int compact_all(struct kv *kv, const struct version *v)
{
	struct run r = { .kv = kv, .version = v, .target = 1 };
	struct source **sources;
	unsigned level;
	size_t n = 0;
	int rc = 0;

	for (level = 0; level < VERSION_LEVELS; level++) {
		if (v->levels[level]->count > 0 && level > 1)
			r.target = level;
		n += v->levels[level]->count;
	}
	if (n == 0)
		return 0;
	sources = calloc(n, sizeof(*sources));
	if (!sources)
		return -ENOMEM;

	n = 0;
	for (level = 0; rc == 0 && level < VERSION_LEVELS; level++) {
		size_t count = v->levels[level]->count;

		n += add_sources(&r, level, 0, count, sources + n);
		rc = remove_inputs(&r, level, 0, count);
	}
	if (rc == 0) {
		rc = run_sources(&r, sources, n);
	} else {
		while (n-- > 0)
			source_close(sources[n]);
		edit_fini(&r.edit);
	}
	free(sources);
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
	return rc;
}
