/*
 * posix: what POSIX and the manual pages say of each call, as tests.
 *
 * They run in a directory of any filesystem, and are run on the machine's own
 * as well as on a mount of ours: so the expectations themselves are checked by
 * a filesystem that is known to be right.  Each errno is a test or a line of
 * one; a test that needs root says so by beginning with need_root().
 *
 * The current directory of a test is its own, empty when it begins, and mode
 * 0777.  What it leaves is removed.
 */
#ifndef TESTS_MOUNT_POSIX_POSIX_H
#define TESTS_MOUNT_POSIX_POSIX_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/suite.h"

#define OTHER_UID 12345 /* nobody in particular */

/* The call must fail with -1 and this errno. */
#define ck_fails(call, err)                                            \
	do {                                                           \
		errno = 0;                                             \
		ck_assert_msg((call) == -1, #call " did not fail");    \
		ck_assert_msg(errno == (err), #call ": %s, not " #err, \
			      strerror(errno));                        \
	} while (0)

/* The call must not return -1; its value. */
#define ck_works(call) posix_works((long)(call), #call)

static inline long posix_works(long rc, const char *what)
{
	ck_assert_msg(rc != -1, "%s: %s", what, strerror(errno));
	return rc;
}

/* Whether the mount can be told from an ext4 in this: $POSIX_MOUNT is set. */
bool posix_on_mount(void);

/* Ends the test as passed if it is not root who runs it. */
#define need_root()                \
	do {                       \
		if (getuid() != 0) \
			return;    \
	} while (0)

/* A file with these contents, mode 0644. */
void posix_make(const char *path, const char *text);

/* A descriptor of a new file, read and write. */
int posix_open_new(const char *path);

/* The contents, at most 255 bytes, in a buffer of its own. */
const char *posix_text(const char *path);

struct stat posix_stat(const char *path);

/*
 * Runs @what in a process of its own as OTHER_UID, without groups and rights;
 * its assertions count.
 */
void posix_as_other(void (*what)(void));

/* A test case whose tests have a directory of their own. */
TCase *posix_case(Suite *suite, const char *name);

/* One file each. */
void posix_add_acl(Suite *suite);
void posix_add_attr(Suite *suite);
void posix_add_copy(Suite *suite);
void posix_add_fallocate(Suite *suite);
void posix_add_flags(Suite *suite);
void posix_add_locks(Suite *suite);
void posix_add_names(Suite *suite);
void posix_add_open(Suite *suite);
void posix_add_rename(Suite *suite);
void posix_add_seek(Suite *suite);
void posix_add_tmpfile(Suite *suite);
void posix_add_xattr(Suite *suite);

#endif
