/*
 * sst_out: the file of a table that is being written, and the chunks in it.
 *
 * Chunks are gathered in one buffer that is written when it is full, so that
 * the file is written from front to back in a few large pieces.
 *
 * A file that was not finished is removed.  One thread at a time.
 */
#ifndef ENGINE_SST_OUT_H
#define ENGINE_SST_OUT_H

#include "engine/sst_format.h"

struct sst_out {
	struct env *env;
	struct env_file *file; /* owned; NULL: not open */
	uint64_t number;
	uint64_t salt;
	size_t write_bytes;  /* that are gathered before they are written */
	struct buf pending;  /* chunks not yet written */
	uint64_t pending_at; /* their offset in the file */
	bool finished;
};

/* Creates the file of that number.  Returns 0, -ENOSPC, -EIO, -ENOMEM. */
int sst_out_open(struct sst_out *o, struct env *env, uint64_t number,
		 const uint8_t store_id[16], size_t write_bytes) MUST_USE;

/* Accepts one that is all zero. */
void sst_out_close(struct sst_out *o);

/* The bytes written or waiting to be. */
uint64_t sst_out_size(const struct sst_out *o);

/* Adds @raw as a chunk and says where it is.  Returns 0 or an error. */
int sst_out_chunk(struct sst_out *o, struct slice raw, bool compress,
		  struct sst_handle *handle) MUST_USE;

/*
 * Adds the footer, which leads to the properties, writes what waits and makes
 * the file's bytes durable; its name is the caller's business.
 */
int sst_out_finish(struct sst_out *o, struct sst_handle props) MUST_USE;

#endif
