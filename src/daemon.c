#include "src/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
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

/* A name that begins with @ is an abstract one, which begins with a NUL. */
static int tell_manager(const char *socket_name)
{
	static const char state[] = "READY=1";
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	size_t size = strlen(socket_name);
	ssize_t n;
	int fd, rc;

	if (size >= sizeof(to.sun_path))
		return -ENAMETOOLONG;
	memcpy(to.sun_path, socket_name, size);
	if (to.sun_path[0] == '@')
		to.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	n = sendto(fd, state, strlen(state), MSG_NOSIGNAL,
		   (const struct sockaddr *)&to,
		   (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size));
	rc = n < 0 ? -errno : 0;
	close(fd);
	return rc;
}

int daemon_ready(void)
{
	const char *manager = getenv("NOTIFY_SOCKET");
	int rc = 0, null;

	if (ready_fd < 0)
		return manager && *manager ? tell_manager(manager) : 0;

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
