#include "fs/inode.h"

#include <inttypes.h>
#include <sys/sysmacros.h>

#include "engine/base/error.h"
#include "fs/orphan.h"
#include "fs/purge.h"
#include "fs/schema.h"

/*
 * A directory's first run is short, since most directories are; each further
 * one is twice as long, so that large ones stay in few pieces.
 */
#define RUN_MIN 64
#define RUN_MAX 4096

#define BLOCK_BYTES      4096 /* st_blksize */
#define STAT_BLOCK_BYTES 512  /* the unit of st_blocks, fixed */

static int load(struct fs *fs, struct inode *inode)
{
	struct schema_key key;
	struct kv_value value;
	int rc;

	schema_key_ino(&key, SCHEMA_INODE, inode->ino);
	rc = kv_get(fs->kv, schema_slice(&key), &value);
	if (rc < 0)
		return rc;
	rc = inode_format_decode(&inode->rec, inode->ino, value.data);
	kv_value_release(&value);
	if (rc == 0)
		atomic_store(&inode->loaded, true);
	return rc;
}

int inode_get(struct fs *fs, uint64_t ino, struct inode **out)
{
	struct inode *inode = icache_ref(&fs->icache, ino);
	int rc = 0;

	if (!inode)
		return -ENOMEM;
	if (!atomic_load(&inode->loaded)) {
		mutex_lock(&inode->lock);
		if (!atomic_load(&inode->loaded))
			rc = load(fs, inode);
		mutex_unlock(&inode->lock);
	}
	if (rc < 0) {
		inode_put(fs, inode);
		return rc;
	}
	*out = inode;
	return 0;
}

static void purge(struct fs *fs, struct inode *inode)
{
	int rc;

	if (fs->purger && purger_add(fs->purger, inode))
		return;
	mutex_lock(&inode->lock);
	rc = orphan_remove(fs, inode);
	mutex_unlock(&inode->lock);
	icache_unref(&fs->icache, inode, rc < 0);
}

void inode_put(struct fs *fs, struct inode *inode)
{
	if (inode && !icache_unref(&fs->icache, inode, false))
		purge(fs, inode);
}

int inode_get_locked(struct fs *fs, uint64_t ino, struct inode **out) UNCHECKED
{
	struct inode *inode;
	int rc;

	rc = inode_get(fs, ino, &inode);
	if (rc < 0)
		return rc;
	mutex_lock(&inode->lock);
	if (inode->gone) {
		inode_put_locked(fs, inode);
		return -ENOENT;
	}
	*out = inode;
	return 0;
}

void inode_put_locked(struct fs *fs, struct inode *inode) UNCHECKED
{
	mutex_unlock(&inode->lock);
	inode_put(fs, inode);
}

void inode_set_add(struct inode_set *set, struct inode *inode)
{
	unsigned at = 0, i;

	if (!inode)
		return;
	while (at < set->count && set->at[at]->ino < inode->ino)
		at++;
	if (at < set->count && set->at[at] == inode)
		return;
	assert(set->count < ARRAY_SIZE(set->at));
	for (i = set->count++; i > at; i--)
		set->at[i] = set->at[i - 1];
	set->at[at] = inode;
}

void inode_set_lock(const struct inode_set *set) UNCHECKED
{
	unsigned i;

	for (i = 0; i < set->count; i++)
		mutex_lock(&set->at[i]->lock);
}

void inode_set_unlock(const struct inode_set *set) UNCHECKED
{
	unsigned i;

	for (i = set->count; i > 0; i--)
		mutex_unlock(&set->at[i - 1]->lock);
}

int inode_check_dir(const struct inode *dir)
{
	if (!S_ISDIR(dir->rec.mode))
		return -ENOTDIR;
	return dir->rec.nlink == 0 ? -ENOENT : 0;
}

int inode_number(struct fs *fs, struct inode *dir, uint64_t *ino)
{
	int rc;

	mutex_assert_held(&dir->lock);
	if (dir->run_next == dir->run_end) {
		uint32_t length = dir->run_length * 2;
		uint64_t first;

		if (length == 0)
			length = RUN_MIN;
		if (length > RUN_MAX)
			length = RUN_MAX;
		rc = superblock_reserve(fs, length, &first);
		if (rc < 0)
			return rc;
		if (first <= dir->ino)
			return error_set(-EUCLEAN,
					 "superblock: gives out inode %" PRIu64
					 ", below its directory's",
					 first);
		dir->run_next = first;
		dir->run_end = first + length;
		dir->run_length = length;
	}
	*ino = dir->run_next++;
	return 0;
}

void inode_kill_privileges(struct inode_record *rec)
{
	if (S_ISDIR(rec->mode))
		return;
	rec->mode &= ~(uint32_t)S_ISUID;
	if (rec->mode & S_IXGRP)
		rec->mode &= ~(uint32_t)S_ISGID;
}

void inode_stage(struct kv_batch *batch, uint64_t ino,
		 const struct inode_record *rec)
{
	uint8_t bytes[INODE_FORMAT_SIZE];
	struct schema_key key;

	schema_key_ino(&key, SCHEMA_INODE, ino);
	inode_format_encode(rec, bytes);
	kv_batch_put(batch, schema_slice(&key), slice_of(bytes, sizeof(bytes)));
}

int inode_commit(struct fs *fs, struct kv_batch *batch)
{
	int rc = fs->read_only ? -EROFS : kv_write(fs->kv, batch);

	kv_batch_free(batch);
	return rc;
}

struct timespec inode_timespec(int64_t ns)
{
	int64_t s = ns / (int64_t)NS_PER_S;
	int64_t rest = ns % (int64_t)NS_PER_S;

	if (rest < 0) {
		s--;
		rest += (int64_t)NS_PER_S;
	}
	return (struct timespec){ .tv_sec = s, .tv_nsec = rest };
}

void inode_stat(const struct inode *inode, struct stat *out)
{
	const struct inode_record *rec = &inode->rec;
	struct stat st = {
		.st_ino = inode->ino,
		.st_mode = rec->mode,
		.st_nlink = rec->nlink,
		.st_uid = rec->uid,
		.st_gid = rec->gid,
		.st_rdev = makedev(rec->rdev_major, rec->rdev_minor),
		.st_size = (off_t)rec->size,
		.st_blksize = BLOCK_BYTES,
		.st_blocks = (blkcnt_t)((rec->stored + STAT_BLOCK_BYTES - 1) /
					STAT_BLOCK_BYTES),
		.st_atim = inode_timespec(rec->atime_ns),
		.st_mtim = inode_timespec(rec->mtime_ns),
		.st_ctim = inode_timespec(rec->ctime_ns),
	};

	*out = st;
}

void inode_note_unlinked(struct inode *inode, const struct inode *dir)
{
	inode->unlinked_in = dir->ino;
	inode->unlinked_seq = atomic_load(&dir->names_seq);
}

/*
 * A directory that the kernel has forgotten is one that it holds no lock of.
 */
bool inode_unlink_pending(struct fs *fs, uint64_t dir_ino, uint64_t seq)
{
	struct inode *dir;
	bool pending;

	if (dir_ino == 0)
		return false;
	dir = icache_find(&fs->icache, dir_ino);
	pending = dir && atomic_load(&dir->names_seq) == seq;
	inode_put(fs, dir);
	return pending;
}

void inode_entry(struct fs *fs, struct inode *inode, struct fs_entry *out)
{
	out->ino = inode->ino;
	out->generation = inode->rec.generation;
	out->unlink_pending = false;
	inode_stat(inode, &out->attr);
	icache_remember(&fs->icache, inode, 1);
}
