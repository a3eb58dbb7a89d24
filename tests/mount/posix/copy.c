/* copy_file_range(2). */
#include "tests/mount/posix/posix.h"

#define BYTES (300 * 1000)

static char from[BYTES], to[2 * BYTES], back[2 * BYTES];
static int in, out;

static void open_both(void)
{
	for (size_t i = 0; i < BYTES; i++)
		from[i] = (char)(i * 31 + i / 4096);
	memset(to, 't', sizeof(to));
	in = posix_open_new("in");
	out = posix_open_new("out");
	ck_assert_int_eq(write(in, from, BYTES), BYTES);
	ck_assert_int_eq(write(out, to, BYTES), BYTES);
}

static void close_both(void)
{
	ck_works(close(in));
	ck_works(close(out));
}

static void copy(off_t at, off_t to_at, size_t size)
{
	while (size > 0) {
		size_t n = (size_t)ck_works(
			copy_file_range(in, &at, out, &to_at, size, 0));

		ck_assert_uint_gt(n, 0);
		size -= n;
	}
}

static void check_target(size_t size)
{
	ck_assert_int_eq(posix_stat("out").st_size, (off_t)size);
	ck_assert_int_eq(pread(out, back, sizeof(back), 0), (ssize_t)size);
	ck_assert_mem_eq(back, to, size);
}

/* Both files are dirty in the kernel, and what it has of the target is old. */
START_TEST(any_range_is_copied)
{
	static const struct {
		off_t at, to_at;
		size_t size;
	} ranges[] = {
		{ 0, 0, 65536 },     { 5, 5, 100000 },
		{ 1, 2, 70000 },     { 32768, 65536, 4096 },
		{ 100, 200000, 99 }, { 65536, 0, 65537 },
	};

	open_both();
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		copy(ranges[i].at, ranges[i].to_at, ranges[i].size);
		memcpy(to + ranges[i].to_at, from + ranges[i].at,
		       ranges[i].size);
		check_target(BYTES);
		ck_assert_int_eq(pwrite(in, "new", 3, 40000 + (off_t)i), 3);
		memcpy(from + 40000 + i, "new", 3);
	}
	close_both();
}
END_TEST

START_TEST(a_copy_is_its_own)
{
	open_both();
	copy(0, 0, BYTES);
	ck_assert_int_eq(pwrite(in, "source", 6, 100), 6);
	ck_assert_int_eq(pwrite(out, "target", 6, 70000), 6);
	memcpy(to, from, BYTES);
	memcpy(to + 70000, "target", 6);
	check_target(BYTES);
	ck_works(ftruncate(in, 0));
	check_target(BYTES);
	close_both();
}
END_TEST

START_TEST(it_ends_with_the_source_and_extends_the_target)
{
	off_t at = BYTES - 10, to_at = BYTES + 5;

	open_both();
	ck_assert_int_eq(copy_file_range(in, &at, out, &to_at, 100, 0), 10);
	ck_assert_int_eq(at, BYTES);
	ck_assert_int_eq(to_at, BYTES + 15);
	memset(to + BYTES, 0, 5);
	memcpy(to + BYTES + 5, from + BYTES - 10, 10);
	check_target(BYTES + 15);
	ck_assert_int_eq(copy_file_range(in, &at, out, &to_at, 100, 0), 0);
	close_both();
}
END_TEST

START_TEST(within_one_file)
{
	off_t at = 0, to_at = 131072;

	open_both();
	ck_assert_int_eq(copy_file_range(in, &at, in, &to_at, 65536, 0), 65536);
	memcpy(from + 131072, from, 65536);
	ck_assert_int_eq(pread(in, back, BYTES, 0), BYTES);
	ck_assert_mem_eq(back, from, BYTES);
	at = 0;
	to_at = 10;
	ck_fails(copy_file_range(in, &at, in, &to_at, 11, 0), EINVAL);
	close_both();
}
END_TEST

START_TEST(copy_errors)
{
	int dir, only;

	open_both();
	ck_fails(copy_file_range(in, NULL, out, NULL, 1, 1), EINVAL);
	ck_fails(copy_file_range(-1, NULL, out, NULL, 1, 0), EBADF);
	dir = (int)ck_works(open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	ck_fails(copy_file_range(dir, NULL, out, NULL, 1, 0), EISDIR);
	only = (int)ck_works(open("out", O_RDONLY | O_CLOEXEC));
	ck_fails(copy_file_range(in, NULL, only, NULL, 1, 0), EBADF);
	ck_works(close(only));
	only = (int)ck_works(open("out", O_WRONLY | O_APPEND | O_CLOEXEC));
	ck_fails(copy_file_range(in, NULL, only, NULL, 1, 0), EBADF);
	ck_works(close(only));
	ck_works(close(dir));
	close_both();
}
END_TEST

void posix_add_copy(Suite *suite)
{
	TCase *tc = posix_case(suite, "copy_file_range");

	tcase_add_test(tc, any_range_is_copied);
	tcase_add_test(tc, a_copy_is_its_own);
	tcase_add_test(tc, it_ends_with_the_source_and_extends_the_target);
	tcase_add_test(tc, within_one_file);
	tcase_add_test(tc, copy_errors);
}
