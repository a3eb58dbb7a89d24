#include "engine/ordinals.h"

#include <stdlib.h>

#include "engine/base/coding.h"

#define WORD_BITS 64

enum {
	CODING_RUNS = 0,
	CODING_BITMAP = 1,
};

void ordinals_fini(struct ordinals *set)
{
	free(set->words);
	*set = (struct ordinals){ 0 };
}

/* Room for the ordinals below @end. */
static int reserve(struct ordinals *set, uint32_t end)
{
	size_t need = (end + WORD_BITS - 1) / WORD_BITS;
	uint64_t *words;

	if (need <= set->count)
		return 0;
	need = size_max(need, set->count + set->count / 2);
	words = reallocarray(set->words, need, sizeof(*words));
	if (!words)
		return -ENOMEM;
	memset(words + set->count, 0, (need - set->count) * sizeof(*words));
	set->words = words;
	set->count = need;
	return 0;
}

int ordinals_add(struct ordinals *set, uint32_t ordinal)
{
	int rc;

	assert(ordinal < ORDINALS_MAX);
	rc = reserve(set, ordinal + 1);
	if (rc == 0)
		set->words[ordinal / WORD_BITS] |= (uint64_t)1
						   << ordinal % WORD_BITS;
	return rc;
}

bool ordinals_has(const struct ordinals *set, uint32_t ordinal)
{
	size_t word = ordinal / WORD_BITS;

	return word < set->count &&
	       (set->words[word] >> ordinal % WORD_BITS & 1);
}

uint64_t ordinals_count(const struct ordinals *set)
{
	uint64_t n = 0;
	size_t i;

	for (i = 0; i < set->count; i++)
		n += (uint64_t)__builtin_popcountll(set->words[i]);
	return n;
}

bool ordinals_within(const struct ordinals *set, const struct ordinals *all)
{
	size_t i;

	for (i = 0; i < set->count; i++) {
		uint64_t have = i < all->count ? all->words[i] : 0;

		if (set->words[i] & ~have)
			return false;
	}
	return true;
}

/* The first ordinal from @from on that is in the set, or is not; else @end. */
static uint32_t find(const struct ordinals *set, uint32_t from, uint32_t end,
		     bool present)
{
	while (from < end) {
		uint64_t word = set->words[from / WORD_BITS];

		word = (present ? word : ~word) >> from % WORD_BITS;
		if (word) {
			from += (uint32_t)__builtin_ctzll(word);
			return from < end ? from : end;
		}
		from += WORD_BITS - from % WORD_BITS;
	}
	return end;
}

/* Appends the runs, unless they take more than @most bytes: then -E2BIG. */
static int encode_runs(const struct ordinals *set, uint32_t end, size_t most,
		       struct buf *out)
{
	size_t before = out->size;
	uint32_t last = 0, from, to;
	int rc;

	for (from = find(set, 0, end, true); from < end;
	     from = find(set, to, end, true)) {
		to = find(set, from, end, false);
		rc = buf_reserve(out, 2 * VARINT_SIZE_MAX);
		if (rc < 0)
			return rc;
		buf_put_varint(out,
			       (uint64_t)(from - last) << 1 | (to - from > 1));
		if (to - from > 1)
			buf_put_varint(out, to - from - 2);
		if (out->size - before > most)
			return -E2BIG;
		last = to;
	}
	return 0;
}

int ordinals_encode(const struct ordinals *set, struct buf *out)
{
	size_t words = set->count, size, before = out->size;
	int rc;

	while (words > 0 && set->words[words - 1] == 0)
		words--;
	size = words * sizeof(uint64_t);
	while (size > 0 && ((const uint8_t *)set->words)[size - 1] == 0)
		size--;
	rc = buf_reserve(out, 1 + size);
	if (rc < 0)
		return rc;
	buf_put_u8(out, CODING_RUNS);
	rc = encode_runs(set, (uint32_t)words * WORD_BITS, size, out);
	if (rc == -E2BIG) {
		out->size = before;
		buf_put_u8(out, CODING_BITMAP);
		buf_put(out, set->words, size);
		rc = 0;
	}
	return rc;
}

/* Adds those from @from to before @to, for which there is room. */
static void add_run(struct ordinals *set, uint32_t from, uint32_t to)
{
	while (from < to) {
		uint32_t bit = from % WORD_BITS;
		uint32_t n = WORD_BITS - bit;

		if (n > to - from)
			n = to - from;
		set->words[from / WORD_BITS] |=
			(~(uint64_t)0 >> (WORD_BITS - n)) << bit;
		from += n;
	}
}

static int decode_runs(struct ordinals *set, struct decoder *d)
{
	uint64_t at = 0, gap, length;
	bool first = true;
	int rc;

	while (decoder_left(d) > 0) {
		gap = decoder_varint(d);
		length = gap & 1 ? decoder_varint(d) : 0;
		if (length > ORDINALS_MAX)
			return -EUCLEAN;
		length += gap & 1 ? 2 : 1;
		gap >>= 1;
		/* Runs that touch would have been one. */
		if (!decoder_ok(d) || (gap == 0 && !first) ||
		    gap >= ORDINALS_MAX - at ||
		    length > ORDINALS_MAX - at - gap)
			return -EUCLEAN;
		at += gap + length;
		rc = reserve(set, (uint32_t)at);
		if (rc < 0)
			return rc;
		add_run(set, (uint32_t)(at - length), (uint32_t)at);
		first = false;
	}
	return 0;
}

static int decode_bitmap(struct ordinals *set, struct decoder *d)
{
	size_t size = decoder_left(d), i;
	struct slice in = decoder_bytes(d, size);
	const uint8_t *bytes = in.data;
	int rc;

	if (size == 0 || size > ORDINALS_MAX / 8 || bytes[size - 1] == 0)
		return -EUCLEAN;
	rc = reserve(set, (uint32_t)size * 8);
	if (rc < 0)
		return rc;
	for (i = 0; i < size; i++)
		((uint8_t *)set->words)[i] |= bytes[i];
	return 0;
}

int ordinals_decode(struct ordinals *set, struct slice in)
{
	struct decoder d = decoder_of(in);
	uint8_t coding = decoder_u8(&d);

	if (!decoder_ok(&d) || coding > CODING_BITMAP)
		return -EUCLEAN;
	return coding == CODING_RUNS ? decode_runs(set, &d)
				     : decode_bitmap(set, &d);
}
