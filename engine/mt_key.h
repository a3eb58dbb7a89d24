/*
 * mt_key: what a memtable holds: keys, and the versions of each.
 *
 * There is one mt_key for each distinct key, in one piece with its oldest
 * version, so that a key that is written once costs one allocation and one
 * place in memory.  Later versions stand by themselves:
 *
 *      struct mt_key, which ends with the oldest version; key, value
 *      struct mt_version; value
 *
 * The versions of a key form a ring.  From one of them, older leads to the next
 * older one, and from the oldest round to the newest; newer leads the other
 * way, and ends at the newest.
 *
 * Only what is _Atomic changes once the key can be found.  The one writer links
 * a version with release stores; a reader that follows the links finds a whole
 * list, with or without a version that is being added.
 *
 * A key costs 8 bytes, a version 28, and a piece is rounded up to 8.
 */
#ifndef ENGINE_MT_KEY_H
#define ENGINE_MT_KEY_H

#include <stdatomic.h>

#include "engine/entry.h"

struct mt_version {
	_Atomic(struct mt_version *) older; /* the oldest's: the newest */
	_Atomic(struct mt_version *) newer; /* NULL if there is none yet */
	uint64_t tag;
	uint32_t value_size; /* bytes */
	uint8_t bytes[];     /* the value; in the oldest, behind the key */
};

struct mt_key {
	uint32_t hash; /* see mt_hash.h */
	uint32_t size; /* bytes */
	struct mt_version oldest;
};

/* Where bytes begin; the size of a struct is rounded up behind them. */
#define MT_VERSION_SIZE offsetof(struct mt_version, bytes)
#define MT_KEY_SIZE     (offsetof(struct mt_key, oldest) + MT_VERSION_SIZE)

static inline struct slice mt_key_slice(const struct mt_key *k)
{
	return slice_of(k->oldest.bytes, k->size);
}

static inline const struct mt_version *mt_key_newest(const struct mt_key *k)
{
	return atomic_load_explicit(&k->oldest.older, memory_order_acquire);
}

/* NULL if @v is the oldest version of @k. */
static inline const struct mt_version *mt_version_older(
	const struct mt_key *k, const struct mt_version *v)
{
	if (v == &k->oldest)
		return NULL;
	return atomic_load_explicit(&v->older, memory_order_relaxed);
}

/* NULL if @v is the newest. */
static inline const struct mt_version *mt_version_newer(
	const struct mt_version *v)
{
	return atomic_load_explicit(&v->newer, memory_order_acquire);
}

/* The entry lives as long as the table. */
static inline struct entry mt_entry(const struct mt_key *k,
				    const struct mt_version *v)
{
	size_t skip = v == &k->oldest ? k->size : 0;

	return (struct entry){
		.key = mt_key_slice(k),
		.value = slice_of(v->bytes + skip, v->value_size),
		.tag = v->tag,
	};
}

#endif
