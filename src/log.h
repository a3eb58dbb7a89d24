/*
 * log: one line for each event, and nothing for what goes as it should.
 *
 * Until log_to_syslog() the lines go to stderr as `loamfs: ...`, afterwards to
 * syslog.  libfuse's own messages come the same way.  A text longer than a
 * line is cut; control characters (a name may hold any) become `?`, so that
 * one event stays one line.
 *
 * Thread safety: all functions, except that log_to_syslog() is called once,
 * before others may run.
 */
#ifndef SRC_LOG_H
#define SRC_LOG_H

#define LOG_PRINTF __attribute__((format(printf, 1, 2)))

/* Takes libfuse's messages over.  Call it first. */
void log_init(void);

/* From now on nobody reads stderr. */
void log_to_syslog(void);

void log_error(const char *fmt, ...) LOG_PRINTF;

#endif
