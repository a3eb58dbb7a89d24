/*
 * Many files, and one system call after the other on each of them.
 *
 * The files are numbered.  File n is called PREFIX and n, and lies in the
 * directory d and n / per_dir, below the current directory:
 *
 *      d000000/f00000000 ... d000000/f00000199 d000001/f00000200 ...
 *
 * What an operation takes is the whole time over the number of files (of
 * entries, in ops_list()); directories are made and removed outside of it.
 * Everything that an operation returns is checked, and a file that is missing,
 * too many, or holds something else is an error like any other: it is told on
 * stderr, and the function returns a negative errno.
 *
 * One thread.
 */
#ifndef TOOLS_FSBENCH_OPS_H
#define TOOLS_FSBENCH_OPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ops_set {
	uint64_t first;   /* number of the first file */
	uint64_t count;   /* how many follow, with it */
	uint64_t per_dir; /* files to a directory, not 0 */
	uint64_t sample;  /* files picked for ops_stat() and the like; 0: all */
	size_t size;      /* bytes of each file */
	char prefix;      /* of the names */
	bool sync;        /* fsync each new file */
};

/* Each sets @us to the microseconds that one operation took. */
int ops_create(const struct ops_set *set, double *us);
int ops_rename(const struct ops_set *set, double *us); /* the prefix to 'r' */
int ops_list(const struct ops_set *set, double *us);

/* In an order that is random, and the same each time. */
int ops_stat(const struct ops_set *set, double *us);
int ops_read(const struct ops_set *set, double *us);

/*
 * In the order of creation.  Without a sample the directories, which must be
 * empty by then, are removed as well.
 */
int ops_unlink(const struct ops_set *set, double *us);

#endif
