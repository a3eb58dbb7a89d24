#include "engine/block.h"

#include "engine/base/coding.h"
#include "engine/cache.h"
#include "engine/page.h"

#define HEADER_SIZE      8
#define ENTRY_SIZE_MIN   4
#define ENTRY_HEADER_MAX (4 * VARINT_SIZE_MAX)

/* Of the kind in a folded tag. */
#define KIND_BITS 3
_Static_assert(ENTRY_RANGE_DELETE < 1 << KIND_BITS, "a kind has 3 bits");

void block_builder_init(struct block_builder *b)
{
	*b = (struct block_builder){ 0 };
}

void block_builder_fini(struct block_builder *b)
{
	buf_fini(&b->out);
	buf_fini(&b->last_key);
}

void block_builder_reset(struct block_builder *b)
{
	buf_reset(&b->out);
	buf_reset(&b->last_key);
	b->last_tag = 0;
	b->count = 0;
	b->bytes = 0;
}

/* Three lengths; the fast way if each fits in one byte. */
static uint8_t *put_lengths(uint8_t *p, size_t shared, size_t unshared,
			    size_t value_size)
{
	if (likely((shared | unshared | value_size) < 0x80)) {
		p[0] = (uint8_t)shared;
		p[1] = (uint8_t)unshared;
		p[2] = (uint8_t)value_size;
		return p + 3;
	}
	p = put_varint(p, shared);
	p = put_varint(p, unshared);
	return put_varint(p, value_size);
}

/* The fast way also if the last of them takes two. */
static const uint8_t *get_lengths(const uint8_t *p, const uint8_t *end,
				  uint64_t out[3])
{
	int i;

	if (likely(end - p >= 4 && (p[0] | p[1]) < 0x80 &&
		   (p[2] & p[3]) < 0x80)) {
		bool two = p[2] >= 0x80;

		out[0] = p[0];
		out[1] = p[1];
		out[2] = two ? (p[2] & 0x7fu) | (unsigned)p[3] << 7 : p[2];
		return p + 3 + two;
	}
	for (i = 0; i < 3 && p; i++)
		p = get_varint(p, end, &out[i]);
	return p;
}

/* A tag as a number that is small where it is near the last one. */
static uint64_t tag_fold(uint64_t tag, uint64_t last)
{
	int64_t d = (int64_t)(tag >> 8) - (int64_t)(last >> 8);

	return ((uint64_t)d << 1 ^ (uint64_t)(d >> 63)) << KIND_BITS |
	       (tag & 0xff);
}

/* The tag that was folded; one that is not valid if there is no such. */
static uint64_t tag_unfold(uint64_t folded, uint64_t last)
{
	uint64_t zigzag = folded >> KIND_BITS;
	uint64_t seq = (last >> 8) + (zigzag >> 1 ^ -(zigzag & 1));

	if (seq > ENTRY_SEQ_MAX)
		return UINT64_MAX;
	return seq << 8 | (folded & ((1 << KIND_BITS) - 1));
}

int block_builder_add(struct block_builder *b, const struct entry *e)
{
	const size_t size = HEADER_SIZE + ENTRY_HEADER_MAX + e->key.size +
			    e->value.size;
	const uint8_t *key = e->key.data;
	size_t shared, unshared;
	uint8_t *p;

	assert(e->key.size <= PAGE_KEY_MAX);
	/* All room first, so that an error leaves the block as it was. */
	if (buf_reserve(&b->out, size) < 0 ||
	    buf_reserve(&b->last_key, e->key.size) < 0)
		return -ENOMEM;

	if (b->count == 0)
		b->out.size = HEADER_SIZE;
	shared = slice_common(buf_slice(&b->last_key), e->key);
	unshared = e->key.size - shared;
	p = put_lengths(b->out.data + b->out.size, shared, unshared,
			e->value.size);
	p = put_varint(p, tag_fold(e->tag, b->last_tag));
	if (unshared) {
		memcpy(p, key + shared, unshared);
		memcpy(b->last_key.data + shared, key + shared, unshared);
		p += unshared;
	}
	if (e->value.size) {
		memcpy(p, e->value.data, e->value.size);
		p += e->value.size;
	}
	b->out.size = (size_t)(p - b->out.data);
	b->last_key.size = e->key.size;
	b->last_tag = e->tag;
	b->bytes += (uint32_t)(e->key.size + e->value.size);
	/* A key that sorts behind another has something behind what both share.
	 */
	return b->count++ == 0 || unshared > 0;
}

size_t block_builder_size(const struct block_builder *b)
{
	return b->out.size;
}

size_t block_builder_page_size(const struct block_builder *b)
{
	return page_size(b->count, b->bytes);
}

void block_builder_finish(struct block_builder *b, struct slice *block)
{
	assert(b->count > 0);
	put_le32(b->out.data, b->count);
	put_le32(b->out.data + 4, b->bytes);
	*block = buf_slice(&b->out);
}

/* A block on its way to become a page. */
struct expansion {
	const uint8_t *in;
	const uint8_t *in_end;
	uint8_t *out;
	uint8_t *out_end;
	const struct page_entry *last; /* NULL at the first entry */
};

/*
 * Whether what follows the bytes shared with the last key sorts behind it:
 * these are all that both share, so the next one decides.
 */
