/*
 * place: what a mount says of itself to who asks any file or directory of it,
 * by an ioctl(2) that everybody may make who may open that.
 *
 * The source in the mount table need not be the store (`-o fsname=`), so that
 * is how loamctl finds the store of a mount point, and by that the control
 * socket.
 */
#ifndef SRC_PLACE_H
#define SRC_PLACE_H

#include <linux/ioctl.h>

#define PLACE_MAX 4096 /* bytes with the NUL */

struct place_answer {
	char store[PLACE_MAX]; /* an absolute path */
};

#define PLACE_IOCTL _IOR('l', 0x10, struct place_answer)

#endif
