/*
 * umount: unmounts, and waits until the daemon has ended, so that everything is
 * on the disk and the store may be opened, copied or moved.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/base/buf.h"
#include "engine/base/error.h"
#include "tools/loamctl/loamctl.h"
#include "tools/loamctl/out.h"
#include "tools/loamctl/target.h"

static int keep(void *arg, const char *text, size_t size)
{
	return buf_append(arg, text, size);
}

/* Where the daemon says that it has mounted; for the caller to free. */
static int find_mountpoint(struct target *t, char **out)
{
	struct buf text = BUF_INIT;
	const struct fs_sink sink = { .text = keep, .arg = &text };
	const char *begin, *end = NULL;
	int rc;

	rc = target_run(t, "about", "", &sink);
	if (rc == 0)
		rc = buf_append(&text, "", 1);
	if (rc == 0) {
		begin = strstr((char *)text.data, "\nmountpoint ");
		begin = begin ? begin + strlen("\nmountpoint ") : NULL;
		end = begin ? strrchr(begin, '\n') : NULL;
		*out = end ? strndup(begin, (size_t)(end - begin)) : NULL;
		rc = end ? (*out ? 0 : -ENOMEM) : -EPROTO;
	}
	buf_fini(&text);
	return rc;
}

/* As a user may: through the helper that is setuid, which says why not. */
static int unmount_by_helper(const char *mountpoint)
{
	const char *const argv[] = { "fusermount3", "-u", "--", mountpoint,
				     NULL };
	int status, err;
	pid_t pid;

	err = posix_spawnp(&pid, argv[0], NULL, NULL, (char *const *)argv,
			   environ);
	if (err)
		return error_set(-err, "fusermount3: %s", strerror(err));
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0
		       ? 0
		       : error_set(-EBUSY, "%s: not unmounted", mountpoint);
}

static int unmount(const char *mountpoint)
{
	int err;

	if (umount2(mountpoint, UMOUNT_NOFOLLOW) == 0)
		return 0;
	err = errno;
	if (err == EPERM)
		return unmount_by_helper(mountpoint);
	return error_set(-err, "%s: %s%s", mountpoint, strerror(err),
			 err == EBUSY ? "; fuser -m names who uses it" : "");
}

/* The daemon goes on writing after the mount is gone. */
static int wait_for(int pidfd)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };

	while (poll(&p, 1, -1) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

static int unmount_and_wait(const char *path)
{
	char *mountpoint = NULL;
	struct target t;
	int rc, pidfd = -1;

	rc = target_open(&t, path);
	if (rc < 0)
		return rc;
	if (!target_is_mounted(&t))
		return target_close(
			&t, error_set(-EINVAL, "%s: not mounted", path));
	pidfd = (int)syscall(SYS_pidfd_open, t.pid, 0);
	if (pidfd < 0)
		rc = error_set(-errno, "%s: its daemon: %s", path,
			       strerror(errno));
	if (rc == 0)
		rc = find_mountpoint(&t, &mountpoint);
	if (rc == 0)
		rc = unmount(mountpoint);
	if (rc == 0)
		rc = wait_for(pidfd);
	if (pidfd >= 0)
		close(pidfd);
	free(mountpoint);
	return target_close(&t, rc);
}

int umount_run(const struct command *c, char **arguments)
{
	int rc = unmount_and_wait(arguments[0]);

	if (rc < 0) {
		out_failed(c->name, arguments[0], rc);
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
