#include "src/log.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "src/fuse.h"

#define LINE_SIZE 1024 /* bytes with the NUL */

static atomic_bool to_syslog;

static void put_line(int priority, char *text)
{
	for (char *c = text; *c; c++) {
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	}
	if (atomic_load(&to_syslog))
		syslog(priority, "%s", text);
	else
		fprintf(stderr, "loamfs: %s\n", text);
}

/*
 * libfuse composes a line by several calls, and its newline ends it; several
 * threads do so at once.
 */
__attribute__((format(printf, 2, 0))) static void put_part(
	enum fuse_log_level level, const char *fmt, va_list ap)
{
	static __thread char line[LINE_SIZE];
	static __thread size_t used;
	int n;

	n = vsnprintf(line + used, sizeof(line) - used, fmt, ap);
	if (n < 0)
		return;
	used += (size_t)n;
	if (used >= sizeof(line))
		used = sizeof(line) - 1;
	if (used + 1 < sizeof(line) && (used == 0 || line[used - 1] != '\n'))
		return;

	while (used > 0 && (line[used - 1] == '\n' || line[used - 1] == ' '))
		line[--used] = '\0';
	if (used > 0)
		put_line((int)level, line);
	used = 0;
}

void log_init(void)
{
	fuse_set_log_func(put_part);
}

void log_to_syslog(void)
{
	openlog("loamfs", LOG_PID, LOG_DAEMON);
	atomic_store(&to_syslog, true);
}

void log_error(const char *fmt, ...)
{
	char line[LINE_SIZE];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	put_line(LOG_ERR, line);
}
