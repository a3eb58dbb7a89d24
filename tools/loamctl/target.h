/*
 * target: a store, mounted or not, that a verb is run on.
 *
 * A path may name a store's folder, or the mount point of one, or anything that
 * can be opened below that.  If a daemon has the store open, verbs run in the
 * daemon; else the store is opened by this process, which takes it until
 * target_close().  What only looks (stat, scrub, info, du) opens it read-only:
 * then no byte of it changes, and what has to be recovered is so in memory.
 *
 * Errors: 0 or a negative errno with words in error_text(), which name the path
 * and the cure.  One thread.
 */
#ifndef TOOLS_LOAMCTL_TARGET_H
#define TOOLS_LOAMCTL_TARGET_H

#include "engine/base/base.h"
#include "fs/admin.h"

struct fs;

struct target {
	char *store;   /* owned; absolute */
	int fd;        /* connected to the daemon; -1: not mounted */
	pid_t pid;     /* of the daemon, or 0 */
	struct fs *fs; /* owned: open here; NULL until it is needed */
};

/* -EACCES: a daemon of another user's. */
int target_open(struct target *t, const char *path) MUST_USE;

/*
 * A connection for another request to the daemon, which -ENOENT and the like
 * say to be gone.
 */
int target_again(struct target *t) MUST_USE;

/*
 * Saves what was changed, and returns @rc, if that is an error, with its words,
 * or else what kept it from being saved.
 */
int target_close(struct target *t, int rc) MUST_USE;

/*
 * If @path lies in a mount: that store's folder, for the caller to free; else
 * *@store is NULL.
 */
int target_mount_of(const char *path, char **store) MUST_USE;

static inline bool target_is_mounted(const struct target *t)
{
	return t->fd >= 0;
}

/*
 * Opens the store for @verb, if nobody has it mounted: target_run() does so by
 * itself.
 */
int target_prepare(struct target *t, const char *verb) MUST_USE;

/*
 * Runs one verb of fs_admin(), or the daemon's `about`, the answer going to
 * @sink.  Once for a target that is mounted; for any other the first verb says
 * how the store is opened.
 */
int target_run(struct target *t, const char *verb, const char *argument,
	       const struct fs_sink *sink) MUST_USE;

#endif
