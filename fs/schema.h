/*
 * The schema: how a filesystem is laid out as keys and values.
 *
 *      's'                        the superblock         superblock.h
 *      'i' ino8                   an inode's record      inode_format.h
 *      'd' parent8 hash8 name     a dentry               dentry.h
 *      'c' ino8 chunk8            file data              data.c
 *      'c' ino8 chunk8 block1     ... written over it    blocks.h
 *      'x' ino8 name              an xattr               xattr.h
 *      'o' ino8                   a pending purge        orphan.h
 *
 * Numbers in keys are big-endian, so that the order of keys is the order of
 * numbers: what belongs to one inode, and to the inodes of one directory, lies
 * together.  Numbers in values are little-endian.
 *
 * The hash of a name is the upper 55 bits of its XXH3-64, seeded by the
 * superblock, and at least 1.  55, because a directory offset is the hash
 * shifted by 8, plus 8 bits for a place among names of equal hash, in a signed
 * 64-bit number; at least 1, because the offsets below 256 are those of ".",
 * ".." and the beginning.
 *
 * Keys from the store are parsed, never trusted: -EUCLEAN with words.
 */
#ifndef FS_SCHEMA_H
#define FS_SCHEMA_H

#include "engine/base/slice.h"
#include "fs/fs.h"

#define SCHEMA_CHUNK_BYTES ((size_t)32 << 10) /* file data in one value */
#define SCHEMA_BLOCK_BYTES ((size_t)4 << 10)  /* written over a chunk */
#define SCHEMA_BLOCKS      (SCHEMA_CHUNK_BYTES / SCHEMA_BLOCK_BYTES)
#define SCHEMA_KEY_MAX     (1 + 8 + 8 + FS_NAME_MAX)
#define SCHEMA_HASH_SHIFT  8 /* directory offset = hash << shift | place */

enum schema_kind {
	SCHEMA_SUPER = 's',
	SCHEMA_INODE = 'i',
	SCHEMA_DENTRY = 'd',
	SCHEMA_CHUNK = 'c',
	SCHEMA_XATTR = 'x',
	SCHEMA_ORPHAN = 'o',
};

/* A key that is being made: the caller's memory, no allocation. */
struct schema_key {
	uint8_t bytes[SCHEMA_KEY_MAX];
	size_t size;
};

static inline struct slice schema_slice(const struct schema_key *key)
{
	return slice_of(key->bytes, key->size);
}

/* The key that all keys of @kind are at or above. */
void schema_key_kind(struct schema_key *key, char kind);

/* 'i' and 'o' keys, and the key that all others of @ino are at or above. */
void schema_key_ino(struct schema_key *key, enum schema_kind kind,
		    uint64_t ino);

/* Right before the keys of the chunk's blocks. */
void schema_key_chunk(struct schema_key *key, uint64_t ino, uint64_t chunk);

/* @block counts from the chunk's beginning, below SCHEMA_BLOCKS. */
void schema_key_block(struct schema_key *key, uint64_t ino, uint64_t chunk,
		      unsigned block);

/* An empty @name makes the key that all of that hash are above. */
void schema_key_dentry(struct schema_key *key, uint64_t parent, uint64_t hash,
		       struct slice name);

void schema_key_xattr(struct schema_key *key, uint64_t ino, const char *name);

/* The hash of @name in a filesystem with this @seed. */
uint64_t schema_name_hash(uint64_t seed, struct slice name);

/* A key taken apart. */
struct schema_parsed {
	enum schema_kind kind;
	uint64_t ino;      /* the parent's for a dentry; 0 for 's' */
	uint64_t number;   /* a dentry's hash or a chunk's index, else 0 */
	bool is_block;     /* 'c': a block of the chunk, not its own value */
	unsigned block;    /* of a block, else 0 */
	struct slice name; /* a dentry's or xattr's, borrowed from the key */
};

/* Returns 0, or -EUCLEAN for a key that none of the functions above makes. */
int schema_parse(struct slice key, struct schema_parsed *out) MUST_USE;

/* Where in its file a chunk, or a block of one, begins. */
static inline uint64_t schema_chunk_offset(const struct schema_parsed *key)
{
	return key->number * SCHEMA_CHUNK_BYTES +
	       key->block * SCHEMA_BLOCK_BYTES;
}

/* The chunks that @size bytes reach into. */
static inline uint64_t schema_chunks(uint64_t size)
{
	return size / SCHEMA_CHUNK_BYTES + (size % SCHEMA_CHUNK_BYTES != 0);
}

#endif
