/*
 * A buf: bytes that grow, and are reused.
 *
 * Room is made first, and only that can fail; then bytes are added.  A buf
 * that was reset keeps its memory, so a loop that fills one buf again and
 * again allocates once.  Not thread-safe.
 */
#ifndef ENGINE_BASE_BUF_H
#define ENGINE_BASE_BUF_H

#include "engine/base/slice.h"

struct buf {
	uint8_t *data; /* owned, NULL while cap is 0 */
	size_t size;   /* bytes in use */
	size_t cap;    /* bytes allocated */
};

#define BUF_INIT                                  \
	{                                         \
		.data = NULL, .size = 0, .cap = 0 \
	}

void buf_fini(struct buf *b);

/* Forgets the bytes and keeps the memory. */
static inline void buf_reset(struct buf *b)
{
	b->size = 0;
}

/* The slow half of buf_reserve(). */
int buf_grow(struct buf *b, size_t extra) MUST_USE;

/* Makes room for @extra bytes after the last.  Returns 0 or -ENOMEM. */
static inline int buf_reserve(struct buf *b, size_t extra) MUST_USE;

static inline int buf_reserve(struct buf *b, size_t extra)
{
	if (likely(b->cap - b->size >= extra))
		return 0;
	return buf_grow(b, extra);
}

/* Reserves and adds; returns 0, or -ENOMEM with @b as it was. */
int buf_append(struct buf *b, const void *data, size_t size) MUST_USE;

/* Replaces the contents; returns 0, or -ENOMEM with @b as it was. */
int buf_assign(struct buf *b, struct slice s) MUST_USE;

/* Adds @size bytes into room that buf_reserve() made. */
static inline void buf_put(struct buf *b, const void *data, size_t size)
{
	assert(b->cap - b->size >= size);
	if (size) {
		memcpy(b->data + b->size, data, size);
		b->size += size;
	}
}

static inline void buf_put_u8(struct buf *b, uint8_t byte)
{
	assert(b->cap > b->size);
	b->data[b->size++] = byte;
}

/* Valid until @b changes. */
static inline struct slice buf_slice(const struct buf *b)
{
	return slice_of(b->data, b->size);
}

#endif
