#include "tools/fsbench/ops.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/fsbench/clock.h"
#include "tools/fsbench/content.h"

#define PATH_SIZE  64
#define ORDER_SEED 1

/* Room for what a file holds and what is read back, one byte more of each. */
struct buffers {
	uint8_t *want;
	uint8_t *have;
};

/* One operation on the file @number, called @path. */
typedef int (*op_fn)(const struct ops_set *set, uint64_t number,
		     const char *path, const struct buffers *buffers);

static int fail(const char *what, const char *path, int err)
{
	fprintf(stderr, "fsops: %s %s: %s\n", what, path, strerror(err));
	return -err;
}

static int wrong(const char *path, const char *why)
{
	fprintf(stderr, "fsops: %s: %s\n", path, why);
	return -EIO;
}

static void path_of(const struct ops_set *set, char prefix, uint64_t number,
		    char path[PATH_SIZE])
{
	snprintf(path, PATH_SIZE, "d%06" PRIu64 "/%c%08" PRIu64,
		 number / set->per_dir, prefix, number);
}

static int buffers_init(struct buffers *b, size_t size)
{
	b->want = malloc(size + 1);
	b->have = malloc(size + 1);
	if (b->want && b->have)
		return 0;
	free(b->want);
	free(b->have);
	return fail("memory for", "a file", ENOMEM);
}

static void buffers_fini(struct buffers *b)
{
	free(b->want);
	free(b->have);
}

/* The numbers of @set's files; mixed, all of them, and the first few used. */
static uint64_t *order_new(const struct ops_set *set, bool mixed)
{
	uint64_t *order = calloc(set->count, sizeof(*order));
	uint64_t state = ORDER_SEED;
	uint64_t i, j, number;

	if (!order)
		return NULL;
	for (i = 0; i < set->count; i++)
		order[i] = set->first + i;
	for (i = set->count; mixed && i > 1; i--) {
		j = content_random(&state) % i;
		number = order[i - 1];
		order[i - 1] = order[j];
		order[j] = number;
	}
	return order;
}

/* Does @op to all of @set, or to a sample, and takes the time. */
static int run(const struct ops_set *set, bool mixed, op_fn op, double *us)
{
	uint64_t count = set->sample ? set->sample : set->count;
	struct buffers buffers;
	char path[PATH_SIZE];
	uint64_t *order;
	uint64_t i, start;
	int rc;

	rc = buffers_init(&buffers, set->size);
	if (rc < 0)
		return rc;
	order = order_new(set, mixed || set->sample);
	if (!order) {
		rc = fail("memory for", "the order of files", ENOMEM);
		goto free_buffers;
	}

	start = clock_ns();
	for (i = 0; i < count && rc == 0; i++) {
		path_of(set, set->prefix, order[i], path);
		rc = op(set, order[i], path, &buffers);
	}
	if (rc == 0)
		*us = (double)(clock_ns() - start) / 1e3 / (double)count;

	free(order);
free_buffers:
	buffers_fini(&buffers);
	return rc;
}

/* Does @op to each directory of @set. */
static int each_dir(const struct ops_set *set, int (*op)(const char *path))
{
	uint64_t last = (set->first + set->count - 1) / set->per_dir;
	uint64_t dir;
	char path[PATH_SIZE];
	int rc = 0;

	for (dir = set->first / set->per_dir; dir <= last && rc == 0; dir++) {
		snprintf(path, sizeof(path), "d%06" PRIu64, dir);
		rc = op(path);
	}
	return rc;
}

static int make_dir(const char *path)
{
	if (mkdir(path, 0777) == 0 || errno == EEXIST)
		return 0;
	return fail("mkdir", path, errno);
}

static int remove_dir(const char *path)
{
	return rmdir(path) == 0 ? 0 : fail("rmdir", path, errno);
}

static int write_all(int fd, const uint8_t *data, size_t size, const char *path)
{
	ssize_t n;

	for (; size > 0; data += n, size -= (size_t)n) {
		n = write(fd, data, size);
		if (n < 0)
			return fail("write", path, errno);
	}
	return 0;
}

