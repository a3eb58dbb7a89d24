/* LevelDB through its C API. */
#include <leveldb/c.h>
#include <stdlib.h>

#include "engine/base/error.h"
#include "tools/kvbench/target.h"

#define BLOOM_BITS 10

struct store {
	leveldb_t *db;
	leveldb_options_t *options;
	leveldb_cache_t *cache;
	leveldb_filterpolicy_t *filter;
	leveldb_readoptions_t *read;
	leveldb_writeoptions_t *write;
};

struct session {
	struct store *store;
	leveldb_writebatch_t *batch;
};

/* Frees @message. */
static int failed(char *message)
{
	int rc = error_set(-EIO, "%s", message);

	leveldb_free(message);
	return rc;
}

/* The options point to the filter and the cache, so they go last. */
static void store_free(struct store *store)
{
	if (store->db)
		leveldb_close(store->db);
	leveldb_options_destroy(store->options);
	leveldb_filterpolicy_destroy(store->filter);
	leveldb_cache_destroy(store->cache);
	leveldb_readoptions_destroy(store->read);
	leveldb_writeoptions_destroy(store->write);
	free(store);
}

static int level_open(void **out, const struct target_config *config)
{
	struct store *store = calloc(1, sizeof(*store));
	char *message = NULL;

	if (!store)
		return -ENOMEM;
	store->options = leveldb_options_create();
	store->cache = leveldb_cache_create_lru(config->cache_bytes);
	store->filter = leveldb_filterpolicy_create_bloom(BLOOM_BITS);
	store->read = leveldb_readoptions_create();
	store->write = leveldb_writeoptions_create();
	leveldb_writeoptions_set_sync(store->write, config->durable);
	leveldb_options_set_create_if_missing(store->options, 1);
	leveldb_options_set_write_buffer_size(store->options,
					      config->memtable_bytes);
	leveldb_options_set_compression(store->options,
					leveldb_snappy_compression);
	leveldb_options_set_cache(store->options, store->cache);
	leveldb_options_set_filter_policy(store->options, store->filter);

	store->db = leveldb_open(store->options, config->dir, &message);
	if (message) {
		store_free(store);
		return failed(message);
	}
	*out = store;
	return 0;
}

static int level_close(void *store)
{
	store_free(store);
	return 0;
}

static int level_session_open(void **out, void *store)
{
	struct session *session = calloc(1, sizeof(*session));

	if (!session)
		return -ENOMEM;
	session->store = store;
	session->batch = leveldb_writebatch_create();
	*out = session;
	return 0;
}

static void level_session_close(void *arg)
{
	struct session *session = arg;

	leveldb_writebatch_destroy(session->batch);
	free(session);
}

static int level_write(void *arg, const struct target_write *writes,
		       size_t count)
{
	struct session *session = arg;
	struct store *store = session->store;
	leveldb_writebatch_t *batch = session->batch;
	char *message = NULL;
	size_t i;

	leveldb_writebatch_clear(batch);
	for (i = 0; i < count; i++) {
		const struct target_write *w = &writes[i];

		if (w->is_delete)
			leveldb_writebatch_delete(batch, w->key.data,
						  w->key.size);
		else
			leveldb_writebatch_put(batch, w->key.data, w->key.size,
					       w->value.data, w->value.size);
	}
	leveldb_write(store->db, store->write, batch, &message);
	return message ? failed(message) : 0;
}

static int level_get(void *arg, struct slice key, struct target_seen *seen)
{
	struct session *session = arg;
	struct store *store = session->store;
	char *message = NULL;
	char *data;
	size_t size;

	data = leveldb_get(store->db, store->read, key.data, key.size, &size,
			   &message);
	if (message)
		return failed(message);
	if (!data)
		return -ENOENT;
	target_see(seen, data, size);
	leveldb_free(data);
	return 0;
}

static int level_iter_open(void **out, void *arg)
{
	struct session *session = arg;

	*out = leveldb_create_iterator(session->store->db,
				       session->store->read);
	return 0;
}

static void level_iter_close(void *it)
{
	leveldb_iter_destroy(it);
}

static int where(leveldb_iterator_t *it)
{
	char *message = NULL;

	if (leveldb_iter_valid(it))
		return 1;
	leveldb_iter_get_error(it, &message);
	return message ? failed(message) : 0;
}

static int level_seek(void *it, struct slice key)
{
	leveldb_iter_seek(it, key.data, key.size);
	return where(it);
}

static int level_last(void *it)
{
	leveldb_iter_seek_to_last(it);
	return where(it);
}

static int level_next(void *it)
{
	leveldb_iter_next(it);
	return where(it);
}

static int level_prev(void *it)
{
	leveldb_iter_prev(it);
	return where(it);
}

static struct slice level_key(void *it)
{
	size_t size;
	const char *data = leveldb_iter_key(it, &size);

	return slice_of(data, size);
}

static int level_value(void *it, struct slice *value)
{
	value->data = leveldb_iter_value(it, &value->size);
	return 0;
}

/*
 * There is no call for it, but a compaction begins with a flush, and that of a
 * range behind all keys ends there.
 */
static int level_flush(void *arg)
{
	static const char behind[] = "\xff\xff\xff\xff\xff\xff\xff\xff\xff";
	struct store *store = arg;

	leveldb_compact_range(store->db, behind, sizeof(behind), behind,
			      sizeof(behind));
	return 0;
}

static int level_compact(void *arg)
{
	struct store *store = arg;

	leveldb_compact_range(store->db, NULL, 0, NULL, 0);
	return 0;
}

const struct target target_leveldb = {
	.name = "leveldb",
	.settings = "snappy, filters of 10 bits a key, blocks of 4 KiB, "
		    "everything else as it comes",
	.open = level_open,
	.close = level_close,
	.session_open = level_session_open,
	.session_close = level_session_close,
	.write = level_write,
	.get = level_get,
	.iter_open = level_iter_open,
	.iter_close = level_iter_close,
	.seek = level_seek,
	.last = level_last,
	.next = level_next,
	.prev = level_prev,
	.key = level_key,
	.value = level_value,
	.flush = level_flush,
	.compact = level_compact,
};
