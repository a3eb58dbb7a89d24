/*
 * mt: the memtable, a sorted table of the newest entries in memory.
 *
 * Each distinct key is there once, with a list of its versions (mt_key.h).  A
 * hash table finds a key by its bytes (mt_hash.h), a B+-tree keeps the keys in
 * order (mt_tree.h); both only point to it.  So a point read that finds nothing
 * costs a cache miss, one that finds something two or three, a further version
 * of a key never touches the tree, and an iterator knows a leaf's keys ahead
 * and can fetch them before it needs them.
 *
 * One thread at a time adds (the leader of the write queue); any number read
 * meanwhile, without locks.  Nothing is ever removed, so what a reader found
 * stays where it is until the table goes.
 *
 * A reader sees every entry with a sequence number up to the one that was
 * published before it began; later ones may or may not be there and are
 * filtered by the reader.
 *
 * The memtable also holds a reference to each blob file that its entries name,
 * so that whoever pins the memtable can read them.
 *
 * An entry of a new key costs 36 bytes and its key and value, about 24 in the
 * tree (17 if keys come in order) and 13 in a hash table that had the right
 * size from the beginning; a further version of a key 28 and its value.
 */
#ifndef ENGINE_MT_H
#define ENGINE_MT_H

#include "engine/base/arena.h"
#include "engine/mt_hash.h"
#include "engine/mt_tree.h"
#include "engine/source.h"

#define MT_BLOB_LISTS 64

struct blob;
struct mt_blob_ref;

struct mt {
	_Atomic uint32_t refs;
	_Atomic uint64_t count; /* of entries and range tombstones */
	_Atomic uint64_t seq_last;
	_Atomic uint64_t blob_bytes; /* stored, of values in blob files */
	struct arena arena; /* keys, versions and nodes; the writer's */
	struct mt_hash hash;
	struct mt_tree tree;
	_Atomic(struct mt_blob_ref *) blobs[MT_BLOB_LISTS]; /* by id */
	_Atomic(struct mt *) ranges; /* owned; NULL: none; see mt_range.h */
};

/*
 * A table with one reference; NULL if out of memory.  @keys is how many
 * distinct keys to expect: a guess, 0 if there is none.  Memory comes from
 * @spare, if any, and goes back there; it must outlive the table.
 */
struct mt *mt_new(size_t keys, struct arena_spare *spare);
struct mt *mt_ref(struct mt *mt);
void mt_unref(struct mt *mt); /* accepts NULL */

/*
 * Adds an entry, newer than all that the table has of its key; key and value
 * are copied.  Returns 0, or -ENOMEM and the table holds what it held.
 */
int mt_put(struct mt *mt, const struct entry *e) MUST_USE;

/*
 * Finds the newest entry of @key, whose filter_hash() is @hash, with a sequence
 * number up to @seq_max.  The entry is valid as long as the table.
 */
bool mt_get(const struct mt *mt, struct slice key, uint64_t hash,
	    uint64_t seq_max, struct entry *out);

/* A source that holds a reference to @mt; NULL if out of memory. */
struct source *mt_source(struct mt *mt);

/* A change with that sequence number was made; for mt_range.c. */
void mt_note(struct mt *mt, uint64_t seq);

/*
 * Memory used, in bytes, and entries and range tombstones held; may be asked by
 * any thread.
 */
size_t mt_bytes(const struct mt *mt);
uint64_t mt_count(const struct mt *mt);

/* Bytes of the values in blob files that were put, as stored; any thread. */
uint64_t mt_blob_bytes(const struct mt *mt);

/*
 * The distinct keys, and the largest sequence number; of a table that is added
 * to no more, or for the thread that adds.
 */
size_t mt_keys(const struct mt *mt);
uint64_t mt_seq_last(const struct mt *mt);

/* Keeps a reference to @blob, once.  Returns 0 or -ENOMEM. */
int mt_add_blob(struct mt *mt, struct blob *blob) MUST_USE;

/* The blob file with that id, borrowed from @mt; NULL if it holds none. */
struct blob *mt_blob(const struct mt *mt, uint64_t id);

/* Whether all invariants hold, of a table that nobody adds to; slow. */
bool mt_check(const struct mt *mt);

#endif
