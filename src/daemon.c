#include "src/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "src/log.h"

static int ready_fd = -1; /* to the parent, while it waits */

/* Ends the parent as the child fares. */
static void __attribute__((noreturn)) wait_for(pid_t child, int fd)
{
	ssize_t n;
	char byte;
	int status;

	do
		n = read(fd, &byte, 1);
	while (n < 0 && errno == EINTR);
	if (n == 1)
		_exit(EXIT_SUCCESS);

	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFSIGNALED(status))
		log_error("ended by signal %d before the mount was usable",
			  WTERMSIG(status));
	_exit(EXIT_FAILURE);
}

int daemon_fork(void)
{
	int fds[2], err;
	pid_t child;

	if (pipe2(fds, O_CLOEXEC) < 0)
		goto fail;
	child = fork();
	if (child < 0) {
		err = errno;
		close(fds[0]);
		close(fds[1]);
		errno = err;
		goto fail;
	}
	if (child > 0) {
		close(fds[1]);
		wait_for(child, fds[0]);
	}
	close(fds[0]);
	ready_fd = fds[1];
	return 0;

fail:
	err = errno;
	log_error("cannot go to the background: %s", strerror(err));
	return -err;
}

int daemon_ready(void)
{
	int rc = 0, null;

	if (ready_fd < 0)
		return 0;

	log_to_syslog();
	setsid();
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0 || chdir("/") < 0 || dup2(null, STDIN_FILENO) < 0 ||
	    dup2(null, STDOUT_FILENO) < 0 || dup2(null, STDERR_FILENO) < 0)
		rc = -errno;
	if (null > STDERR_FILENO)
		close(null);
	if (rc == 0 && write(ready_fd, "", 1) != 1)
		rc = -errno;
	close(ready_fd);
	ready_fd = -1;
	return rc;
}
