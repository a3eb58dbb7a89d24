/*
 * where: what a command line means by a path to a file.
 *
 * PATH is one below a mount point; STORE PATH is one in a store, mounted or
 * not, from the root of the filesystem on.
 */
#ifndef TOOLS_LOAMCTL_WHERE_H
#define TOOLS_LOAMCTL_WHERE_H

#include "tools/loamctl/target.h"

struct where {
	struct target target;
	char argument[4096]; /* for fs_admin(): an inode, or a path */
};

/*
 * Opens the target; where_close() ends it as target_close() does.  What the
 * kernel has of a file, or with @tree of the whole mount, and has not yet
 * handed over, is handed over first.
 */
int where_open(struct where *w, char **arguments, bool tree) MUST_USE;

static inline int where_close(struct where *w, int rc)
{
	return target_close(&w->target, rc);
}

#endif
