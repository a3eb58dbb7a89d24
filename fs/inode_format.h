/*
 * The record of an inode: the value of 'i' ino8.
 *
 *      offset  size  what
 *           0     1  version      1
 *           1     3  zero
 *           4     4  flags        INODE_*
 *           8     4  mode         type and permissions, as in struct stat
 *          12     4  uid
 *          16     4  gid
 *          20     4  nlink
 *          24     4  rdev_major   devices only, else 0
 *          28     4  rdev_minor
 *          32     8  size         bytes; for a directory: its names
 *          40     8  stored       bytes of the chunks that are in the store
 *          48     8  atime_ns     since 1970, signed
 *          56     8  mtime_ns
 *          64     8  ctime_ns
 *          72     8  btime_ns     when it was created; never changes
 *          80     4  generation   1: no inode number is given out twice
 *          84     4  zero
 *          88     8  parent       of a directory: "..", else 0
 *
 * Little-endian; 96 bytes.  A directory's size is the number of its names
 * without "." and "..", so that rmdir need not look for one among the remains
 * of those that were removed.
 */
#ifndef FS_INODE_FORMAT_H
#define FS_INODE_FORMAT_H

#include "engine/base/slice.h"

#define INODE_FORMAT_SIZE 96

/*
 * Chunks past the end of the file still wait to be removed; the 'o' record
 * says from which on.  Nothing may grow the file before.
 */
#define INODE_PURGE ((uint32_t)1 << 0)

/* What hangs on the inode under 'x' keys: xattr.h. */
#define INODE_XATTRS      ((uint32_t)1 << 1) /* anything */
#define INODE_ACL         ((uint32_t)1 << 2) /* an access ACL */
#define INODE_ACL_DEFAULT ((uint32_t)1 << 3) /* a default ACL */

/* What chattr(1) has set: flags.h.  They need SUPERBLOCK_FLAGS. */
#define INODE_IMMUTABLE ((uint32_t)1 << 4)
#define INODE_APPEND    ((uint32_t)1 << 5)
#define INODE_NODUMP    ((uint32_t)1 << 6)
#define INODE_NOATIME   ((uint32_t)1 << 7)
#define INODE_USER_FLAGS \
	(INODE_IMMUTABLE | INODE_APPEND | INODE_NODUMP | INODE_NOATIME)

/* Chunks may have blocks: blocks.h.  It needs SUPERBLOCK_BLOCKS. */
#define INODE_BLOCKS ((uint32_t)1 << 8)

struct inode_record {
	uint32_t flags;
	uint32_t mode;
	uint32_t uid;
	uint32_t gid;
	uint32_t nlink;
	uint32_t rdev_major;
	uint32_t rdev_minor;
	uint32_t generation;
	uint64_t size;
	uint64_t stored;
	int64_t atime_ns;
	int64_t mtime_ns;
	int64_t ctime_ns;
	int64_t btime_ns;
	uint64_t parent;
};

void inode_format_encode(const struct inode_record *rec,
			 uint8_t out[INODE_FORMAT_SIZE]);

/* Returns 0, or -EUCLEAN; @ino is for the words only. */
int inode_format_decode(struct inode_record *out, uint64_t ino,
			struct slice value) MUST_USE;

#endif
