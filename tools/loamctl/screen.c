#include "tools/loamctl/screen.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "tools/loamctl/out.h"

#define ENTER "\033[?1049h\033[?25l" /* alternate screen, no cursor */
#define LEAVE "\033[?25h\033[?1049l"

static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH };

static struct termios before;
static sigset_t mask_before;
static bool ours;
static volatile sig_atomic_t resized, ended;

bool screen_possible(void)
{
	return isatty(STDIN_FILENO) && out_is_screen(STDOUT_FILENO);
}

static void note(int signal)
{
	if (signal == SIGWINCH)
		resized = 1;
	else
		ended = 1;
}

/* They come while we wait, and at no other time. */
static void take_signals(void)
{
	struct sigaction action = { .sa_handler = note };
	sigset_t mask;
	size_t i;

	sigemptyset(&mask);
	for (i = 0; i < ARRAY_SIZE(signals); i++)
		sigaddset(&mask, signals[i]);
	sigprocmask(SIG_BLOCK, &mask, &mask_before);
	for (i = 0; i < ARRAY_SIZE(signals); i++)
		sigaction(signals[i], &action, NULL);
}

int screen_begin(void)
{
	struct termios raw;

	if (tcgetattr(STDIN_FILENO, &before) < 0)
		return -errno;
	raw = before;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	/* To stop would leave the terminal as it is now. */
	raw.c_cc[VSUSP] = _POSIX_VDISABLE;
	take_signals();
	if (tcsetattr(STDIN_FILENO, TCSANOW, &raw) < 0)
		return -errno;
	ours = true;
	if (atexit(screen_end) != 0) {
		screen_end();
		return -ENOMEM;
	}
	fputs(ENTER, stdout);
	fflush(stdout);
	return 0;
}

void screen_end(void)
{
	if (!ours)
		return;
	ours = false;
	fputs(LEAVE, stdout);
	fflush(stdout);
	tcsetattr(STDIN_FILENO, TCSANOW, &before);
	sigprocmask(SIG_SETMASK, &mask_before, NULL);
}

static void get_size(int *rows, int *columns)
{
	struct winsize size;

	*rows = 24;
	*columns = 80;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 &&
	    size.ws_col > 0) {
		*rows = size.ws_row;
		*columns = size.ws_col;
	}
}

void screen_show(const char *text)
{
	int rows, columns, row;
	size_t n;

	get_size(&rows, &columns);
	fputs("\033[H", stdout);
	for (row = 0; *text && row < rows; row++) {
		n = strcspn(text, "\n");
		if (row > 0)
			fputs("\r\n", stdout);
		fwrite(text, 1, size_min(n, (size_t)columns), stdout);
		/* Behind a full line it would take the last character. */
		if (n < (size_t)columns)
			fputs("\033[K", stdout);
		text += n + (text[n] == '\n');
	}
	if (row < rows)
		fputs("\r\n\033[J", stdout);
	fflush(stdout);
}

enum screen_event screen_wait(unsigned timeout_ms, char *key)
{
	const struct timespec timeout = {
		.tv_sec = timeout_ms / 1000,
		.tv_nsec = (long)(timeout_ms % 1000) * (long)NS_PER_MS,
	};
	struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };
	int n;

	n = ppoll(&p, 1, &timeout, &mask_before);
	if (ended)
		return SCREEN_ENDED;
	if (resized) {
		resized = 0;
		return SCREEN_RESIZED;
	}
	if (n == 0 || (n < 0 && errno == EINTR))
		return SCREEN_TIME;
	return n > 0 && read(STDIN_FILENO, key, 1) == 1 ? SCREEN_KEY
							: SCREEN_ENDED;
}
