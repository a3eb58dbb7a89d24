/* fallocate(2), and what is left of setuid bits after changes of a file. */
#include "tests/mount/posix/posix.h"

#include <sys/mman.h>

#define PUNCH (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE)
#define BYTES (256 * 1024)

static char buf[BYTES], want[BYTES];

static int open_filled(void)
{
	int fd = posix_open_new("f");

	memset(want, 'x', BYTES);
	ck_assert_int_eq(write(fd, want, BYTES), BYTES);
	return fd;
}

static void check_bytes(int fd, off_t size)
{
	ck_assert_int_eq(posix_stat("f").st_size, size);
	ck_assert_int_eq(pread(fd, buf, BYTES, 0), BYTES);
	ck_assert_mem_eq(buf, want, BYTES);
}

START_TEST(plain_extends_with_zeros)
{
	int fd = posix_open_new("f");

	ck_works(fallocate(fd, 0, 1000, 9000));
	ck_assert_int_eq(posix_stat("f").st_size, 10000);
	ck_assert_int_eq(read(fd, buf, BYTES), 10000);
	ck_assert_mem_eq(buf, want, 10000);
	ck_works(fallocate(fd, 0, 0, 10));
	ck_assert_int_eq(posix_stat("f").st_size, 10000);
	ck_works(close(fd));
}
END_TEST

START_TEST(keep_size_keeps_it)
{
	int fd = open_filled();

	ck_works(fallocate(fd, FALLOC_FL_KEEP_SIZE, BYTES, 100000));
	check_bytes(fd, BYTES);
	ck_works(close(fd));
}
END_TEST

/* The bytes are still dirty in the kernel when the hole is made. */
START_TEST(a_hole_is_zeros)
{
	int fd = open_filled();

	ck_works(fallocate(fd, PUNCH, 1000, 100000));
	memset(want + 1000, 0, 100000);
	check_bytes(fd, BYTES);
	ck_works(fallocate(fd, PUNCH, BYTES - 10, 100000));
	memset(want + BYTES - 10, 0, 10);
	check_bytes(fd, BYTES);
	ck_works(fsync(fd));
	ck_works(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) == 0 ? 0 : -1);
	check_bytes(fd, BYTES);
	ck_works(close(fd));
}
END_TEST

START_TEST(a_mapping_sees_the_hole)
{
	int fd = open_filled();
	char *map = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
			 0);

	ck_assert_ptr_ne(map, MAP_FAILED);
	map[5] = 'y';
	ck_works(fallocate(fd, PUNCH, 4096, 8192));
	memset(want + 4096, 0, 8192);
	want[5] = 'y';
	ck_assert_mem_eq(map, want, BYTES);
	map[5000] = 'z';
	want[5000] = 'z';
	check_bytes(fd, BYTES);
	ck_works(munmap(map, BYTES));
	ck_works(close(fd));
}
END_TEST

START_TEST(zero_range_may_extend)
{
	int fd = open_filled();

	ck_works(fallocate(fd, FALLOC_FL_ZERO_RANGE, 40000, 80000));
	memset(want + 40000, 0, 80000);
	check_bytes(fd, BYTES);
	ck_works(fallocate(fd, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE,
			   BYTES - 1, 100));
	want[BYTES - 1] = 0;
	check_bytes(fd, BYTES);
	ck_works(fallocate(fd, FALLOC_FL_ZERO_RANGE, BYTES - 1, 100));
	check_bytes(fd, BYTES + 99);
	ck_works(close(fd));
}
END_TEST

START_TEST(holes_are_not_counted)
{
	int fd = open_filled();

	ck_works(fsync(fd));
	ck_assert_int_ge(posix_stat("f").st_blocks, BYTES / 512);
	ck_works(fallocate(fd, PUNCH, 0, BYTES));
	ck_works(fsync(fd));
	ck_assert_int_le(posix_stat("f").st_blocks, 16);
	ck_works(close(fd));
}
END_TEST

