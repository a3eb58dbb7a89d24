#include "engine/block.h"

#include "engine/base/coding.h"
#include "engine/base/error.h"

#define TAIL_SIZE        8
#define ENTRY_HEADER_MAX (3 * VARINT_SIZE_MAX + 8)

void block_builder_init(struct block_builder *b)
{
	*b = (struct block_builder){ 0 };
}

void block_builder_fini(struct block_builder *b)
{
	buf_fini(&b->out);
	buf_fini(&b->restarts);
	buf_fini(&b->last_key);
	buf_fini(&b->first_key);
}

void block_builder_reset(struct block_builder *b)
{
	buf_reset(&b->out);
	buf_reset(&b->restarts);
	buf_reset(&b->last_key);
	buf_reset(&b->first_key);
	b->count = 0;
}

int block_builder_add(struct block_builder *b, const struct entry *e)
{
	size_t shared = 0;
	int rc;

	/* All room first, so that an error leaves the block as it was. */
	rc = buf_reserve(&b->out,
			 ENTRY_HEADER_MAX + e->key.size + e->value.size);
	if (rc == 0)
		rc = buf_reserve(&b->restarts, sizeof(uint32_t));
	if (rc == 0)
		rc = buf_reserve(&b->last_key, e->key.size);
	if (rc == 0 && b->count == 0)
		rc = buf_assign(&b->first_key, e->key);
	if (rc < 0)
		return rc;

	if (b->count % BLOCK_RESTART_INTERVAL == 0)
		buf_put_le32(&b->restarts, (uint32_t)b->out.size);
	else
		shared = slice_common(buf_slice(&b->last_key), e->key);

	buf_put_varint(&b->out, shared);
	buf_put_varint(&b->out, e->key.size - shared);
	buf_put_varint(&b->out, e->value.size);
	buf_put_le64(&b->out, e->tag);
	buf_put(&b->out, (const uint8_t *)e->key.data + shared,
		e->key.size - shared);
	buf_put(&b->out, e->value.data, e->value.size);

	b->last_key.size = shared;
	rc = buf_append(&b->last_key, (const uint8_t *)e->key.data + shared,
			e->key.size - shared);
	assert(rc == 0);
	b->count++;
	return rc;
}

size_t block_builder_size(const struct block_builder *b)
{
	return b->out.size + b->restarts.size * 3 + TAIL_SIZE;
}

/* The 8 bytes of @key behind the first @skip, as a number. */
static uint64_t key_head(struct slice key, size_t skip)
{
	uint8_t bytes[8] = { 0 };
	size_t n;

	if (skip >= key.size)
		return 0;
	n = key.size - skip;
	memcpy(bytes, (const uint8_t *)key.data + skip, size_min(n, 8));
	return get_be64(bytes);
}

/* The key of the restart point at @offset: stored whole. */
static struct slice restart_key(const uint8_t *block, const uint8_t *end,
				uint32_t offset)
{
	uint64_t shared, unshared, value_size;
	const uint8_t *p = block + offset;

	p = get_varint(p, end, &shared);
	p = p ? get_varint(p, end, &unshared) : NULL;
	p = p ? get_varint(p, end, &value_size) : NULL;
	if (!p || shared != 0 || end - p < 8 ||
	    unshared > (size_t)(end - p - 8))
		return slice_of(NULL, 0);
	return slice_of(p + 8, unshared);
}

