#include "engine/block.h"

#include <stdlib.h>

#include "engine/base/coding.h"
#include "engine/page.h"

#define HEADER_SIZE      8
#define TAG_SIZE         8
#define ENTRY_SIZE_MIN   (3 + TAG_SIZE)
#define ENTRY_HEADER_MAX (3 * VARINT_SIZE_MAX + TAG_SIZE)

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

static const uint8_t *get_lengths(const uint8_t *p, const uint8_t *end,
				  uint64_t out[3])
{
	int i;

	if (likely(end - p >= 3 && (p[0] | p[1] | p[2]) < 0x80)) {
		out[0] = p[0];
		out[1] = p[1];
		out[2] = p[2];
		return p + 3;
	}
	for (i = 0; i < 3 && p; i++)
		p = get_varint(p, end, &out[i]);
	return p;
}

int block_builder_add(struct block_builder *b, const struct entry *e)
{
	const size_t last_size = b->last_key.size;
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
	put_le64(p, e->tag);
	p += TAG_SIZE;
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
	return b->count++ == 0 || unshared > 0 || shared < last_size;
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

static bool expand_entry(struct expansion *x)
{
	struct page_entry *e = (struct page_entry *)x->out;
	uint64_t lengths[3], tag;
	size_t shared, unshared, value_size;
	const uint8_t *p;

	p = get_lengths(x->in, x->in_end, lengths);
	if (!p || lengths[0] > PAGE_KEY_MAX || lengths[1] > PAGE_KEY_MAX ||
	    lengths[2] > BLOCK_SIZE_MAX)
		return false;
	shared = lengths[0];
	unshared = lengths[1];
	value_size = lengths[2];
	if ((size_t)(x->in_end - p) < TAG_SIZE + unshared + value_size ||
	    (size_t)(x->out_end - x->out) <
		    sizeof(*e) + shared + unshared + value_size ||
	    shared + unshared > PAGE_KEY_MAX)
		return false;
	tag = get_le64(p);
	p += TAG_SIZE;
	if (!entry_tag_valid(tag) || !in_order(x, shared, p, unshared, tag))
		return false;

	e->tag = tag;
	e->key_size = (uint16_t)(shared + unshared);
	e->value_size = (uint32_t)value_size;
	if (shared)
		memcpy(e->bytes, x->last->bytes, shared);
	/* The suffix and the value lie side by side, here and there. */
	memcpy(e->bytes + shared, p, unshared + value_size);
	x->in = p + unshared + value_size;
	x->out = e->bytes + shared + unshared + value_size;
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

int block_expand(struct slice block, struct page **out)
{
	const uint8_t *data = block.data;
	uint64_t count, bytes;
	struct page *p;

	if (block.size < HEADER_SIZE || block.size > BLOCK_SIZE_MAX)
		return -EUCLEAN;
	count = get_le32(data);
	bytes = get_le32(data + 4);
	/* Before memory is taken for them, they must be possible. */
	if (count == 0 || count > (block.size - HEADER_SIZE) / ENTRY_SIZE_MIN ||
	    bytes > block.size + count * PAGE_KEY_MAX ||
	    page_size(count, bytes) > PAGE_SIZE_MAX)
		return -EUCLEAN;

	p = malloc(page_size(count, bytes));
	if (!p)
		return -ENOMEM;
	*p = (struct page){ .size = (uint32_t)page_size(count, bytes),
			    .count = (uint32_t)count };
	if (!expand(block, p)) {
		free(p);
		return -EUCLEAN;
	}
	*out = p;
	return 0;
}
