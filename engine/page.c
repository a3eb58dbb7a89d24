#include "engine/page.h"

#include <stdlib.h>

#include "engine/base/coding.h"

/* So many heads are searched without further misses, or nearly so. */
#define PREFETCH_MIN 32

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
 * The place of the first of @count rising numbers that is not below @head.
 * The compiler is given no branch to make, since none could be predicted.
 *
 * Where the page is not in the processor's cache, what takes time is one miss
 * behind the other: so the numbers that the next steps may look at are asked
 * for together.
 */
static uint32_t lower_bound(const uint64_t *heads, uint32_t count,
			    uint64_t head)
{
	const uint64_t *at = heads;

	while (count > 1) {
		uint32_t half = count / 2;

		if (count > PREFETCH_MIN) {
			__builtin_prefetch(at + half / 2);
			__builtin_prefetch(at + half + half / 2);
		}
		at += half & -(uint32_t)(at[half - 1] < head);
		count -= half;
	}
	return (uint32_t)(at - heads) + (count == 1 && *at < head);
}

/* The heads from @lo on are that of @key, for a while: the keys decide. */
static uint32_t break_tie(const struct page *p, struct slice key, uint64_t head,
			  uint32_t lo)
{
	uint32_t hi = lo + 1;

	if (hi < p->count && p->heads[hi] == head)
		hi = head == UINT64_MAX
			     ? p->count
			     : lo + lower_bound(p->heads + lo, p->count - lo,
						head + 1);
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (slice_cmp(page_key(p, mid), key) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

uint32_t page_seek(const struct page *p, struct slice key)
{
	struct slice prefix = page_key(p, 0);
	uint64_t head;
	uint32_t i;

	prefix.size = p->prefix_size;
	if (!slice_has_prefix(key, prefix))
		return slice_cmp(key, prefix) < 0 ? 0 : p->count;

	head = key_head(key, p->prefix_size);
	i = lower_bound(p->heads, p->count, head);
	if (i == p->count || p->heads[i] != head)
		return i;
	return break_tie(p, key, head, i);
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
		      p->count * sizeof(struct page_entry);
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
