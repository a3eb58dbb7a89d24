/*
 * sst_ahead: reads a table in large pieces for somebody who goes through it
 * from front to back.
 *
 * Blocks are a few KiB, and a read of each would be a call, and on some media a
 * wait, each.  So once blocks have been asked for one behind the other, more
 * and more is read at once, up to SST_AHEAD_MAX.  What is not read ahead, for
 * whatever reason, the caller reads as usual.
 *
 * Not thread-safe.
 */
#ifndef ENGINE_SST_AHEAD_H
#define ENGINE_SST_AHEAD_H

#include "engine/base/buf.h"
#include "engine/sst_format.h"

#define SST_AHEAD_MIN (32 * KIB)  /* bytes: the first piece */
#define SST_AHEAD_MAX (256 * KIB) /* bytes: where pieces stop to double */

struct sst_ahead {
	struct buf bytes; /* of the file, from @at on */
	uint64_t at;
	uint64_t next; /* where the block behind the last one begins */
	size_t size;   /* bytes to be read next; 0: not one behind the other */
};

void sst_ahead_fini(struct sst_ahead *a);

/* Forgets what was read: another file comes. */
void sst_ahead_reset(struct sst_ahead *a);

/*
 * The stored bytes of the chunk @h with its trailer, valid until the next call,
 * or NULL if they have not been read.  Reads nothing from @limit on.
 */
const uint8_t *sst_ahead_get(struct sst_ahead *a, struct env_file *file,
			     uint64_t limit, struct sst_handle h);

#endif
