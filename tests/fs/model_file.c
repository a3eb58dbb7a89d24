#include "tests/fs/model_step.h"

#include <errno.h>
#include <linux/falloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define XATTR_BYTES_MAX 5000 /* some in the tree, some beside it */

bool model_file_write(struct model *m, struct fs *fs, const struct choice *c,
		      unsigned *seed)
{
	static uint8_t bytes[MODEL_FILE_MAX];
	ssize_t n;
	int rc;
	size_t i;

	if (c->file < 0)
		return true;
	for (i = 0; i < c->size; i++)
		bytes[i] = c->zeros ? 0 : (uint8_t)(rand_r(seed) >> 8);
	n = fs_write(fs, m->nodes[c->file].ino, bytes, c->size, c->offset, 0,
		     NULL);
	if (unknown_failure(n))
		return false;
	rc = model_write(m, c->file, bytes, c->size, c->offset);
	return agree("write", rc < 0 ? rc : (ssize_t)c->size, n);
}

bool model_file_truncate(struct model *m, struct fs *fs, const struct choice *c)
{
	struct stat st = { .st_size = (off_t)c->offset };
	int rc;

	if (c->file < 0)
		return true;
	rc = fs_setattr(fs, m->nodes[c->file].ino, &st, FS_SET_SIZE, NULL);
	if (unknown_failure(rc))
		return false;
	return agree("truncate", model_truncate(m, c->file, c->offset), rc);
}

bool model_file_fallocate(struct model *m, struct fs *fs,
			  const struct choice *c, unsigned *seed)
{
	static const int modes[] = {
		0,
		FALLOC_FL_KEEP_SIZE,
		FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		FALLOC_FL_ZERO_RANGE,
		FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE,
	};
	int mode = modes[rand_r(seed) % 5];
	int rc;

	if (c->file < 0)
		return true;
	rc = fs_fallocate(fs, m->nodes[c->file].ino, mode, c->offset, c->size,
			  false);
	if (unknown_failure(rc))
		return false;
	return agree("fallocate",
		     model_fallocate(m, c->file, mode, c->offset, c->size), rc);
}

bool model_file_copy(struct model *m, struct fs *fs, const struct choice *c)
{
	ssize_t n;

	if (c->file < 0 || c->other < 0)
		return true;
	n = fs_copy(fs, m->nodes[c->file].ino, c->offset,
		    m->nodes[c->other].ino, c->other_offset, c->size, false);
	if (unknown_failure(n))
		return false;
	return agree("copy",
		     model_copy_range(m, c->file, c->offset, c->other,
				      c->other_offset, c->size),
		     n);
}

/* ------------------------------------------------------------- xattrs -- */

static void xattr_name(char *out, size_t size, int number)
{
	snprintf(out, size, "user.%d", number);
}

/*
 * Tells its size and its name, and does not compress.  As in the model, @size
 * is one more than there are bytes: an empty value is a value.
 */
static void xattr_value(uint8_t *out, int number, size_t size)
{
	uint64_t state = size * MODEL_XATTRS + (size_t)number;
	size_t i;

	for (i = 0; i + 1 < size; i++) {
		state = state * 6364136223846793005u + 1;
		out[i] = (uint8_t)(state >> 56);
	}
}

bool model_file_xattr(struct model *m, struct fs *fs, const struct choice *c,
		      unsigned *seed)
{
	static const unsigned how[] = { 0, 0, FS_XATTR_CREATE,
					FS_XATTR_REPLACE };
	int number = rand_r(seed) % MODEL_XATTRS;
	unsigned flags = how[rand_r(seed) % 4];
	size_t size = 1 + (size_t)rand_r(seed) % XATTR_BYTES_MAX;
	uint64_t ino = m->nodes[c->node].ino;
	uint8_t value[XATTR_BYTES_MAX];
	char name[32];
	int rc;

	if (rand_r(seed) % 2)
		size = 1 + size % 60;
	xattr_name(name, sizeof(name), number);
	if (rand_r(seed) % 3 == 0) {
		size = 0;
		flags = 0;
		rc = fs_removexattr(fs, ino, name);
	} else {
		xattr_value(value, number, size);
		rc = fs_setxattr(fs, ino, name, value, size - 1, flags);
	}
	if (unknown_failure(rc))
		return false;
	return agree("xattr", model_set_xattr(m, c->node, number, size, flags),
		     rc);
}

