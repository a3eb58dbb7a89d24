/*
 * lines: an answer of fs_admin(), a line at a time.
 *
 * One thread.
 */
#ifndef TOOLS_LOAMCTL_LINES_H
#define TOOLS_LOAMCTL_LINES_H

#include "engine/base/base.h"
#include "fs/admin.h"

struct lines {
	/* Gets each without its end, and may change it. */
	int (*line)(void *arg, char *line);
	void *arg;
	const char *progress; /* of what "progress" lines tell, or NULL */
	bool counts;          /* they count things, not bytes */
};

/* What hands lines to @lines, which is borrowed. */
struct fs_sink lines_sink(const struct lines *lines);

/*
 * The word that *@rest begins with, which then is what follows it; NULL if
 * there is none.
 */
char *lines_word(char **rest);

/* The same as a number, or -EPROTO. */
int lines_number(char **rest, uint64_t *out) MUST_USE;

#endif
