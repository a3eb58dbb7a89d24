/*
 * What the suites of fs/ share: a filesystem in memory, and short ways to ask
 * for things that must work.
 *
 * The functions that return an inode's number give the kernel's reference back
 * at once, unless their name says that they keep it.
 */
#ifndef TESTS_FS_FIXTURE_H
#define TESTS_FS_FIXTURE_H

#include "tests/suite.h"

#include "engine/base/env_mem.h"
#include "fs/check.h"
#include "fs/fs.h"
#include "fs/superblock.h"

extern struct env *fx_env;
extern struct fs *fx;
extern const struct fs_cred fx_cred;

/* Opens a new filesystem, and closes it and checks it: a checked fixture. */
void fx_setup(void);
void fx_teardown(void);

/* Options for tests: little memory, no threads, no background sync. */
struct fs_options fx_options(void);

/*
 * Closes it in order, loses power, which must take nothing any more, and opens
 * what the disk holds.
 */
void fx_reopen(void);

/* fs_check() must find nothing, and the counters in memory must be true. */
struct check_counts fx_check(void);

uint64_t fx_mkfile(uint64_t dir, const char *name);
uint64_t fx_mkfile_keep(uint64_t dir, const char *name);
uint64_t fx_mkdir(uint64_t dir, const char *name);
uint64_t fx_mkdir_mode(uint64_t dir, const char *name, mode_t mode);

/* The number that @name leads to, or the error. */
int64_t fx_lookup(uint64_t dir, const char *name);

struct stat fx_stat(uint64_t ino);
int fx_truncate(uint64_t ino, uint64_t size);
void fx_write(uint64_t ino, const void *buf, size_t size, uint64_t offset);

/* Bytes that differ from one offset and one seed to the next. */
void fx_fill(uint8_t *buf, size_t size, uint64_t seed);

#endif
