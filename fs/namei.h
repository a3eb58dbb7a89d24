/*
 * What the operations on names share with each other.
 *
 * The name of a directory's child is found without its lock, since the child
 * may have the lower number and must then be locked first.  `names_seq` tells
 * whether what was found still holds once both are locked; if it does not, the
 * caller begins again.
 *
 * Thread safety: any thread; NEEDS says which locks.
 */
#ifndef FS_NAMEI_H
#define FS_NAMEI_H

#include "fs/inode.h"

struct namei_found {
	struct inode *inode; /* a reference, to be given back */
	uint64_t names_seq;  /* the directory's when it was found */
};

/*
 * Finds what @name in @dir leads to.  No inode may be locked.  Returns 0,
 * -ENOENT, -ENOTDIR, ...
 */
int namei_find(struct fs *fs, struct inode *dir, const char *name,
	       struct namei_found *out) MUST_USE;

/* The entry of @ino, with a reference; -ENOENT if it has no links. */
int namei_entry(struct fs *fs, uint64_t ino, struct fs_entry *out) MUST_USE;

/* Counts names and subdirectories made or removed in the record of one. */
void namei_touch(struct inode_record *dir, int names, int subdirs,
		 int64_t now_ns);

/*
 * Adds to @batch, and to @rec, that the inode has lost a name.  A directory,
 * and whatever loses its last link, becomes an orphan.
 */
void namei_stage_unlink(struct kv_batch *batch, const struct inode *inode,
			struct inode_record *rec, int64_t now_ns)
	NEEDS(inode->lock);

/*
 * Adds to @batch that @name in @dir shall lead to a new whiteout: the character
 * device 0:0, mode 0, which tells an overlay that there is no such name below.
 * The record of @dir, and the count of inodes, are the caller's.
 */
int namei_stage_whiteout(struct fs *fs, struct kv_batch *batch,
			 struct inode *dir, const char *name,
			 const struct fs_cred *cred, int64_t now_ns)
	NEEDS(dir->lock) MUST_USE;

#endif
