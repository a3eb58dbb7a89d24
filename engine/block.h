/*
 * A block: some entries, sorted and prefix-compressed, as they lie on disk.
 * SSTs are made of blocks; so are their indexes.
 *
 *      u32  count        entries, at least 1
 *      u32  bytes        of all keys, whole, and values
 *      [entry] [entry] ...
 *
 * An entry, all lengths in front so that it parses in one go:
 *
 *      varint  shared      bytes of the key shared with the entry before
 *      varint  unshared    bytes of the key that follow
 *      varint  value_size  bytes
 *      varint  tag         kind | d << 3, with d the difference between the
 *                          sequence number and that of the entry before (of
 *                          the first entry: and 0) in zigzag coding: 0, -1, 1,
 *                          -2, 2 ... are 0, 1, 2, 3, 4 ...
 *      bytes   key suffix, value
 *
 * `shared` is as large as can be, so that one byte behind it says that the
 * entries are in order; of the first entry it is 0.  All integers are
 * little-endian.
 *
 * A block is not searched: when it is read, block_expand() makes a page of it
 * (page.h).  The blocks that it gets have been verified by a checksum, but
 * nothing is trusted: whatever makes no sense ends in -EUCLEAN, never outside
 * the block's bytes, and what it lets pass is a page that need not be checked
 * again.
 */
#ifndef ENGINE_BLOCK_H
#define ENGINE_BLOCK_H

#include "engine/base/buf.h"
#include "engine/entry.h"

#define BLOCK_SIZE_MAX ((size_t)64 << 20) /* bytes */

struct cache;
struct page;

/* Builds one block after another in the same memory. */
struct block_builder {
	struct buf out;      /* the block so far */
	struct buf last_key; /* of the entry added last */
	uint64_t last_tag;   /* likewise */
	uint32_t count;      /* entries */
	uint32_t bytes;      /* of keys and values */
};

void block_builder_init(struct block_builder *b);
void block_builder_fini(struct block_builder *b);
void block_builder_reset(struct block_builder *b);

/*
 * Adds an entry that sorts behind the last.  Returns 1 if its key is another
 * one than the last entry's, 0 if it is the same, or -ENOMEM.
 */
int block_builder_add(struct block_builder *b, const struct entry *e) MUST_USE;

/* The size in bytes that block_builder_finish() would give. */
size_t block_builder_size(const struct block_builder *b);

/* The size in bytes of the page that the block would become. */
size_t block_builder_page_size(const struct block_builder *b);

/*
 * Completes the block.  @block is valid until the builder is reset.  There
 * must be at least one entry.
 */
void block_builder_finish(struct block_builder *b, struct slice *block);

/*
 * Makes a page of @block.  It comes from cache_alloc() of @cache, which may be
 * NULL, and is the caller's.  Returns 0, -EUCLEAN or -ENOMEM.
 */
int block_expand(struct slice block, struct cache *cache,
		 struct page **out) MUST_USE;

/* The same, and the page has hints, none of which leads anywhere yet. */
int block_expand_index(struct slice block, struct cache *cache,
		       struct page **out) MUST_USE;

#endif
