/* RocksDB through its C API, with and without blob files. */
#include <rocksdb/c.h>
#include <stdlib.h>

#include "engine/base/error.h"
#include "tools/kvbench/target.h"

#define BLOOM_BITS    10
#define BLOB_SIZE_MIN ((uint64_t)1024) /* bytes: as loamfs has it */
#define REWRITE_LAST  3 /* BottommostLevelCompaction::kForceOptimized */

struct store {
	rocksdb_t *db;
	rocksdb_options_t *options;
	rocksdb_cache_t *cache;
	rocksdb_readoptions_t *read;
	rocksdb_writeoptions_t *write;
};

struct session {
	struct store *store;
	rocksdb_writebatch_t *batch;
};

/* Frees @message. */
static int failed(char *message)
{
	int rc = error_set(-EIO, "%s", message);

	rocksdb_free(message);
	return rc;
}

static void set_table_options(struct store *store)
{
	rocksdb_block_based_table_options_t *table =
		rocksdb_block_based_options_create();

	rocksdb_block_based_options_set_block_cache(table, store->cache);
	rocksdb_block_based_options_set_filter_policy(
		table, rocksdb_filterpolicy_create_bloom_full(BLOOM_BITS));
	rocksdb_options_set_block_based_table_factory(store->options, table);
	rocksdb_block_based_options_destroy(table);
}

/* All garbage goes with the next compaction that meets it. */
static void set_blob_options(struct store *store)
{
	rocksdb_options_set_enable_blob_files(store->options, 1);
	rocksdb_options_set_min_blob_size(store->options, BLOB_SIZE_MIN);
	rocksdb_options_set_blob_compression_type(store->options,
						  rocksdb_lz4_compression);
	rocksdb_options_set_blob_cache(store->options, store->cache);
	rocksdb_options_set_enable_blob_gc(store->options, 1);
	rocksdb_options_set_blob_gc_age_cutoff(store->options, 1.0);
}

static void store_free(struct store *store)
{
	if (store->db)
		rocksdb_close(store->db);
	rocksdb_options_destroy(store->options);
	rocksdb_cache_destroy(store->cache);
	rocksdb_readoptions_destroy(store->read);
	rocksdb_writeoptions_destroy(store->write);
	free(store);
}

static int open_store(void **out, const struct target_config *config,
		      bool blobs)
{
	struct store *store = calloc(1, sizeof(*store));
	char *message = NULL;

	if (!store)
		return -ENOMEM;
	store->options = rocksdb_options_create();
	store->cache = rocksdb_cache_create_lru(config->cache_bytes);
	store->read = rocksdb_readoptions_create();
	store->write = rocksdb_writeoptions_create();
	rocksdb_writeoptions_set_sync(store->write, config->durable);
	rocksdb_options_set_create_if_missing(store->options, 1);
	rocksdb_options_set_write_buffer_size(store->options,
					      config->memtable_bytes);
	rocksdb_options_set_compression(store->options,
					rocksdb_lz4_compression);
	set_table_options(store);
	if (blobs)
		set_blob_options(store);

	store->db = rocksdb_open(store->options, config->dir, &message);
	if (message) {
		store_free(store);
		return failed(message);
	}
	*out = store;
	return 0;
}

static int rocks_open(void **out, const struct target_config *config)
{
	return open_store(out, config, false);
}

static int rocks_open_blob(void **out, const struct target_config *config)
{
	return open_store(out, config, true);
}

static int rocks_close(void *store)
{
	store_free(store);
	return 0;
}

static int rocks_session_open(void **out, void *store)
{
	struct session *session = calloc(1, sizeof(*session));

	if (!session)
		return -ENOMEM;
	session->store = store;
	session->batch = rocksdb_writebatch_create();
	*out = session;
	return 0;
}

static void rocks_session_close(void *arg)
{
	struct session *session = arg;

	rocksdb_writebatch_destroy(session->batch);
	free(session);
}

static int rocks_write(void *arg, const struct target_write *writes,
		       size_t count)
{
	struct session *session = arg;
	struct store *store = session->store;
	rocksdb_writebatch_t *batch = session->batch;
	char *message = NULL;
	size_t i;

	rocksdb_writebatch_clear(batch);
	for (i = 0; i < count; i++) {
		const struct target_write *w = &writes[i];

		if (w->is_delete)
			rocksdb_writebatch_delete(batch, w->key.data,
						  w->key.size);
		else
			rocksdb_writebatch_put(batch, w->key.data, w->key.size,
					       w->value.data, w->value.size);
	}
	rocksdb_write(store->db, store->write, batch, &message);
	return message ? failed(message) : 0;
}

