/* The contract of env.h, on each implementation, and the local directory. */
#include "tests/suite.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/base/env_mem.h"
#include "engine/base/error.h"
#include "engine/base/mem_rand.h"
#include "engine/base/thread.h"

static struct env *env;
static char dir[PATH_MAX]; /* of the posix env */

static void mem_setup(void)
{
	ck_ok(env_mem_new(&env, 1));
}

static void mem_teardown(void)
{
	env_free(env);
}

static void posix_setup(void)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(dir, sizeof(dir), "%s/test_env.XXXXXX", tmp ? tmp : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_ok(env_posix_new(&env, dir, false));
}

static void posix_teardown(void)
{
	struct dirent *de;
	DIR *d = opendir(dir);

	env_free(env);
	ck_assert_ptr_nonnull(d);
	while ((de = readdir(d)))
		if (strcmp(de->d_name, ".") != 0 &&
		    strcmp(de->d_name, "..") != 0)
			ck_ok(unlinkat(dirfd(d), de->d_name,
				       de->d_type == DT_DIR ? AT_REMOVEDIR
							    : 0));
	closedir(d);
	ck_ok(rmdir(dir));
}

static struct env_file *open_file(const char *name, enum env_mode mode)
{
	struct env_file *file;

	ck_ok(env_open(env, name, mode, &file));
	return file;
}

static void write_text(struct env_file *file, const char *text, uint64_t offset)
{
	struct slice part = slice_str(text);

	ck_ok(env_write_at(file, &part, 1, offset));
}

static void make_file(const char *name, const char *text)
{
	struct env_file *file = open_file(name, ENV_CREATE);

	write_text(file, text, 0);
	env_close(file);
}

static void check_text(struct env_file *file, const char *text)
{
	char buf[64] = "";

	ck_assert_int_eq(env_read_at(file, buf, sizeof(buf) - 1, 0),
			 (ssize_t)strlen(text));
	ck_assert_str_eq(buf, text);
}

static void check_file(const char *name, const char *text)
{
	struct env_file *file = open_file(name, ENV_READ);

	check_text(file, text);
	env_close(file);
}

static int open_rc(const char *name, enum env_mode mode)
{
	struct env_file *file;
	int rc = env_open(env, name, mode, &file);

	if (rc == 0)
		env_close(file);
	return rc;
}

START_TEST(names_are_checked)
{
	char name[ENV_NAME_MAX + 2];
	const char *bad[] = { "", ".", "..", ".a", "a/b", "a b", "\xc3\xa4" };
	size_t i;

	memset(name, 'a', sizeof(name));
	name[ENV_NAME_MAX + 1] = '\0';
	ck_assert(!env_name_valid(name));
	ck_assert_int_eq(open_rc(name, ENV_CREATE), -EINVAL);
	name[ENV_NAME_MAX] = '\0';
	ck_assert(env_name_valid(name));
	ck_ok(open_rc(name, ENV_CREATE));
	ck_assert(env_name_valid("Az09-_.x"));

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		ck_assert_int_eq(open_rc(bad[i], ENV_CREATE), -EINVAL);
		ck_assert_int_eq(env_rename(env, name, bad[i]), -EINVAL);
		ck_assert_int_eq(env_rename(env, bad[i], name), -EINVAL);
		ck_assert_int_eq(env_remove(env, bad[i]), -EINVAL);
		ck_assert_int_eq(env_lock(env, bad[i]), -EINVAL);
	}
}
END_TEST

START_TEST(modes_are_kept)
{
	struct slice part = slice_str("x");
	struct env_file *file;

	ck_assert_int_eq(open_rc("a", ENV_READ), -ENOENT);
	ck_assert_int_eq(open_rc("a", ENV_WRITE), -ENOENT);
	make_file("a", "text");
	ck_assert_int_eq(open_rc("a", ENV_CREATE), -EEXIST);

	file = open_file("a", ENV_READ);
	ck_assert_int_eq(env_write_at(file, &part, 1, 0), -EBADF);
	ck_assert_int_lt(env_truncate(file, 0), 0);
	env_close(file);
	check_file("a", "text");

	file = open_file("a", ENV_WRITE);
	write_text(file, "s", 3);
	check_text(file, "texs");
	env_close(file);
	env_close(NULL);
}
END_TEST

