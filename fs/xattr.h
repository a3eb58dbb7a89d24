/*
 * xattrs: what hangs on an inode under a name of its own.
 *
 * The value of 'x' ino8 name is the xattr's, as it is; the store puts a large
 * one where it puts large ones.  Names have their namespace in front: user.,
 * trusted., security., and the two of ACLs (acl.h).  Who may see and change
 * which is for the caller (the kernel) to check.
 *
 * The flags of an inode's record tell what there is, as most have nothing and
 * the kernel asks all the time: INODE_XATTRS, that there are 'x' keys at all;
 * INODE_ACL and INODE_ACL_DEFAULT, that those are among them.  So the answer
 * "there is none" costs no read.
 *
 * All names of an inode, with a NUL each, are at most FS_XATTR_LIST_MAX bytes,
 * so that they can always be listed, and be removed in one batch.
 *
 * Thread safety: under the inode's lock.
 */
#ifndef FS_XATTR_H
#define FS_XATTR_H

#include "fs/inode.h"

/* Adds to @batch the removal of all xattrs of an inode with INODE_XATTRS. */
int xattr_stage_removal(struct fs *fs, struct kv_batch *batch,
			uint64_t ino) MUST_USE;

/*
 * Adds to @batch that the access ACL of an inode with INODE_ACL follows
 * @rec->mode.
 */
int xattr_stage_chmod(struct fs *fs, struct kv_batch *batch, uint64_t ino,
		      const struct inode_record *rec) MUST_USE;

/*
 * Adds to @batch what @ino, which is being created in @dir as @rec, inherits,
 * and changes the mode and flags of @rec accordingly.  Only for a directory
 * with INODE_ACL_DEFAULT.
 */
int xattr_stage_inherited(struct fs *fs, struct kv_batch *batch,
			  const struct inode *dir, uint64_t ino,
			  struct inode_record *rec) NEEDS(dir->lock) MUST_USE;

#endif
