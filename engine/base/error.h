/*
 * Why the last call failed, in words.
 *
 * A code says what kind of failure it was; this says which file, which
 * offset, which limit.  engine/ and fs/ do not log: they return a code and
 * leave the words here, in a thread-local buffer, for the daemon or a tool to
 * print.  The words are those of the newest error_set() in this thread, so
 * they are worth something only right after a call returned that code.
 */
#ifndef ENGINE_BASE_ERROR_H
#define ENGINE_BASE_ERROR_H

#include "engine/base/base.h"

#define ERROR_TEXT_SIZE 320 /* bytes with the NUL; longer texts are cut */

/*
 * Remembers the text and returns @rc, so that one can write
 * `return error_set(-EUCLEAN, "%s: wrong magic", name)`.  errno is kept.
 */
int error_set(int rc, const char *fmt, ...) PRINTF(2, 3);

/*
 * The text that was left with @rc, or strerror(-rc) if the newest text belongs
 * to another code.  Valid until the next call of either in this thread.
 */
const char *error_text(int rc);

/* The bytes on disk are wrong, or cannot be read: no call will change that. */
static inline bool error_is_damage(int rc)
{
	return rc == -EBADMSG || rc == -EUCLEAN || rc == -EIO;
}

/*
 * Keeps the words over calls that may leave others, such as those that clean
 * up: take them before, put them back afterwards.
 */
struct error_words {
	int rc;
	char text[ERROR_TEXT_SIZE];
};

void error_take(struct error_words *words);
void error_put_back(const struct error_words *words);

#endif
