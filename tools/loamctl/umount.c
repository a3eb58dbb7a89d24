/*
 * umount: unmounts, and waits until the daemon has ended, so that everything is
 * on the disk and the store may be opened, copied or moved.  As umount.loamfs
 * it is what umount(8) runs.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "engine/base/error.h"
#include "src/unmount.h"
#include "tools/loamctl/loamctl.h"
#include "tools/loamctl/mounted.h"
#include "tools/loamctl/out.h"
#include "tools/loamctl/target.h"

#define PATIENCE_MS 3000 /* until somebody wants to know why it takes long */

static int unmount_told(const char *mountpoint, int flags)
{
	int rc = unmount(mountpoint, flags, false);

	if (rc == -EBUSY)
		return error_set(rc,
				 "%s: not unmounted; fuser -m names who "
				 "uses it",
				 mountpoint);
	return rc < 0 ? error_set(rc, "%s: %s", mountpoint, strerror(-rc)) : 0;
}

/*
 * The daemon goes on writing after the mount is gone, and for as long as
 * somebody has it still, as a container may that was started meanwhile.
 */
static int wait_for(const struct target *t, int pidfd)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };
	int timeout = PATIENCE_MS, n;

	while ((n = poll(&p, 1, timeout)) <= 0) {
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			out_wrong("umount: %s: unmounted; waiting for "
				  "process %d, which writes, or is used by "
				  "another mount namespace (a container?)",
				  t->store, (int)t->pid);
		timeout = -1;
	}
	return 0;
}

/*
 * Nobody answers for @path, with the error @rc: there is nobody to wait for.
 * What a dead daemon left is a mount all the same.
 */
static int unmount_orphan(const char *path, int rc)
{
	struct error_words words;

	error_take(&words);
	if ((rc == -ENOTCONN || rc == -ENOENT) && unmount_told(path, 0) == 0)
		return 0;
	error_put_back(&words);
	return rc;
}

static int unmount_and_wait(const char *path)
{
	char *mountpoint = NULL;
	struct target t;
	int rc, pidfd = -1;

	rc = target_open(&t, path);
	if (rc < 0)
		return unmount_orphan(path, rc);
	if (!target_is_mounted(&t))
		return target_close(
			&t, error_set(-EINVAL, "%s: not mounted", path));
	pidfd = (int)syscall(SYS_pidfd_open, t.pid, 0);
	if (pidfd < 0)
		rc = error_set(-errno, "%s: its daemon: %s", path,
			       strerror(errno));
	if (rc == 0)
		rc = mounted_find(&t, &mountpoint);
	if (rc == 0)
		rc = unmount_told(mountpoint, 0);
	if (rc == 0)
		rc = wait_for(&t, pidfd);
	if (pidfd >= 0)
		close(pidfd);
	free(mountpoint);
	return target_close(&t, rc);
}

int umount_run(const struct command *c, char **arguments)
{
	const char *path = arguments[0];
	int flags = 0, rc;

	if (strchr(loamctl_options, 'l'))
		flags |= MNT_DETACH;
	if (strchr(loamctl_options, 'f'))
		flags |= MNT_FORCE;
	/* Who asks for that does not want to wait for anything. */
	rc = flags ? unmount_told(path, flags) : unmount_and_wait(path);

	if (rc < 0) {
		out_failed(c->name, path, rc);
		return EXITS_FAILED;
	}
	if (loamctl_json) {
		out_json_begin();
		out_json_string("verb", c->name);
		out_json_bool("done", true);
		out_json_end();
	}
	return EXITS_DONE;
}
