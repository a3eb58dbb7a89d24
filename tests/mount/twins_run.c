/*
 * twins_run: one random program, run in two directories of different
 * filesystems, which must agree on everything.
 *
 * Each step makes the same system call in both directories and compares what it
 * returned, errno, and the bytes that it read.  Every so often, and at the end,
 * both trees are compared whole: names, types, modes, owners, link counts,
 * sizes, devices, contents, targets, xattrs, and the times that the program set
 * itself.  The seed alone decides what is done, so a difference can be had
 * again.
 *
 * Few names and few directories, so that calls meet: most of what is worth
 * comparing is how they fail.
 *
 *      twins_run DIR DIR SEED STEPS
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "tests/mount/twins_tree.h"

#define NAMES         6         /* in a directory */
#define DEPTH         3         /* of paths */
#define FILES         8         /* open at a time */
#define FILE_BYTES    (1 << 18) /* about the largest */
#define IO_BYTES      (1 << 16) /* about the largest */
#define COMPARE_GAP   2000      /* steps between comparisons of the trees */
#define STEPS_TELLING 5000      /* then each call has worked */

/* One of the two, and what the last call did there. */
struct twin {
	int dir;
	int files[FILES]; /* -1: not open */
	ssize_t rc;
	int err;
	char buf[IO_BYTES];
};

/* What a step does: drawn once, done twice. */
struct step {
	unsigned op;
	char path[64];
	char other[64];
	unsigned file;
	unsigned other_file;
	unsigned mode;
	unsigned choice;
	size_t size;
	off_t offset;
	off_t other_offset;
};

#define OPS_MAX 32

static struct twin twins[2];
static uint64_t worked[OPS_MAX]; /* how often each call did not fail */
static char data[IO_BYTES];
static uint64_t rng;

static unsigned draw(unsigned below)
{
	rng = rng * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)((rng >> 33) % below);
}

static void draw_path(char *path)
{
	unsigned depth = 1 + draw(DEPTH);
	unsigned i;

	for (i = 0; i < depth; i++)
		path += sprintf(path, "%s%c", i ? "/" : "",
				'a' + (char)draw(NAMES));
	if (draw(40) == 0)
		strcpy(path, draw(2) ? "/." : "/");
}

/* Mostly small, at times at the edge of a chunk or page. */
static off_t draw_offset(void)
{
	switch (draw(4)) {
	case 0:
		return draw(200);
	case 1:
		return (off_t)draw(8) * 32768 + draw(3) - 1 + (draw(2) == 0);
	case 2:
		return (off_t)draw(64) * 4096;
	default:
		return draw(FILE_BYTES);
	}
}

static void draw_step(struct step *s)
{
	memset(s, 0, sizeof(*s));
	s->op = draw(100);
	draw_path(s->path);
	draw_path(s->other);
	s->file = draw(FILES);
	s->other_file = draw(FILES);
	s->mode = draw(010000);
	s->choice = draw(1 << 16);
	s->size = draw(2) ? draw(300) : draw(IO_BYTES);
	s->offset = draw_offset();
	s->other_offset = draw_offset();
}

/* -------------------------------------------------------------- calls -- */

static ssize_t do_open(struct twin *t, const struct step *s)
{
	static const int flags[] = {
		O_RDWR | O_CREAT,
		O_RDWR | O_CREAT | O_EXCL,
		O_RDWR | O_CREAT | O_TRUNC,
		O_RDWR | O_CREAT | O_APPEND,
		O_RDWR,
		O_RDONLY,
		O_RDONLY | O_DIRECTORY,
		O_WRONLY | O_NOFOLLOW,
	};
	int fd;

	/* A FIFO would wait for its other end, and a device do anything. */
	fd = openat(t->dir, s->path,
		    flags[s->choice % 8] | O_NONBLOCK | O_CLOEXEC,
		    s->mode & 0777);
	if (fd < 0)
		return -1;
	if (t->files[s->file] >= 0)
		close(t->files[s->file]);
	t->files[s->file] = fd;
	return 0;
}

static ssize_t do_write(struct twin *t, const struct step *s)
{
	if (s->choice % 8 == 0)
		return write(t->files[s->file], data, s->size);
	return pwrite(t->files[s->file], data, s->size, s->offset);
}

static ssize_t do_copy(struct twin *t, const struct step *s)
{
	off_t in = s->offset, out = s->other_offset;

	return copy_file_range(t->files[s->file], &in, t->files[s->other_file],
			       &out, s->size, 0);
}

