/* link(2), symlink(2), mknod(2), unlink(2), mkdir(2), rmdir(2). */
#include "tests/mount/posix/posix.h"

#include <sys/sysmacros.h>

#define NAME_BYTES_MAX 255
#define PATH_BYTES_MAX 4095

START_TEST(links_share_a_file)
{
	struct stat before, after;

	posix_make("f", "text");
	before = posix_stat("f");
	usleep(20000);
	ck_works(link("f", "g"));
	after = posix_stat("f");
	ck_assert_uint_eq(after.st_nlink, 2);
	ck_assert_uint_eq(posix_stat("g").st_ino, before.st_ino);
	ck_assert(before.st_ctim.tv_nsec != after.st_ctim.tv_nsec);
	ck_assert_int_eq(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
	ck_works(unlink("f"));
	ck_assert_uint_eq(posix_stat("g").st_nlink, 1);
	ck_assert_str_eq(posix_text("g"), "text");
}
END_TEST

START_TEST(link_fails)
{
	posix_make("f", "");
	ck_works(mkdir("d", 0755));
	ck_works(symlink("nowhere", "l"));
	ck_fails(link("d", "e"), EPERM);
	ck_fails(link("f", "d"), EEXIST);
	ck_fails(link("f", "f"), EEXIST);
	ck_fails(link("f", "l"), EEXIST);
	ck_fails(link("nowhere", "g"), ENOENT);
	ck_fails(link("f", "nowhere/g"), ENOENT);
	ck_fails(link("f", "f/g"), ENOTDIR);
	ck_fails(linkat(AT_FDCWD, "f", AT_FDCWD, "g", 1), EINVAL);
	ck_fails(linkat(AT_FDCWD, "l", AT_FDCWD, "g", AT_SYMLINK_FOLLOW),
		 ENOENT);
	ck_works(link("l", "m"));
	ck_assert_uint_eq(posix_stat("l").st_nlink, 2);
	ck_assert_uint_eq(posix_stat("f").st_nlink, 1);
}
END_TEST

START_TEST(a_file_without_links_gets_none)
{
	int fd = posix_open_new("f");
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ck_works(unlink("f"));
	ck_fails(linkat(AT_FDCWD, path, AT_FDCWD, "g", AT_SYMLINK_FOLLOW),
		 ENOENT);
	ck_works(close(fd));
}
END_TEST

START_TEST(a_symlink_has_its_target)
{
	char target[PATH_BYTES_MAX + 2], back[PATH_BYTES_MAX + 2];

	ck_works(symlink("some/where", "l"));
	ck_assert_int_eq(readlink("l", back, sizeof(back)), 10);
	ck_assert_mem_eq(back, "some/where", 10);
	ck_assert_int_eq(readlink("l", back, 4), 4);
	ck_assert_int_eq(posix_stat("l").st_size, 10);
	ck_assert_uint_eq(posix_stat("l").st_mode, S_IFLNK | 0777);
	ck_fails(symlink("x", "l"), EEXIST);
	ck_fails(symlink("", "m"), ENOENT);
	posix_make("f", "");
	ck_fails(readlink("f", back, sizeof(back)), EINVAL);
	ck_fails(readlink("none", back, sizeof(back)), ENOENT);
	ck_works(symlink("loop", "loop"));
	ck_fails(open("loop", O_RDONLY | O_CLOEXEC), ELOOP);
	memset(target, 't', sizeof(target));
	target[PATH_BYTES_MAX + 1] = '\0';
	ck_fails(symlink(target, "m"), ENAMETOOLONG);
	target[1000] = '\0';
	ck_works(symlink(target, "m"));
	ck_assert_int_eq(readlink("m", back, sizeof(back)), 1000);
	ck_assert_mem_eq(back, target, 1000);
}
END_TEST

START_TEST(nodes_keep_type_and_device)
{
	posix_make("f", "");
	ck_works(mknod("r", S_IFREG | 0640, 0));
	ck_works(mknod("p", S_IFIFO | 0600, 0));
	ck_works(mknod("s", S_IFSOCK | 0755, 0));
	ck_assert_uint_eq(posix_stat("r").st_mode, S_IFREG | 0640);
	ck_assert_uint_eq(posix_stat("p").st_mode, S_IFIFO | 0600);
	ck_assert_uint_eq(posix_stat("s").st_mode, S_IFSOCK | 0755);
	ck_fails(mknod("f", S_IFIFO | 0600, 0), EEXIST);
	ck_fails(mknod("none/p", S_IFIFO | 0600, 0), ENOENT);
	ck_fails(mknod("f/p", S_IFIFO | 0600, 0), ENOTDIR);
	ck_fails(mknod("d", S_IFDIR | 0700, 0), EPERM);
	ck_fails(mknod("l", S_IFLNK | 0700, 0), EINVAL);
	ck_fails(open("s", O_RDWR | O_CLOEXEC), ENXIO);
	need_root();
	if (mknod("c", S_IFCHR | 0600, makedev(259, 70000)) != 0) {
		ck_assert_int_eq(errno, EPERM);
		return;
	}
	ck_assert_uint_eq(posix_stat("c").st_rdev, makedev(259, 70000));
}
END_TEST

START_TEST(the_umask_counts)
{
	umask(027);
	ck_works(mkdir("d", 0777));
	ck_works(mknod("p", S_IFIFO | 0666, 0));
	ck_works(close((int)ck_works(
		open("f", O_CREAT | O_WRONLY | O_CLOEXEC, 0666))));
	ck_assert_uint_eq(posix_stat("d").st_mode, S_IFDIR | 0750);
	ck_assert_uint_eq(posix_stat("p").st_mode, S_IFIFO | 0640);
	ck_assert_uint_eq(posix_stat("f").st_mode, S_IFREG | 0640);
}
END_TEST

START_TEST(unlink_and_rmdir_fail)
{
	char name[NAME_BYTES_MAX + 2];

	memset(name, 'n', sizeof(name));
	name[NAME_BYTES_MAX + 1] = '\0';
	posix_make("f", "");
	ck_works(mkdir("d", 0755));
	ck_works(mkdir("d/e", 0755));
	ck_works(symlink("d", "l"));
	ck_fails(unlink("d"), EISDIR);
	ck_fails(unlink("none"), ENOENT);
	ck_fails(unlink("f/"), ENOTDIR);
	ck_fails(unlink("f/x"), ENOTDIR);
	ck_fails(unlink(name), ENAMETOOLONG);
	ck_fails(rmdir("f"), ENOTDIR);
	ck_fails(rmdir("l"), ENOTDIR);
	ck_fails(rmdir("d"), ENOTEMPTY);
	ck_fails(rmdir("d/e/.."), ENOTEMPTY);
	ck_fails(rmdir("d/."), EINVAL);
	ck_fails(rmdir("none"), ENOENT);
	ck_fails(rmdir(name), ENAMETOOLONG);
	ck_fails(mkdir("d", 0755), EEXIST);
	ck_fails(mkdir("l", 0755), EEXIST);
	ck_fails(mkdir("f/x", 0755), ENOTDIR);
	ck_fails(mkdir(name, 0755), ENAMETOOLONG);
	ck_works(rmdir("d/e"));
	ck_assert_uint_eq(posix_stat("d").st_nlink, 2);
	ck_works(rmdir("d"));
	ck_works(unlink("l"));
}
END_TEST

START_TEST(a_removed_directory_takes_nothing)
{
	int fd;

	ck_works(mkdir("d", 0755));
	fd = (int)ck_works(open("d", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	ck_works(rmdir("d"));
	ck_fails(mkdirat(fd, "e", 0755), ENOENT);
	ck_fails(openat(fd, "f", O_CREAT | O_WRONLY | O_CLOEXEC, 0644), ENOENT);
	ck_fails(symlinkat("x", fd, "l"), ENOENT);
	ck_works(close(fd));
}
END_TEST

/* ext4's limit, and ours; each link is two round trips. */
START_TEST(a_file_has_65000_links_and_no_more)
{
	char name[32];
	int i;

	if (!getenv("POSIX_LONG") || !posix_on_mount())
		return;
	posix_make("f", "text");
	for (i = 1; i < 65000; i++) {
		snprintf(name, sizeof(name), "l%d", i);
		ck_works(link("f", name));
	}
	ck_assert_uint_eq(posix_stat("f").st_nlink, 65000);
	ck_fails(link("f", "more"), EMLINK);
	ck_works(unlink("l1"));
	ck_works(link("f", "more"));
	ck_assert_uint_eq(posix_stat("f").st_nlink, 65000);
}
END_TEST

void posix_add_names(Suite *suite)
{
	TCase *tc = posix_case(suite, "names");

	tcase_add_test(tc, links_share_a_file);
	tcase_add_test(tc, link_fails);
	tcase_add_test(tc, a_file_without_links_gets_none);
	tcase_add_test(tc, a_symlink_has_its_target);
	tcase_add_test(tc, nodes_keep_type_and_device);
	tcase_add_test(tc, the_umask_counts);
	tcase_add_test(tc, unlink_and_rmdir_fail);
	tcase_add_test(tc, a_removed_directory_takes_nothing);

	tc = posix_case(suite, "many links");
	tcase_set_timeout(tc, 900);
	tcase_add_test(tc, a_file_has_65000_links_and_no_more);
}
