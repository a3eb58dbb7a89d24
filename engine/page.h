/*
 * A page: a block as it is kept in memory, made for searching.
 *
 * A block on disk is compact (block.h); when it is loaded, block_expand()
 * checks every byte of it and lays it out like this, in one piece of memory:
 *
 *      [struct page] [heads] [hints] [offsets] [entry] [entry] ...
 *
 *      u64  heads[count]    the 8 bytes of each key behind the prefix that all
 *                           keys share, zero-padded, as a big-endian number
 *           hints[count]    in pages of an index alone: where in the cache the
 *                           page was that each entry leads to; see cache.h
 *      u32  offsets[count]  where each entry is, from the start of the page
 *
 * An entry is a struct page_entry, then the whole key, then the value.
 *
 * Invariants
 *   - There is at least one entry, and they are in order: rising keys, and for
 *     one key falling tags.  So the heads never fall.
 *   - All offsets and sizes lie inside the page.
 *   - A page never changes, but for its hints.
 *
 * What searches a page therefore checks nothing.  A search is a binary search
 * over the heads, without branches, in a few lines of cache; keys are compared
 * only where heads are equal.  A step is an index, and keys and values are
 * slices of the page.
 *
 * Thread safety: any number of threads may read a page, and set its hints.
 */
#ifndef ENGINE_PAGE_H
#define ENGINE_PAGE_H

#include "engine/cache.h"
#include "engine/entry.h"

#define PAGE_SIZE_MAX ((size_t)128 << 20) /* bytes */
/* The heads of some 80 entries, as pages of data have them. */
#define PAGE_LINES_AHEAD 10

#define PAGE_KEY_MAX UINT16_MAX /* bytes */

struct page {
	uint32_t size;        /* bytes, all of it */
	uint32_t count;       /* entries */
	uint32_t prefix_size; /* bytes that all keys share */
	uint32_t columns;     /* of 8 bytes: 1: heads, 2: hints too */
	uint64_t heads[];
};

/* Not aligned: entries follow each other without gaps. */
struct page_entry {
	uint64_t tag;
	uint32_t value_size;
	uint16_t key_size;
	uint8_t bytes[];
} __attribute__((packed));

/* The size of a page of @count entries with @bytes of keys and values. */
static inline uint64_t page_size(uint64_t count, uint64_t bytes)
{
	return sizeof(struct page) + bytes +
	       count * (sizeof(uint64_t) + sizeof(uint32_t) +
			sizeof(struct page_entry));
}

/* What a page that has hints takes beyond that. */
static inline uint64_t page_hints_size(uint64_t count)
{
	return count * sizeof(struct cache_hint);
}

static inline bool page_has_hints(const struct page *p)
{
	return p->columns == 2;
}

static inline struct cache_hint *page_hint(const struct page *p, uint32_t i)
{
	return (struct cache_hint *)(p->heads + p->count) + i;
}

static inline uint32_t *page_offsets(const struct page *p)
{
	return (uint32_t *)(p->heads + (size_t)p->columns * p->count);
}

static inline const struct page_entry *page_at(const struct page *p, uint32_t i)
{
	return (const void *)((const char *)p + page_offsets(p)[i]);
}

static inline struct slice page_key(const struct page *p, uint32_t i)
{
	const struct page_entry *e = page_at(p, i);

	return slice_of(e->bytes, e->key_size);
}

/* The entry @i, valid as long as the page. */
static inline void page_get(const struct page *p, uint32_t i, struct entry *out)
{
	const struct page_entry *e = page_at(p, i);

	out->key = slice_of(e->bytes, e->key_size);
	out->value = slice_of(e->bytes + e->key_size, e->value_size);
	out->tag = e->tag;
}

/*
 * A search in two halves, so that somebody with other things to do may do them
 * while memory is on its way.  The first half looks at heads alone and tells
 * where the second is to begin.
 */
uint32_t page_seek_near(const struct page *p, struct slice key);
uint32_t page_seek_from(const struct page *p, struct slice key, uint32_t near);

/* The place of the first entry whose key is not before @key, or the count. */
static inline uint32_t page_seek(const struct page *p, struct slice key)
{
	return page_seek_from(p, key, page_seek_near(p, key));
}

/* Asks for the lines of cache that a search begins with. */
static inline void page_prefetch(const struct page *p)
{
	const char *line = (const char *)p;
	unsigned i;

	for (i = 0; i < PAGE_LINES_AHEAD; i++)
		__builtin_prefetch(line + i * 64);
}

/*
 * Finds the newest entry of @key with a sequence number up to @seq_max, valid
 * as long as the page.  False, and *out is anything, if there is none.
 */
bool page_find(const struct page *p, struct slice key, uint64_t seq_max,
	       struct entry *out);

/* Fills the heads and the prefix of a page whose other parts are complete. */
void page_index(struct page *p);

/* Aborts if an invariant does not hold. */
void page_check(const struct page *p);

#endif
