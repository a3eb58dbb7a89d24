#include "engine/filter.h"

#include "engine/base/coding.h"
#include "engine/base/hash.h"

/* So many hashes ahead a line of the filter is fetched. */
#define AHEAD 16

uint64_t filter_hash(struct slice key)
{
	return checksum(0, key.data, key.size);
}

static size_t line_of(uint64_t hash, size_t lines)
{
	return (size_t)((hash >> 32) * lines >> 32);
}

/* Sets the bits of @hash, by the eight bytes that each of them lies in. */
static void add(uint8_t *line, uint64_t hash)
{
	unsigned bit = (unsigned)hash, step = (unsigned)(hash >> 9) | 1;
	uint8_t *word;
	int probe;

	for (probe = 0; probe < FILTER_PROBES; probe++, bit += step) {
		word = line + bit % 512 / 64 * 8;
		put_le64(word, get_le64(word) | (uint64_t)1 << bit % 64);
	}
}

int filter_build(struct buf *out, const uint64_t *hashes, size_t count)
{
	size_t bits = count * FILTER_BITS_PER_KEY;
	size_t lines = bits / (FILTER_LINE_SIZE * 8) + 1;
	size_t i;
	int rc;

	buf_reset(out);
	rc = buf_reserve(out, lines * FILTER_LINE_SIZE);
	if (rc < 0)
		return rc;
	out->size = lines * FILTER_LINE_SIZE;
	memset(out->data, 0, out->size);

	for (i = 0; i < count; i++) {
		/* The lines come in no order: ask for them in time. */
		if (i + AHEAD < count)
			__builtin_prefetch(
				out->data + line_of(hashes[i + AHEAD], lines) *
						    FILTER_LINE_SIZE,
				1);
		add(out->data + line_of(hashes[i], lines) * FILTER_LINE_SIZE,
		    hashes[i]);
	}
	return 0;
}

bool filter_may_contain(struct slice filter, uint64_t hash)
{
	size_t lines = filter.size / FILTER_LINE_SIZE;
	const uint8_t *line = filter.data;
	unsigned bit = (unsigned)hash, step = (unsigned)(hash >> 9) | 1;
	unsigned all = 1;
	int probe;

	/* All are in one line, so a branch costs more than it can save. */
	line += line_of(hash, lines) * FILTER_LINE_SIZE;
	for (probe = 0; probe < FILTER_PROBES; probe++, bit += step)
		all &= (unsigned)line[bit % 512 / 8] >> bit % 8;
	return all;
}

void filter_prefetch(struct slice filter, uint64_t hash)
{
	const uint8_t *line = filter.data;

	line += line_of(hash, filter.size / FILTER_LINE_SIZE) *
		FILTER_LINE_SIZE;
	__builtin_prefetch(line);
}
