/*
 * fallocate(2).  Nothing is reserved: space is taken where the log ends, so
 * bytes that were promised would be no safer than others.  What is left of it
 * is the size, a check that there is room now, and holes.
 *
 * A hole of more chunks than one batch takes is made in several, from its
 * beginning to its end; a crash leaves the first part of it.
 */
#include <linux/falloc.h>

#include "fs/schema.h"
#include "fs/truncate.h"
#include "fs/write.h"

/* What is to become zeros, or at least part of the file. */
struct range {
	uint64_t to; /* behind its last byte */
	int mode;
	bool kill_priv;
};

/* One batch's worth; *@at is where it stopped. */
static int zero_some(struct write *w, uint64_t *at, uint64_t to)
{
	uint64_t chunk = *at / SCHEMA_CHUNK_BYTES;
	uint64_t last = to / SCHEMA_CHUNK_BYTES;
	size_t start = *at % SCHEMA_CHUNK_BYTES;
	size_t rest = to % SCHEMA_CHUNK_BYTES;
	int rc = 0;

	if (chunk == last) {
		*at = to;
		return write_zeros(w, chunk, start, rest - start);
	}
	if (start > 0)
		rc = write_zeros(w, chunk++, start, SCHEMA_CHUNK_BYTES - start);
	if (rc == 0 && chunk < last)
		rc = truncate_stage_range(w->fs, w->batch, w->inode->ino,
					  &w->rec, &chunk, last);
	if (rc < 0)
		return rc;
	*at = chunk * SCHEMA_CHUNK_BYTES;
	if (chunk == last) {
		*at = to;
		if (rest > 0)
			rc = write_zeros(w, last, 0, rest);
	}
	return rc;
}

static bool makes_zeros(const struct range *r)
{
	return r->mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE);
}

/*
 * The last batch gives the file its size, and sets @at to the end: there is
 * nothing to do behind the old one, and nothing may fail any more.
 */
static int step(struct fs *fs, struct inode *inode, const struct range *r,
		uint64_t *at) NEEDS(inode->lock)
{
	uint64_t to = u64_min(r->to, inode->rec.size);
	struct write w = { 0 };
	int rc;

	if (r->mode & ~FALLOC_FL_KEEP_SIZE && inode->rec.flags & INODE_APPEND)
		return -EPERM;
	rc = write_begin(&w, fs, inode);
	if (rc < 0)
		return rc;
	if (makes_zeros(r))
		kv_batch_use_reserve(w.batch);
	if (makes_zeros(r) && *at < to)
		rc = zero_some(&w, at, to);
	else
		*at = to;
	if (*at >= to) {
		*at = r->to;
		if (!(r->mode & FALLOC_FL_KEEP_SIZE))
			w.rec.size = u64_max(w.rec.size, r->to);
	}
	if (rc == 0) {
		if (r->kill_priv)
			inode_kill_privileges(&w.rec);
		write_touch(&w);
		rc = write_commit(&w);
	}
	write_end(&w);
	return rc;
}

/* Room for all of it, were it written now. */
static int check_room(struct fs *fs, uint64_t size)
{
	struct kv_space space;
	int rc;

	rc = kv_space(fs->kv, &space);
	if (rc < 0)
		return rc;
	return size > space.bytes_avail ? -ENOSPC : 0;
}

static int check_mode(int mode)
{
	switch (mode) {
	case 0:
	case FALLOC_FL_KEEP_SIZE:
	case FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE:
	case FALLOC_FL_ZERO_RANGE:
	case FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE:
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

int fs_fallocate(struct fs *fs, uint64_t ino, int mode, uint64_t offset,
		 uint64_t size, bool kill_priv) UNCHECKED
{
	struct range r = { .mode = mode, .kill_priv = kill_priv };
	uint64_t at = offset;
	struct inode *inode;
	int rc;

	rc = check_mode(mode);
	if (rc < 0)
		return rc;
	if (size == 0)
		return -EINVAL;
	if (offset > FS_FILE_SIZE_MAX || size > FS_FILE_SIZE_MAX - offset)
		return -EFBIG;
	r.to = offset + size;
	if (!makes_zeros(&r))
		rc = check_room(fs, size);
	if (rc == 0)
		rc = inode_get_locked(fs, ino, &inode);
	if (rc < 0)
		return rc;
	do {
		rc = step(fs, inode, &r, &at);
	} while (rc == 0 && at < r.to);
	inode_put_locked(fs, inode);
	return rc;
}
