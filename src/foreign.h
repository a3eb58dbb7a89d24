/*
 * foreign: options that are none of the filesystem's.  mount(8) passes on to
 * its helpers what fstab(5) says to itself, to udisks and to systemd, and words
 * for what is so anyway.
 */
#ifndef SRC_FOREIGN_H
#define SRC_FOREIGN_H

#include <stdbool.h>

/* Whether @option is to be passed over. */
bool foreign_is(const char *option);

#endif