static ssize_t do_fallocate(struct twin *t, const struct step *s)
{
	static const int modes[] = {
		0,
		FALLOC_FL_KEEP_SIZE,
		FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE,
		FALLOC_FL_ZERO_RANGE,
		FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE,
		FALLOC_FL_PUNCH_HOLE,
	};

	return fallocate(t->files[s->file], modes[s->choice % 6], s->offset,
			 (off_t)s->size);
}

static ssize_t do_mknod(struct twin *t, const struct step *s)
{
	static const mode_t types[] = { S_IFREG, S_IFIFO, S_IFSOCK, 0 };

	return mknodat(t->dir, s->path, types[s->choice % 4] | (s->mode & 0777),
		       0);
}

static ssize_t do_rename(struct twin *t, const struct step *s)
{
	static const unsigned flags[] = {
		0, 0, 0, RENAME_NOREPLACE, RENAME_EXCHANGE, RENAME_EXCHANGE,
	};

	return renameat2(t->dir, s->path, t->dir, s->other,
			 flags[s->choice % 6]);
}

static ssize_t do_times(struct twin *t, const struct step *s)
{
	struct timespec times[2] = {
		{ .tv_sec = 1 + s->choice, .tv_nsec = s->choice * 1000 },
		{ .tv_sec = 1 + (s->choice ^ 1), .tv_nsec = s->mode },
	};

	if (s->mode % 4 == 0)
		times[s->mode / 4 % 2].tv_nsec = UTIME_OMIT;
	return utimensat(t->dir, s->path, times,
			 s->mode & 64 ? AT_SYMLINK_NOFOLLOW : 0);
}

static ssize_t do_xattr(struct twin *t, const struct step *s)
{
	int fd = t->files[s->file];
	char name[16];

	sprintf(name, "user.%c", 'a' + (char)(s->choice % 3));
	switch (s->choice / 3 % 6) {
	case 0:
		return fremovexattr(fd, name);
	case 1:
		return fgetxattr(fd, name, t->buf, s->size);
	case 2:
		return fsetxattr(fd, name, data, s->size % 60, XATTR_CREATE);
	case 3:
		return fsetxattr(fd, name, data, s->size % 60, XATTR_REPLACE);
	default:
		return fsetxattr(fd, name, data, s->size % 60, 0);
	}
}

static ssize_t do_stat(struct twin *t, const struct step *s)
{
	struct stat st;
	int rc;

	rc = fstatat(t->dir, s->path, &st,
		     s->choice & 1 ? AT_SYMLINK_NOFOLLOW : 0);
	return rc < 0 ? rc : (ssize_t)(st.st_mode << 8 | st.st_nlink);
}

static ssize_t do_close(struct twin *t, const struct step *s)
{
	int fd = t->files[s->file];

	t->files[s->file] = -1;
	return close(fd);
}

static ssize_t do_read(struct twin *t, const struct step *s)
{
	return pread(t->files[s->file], t->buf, s->size, s->offset);
}

static ssize_t do_truncate(struct twin *t, const struct step *s)
{
	return ftruncate(t->files[s->file], s->offset);
}

static ssize_t do_seek(struct twin *t, const struct step *s)
{
	return lseek(t->files[s->file], s->offset, SEEK_SET);
}

static ssize_t do_mkdir(struct twin *t, const struct step *s)
{
	return mkdirat(t->dir, s->path, s->mode);
}

static ssize_t do_symlink(struct twin *t, const struct step *s)
{
	return symlinkat(s->other, t->dir, s->path);
}

static ssize_t do_readlink(struct twin *t, const struct step *s)
{
	return readlinkat(t->dir, s->path, t->buf, 1 + s->size % 64);
}

static ssize_t do_link(struct twin *t, const struct step *s)
{
	return linkat(t->dir, s->path, t->dir, s->other,
		      s->choice & 1 ? AT_SYMLINK_FOLLOW : 0);
}

static ssize_t do_unlink(struct twin *t, const struct step *s)
{
	return unlinkat(t->dir, s->path, 0);
}

static ssize_t do_rmdir(struct twin *t, const struct step *s)
{
	return unlinkat(t->dir, s->path, AT_REMOVEDIR);
}

static ssize_t do_chmod(struct twin *t, const struct step *s)
{
	return fchmodat(t->dir, s->path, s->mode, 0);
}