static int rocks_delete_range(void *arg, struct slice from, struct slice to)
{
	struct session *session = arg;
	struct store *store = session->store;
	rocksdb_writebatch_t *batch = session->batch;
	char *message = NULL;

	rocksdb_writebatch_clear(batch);
	rocksdb_writebatch_delete_range(batch, from.data, from.size, to.data,
					to.size);
	rocksdb_write(store->db, store->write, batch, &message);
	return message ? failed(message) : 0;
}

static int rocks_get(void *arg, struct slice key, struct target_seen *seen)
{
	struct session *session = arg;
	struct store *store = session->store;
	rocksdb_pinnableslice_t *value;
	char *message = NULL;
	const char *data;
	size_t size;

	value = rocksdb_get_pinned(store->db, store->read, key.data, key.size,
				   &message);
	if (message)
		return failed(message);
	if (!value)
		return -ENOENT;
	data = rocksdb_pinnableslice_value(value, &size);
	target_see(seen, data, size);
	rocksdb_pinnableslice_destroy(value);
	return 0;
}

static int rocks_iter_open(void **out, void *arg)
{
	struct session *session = arg;

	*out = rocksdb_create_iterator(session->store->db,
				       session->store->read);
	return 0;
}

static void rocks_iter_close(void *it)
{
	rocksdb_iter_destroy(it);
}

static int where(rocksdb_iterator_t *it)
{
	char *message = NULL;

	if (rocksdb_iter_valid(it))
		return 1;
	rocksdb_iter_get_error(it, &message);
	return message ? failed(message) : 0;
}

static int rocks_seek(void *it, struct slice key)
{
	rocksdb_iter_seek(it, key.data, key.size);
	return where(it);
}

static int rocks_last(void *it)
{
	rocksdb_iter_seek_to_last(it);
	return where(it);
}

static int rocks_next(void *it)
{
	rocksdb_iter_next(it);
	return where(it);
}

static int rocks_prev(void *it)
{
	rocksdb_iter_prev(it);
	return where(it);
}

static struct slice rocks_key(void *it)
{
	size_t size;
	const char *data = rocksdb_iter_key(it, &size);

	return slice_of(data, size);
}

static int rocks_value(void *it, struct slice *value)
{
	value->data = rocksdb_iter_value(it, &value->size);
	return 0;
}

static int rocks_flush(void *arg)
{
	struct store *store = arg;
	rocksdb_flushoptions_t *options = rocksdb_flushoptions_create();
	char *message = NULL;

	rocksdb_flushoptions_set_wait(options, 1);
	rocksdb_flush(store->db, options, &message);
	rocksdb_flushoptions_destroy(options);
	return message ? failed(message) : 0;
}

/* Left to itself it would only rename tables that overlap with no other. */
static int rocks_compact(void *arg)
{
	struct store *store = arg;
	rocksdb_compactoptions_t *options = rocksdb_compactoptions_create();

	rocksdb_compactoptions_set_bottommost_level_compaction(options,
							       REWRITE_LAST);
	rocksdb_compact_range_opt(store->db, options, NULL, 0, NULL, 0);
	rocksdb_compactoptions_destroy(options);
	return 0;
}

#define ROCKS_CALLS                                                   \
	.close = rocks_close, .session_open = rocks_session_open,     \
	.session_close = rocks_session_close, .write = rocks_write,   \
	.delete_range = rocks_delete_range, .get = rocks_get,         \
	.iter_open = rocks_iter_open, .iter_close = rocks_iter_close, \
	.seek = rocks_seek, .last = rocks_last, .next = rocks_next,   \
	.prev = rocks_prev, .key = rocks_key, .value = rocks_value,   \
	.flush = rocks_flush, .compact = rocks_compact

const struct target target_rocksdb = {
	.name = "rocksdb",
	.settings = "lz4, full filters of 10 bits a key, blocks of 4 KiB, "
		    "a full compaction rewrites the last level too, "
		    "everything else as it comes",
	.open = rocks_open,
	ROCKS_CALLS,
};

const struct target target_rocksdb_blob = {
	.name = "rocksdb-blob",
	.settings = "as rocksdb; values from 1 KiB on in blob files, lz4, "
		    "the cache shared with blocks, collected in compaction "
		    "whatever their age",
	.open = rocks_open_blob,
	ROCKS_CALLS,
};