static bool in_order(const struct expansion *x, size_t shared,
		     const uint8_t *suffix, size_t unshared, uint64_t tag)
{
	if (!x->last)
		return shared == 0;
	if (shared > x->last->key_size)
		return false;
	if (shared < x->last->key_size)
		return unshared > 0 && suffix[0] > x->last->bytes[shared];
	return unshared > 0 || tag < x->last->tag;
}

/* What stands in front of an entry's bytes. */
struct lengths {
	size_t shared;
	size_t unshared;
	size_t value_size;
	uint64_t tag;
};

/* Returns the byte behind, or NULL if any of it cannot be. */
static const uint8_t *get_header(const struct expansion *x, struct lengths *l)
{
	uint64_t lengths[3], folded;
	const uint8_t *p;

	p = get_lengths(x->in, x->in_end, lengths);
	p = p ? get_varint(p, x->in_end, &folded) : NULL;
	if (!p || lengths[0] > PAGE_KEY_MAX || lengths[1] > PAGE_KEY_MAX ||
	    lengths[0] + lengths[1] > PAGE_KEY_MAX ||
	    lengths[2] > BLOCK_SIZE_MAX)
		return NULL;
	l->shared = lengths[0];
	l->unshared = lengths[1];
	l->value_size = lengths[2];
	l->tag = tag_unfold(folded, x->last ? x->last->tag : 0);
	return entry_tag_valid(l->tag) ? p : NULL;
}

/* Copies 16 bytes; they may overlap. */
static inline void copy16(uint8_t *to, const uint8_t *from)
{
	uint64_t a, b;

	memcpy(&a, from, sizeof(a));
	memcpy(&b, from + sizeof(a), sizeof(b));
	memcpy(to, &a, sizeof(a));
	memcpy(to + sizeof(a), &b, sizeof(b));
}

static bool expand_entry(struct expansion *x)
{
	struct page_entry *e = (struct page_entry *)x->out;
	struct lengths l;
	size_t rest, in_left, out_left = (size_t)(x->out_end - x->out);
	const uint8_t *p;

	p = get_header(x, &l);
	if (!p)
		return false;
	in_left = (size_t)(x->in_end - p);
	/* The suffix and the value lie side by side, here and there. */
	rest = l.unshared + l.value_size;
	if (in_left < rest || out_left < sizeof(*e) + l.shared + rest ||
	    !in_order(x, l.shared, p, l.unshared, l.tag))
		return false;

	e->tag = l.tag;
	e->key_size = (uint16_t)(l.shared + l.unshared);
	e->value_size = (uint32_t)l.value_size;
	if (likely(l.shared <= 16 && rest <= 32 && in_left >= 32 &&
		   out_left >= sizeof(*e) + 16 + 32)) {
		/* Some bytes too many are faster than as many as it takes. */
		if (x->last)
			copy16(e->bytes, x->last->bytes);
		copy16(e->bytes + l.shared, p);
		copy16(e->bytes + l.shared + 16, p + 16);
	} else {
		if (l.shared)
			memcpy(e->bytes, x->last->bytes, l.shared);
		memcpy(e->bytes + l.shared, p, rest);
	}
	x->in = p + rest;
	x->out = e->bytes + l.shared + rest;
	x->last = e;
	return true;
}

static bool expand(struct slice block, struct page *p)
{
	const uint8_t *data = block.data;
	uint32_t *offsets = page_offsets(p), i;
	struct expansion x = {
		.in = data + HEADER_SIZE,
		.in_end = data + block.size,
		.out = (uint8_t *)(offsets + p->count),
		.out_end = (uint8_t *)p + p->size,
	};

	for (i = 0; i < p->count; i++) {
		offsets[i] = (uint32_t)(x.out - (uint8_t *)p);
		if (!expand_entry(&x))
			return false;
	}
	if (x.in != x.in_end || x.out != x.out_end)
		return false;
	page_index(p);
	return true;
}

static int expand_new(struct slice block, struct cache *cache, bool hints,
		      struct page **out)
{
	const uint8_t *data = block.data;
	uint64_t count, bytes, size;
	struct page *p;

	if (block.size < HEADER_SIZE || block.size > BLOCK_SIZE_MAX)
		return -EUCLEAN;
	count = get_le32(data);
	bytes = get_le32(data + 4);
	/* Before memory is taken for them, they must be possible. */
	if (count == 0 || count > (block.size - HEADER_SIZE) / ENTRY_SIZE_MIN ||
	    bytes > block.size + count * PAGE_KEY_MAX)
		return -EUCLEAN;
	size = page_size(count, bytes) + (hints ? page_hints_size(count) : 0);
	if (size > PAGE_SIZE_MAX)
		return -EUCLEAN;

	p = cache_alloc(cache, size);
	if (!p)
		return -ENOMEM;
	*p = (struct page){ .size = (uint32_t)size,
			    .count = (uint32_t)count,
			    .columns = hints ? 2 : 1 };
	if (hints)
		memset(page_hint(p, 0), 0, page_hints_size(count));
	if (!expand(block, p)) {
		cache_discard(cache, p);
		return -EUCLEAN;
	}
	*out = p;
	return 0;
}

int block_expand(struct slice block, struct cache *cache, struct page **out)
{
	return expand_new(block, cache, false, out);
}

int block_expand_index(struct slice block, struct cache *cache,
		       struct page **out)
{
	return expand_new(block, cache, true, out);
}
