/*
 * Dentries: the names in a directory, each leading to an inode.
 *
 * The value of 'd' parent8 hash8 name, 9 bytes:
 *
 *      offset  size  what
 *           0     8  ino   the inode it leads to, little-endian
 *           8     1  type  of that inode: DT_REG, DT_DIR, ...
 *
 * A name is read without a lock and changed under the directory's, which
 * counts each change in its `names_seq`.
 */
#ifndef FS_DENTRY_H
#define FS_DENTRY_H

#include "fs/inode.h"

#define DENTRY_FORMAT_SIZE 9

struct dentry {
	uint64_t ino;
	uint8_t type; /* DT_* */
};

void dentry_encode(uint64_t ino, mode_t mode, uint8_t out[DENTRY_FORMAT_SIZE]);
int dentry_decode(struct dentry *out, struct slice value) MUST_USE;

/*
 * Checks a name that is to be made or removed: -EINVAL if it is empty, "." or
 * "..", or contains a slash; -ENAMETOOLONG.
 */
int dentry_check_name(const char *name) MUST_USE;

/* Where @name in @dir leads: 0, -ENOENT, -ENAMETOOLONG, -EUCLEAN, ... */
int dentry_get(struct fs *fs, uint64_t dir, const char *name,
	       struct dentry *out) MUST_USE;

/* 0 if @dir has no @name, -EEXIST if it has, or another error. */
int dentry_check_absent(struct fs *fs, uint64_t dir, const char *name) MUST_USE;

/* Adds to @batch that @name in @dir shall lead to @ino, of type @mode. */
void dentry_stage(struct fs *fs, struct kv_batch *batch, uint64_t dir,
		  const char *name, uint64_t ino, mode_t mode);
void dentry_stage_removal(struct fs *fs, struct kv_batch *batch, uint64_t dir,
			  const char *name);

#endif
