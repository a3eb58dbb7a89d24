/* chmod(2), chown(2), utimensat(2). */
#include "tests/mount/posix/posix.h"

#include <time.h>

#define OMIT                          \
	{                             \
		.tv_nsec = UTIME_OMIT \
	}
#define NOW                          \
	{                            \
		.tv_nsec = UTIME_NOW \
	}

static void set_times(const char *path, struct timespec atime,
		      struct timespec mtime)
{
	struct timespec times[2] = { atime, mtime };

	ck_works(utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW));
}

static void ck_times(const char *path, time_t atime, time_t mtime)
{
	struct stat st = posix_stat(path);

	ck_assert_int_eq(st.st_atim.tv_sec, atime);
	ck_assert_int_eq(st.st_mtim.tv_sec, mtime);
}

START_TEST(modes)
{
	struct stat before, after;

	posix_make("f", "");
	ck_works(symlink("f", "l"));
	before = posix_stat("f");
	usleep(20000);
	ck_works(chmod("l", 07777));
	after = posix_stat("f");
	ck_assert_uint_eq(after.st_mode, S_IFREG | 07777);
	ck_assert(before.st_ctim.tv_nsec != after.st_ctim.tv_nsec);
	ck_assert_int_eq(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
	ck_works(mkdir("d", 01777));
	ck_works(chmod("d", 02700));
	ck_assert_uint_eq(posix_stat("d").st_mode, S_IFDIR | 02700);
	ck_fails(chmod("none", 0644), ENOENT);
	ck_fails(chmod("f/x", 0644), ENOTDIR);
	ck_assert_uint_eq(posix_stat("l").st_mode, S_IFLNK | 0777);
}
END_TEST

static uint32_t mode_after_chown(mode_t mode)
{
	ck_works(chmod("f", mode));
	ck_works(chown("f", OTHER_UID, OTHER_UID));
	return posix_stat("f").st_mode & 07777;
}

START_TEST(a_new_owner_clears_suid_and_sgid)
{
	need_root();
	posix_make("f", "");
	ck_works(symlink("f", "l"));
	ck_assert_uint_eq(mode_after_chown(06755), 0755);
	ck_assert_uint_eq(mode_after_chown(04644), 0644);
	/* Not executable by the group: then it means something else. */
	ck_assert_uint_eq(mode_after_chown(02745), 02745);
	ck_works(chown("f", (uid_t)-1, 7));
	ck_assert_uint_eq(posix_stat("f").st_uid, OTHER_UID);
	ck_assert_uint_eq(posix_stat("f").st_gid, 7);
	ck_works(lchown("l", 8, 9));
	ck_assert_uint_eq(posix_stat("l").st_uid, 8);
	ck_assert_uint_eq(posix_stat("f").st_gid, 7);
	ck_works(mkdir("d", 0755));
	ck_works(chmod("d", 06755));
	ck_works(chown("d", OTHER_UID, OTHER_UID));
	ck_assert_uint_eq(posix_stat("d").st_mode & 07777, 06755);
}
END_TEST

static void write_to_it(void)
{
	int fd = (int)ck_works(open("f", O_WRONLY | O_CLOEXEC));

	ck_assert_int_eq(write(fd, "x", 1), 1);
	ck_works(close(fd));
	ck_works(truncate("g", 0));
}

START_TEST(others_who_write_clear_suid_and_sgid)
{
	need_root();
	posix_make("f", "text");
	posix_make("g", "text");
	ck_works(chmod("f", 06777));
	ck_works(chmod("g", 06777));
	posix_as_other(write_to_it);
	ck_assert_uint_eq(posix_stat("f").st_mode & 07777, 0777);
	ck_assert_uint_eq(posix_stat("g").st_mode & 07777, 0777);
}
END_TEST

static void change_what_is_not_mine(void)
{
	const struct timespec set[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };

	ck_fails(chmod("f", 0777), EPERM);
	ck_fails(chown("f", OTHER_UID, OTHER_UID), EPERM);
	ck_fails(utimensat(AT_FDCWD, "f", NULL, 0), EACCES);
	ck_fails(utimensat(AT_FDCWD, "f", set, 0), EPERM);
	ck_works(utimensat(AT_FDCWD, "open", NULL, 0));
	ck_fails(utimensat(AT_FDCWD, "open", set, 0), EPERM);
	posix_make("mine", "");
	ck_works(chmod("mine", 04755));
	ck_fails(chown("mine", 0, (gid_t)-1), EPERM);
	ck_fails(chown("mine", (uid_t)-1, 7), EPERM);
}

START_TEST(rights)
{
	need_root();
	posix_make("f", "");
	posix_make("open", "");
	ck_works(chmod("open", 0666));
	posix_as_other(change_what_is_not_mine);
}
END_TEST

/* The group of a new file in a setgid directory, and the bit. */
START_TEST(a_setgid_directory_hands_on)
{
	need_root();
	ck_works(mkdir("d", 0755));
	ck_works(chown("d", 0, OTHER_UID));
	ck_works(chmod("d", 02755));
	posix_make("d/f", "");
	ck_works(mkdir("d/e", 0755));
	ck_assert_uint_eq(posix_stat("d/f").st_gid, OTHER_UID);
	ck_assert_uint_eq(posix_stat("d/e").st_gid, OTHER_UID);
	ck_assert_uint_eq(posix_stat("d/e").st_mode, S_IFDIR | 02755);
}
END_TEST

START_TEST(times)
{
	const struct timespec omit = OMIT, now = NOW;
	const struct timespec early = { .tv_sec = 11, .tv_nsec = 123456789 };
	const struct timespec late = { .tv_sec = 2000000000 };
	struct stat st;

	posix_make("f", "");
	ck_works(symlink("f", "l"));
	set_times("f", early, late);
	ck_times("f", 11, 2000000000);
	ck_assert_int_eq(posix_stat("f").st_atim.tv_nsec, 123456789);
	set_times("f", late, omit);
	ck_times("f", 2000000000, 2000000000);
	set_times("f", omit, early);
	ck_times("f", 2000000000, 11);
	st = posix_stat("f");
	usleep(20000);
	set_times("f", omit, omit);
	ck_assert_int_eq(posix_stat("f").st_ctim.tv_nsec, st.st_ctim.tv_nsec);
	set_times("f", now, omit);
	ck_assert_int_eq(posix_stat("f").st_mtim.tv_sec, 11);
	ck_assert_int_ge(posix_stat("f").st_atim.tv_sec, st.st_ctim.tv_sec);
	ck_assert_int_ne(posix_stat("f").st_atim.tv_sec, 2000000000);
	set_times("l", early, early);
	ck_times("l", 11, 11);
	set_times("f", (struct timespec){ .tv_sec = -5 }, now);
	ck_assert_int_eq(posix_stat("f").st_atim.tv_sec, -5);
}
END_TEST

START_TEST(times_that_are_none)
{
	const struct timespec bad[2] = { { .tv_nsec = 1000000000 }, OMIT };

	posix_make("f", "");
	ck_fails(utimensat(AT_FDCWD, "f", bad, 0), EINVAL);
	ck_fails(utimensat(AT_FDCWD, "f", NULL, 0x4000), EINVAL);
	ck_fails(utimensat(AT_FDCWD, "none", NULL, 0), ENOENT);
	ck_fails(utimensat(AT_FDCWD, "f/x", NULL, 0), ENOTDIR);
}
END_TEST

static struct timespec birth_of(const char *path)
{
	struct statx stx;

	ck_works(statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW,
		       STATX_BASIC_STATS | STATX_BTIME, &stx));
	ck_assert(stx.stx_mask & STATX_BTIME);
	ck_assert_uint_eq(stx.stx_ino, posix_stat(path).st_ino);
	ck_assert_uint_eq(stx.stx_mode, posix_stat(path).st_mode);
	ck_assert_uint_eq(stx.stx_size, (uint64_t)posix_stat(path).st_size);
	return (struct timespec){ .tv_sec = stx.stx_btime.tv_sec,
				  .tv_nsec = stx.stx_btime.tv_nsec };
}