/* More parts than a system call takes, some of them empty. */
START_TEST(all_parts_are_written)
{
	enum { COUNT = 3000 };
	static struct slice parts[COUNT];
	static uint8_t bytes[COUNT * 3], back[COUNT * 3 + 1];
	struct env_file *file = open_file("a", ENV_CREATE);
	uint64_t size = 0;
	size_t i;

	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 7 + i / 256);
	for (i = 0; i < COUNT; i++) {
		parts[i] = slice_of(bytes + size, i < 1200 ? 0 : i % 4);
		size += parts[i].size;
	}
	ck_ok(env_write_at(file, parts, COUNT, 5));
	ck_assert_int_eq(env_read_at(file, back, sizeof(back), 5),
			 (ssize_t)size);
	ck_assert_mem_eq(back, bytes, size);

	ck_ok(env_write_at(file, parts, 1200, 1 << 20));
	ck_ok(env_write_at(file, NULL, 0, 1 << 20));
	ck_ok(env_size(file, &size));
	ck_assert_uint_lt(size, 1 << 20);
	env_close(file);
}
END_TEST

#define OVER_SIZE (700 * KIB)

/* Writes over @file in many places, as into @bytes. */
static void write_over(struct env_file *file, uint8_t *bytes, size_t size)
{
	struct mem_rand random = { 1 };
	uint8_t patch[20 * KIB];
	struct slice parts[3];
	size_t i, at, n;

	for (i = 0; i < 2000; i++) {
		n = mem_rand_below(&random, i % 50 ? 300 : sizeof(patch));
		/* Mostly onwards, as a log does. */
		at = i % 10 ? i * (size - sizeof(patch)) / 2000
			    : mem_rand_below(&random, size - n);
		mem_rand_fill(&random, patch, n);
		parts[0] = slice_of(patch, n / 3);
		parts[1] = slice_of(patch, 0);
		parts[2] = slice_of(patch + n / 3, n - n / 3);
		ck_ok(env_write_over(file, parts, 3, at));
		memcpy(bytes + at, patch, n);
	}
}

static void check_bytes(struct env_file *file, const uint8_t *bytes,
			size_t size)
{
	static uint8_t back[OVER_SIZE + 1];

	ck_assert_int_eq(env_read_at(file, back, sizeof(back), 0),
			 (ssize_t)size);
	ck_assert_mem_eq(back, bytes, size);
}

START_TEST(what_was_written_is_written_over)
{
	static uint8_t bytes[OVER_SIZE];
	const struct slice all = slice_of(bytes, sizeof(bytes));
	struct env_file *file = open_file("a", ENV_CREATE);
	size_t half = OVER_SIZE / 2 + 100;

	ck_ok(env_write_at(file, &all, 1, 0));
	write_over(file, bytes, OVER_SIZE);
	check_bytes(file, bytes, OVER_SIZE);

	/* What is cut off and written anew may be written over again. */
	ck_ok(env_truncate(file, half));
	check_bytes(file, bytes, half);
	memset(bytes + half, 0, OVER_SIZE - half);
	ck_ok(env_write_at(file, &all, 1, 0));
	write_over(file, bytes, OVER_SIZE);
	ck_ok(env_sync(file));
	check_bytes(file, bytes, OVER_SIZE);
	env_close(file);
}
END_TEST

START_TEST(reads_are_short_only_at_the_end)
{
	struct env_file *file = open_file("a", ENV_CREATE);
	char buf[8] = "";

	write_text(file, "abcdef", 0);
	ck_assert_int_eq(env_read_at(file, buf, 8, 4), 2);
	ck_assert_mem_eq(buf, "ef", 2);
	ck_assert_int_eq(env_read_at(file, buf, 8, 6), 0);
	ck_assert_int_eq(env_read_at(file, buf, 8, UINT64_MAX), 0);
	ck_assert_int_eq(env_read_at(file, buf, 8, INT64_MAX - 1), 0);
	ck_ok(env_read_full(file, buf, 6, 0));
	ck_assert_mem_eq(buf, "abcdef", 6);
	ck_assert_int_eq(env_read_full(file, buf, 7, 0), -EUCLEAN);
	ck_assert_ptr_nonnull(strstr(error_text(-EUCLEAN), "a: "));
	env_close(file);
}
END_TEST

