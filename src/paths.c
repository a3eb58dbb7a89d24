#include "src/paths.h"

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "src/log.h"
#include "src/opts.h"
#include "src/unmount.h"

static int check_device(void)
{
	int err;

	if (access("/dev/fuse", R_OK | W_OK) == 0)
		return 0;
	err = errno;
	log_error("/dev/fuse: %s%s", strerror(err),
		  err == EACCES
			  ? "; whoever mounts reads and writes it: its mode "
			    "should be 666"
			  : "; is the kernel module fuse loaded?");
	return -err;
}

/* realpath() of a path whose last component need not answer. */
static char *resolve(const char *path)
{
	char *full = realpath(path, NULL);
	char *dir = NULL, *base = NULL, *parent = NULL;

	if (full || (errno != ENOENT && errno != ENOTCONN) || !*path)
		return full;

	dir = strdup(path);
	base = strdup(path);
	if (!dir || !base)
		goto out;
	parent = realpath(dirname(dir), NULL);
	if (!parent)
		goto out;
	if (asprintf(&full, "%s/%s", strcmp(parent, "/") ? parent : "",
		     basename(base)) < 0)
		full = NULL;
out:
	free(dir);
	free(base);
	free(parent);
	return full;
}

/*
 * Takes away what a daemon that is gone has left on @path, since nobody can
 * use it.  Who still tries to keeps getting errors.
 */
static int clear_dead(const char *path)
{
	char *full = resolve(path);
	int rc = -ENOTCONN;

	if (full && unmount_is_ours(full))
		rc = unmount(full, MNT_DETACH, true);
	free(full);
	if (rc < 0)
		log_error("%s: a mount whose daemon is gone; first run: "
			  "fusermount3 -uz %s",
			  path, path);
	else
		log_warning("%s: the daemon that had mounted it is gone; "
			    "unmounted what it left",
			    path);
	return rc;
}

static int look_at(const char *path, struct stat *st)
{
	struct statvfs vfs;

	/* A dead mount may answer stat() from the kernel's cache. */
	return stat(path, st) < 0 || statvfs(path, &vfs) < 0 ? -errno : 0;
}

static int check_mountpoint(const char *path)
{
	struct stat st;
	int err, rc;

	rc = look_at(path, &st);
	if (rc == -ENOTCONN) {
		rc = clear_dead(path);
		if (rc < 0)
			return rc;
		rc = look_at(path, &st);
	}
	if (rc < 0) {
		log_error("%s: %s", path, strerror(-rc));
		return rc;
	}
	if (!S_ISDIR(st.st_mode)) {
		log_error("%s: %s", path, strerror(ENOTDIR));
		return -ENOTDIR;
	}
	/* fusermount3's own rule for users; root is not asked. */
	if (access(path, W_OK) < 0) {
		err = errno;
		log_error("%s: mounting needs a directory that you may write: "
			  "%s",
			  path, strerror(err));
		return -err;
	}
	return 0;
}

static int replace(char **path)
{
	char *full = resolve(*path);
	int err = errno;

	if (!full) {
		log_error("%s: %s", *path, strerror(err));
		return -err;
	}
	free(*path);
	*path = full;
	return 0;
}

/* @path is @dir, or lies somewhere below it. */
static bool lies_in(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	if (strncmp(path, dir, n))
		return false;
	return n == 1 || path[n] == '\0' || path[n] == '/';
}

int paths_check(struct opts *o)
{
	int rc;

	rc = check_mountpoint(o->mountpoint);
	if (rc == 0)
		rc = replace(&o->mountpoint);
	if (rc == 0)
		rc = replace(&o->store);
	if (rc < 0)
		return rc;

	if (lies_in(o->store, o->mountpoint)) {
		log_error("%s: the store would be hidden by its own mount on "
			  "%s",
			  o->store, o->mountpoint);
		return -EINVAL;
	}
	if (lies_in(o->mountpoint, o->store)) {
		log_error("%s: the mount point lies inside the store %s",
			  o->mountpoint, o->store);
		return -EINVAL;
	}
	return check_device();
}
