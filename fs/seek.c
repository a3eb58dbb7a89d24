/*
 * lseek(2) for data and holes.  Data are the bytes that are stored of a chunk;
 * what it is short of, and chunks that are not there, are holes, and so is
 * what follows the end of the file.
 */
#include <unistd.h>

#include "fs/data.h"
#include "fs/schema.h"

/*
 * The stored bytes at or behind an offset: [from, to).  1, or 0 for none.
 * Blocks tell nothing: they lie over a chunk that is whole, and comes first.
 */
static int next_data(struct kv_iter *it, uint64_t offset, uint64_t *from,
		     uint64_t *to)
{
	struct schema_parsed key;
	int rc;

	do {
		rc = schema_parse(kv_iter_key(it), &key);
		if (rc < 0)
			return rc;
		*from = key.number * SCHEMA_CHUNK_BYTES;
		*to = *from + kv_iter_value_size(it);
		if (*to > offset && !key.is_block)
			return 1;
		rc = kv_iter_next(it);
	} while (rc > 0);
	return rc;
}

/* The iterator is at the first chunk that may matter, if @rc is 1. */
static int find(struct kv_iter *it, int rc, uint64_t *offset, int whence)
{
	uint64_t from, to;

	while (rc > 0) {
		rc = next_data(it, *offset, &from, &to);
		if (rc <= 0)
			break;
		if (whence == SEEK_DATA) {
			*offset = u64_max(*offset, from);
			return 1;
		}
		if (from > *offset)
			return 1;
		*offset = to;
		rc = kv_iter_next(it);
	}
	if (rc < 0)
		return rc;
	return whence == SEEK_HOLE;
}

static int seek_in(struct fs *fs, uint64_t ino, uint64_t *offset, int whence)
{
	struct schema_key lower, upper;
	struct kv_iter *it;
	int rc;

	schema_key_chunk(&lower, ino, *offset / SCHEMA_CHUNK_BYTES);
	schema_key_ino(&upper, SCHEMA_CHUNK, ino + 1);
	rc = kv_iter_open(&it, fs->kv, schema_slice(&lower),
			  schema_slice(&upper));
	if (rc < 0)
		return rc;
	rc = find(it, kv_iter_first(it), offset, whence);
	kv_iter_close(it);
	return rc;
}

off_t fs_seek(struct fs *fs, uint64_t ino, off_t offset, int whence) UNCHECKED
{
	uint64_t at = (uint64_t)offset, size;
	struct inode *inode;
	int rc;

	if (whence != SEEK_DATA && whence != SEEK_HOLE)
		return -EINVAL;
	rc = inode_get_locked(fs, ino, &inode);
	if (rc < 0)
		return rc;
	rc = data_check_regular(inode);
	size = inode->rec.size;
	if (rc == 0 && (offset < 0 || at >= size))
		rc = -ENXIO;
	if (rc == 0)
		rc = seek_in(fs, ino, &at, whence);
	inode_put_locked(fs, inode);
	if (rc < 0)
		return rc;
	if (whence == SEEK_HOLE)
		return (off_t)u64_min(at, size);
	return rc > 0 && at < size ? (off_t)at : -ENXIO;
}
