/*
 * paths: what can be known about the two paths before anything is touched.
 *
 * The store itself is judged by fs_open(); here is only what concerns both, and
 * what a mount would otherwise find out after the store was opened.
 */
#ifndef SRC_PATHS_H
#define SRC_PATHS_H

struct opts;

/*
 * Makes both paths absolute and free of symlinks.  Returns 0, or a negative
 * errno after one line that says what is wrong.
 */
int paths_check(struct opts *o);

#endif
