/*
 * opcode: what is known of the kinds of requests that a kernel may make: their
 * names, and where the names of files stand in them (linux/fuse.h).
 *
 * A kind that is not in the table is one that no kernel sends to a filesystem
 * such as this, or that is younger than the table.
 *
 * Thread safety: all functions.
 */
#ifndef SRC_OPCODE_H
#define SRC_OPCODE_H

#include <linux/fuse.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OPCODES 64 /* every number in the table is below */

/* What stands behind the header of a request. */
enum opcode_shape {
	OPCODE_OTHER, /* nothing that anybody here looks at */
	OPCODE_RANGE, /* an offset and a size, as in struct fuse_read_in */
	OPCODE_NAME,  /* a name behind `fixed` bytes */
	OPCODE_NAMES, /* two of them */
};

struct opcode {
	const char *name; /* as in linux/fuse.h, without FUSE_ */
	enum opcode_shape shape;
	size_t fixed; /* bytes */
};

/* NULL if it is not in the table. */
const struct opcode *opcode_find(uint32_t opcode);

/*
 * The names that follow a request, which lie in it; without one NULL.  The
 * kernel ends each with a NUL.
 */
const char *opcode_name(const struct fuse_in_header *in);
const char *opcode_second_name(const struct fuse_in_header *in);

/* What the kernel waits for no answer to. */
static inline bool opcode_is_never_answered(uint32_t opcode)
{
	return opcode == FUSE_FORGET || opcode == FUSE_BATCH_FORGET ||
	       opcode == FUSE_INTERRUPT;
}

#endif
