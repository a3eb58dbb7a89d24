/*
 * mounted: where the daemon of a target says that it has mounted it.
 */
#ifndef TOOLS_LOAMCTL_MOUNTED_H
#define TOOLS_LOAMCTL_MOUNTED_H

#include "engine/base/base.h"

struct target;

/*
 * The mount point of @t, which is mounted, for the caller to free.  It takes
 * the one request that @t is good for.
 */
int mounted_find(struct target *t, char **out) MUST_USE;

#endif
