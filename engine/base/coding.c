#include "engine/base/coding.h"

const uint8_t *get_varint(const uint8_t *p, const uint8_t *end, uint64_t *v)
{
	uint64_t result = 0;
	unsigned shift;

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