static bool same_xattr(const struct model_node *n, struct fs *fs, int number)
{
	uint8_t want[XATTR_BYTES_MAX], got[XATTR_BYTES_MAX];
	size_t size = n->xattrs[number];
	char name[32];
	ssize_t rc;

	xattr_name(name, sizeof(name), number);
	rc = fs_getxattr(fs, n->ino, name, got, sizeof(got));
	if (size == 0)
		return rc == -ENODATA;
	xattr_value(want, number, size);
	return rc == (ssize_t)size - 1 && memcmp(got, want, size - 1) == 0;
}

static size_t list_size(const struct model_node *n)
{
	size_t size = 0;
	int i;

	for (i = 0; i < MODEL_XATTRS; i++)
		size += n->xattrs[i] ? sizeof("user.0") : 0;
	return size;
}

/* -------------------------------------------------------------- flags -- */

/* Mostly taken away again, or nothing could be done any more. */
bool model_file_flags(struct model *m, struct fs *fs, const struct choice *c,
		      unsigned *seed)
{
	static const unsigned some[] = {
		FS_FLAG_IMMUTABLE,
		FS_FLAG_APPEND,
		FS_FLAG_NODUMP,
		FS_FLAG_NOATIME,
		FS_FLAG_IMMUTABLE | FS_FLAG_NODUMP,
	};
	unsigned flags = some[rand_r(seed) % 5];
	int node = c->node, i, rc;

	if (rand_r(seed) % 6 > 0) {
		flags = 0;
		for (i = 0; i < MODEL_NODES; i++)
			if (m->nodes[i].used && m->nodes[i].flags)
				node = i;
	}
	rc = fs_setflags(fs, m->nodes[node].ino, flags);
	if (unknown_failure(rc))
		return false;
	return agree("flags", model_set_flags(m, node, flags), rc);
}

bool model_file_mode(struct model *m, struct fs *fs, const struct choice *c,
		     unsigned *seed)
{
	struct stat st = { .st_mode = (mode_t)rand_r(seed) % 01000 };
	int rc;

	rc = fs_setattr(fs, m->nodes[c->node].ino, &st, FS_SET_MODE, NULL);
	if (unknown_failure(rc))
		return false;
	return agree("chmod", model_set_mode(m, c->node, st.st_mode), rc);
}

/* ------------------------------------------------------ the comparison -- */

static bool same_bytes(const struct model_node *n, struct fs *fs, char *why,
		       size_t size)
{
	static uint8_t got[MODEL_FILE_MAX + 1];
	ssize_t read;

	read = fs_read(fs, n->ino, got, sizeof(got), 0);
	if (read != (ssize_t)n->size) {
		snprintf(why, size, "inode %llu: %zd bytes instead of %zu",
			 (unsigned long long)n->ino, read, n->size);
		return false;
	}
	if (memcmp(got, n->bytes, n->size) != 0) {
		snprintf(why, size, "inode %llu: other bytes",
			 (unsigned long long)n->ino);
		return false;
	}
	return true;
}

static bool same_target(const struct model_node *n, struct fs *fs, char *why,
			size_t size)
{
	char got[MODEL_NAME_SIZE] = "";
	ssize_t length;

	length = fs_readlink(fs, n->ino, got, sizeof(got) - 1);
	if (length == (ssize_t)strlen(n->target) && strcmp(got, n->target) == 0)
		return true;
	snprintf(why, size, "inode %llu: target %zd %s",
		 (unsigned long long)n->ino, length, got);
	return false;
}

bool model_file_same(const struct model_node *n, struct fs *fs, char *why,
		     size_t size)
{
	unsigned flags = ~0u;
	int i, rc;

	rc = fs_getflags(fs, n->ino, &flags);
	if (rc < 0 || flags != n->flags) {
		snprintf(why, size, "inode %llu: rc %d, flags %#x, not %#x",
			 (unsigned long long)n->ino, rc, flags, n->flags);
		return false;
	}
	for (i = 0; i < MODEL_XATTRS; i++) {
		if (same_xattr(n, fs, i))
			continue;
		snprintf(why, size, "inode %llu: xattr %d differs",
			 (unsigned long long)n->ino, i);
		return false;
	}
	if (fs_listxattr(fs, n->ino, NULL, 0, true) != (ssize_t)list_size(n)) {
		snprintf(why, size, "inode %llu: other xattrs",
			 (unsigned long long)n->ino);
		return false;
	}
	if (S_ISLNK(n->mode))
		return same_target(n, fs, why, size);
	return !S_ISREG(n->mode) || same_bytes(n, fs, why, size);
}
