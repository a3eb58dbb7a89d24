#include "src/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "src/fuse.h"

#define LINE_SIZE 1024 /* bytes with the NUL */
#define KINDS_MAX 64

/* Lines of one format. */
struct kind {
	const char *fmt;   /* NULL: not in use */
	time_t begin_s;    /* of its window; monotonic */
	unsigned lines;    /* in the window */
	unsigned left_out; /* not told yet */
};

static atomic_bool to_syslog;
static bool to_journal; /* set by log_init() */
static _Atomic(enum log_level) level_max = LOG_LEVEL_WARNING;

static pthread_mutex_t kinds_lock = PTHREAD_MUTEX_INITIALIZER;
static struct kind kinds[KINDS_MAX]; /* guarded by kinds_lock */

static void put_line(enum log_level level, char *text)
{
	for (char *c = text; *c; c++) {
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	}
	if (atomic_load(&to_syslog))
		syslog((int)level, "%s", text);
	else if (to_journal)
		fprintf(stderr, "<%d>loamfs: %s\n", (int)level, text);
	else
		fprintf(stderr, "loamfs: %s\n", text);
}

static bool is_wanted(enum log_level level)
{
	return level <= atomic_load_explicit(&level_max, memory_order_relaxed);
}

/*
 * libfuse composes a line by several calls, and its newline ends it; several
 * threads do so at once.  Its level is one of syslog's.
 */
__attribute__((format(printf, 2, 0))) static void put_part(
	enum fuse_log_level level, const char *fmt, va_list ap)
{
	static __thread char line[LINE_SIZE];
	static __thread size_t used;
	int n;

	if (!is_wanted((enum log_level)level))
		return;
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
		put_line((enum log_level)level, line);
	used = 0;
}

/* systemd names what the stream is that it has opened for us. */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long dev, ino;
	struct stat st;

	return stream && sscanf(stream, "%llu:%llu", &dev, &ino) == 2 &&
	       fstat(STDERR_FILENO, &st) == 0 && st.st_dev == dev &&
	       st.st_ino == ino;
}

void log_init(void)
{
	to_journal = stderr_is_journal();
	fuse_set_log_func(put_part);
}

void log_end(void)
{
	unsigned left_out = 0;
	size_t i;

	for (i = 0; i < KINDS_MAX; i++)
		left_out += kinds[i].left_out;
	if (left_out > 0)
		log_error("%u more lines were left out", left_out);
}

void log_to_syslog(void)
{
	openlog("loamfs", LOG_PID, LOG_DAEMON);
	atomic_store(&to_syslog, true);
}

static const struct {
	const char *name;
	enum log_level level;
} names[] = {
	{ "error", LOG_LEVEL_ERROR },
	{ "warning", LOG_LEVEL_WARNING },
	{ "info", LOG_LEVEL_INFO },
	{ "debug", LOG_LEVEL_DEBUG },
};

int log_parse_level(const char *name, enum log_level *out)
{
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i].name, name) == 0) {
			*out = names[i].level;
			return 0;
		}
	}
	return -EINVAL;
}

void log_set_level(enum log_level level)
{
	atomic_store(&level_max, level);
}

enum log_level log_level(void)
{
	return atomic_load(&level_max);
}

const char *log_level_name(enum log_level level)
{
	size_t i = 0;

	while (names[i].level != level)
		i++;
	return names[i].name;
}

/* NULL if there are too many, which are then not limited. */
static struct kind *find_kind(const char *fmt)
{
	size_t i;

	for (i = 0; i < KINDS_MAX; i++) {
		if (!kinds[i].fmt)
			kinds[i].fmt = fmt;
		if (kinds[i].fmt == fmt)
			return &kinds[i];
	}
	return NULL;
}

/* Leaves in *@left_out how many lines like it there were before. */
static bool may_put(const char *fmt, unsigned *left_out)
{
	struct timespec now;
	struct kind *kind;
	bool may = true;

	*left_out = 0;
	clock_gettime(CLOCK_MONOTONIC, &now);
	pthread_mutex_lock(&kinds_lock);
	kind = find_kind(fmt);
	if (kind && now.tv_sec - kind->begin_s >= LOG_WINDOW_S) {
		kind->begin_s = now.tv_sec;
		kind->lines = 0;
	}
	if (kind && kind->lines == LOG_LINES_MAX) {
		kind->left_out++;
		may = false;
	} else if (kind) {
		kind->lines++;
		*left_out = kind->left_out;
		kind->left_out = 0;
	}
	pthread_mutex_unlock(&kinds_lock);
	return may;
}

__attribute__((format(printf, 2, 0))) static void put(enum log_level level,
						      const char *fmt,
						      va_list ap)
{
	char line[LINE_SIZE];
	unsigned left_out;
	size_t n;

	if (!is_wanted(level) || !may_put(fmt, &left_out))
		return;
	vsnprintf(line, sizeof(line), fmt, ap);
	n = strlen(line);
	if (left_out > 0)
		snprintf(line + n, sizeof(line) - n,
			 " (and %u more like it before)", left_out);
	put_line(level, line);
}

void log_line(const char *text)
{
	char line[LINE_SIZE];

	snprintf(line, sizeof(line), "%s", text);
	put_line(LOG_LEVEL_INFO, line);
}

void log_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put(LOG_LEVEL_ERROR, fmt, ap);
	va_end(ap);
}

void log_warning(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put(LOG_LEVEL_WARNING, fmt, ap);
	va_end(ap);
}

void log_info(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put(LOG_LEVEL_INFO, fmt, ap);
	va_end(ap);
}
