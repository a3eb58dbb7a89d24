/*
 * Numbers as bytes, and back.
 *
 * Little-endian for what is only read back, big-endian where the order of
 * the bytes must be the order of the numbers (keys).  Varints are LEB128: 7
 * bits a byte, the lowest first, the top bit set on all bytes but the last.
 *
 * Decoding trusts nothing: a struct decoder never reads past its end and
 * remembers that it would have had to, so that a decode function reads all
 * its fields and asks decoder_ok() once.
 */
#ifndef ENGINE_BASE_CODING_H
#define ENGINE_BASE_CODING_H

#include "engine/base/buf.h"

#define VARINT_SIZE_MAX 10 /* bytes of a 64-bit varint */

static inline void put_le16(uint8_t *p, uint16_t v)
{
	memcpy(p, &v, sizeof(v));
}

static inline void put_le32(uint8_t *p, uint32_t v)
{
	memcpy(p, &v, sizeof(v));
}

static inline void put_le64(uint8_t *p, uint64_t v)
{
	memcpy(p, &v, sizeof(v));
}

static inline uint16_t get_le16(const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint32_t get_le32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint64_t get_le64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline void put_be64(uint8_t *p, uint64_t v)
{
	put_le64(p, __builtin_bswap64(v));
}

static inline uint64_t get_be64(const uint8_t *p)
{
	return __builtin_bswap64(get_le64(p));
}

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "loamfs has been written for little-endian machines"
#endif

/* Writes at most VARINT_SIZE_MAX bytes; returns the byte after the last. */
static inline uint8_t *put_varint(uint8_t *p, uint64_t v)
{
	while (v >= 0x80) {
		*p++ = (uint8_t)(v | 0x80);
		v >>= 7;
	}
	*p++ = (uint8_t)v;
	return p;
}

/*
 * Reads a varint that must end before @end.  Returns the byte after it, or
 * NULL if there is none: too short, or more than 64 bits.
 */
const uint8_t *get_varint(const uint8_t *p, const uint8_t *end, uint64_t *v);

/* Into room that buf_reserve() made, VARINT_SIZE_MAX for each. */
static inline void buf_put_varint(struct buf *b, uint64_t v)
{
	assert(b->cap - b->size >= VARINT_SIZE_MAX);
	b->size = (size_t)(put_varint(b->data + b->size, v) - b->data);
}

static inline void buf_put_le32(struct buf *b, uint32_t v)
{
	assert(b->cap - b->size >= sizeof(v));
	put_le32(b->data + b->size, v);
	b->size += sizeof(v);
}

static inline void buf_put_le64(struct buf *b, uint64_t v)
{
	assert(b->cap - b->size >= sizeof(v));
	put_le64(b->data + b->size, v);
	b->size += sizeof(v);
}

struct decoder {
	const uint8_t *at;
	const uint8_t *end;
	bool bad; /* a read went past the end, or a varint was malformed */
};

static inline struct decoder decoder_of(struct slice s)
{
	return (struct decoder){
		.at = s.data,
		/* No bytes may be nowhere: nothing can be added to NULL. */
		.end = s.size ? (const uint8_t *)s.data + s.size : s.data,
	};
}

static inline size_t decoder_left(const struct decoder *d)
{
	return (size_t)(d->end - d->at);
}

/* Nothing failed so far. */
static inline bool decoder_ok(const struct decoder *d)
{
	return !d->bad;
}

/* Nothing failed and nothing is left over. */
static inline bool decoder_done(const struct decoder *d)
{
	return !d->bad && d->at == d->end;
}

/* Each returns 0 (or an empty slice) once @d is bad. */
uint8_t decoder_u8(struct decoder *d);
uint32_t decoder_le32(struct decoder *d);
uint64_t decoder_le64(struct decoder *d);
uint64_t decoder_varint(struct decoder *d);
struct slice decoder_bytes(struct decoder *d, size_t size);

#endif