START_TEST(nothing_lies_past_the_largest_offset)
{
	struct env_file *file = open_file("a", ENV_CREATE);
	struct slice part = slice_str("abc");
	uint64_t size;

	ck_assert_int_eq(env_write_at(file, &part, 1, UINT64_MAX), -EFBIG);
	ck_assert_int_eq(env_write_at(file, &part, 1, INT64_MAX - 1), -EFBIG);
	ck_assert_int_eq(env_truncate(file, UINT64_MAX), -EFBIG);
	ck_ok(env_size(file, &size));
	ck_assert_uint_eq(size, 0);
	env_close(file);
}
END_TEST

START_TEST(sizes_change_as_asked)
{
	struct env_file *file = open_file("a", ENV_CREATE);
	char buf[2000], zero[2000] = "";
	uint64_t size;

	ck_ok(env_size(file, &size));
	ck_assert_uint_eq(size, 0);

	write_text(file, "text", 1500);
	ck_ok(env_read_full(file, buf, 1504, 0));
	ck_assert_mem_eq(buf, zero, 1500);

	/* What was cut off does not come back. */
	ck_ok(env_truncate(file, 1501));
	ck_ok(env_truncate(file, 2000));
	ck_ok(env_size(file, &size));
	ck_assert_uint_eq(size, 2000);
	ck_ok(env_read_full(file, buf, 2000, 0));
	ck_assert_int_eq(buf[1500], 't');
	ck_assert_mem_eq(buf + 1501, zero, 499);
	ck_ok(env_sync(file));
	env_close(file);
}
END_TEST

START_TEST(names_move_and_go)
{
	struct env_file *old;

	make_file("a", "of a");
	make_file("b", "of b");
	old = open_file("b", ENV_READ);
	ck_ok(env_rename(env, "a", "b"));
	ck_assert_int_eq(open_rc("a", ENV_READ), -ENOENT);
	check_file("b", "of a");
	check_text(old, "of b");
	env_close(old);

	ck_ok(env_rename(env, "b", "b"));
	old = open_file("b", ENV_READ);
	ck_ok(env_remove(env, "b"));
	check_text(old, "of a");
	env_close(old);
	ck_assert_int_eq(open_rc("b", ENV_READ), -ENOENT);
	ck_assert_int_eq(env_remove(env, "b"), -ENOENT);
	ck_assert_int_eq(env_rename(env, "b", "a"), -ENOENT);
	ck_ok(env_sync_dir(env));
}
END_TEST

START_TEST(list_has_every_name_once)
{
	enum { COUNT = 100 };
	struct env_names names;
	bool seen[COUNT] = { false };
	char name[16];
	size_t i;

	ck_ok(env_list(env, &names));
	ck_assert_uint_eq(names.count, 0);
	env_names_fini(&names);

	for (i = 0; i < COUNT; i++) {
		snprintf(name, sizeof(name), "f%zu", i);
		make_file(name, "");
	}
	ck_ok(env_remove(env, "f7"));
	ck_ok(env_list(env, &names));
	ck_assert_uint_eq(names.count, COUNT - 1);
	ck_assert_uint_eq(names.foreign, 0);
	for (i = 0; i < names.count; i++) {
		size_t n = strtoul(names.names[i] + 1, NULL, 10);

		ck_assert_uint_lt(n, COUNT);
		ck_assert_uint_ne(n, 7);
		ck_assert(!seen[n]);
		seen[n] = true;
	}
	env_names_fini(&names);
}
END_TEST

