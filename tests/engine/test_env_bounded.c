/* Few open files: the bound, what stays open, what happens in between. */
#include "tests/suite.h"

#include <dirent.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "engine/base/env_bounded.h"
#include "engine/base/env_mem.h"
#include "engine/base/mem_rand.h"
#include "engine/base/thread.h"

#define FILES   1000
#define BOUND   16
#define THREADS 4
#define READS   5000 /* of each thread */
#define PIECE   64   /* bytes that say which file they are from */

static char dir[PATH_MAX];
static struct env *under;

static void posix_setup(void)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(dir, sizeof(dir), "%s/test_env_bounded.XXXXXX",
		 tmp ? tmp : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_ok(env_posix_new(&under, dir, false));
}

static void posix_teardown(void)
{
	struct env_names names;
	size_t i;

	ck_ok(env_list(under, &names));
	for (i = 0; i < names.count; i++)
		ck_ok(env_remove(under, names.names[i]));
	env_names_fini(&names);
	env_free(under);
	ck_ok(rmdir(dir));
}

static void mem_setup(void)
{
	ck_ok(env_mem_new(&under, 1));
}

static void mem_teardown(void)
{
	env_free(under);
}

/* The descriptors of this process; the one that looks is not counted. */
static unsigned descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned count = 0;

	ck_assert_ptr_nonnull(d);
	while (readdir(d))
		count++;
	closedir(d);
	return count - 3; /* ".", ".." and d itself */
}

static const char *name_of(unsigned i, char name[ENV_NAME_MAX + 1])
{
	snprintf(name, ENV_NAME_MAX + 1, "file-%u", i);
	return name;
}

static void fill(uint8_t piece[PIECE], unsigned i)
{
	memset(piece, (int)(i % 251), PIECE);
	memcpy(piece, &i, sizeof(i));
}

static void write_piece(struct env_file *f, unsigned i)
{
	uint8_t piece[PIECE];
	struct slice part = slice_of(piece, PIECE);

	fill(piece, i);
	ck_ok(env_write_at(f, &part, 1, 0));
}

static void make_files(unsigned count)
{
	char name[ENV_NAME_MAX + 1];
	struct env_file *f;
	unsigned i;

	for (i = 0; i < count; i++) {
		ck_ok(env_open(under, name_of(i, name), ENV_CREATE, &f));
		write_piece(f, i);
		env_close(f);
	}
}

static void open_files(struct env *env, struct env_file **files, unsigned count)
{
	char name[ENV_NAME_MAX + 1];
	unsigned i;

	for (i = 0; i < count; i++)
		ck_ok(env_open(env, name_of(i, name), ENV_READ, &files[i]));
}

static void close_files(struct env_file **files, unsigned count)
{
	unsigned i;

	for (i = 0; i < count; i++)
		env_close(files[i]);
}

static bool reads_right(struct env_file *f, unsigned i)
{
	uint8_t piece[PIECE], want[PIECE];

	fill(want, i);
	return env_read_full(f, piece, PIECE, 0) == 0 &&
	       memcmp(piece, want, PIECE) == 0;
}

struct reader {
	struct thread thread;
	struct env_file **files;
	unsigned bound; /* descriptors that are one too many */
	unsigned wrong;
	unsigned above;
	uint64_t seed;
};

static void read_files(void *arg)
{
	struct reader *r = arg;
	struct mem_rand rand = { .state = r->seed };
	uint64_t size;
	unsigned i;

	for (i = 0; i < READS; i++) {
		/* Half of the reads go to a few, which then meet in them. */
		unsigned which = (unsigned)mem_rand_below(&rand,
							  i % 2 ? 8 : FILES);

		if (!reads_right(r->files[which], which) ||
		    env_size(r->files[which], &size) < 0 || size != PIECE)
			r->wrong++;
		/* Those who look at the same time open one each, too. */
		if (i % 100 == 0 && descriptors() >= r->bound + THREADS)
			r->above++;
	}
}

START_TEST(thousand_files_through_sixteen_descriptors)
{
	static struct env_file *files[FILES];
	struct reader readers[THREADS] = { 0 };
	struct env *env = env_bounded_new(under, BOUND);
	unsigned i, before;

	make_files(FILES);
	before = descriptors();
	open_files(env, files, FILES);
	ck_assert_uint_eq(descriptors(), before + BOUND);
	for (i = 0; i < THREADS; i++) {
		readers[i].files = files;
		readers[i].bound = before + BOUND;
		readers[i].seed = i + 1;
		ck_ok(thread_start(&readers[i].thread, "reader", 0, read_files,
				   &readers[i]));
	}
	for (i = 0; i < THREADS; i++) {
		thread_join(&readers[i].thread);
		ck_assert_uint_eq(readers[i].wrong, 0);
		ck_assert_uint_eq(readers[i].above, 0);
	}
	ck_assert_uint_eq(descriptors(), before + BOUND);
	close_files(files, FILES);
	ck_assert_uint_eq(descriptors(), before);
	env_free(env);
}
END_TEST