static int create_one(const struct ops_set *set, uint64_t number,
		      const char *path, const struct buffers *buffers)
{
	int fd, rc;

	content_fill(buffers->want, set->size, number);
	fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666);
	if (fd < 0)
		return fail("create", path, errno);
	rc = write_all(fd, buffers->want, set->size, path);
	if (rc == 0 && set->sync && fsync(fd) != 0)
		rc = fail("fsync", path, errno);
	if (close(fd) != 0 && rc == 0)
		rc = fail("close", path, errno);
	return rc;
}

int ops_create(const struct ops_set *set, double *us)
{
	int rc = each_dir(set, make_dir);

	return rc < 0 ? rc : run(set, false, create_one, us);
}

static int stat_one(const struct ops_set *set, uint64_t number,
		    const char *path, const struct buffers *buffers)
{
	struct stat st;

	(void)number;
	(void)buffers;
	if (lstat(path, &st) != 0)
		return fail("stat", path, errno);
	if (!S_ISREG(st.st_mode) || st.st_nlink != 1 ||
	    st.st_size != (off_t)set->size)
		return wrong(path, "stat tells of another file");
	return 0;
}

int ops_stat(const struct ops_set *set, double *us)
{
	return run(set, true, stat_one, us);
}

static int read_one(const struct ops_set *set, uint64_t number,
		    const char *path, const struct buffers *buffers)
{
	size_t have = 0;
	ssize_t n;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fail("open", path, errno);
	do {
		n = read(fd, buffers->have + have, set->size + 1 - have);
		have += n > 0 ? (size_t)n : 0;
	} while (n > 0 && have <= set->size);
	if (n < 0) {
		int rc = fail("read", path, errno);

		close(fd);
		return rc;
	}
	close(fd);

	content_fill(buffers->want, set->size, number);
	if (have != set->size ||
	    memcmp(buffers->have, buffers->want, set->size) != 0)
		return wrong(path, "holds something else");
	return 0;
}

int ops_read(const struct ops_set *set, double *us)
{
	return run(set, true, read_one, us);
}

static int rename_one(const struct ops_set *set, uint64_t number,
		      const char *path, const struct buffers *buffers)
{
	char to[PATH_SIZE];

	(void)buffers;
	path_of(set, 'r', number, to);
	return rename(path, to) == 0 ? 0 : fail("rename", path, errno);
}

int ops_rename(const struct ops_set *set, double *us)
{
	return run(set, false, rename_one, us);
}

static int unlink_one(const struct ops_set *set, uint64_t number,
		      const char *path, const struct buffers *buffers)
{
	(void)set;
	(void)number;
	(void)buffers;
	return unlink(path) == 0 ? 0 : fail("unlink", path, errno);
}

int ops_unlink(const struct ops_set *set, double *us)
{
	int rc = run(set, false, unlink_one, us);

	return rc < 0 || set->sample ? rc : each_dir(set, remove_dir);
}

/* Adds the entries of @path that begin with @prefix to @count. */
static int list_dir(const char *path, char prefix, uint64_t *count)
{
	struct dirent *entry;
	DIR *dir;
	int rc = 0;

	dir = opendir(path);
	if (!dir)
		return fail("opendir", path, errno);
	do {
		/* readdir() tells the end and an error apart by errno alone. */
		errno = 0;
		entry = readdir(dir);
		if (entry && entry->d_name[0] == prefix)
			(*count)++;
		else if (!entry && errno != 0)
			rc = fail("readdir", path, errno);
	} while (entry);
	closedir(dir);
	return rc;
}

int ops_list(const struct ops_set *set, double *us)
{
	uint64_t dir = set->first / set->per_dir;
	uint64_t last = (set->first + set->count - 1) / set->per_dir;
	uint64_t start = clock_ns();
	uint64_t found = 0;
	char path[PATH_SIZE];
	int rc = 0;

	for (; dir <= last && rc == 0; dir++) {
		snprintf(path, sizeof(path), "d%06" PRIu64, dir);
		rc = list_dir(path, set->prefix, &found);
	}
	if (rc < 0)
		return rc;
	if (found != set->count)
		return wrong(path, "up to here, entries are missing or many");
	*us = (double)(clock_ns() - start) / 1e3 / (double)found;
	return 0;
}
