/*
 * An entry: one version of one key, the unit of the memtable, of SSTs and of
 * every iterator inside the engine.
 *
 * Entries are ordered by key, and those of one key by falling sequence number,
 * so that the newest comes first.  On disk and in the memtable the sequence
 * number and the kind share one word, the tag.
 */
#ifndef ENGINE_ENTRY_H
#define ENGINE_ENTRY_H

#include "engine/base/slice.h"

/* The values are part of the format. */
enum entry_kind {
	ENTRY_DELETE = 0,       /* a tombstone; no value */
	ENTRY_PUT = 1,          /* the value itself */
	ENTRY_BLOB = 2,         /* a handle to a value in the value log */
	ENTRY_RANGE_DELETE = 3, /* a range tombstone: to where, excluded */
};

#define ENTRY_SEQ_MAX (UINT64_MAX >> 8)

struct entry {
	struct slice key;   /* valid as long as the source says */
	struct slice value; /* likewise */
	uint64_t tag;
};

static inline uint64_t entry_tag(uint64_t seq, enum entry_kind kind)
{
	return seq << 8 | (uint64_t)kind;
}

static inline uint64_t entry_seq(const struct entry *e)
{
	return e->tag >> 8;
}

static inline unsigned entry_kind(const struct entry *e)
{
	return (unsigned)(e->tag & 0xff);
}

/* Whether the key has a value from then on. */
static inline bool entry_puts(const struct entry *e)
{
	return entry_kind(e) == ENTRY_PUT || entry_kind(e) == ENTRY_BLOB;
}

/* A tag read from disk has a kind that exists. */
static inline bool entry_tag_valid(uint64_t tag)
{
	return (tag & 0xff) <= ENTRY_RANGE_DELETE;
}

static inline int entry_cmp(const struct entry *a, const struct entry *b)
{
	int rc = slice_cmp(a->key, b->key);

	if (rc != 0)
		return rc;
	return a->tag > b->tag ? -1 : a->tag < b->tag;
}

#endif
