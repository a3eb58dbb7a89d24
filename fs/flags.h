/*
 * Flags that chattr(1) sets, and what they forbid: chattr(1), ioctl_iflags(2).
 *
 * The kernel knows nothing of the flags of files behind FUSE, so what its VFS
 * does for others, with -EPERM, is done here:
 *
 *      immutable     no write, truncation, fallocate, copy into it; no new
 *                    mode, owner, times, xattr or ACL; no link to it, and its
 *                    names stay; in a directory no name is made or removed
 *      append-only   the same, but a file may be written to behind its end and
 *                    be given room there, times may be set to now, and in a
 *                    directory names may be made
 *
 * Who has a file open when it is made immutable has it open: what it writes
 * then fails, when the kernel hands it over, which close(2) and fsync(2) tell.
 *
 * nodump and noatime forbid nothing and pass on to what is created in a
 * directory.
 *
 * Thread safety: pure functions of records, whose inodes are locked.
 */
#ifndef FS_FLAGS_H
#define FS_FLAGS_H

#include <errno.h>

#include "fs/inode_format.h"

/* Its attributes and names are to stay as they are. */
static inline bool flags_is_kept(const struct inode_record *rec)
{
	return rec->flags & (INODE_IMMUTABLE | INODE_APPEND);
}

/* Whether a name may be made in @dir. */
static inline int flags_check_add(const struct inode_record *dir)
{
	return dir->flags & INODE_IMMUTABLE ? -EPERM : 0;
}

/* Whether a name in @dir that leads to @victim may go. */
static inline int flags_check_remove(const struct inode_record *dir,
				     const struct inode_record *victim)
{
	return flags_is_kept(dir) || flags_is_kept(victim) ? -EPERM : 0;
}

#endif
