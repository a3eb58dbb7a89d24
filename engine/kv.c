/* Opening, closing, and asking an open store about itself. */
#include "engine/kv.h"

#include <stdlib.h>

#include "engine/base/env_bounded.h"
#include "engine/base/error.h"
#include "engine/iter.h"
#include "engine/live.h"
#include "engine/meter.h"
#include "engine/recover.h"
#include "engine/sched.h"
#include "engine/space.h"
#include "engine/store.h"
#include "engine/tune.h"

const struct kv_options kv_options_default = {
	.create = true,
	.background = true,
	.memtable_bytes_max = 32 * MIB,
	.tree_memory_bytes = 128 * MIB,
	.blob_cache_bytes = 32 * MIB,
	.separate_at = 1 * KIB,
	.block_bytes = 8 * KIB,
	.sst_bytes_max = 32 * MIB,
	.level_base_bytes = 64 * MIB,
	.reserve_bytes = 64 * MIB,
	.blob_file_bytes_max = 256 * MIB,
	.sync_interval_ms = 5000,
	.open_files_max = 512,
};

const char *kv_error_text(int rc)
{
	return error_text(rc);
}

static int check_options(const struct kv_options *o)
{
	if (o->memtable_bytes_max == 0 || o->separate_at == 0 ||
	    o->block_bytes == 0 || o->block_bytes > 16 * MIB ||
	    o->sst_bytes_max == 0 || o->level_base_bytes == 0 ||
	    o->blob_file_bytes_max == 0)
		return error_set(-EINVAL, "store options: a size is 0 or "
					  "out of range");
	return 0;
}

/* A log that waited to be reused; it would only take up room. */
static void remove_spare(struct kv *kv)
{
	char name[ENV_NAME_MAX + 1];

	if (kv->spare_wal.number == 0)
		return;
	file_name(name, FILE_WAL, kv->spare_wal.number);
	/* What stays behind is removed when the store is opened. */
	(void)!env_remove(kv->env, name);
}

static void kv_free(struct kv *kv)
{
	view_end(&kv->views);
	iter_free_spares(kv);
	arena_spare_fini(&kv->spare_memory);
	remove_spare(kv);
	vlog_fini(&kv->vlog);
	manifest_fini(&kv->manifest);
	cache_free(kv->blocks);
	cache_free(kv->blobs);
	cond_fini(&kv->changed);
	voids_fini(&kv->voids);
	mutex_fini(&kv->state);
	mutex_fini(&kv->compact_job);
	mutex_fini(&kv->flush_job);
	mutex_fini(&kv->collect_job);
	mutex_fini(&kv->gc_job);
	mutex_fini(&kv->sync);
	queue_fini(&kv->queue);
	env_free(kv->env);
	stats_free(kv->stats);
	free(kv);
}

/* The files of @env: a bounded number of them open, and all is counted. */
static int open_env(struct kv *kv, struct env *env, size_t open_files_max)
{
	struct env *bounded;

	kv->medium = env;
	kv->stats = stats_new(env);
	if (!kv->stats)
		return -ENOMEM;
	bounded = env_bounded_new(env, open_files_max > 0 ? open_files_max
							  : SIZE_MAX);
	kv->env = bounded ? meter_new(bounded, kv->stats) : NULL;
	if (kv->env)
		return 0;
	env_free(bounded);
	stats_free(kv->stats);
	return -ENOMEM;
}

static struct kv *kv_new(struct env *env, const struct kv_options *options)
{
	struct kv *kv = calloc(1, sizeof(*kv));

	if (!kv)
		return NULL;
	if (open_env(kv, env, options->open_files_max) < 0) {
		free(kv);
		return NULL;
	}
	kv->options = *options;
	tune_init(kv);
	queue_init(&kv->queue);
	mutex_init(&kv->sync, RANK_SYNC);
	kv->sync_target = UINT64_MAX; /* no round has begun */
	mutex_init(&kv->gc_job, RANK_GC);
	mutex_init(&kv->collect_job, RANK_JOB);
	mutex_init(&kv->flush_job, RANK_JOB);
	mutex_init(&kv->compact_job, RANK_JOB);
	mutex_init(&kv->state, RANK_STATE);
	voids_init(&kv->voids);
	arena_spare_init(&kv->spare_memory);
	cond_init(&kv->changed);
	vlog_init(&kv->vlog);
	manifest_init(&kv->manifest, kv->env, &kv->next_number);
	kv->blocks = cache_new_own(options->tree_memory_bytes);
	kv->blobs = cache_new(options->blob_cache_bytes);
	if (!kv->blocks || !kv->blobs) {
		kv_free(kv);
		return NULL;
	}
	return kv;
}

/*
 * On a small medium everything must be small: a blob file, since it is given
 * back as a whole, and a memtable, since flushing it must fit in the reserve.
 */
static int fit_to_medium(struct kv *kv)
{
	struct kv_options *o = &kv->options;
	struct env_space space;
	uint64_t most;
	int rc = env_space(kv->env, &space);

	if (rc < 0)
		return rc;
	most = u64_max(space.bytes_total / 64, 1 * MIB);
	o->blob_file_bytes_max = u64_min(o->blob_file_bytes_max, most);
	kv->memtable_bytes_limit = most;
	kv->tuned.memtable_bytes_max = u64_min(o->memtable_bytes_max, most);
	return 0;
}