START_TEST(birth_is_when_it_was_made)
{
	static const char *const names[] = { "f", "d", "l" };
	struct timespec born[3], now;
	size_t i;

	posix_make("f", "text");
	ck_works(mkdir("d", 0755));
	ck_works(symlink("f", "l"));
	for (i = 0; i < 3; i++)
		born[i] = birth_of(names[i]);
	ck_works(clock_gettime(CLOCK_REALTIME, &now));
	ck_assert(now.tv_sec - born[0].tv_sec <= 10);
	usleep(20000);
	ck_works(chmod("f", 0600));
	posix_make("f", "new");
	posix_make("d/x", "");
	ck_works(rename("l", "m"));
	ck_works(rename("m", "l"));
	for (i = 0; i < 3; i++) {
		now = birth_of(names[i]);
		ck_assert_int_eq(now.tv_sec, born[i].tv_sec);
		ck_assert_int_eq(now.tv_nsec, born[i].tv_nsec);
	}
	ck_assert(posix_stat("f").st_ctim.tv_sec != born[0].tv_sec ||
		  posix_stat("f").st_ctim.tv_nsec != born[0].tv_nsec);
}
END_TEST

void posix_add_attr(Suite *suite)
{
	TCase *tc = posix_case(suite, "attr");

	tcase_add_test(tc, modes);
	tcase_add_test(tc, a_new_owner_clears_suid_and_sgid);
	tcase_add_test(tc, others_who_write_clear_suid_and_sgid);
	tcase_add_test(tc, rights);
	tcase_add_test(tc, a_setgid_directory_hands_on);
	tcase_add_test(tc, times);
	tcase_add_test(tc, times_that_are_none);
	tcase_add_test(tc, birth_is_when_it_was_made);
}
