/* flock(2), and record locks of processes and of open files: fcntl(2). */
#include "tests/mount/posix/posix.h"

#include <sys/file.h>
#include <sys/wait.h>

static int lock_range(int fd, int cmd, short type, off_t start, off_t size)
{
	struct flock lock = {
		.l_type = type,
		.l_whence = SEEK_SET,
		.l_start = start,
		.l_len = size,
	};

	return fcntl(fd, cmd, &lock);
}

/* Runs @what in a process of its own, whose assertions count. */
static void in_child(void (*what)(void))
{
	pid_t pid = fork();
	int status;

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		what();
		_exit(EXIT_SUCCESS);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0,
		      "the child failed: %#x", status);
}

START_TEST(flock_is_of_the_open_file)
{
	int a = posix_open_new("f");
	int b = (int)ck_works(open("f", O_RDONLY | O_CLOEXEC));

	ck_works(flock(a, LOCK_SH));
	ck_works(flock(b, LOCK_SH | LOCK_NB));
	ck_fails(flock(b, LOCK_EX | LOCK_NB), EWOULDBLOCK);
	ck_works(flock(a, LOCK_UN));
	ck_works(flock(b, LOCK_EX | LOCK_NB));
	ck_fails(flock(a, LOCK_SH | LOCK_NB), EWOULDBLOCK);
	ck_works(close(b));
	ck_works(flock(a, LOCK_EX | LOCK_NB));
	ck_works(close(a));
}
END_TEST

static void meet_locks(void)
{
	int fd = (int)ck_works(open("f", O_RDWR | O_CLOEXEC));
	struct flock lock = { .l_type = F_WRLCK, .l_len = 20 };

	ck_fails(lock_range(fd, F_SETLK, F_WRLCK, 5, 1), EAGAIN);
	ck_fails(lock_range(fd, F_SETLK, F_RDLCK, 0, 0), EAGAIN);
	ck_works(lock_range(fd, F_SETLK, F_WRLCK, 10, 5));
	ck_works(fcntl(fd, F_GETLK, &lock));
	ck_assert_int_eq(lock.l_type, F_WRLCK);
	ck_assert_int_eq(lock.l_start, 0);
	ck_assert_int_eq(lock.l_len, 10);
	ck_assert_int_eq(lock.l_pid, getppid());
}

START_TEST(record_locks_are_of_the_process)
{
	int fd = posix_open_new("f");
	int other = (int)ck_works(open("f", O_RDWR | O_CLOEXEC));

	ck_works(lock_range(fd, F_SETLK, F_WRLCK, 0, 10));
	ck_works(lock_range(other, F_SETLK, F_WRLCK, 0, 10));
	in_child(meet_locks);
	ck_works(close(other));
	/* Closing any descriptor of the file gave all of them back. */
	ck_works(lock_range(fd, F_OFD_SETLK, F_WRLCK, 0, 0));
	ck_works(close(fd));
}
END_TEST

START_TEST(open_file_locks)
{
	int a = posix_open_new("f");
	int b = (int)ck_works(open("f", O_RDWR | O_CLOEXEC));
	int r = (int)ck_works(open("f", O_RDONLY | O_CLOEXEC));

	ck_works(lock_range(a, F_OFD_SETLK, F_WRLCK, 0, 10));
	ck_fails(lock_range(b, F_OFD_SETLK, F_RDLCK, 9, 1), EAGAIN);
	ck_fails(lock_range(b, F_SETLK, F_RDLCK, 9, 1), EAGAIN);
	ck_works(lock_range(b, F_OFD_SETLK, F_WRLCK, 10, 0));
	ck_fails(lock_range(r, F_OFD_SETLK, F_WRLCK, 5, 1), EBADF);
	ck_works(close(a));
	ck_works(lock_range(b, F_OFD_SETLK, F_WRLCK, 0, 10));
	ck_works(close(b));
	ck_works(close(r));
}
END_TEST

void posix_add_locks(Suite *suite)
{
	TCase *tc = posix_case(suite, "locks");

	tcase_add_test(tc, flock_is_of_the_open_file);
	tcase_add_test(tc, record_locks_are_of_the_process);
	tcase_add_test(tc, open_file_locks);
}
