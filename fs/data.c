/*
 * File data: chunks of 32 KiB.
 *
 * The value of 'c' ino8 chunk8 is the chunk's first bytes; what it is short of
 * reads as zeros, up to the size of the file, and so does a chunk that is not
 * there: a hole.  Invariants: no value is empty or longer than a chunk; none
 * reaches past the file's size, unless the inode has INODE_PURGE; a record's
 * `stored` is the sum of their sizes.
 *
 * Small files need no form of their own: the store keeps small values in its
 * tree, where those of neighbouring inodes share a block.
 *
 * A write is one batch: all of it, with the size and times, or nothing.  Whole
 * chunks are written without being read, and are not copied on their way to
 * the store; others are read, changed and written.
 */
#include <limits.h>
#include <stdlib.h>

#include "fs/orphan.h"
#include "fs/schema.h"
#include "fs/truncate.h"

static int check_regular(const struct inode *inode)
{
	if (S_ISDIR(inode->rec.mode))
		return -EISDIR;
	return S_ISREG(inode->rec.mode) ? 0 : -EINVAL;
}

/* ------------------------------------------------------------ reading -- */

/*
 * Copies @size bytes from @start on of one chunk, zeros where there are none.
 */
static int read_chunk(struct fs *fs, uint64_t ino, uint64_t chunk, size_t start,
		      uint8_t *buf, size_t size)
{
	struct schema_key key;
	struct kv_value value;
	size_t got = 0;
	int rc;

	schema_key_chunk(&key, ino, chunk);
	rc = kv_get(fs->kv, schema_slice(&key), &value);
	if (rc < 0 && rc != -ENOENT)
		return rc;
	if (rc == 0) {
		if (value.data.size > start) {
			got = size_min(size, value.data.size - start);
			memcpy(buf, (const uint8_t *)value.data.data + start,
			       got);
		}
		kv_value_release(&value);
	}
	memset(buf + got, 0, size - got);
	return 0;
}

/*
 * The lock is held to learn the size, not over the reads, so that readers of
 * one file do not wait for each other.  A read that runs against a write may
 * see part of it, chunk by chunk; the kernel keeps them apart where a program
 * could tell.
 */
ssize_t fs_read(struct fs *fs, uint64_t ino, void *buf, size_t size,
		uint64_t offset) UNCHECKED
{
	struct inode *inode;
	uint64_t file_size;
	size_t done = 0;
	int rc;

	rc = inode_get_locked(fs, ino, &inode);
	if (rc < 0)
		return rc;
	rc = check_regular(inode);
	file_size = inode->rec.size;
	mutex_unlock(&inode->lock);
	if (rc < 0 || offset >= file_size)
		goto put;

	size = size_min(u64_min(size, file_size - offset), SSIZE_MAX);
	while (rc == 0 && done < size) {
		uint64_t at = offset + done;
		size_t start = at % SCHEMA_CHUNK_BYTES;
		size_t n = size_min(size - done, SCHEMA_CHUNK_BYTES - start);

		rc = read_chunk(fs, ino, at / SCHEMA_CHUNK_BYTES, start,
				(uint8_t *)buf + done, n);
		done += n;
	}
put:
	inode_put(fs, inode);
	return rc < 0 ? rc : (ssize_t)done;
}

ssize_t fs_readlink(struct fs *fs, uint64_t ino, char *buf,
		    size_t size) UNCHECKED
{
	struct inode *inode;
	size_t length;
	int rc;

	rc = inode_get_locked(fs, ino, &inode);
	if (rc < 0)
		return rc;
	rc = S_ISLNK(inode->rec.mode) ? 0 : -EINVAL;
	length = inode->rec.size;
	mutex_unlock(&inode->lock);
	if (rc == 0 && size < length)
		rc = -ERANGE;
	if (rc == 0)
		rc = read_chunk(fs, ino, 0, 0, (uint8_t *)buf, length);
	inode_put(fs, inode);
	return rc < 0 ? rc : (ssize_t)length;
}

/* ------------------------------------------------------------ writing -- */

/* A write that is being put together. */
struct write {
	struct fs *fs;
	struct inode *inode;     /* locked */
	struct inode_record rec; /* as it will be */
	struct kv_batch *batch;
	uint8_t *bounce; /* owned: a chunk that is being changed, or NULL */
};

static bool all_zero(const uint8_t *bytes, size_t size)
{
	return size == 0 ||
	       (bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0);
}

/* The size of a chunk as it is stored now; 0: not there. */
static int stored_size(struct write *w, const struct schema_key *key,
		       uint64_t chunk, size_t *size)
{
	int rc;

	*size = 0;
	if (chunk >= schema_chunks(w->inode->rec.size))
		return 0;
	rc = kv_size(w->fs->kv, schema_slice(key), size);
	return rc == -ENOENT ? 0 : rc;
}

