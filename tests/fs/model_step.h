/*
 * A random step of model_fs.h, taken in a filesystem and in the model.  Files
 * by topic: model_fs.c has names, model_file.c what hangs on inodes.
 *
 * Each function returns whether it is known what has happened; see
 * model_fs_step().
 */
#ifndef TESTS_FS_MODEL_STEP_H
#define TESTS_FS_MODEL_STEP_H

#include <errno.h>

#include "tests/suite.h"

#include "fs/fs.h"
#include "tests/fs/model.h"

/* What a step is about, chosen at random. */
struct choice {
	int dir;
	int newdir;
	int node;
	int file;  /* -1: there is none */
	int other; /* another file, or the same; -1: there is none */
	char name[MODEL_NAME_SIZE];
	char newname[MODEL_NAME_SIZE];
	unsigned flags; /* of rename */
	size_t offset;
	size_t other_offset;
	size_t size;
	bool zeros;
};

/* It failed, and may have happened or not. */
static inline bool unknown_failure(ssize_t rc)
{
	return rc == -EIO || rc == -EROFS || rc == -ENOSPC;
}

static inline bool agree(const char *what, ssize_t model_rc, ssize_t fs_rc)
{
	ck_assert_msg(model_rc == fs_rc, "%s: should be %zd, is %zd", what,
		      model_rc, fs_rc);
	return true;
}

/* model_file.c */
bool model_file_write(struct model *m, struct fs *fs, const struct choice *c,
		      unsigned *seed);
bool model_file_truncate(struct model *m, struct fs *fs,
			 const struct choice *c);
bool model_file_fallocate(struct model *m, struct fs *fs,
			  const struct choice *c, unsigned *seed);
bool model_file_copy(struct model *m, struct fs *fs, const struct choice *c);
bool model_file_xattr(struct model *m, struct fs *fs, const struct choice *c,
		      unsigned *seed);
bool model_file_flags(struct model *m, struct fs *fs, const struct choice *c,
		      unsigned *seed);
bool model_file_mode(struct model *m, struct fs *fs, const struct choice *c,
		     unsigned *seed);

/* Whether bytes, target, xattrs and flags are the model's; else @why. */
bool model_file_same(const struct model_node *n, struct fs *fs, char *why,
		     size_t size);

#endif
