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
 * A write is one batch (write.h): all of it, with the size and times, or
 * nothing.  Whole chunks are written without being read, and are not copied on
 * their way to the store.  A few blocks of a whole chunk are written over it
 * (blocks.h); others are read, changed and written.  Where there are many whole
 * chunks they are compressed before the inode is locked, so that what the
 * kernel writes back of one file keeps all processors busy.
 */
#include "fs/data.h"

#include <limits.h>
#include <stdlib.h>

#include "fs/blocks.h"
#include "fs/schema.h"
#include "fs/write.h"

int data_check_regular(const struct inode *inode)
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

int data_read(struct fs *fs, uint64_t ino, uint32_t flags, void *buf,
	      size_t size, uint64_t offset)
{
	size_t done = 0;
	int rc = 0;

	if (flags & INODE_BLOCKS && size > 0)
		return blocks_read(fs, ino, buf, size, offset);
	while (rc == 0 && done < size) {
		uint64_t at = offset + done;
		size_t start = at % SCHEMA_CHUNK_BYTES;
		size_t n = size_min(size - done, SCHEMA_CHUNK_BYTES - start);

		rc = read_chunk(fs, ino, at / SCHEMA_CHUNK_BYTES, start,
				(uint8_t *)buf + done, n);
		done += n;
	}
	return rc;
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
	uint32_t flags;
	int rc;

	rc = inode_get_locked(fs, ino, &inode);
	if (rc < 0)
		return rc;
	rc = data_check_regular(inode);
	file_size = inode->rec.size;
	flags = inode->rec.flags;
	mutex_unlock(&inode->lock);
	if (rc < 0 || offset >= file_size)
		goto put;

	done = size_min(u64_min(size, file_size - offset), SSIZE_MAX);
	rc = data_read(fs, ino, flags, buf, done, offset);
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

		rc = write_chunk(w, chunk, start, buf + done, n);
		done += n;
	}
	return rc;
}

/*
 * What the kernel's cache writes begins where a page does, so bytes that the
 * file has may come again, as long as they are the same.
 */
static int check_appends(struct fs *fs, const struct inode *inode,
			 const uint8_t *buf, size_t size, uint64_t offset)
	NEEDS(inode->lock)
{
	uint8_t *now;
	int rc;

	if (offset >= inode->rec.size)
		return 0;
	size = u64_min(size, inode->rec.size - offset);
	now = malloc(size);
	if (!now)
		return -ENOMEM;
	rc = data_read(fs, inode->ino, inode->rec.flags, now, size, offset);
	if (rc == 0 && memcmp(now, buf, size) != 0)
		rc = -EPERM;
	free(now);
	return rc;
}

/* One batch: the chunks, and the record with the new size and times. */
static int write_locked(struct write *w, struct fs *fs, struct inode *inode,
			const void *buf, size_t size, uint64_t offset,
			unsigned flags, bool *changed) NEEDS(inode->lock)
{
	int rc;

	rc = write_begin(w, fs, inode);
	if (rc < 0)
		return rc;
	if (inode->rec.flags & INODE_APPEND)
		rc = check_appends(fs, inode, buf, size, offset);
	if (rc == 0 && size > 0)
		rc = stage_data(w, buf, size, offset);
	if (rc == 0 && size > 0) {
		w->rec.size = u64_max(w->rec.size, offset + size);
		if (!(flags & FS_WRITE_CACHED))
			write_touch(w);
		if (flags & FS_WRITE_KILL_PRIV)
			inode_kill_privileges(&w->rec);
		*changed = w->rec.mode != inode->rec.mode ||
			   w->rec.stored != inode->rec.stored;
		rc = write_commit(w);
	}
	return rc;
}

/* @size is bounded by what one batch of the store takes: KV_BATCH_MAX. */
ssize_t fs_write(struct fs *fs, uint64_t ino, const void *buf, size_t size,
		 uint64_t offset, unsigned flags, bool *changed) UNCHECKED
{
	bool any = false;
	struct inode *inode;
	struct write w;
	int rc;

	if (offset > FS_FILE_SIZE_MAX || size > FS_FILE_SIZE_MAX - offset)
		return -EFBIG;
	rc = write_prepare(&w, fs, ino, buf, size, offset);
	if (rc == 0)
		rc = inode_get_locked(fs, ino, &inode);
	if (rc == 0) {
		rc = write_locked(&w, fs, inode, buf, size, offset, flags,
				  &any);
		inode_put_locked(fs, inode);
	}
	write_end(&w);
	if (rc == 0 && changed)
		*changed = any;
	return rc < 0 ? rc : (ssize_t)size;
}