/* Looks before it touches: a directory with other things stays as it is. */
static int open_store(struct kv *kv)
{
	int is_store = recover_look(kv);
	int rc;

	if (is_store < 0)
		return is_store;
	if (!is_store && !kv->options.create)
		return error_set(-ENOENT, "there is no store");
	rc = env_lock(kv->env, FILE_LOCK_NAME);
	if (rc < 0)
		return rc;
	/* Again, now that nobody else can be creating it. */
	is_store = recover_look(kv);
	if (is_store < 0)
		return is_store;
	return is_store ? recover_open(kv) : recover_create(kv);
}

int kv_open(struct kv **out, struct env *env, const struct kv_options *options)
{
	struct kv *kv;
	int rc;

	if (!options)
		options = &kv_options_default;
	rc = check_options(options);
	if (rc < 0)
		return rc;
	kv = kv_new(env, options);
	if (!kv)
		return -ENOMEM;
	rc = fit_to_medium(kv);
	pace_init(&kv->pace, kv->tuned.memtable_bytes_max,
		  kv->options.level_base_bytes);
	if (rc == 0)
		rc = open_store(kv);
	if (rc == 0)
		rc = sched_start(kv);
	if (rc < 0) {
		kv_free(kv);
		return rc;
	}
	*out = kv;
	return 0;
}

int kv_close(struct kv *kv)
{
	int rc;

	if (!kv)
		return 0;
	sched_stop(kv);
	rc = store_writable(kv);
	/* An empty log makes the next opening fast. */
	if (rc == 0)
		rc = kv_flush(kv);
	if (rc == 0)
		rc = manifest_close(&kv->manifest);
	/* What could not be flushed is at least made durable where it is. */
	else if (kv->poison == 0)
		(void)!kv_sync(kv, kv_mark(kv));
	kv_free(kv);
	return rc;
}

static int count_blobs(const struct version *v, struct kv_stats *s)
{
	struct live live;
	size_t i;
	int rc;

	for (i = 0; i < v->blob_count; i++) {
		rc = live_count(v, &v->blobs[i], &live);
		if (rc < 0)
			return rc;
		s->blob_file_count++;
		s->blob_file_bytes += v->blobs[i].blob->size;
		s->blob_live_bytes += live.stored_bytes;
		s->blob_live_raw_bytes += live.raw_bytes;
	}
	return 0;
}

static void count_tables(const struct version *v, struct kv_stats *s)
{
	unsigned level;
	size_t i;

	for (level = 0; level < VERSION_LEVELS; level++) {
		const struct level *l = v->levels[level];

		s->level_sst_count[level] = l->count;
		s->sst_count += l->count;
		s->sst_bytes += l->bytes;
		for (i = 0; i < l->count; i++)
			s->sst_raw_bytes += l->ssts[i]->props.raw_bytes;
	}
}

/* After a recovery there are memtables without a log of their own. */
static void count_memtable(const struct mt *mt, const struct wal *wal,
			   struct kv_stats *s)
{
	s->memtable_bytes += mt_bytes(mt);
	s->blob_unflushed_bytes += mt_blob_bytes(mt);
	if (!wal)
		return;
	s->wal_bytes += reclog_file_size(wal->log);
	s->unflushed_bytes += reclog_size(wal->log);
}

static void count_memtables(const struct view *view, struct kv_stats *s)
{
	size_t i;

	count_memtable(view->active.mt, view->active.wal, s);
	for (i = 0; i < view->frozen_count; i++)
		count_memtable(view->frozen[i].mt, view->frozen[i].wal, s);
}

int kv_stats(struct kv *kv, struct kv_stats *stats)
{
	struct kv_stats s = { 0 };
	struct cache_stats cache;
	struct view *view;
	int rc;

	view = store_view(kv);
	rc = count_blobs(view->version, &s);
	count_tables(view->version, &s);
	count_memtables(view, &s);
	if (kv->spare_wal.number != 0)
		s.wal_bytes += kv->spare_wal.bytes;
	view_unref(view);
	if (rc < 0)
		return rc;

	s.disk_bytes = s.sst_bytes + s.blob_file_bytes + s.wal_bytes +
		       reclog_size(kv->manifest.log) + SUPER_SIZE;
	s.syncs = kv->syncs;
	s.collections = kv->collections;
	s.collected_bytes = kv->collected_bytes;
	stats_show(kv->stats, &s);
	cache_stats(kv->blocks, &cache);
	s.block_cache_hits = cache.hits;
	s.block_cache_misses = cache.misses;
	s.block_cache_bytes = cache.bytes;
	cache_stats(kv->blobs, &cache);
	s.blob_cache_hits = cache.hits;
	s.blob_cache_misses = cache.misses;
	s.blob_cache_bytes = cache.bytes;
	*stats = s;
	return 0;
}

int kv_space(struct kv *kv, struct kv_space *space)
{
	struct env_space medium;
	uint64_t reserve;
	int rc;

	rc = env_space(kv->env, &medium);
	if (rc < 0)
		return rc;
	reserve = space_reserve(kv, &medium);
	*space = (struct kv_space){
		.bytes_total = medium.bytes_total,
		.bytes_free = medium.bytes_free,
		.bytes_avail = medium.bytes_free -
			       u64_min(reserve, medium.bytes_free),
	};
	return 0;
}

void kv_spreads(struct kv *kv, struct kv_spreads *spreads)
{
	stats_show_spreads(kv->stats, spreads);
}
