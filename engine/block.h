/*
 * A block: some entries, sorted, prefix-compressed, searchable.  SSTs are made
 * of blocks; so are their indexes.
 *
 *      [entry] [entry] ... [heads] [restarts] [tail]
 *
 * An entry, all lengths in front so that it parses in one go:
 *
 *      varint  shared      bytes of the key shared with the entry before
 *      varint  unshared    bytes of the key that follow
 *      varint  value_size  bytes
 *      u64     tag         seq << 8 | kind
 *      bytes   key suffix, value
 *
 * Every BLOCK_RESTART_INTERVAL entries the key is stored whole (shared is 0):
 * a restart point.  For each of the n restart points there is, behind the
 * entries:
 *
 *      u64  heads[n]     the 8 bytes of the key behind the block's common
 *                        prefix, zero-padded, as a big-endian number
 *      u32  restarts[n]  the entry's offset in the block
 *
 * so that most of a binary search compares numbers in one or two cache lines.
 * The tail, 8 bytes:
 *
 *      u32  n
 *      u16  prefix_size  bytes that all keys in the block share
 *      u16  0
 *
 * All integers are little-endian.  The blocks that a reader gets have been
 * verified by a checksum, but nothing is trusted: a block that makes no sense
 * ends in -EUCLEAN, never outside its bytes.
 */
#ifndef ENGINE_BLOCK_H
#define ENGINE_BLOCK_H

#include "engine/base/buf.h"
#include "engine/source.h"

#define BLOCK_RESTART_INTERVAL 16
#define BLOCK_SIZE_MAX         ((size_t)64 << 20) /* bytes */

/* Builds one block after another in the same memory. */
struct block_builder {
	struct buf out;      /* the block so far */
	struct buf restarts; /* u32 each */
	struct buf last_key; /* of the entry added last */
	struct buf first_key;
	uint32_t count; /* entries */
};

void block_builder_init(struct block_builder *b);
void block_builder_fini(struct block_builder *b);
void block_builder_reset(struct block_builder *b);

/* Adds an entry that sorts behind the last.  Returns 0 or -ENOMEM. */
int block_builder_add(struct block_builder *b, const struct entry *e) MUST_USE;

/* The size in bytes that block_builder_finish() would give. */
size_t block_builder_size(const struct block_builder *b);

/*
 * Completes the block.  @block is valid until the builder is reset.  There
 * must be at least one entry.  Returns 0 or -ENOMEM.
 */
int block_builder_finish(struct block_builder *b, struct slice *block) MUST_USE;

/* A position in a block that somebody else keeps in memory. */
struct block_iter {
	struct source source; /* close() does nothing */
	struct slice block;
	uint32_t entries_size;
	uint32_t restart_count;
	uint32_t prefix_size;
	uint32_t at;   /* offset of the current entry */
	uint32_t next; /* offset of the one behind it */
	struct buf key;
};

void block_iter_init(struct block_iter *it);
void block_iter_fini(struct block_iter *it);

/* Turns to @block, before its first entry.  Returns 0 or -EUCLEAN. */
int block_iter_set(struct block_iter *it, struct slice block) MUST_USE;

#endif
