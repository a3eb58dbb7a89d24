#include "tests/mount/twins_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define FILE_BYTES_MAX (1 << 19)
#define VALUE_BYTES    6000    /* of an xattr */
#define TIME_MAX       1000000 /* what is set lies before, now lies behind */

static bool same_time(struct timespec a, struct timespec b)
{
	bool set = a.tv_sec < TIME_MAX;

	if (set != (b.tv_sec < TIME_MAX))
		return false;
	return !set || (a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec);
}

static const char *stat_difference(const struct stat *a, const struct stat *b)
{
	if (a->st_mode != b->st_mode)
		return "mode";
	if (a->st_nlink != b->st_nlink)
		return "links";
	if (a->st_uid != b->st_uid || a->st_gid != b->st_gid)
		return "owner";
	if (!S_ISDIR(a->st_mode) && a->st_size != b->st_size)
		return "size";
	if (a->st_rdev != b->st_rdev)
		return "device";
	/* What goes through a FIFO changes its times, but not over FUSE. */
	if (!S_ISFIFO(a->st_mode) && !same_time(a->st_mtim, b->st_mtim))
		return "mtime";
	return NULL;
}

/* The contents, or the target, and each xattr. */
static const char *content_difference(const char *a, const char *b,
				      const struct stat *st)
{
	static char buf[2][FILE_BYTES_MAX];
	const char *paths[2] = { a, b };
	ssize_t n[2] = { 0, 0 };
	char name[] = "user.a";
	int i;

	for (i = 0; i < 2; i++) {
		if (S_ISLNK(st->st_mode)) {
			n[i] = readlink(paths[i], buf[i], sizeof(buf[i]));
		} else if (S_ISREG(st->st_mode)) {
			int fd = open(paths[i], O_RDONLY | O_CLOEXEC);

			n[i] = read(fd, buf[i], sizeof(buf[i]));
			close(fd);
		}
	}
	if (n[0] != n[1] || n[0] < 0 || memcmp(buf[0], buf[1], (size_t)n[0]))
		return "contents";
	for (; name[5] <= 'c'; name[5]++) {
		for (i = 0; i < 2; i++)
			n[i] = lgetxattr(paths[i], name, buf[i], VALUE_BYTES);
		if (n[0] != n[1] ||
		    (n[0] > 0 && memcmp(buf[0], buf[1], (size_t)n[0])))
			return name[5] == 'a' ? "user.a" : "an xattr";
	}
	return NULL;
}

static bool same_entry(const char *a, const char *b)
{
	const char *what = "whether it is there";
	struct stat st[2];

	if (lstat(a, &st[0]) == 0 && lstat(b, &st[1]) == 0) {
		what = stat_difference(&st[0], &st[1]);
		if (!what)
			what = content_difference(a, b, &st[0]);
	}
	if (what) {
		fprintf(stderr, "%s and %s differ: %s\n", a, b, what);
		return false;
	}
	return !S_ISDIR(st[0].st_mode) || twins_same_tree(a, b);
}

bool twins_same_tree(const char *a, const char *b)
{
	struct dirent **lists[2];
	int counts[2], i;
	bool same;

	counts[0] = scandir(a, &lists[0], NULL, alphasort);
	counts[1] = scandir(b, &lists[1], NULL, alphasort);
	same = counts[0] == counts[1] && counts[0] >= 0;
	if (!same)
		fprintf(stderr, "%s has %d names, %s has %d\n", a, counts[0], b,
			counts[1]);
	for (i = 0; same && i < counts[0]; i++) {
		const char *name = lists[0][i]->d_name;
		char pa[4096], pb[4096];

		if (!strcmp(name, ".") || !strcmp(name, ".."))
			continue;
		snprintf(pa, sizeof(pa), "%s/%s", a, name);
		snprintf(pb, sizeof(pb), "%s/%s", b, name);
		same = same_entry(pa, pb);
	}
	for (counts[0]--; counts[0] >= 0; counts[0]--)
		free(lists[0][counts[0]]);
	for (counts[1]--; counts[1] >= 0; counts[1]--)
		free(lists[1][counts[1]]);
	free(lists[0]);
	free(lists[1]);
	return same;
}
