#include "engine/range_del.h"

#include <stdlib.h>

void range_dels_init(struct range_dels *l)
{
	*l = (struct range_dels){ 0 };
	arena_init(&l->keys, NULL);
}

void range_dels_fini(struct range_dels *l)
{
	free(l->items);
	arena_fini(&l->keys);
}

static int push(struct range_dels *l, const struct range_del *r)
{
	size_t cap = size_max(8, l->cap * 2);
	struct range_del *items;

	if (l->count == l->cap) {
		items = reallocarray(l->items, cap, sizeof(*items));
		if (!items)
			return -ENOMEM;
		l->items = items;
		l->cap = cap;
	}
	l->items[l->count++] = *r;
	return 0;
}

int range_dels_borrow(struct range_dels *l, const struct range_del *r)
{
	if (slice_cmp(r->from, r->to) >= 0)
		return 0;
	return push(l, r);
}

static int own_key(struct range_dels *l, struct slice *key)
{
	void *copy = arena_alloc(&l->keys, key->size);

	if (!copy)
		return -ENOMEM;
	if (key->size > 0)
		memcpy(copy, key->data, key->size);
	*key = slice_of(copy, key->size);
	return 0;
}

int range_dels_add(struct range_dels *l, const struct range_del *r)
{
	struct range_del own = *r;
	int rc;

	if (slice_cmp(r->from, r->to) >= 0)
		return 0;
	rc = own_key(l, &own.from);
	if (rc == 0)
		rc = own_key(l, &own.to);
	return rc < 0 ? rc : push(l, &own);
}

/* ---------------------------------------------------------- fragmenting -- */

/* Where a tombstone begins or ends. */
struct border {
	struct slice key;
	uint64_t seq;
	bool ends;
};

static int by_key(const void *a, const void *b)
{
	const struct border *x = a, *y = b;

	return slice_cmp(x->key, y->key);
}

/* The tombstones over the place where the sweep stands. */
struct sweep {
	uint64_t *seqs; /* falling; may hold one several times */
	size_t count;
	uint64_t *kept; /* of these, the ones that make a difference */
	size_t kept_count;
	const uint64_t *snapshots; /* rising */
	size_t snapshot_count;
};

static void sweep_border(struct sweep *s, const struct border *b)
{
	size_t at = 0;

	while (at < s->count && s->seqs[at] > b->seq)
		at++;
	if (b->ends) {
		s->count--;
		memmove(s->seqs + at, s->seqs + at + 1,
			(s->count - at) * sizeof(*s->seqs));
	} else {
		memmove(s->seqs + at + 1, s->seqs + at,
			(s->count - at) * sizeof(*s->seqs));
		s->seqs[at] = b->seq;
		s->count++;
	}
}

/* Whether a reader exists who sees @seq but not what is as new as @newer. */
static bool differs(const struct sweep *s, uint64_t seq, uint64_t newer)
{
	size_t i = s->snapshot_count;

	while (i > 0 && s->snapshots[i - 1] >= newer)
		i--;
	return i > 0 && s->snapshots[i - 1] >= seq;
}

static void sweep_keep(struct sweep *s)
{
	size_t i;

	s->kept_count = 0;
	for (i = 0; i < s->count; i++)
		if (s->kept_count == 0 ||
		    differs(s, s->seqs[i], s->kept[s->kept_count - 1]))
			s->kept[s->kept_count++] = s->seqs[i];
}

/* Whether the fragments added last end at @from and have the kept numbers. */
static bool goes_on(const struct range_dels *out, const struct sweep *s,
		    struct slice from)
{
	size_t n = s->kept_count, i;
	const struct range_del *last;

	if (out->count < n)
		return false;
	last = &out->items[out->count - n];
	if (out->count > n && slice_eq(last[-1].from, last[0].from))
		return false;
	for (i = 0; i < n; i++)
		if (last[i].seq != s->kept[i] || !slice_eq(last[i].to, from) ||
		    !slice_eq(last[i].from, last[0].from))
			return false;
	return true;
}

static int emit(struct range_dels *out, struct sweep *s, struct slice from,
		struct slice to)
{
	size_t i;
	int rc = 0;

