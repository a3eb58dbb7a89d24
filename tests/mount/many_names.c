/*
 * A large directory, made and listed.
 *
 *      many_names fill STORE N    makes the directory "big" with N files in a
 *                                 new store, without a mount
 *      many_names first DIR       how long it takes to open it and to read one
 *                                 name, in microseconds
 *      many_names list DIR N      lists it; all N files must be there, once
 *      many_names seek DIR N      goes back to where telldir() has been, while
 *                                 other names are made and removed
 *
 * Files are called f0, f1, ...; other names come and go.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "fs/fs.h"

#define PLACES 64

static void __attribute__((noreturn, format(printf, 1, 2)))
fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(EXIT_FAILURE);
}

static void fill(const char *store, long count)
{
	struct fs_cred cred = { .uid = getuid(), .gid = getgid() };
	struct fs_entry dir, entry;
	char name[32];
	struct fs *fs;
	long i;
	int rc;

	rc = fs_open(&fs, store, NULL);
	if (rc < 0)
		fail("%s", fs_error_text(rc));
	rc = fs_mkdir(fs, FS_ROOT_INO, "big", 0755, &cred, &dir);
	for (i = 0; rc == 0 && i < count; i++) {
		snprintf(name, sizeof(name), "f%ld", i);
		rc = fs_mknod(fs, dir.ino, name, S_IFREG | 0644, 0, &cred,
			      &entry);
		if (rc == 0)
			fs_forget(fs, entry.ino, 1);
	}
	if (rc == 0)
		rc = fs_close(fs);
	if (rc < 0)
		fail("%s", fs_error_text(rc));
}

static DIR *open_dir(const char *path)
{
	DIR *dir = opendir(path);

	if (!dir)
		fail("%s: %s", path, strerror(errno));
	return dir;
}

static void first(const char *path)
{
	struct timespec begin, end;
	DIR *dir;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	dir = open_dir(path);
	if (!readdir(dir))
		fail("nothing is listed");
	clock_gettime(CLOCK_MONOTONIC, &end);
	closedir(dir);
	printf("%ld\n", (end.tv_sec - begin.tv_sec) * 1000000 +
				(end.tv_nsec - begin.tv_nsec) / 1000);
}

/* The number of one of the files, or -1. */
static long number_of(const char *name, long count)
{
	char *end;
	long n;

	if (name[0] != 'f')
		return -1;
	n = strtol(name + 1, &end, 10);
	if (*end || n < 0 || n >= count)
		fail("%s: should not be there", name);
	return n;
}

/* Makes a name that was not there, and removes the one before. */
static void change(const char *path, int at)
{
	char name[512];
	int fd;

	snprintf(name, sizeof(name), "%s/other%d", path, at);
	fd = open(name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);
	if (fd < 0)
		fail("%s: %s", name, strerror(errno));
	close(fd);
	snprintf(name, sizeof(name), "%s/other%d", path, at - 1);
	if (unlink(name) < 0 && errno != ENOENT)
		fail("%s: %s", name, strerror(errno));
}

static void list(const char *path, long count)
{
	bool *seen = calloc((size_t)count, sizeof(*seen));
	DIR *dir = open_dir(path);
	const struct dirent *e;
	long n, found = 0;

	if (!seen)
		fail("out of memory");
	while ((e = readdir(dir))) {
		n = number_of(e->d_name, count);
		if (n < 0)
			continue;
		if (seen[n])
			fail("%s: listed twice", e->d_name);
		seen[n] = true;
		found++;
		if (found % (count / PLACES + 1) == 0)
			change(path, (int)(found / (count / PLACES + 1)));
	}
	if (found != count)
		fail("%ld of %ld files are listed", found, count);
	closedir(dir);
	free(seen);
}

static void seek(const char *path, long count)
{
	struct {
		long offset;
		long next; /* the number of the file behind it */
	} places[PLACES] = { { 0 } };
	long offset, n, found = 0, used = 0, i;
	DIR *dir = open_dir(path);
	const struct dirent *e;

	offset = telldir(dir);
	while ((e = readdir(dir))) {
		n = number_of(e->d_name, count);
		if (n >= 0 && found++ % (count / PLACES + 1) == 0) {
			places[used].offset = offset;
			places[used++].next = n;
		}
		offset = telldir(dir);
	}
	for (i = used - 1; i >= 0; i--) {
		change(path, 1000 + (int)(used - i));
		seekdir(dir, places[i].offset);
		do {
			e = readdir(dir);
			if (!e)
				fail("the directory ends at place %ld", i);
			n = number_of(e->d_name, count);
		} while (n < 0);
		if (n != places[i].next)
			fail("f%ld is where f%ld was", n, places[i].next);
	}
	closedir(dir);
}

int main(int argc, char **argv)
{
	long count = argc > 3 ? strtol(argv[3], NULL, 10) : 0;

	if (argc == 4 && !strcmp(argv[1], "fill"))
		fill(argv[2], count);
	else if (argc == 3 && !strcmp(argv[1], "first"))
		first(argv[2]);
	else if (argc == 4 && !strcmp(argv[1], "list"))
		list(argv[2], count);
	else if (argc == 4 && !strcmp(argv[1], "seek"))
		seek(argv[2], count);
	else
		fail("usage: many_names fill STORE N|first DIR|"
		     "list DIR N|seek DIR N");
	return EXIT_SUCCESS;
}