START_TEST(lock_is_taken_once)
{
	ck_ok(env_lock(env, "LOCK"));
	ck_assert_int_eq(env_lock(env, "LOCK"), -EBUSY);
	ck_assert_ptr_nonnull(strstr(error_text(-EBUSY), "in use by"));
	ck_ok(open_rc("LOCK", ENV_READ));
}
END_TEST

START_TEST(clocks_go_on)
{
	uint64_t then = env_monotonic_ns(env);
	int i;

	for (i = 0; i < 1000; i++) {
		uint64_t now = env_monotonic_ns(env);

		ck_assert_uint_ge(now, then);
		then = now;
	}
	ck_assert_uint_gt(env_realtime_ns(env), 1600000000 * NS_PER_S);
}
END_TEST

START_TEST(random_bytes_differ)
{
	uint8_t a[21] = { 0 }, b[21] = { 0 };

	env_random(env, a, 20);
	env_random(env, b, 20);
	ck_assert_mem_ne(a, b, 20);
	ck_assert_uint_eq(a[20], 0);
}
END_TEST

START_TEST(space_is_told)
{
	struct env_space space = { 0 };

	ck_ok(env_space(env, &space));
	ck_assert_uint_gt(space.bytes_total, 0);
	ck_assert_uint_le(space.bytes_free, space.bytes_total);
}
END_TEST

#define STRIPE 16

struct striper {
	struct thread thread;
	struct env_file *file;
	size_t first; /* writes every fourth stripe from this one */
};

static void write_stripes(void *arg)
{
	struct striper *s = arg;
	uint8_t bytes[STRIPE];
	struct slice part = slice_of(bytes, STRIPE);
	size_t i;

	memset(bytes, 'a' + (int)s->first, STRIPE);
	for (i = s->first; i < 4000; i += 4)
		ck_ok(env_write_at(s->file, &part, 1, i * STRIPE));
}

START_TEST(threads_share_a_file)
{
	struct env_file *file = open_file("a", ENV_CREATE);
	struct striper stripers[4];
	uint8_t bytes[STRIPE], want[STRIPE];
	size_t i;

	for (i = 0; i < 4; i++) {
		stripers[i].file = file;
		stripers[i].first = i;
		ck_ok(thread_start(&stripers[i].thread, "striper", 0,
				   write_stripes, &stripers[i]));
	}
	for (i = 0; i < 4; i++)
		thread_join(&stripers[i].thread);
	for (i = 0; i < 4000; i++) {
		memset(want, 'a' + (int)(i % 4), STRIPE);
		ck_ok(env_read_full(file, bytes, STRIPE, i * STRIPE));
		ck_assert_mem_eq(bytes, want, STRIPE);
	}
	env_close(file);
}
END_TEST

/* Into the test's directory, @name behind it. */
static const char *below(const char *name)
{
	static char path[PATH_MAX + 64];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

START_TEST(posix_opens_only_regular_files)
{
	static const char *names[] = { "link", "fifo", "dir" };
	struct env_names found;
	size_t i;

	make_file("file", "text");
	ck_ok(symlink("file", below("link")));
	ck_ok(mkfifo(below("fifo"), 0600));
	ck_ok(mkdir(below("dir"), 0700));
	ck_ok(mkdir(below("lost+found"), 0700));
	close(creat(below("a name"), 0600));

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		ck_assert_int_eq(open_rc(names[i], ENV_READ), -EUCLEAN);
		ck_assert_int_eq(open_rc(names[i], ENV_WRITE), -EUCLEAN);
		ck_assert_int_eq(open_rc(names[i], ENV_CREATE), -EEXIST);
		ck_assert_int_eq(env_lock(env, names[i]), -EUCLEAN);
		ck_assert_ptr_nonnull(strstr(error_text(-EUCLEAN), names[i]));
	}

	ck_ok(env_list(env, &found));
	ck_assert_uint_eq(found.count, 1);
	ck_assert_str_eq(found.names[0], "file");
	ck_assert_uint_eq(found.foreign, 4);
	env_names_fini(&found);
}
END_TEST

/*
 * In the place of libc's: while io_max is set, every other call is interrupted
 * and the rest does a few bytes only, as a busy or nearly full disk might.
 */
