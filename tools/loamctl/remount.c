/*
 * remount: makes a mount read-only while it is in use, and back.
 *
 * The kernel refuses new writers, which it alone can, and hands over what it
 * has; then the daemon makes that durable.  Only root may ask the kernel.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/statvfs.h>

#include "engine/base/error.h"
#include "tools/loamctl/loamctl.h"
#include "tools/loamctl/mounted.h"
#include "tools/loamctl/out.h"
#include "tools/loamctl/target.h"

/* A remount sets all flags anew: these are to stay. */
static unsigned long flags_of(const struct statvfs *st)
{
	static const struct {
		unsigned long st;
		unsigned long ms;
	} map[] = {
		{ ST_NOSUID, MS_NOSUID },
		{ ST_NODEV, MS_NODEV },
		{ ST_NOEXEC, MS_NOEXEC },
		{ ST_SYNCHRONOUS, MS_SYNCHRONOUS },
		{ ST_NOATIME, MS_NOATIME },
		{ ST_NODIRATIME, MS_NODIRATIME },
		{ ST_RELATIME, MS_RELATIME },
	};
	unsigned long flags = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(map); i++)
		if (st->f_flag & map[i].st)
			flags |= map[i].ms;
	return flags;
}

static int have_kernel_do(const char *mountpoint, bool read_only)
{
	unsigned long flags = MS_REMOUNT | (read_only ? MS_RDONLY : 0);
	const char *cure = "";
	struct statvfs st;
	int err;

	if (statvfs(mountpoint, &st) == 0 &&
	    mount(NULL, mountpoint, NULL, flags | flags_of(&st), NULL) == 0)
		return 0;
	err = errno;
	if (err == EBUSY)
		cure = "; files are open for writing, fuser -m names by whom";
	else if (err == EPERM)
		cure = "; only root may";
	return error_set(-err, "%s: %s%s", mountpoint, strerror(err), cure);
}

static int no_text(void *arg UNUSED, const char *text UNUSED,
		   size_t size UNUSED)
{
	return -EPROTO;
}

static int find(const char *path, char **mountpoint)
{
	struct target t;
	int rc;

	rc = target_open(&t, path);
	if (rc < 0)
		return rc;
	if (target_is_mounted(&t))
		rc = mounted_find(&t, mountpoint);
	else
		rc = error_set(-EINVAL, "%s: not mounted", path);
	return target_close(&t, rc);
}

static int have_daemon_do(const char *path, const char *how)
{
	const struct fs_sink sink = { .text = no_text };
	struct target t;
	int rc;

	rc = target_open(&t, path);
	if (rc < 0)
		return rc;
	return target_close(&t, target_run(&t, "remount", how, &sink));
}

static int remount(const char *path, const char *how)
{
	bool read_only = strcmp(how, "ro") == 0;
	char *mountpoint = NULL;
	int rc;

	rc = find(path, &mountpoint);
	if (rc == 0 && read_only)
		rc = have_kernel_do(mountpoint, true);
	if (rc == 0)
		rc = have_daemon_do(path, how);
	if (rc == 0 && !read_only)
		rc = have_kernel_do(mountpoint, false);
	free(mountpoint);
	return rc;
}

int remount_run(const struct command *c, char **arguments)
{
	int rc;

	if (strcmp(arguments[1], "ro") != 0 &&
	    strcmp(arguments[1], "rw") != 0) {
		out_wrong("%s: neither ro nor rw: %s", c->name, arguments[1]);
		return EXITS_USAGE;
	}
	rc = remount(arguments[0], arguments[1]);
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
