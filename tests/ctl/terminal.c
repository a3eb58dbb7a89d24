/*
 * Runs a program on a terminal of its own, 24 rows of 80, and does what the
 * lines of standard input say, one after the other:
 *
 *      expect TEXT     wait until the program has written that
 *      size ROWS COLS  the terminal has another size from now on
 *      type KEYS       as somebody at the keyboard
 *      signal NUMBER   to the program
 *
 * Then it waits for the end.  All that was written goes to standard output; the
 * exit status is the program's, 128 and the number of the signal that ended it,
 * or 99: the terminal was not left as it was found, or something did not come
 * in LIMIT_S.
 *
 * usage: terminal PROGRAM ARGUMENT...
 */
#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utmp.h>

#define LIMIT_S   60
#define TEXT_SIZE ((size_t)1 << 20) /* bytes kept for `expect` */

static char text[TEXT_SIZE + 1];
static size_t size, seen; /* what `expect` has found is behind it */
static int fd;
static pid_t pid;

__attribute__((format(printf, 1, 2))) static void fail(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	kill(pid, SIGKILL);
	exit(99);
}

/* More of what it writes; 0 at its end. */
static int take(void)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	ssize_t n;

	if (poll(&p, 1, LIMIT_S * 1000) <= 0)
		fail("nothing more is written");
	if (size > TEXT_SIZE / 2) {
		memmove(text, text + seen, size - seen);
		size -= seen;
		seen = 0;
	}
	if (size == TEXT_SIZE)
		fail("too much is written");
	n = read(fd, text + size, TEXT_SIZE - size);
	if (n <= 0)
		return 0;
	fwrite(text + size, 1, (size_t)n, stdout);
	size += (size_t)n;
	return 1;
}

static void expect(const char *what)
{
	char *at;

	while (!(at = memmem(text + seen, size - seen, what, strlen(what))))
		if (!take())
			fail("it ends, and has not written: %s", what);
	seen = (size_t)(at - text) + strlen(what);
}

static void obey(char *line)
{
	struct winsize window = { 0 };
	int number;

	line[strcspn(line, "\n")] = '\0';
	if (strncmp(line, "expect ", 7) == 0) {
		expect(line + 7);
	} else if (sscanf(line, "size %hu %hu", &window.ws_row,
			  &window.ws_col) == 2) {
		/* From now on it is the new size that is expected. */
		seen = size;
		if (ioctl(fd, TIOCSWINSZ, &window) < 0)
			fail("no such size");
	} else if (strncmp(line, "type ", 5) == 0) {
		if (write(fd, line + 5, strlen(line + 5)) < 0)
			fail("nobody reads keys");
	} else if (sscanf(line, "signal %d", &number) == 1) {
		kill(pid, number);
	} else {
		fail("not understood: %s", line);
	}
}

int main(int argc, char **argv)
{
	struct winsize window = { .ws_row = 24, .ws_col = 80 };
	struct termios before, after;
	char line[256];
	int slave, status;

	if (argc < 2)
		return 2;
	/* Held open, so that it can be looked at after the end. */
	if (openpty(&fd, &slave, NULL, NULL, &window) < 0 ||
	    tcgetattr(slave, &before) < 0)
		return 77;
	pid = fork();
	if (pid < 0)
		return 77;
	if (pid == 0) {
		close(fd);
		login_tty(slave);
		execv(argv[1], argv + 1);
		_exit(127);
	}
	while (fgets(line, sizeof(line), stdin))
		obey(line);
	while (waitpid(pid, &status, WNOHANG) == 0) {
		struct pollfd p = { .fd = fd, .events = POLLIN };

		if (poll(&p, 1, 100) > 0)
			take();
	}
	while (poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, 0) > 0)
		if (!take())
			break;
	fflush(stdout);
	if (tcgetattr(slave, &after) < 0 || before.c_lflag != after.c_lflag ||
	    before.c_iflag != after.c_iflag ||
	    before.c_oflag != after.c_oflag ||
	    memcmp(before.c_cc, after.c_cc, sizeof(before.c_cc)) != 0) {
		fprintf(stderr, "the terminal is not as it was\n");
		return 99;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
