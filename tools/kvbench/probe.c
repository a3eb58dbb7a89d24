#include "tools/kvbench/probe.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "engine/base/error.h"

#define BLOCK_BYTES 512 /* what st_blocks counts */
#define FDS_MAX     16  /* that a walk keeps open */

uint64_t probe_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

/* The number behind the line of @path that begins with @name. */
static int read_number(const char *path, const char *name, uint64_t *number)
{
	FILE *file = fopen(path, "re");
	size_t size = strlen(name);
	char line[256];
	int rc = -ENOENT;

	if (!file)
		return error_set(-errno, "%s: cannot be opened", path);
	while (rc < 0 && fgets(line, sizeof(line), file)) {
		if (strncmp(line, name, size) == 0 &&
		    sscanf(line + size, "%" SCNu64, number) == 1)
			rc = 0;
	}
	fclose(file);
	return rc < 0 ? error_set(rc, "%s: no %s", path, name) : 0;
}

int probe_written(uint64_t *bytes)
{
	return read_number("/proc/self/io", "write_bytes:", bytes);
}

static int read_kib(const char *name, uint64_t *bytes)
{
	uint64_t kib;
	int rc = read_number("/proc/self/status", name, &kib);

	if (rc == 0)
		*bytes = kib * KIB;
	return rc;
}

int probe_rss(uint64_t *bytes)
{
	return read_kib("VmRSS:", bytes);
}

int probe_rss_max(uint64_t *bytes)
{
	return read_kib("VmHWM:", bytes);
}

int probe_disk(const char *path, uint64_t *bytes)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	struct stat st;
	uint64_t sum = 0;

	if (!dir)
		return error_set(-errno, "%s: cannot be listed", path);
	while ((entry = readdir(dir))) {
		/* A file may have gone since it was listed. */
		if (fstatat(dirfd(dir), entry->d_name, &st, 0) == 0 &&
		    S_ISREG(st.st_mode))
			sum += (uint64_t)st.st_blocks * BLOCK_BYTES;
	}
	closedir(dir);
	*bytes = sum;
	return 0;
}

static int remove_one(const char *path, const struct stat *st UNUSED,
		      int kind UNUSED, struct FTW *ftw UNUSED)
{
	return remove(path);
}

int probe_remove(const char *path)
{
	if (nftw(path, remove_one, FDS_MAX, FTW_DEPTH | FTW_PHYS) < 0 &&
	    errno != ENOENT)
		return error_set(-errno, "%s: cannot be removed", path);
	return 0;
}
