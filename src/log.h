/*
 * log: one line for each event, with its cause, and nothing for what goes as it
 * should.
 *
 * Levels, each with those before it: error (something is lost, refused or
 * cannot go on), warning (it goes on, and somebody should look), info (the
 * mount begins, changes, ends), debug (libfuse's own words for each request).
 * Warning unless told otherwise; log_set_level() changes it at any time.
 *
 * Until log_to_syslog() the lines go to stderr as `loamfs: ...`, with the
 * number of the level in front, as in sd-daemon(3), where stderr is the
 * journal; afterwards to syslog.  libfuse's own messages come the same way.  A
 * text longer than a line is cut; control characters (a name may hold any)
 * become `?`, so that one event stays one line.
 *
 * Repeats.  Lines of one kind, which is one format, are LOG_LINES_MAX in
 * LOG_WINDOW_S at most: a program that retries must not fill the log.  The next
 * that is written says how many were left out, as does log_end().
 *
 * Thread safety: all functions, except that log_to_syslog() is called once,
 * before others may run, and log_end() when no others do.
 */
#ifndef SRC_LOG_H
#define SRC_LOG_H

#define LOG_PRINTF __attribute__((format(printf, 1, 2)))

#define LOG_LINES_MAX 10
#define LOG_WINDOW_S  10 /* seconds */

/* The numbers are those of syslog(3). */
enum log_level {
	LOG_LEVEL_ERROR = 3,
	LOG_LEVEL_WARNING = 4,
	LOG_LEVEL_INFO = 6,
	LOG_LEVEL_DEBUG = 7,
};

/* Takes libfuse's messages over.  Call it first. */
void log_init(void);

/* Says how many lines were left out. */
void log_end(void);

/* From now on nobody reads stderr. */
void log_to_syslog(void);

/* The level of that name: 0, or -EINVAL. */
int log_parse_level(const char *name, enum log_level *out);
void log_set_level(enum log_level level);
enum log_level log_level(void);
const char *log_level_name(enum log_level level);

/* A line that is neither limited nor left out. */
void log_line(const char *text);

void log_error(const char *fmt, ...) LOG_PRINTF;
void log_warning(const char *fmt, ...) LOG_PRINTF;
void log_info(const char *fmt, ...) LOG_PRINTF;

#endif