static size_t io_max;
static unsigned io_calls;

static bool io_interrupted(void)
{
	if (io_max == 0 || io_calls++ % 2 != 0)
		return false;
	errno = EINTR;
	return true;
}

ssize_t pwritev(int fd, const struct iovec *iov, int count, off_t offset)
{
	ssize_t done = 0;
	int i;

	if (io_interrupted())
		return -1;
	for (i = 0; i < count; i++) {
		size_t left = io_max ? io_max - (size_t)done : SIZE_MAX;
		size_t size = size_min(iov[i].iov_len, left);
		ssize_t n = pwrite(fd, iov[i].iov_base, size, offset + done);

		if (n < 0)
			return done ? done : -1;
		done += n;
		if ((size_t)n < iov[i].iov_len)
			break;
	}
	return done;
}

ssize_t pread(int fd, void *buf, size_t size, off_t offset)
{
	struct iovec iov = { .iov_base = buf, .iov_len = size };

	if (io_interrupted())
		return -1;
	if (io_max)
		iov.iov_len = size_min(size, io_max);
	return preadv(fd, &iov, 1, offset);
}

START_TEST(posix_goes_on_after_short_calls)
{
	struct slice parts[] = { slice_str("ab"), slice_str(""),
				 slice_str("cdefghij"), slice_str("k") };
	struct env_file *file = open_file("a", ENV_CREATE);

	io_max = 3;
	ck_ok(env_write_at(file, parts, ARRAY_SIZE(parts), 0));
	ck_assert_uint_eq(io_calls, 8); /* 4 of 3, 3, 3 and 2 bytes */
	check_text(file, "abcdefghijk");
	ck_assert_uint_gt(io_calls, 8);
	io_max = 0;
	check_text(file, "abcdefghijk");
	env_close(file);
}
END_TEST

START_TEST(posix_makes_private_things)
{
	struct env *other;
	struct stat st;

	ck_assert_int_eq(env_posix_new(&other, below("new"), false), -ENOENT);
	ck_ok(env_posix_new(&other, below("new"), true));
	env_free(other);
	ck_ok(stat(below("new"), &st));
	ck_assert_uint_eq(st.st_mode & 0777, 0700);
	ck_ok(env_posix_new(&other, below("new"), true));
	env_free(other);

	make_file("file", "text");
	ck_ok(stat(below("file"), &st));
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
}
END_TEST

START_TEST(posix_store_is_a_directory)
{
	struct env *other;
	char want[PATH_MAX + 128];
	int create;

	make_file("file", "text");
	snprintf(want, sizeof(want), "%s: not a directory", below("file"));
	for (create = 0; create < 2; create++) {
		ck_assert_int_eq(env_posix_new(&other, below("file"), create),
				 -ENOTDIR);
		ck_assert_str_eq(error_text(-ENOTDIR), want);
	}
	ck_assert_int_eq(env_posix_new(&other, below("no/such"), true),
			 -ENOENT);
}
END_TEST

static void check_busy(struct env *other, pid_t pid)
{
	char want[PATH_MAX + 128];

	ck_assert_int_eq(env_lock(other, "LOCK"), -EBUSY);
	snprintf(want, sizeof(want), "%s: in use by process %d", dir, (int)pid);
	ck_assert_str_eq(error_text(-EBUSY), want);
}

/* A sync of a file that nobody will find again must not be called good. */
START_TEST(removed_store_is_not_synced)
{
	struct env_file *file;

	ck_ok(env_lock(env, "LOCK"));
	make_file("a", "text");
	file = open_file("a", ENV_WRITE);
	ck_ok(env_sync(file));
	/* A file that we remove ourselves may well be synced still. */
	ck_ok(env_remove(env, "a"));
	ck_ok(env_sync(file));
	ck_ok(unlink(below("LOCK")));
	ck_assert_int_eq(env_sync(file), -EIO);
	ck_assert_ptr_nonnull(strstr(error_text(-EIO), "has been removed"));
	env_close(file);
}
END_TEST

