/*
 * report: the lines of fs_admin()'s `stat` as a text, in three forms.
 *
 *      REPORT_STATS    for people: names and exact numbers, by group
 *      REPORT_JSON     an object with an object a group
 *      REPORT_METRICS  the text format of Prometheus: loamfs_GROUP_NAME, with
 *                      times in seconds, as that has it.  Nothing says which of
 *                      them only ever grow, so all are untyped, which rate()
 *                      takes as well
 *
 * Thread safety: all functions; a report is one thread's.
 */
#ifndef SRC_REPORT_H
#define SRC_REPORT_H

#include <stddef.h>

#include "fs/admin.h"

enum report_form {
	REPORT_STATS,
	REPORT_JSON,
	REPORT_METRICS,
	REPORT_FORMS, /* how many */
};

struct report;

/* Begins one.  0 or -ENOMEM. */
int report_new(struct report **out, enum report_form form);

/* What takes the lines; it returns -EPROTO for what is none. */
struct fs_sink report_sink(struct report *r);

/*
 * Ends it, in any case.  @rc is what the source of the lines returned; if that
 * is 0, *@text has *@size bytes and is the caller's to free.  Returns @rc or
 * -ENOMEM.
 */
int report_end(struct report *r, int rc, char **text, size_t *size);

#endif