	sweep_keep(s);
	if (s->kept_count == 0)
		return 0;
	if (goes_on(out, s, from)) {
		for (i = out->count - s->kept_count; i < out->count; i++)
			out->items[i].to = to;
		return 0;
	}
	for (i = 0; rc == 0 && i < s->kept_count; i++) {
		const struct range_del r = { from, to, s->kept[i] };

		rc = push(out, &r);
	}
	return rc;
}

static int sweep_over(struct sweep *s, const struct border *borders, size_t n,
		      struct range_dels *out)
{
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < n; i++) {
		sweep_border(s, &borders[i]);
		if (i + 1 < n && !slice_eq(borders[i].key, borders[i + 1].key))
			rc = emit(out, s, borders[i].key, borders[i + 1].key);
	}
	return rc;
}

int range_dels_fragment(struct range_dels *l, const uint64_t *snapshots,
			size_t snapshot_count)
{
	size_t n = l->count, i;
	struct border *borders = calloc(2 * n + 1, sizeof(*borders));
	struct sweep s = {
		.seqs = calloc(n + 1, sizeof(*s.seqs)),
		.kept = calloc(n + 1, sizeof(*s.kept)),
		.snapshots = snapshots,
		.snapshot_count = snapshot_count,
	};
	struct range_dels out = { 0 };
	int rc = -ENOMEM;

	if (borders && s.seqs && s.kept) {
		for (i = 0; i < n; i++) {
			const struct range_del *r = &l->items[i];

			borders[2 * i] = (struct border){ r->from, r->seq,
							  false };
			borders[2 * i + 1] = (struct border){ r->to, r->seq,
							      true };
		}
		qsort(borders, 2 * n, sizeof(*borders), by_key);
		rc = sweep_over(&s, borders, 2 * n, &out);
	}
	if (rc == 0) {
		free(l->items);
		l->items = out.items;
		l->count = out.count;
		l->cap = out.cap;
	} else {
		free(out.items);
	}
	free(borders);
	free(s.seqs);
	free(s.kept);
	return rc;
}

bool range_dels_is_fragmented(const struct range_dels *l)
{
	size_t i;

	for (i = 0; i < l->count; i++) {
		const struct range_del *r = &l->items[i];
		const struct range_del *before = r - 1;

		if (slice_cmp(r->from, r->to) >= 0)
			return false;
		if (i == 0 || slice_cmp(before->to, r->from) <= 0)
			continue;
		if (!slice_eq(before->from, r->from) ||
		    !slice_eq(before->to, r->to) || before->seq <= r->seq)
			return false;
	}
	return true;
}

/* ------------------------------------------------------------ searching -- */

void range_cover_meet(struct range_cover *cover, uint64_t seq,
		      struct slice since, struct slice until)
{
	if (seq > cover->seq)
		cover->seq = seq;
	if (since.data &&
	    (!cover->since.data || slice_cmp(since, cover->since) > 0))
		cover->since = since;
	if (until.data &&
	    (!cover->until.data || slice_cmp(until, cover->until) < 0))
		cover->until = until;
}

bool range_cover_holds(const struct range_cover *cover, struct slice key)
{
	return (!cover->since.data || slice_cmp(key, cover->since) >= 0) &&
	       (!cover->until.data || slice_cmp(key, cover->until) < 0);
}

void range_dels_cover(const struct range_dels *l, struct slice key,
		      uint64_t seq_max, struct range_cover *cover)
{
	const struct slice open = slice_of(NULL, 0);
	size_t lo = 0, hi = l->count, first;
	uint64_t seq = 0;

	/* The first fragment that ends behind the key. */
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (slice_cmp(l->items[mid].to, key) <= 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	first = lo;
	if (first == l->count || slice_cmp(l->items[first].from, key) > 0) {
		range_cover_meet(
			cover, 0, first > 0 ? l->items[first - 1].to : open,
			first < l->count ? l->items[first].from : open);
		return;
	}
	for (;
	     lo < l->count && slice_eq(l->items[lo].from, l->items[first].from);
	     lo++)
		if (l->items[lo].seq <= seq_max) {
			seq = l->items[lo].seq;
			break;
		}
	range_cover_meet(cover, seq, l->items[first].from, l->items[first].to);
}