static int write_whole(struct write *w, uint64_t chunk, const uint8_t *bytes)
{
	struct schema_key key;
	size_t old_size;
	int rc;

	schema_key_chunk(&key, w->inode->ino, chunk);
	rc = stored_size(w, &key, chunk, &old_size);
	if (rc < 0)
		return rc;
	w->rec.stored -= u64_min(old_size, w->rec.stored);
	if (!all_zero(bytes, SCHEMA_CHUNK_BYTES)) {
		w->rec.stored += SCHEMA_CHUNK_BYTES;
		return kv_batch_put_borrowed(
			w->batch, schema_slice(&key),
			slice_of(bytes, SCHEMA_CHUNK_BYTES));
	}
	return old_size ? kv_batch_delete(w->batch, schema_slice(&key)) : 0;
}

/* Puts what a chunk holds now in the bounce buffer. */
static int fetch(struct write *w, const struct schema_key *key, uint64_t chunk,
		 size_t *old_size)
{
	struct kv_value value;
	int rc;

	if (!w->bounce)
		w->bounce = malloc(SCHEMA_CHUNK_BYTES);
	if (!w->bounce)
		return -ENOMEM;
	*old_size = 0;
	if (chunk >= schema_chunks(w->inode->rec.size))
		return 0;
	rc = kv_get(w->fs->kv, schema_slice(key), &value);
	if (rc < 0)
		return rc == -ENOENT ? 0 : rc;
	*old_size = size_min(value.data.size, SCHEMA_CHUNK_BYTES);
	memcpy(w->bounce, value.data.data, *old_size);
	kv_value_release(&value);
	return 0;
}

static int write_part(struct write *w, uint64_t chunk, size_t start,
		      const uint8_t *bytes, size_t size)
{
	struct schema_key key;
	size_t old_size, new_size;
	int rc;

	schema_key_chunk(&key, w->inode->ino, chunk);
	rc = fetch(w, &key, chunk, &old_size);
	if (rc < 0)
		return rc;
	/* Zeros behind what is stored are what reads there anyway. */
	if (start >= old_size && all_zero(bytes, size))
		return 0;
	if (start > old_size)
		memset(w->bounce + old_size, 0, start - old_size);
	memcpy(w->bounce + start, bytes, size);
	new_size = size_max(old_size, start + size);
	w->rec.stored -= u64_min(old_size, w->rec.stored);
	w->rec.stored += new_size;
	return kv_batch_put(w->batch, schema_slice(&key),
			    slice_of(w->bounce, new_size));
}

static int stage_data(struct write *w, const uint8_t *buf, size_t size,
		      uint64_t offset)
{
	size_t done = 0;
	int rc = 0;

	while (rc == 0 && done < size) {
		uint64_t at = offset + done;
		uint64_t chunk = at / SCHEMA_CHUNK_BYTES;
		size_t start = at % SCHEMA_CHUNK_BYTES;
		size_t n = size_min(size - done, SCHEMA_CHUNK_BYTES - start);

		if (n == SCHEMA_CHUNK_BYTES)
			rc = write_whole(w, chunk, buf + done);
		else
			rc = write_part(w, chunk, start, buf + done, n);
		done += n;
	}
	return rc;
}

static void stage_record(struct write *w, uint64_t end, unsigned flags)
{
	struct inode_record *rec = &w->rec;

	rec->size = u64_max(rec->size, end);
	if (!(flags & FS_WRITE_CACHED)) {
		rec->mtime_ns = superblock_now_ns(w->fs);
		rec->ctime_ns = rec->mtime_ns;
	}
	if (flags & FS_WRITE_KILL_PRIV)
		inode_kill_privileges(rec);
	inode_stage(w->batch, w->inode->ino, rec);
}

/* One batch: the chunks, and the record with the new size and times. */
static int write_locked(struct fs *fs, struct inode *inode, const void *buf,
			size_t size, uint64_t offset, unsigned flags)
	NEEDS(inode->lock)
{
	struct write w = { .fs = fs, .inode = inode };
	int rc;

	rc = check_regular(inode);
	if (rc == 0)
		rc = orphan_trim(fs, inode);
	if (rc < 0 || size == 0)
		return rc;
	w.rec = inode->rec;
	w.batch = kv_batch_new();
	if (!w.batch)
		return -ENOMEM;
	rc = stage_data(&w, buf, size, offset);
	if (rc == 0) {
		stage_record(&w, offset + size, flags);
		rc = kv_write(fs->kv, w.batch);
	}
	if (rc == 0) {
		atomic_fetch_add(&fs->data_bytes, w.rec.size - inode->rec.size);
		inode->rec = w.rec;
	}
	kv_batch_free(w.batch);
	free(w.bounce);
	return rc;
}

/* @size is bounded by what one batch of the store takes: KV_BATCH_MAX. */
ssize_t fs_write(struct fs *fs, uint64_t ino, const void *buf, size_t size,
		 uint64_t offset, unsigned flags) UNCHECKED
{
	struct inode *inode;
	int rc;

	if (offset > FS_FILE_SIZE_MAX || size > FS_FILE_SIZE_MAX - offset)
		return -EFBIG;
	rc = inode_get_locked(fs, ino, &inode);
	if (rc < 0)
		return rc;
	rc = write_locked(fs, inode, buf, size, offset, flags);
	inode_put_locked(fs, inode);
	return rc < 0 ? rc : (ssize_t)size;
}