int block_builder_finish(struct block_builder *b, struct slice *block)
{
	uint32_t n = (uint32_t)(b->restarts.size / sizeof(uint32_t)), i;
	size_t entries = b->out.size;
	size_t prefix;
	int rc;

	assert(b->count > 0);
	rc = buf_reserve(&b->out, (size_t)n * 12 + TAIL_SIZE);
	if (rc < 0)
		return rc;

	/* Sorted, so what the first and the last key share, all share. */
	prefix = size_min(
		slice_common(buf_slice(&b->first_key), buf_slice(&b->last_key)),
		UINT16_MAX);
	for (i = 0; i < n; i++) {
		uint32_t at = get_le32(b->restarts.data + i * sizeof(at));

		buf_put_le64(&b->out,
			     key_head(restart_key(b->out.data,
						  b->out.data + entries, at),
				      prefix));
	}
	buf_put(&b->out, b->restarts.data, b->restarts.size);
	buf_put_le32(&b->out, n);
	buf_put_le32(&b->out, (uint32_t)prefix);

	*block = buf_slice(&b->out);
	return 0;
}

static const struct source_ops block_iter_ops;

void block_iter_init(struct block_iter *it)
{
	*it = (struct block_iter){ .source.ops = &block_iter_ops };
}

void block_iter_fini(struct block_iter *it)
{
	buf_fini(&it->key);
}

static int nonsense(void)
{
	return error_set(-EUCLEAN, "SST block: its contents make no sense");
}

int block_iter_set(struct block_iter *it, struct slice block)
{
	const uint8_t *data = block.data;
	uint32_t n, zero;

	if (block.size < TAIL_SIZE || block.size > BLOCK_SIZE_MAX)
		return nonsense();
	n = get_le32(data + block.size - 8);
	zero = get_le16(data + block.size - 2);
	if (n == 0 || zero != 0 || n > (block.size - TAIL_SIZE) / 12)
		return nonsense();

	it->block = block;
	it->restart_count = n;
	it->prefix_size = get_le16(data + block.size - 4);
	it->entries_size = (uint32_t)(block.size - TAIL_SIZE - n * 12);
	it->at = it->next = it->entries_size;
	return 0;
}

static uint64_t head_at(const struct block_iter *it, uint32_t i)
{
	const uint8_t *heads = it->block.data;

	return get_le64(heads + it->entries_size + (size_t)i * 8);
}

static uint32_t restart_at(const struct block_iter *it, uint32_t i)
{
	const uint8_t *restarts = it->block.data;

	restarts += it->entries_size + (size_t)it->restart_count * 8;
	return get_le32(restarts + (size_t)i * 4);
}

/* Decodes three lengths; the fast way if each fits in one byte. */
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

/* Decodes the entry at it->next, behind the one that it->key belongs to. */
static int step(struct block_iter *it)
{
	const uint8_t *base = it->block.data;
	const uint8_t *end = base + it->entries_size;
	struct entry *e = &it->source.entry;
	uint64_t lengths[3];
	const uint8_t *p;
	int rc;

	it->at = it->next;
	if (it->at >= it->entries_size)
		return 0;

	p = get_lengths(base + it->at, end, lengths);
	if (!p || end - p < 8 || lengths[0] > e->key.size ||
	    lengths[1] > (size_t)(end - p - 8) ||
	    lengths[2] > (size_t)(end - p - 8) - lengths[1])
		return nonsense();
	e->tag = get_le64(p);
	if (!entry_tag_valid(e->tag))
		return nonsense();
	p += 8;

	if (lengths[0] == 0) {
		e->key = slice_of(p, lengths[1]);
	} else {
		/* The first key of a run lies in the block, not in it->key. */
		if (e->key.data != it->key.data) {
			rc = buf_assign(&it->key, e->key);
			if (rc < 0)
				return rc;
		}
		it->key.size = lengths[0];
		rc = buf_append(&it->key, p, lengths[1]);
		if (rc < 0)
			return rc;
		e->key = buf_slice(&it->key);
	}
	p += lengths[1];
	e->value = slice_of(p, lengths[2]);
	it->next = (uint32_t)(p + lengths[2] - base);
	return 1;
}

/* Places the iterator so that step() decodes restart point @i. */
static int to_restart(struct block_iter *it, uint32_t i)
{
	uint32_t offset = restart_at(it, i);

	if (offset >= it->entries_size)
		return nonsense();
	it->next = offset;
	it->source.entry.key = slice_of(NULL, 0);
	return 0;
}

