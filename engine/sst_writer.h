/*
 * Writes one SST from entries that come in order.
 *
 * Blocks are gathered in one large buffer that is written when it is full, and
 * all buffers are reused; no key is copied but the last of each block, which
 * goes into the index when the block is cut.
 */
#ifndef ENGINE_SST_WRITER_H
#define ENGINE_SST_WRITER_H

#include "engine/entry.h"
#include "engine/range_del.h"
#include "engine/sst_format.h"

struct cache;
struct sst_writer;

struct sst_writer_options {
	size_t block_bytes; /* of a data block before compression */
	bool compress;
	/*
	 * Data pages are put here, too, borrowed; NULL: they are not.  What was
	 * written just now is often read soon, and what a compaction replaces
	 * was perhaps in use.
	 */
	struct cache *cache;
};

/* Creates the file of that number.  Returns 0, -ENOSPC, -EIO, -ENOMEM. */
int sst_writer_open(struct sst_writer **out, struct env *env, uint64_t number,
		    const uint8_t store_id[16],
		    const struct sst_writer_options *options) MUST_USE;

/* Adds an entry that sorts behind the last. */
int sst_writer_add(struct sst_writer *w, const struct entry *e) MUST_USE;

/*
 * Adds a range tombstone.  They come as fragments in their order, at any time;
 * see range_del.h.
 */
int sst_writer_add_range(struct sst_writer *w,
			 const struct range_del *r) MUST_USE;

/* The bytes written or waiting to be, in compressed form. */
uint64_t sst_writer_size(const struct sst_writer *w);

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
