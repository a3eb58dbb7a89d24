#include "engine/keep.h"

void keep_fini(struct keep *k)
{
	buf_fini(&k->copy);
}

/* Whether a snapshot sees @seq but not yet @newer. */
static bool snapshot_between(const struct keep *k, uint64_t seq, uint64_t newer)
{
	size_t lo = 0, hi = k->snapshot_count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (k->snapshots[mid] < seq)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < k->snapshot_count && k->snapshots[lo] < newer;
}

/* The oldest tombstone over @key that is newer than @seq, or UINT64_MAX. */
static uint64_t hidden_at(struct keep *k, struct slice key, uint64_t seq)
{
	const struct range_dels *l = k->ranges;
	uint64_t at = UINT64_MAX;
	size_t i;

	while (k->range_at < l->count &&
	       slice_cmp(l->items[k->range_at].to, key) <= 0)
		k->range_at++;
	for (i = k->range_at; i < l->count; i++) {
		if (slice_cmp(l->items[i].from, key) > 0)
			break;
		if (l->items[i].seq > seq)
			at = l->items[i].seq;
	}
	return at;
}

static int remember(struct keep *k, struct slice key)
{
	int rc = k->lasting ? 0 : buf_assign(&k->copy, key);

	if (rc == 0)
		k->last_key = k->lasting ? key : buf_slice(&k->copy);
	return rc;
}

int keep_entry(struct keep *k, const struct entry *e)
{
	uint64_t seq = entry_seq(e), hidden = UINT64_MAX;
	int rc;

	if (k->last_key.size > 0 && slice_eq(k->last_key, e->key)) {
		hidden = k->last_seq;
	} else {
		rc = remember(k, e->key);
		if (rc < 0)
			return rc;
	}
	k->last_seq = seq;
	if (k->ranges && k->range_at < k->ranges->count) {
		uint64_t at = hidden_at(k, e->key, seq);

		if (at < hidden)
			hidden = at;
	}
	return hidden == UINT64_MAX || snapshot_between(k, seq, hidden);
}
