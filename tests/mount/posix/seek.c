/* lseek(2) with SEEK_DATA and SEEK_HOLE. */
#include "tests/mount/posix/posix.h"

#include <sys/wait.h>

#define FAR ((off_t)1 << 40)

/*
 * Checks that, seen from @from, data begin at @data or a little before, and
 * that a hole follows at @hole or a little behind.
 */
static void check_data(int fd, off_t from, off_t data, off_t hole)
{
	off_t at = ck_works(lseek(fd, from, SEEK_DATA));

	ck_assert_int_le(at, data);
	ck_assert_int_gt(at, data - 65536);
	at = ck_works(lseek(fd, data, SEEK_HOLE));
	ck_assert_int_ge(at, hole);
	ck_assert_int_lt(at, hole + 65536);
}

/* Nothing has been written out yet. */
START_TEST(data_that_are_dirty_are_found)
{
	int fd = posix_open_new("f");

	ck_assert_int_eq(pwrite(fd, "data", 4, 1000000), 4);
	ck_assert_int_eq(pwrite(fd, "more", 4, FAR), 4);
	check_data(fd, 0, 1000000, 1000004);
	check_data(fd, 2000000, FAR, FAR + 4);
	ck_assert_int_eq(lseek(fd, FAR + 1, SEEK_DATA), FAR + 1);
	ck_assert_int_eq(lseek(fd, FAR, SEEK_HOLE), FAR + 4);
	ck_assert_int_eq(lseek(fd, 0, SEEK_HOLE), 0);
	ck_assert_int_eq(lseek(fd, 500, SEEK_HOLE), 500);
	ck_fails(lseek(fd, FAR + 4, SEEK_DATA), ENXIO);
	ck_fails(lseek(fd, FAR + 4, SEEK_HOLE), ENXIO);
	ck_fails(lseek(fd, -1, SEEK_DATA), ENXIO);
	ck_works(close(fd));
}
END_TEST

START_TEST(a_file_of_holes_has_no_data)
{
	int fd = posix_open_new("f");

	ck_fails(lseek(fd, 0, SEEK_DATA), ENXIO);
	ck_works(ftruncate(fd, 10000000));
	ck_fails(lseek(fd, 0, SEEK_DATA), ENXIO);
	ck_assert_int_eq(lseek(fd, 5, SEEK_HOLE), 5);
	ck_works(close(fd));
}
END_TEST

START_TEST(a_full_file_ends_with_a_hole)
{
	static char buf[300000];
	int fd = posix_open_new("f");

	memset(buf, 'x', sizeof(buf));
	ck_assert_int_eq(write(fd, buf, sizeof(buf)), sizeof(buf));
	ck_assert_int_eq(lseek(fd, 0, SEEK_HOLE), sizeof(buf));
	ck_assert_int_eq(lseek(fd, 123, SEEK_DATA), 123);
	ck_works(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			   65536, 131072));
	ck_assert_int_eq(lseek(fd, 0, SEEK_HOLE), 65536);
	ck_assert_int_eq(lseek(fd, 65536, SEEK_DATA), 65536 + 131072);
	ck_assert_int_eq(lseek(fd, 200000, SEEK_HOLE), sizeof(buf));
	ck_works(close(fd));
}
END_TEST

/* More at a time than the daemon has workers. */
START_TEST(many_seek_at_once)
{
	pid_t pids[24];
	int status;

	for (int i = 0; i < 24; i++) {
		char name[16];

		pids[i] = fork();
		ck_assert_int_ge(pids[i], 0);
		if (pids[i] > 0)
			continue;
		snprintf(name, sizeof(name), "f%d", i);
		int fd = posix_open_new(name);
		for (off_t at = 1 << 20; at < 21 << 20; at += 1 << 20) {
			if (pwrite(fd, "x", 1, at) != 1 ||
			    lseek(fd, at, SEEK_DATA) != at)
				_exit(1);
		}
		_exit(0);
	}
	for (int i = 0; i < 24; i++) {
		ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
		ck_assert_int_eq(status, 0);
	}
}
END_TEST

void posix_add_seek(Suite *suite)
{
	TCase *tc = posix_case(suite, "seek");

	tcase_add_test(tc, data_that_are_dirty_are_found);
	tcase_add_test(tc, a_file_of_holes_has_no_data);
	tcase_add_test(tc, a_full_file_ends_with_a_hole);
	tcase_add_test(tc, many_seek_at_once);
}
