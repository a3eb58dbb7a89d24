/*
 * report: the measurements of fs_admin()'s `stat` as text, in three forms.
 *
 *      REPORT_STATS    for people: names and exact numbers, by group
 *      REPORT_JSON     an object with an object a group
 *      REPORT_METRICS  the text format of Prometheus: loamfs_GROUP_NAME, with
 *                      times in seconds, as that has it
 *
 * Thread safety: all functions.
 */
#ifndef SRC_REPORT_H
#define SRC_REPORT_H

#include <stddef.h>

struct fs;

enum report_form {
	REPORT_STATS,
	REPORT_JSON,
	REPORT_METRICS,
	REPORT_FORMS, /* how many */
};

/*
 * Measures, and writes a text of *@size bytes to *@text, for the caller to
 * free.  Returns 0 or a negative errno.
 */
int report_make(struct fs *fs, enum report_form form, char **text,
		size_t *size);

#endif
