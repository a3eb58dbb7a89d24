/* Our own engine, over the files of a directory. */
#include <stdlib.h>

#include "engine/base/env.h"
#include "engine/base/heap.h"
#include "engine/base/error.h"
#include "engine/kv.h"
#include "tools/kvbench/target.h"

struct store {
	struct env *env;
	struct kv *kv;
	bool durable;
};

struct session {
	struct store *store;
	struct kv_batch *batch;
};

static int loam_open(void **out, const struct target_config *config)
{
	struct kv_options options = kv_options_default;
	struct store *store = calloc(1, sizeof(*store));
	size_t minor = config->cache_bytes / 8;
	size_t major = config->cache_bytes - minor;
	int rc;

	if (!store)
		return -ENOMEM;
	/* As the daemon does; each run is a process of its own. */
	heap_tune();
	options.create = true;
	/* The others take two memtables beside their cache, we take four. */
	options.memtable_bytes_max = config->memtable_bytes / 2;
	options.tree_memory_bytes = 2 * config->memtable_bytes +
				    (config->large_values ? minor : major);
	options.blob_cache_bytes = config->large_values ? major : minor;
	store->durable = config->durable;

	rc = env_posix_new(&store->env, config->dir, true);
	if (rc < 0)
		goto free_store;
	rc = kv_open(&store->kv, store->env, &options);
	if (rc < 0)
		goto free_env;

	*out = store;
	return 0;

free_env:
	env_free(store->env);
free_store:
	free(store);
	return rc;
}

static int loam_close(void *arg)
{
	struct store *store = arg;
	int rc = kv_close(store->kv);

	env_free(store->env);
	free(store);
	return rc;
}

static int loam_session_open(void **out, void *arg)
{
	struct session *session = calloc(1, sizeof(*session));

	if (!session)
		return -ENOMEM;
	session->store = arg;
	session->batch = kv_batch_new();
	if (!session->batch) {
		free(session);
		return -ENOMEM;
	}
	*out = session;
	return 0;
}

static void loam_session_close(void *arg)
{
	struct session *session = arg;

	kv_batch_free(session->batch);
	free(session);
}

static int loam_write(void *arg, const struct target_write *writes,
		      size_t count)
{
	struct session *session = arg;
	struct kv *kv = session->store->kv;
	struct kv_batch *batch = session->batch;
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < count; i++) {
		if (writes[i].is_delete)
			rc = kv_batch_delete(batch, writes[i].key);
		else
			rc = kv_batch_put_borrowed(batch, writes[i].key,
						   writes[i].value);
	}
	if (rc == 0)
		rc = kv_write(kv, batch);
	if (rc == 0 && session->store->durable)
		rc = kv_sync(kv, kv_mark(kv));
	return rc;
}

static int loam_delete_range(void *arg, struct slice from, struct slice to)
{
	struct session *session = arg;
	int rc = kv_batch_delete_range(session->batch, from, to);

	return rc < 0 ? rc : kv_write(session->store->kv, session->batch);
}

static int loam_get(void *arg, struct slice key, struct target_seen *seen)
{
	struct session *session = arg;
	struct kv_value value;
	int rc = kv_get(session->store->kv, key, &value);

	if (rc < 0)
		return rc;
	target_see(seen, value.data.data, value.data.size);
	kv_value_release(&value);
	return 0;
}

static int loam_iter_open(void **out, void *arg)
{
	struct session *session = arg;
	struct slice none = { 0 };
	struct kv_iter *it;
	int rc = kv_iter_open(&it, session->store->kv, none, none);

	if (rc == 0)
		*out = it;
	return rc;
}

static void loam_iter_close(void *it)
{
	kv_iter_close(it);
}

static int loam_seek(void *it, struct slice key)
{
	return kv_iter_seek(it, key);
}

static int loam_last(void *it)
{
	return kv_iter_last(it);
}

static int loam_next(void *it)
{
	return kv_iter_next(it);
}

static int loam_prev(void *it)
{
	return kv_iter_prev(it);
}

static struct slice loam_key(void *it)
{
	return kv_iter_key(it);
}

static int loam_value(void *it, struct slice *value)
{
	return kv_iter_value(it, value);
}

static int loam_flush(void *arg)
{
	struct store *store = arg;

	return kv_flush(store->kv);
}

static int loam_compact(void *arg)
{
	struct store *store = arg;

	return kv_compact(store->kv);
}

const struct target target_loamfs = {
	.name = "loamfs",
	.settings = "lz4, filters of 10 bits a key, blocks of 8 KiB, "
		    "background sync every 5 s, values from 1 KiB on "
		    "separated; memtables half as large, up to four; an "
		    "eighth of the cache is for blobs, seven eighths where "
		    "values are large",
	.open = loam_open,
	.close = loam_close,
	.session_open = loam_session_open,
	.session_close = loam_session_close,
	.write = loam_write,
	.delete_range = loam_delete_range,
	.get = loam_get,
	.iter_open = loam_iter_open,
	.iter_close = loam_iter_close,
	.seek = loam_seek,
	.last = loam_last,
	.next = loam_next,
	.prev = loam_prev,
	.key = loam_key,
	.value = loam_value,
	.flush = loam_flush,
	.compact = loam_compact,
};
