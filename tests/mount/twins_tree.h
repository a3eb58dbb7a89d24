/*
 * Two trees of files on different filesystems, compared in all that should be
 * the same: names, types, modes, owners, link counts, sizes, devices, contents,
 * targets, the xattrs user.a to user.c, and mtimes that were set, which are
 * told from others by being in January 1970.
 */
#ifndef TESTS_MOUNT_TWINS_TREE_H
#define TESTS_MOUNT_TWINS_TREE_H

#include <stdbool.h>

/* Says on stderr what differs first. */
bool twins_same_tree(const char *a, const char *b);

#endif
