/*
 * own_format: what STATX is on the wire, which the <linux/fuse.h> of older
 * systems does not have.  Linux promises that it stays as it is.
 */
#ifndef SRC_OWN_FORMAT_H
#define SRC_OWN_FORMAT_H

#include <stdint.h>

#define OWN_STATX 52 /* FUSE_STATX */

struct own_time {
	int64_t s;
	uint32_t ns;
	int32_t zero;
};

struct own_statx_out {
	uint64_t valid_s; /* how long the kernel may keep it */
	uint32_t valid_ns;
	uint32_t flags;
	uint64_t zero[2];

	/* As struct statx of statx(2). */
	uint32_t mask;
	uint32_t blksize;
	uint64_t attributes;
	uint32_t nlink;
	uint32_t uid;
	uint32_t gid;
	uint16_t mode;
	uint16_t zero1;
	uint64_t ino;
	uint64_t size;
	uint64_t blocks;
	uint64_t attributes_mask;
	struct own_time atime;
	struct own_time btime;
	struct own_time ctime;
	struct own_time mtime;
	uint32_t rdev_major;
	uint32_t rdev_minor;
	uint32_t dev_major;
	uint32_t dev_minor;
	uint64_t zero2[14];
};

_Static_assert(sizeof(struct own_statx_out) == 32 + 256,
	       "the wire has no gaps");

#endif
