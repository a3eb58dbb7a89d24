/*
 * out: how results look, to people and to programs.
 *
 * Numbers for people have three digits and a unit; colours are used on a
 * terminal only, and not if NO_COLOR is set (no-color.org).
 *
 * JSON goes to stdout, one object a run, members in the order in which they are
 * added.  What is no UTF-8 in a string becomes U+FFFD.  The last member of a
 * run that failed is "error", the line that went to stderr.
 *
 * One thread.
 */
#ifndef TOOLS_LOAMCTL_OUT_H
#define TOOLS_LOAMCTL_OUT_H

#include "engine/base/base.h"

#define OUT_NUMBER_SIZE 32 /* bytes with the NUL */

/* "1.50 GiB", "12.3 us", "1234". */
const char *out_bytes(char buf[OUT_NUMBER_SIZE], uint64_t bytes);
const char *out_ns(char buf[OUT_NUMBER_SIZE], uint64_t ns);
const char *out_count(char buf[OUT_NUMBER_SIZE], uint64_t count);

/* As the end of @name asks: see fs/admin.h. */
const char *out_measure(char buf[OUT_NUMBER_SIZE], const char *name,
			uint64_t value);

/* Whether @fd is a terminal that knows escape sequences. */
bool out_is_screen(int fd);

/* Around a heading; "" where there are no colours. */
const char *out_bold(void);
const char *out_plain(void);

/*
 * One line on stderr: which verb failed, on what, and the words for @rc, which
 * may begin with the path, too.
 */
void out_failed(const char *verb, const char *path, int rc);

/* One line on stderr. */
void out_wrong(const char *fmt, ...) PRINTF(1, 2);

/* To stdout, with `?` for control characters: a name may hold any byte. */
void out_text(const char *text);

/*
 * A bar on stderr, with rate and time left, of what takes longer than a second;
 * nothing where stderr is no screen.  A @total of 0 is not known: then there
 * are only count and rate.  @counts: of things, not of bytes.
 * out_progress_end() takes it away, and does nothing if there is none.
 */
void out_progress(const char *what, bool counts, uint64_t done, uint64_t total);
void out_progress_end(void);

/*
 * The object that a run prints: out_json_begin() opens it, out_json_end()
 * closes the innermost one that is open, and out_json_finish(), at the end of
 * the run, whatever is; if the run has failed, with the newest line that went
 * to stderr.
 */
void out_json_begin(void);
void out_json_finish(bool failed);
void out_json_object(const char *key);
void out_json_end(void);
void out_json_array(const char *key);
void out_json_item(void); /* opens an object in an array */
void out_json_number(const char *key, uint64_t value);
void out_json_string(const char *key, const char *value);
void out_json_bool(const char *key, bool value);

#endif
