#include "fs/fs.h"

#include <stdlib.h>

#include "engine/base/env_overlay.h"
#include "engine/base/error.h"
#include "engine/base/heap.h"
#include "fs/inode.h"
#include "fs/orphan.h"
#include "fs/purge.h"
#include "fs/tune.h"

#define BLOCK_BYTES 4096 /* the unit of statfs() */

const struct fs_options fs_options_default = {
	.create = true,
	.background = true,
	.memory_bytes = 256 * MIB,
	.sync_interval_ms = 5000,
	.purge_wait_ms = 50,
};

static struct kv_options store_options(const struct fs_options *options)
{
	struct kv_options kv = options->store ? *options->store
					      : kv_options_default;
	struct kv_tuning parts;

	kv.create = options->create && !options->read_only;
	kv.background = options->background && !options->read_only;
	kv.sync_interval_ms = options->sync_interval_ms;
	if (options->store)
		return kv;
	tune_divide(options->memory_bytes, &parts);
	kv.memtable_bytes_max = parts.memtable_bytes_max;
	kv.tree_memory_bytes = parts.tree_memory_bytes;
	kv.blob_cache_bytes = parts.blob_cache_bytes;
	return kv;
}

void fs_tune_heap(void)
{
	heap_tune();
}

static void fs_free(struct fs *fs)
{
	icache_fini(&fs->icache);
	mutex_fini(&fs->super_lock);
	mutex_fini(&fs->rename);
	env_free(fs->overlay);
	env_free(fs->owned);
	free(fs);
}

static struct fs *fs_new(struct env *env, const struct fs_options *options)
{
	struct fs *fs = calloc(1, sizeof(*fs));

	if (!fs)
		return NULL;
	fs->read_only = options->read_only;
	fs->atime = options->atime;
	if (fs->read_only) {
		fs->overlay = env_overlay_new(env);
		if (!fs->overlay) {
			free(fs);
			return NULL;
		}
	}
	fs->env = fs->overlay ? fs->overlay : env;
	mutex_init(&fs->rename, RANK_RENAME);
	mutex_init(&fs->super_lock, RANK_ICACHE);
	icache_init(&fs->icache);
	return fs;
}

/* On failure @env still belongs to the caller. */
static int open_on(struct fs **out, struct env *env, bool env_owned,
		   const struct fs_options *options)
{
	struct kv_options kv_options;
	struct error_words words;
	struct fs *fs;
	int rc;

	if (!options)
		options = &fs_options_default;
	fs = fs_new(env, options);
	if (!fs)
		return -ENOMEM;
	kv_options = store_options(options);
	rc = kv_open(&fs->kv, fs->env, &kv_options);
	if (rc < 0)
		goto free_fs;
	/* The kernel always knows the root, and never says so. */
	rc = icache_ref(&fs->icache, FS_ROOT_INO) ? 0 : -ENOMEM;
	if (rc == 0)
		rc = superblock_open(fs, options);
	if (rc == 0 && !fs->read_only)
		rc = orphan_sweep(fs);
	if (rc == 0 && !fs->read_only && options->background)
		rc = purger_new(&fs->purger, fs, options->purge_wait_ms);
	if (rc < 0)
		goto close_kv;

	fs->owned = env_owned ? env : NULL;
	*out = fs;
	return 0;

close_kv:
	error_take(&words);
	kv_close(fs->kv);
	error_put_back(&words);
free_fs:
	fs_free(fs);
	return rc;
}

int fs_open_env(struct fs **out, struct env *env,
		const struct fs_options *options)
{
	return open_on(out, env, false, options);
}

int fs_open(struct fs **out, const char *store,
	    const struct fs_options *options)
{
	struct env *env;
	int rc;

	if (!options)
		options = &fs_options_default;
	rc = env_posix_new(&env, store, options->create && !options->read_only);
	if (rc < 0)
		return rc;
	rc = open_on(out, env, true, options);
	if (rc < 0)
		env_free(env);
	return rc;
}

/* The first error counts; the rest is done as far as it goes. */
int fs_close(struct fs *fs)
{
	int rc = 0, close_rc;

	if (!fs)
		return 0;
	purger_free(fs->purger);
	fs->purger = NULL;
	if (!fs->read_only) {
		rc = orphan_sweep(fs);
		if (rc == 0)
			rc = superblock_close(fs);
	}
	close_rc = kv_close(fs->kv);
	fs_free(fs);
	return rc < 0 ? rc : close_rc;
}

bool fs_was_clean(const struct fs *fs)
{
	return fs->was_clean;
}

const char *fs_error_text(int rc)
{
	return error_text(rc);
}

/*
 * The store is one log: what is durable of one inode is so of all that was
 * answered before.  No inode is locked while it waits for the device.
 */
int fs_fsync(struct fs *fs, uint64_t ino UNUSED)
{
	return fs_sync(fs);
}

int fs_sync(struct fs *fs)
{
	return kv_sync(fs->kv, kv_mark(fs->kv));
}

/*
 * An inode needs no place of its own, so how many more there can be depends
 * on what is in them: one a free block is what is promised.  What is kept for
 * deletes is free, but not available: writes are refused before it.
 */
int fs_statfs(struct fs *fs, struct statvfs *out)
{
	uint64_t inodes = atomic_load(&fs->inodes);
	uint64_t blocks_avail;
	struct kv_space space;
	int rc;

	rc = kv_space(fs->kv, &space);
	if (rc < 0)
		return rc;
	blocks_avail = space.bytes_avail / BLOCK_BYTES;
	*out = (struct statvfs){
		.f_bsize = BLOCK_BYTES,
		.f_frsize = BLOCK_BYTES,
		.f_blocks = space.bytes_total / BLOCK_BYTES,
		.f_bfree = space.bytes_free / BLOCK_BYTES,
		.f_bavail = blocks_avail,
		.f_files = inodes + blocks_avail,
		.f_ffree = blocks_avail,
		.f_favail = blocks_avail,
		.f_namemax = FS_NAME_MAX,
	};
	return 0;
}

int fs_usage(struct fs *fs, struct fs_usage *out)
{
	struct kv_stats stats;
	int rc;

	rc = kv_stats(fs->kv, &stats);
	if (rc < 0)
		return rc;
	*out = (struct fs_usage){
		.inodes = atomic_load(&fs->inodes),
		.data_bytes = atomic_load(&fs->data_bytes),
		.disk_bytes = stats.disk_bytes,
		.disk_bytes_log = stats.wal_bytes,
	};
	return 0;
}