/*
 * The last restart point whose key is before @key, or 0.  Heads that differ
 * decide by themselves; equal ones need the key.
 */
static int find_restart(const struct block_iter *it, struct slice key,
			uint32_t *out)
{
	const uint8_t *base = it->block.data;
	uint32_t lo = 0, hi = it->restart_count;
	struct slice first = restart_key(base, base + it->entries_size,
					 restart_at(it, 0));
	uint64_t head;
	int rc;

	if (restart_at(it, 0) != 0 || first.size < it->prefix_size)
		return nonsense();

	/* Outside the common prefix the answer is one end or the other. */
	first.size = it->prefix_size;
	if (!slice_has_prefix(key, first)) {
		rc = slice_cmp(key, first);
		*out = rc < 0 ? 0 : it->restart_count - 1;
		return 0;
	}

	head = key_head(key, it->prefix_size);
	while (hi - lo > 1) {
		uint32_t mid = lo + (hi - lo) / 2;
		uint64_t h = head_at(it, mid);
		bool before = h < head;

		if (h == head) {
			uint32_t at = restart_at(it, mid);

			if (at >= it->entries_size)
				return nonsense();
			before = slice_cmp(restart_key(base,
						       base + it->entries_size,
						       at),
					   key) < 0;
		}
		if (before)
			lo = mid;
		else
			hi = mid;
	}
	*out = lo;
	return 0;
}

static int block_iter_first(struct source *s)
{
	struct block_iter *it = container_of(s, struct block_iter, source);
	int rc = to_restart(it, 0);

	return rc < 0 ? rc : step(it);
}

/* From a restart point on, the last entry that begins before @limit. */
static int last_before(struct block_iter *it, uint32_t restart, uint32_t limit)
{
	int rc = to_restart(it, restart);

	if (rc < 0)
		return rc;
	/* Or the way back would lead forward, and never end. */
	if (it->next >= limit)
		return nonsense();
	do {
		rc = step(it);
	} while (rc == 1 && it->next < limit);
	return rc;
}

static int block_iter_last(struct source *s)
{
	struct block_iter *it = container_of(s, struct block_iter, source);

	return last_before(it, it->restart_count - 1, it->entries_size);
}

static int block_iter_seek(struct source *s, struct slice key)
{
	struct block_iter *it = container_of(s, struct block_iter, source);
	uint32_t restart = 0;
	int rc;

	rc = find_restart(it, key, &restart);
	if (rc == 0)
		rc = to_restart(it, restart);
	if (rc < 0)
		return rc;
	do {
		rc = step(it);
	} while (rc == 1 && slice_cmp(s->entry.key, key) < 0);
	return rc;
}

static int block_iter_prev(struct source *s)
{
	struct block_iter *it = container_of(s, struct block_iter, source);
	uint32_t limit = it->at, lo = 0, hi = it->restart_count;

	if (limit == 0)
		return 0;
	while (hi - lo > 1) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (restart_at(it, mid) < limit)
			lo = mid;
		else
			hi = mid;
	}
	return last_before(it, lo, limit);
}

static int block_iter_seek_before(struct source *s, struct slice key)
{
	int rc = block_iter_seek(s, key);

	if (rc < 0)
		return rc;
	return rc == 0 ? block_iter_last(s) : block_iter_prev(s);
}

static int block_iter_next(struct source *s)
{
	return step(container_of(s, struct block_iter, source));
}

static void block_iter_close(struct source *s UNUSED)
{
}

static const struct source_ops block_iter_ops = {
	.first = block_iter_first,
	.last = block_iter_last,
	.seek = block_iter_seek,
	.seek_before = block_iter_seek_before,
	.next = block_iter_next,
	.prev = block_iter_prev,
	.close = block_iter_close,
};