static ssize_t do_chown(struct twin *t, const struct step *s)
{
	return fchownat(t->dir, s->path, s->choice % 3 ? (uid_t)-1 : 1000,
			s->choice / 3 % 3, AT_SYMLINK_NOFOLLOW);
}

static ssize_t do_sync(struct twin *t, const struct step *s)
{
	return fdatasync(t->files[s->file]);
}

static const struct {
	unsigned below; /* of 100 */
	const char *name;
	ssize_t (*call)(struct twin *t, const struct step *s);
} ops[] = {
	{ 14, "open", do_open },       { 26, "write", do_write },
	{ 36, "read", do_read },       { 40, "truncate", do_truncate },
	{ 44, "copy", do_copy },       { 48, "fallocate", do_fallocate },
	{ 50, "seek", do_seek },       { 53, "close", do_close },
	{ 59, "mkdir", do_mkdir },     { 62, "mknod", do_mknod },
	{ 65, "symlink", do_symlink }, { 67, "readlink", do_readlink },
	{ 71, "link", do_link },       { 75, "unlink", do_unlink },
	{ 77, "rmdir", do_rmdir },     { 84, "rename", do_rename },
	{ 86, "chmod", do_chmod },     { 88, "chown", do_chown },
	{ 91, "utimens", do_times },   { 95, "xattr", do_xattr },
	{ 99, "stat", do_stat },       { 100, "fdatasync", do_sync },
};

/* --------------------------------------------------------- comparisons -- */

static unsigned op_of(const struct step *s)
{
	unsigned i = 0;

	while (s->op >= ops[i].below)
		i++;
	return i;
}

static bool agree(const struct step *s)
{
	const struct twin *a = &twins[0], *b = &twins[1];

	if (a->rc != b->rc || (a->rc < 0 && a->err != b->err))
		return false;
	return a->rc <= 0 || a->rc > (ssize_t)s->size ||
	       memcmp(a->buf, b->buf, (size_t)a->rc) == 0;
}

static bool run_step(uint64_t number)
{
	struct step s;
	unsigned op;
	int i;

	draw_step(&s);
	for (i = 0; i < 8; i++)
		data[draw(IO_BYTES)] = (char)draw(256);
	op = op_of(&s);
	for (i = 0; i < 2; i++) {
		errno = 0;
		twins[i].rc = ops[op].call(&twins[i], &s);
		twins[i].err = errno;
	}
	worked[op] += twins[0].rc >= 0;
	if (agree(&s))
		return true;
	fprintf(stderr,
		"step %llu: %s %s %s file %u and %u, choice %u, mode %o, "
		"%zu bytes at %lld and %lld: %zd (%s) and %zd (%s)\n",
		(unsigned long long)number, ops[op].name, s.path, s.other,
		s.file, s.other_file, s.choice, s.mode, s.size,
		(long long)s.offset, (long long)s.other_offset, twins[0].rc,
		strerror(twins[0].err), twins[1].rc, strerror(twins[1].err));
	return false;
}

/* Or the program has become one that shows nothing. */
static bool all_worked(void)
{
	size_t i;

	for (i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		if (worked[i] == 0) {
			fprintf(stderr, "%s has never worked\n", ops[i].name);
			return false;
		}
	}
	return true;
}

static bool start(struct twin *t, const char *path)
{
	int i;

	for (i = 0; i < FILES; i++)
		t->files[i] = -1;
	t->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (t->dir < 0)
		perror(path);
	return t->dir >= 0;
}

int main(int argc, char **argv)
{
	uint64_t steps, i;
	bool same = true;

	if (argc != 5) {
		fprintf(stderr, "usage: %s DIR DIR SEED STEPS\n", argv[0]);
		return 2;
	}
	umask(0);
	rng = strtoull(argv[3], NULL, 10);
	steps = strtoull(argv[4], NULL, 10);
	if (!start(&twins[0], argv[1]) || !start(&twins[1], argv[2]))
		return 2;
	for (i = 0; same && i < steps; i++) {
		same = run_step(i);
		if (same && i % COMPARE_GAP == COMPARE_GAP - 1)
			same = twins_same_tree(argv[1], argv[2]);
	}
	if (same)
		same = twins_same_tree(argv[1], argv[2]);
	if (same && steps >= STEPS_TELLING)
		same = all_worked();
	if (!same)
		fprintf(stderr, "seed %s, steps %llu\n", argv[3],
			(unsigned long long)i);
	return same ? EXIT_SUCCESS : EXIT_FAILURE;
}
