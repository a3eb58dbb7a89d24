/*
 * Writes one SST from entries that come in order.
 *
 * All buffers are reused; no key is copied but the last of each block, which
 * goes into the index when the block is cut.  What comes then may be done by a
 * second thread: see sst_pipe.h.
 */
#ifndef ENGINE_SST_WRITER_H
#define ENGINE_SST_WRITER_H

#include "engine/block.h"
#include "engine/entry.h"
#include "engine/range_del.h"
#include "engine/sst_format.h"

/* Bytes of the page that range tombstones become. */
#define SST_RANGES_FULL ((size_t)8 << 20)
#define SST_RANGES_MAX  BLOCK_SIZE_MAX

struct sst_writer;

struct sst_writer_options {
	size_t block_bytes; /* of a data block before compression */
	bool compress;
	bool thread;        /* one that is half a piece may get its own */
	size_t write_bytes; /* of a piece that is written; 0: 1 MiB */
};

/* Creates the file of that number.  Returns 0, -ENOSPC, -EIO, -ENOMEM. */
int sst_writer_open(struct sst_writer **out, struct env *env, uint64_t number,
		    const uint8_t store_id[16],
		    const struct sst_writer_options *options) MUST_USE;

/* Adds an entry that sorts behind the last. */
int sst_writer_add(struct sst_writer *w, const struct entry *e) MUST_USE;

/*
 * Adds a range tombstone.  They come as fragments in their order, at any time;
 * see range_del.h.  Returns 0, -ENOMEM, or -E2BIG: with it the table could not
 * be read again.
 */
int sst_writer_add_range(struct sst_writer *w,
			 const struct range_del *r) MUST_USE;

/* About the bytes written or waiting to be: see sst_pipe_size(). */
uint64_t sst_writer_size(const struct sst_writer *w);

/*
 * Whether a table that is to have about @bytes_max bytes is complete.  It is,
 * too, with SST_RANGES_FULL bytes of range tombstones: whoever comes upon one
 * of them reads them all.
 */
bool sst_writer_is_full(const struct sst_writer *w, uint64_t bytes_max);

/* The key of the last entry, empty if there is none; valid until the next. */
struct slice sst_writer_last_key(const struct sst_writer *w);

/*
 * Completes the file, to which something was added, and makes its bytes
 * durable; its name is the caller's business.  @props (to be ended by the
 * caller) and @size say what was written.
 */
int sst_writer_finish(struct sst_writer *w, struct sst_props *props,
		      uint64_t *size) MUST_USE;

/* Ends the writer; a file that was not finished is removed.  Accepts NULL. */
void sst_writer_close(struct sst_writer *w);

#endif
