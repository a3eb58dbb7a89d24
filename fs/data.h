/*
 * Reading file data, as what changes it needs it too; data.c says how they are
 * stored.
 */
#ifndef FS_DATA_H
#define FS_DATA_H

#include "fs/inode.h"

/* Returns 0, -EISDIR or -EINVAL. */
int data_check_regular(const struct inode *inode) NEEDS(inode->lock) MUST_USE;

/*
 * Reads @size bytes, zeros where there are none, whatever the file's size.
 * @flags are those of the inode's record.
 */
int data_read(struct fs *fs, uint64_t ino, uint32_t flags, void *buf,
	      size_t size, uint64_t offset) MUST_USE;

#endif
