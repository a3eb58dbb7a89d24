#include "engine/page.h"

#include <stdlib.h>

#include "engine/base/coding.h"

/* So many heads lie in a few lines of cache. */
#define HEADS_NEAR 32

/* The 8 bytes of @key behind the first @skip, as a number. */
static uint64_t key_head(struct slice key, size_t skip)
{
	const uint8_t *p = key.data;
	size_t left = key.size - skip, i;
	uint64_t head = 0;

	if (left >= 8)
		return get_be64(p + skip);
	if (left == 0)
		return 0;
	/* The last 8 bytes hold them all, where there are so many. */
	if (key.size >= 8)
		return get_be64(p + key.size - 8) << (8 - left) * 8;
	for (i = 0; i < left; i++)
		head |= (uint64_t)p[skip + i] << (7 - i) * 8;
	return head;
}

/*
 * The place of the first head that is not below @head, found without branches,
 * since none could be predicted, as far as the compiler makes none of its own.
 *
 * Where the page is not in the processor's cache, what takes time is one miss
 * behind the other: so what the next steps may look at is asked for together.
 */
static uint32_t find_head(const struct page *p, uint64_t head)
{
	const uint64_t *at = p->heads;
	uint32_t count = p->count, half;

	for (; count > HEADS_NEAR; count -= half) {
		half = count / 2;
		__builtin_prefetch(at + half / 2);
		__builtin_prefetch(at + half + half / 2);
		at += half & -(uint32_t)(at[half - 1] < head);
	}
	/* The offset that will be asked for is in one of these lines. */
	__builtin_prefetch(page_offsets(p) + (at - p->heads));
	__builtin_prefetch(page_offsets(p) + (at - p->heads) + count);
	for (; count > 1; count -= half) {
		half = count / 2;
		at += half & -(uint32_t)(at[half - 1] < head);
	}
	return (uint32_t)(at - p->heads) + (*at < head);
}

/* From @lo on heads are that of @key, for a while: the keys decide. */
static uint32_t break_tie(const struct page *p, struct slice key, uint32_t lo)
{
	uint32_t hi = p->count;

	if (lo + 1 < hi && p->heads[lo + 1] != p->heads[lo])
		hi = lo + 1;
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (slice_cmp(page_key(p, mid), key) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

uint32_t page_seek_near(const struct page *p, struct slice key)
{
	uint32_t i;

	if (unlikely(key.size < p->prefix_size))
		return 0;
	i = find_head(p, key_head(key, p->prefix_size));
	if (likely(i < p->count))
		__builtin_prefetch(page_at(p, i));
	return i;
}

uint32_t page_seek_from(const struct page *p, struct slice key, uint32_t i)
{
	struct slice prefix = page_key(p, i < p->count ? i : i - 1);

	prefix.size = p->prefix_size;
	if (unlikely(!slice_has_prefix(key, prefix)))
		return slice_cmp(key, prefix) < 0 ? 0 : p->count;
	if (i == p->count || p->heads[i] != key_head(key, p->prefix_size))
		return i;
	return break_tie(p, key, i);
}

bool page_find(const struct page *p, struct slice key, uint64_t seq_max,
	       struct entry *out)
{
	uint64_t head;
	uint32_t i;

	/* Whether the prefix is the same shows in the end. */
	if (key.size < p->prefix_size)
		return false;
	head = key_head(key, p->prefix_size);
	i = find_head(p, head);
	if (i == p->count || p->heads[i] != head)
		return false;
	if (i + 1 < p->count && p->heads[i + 1] == head) {
		i = break_tie(p, key, i);
		if (i == p->count)
			return false;
	}
	for (; i < p->count; i++) {
		page_get(p, i, out);
		if (!slice_eq(out->key, key))
			break;
		if (likely(entry_seq(out) <= seq_max))
			return true;
	}
	return false;
}

void page_index(struct page *p)
{
	uint32_t i;

	/* Sorted, so what the first and the last key share, all share. */
	p->prefix_size = (uint32_t)slice_common(page_key(p, 0),
						page_key(p, p->count - 1));
	for (i = 0; i < p->count; i++)
		p->heads[i] = key_head(page_key(p, i), p->prefix_size);
}

static void check(bool holds)
{
	if (!holds)
		abort();
}

void page_check(const struct page *p)
{
	uint64_t at = page_size(p->count, 0) -
		      p->count * sizeof(struct page_entry) +
		      (page_has_hints(p) ? page_hints_size(p->count) : 0);
	struct entry e, last = { 0 };
	uint32_t i;

	check(p->count > 0);
	for (i = 0; i < p->count; i++) {
		check(page_offsets(p)[i] == at);
		page_get(p, i, &e);
		at += sizeof(struct page_entry) + e.key.size + e.value.size;
		check(at <= p->size && entry_tag_valid(e.tag));
		check(e.key.size >= p->prefix_size);
		check(p->heads[i] == key_head(e.key, p->prefix_size));
		check(i == 0 || (entry_cmp(&last, &e) < 0 &&
				 p->heads[i - 1] <= p->heads[i]));
		last = e;
	}
	check(at == p->size);
}
