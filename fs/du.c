/*
 * Directories wait on a stack while their parents are walked, 8 bytes each; a
 * bit or two is kept of each value of the value log, of each file with several
 * names and of each directory, so that they are counted once.  A directory with
 * two names is damage, which may lead round in a circle.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "engine/base/numbers.h"
#include "fs/dentry.h"
#include "fs/info.h"
#include "fs/say.h"
#include "fs/schema.h"

struct du {
	struct fs *fs;
	struct numbers values; /* of the value log that were counted */
	struct numbers seen;   /* inodes that may have several names */
	uint64_t *dirs;        /* owned: to be walked */
	size_t dir_count, dir_cap;
	struct say_progress progress;
	uint64_t total; /* inodes there are, if that is known, else 0 */

	uint64_t files, directories, others;
	uint64_t size_bytes;   /* of files, as stat(2) says */
	uint64_t data_bytes;   /* of values of the value log, each once */
	uint64_t blob_bytes;   /* the same as stored */
	uint64_t shared_bytes; /* stored, not counted a second time */
	uint64_t tree_bytes;   /* keys and values in the tree */
};

static int push_dir(struct du *du, uint64_t ino)
{
	if (du->dir_count == du->dir_cap) {
		size_t cap = size_max(64, du->dir_cap * 2);
		uint64_t *dirs = reallocarray(du->dirs, cap, sizeof(*dirs));

		if (!dirs)
			return -ENOMEM;
		du->dirs = dirs;
		du->dir_cap = cap;
	}
	du->dirs[du->dir_count++] = ino;
	return 0;
}

static int count_value(struct du *du, const struct kv_iter *it)
{
	struct kv_place place;
	int rc;

	rc = kv_iter_place(it, &place);
	if (rc < 0)
		return rc;
	du->tree_bytes += kv_iter_key(it).size;
	if (place.blob_id == 0) {
		du->tree_bytes += place.raw_bytes;
		return 0;
	}
	rc = numbers_add(&du->values, info_place_number(&place));
	if (rc == 1) {
		du->data_bytes += place.raw_bytes;
		du->blob_bytes += place.stored_bytes;
	} else if (rc == 0) {
		du->shared_bytes += place.stored_bytes;
	}
	return rc < 0 ? rc : 0;
}

/* All values under keys of one kind that belong to @ino. */
static int count_values(struct du *du, enum schema_kind kind, uint64_t ino)
{
	struct schema_key key;
	struct kv_iter *it;
	int rc;

	schema_key_ino(&key, kind, ino);
	rc = kv_iter_open_prefix(&it, du->fs->kv, NULL, schema_slice(&key));
	if (rc < 0)
		return rc;
	rc = kv_iter_first(it);
	while (rc > 0) {
		rc = count_value(du, it);
		if (rc == 0)
			rc = kv_iter_next(it);
	}
	kv_iter_close(it);
	return rc;
}

static int count_kind(struct du *du, const struct inode_record *rec,
		      uint64_t ino)
{
	if (S_ISDIR(rec->mode)) {
		du->directories++;
		return push_dir(du, ino);
	}
	if (S_ISREG(rec->mode)) {
		du->files++;
		du->size_bytes += rec->size;
	} else {
		du->others++;
	}
	return 0;
}

/* What has gone since its name was read is not counted. */
static int count_inode(struct du *du, uint64_t ino)
{
	struct inode_record rec;
	struct inode *inode;
	int rc;

	rc = inode_get_locked(du->fs, ino, &inode);
	if (rc < 0)
		return rc == -ENOENT ? 0 : rc;
	rec = inode->rec;
	inode_put_locked(du->fs, inode);
	if (S_ISDIR(rec.mode) || rec.nlink > 1) {
		rc = numbers_add(&du->seen, ino);
		if (rc <= 0)
			return rc;
	}
	rc = count_kind(du, &rec, ino);
	du->tree_bytes += 1 + sizeof(ino) + INODE_FORMAT_SIZE;
	if (rc == 0 && rec.flags & INODE_XATTRS)
		rc = count_values(du, SCHEMA_XATTR, ino);
	if (rc == 0 && rec.stored > 0)
		rc = count_values(du, SCHEMA_CHUNK, ino);
	if (rc < 0)
		return rc;
	return say_progress(&du->progress,
			    du->files + du->directories + du->others,
			    du->total);
}

static int count_name(struct du *du, struct kv_iter *it)
{
	struct dentry dentry;
	struct slice value;
	int rc;

	rc = kv_iter_value(it, &value);
	if (rc == 0)
		rc = dentry_decode(&dentry, value);
	if (rc < 0)
		return rc;
	du->tree_bytes += kv_iter_key(it).size + value.size;
	return count_inode(du, dentry.ino);
}

static int count_dir(struct du *du, uint64_t ino)
{
	struct schema_key key;
	struct kv_iter *it;
	int rc;

	schema_key_ino(&key, SCHEMA_DENTRY, ino);
	rc = kv_iter_open_prefix(&it, du->fs->kv, NULL, schema_slice(&key));
	if (rc < 0)
		return rc;
	rc = kv_iter_first(it);
	while (rc > 0) {
		rc = count_name(du, it);
		if (rc == 0)
			rc = kv_iter_next(it);
	}
	kv_iter_close(it);
	return rc;
}

/* What a byte of keys and values takes in tables, on the average of them all.
 */
static int table_bytes(const struct du *du, uint64_t *out)
{
	struct kv_stats stats;
	int rc;

	rc = kv_stats(du->fs->kv, &stats);
	if (rc < 0)
		return rc;
	*out = du->tree_bytes;
	if (stats.sst_raw_bytes > 0)
		*out = (uint64_t)((unsigned __int128)du->tree_bytes *
				  stats.sst_bytes / stats.sst_raw_bytes);
	return 0;
}

static int say_sums(const struct du *du)
{
	uint64_t tables;
	int rc;

	rc = table_bytes(du, &tables);
	if (rc < 0)
		return rc;
	return say(du->progress.sink,
		   "files %" PRIu64 "\ndirectories %" PRIu64 "\nothers %" PRIu64
		   "\nsize_bytes %" PRIu64 "\nblobs_raw_bytes %" PRIu64
		   "\nblobs_bytes %" PRIu64 "\nshared_bytes %" PRIu64
		   "\ntree_raw_bytes %" PRIu64 "\ntree_bytes %" PRIu64
		   "\nstored_bytes %" PRIu64 "\n",
		   du->files, du->directories, du->others, du->size_bytes,
		   du->data_bytes, du->blob_bytes, du->shared_bytes,
		   du->tree_bytes, tables, du->blob_bytes + tables);
}

int du_tell(struct fs *fs, uint64_t ino, const struct fs_sink *sink)
{
	struct du du = {
		.fs = fs,
		.progress = { .sink = sink, .env = fs->env },
		.total = ino == FS_ROOT_INO ? atomic_load(&fs->inodes) : 0,
	};
	struct inode *inode;
	int rc;

	/* One that is not there is an error here alone. */
	rc = inode_get(fs, ino, &inode);
	if (rc < 0)
		return rc;
	inode_put(fs, inode);
	rc = count_inode(&du, ino);
	while (rc == 0 && du.dir_count > 0)
		rc = count_dir(&du, du.dirs[--du.dir_count]);
	if (rc == 0)
		rc = say_sums(&du);
	numbers_fini(&du.values);
	numbers_fini(&du.seen);
	free(du.dirs);
	return rc;
}
