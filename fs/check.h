/*
 * check: is the whole tree as it should be, and how can it be mended?
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
 *   - every block lies over a whole chunk of a file that may have blocks
 *   - every xattr belongs to an inode, whose flags tell truly which it has
 *   - inode numbers are below those the superblock gives out, and its counters,
 *     if it says so, are true
 *   - there is no key that is none of these
 *
 * What is wrong is mended where it is found, in memory, so that what comes
 * after it is judged as it will be; whether that is written is the mode's
 * affair.  repair.h says what mending does.
 *
 * Memory: about 200 bytes an inode.  Nothing may be written meanwhile.
 */
#ifndef FS_CHECK_H
#define FS_CHECK_H

#include "engine/kv.h"

enum check_mode {
	CHECK_FIRST, /* ends at the first thing that is wrong */
	CHECK_ALL,   /* tells of all, and writes nothing */
	CHECK_MEND,  /* tells of all, and mends */
};

struct check_options {
	enum check_mode mode;
	struct env *env; /* for the clock and for chance; CHECK_FIRST: NULL */

	/* Told what is wrong, a line each; or NULL. */
	void (*problem)(void *arg, const char *words);
	/* Told now and then how many keys have been looked at; or NULL. */
	void (*progress)(void *arg, uint64_t keys);
	void *arg;
};

struct check_counts {
	uint64_t inodes;
	uint64_t data_bytes; /* sum of the sizes of all regular files */
	uint64_t orphans;    /* 'o' records */
	uint64_t xattrs;
	uint64_t problems; /* that were told of */
};

/*
 * Returns 0, or what kept it from reading or writing; with CHECK_FIRST,
 * -EUCLEAN with words if anything is wrong.  Otherwise @out says how much was;
 * it may be NULL.  With CHECK_MEND, what was wrong is mended and durable on
 * return.
 */
int fs_check_with(struct kv *kv, const struct check_options *options,
		  struct check_counts *out) MUST_USE;

/* The same with CHECK_FIRST. */
int fs_check(struct kv *kv, struct check_counts *out) MUST_USE;

#endif
