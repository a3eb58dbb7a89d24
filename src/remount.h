/*
 * remount: what mount(8) wants done with `-o remount`, which loamctl does.
 */
#ifndef SRC_REMOUNT_H
#define SRC_REMOUNT_H

struct opts;

/*
 * Becomes `loamctl remount`, of the loamctl that lies beside this program.
 * Returns a negative errno after a line, if at all.
 */
int remount_exec(const struct opts *o);

#endif
