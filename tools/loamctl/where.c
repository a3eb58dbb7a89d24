#include "tools/loamctl/where.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/error.h"

/* Has the kernel write; what it cannot is for it to tell. */
static void hand_over(const char *path, const struct stat *st, bool tree)
{
	int fd;

	if (!S_ISREG(st->st_mode) && !S_ISDIR(st->st_mode))
		return;
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return;
	if (tree)
		(void)syncfs(fd);
	else if (S_ISREG(st->st_mode))
		(void)sync_file_range(fd, 0, 0,
				      SYNC_FILE_RANGE_WAIT_BEFORE |
					      SYNC_FILE_RANGE_WRITE |
					      SYNC_FILE_RANGE_WAIT_AFTER);
	close(fd);
}

/* A path below a mount point, or a store's folder, which is its root. */
static int open_path(struct where *w, const char *path, bool tree)
{
	char *dir = strdup(path), *store = NULL;
	const char *reach;
	struct stat st;
	int rc = 0;

	if (!dir)
		return -ENOMEM;
	if (lstat(path, &st) < 0)
		rc = error_set(-errno, "%s: %s", path, strerror(errno));
	/* Not all can be opened, but the directory of it can. */
	reach = rc == 0 && S_ISDIR(st.st_mode) ? path : dirname(dir);
	if (rc == 0)
		rc = target_mount_of(reach, &store);
	if (rc == 0 && !store && !S_ISDIR(st.st_mode))
		rc = error_set(-EINVAL,
			       "%s: lies in no mount; name the store, and the "
			       "path in it",
			       path);
	if (rc == 0) {
		snprintf(w->argument, sizeof(w->argument), "%" PRIu64,
			 store ? (uint64_t)st.st_ino : 1);
		if (store)
			hand_over(path, &st, tree);
		rc = target_open(&w->target, reach);
	}
	free(store);
	free(dir);
	return rc;
}

int where_open(struct where *w, char **arguments, bool tree)
{
	const char *path = arguments[1];
	int n;

	if (!path)
		return open_path(w, arguments[0], tree);
	n = snprintf(w->argument, sizeof(w->argument), "%s%s",
		     *path == '/' ? "" : "/", path);
	if ((size_t)n >= sizeof(w->argument))
		return error_set(-ENAMETOOLONG, "%s: %s", path,
				 strerror(ENAMETOOLONG));
	return target_open(&w->target, arguments[0]);
}
