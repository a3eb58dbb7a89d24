#include "engine/compact_pick.h"

/* How overfull a level is: 100 and more means that it is due. */
static uint64_t score(const struct version *v, unsigned level, uint64_t share)
{
	const struct level *l = v->levels[level];

	if (level == 0)
		return l->count * 100 / COMPACT_L0_TABLES;
	return l->bytes / (share / 100 + 1);
}

static bool most_overfull(const struct version *v, uint64_t level_base_bytes,
			  unsigned *out)
{
	uint64_t best = 99, share = level_base_bytes;
	unsigned level;

	for (level = 0; level + 1 < VERSION_LEVELS; level++) {
		uint64_t s = score(v, level, share);

		if (s > best) {
			best = s;
			*out = level;
		}
		if (level > 0)
			share *= COMPACT_RATIO;
	}
	return best > 99;
}

void compact_range(const struct level *l, size_t first, size_t count,
		   struct slice *min, struct slice *max)
{
	size_t i;

	*min = sst_key_min(l->ssts[first]);
	*max = sst_key_max(l->ssts[first]);
	for (i = first + 1; i < first + count; i++) {
		struct slice lo = sst_key_min(l->ssts[i]);
		struct slice hi = sst_key_max(l->ssts[i]);

		if (slice_cmp(lo, *min) < 0)
			*min = lo;
		if (slice_cmp(hi, *max) > 0)
			*max = hi;
	}
}

bool compact_pick(const struct version *v, uint64_t level_base_bytes,
		  const unsigned turns[VERSION_LEVELS], struct compact_job *job)
{
	const struct level *l;
	struct slice min, max;
	unsigned level;

	if (!most_overfull(v, level_base_bytes, &level))
		return false;

	l = v->levels[level];
	job->level = level;
	job->first = level == 0 ? 0 : turns[level] % l->count;
	job->count = level == 0 ? l->count : 1;
	compact_range(l, job->first, job->count, &min, &max);
	level_overlap(v->levels[level + 1], min, max, &job->below_first,
		      &job->below_count);
	return true;
}
