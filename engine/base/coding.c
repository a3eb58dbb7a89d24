#include "engine/base/coding.h"

const uint8_t *get_varint(const uint8_t *p, const uint8_t *end, uint64_t *v)
{
	uint64_t result = 0;
	unsigned shift;

	/* Eight bytes in one go, if the last one is among them. */
	if (likely(end - p >= 8)) {
		uint64_t in = get_le64(p), last = ~in & 0x8080808080808080u;

		if (likely(last != 0)) {
			in &= (last ^ (last - 1)) & 0x7f7f7f7f7f7f7f7fu;
			in = (in & 0x007f007f007f007fu) |
			     (in & 0x7f007f007f007f00u) >> 1;
			in = (in & 0x00003fff00003fffu) |
			     (in & 0x3fff00003fff0000u) >> 2;
			*v = (in & 0x0fffffffu) | (in >> 32) << 28;
			return p + __builtin_ctzll(last) / 8 + 1;
		}
	}

	for (shift = 0; shift < 64 && p < end; shift += 7) {
		uint64_t byte = *p++;

		if (shift == 63 && byte > 1)
			return NULL;
		result |= (byte & 0x7f) << shift;
		if (byte < 0x80) {
			*v = result;
			return p;
		}
	}
	return NULL;
}

struct slice decoder_bytes(struct decoder *d, size_t size)
{
	struct slice s;

	if (d->bad || size > decoder_left(d)) {
		d->bad = true;
		return slice_of(NULL, 0);
	}

	s = slice_of(d->at, size);
	d->at += size;
	return s;
}

uint8_t decoder_u8(struct decoder *d)
{
	struct slice s = decoder_bytes(d, 1);

	return s.size ? *(const uint8_t *)s.data : 0;
}

uint32_t decoder_le32(struct decoder *d)
{
	struct slice s = decoder_bytes(d, 4);

	return s.size ? get_le32(s.data) : 0;
}

uint64_t decoder_le64(struct decoder *d)
{
	struct slice s = decoder_bytes(d, 8);

	return s.size ? get_le64(s.data) : 0;
}

uint64_t decoder_varint(struct decoder *d)
{
	const uint8_t *next;
	uint64_t v;

	if (d->bad)
		return 0;
	next = get_varint(d->at, d->end, &v);
	if (!next) {
		d->bad = true;
		return 0;
	}
	d->at = next;
	return v;
}
