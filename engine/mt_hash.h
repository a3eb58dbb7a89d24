/*
 * mt_hash: finds a memtable's key by its bytes.
 *
 * An open hash table of buckets that are one cache line each:
 *
 *      tags     7 bytes, one for each key in the bucket, and their number
 *      keys     7 pointers
 *
 * The upper half of a key's hash picks the bucket with its high bits and makes
 * the tag with its low ones.  What a full bucket does not take goes to the next
 * one, so a search ends at the first bucket with room.  A search that finds
 * nothing costs one line as a rule, and one that finds something a second one,
 * the key's; a tag leads astray in one of 256 cases.
 *
 * Keys may be chosen so that their hashes crowd together.  So nothing is put,
 * or looked for, more than PROBE_MAX buckets from its place.  Once there was a
 * key that found no room, the table no longer knows what is not there, and the
 * tree has to say.
 *
 * One thread adds, others search without locks: a key is stored before the word
 * of tags that says so, and nothing is removed.  A table that holds
 * FILL_MAX keys a bucket is replaced by one that is four times as large; the
 * old one stays until the end, as somebody may search it, and costs at most a
 * third of the new one.  Whoever begins a search after a key was added finds
 * the key, in either.
 */
#ifndef ENGINE_MT_HASH_H
#define ENGINE_MT_HASH_H

#include "engine/mt_key.h"

struct mt_hash_table;

struct mt_hash {
	_Atomic(struct mt_hash_table *) table; /* owned, with all before it */
	_Atomic bool crowded;                  /* some key found no room */
	_Atomic size_t keys;                   /* only the writer adds */
	_Atomic size_t bytes;                  /* taken from the heap */
};

/* Makes room for @keys keys.  Returns 0 or -ENOMEM. */
int mt_hash_init(struct mt_hash *h, size_t keys) MUST_USE;
void mt_hash_fini(struct mt_hash *h);

/* What mt_key.hash is to be, given the filter_hash() of the key. */
static inline uint32_t mt_hash_of(uint64_t filter_hash)
{
	return (uint32_t)(filter_hash >> 32);
}

/*
 * Finds @key; @out is NULL if it is not there.  Returns false, and no @out, if
 * the table does not know.
 */
bool mt_hash_find(const struct mt_hash *h, struct slice key, uint32_t hash,
		  struct mt_key **out);

/* Makes room for one more key, if need be.  Returns 0 or -ENOMEM. */
int mt_hash_reserve(struct mt_hash *h) MUST_USE;

/* Adds a key that is not there, after mt_hash_reserve(). */
void mt_hash_add(struct mt_hash *h, struct mt_key *key);

#endif
