/*
 * fs_check(): is the whole tree as it should be?
 *
 * Reads every key and checks what no single operation can see:
 *   - every dentry leads to an inode, of the type it says, under the right
 *     hash, and lies in a directory that exists
 *   - every inode has as many links as dentries lead to it, and a directory as
 *     many as it has subdirectories, plus 2, and as many names as its size says
 *   - every directory is reached from the root, through one name, and its
 *     parent is where that name is
 *   - every inode without links has an 'o' record, and no other, but for a
 *     purge
 *   - every chunk belongs to a file and lies within its size; `stored` is the
 *     sum of the chunks
 *   - every xattr belongs to an inode, whose flags tell truly which it has
 *   - inode numbers are below those the superblock gives out, and its counters,
 *     if it says so, are true
 *   - there is no key that is none of these
 *
 * Memory: about 100 bytes an inode.  Nothing may be written meanwhile.
 */
#ifndef FS_CHECK_H
#define FS_CHECK_H

#include "engine/kv.h"

struct check_counts {
	uint64_t inodes;
	uint64_t data_bytes; /* sum of the sizes of all regular files */
	uint64_t orphans;    /* 'o' records */
	uint64_t xattrs;
};

/*
 * Returns 0, -EUCLEAN with the first thing that is wrong in words, or another
 * error that kept it from reading.  @out may be NULL.
 */
int fs_check(struct kv *kv, struct check_counts *out) MUST_USE;

#endif