START_TEST(posix_lock_keeps_out_another_env)
{
	struct env *other;

	ck_ok(env_posix_new(&other, dir, false));
	ck_ok(env_lock(env, "LOCK"));
	check_busy(other, getpid());
	/* Closing the losing descriptor must not give up the lock. */
	check_busy(other, getpid());
	env_free(env);
	env = other;
	ck_ok(env_lock(env, "LOCK"));
}
END_TEST

/* Takes the lock with an env of its own, says so, and waits to be killed. */
static void hold_lock(int ready)
{
	struct env *own;

	if (env_posix_new(&own, dir, false) == 0 &&
	    env_lock(own, "LOCK") == 0 && write(ready, "", 1) == 1)
		pause();
	_exit(1);
}

/* In a child, without Check: writes over what it wrote, and is killed. */
static void write_and_die(void)
{
	static const uint8_t zeros[64 * KIB];
	struct slice part = slice_of(zeros, sizeof(zeros));
	struct env_file *file;
	struct env *own;
	unsigned i;

	if (env_posix_new(&own, dir, false) < 0 ||
	    env_open(own, "a", ENV_CREATE, &file) < 0 ||
	    env_write_at(file, &part, 1, 0) < 0)
		_exit(1);
	part = slice_str("survives");
	for (i = 0; i < 1000; i++)
		if (env_write_over(file, &part, 1, i * part.size) < 0)
			_exit(1);
	raise(SIGKILL);
	_exit(1);
}

START_TEST(posix_writes_survive_their_process)
{
	struct env_file *file;
	char text[9] = "";
	unsigned i;
	int status;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		write_and_die();
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	file = open_file("a", ENV_READ);
	for (i = 0; i < 1000; i++) {
		ck_ok(env_read_full(file, text, 8, i * 8));
		ck_assert_str_eq(text, "survives");
	}
	env_close(file);
}
END_TEST

START_TEST(posix_lock_ends_with_its_process)
{
	int ready[2];
	char byte;
	pid_t pid;

	ck_ok(pipe(ready));
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		hold_lock(ready[1]);
	close(ready[1]);
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	check_busy(env, pid);

	ck_ok(kill(pid, SIGKILL));
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	ck_ok(env_lock(env, "LOCK"));
	close(ready[0]);
}
END_TEST

static void add_contract(TCase *tc)
{
	tcase_add_test(tc, names_are_checked);
	tcase_add_test(tc, modes_are_kept);
	tcase_add_test(tc, all_parts_are_written);
	tcase_add_test(tc, what_was_written_is_written_over);
	tcase_add_test(tc, reads_are_short_only_at_the_end);
	tcase_add_test(tc, nothing_lies_past_the_largest_offset);
	tcase_add_test(tc, sizes_change_as_asked);
	tcase_add_test(tc, names_move_and_go);
	tcase_add_test(tc, list_has_every_name_once);
	tcase_add_test(tc, lock_is_taken_once);
	tcase_add_test(tc, clocks_go_on);
	tcase_add_test(tc, random_bytes_differ);
	tcase_add_test(tc, space_is_told);
	tcase_add_test(tc, threads_share_a_file);
}

int main(void)
{
	Suite *s = suite_create("env");
	TCase *tc = suite_case(s, "mem");

	tcase_add_checked_fixture(tc, mem_setup, mem_teardown);
	add_contract(tc);

	tc = suite_case(s, "posix");
	tcase_add_checked_fixture(tc, posix_setup, posix_teardown);
	add_contract(tc);
	tcase_add_test(tc, posix_opens_only_regular_files);
	tcase_add_test(tc, posix_goes_on_after_short_calls);
	tcase_add_test(tc, posix_makes_private_things);
	tcase_add_test(tc, posix_store_is_a_directory);
	tcase_add_test(tc, removed_store_is_not_synced);
	tcase_add_test(tc, posix_lock_keeps_out_another_env);
	tcase_add_test(tc, posix_writes_survive_their_process);
	tcase_add_test(tc, posix_lock_ends_with_its_process);
	return suite_run(s);
}