START_TEST(a_hole_changes_times)
{
	int fd = open_filled();
	struct stat before, after;

	ck_works(fsync(fd));
	before = posix_stat("f");
	usleep(20000);
	ck_works(fallocate(fd, PUNCH, 0, 100));
	after = posix_stat("f");
	ck_assert(before.st_mtim.tv_sec != after.st_mtim.tv_sec ||
		  before.st_mtim.tv_nsec != after.st_mtim.tv_nsec);
	ck_assert(before.st_ctim.tv_sec != after.st_ctim.tv_sec ||
		  before.st_ctim.tv_nsec != after.st_ctim.tv_nsec);
	ck_works(close(fd));
}
END_TEST

START_TEST(fallocate_errors)
{
	int fd = posix_open_new("f"), fds[2];

	ck_fails(fallocate(fd, 0, 0, 0), EINVAL);
	ck_fails(fallocate(fd, 0, -1, 10), EINVAL);
	ck_fails(fallocate(fd, 0, 0, -10), EINVAL);
	ck_fails(fallocate(fd, FALLOC_FL_PUNCH_HOLE, 0, 1), EOPNOTSUPP);
	ck_fails(fallocate(fd, FALLOC_FL_KEEP_SIZE, INT64_MAX, 1), EFBIG);
	ck_fails(fallocate(fd, 0, 0, (off_t)1 << 43), ENOSPC);
	ck_works(close(fd));
	ck_fails(fallocate(fd, 0, 0, 1), EBADF);
	fd = (int)ck_works(open("f", O_RDONLY | O_CLOEXEC));
	ck_fails(fallocate(fd, 0, 0, 1), EBADF);
	ck_works(close(fd));
	ck_works(pipe(fds));
	ck_fails(fallocate(fds[1], 0, 0, 1), ESPIPE);
	ck_works(close(fds[0]));
	ck_works(close(fds[1]));
}
END_TEST

/* -------------------------------------------------- setuid and setgid -- */

static void change_it(void)
{
	int fd = (int)ck_works(open("f", O_RDWR | O_CLOEXEC));

	ck_assert_int_eq(write(fd, "x", 1), 1);
	ck_assert_uint_eq(posix_stat("f").st_mode & 07777, 0777);
	ck_works(chmod("f", 06777));
	ck_works(ftruncate(fd, 1));
	ck_assert_uint_eq(posix_stat("f").st_mode & 07777, 0777);
	ck_works(chmod("f", 06777));
	ck_works(fallocate(fd, 0, 0, 100));
	ck_assert_uint_eq(posix_stat("f").st_mode & 07777, 0777);
	ck_works(chmod("f", 06777));
	ck_works(chown("f", OTHER_UID, OTHER_UID));
	ck_assert_uint_eq(posix_stat("f").st_mode & 07777, 0777);
	ck_works(close(fd));
}

START_TEST(a_change_clears_setuid)
{
	need_root();
	posix_make("f", "text");
	ck_works(chown("f", OTHER_UID, OTHER_UID));
	ck_works(chmod("f", 06777));
	posix_as_other(change_it);
}
END_TEST

START_TEST(root_may_change_and_keep_it)
{
	int fd;

	need_root();
	posix_make("f", "text");
	ck_works(chmod("f", 06777));
	fd = (int)ck_works(open("f", O_RDWR | O_CLOEXEC));
	ck_assert_int_eq(write(fd, "x", 1), 1);
	ck_works(ftruncate(fd, 1));
	ck_assert_uint_eq(posix_stat("f").st_mode & 07777, 06777);
	ck_works(chown("f", 0, 0));
	ck_assert_uint_eq(posix_stat("f").st_mode & 07777, 0777);
	ck_works(close(fd));
}
END_TEST

void posix_add_fallocate(Suite *suite)
{
	TCase *tc = posix_case(suite, "fallocate");

	tcase_add_test(tc, plain_extends_with_zeros);
	tcase_add_test(tc, keep_size_keeps_it);
	tcase_add_test(tc, a_hole_is_zeros);
	tcase_add_test(tc, a_mapping_sees_the_hole);
	tcase_add_test(tc, zero_range_may_extend);
	tcase_add_test(tc, holes_are_not_counted);
	tcase_add_test(tc, a_hole_changes_times);
	tcase_add_test(tc, fallocate_errors);
	tcase_add_test(tc, a_change_clears_setuid);
	tcase_add_test(tc, root_may_change_and_keep_it);
}
