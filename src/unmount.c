#include "src/unmount.h"

#include <errno.h>
#include <mntent.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>

/* As a user may: through the helper that is setuid. */
static int unmount_by_helper(const char *mountpoint, bool lazily, bool quietly)
{
	const char *options = lazily    ? quietly ? "-uzq" : "-uz"
			      : quietly ? "-uq"
					: "-u";
	const char *const argv[] = { "fusermount3", options, mountpoint, NULL };
	const char *const envp[] = { "PATH=/usr/local/bin:/usr/bin:/bin",
				     NULL };
	int status, err;
	pid_t pid;

	err = posix_spawnp(&pid, argv[0], NULL, NULL, (char *const *)argv,
			   (char *const *)envp);
	if (err)
		return -err;
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EBUSY;
}

int unmount(const char *mountpoint, int flags, bool quietly)
{
	if (umount2(mountpoint, flags | UMOUNT_NOFOLLOW) == 0)
		return 0;
	if (errno != EPERM)
		return -errno;
	return unmount_by_helper(mountpoint, flags & MNT_DETACH, quietly);
}

bool unmount_is_ours(const char *mountpoint)
{
	FILE *table = setmntent("/proc/self/mounts", "r");
	struct mntent entry;
	bool ours = false;
	char line[8192];

	if (!table)
		return false;
	while (getmntent_r(table, &entry, line, sizeof(line))) {
		if (strcmp(entry.mnt_dir, mountpoint) == 0)
			ours = strcmp(entry.mnt_type, "fuse.loamfs") == 0;
	}
	endmntent(table);
	return ours;
}