START_TEST(more_threads_than_descriptors)
{
	static struct env_file *files[FILES];
	struct reader readers[THREADS] = { 0 };
	struct env *env = env_bounded_new(under, 1);
	unsigned i, before;

	make_files(FILES);
	before = descriptors();
	open_files(env, files, FILES);
	for (i = 0; i < THREADS; i++) {
		readers[i].files = files;
		readers[i].bound = before + THREADS + 1;
		readers[i].seed = i + 1;
		ck_ok(thread_start(&readers[i].thread, "reader", 0, read_files,
				   &readers[i]));
	}
	for (i = 0; i < THREADS; i++) {
		thread_join(&readers[i].thread);
		ck_assert_uint_eq(readers[i].wrong, 0);
		ck_assert_uint_eq(readers[i].above, 0);
	}
	/* The next one who opens a file brings it back within its bound. */
	for (i = 0; i < 2; i++)
		ck_assert(reads_right(files[FILES - 1 - i], FILES - 1 - i));
	ck_assert_uint_eq(descriptors(), before + 1);
	close_files(files, FILES);
	env_free(env);
}
END_TEST

START_TEST(written_files_stay_open_until_sealed)
{
	struct env_file *files[10], *written;
	struct env *env = env_bounded_new(under, 2);
	uint8_t piece[PIECE];
	unsigned i, before;

	make_files(10);
	before = descriptors();
	ck_ok(env_open(env, "written", ENV_CREATE, &written));
	open_files(env, files, 10);
	ck_assert_uint_eq(descriptors(), before + 3);
	write_piece(written, 77);
	ck_ok(env_truncate(written, PIECE));
	ck_ok(env_sync(written));
	ck_assert(reads_right(written, 77));

	env_seal(written);
	/* Again, and one that never was written to: no harm. */
	env_seal(written);
	env_seal(files[0]);
	ck_assert_uint_eq(descriptors(), before + 2);
	for (i = 0; i < 10; i++)
		ck_assert(reads_right(files[i], i));
	/* It has been closed: where it was, nothing is found by now. */
	ck_ok(env_remove(under, "written"));
	ck_assert_int_eq(env_read_full(written, piece, PIECE, 0), -ENOENT);
	ck_assert_uint_le(descriptors(), before + 2);

	env_close(written);
	close_files(files, 10);
	ck_assert_uint_eq(descriptors(), before);
	env_free(env);
}
END_TEST

START_TEST(sealed_file_is_opened_again)
{
	struct env_file *files[10], *written;
	struct env *env = env_bounded_new(under, 2);

	make_files(10);
	ck_ok(env_open(env, "written", ENV_CREATE, &written));
	write_piece(written, 77);
	ck_ok(env_sync(written));
	env_seal(written);
	open_files(env, files, 10);
	ck_assert(reads_right(written, 77));
	ck_ok(env_sync(written));
	env_close(written);
	close_files(files, 10);
	env_free(env);
}
END_TEST

START_TEST(process_may_not_have_so_many)
{
	struct env_file *files[60], *written;
	struct env *env = env_bounded_new(under, FILES);
	struct rlimit limit;
	unsigned i;

	make_files(60);
	ck_ok(getrlimit(RLIMIT_NOFILE, &limit));
	limit.rlim_cur = descriptors() + 20;
	ck_ok(setrlimit(RLIMIT_NOFILE, &limit));
	open_files(env, files, 60);
	for (i = 0; i < 60; i++)
		ck_assert(reads_right(files[i], i));
	/* It makes room for those that are written to as well. */
	ck_ok(env_open(env, "written", ENV_CREATE, &written));
	env_close(written);
	close_files(files, 60);
	env_free(env);
}
END_TEST

START_TEST(missing_file_is_noticed_when_opened)
{
	struct env *env = env_bounded_new(under, 2);
	struct env_file *f = NULL;

	ck_assert_int_eq(env_open(env, "none", ENV_READ, &f), -ENOENT);
	ck_assert_int_eq(env_open(env, "none", ENV_WRITE, &f), -ENOENT);
	ck_assert_ptr_null(f);
	env_free(env);
}
END_TEST

START_TEST(failure_to_open_again_is_not_for_ever)
{
	struct env_file *files[4];
	struct env *env = env_bounded_new(under, 2);
	uint8_t piece[PIECE];

	make_files(4);
	open_files(env, files, 4);
	env_mem_arm(under, ENV_MEM_EIO, 1, false);
	ck_assert_int_eq(env_read_full(files[0], piece, PIECE, 0), -EIO);
	ck_assert(reads_right(files[0], 0));
	close_files(files, 4);
	env_free(env);
}
END_TEST

START_TEST(what_is_used_stays_open)
{
	struct env_file *files[100];
	struct env *env = env_bounded_new(under, 4);
	uint64_t before;
	unsigned i;

	make_files(100);
	open_files(env, files, 100);
	ck_assert(reads_right(files[0], 0));
	for (i = 1; i < 100; i++) {
		ck_assert(reads_right(files[i], i));
		before = env_mem_calls(under);
		ck_assert(reads_right(files[0], 0));
		/* One read, and no open. */
		ck_assert_uint_eq(env_mem_calls(under), before + 1);
	}
	close_files(files, 100);
	env_free(env);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("env_bounded");
	TCase *tc = suite_case(s, "descriptors");

	tcase_add_checked_fixture(tc, posix_setup, posix_teardown);
	tcase_add_test(tc, thousand_files_through_sixteen_descriptors);
	tcase_add_test(tc, more_threads_than_descriptors);
	tcase_add_test(tc, written_files_stay_open_until_sealed);
	tcase_add_test(tc, sealed_file_is_opened_again);
	tcase_add_test(tc, process_may_not_have_so_many);

	tc = suite_case(s, "calls");
	tcase_add_checked_fixture(tc, mem_setup, mem_teardown);
	tcase_add_test(tc, missing_file_is_noticed_when_opened);
	tcase_add_test(tc, failure_to_open_again_is_not_for_ever);
	tcase_add_test(tc, what_is_used_stays_open);
	return suite_run(s);
}
