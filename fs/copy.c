/*
 * copy_file_range(2): whole chunks by reference, what is left by value.
 *
 * A chunk is shared if it lies at the same place in a chunk of both files and
 * is copied as a whole, or as far as both files go.  So a copy of a file takes
 * no data at all, only keys.
 */
#include <stdlib.h>

#include "fs/data.h"
#include "fs/schema.h"
#include "fs/write.h"

#define SHARED_BYTES_MAX ((uint64_t)128 << 20) /* a batch, by reference */
#define COPIED_BYTES_MAX ((uint64_t)1 << 20)   /* a batch, by value */

/* A copy that is being put together. */
struct copy {
	struct write w;             /* of the target */
	const struct inode *source; /* locked */
	uint64_t in;
	uint64_t out;
	uint8_t *buf; /* owned: a chunk */
};

/* @size bytes behind @done of both, within one chunk of the target. */
static int copy_piece(struct copy *c, uint64_t done, size_t size)
{
	uint64_t in = c->in + done, out = c->out + done;
	uint64_t chunk = out / SCHEMA_CHUNK_BYTES;
	size_t start = out % SCHEMA_CHUNK_BYTES;
	bool shared = false;
	int rc = 0;

	if (start == 0 && in % SCHEMA_CHUNK_BYTES == 0)
		rc = write_shared(&c->w, chunk, size, c->source,
				  in / SCHEMA_CHUNK_BYTES, &shared);
	if (rc < 0 || shared)
		return rc;
	if (!c->buf)
		c->buf = malloc(SCHEMA_CHUNK_BYTES);
	if (!c->buf)
		return -ENOMEM;
	rc = data_read(c->w.fs, c->source->ino, c->source->rec.flags, c->buf,
		       size, in);
	if (rc < 0)
		return rc;
	/* The buffer is used again: a whole chunk must not be borrowed. */
	return write_part(&c->w, chunk, start, c->buf, size);
}

static int copy_pieces(struct copy *c, uint64_t size)
{
	uint64_t done = 0;
	int rc = 0;

	while (rc == 0 && done < size) {
		size_t start = (c->out + done) % SCHEMA_CHUNK_BYTES;
		size_t n = u64_min(size - done, SCHEMA_CHUNK_BYTES - start);

		rc = copy_piece(c, done, n);
		done += n;
	}
	return rc;
}

static uint64_t size_now(const struct copy *c, const struct inode *in,
			 uint64_t size) NEEDS(in->lock)
{
	bool aligned = c->in % SCHEMA_CHUNK_BYTES ==
		       c->out % SCHEMA_CHUNK_BYTES;

	if (c->in >= in->rec.size)
		return 0;
	size = u64_min(size, in->rec.size - c->in);
	return u64_min(size, aligned ? SHARED_BYTES_MAX : COPIED_BYTES_MAX);
}

/* Both are locked; they may be one. */
static ssize_t copy_locked(struct fs *fs, struct copy *c, struct inode *in,
			   struct inode *out, uint64_t size, bool kill_priv)
	NEEDS(in->lock, out->lock)
{
	int rc;

	c->source = in;
	rc = data_check_regular(in);
	if (rc == 0 && out->rec.flags & INODE_APPEND && c->out < out->rec.size)
		rc = -EPERM;
	if (rc == 0)
		rc = write_begin(&c->w, fs, out);
	if (rc < 0)
		return rc;
	size = size_now(c, in, size);
	if (size > 0) {
		rc = copy_pieces(c, size);
		if (rc == 0) {
			c->w.rec.size = u64_max(c->w.rec.size, c->out + size);
			if (kill_priv)
				inode_kill_privileges(&c->w.rec);
			write_touch(&c->w);
			rc = write_commit(&c->w);
		}
	}
	write_end(&c->w);
	free(c->buf);
	return rc < 0 ? rc : (ssize_t)size;
}

static bool overlap(uint64_t a, uint64_t b, uint64_t size)
{
	return a < b ? b - a < size : a - b < size;
}

ssize_t fs_copy(struct fs *fs, uint64_t in_ino, uint64_t in, uint64_t out_ino,
		uint64_t out, uint64_t size, bool kill_priv) UNCHECKED
{
	struct copy c = { .in = in, .out = out };
	struct inode_set set = { .count = 0 };
	struct inode *from, *to;
	ssize_t n;
	int rc;

	if (in > FS_FILE_SIZE_MAX || out > FS_FILE_SIZE_MAX ||
	    size > FS_FILE_SIZE_MAX - in || size > FS_FILE_SIZE_MAX - out)
		return -EFBIG;
	if (in_ino == out_ino && overlap(in, out, size))
		return -EINVAL;
	rc = inode_get(fs, in_ino, &from);
	if (rc < 0)
		return rc;
	n = inode_get(fs, out_ino, &to);
	if (n == 0) {
		inode_set_add(&set, from);
		inode_set_add(&set, to);
		inode_set_lock(&set);
		n = from->gone || to->gone
			    ? -ENOENT
			    : copy_locked(fs, &c, from, to, size, kill_priv);
		inode_set_unlock(&set);
		inode_put(fs, to);
	}
	inode_put(fs, from);
	return n;
}
