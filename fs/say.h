/*
 * say: the lines of an answer; see admin.h.  Private to fs/.
 *
 * Thread safety: as the sink's.
 */
#ifndef FS_SAY_H
#define FS_SAY_H

#include "engine/base/base.h"
#include "fs/admin.h"

struct env;

/* One line, with its end; of at most SAY_LINE_SIZE bytes. */
#define SAY_LINE_SIZE 512

int say(const struct fs_sink *sink, const char *fmt, ...) PRINTF(2, 3) MUST_USE;

/* How far something has come: a line now and then. */
struct say_progress {
	const struct fs_sink *sink;
	struct env *env; /* for the clock */
	uint64_t told_ns;
};

/* "progress DONE TOTAL"; a total of 0: not known. */
int say_progress(struct say_progress *p, uint64_t done,
		 uint64_t total) MUST_USE;

#endif
