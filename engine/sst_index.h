/*
 * sst_index: the index of a table that is being written.
 *
 * Index blocks lie behind all data blocks, so they are kept until then.  A
 * table whose entries fit in one has that as its root; else the root leads to
 * the others.  One thread at a time.
 */
#ifndef ENGINE_SST_INDEX_H
#define ENGINE_SST_INDEX_H

#include "engine/block.h"
#include "engine/sst_format.h"

struct sst_out;

/* A block that is complete: what an index has to know, but where it will be. */
struct sst_cut {
	struct slice block;
	struct slice last_key; /* of its last entry */
	uint64_t last_tag;     /* likewise */
};

/* Completes the block of a builder with entries; valid until it is reset. */
struct sst_cut sst_cut_of(struct block_builder *b);

/* Keeps a copy behind others in memory.  Returns 0 or -ENOMEM. */
int sst_cut_put(struct buf *out, const struct sst_cut *cut) MUST_USE;

/* The next of those in @d; valid as long as these bytes. */
struct sst_cut sst_cut_get(struct decoder *d);

struct sst_index {
	struct block_builder last; /* the index block that is being filled */
	struct buf full;           /* those that are full, as cuts */
};

void sst_index_init(struct sst_index *x);
void sst_index_fini(struct sst_index *x);

/* Adds a data block, and where it is.  Returns 0 or -ENOMEM. */
int sst_index_add(struct sst_index *x, const struct sst_cut *cut,
		  struct sst_handle handle) MUST_USE;

/*
 * Writes the index, to which something was added, and says in @props where the
 * root is.  Returns 0 or an error.
 */
int sst_index_write(struct sst_index *x, struct sst_out *out, bool compress,
		    struct sst_props *props) MUST_USE;

#endif
