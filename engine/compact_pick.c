#include "engine/compact_pick.h"

#define LAST (VERSION_LEVELS - 1)

static unsigned deepest(const struct version *v)
{
	unsigned level = LAST;

	while (level > 0 && v->levels[level]->count == 0)
		level--;
	return level;
}

void compact_shares(const struct version *v, uint64_t level_base_bytes,
		    struct compact_shares *out)
{
	unsigned level = LAST;

	*out = (struct compact_shares){ .base = LAST };
	out->bytes[LAST] = UINT64_MAX;
	if (deepest(v) > 0) {
		uint64_t share = v->levels[deepest(v)]->bytes;

		while (level > 1 && share > level_base_bytes) {
			share /= COMPACT_RATIO;
			level--;
			out->bytes[level] = u64_max(share, 1);
		}
		out->base = level;
	}
	/* What is above the base from other days is still newer than it. */
	for (level = 1; level < out->base; level++)
		if (v->levels[level]->count > 0)
			out->base = level;
}

/* How overfull a level is: 100 and more means that it is due. */
static uint64_t score(const struct version *v, unsigned level,
		      const struct compact_shares *shares)
{
	const struct level *l = v->levels[level];

	if (level == 0)
		return l->count * 100 / COMPACT_L0_TABLES;
	if (l->count == 0)
		return 0;
	return shares->bytes[level] == 0
		       ? UINT32_MAX
		       : l->bytes / (shares->bytes[level] / 100 + 1);
}

static bool most_overfull(const struct version *v,
			  const struct compact_shares *shares, unsigned *out)
{
	uint64_t best = 99;
	unsigned level;

	for (level = 0; level < LAST; level++) {
		uint64_t s = score(v, level, shares);

		if (s > best) {
			best = s;
			*out = level;
		}
	}
	return best > 99;
}

static bool is_dense(const struct sst *sst)
{
	const struct sst_props *p = &sst->props;

	return p->range_count > 0 || (p->tombstones >= COMPACT_TOMBSTONES &&
				      p->tombstones * 2 >= p->entries);
}

/* A table above the last level that is dense; the first from the top down. */
static bool find_dense(const struct version *v, unsigned *level, size_t *index)
{
	for (*level = 0; *level < LAST; ++*level) {
		const struct level *l = v->levels[*level];

		for (*index = 0; *index < l->count; ++*index)
			if (is_dense(l->ssts[*index]))
				return true;
	}
	return false;
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

/* Merges @count tables of @level from @first on into @target. */
static void fill_job(const struct version *v, unsigned level, unsigned target,
		     size_t first, size_t count, struct compact_job *job)
{
	struct slice min, max;

	*job = (struct compact_job){
		.level = level,
		.target = target,
		.first = first,
		.count = count,
	};
	compact_range(v->levels[level], first, count, &min, &max);
	level_overlap(v->levels[target], min, max, &job->below_first,
		      &job->below_count);
}

static void fill_l0_job(const struct version *v,
			const struct compact_shares *shares,
			struct compact_job *job)
{
	fill_job(v, 0, shares->base, 0, v->levels[0]->count, job);
}

bool compact_pick(const struct version *v, uint64_t level_base_bytes,
		  const unsigned turns[VERSION_LEVELS], struct compact_job *job)
{
	struct compact_shares shares;
	unsigned level;
	size_t index;

	compact_shares(v, level_base_bytes, &shares);
	if (most_overfull(v, &shares, &level))
		index = turns[level] % v->levels[level]->count;
	else if (!find_dense(v, &level, &index))
		return false;

	if (level == 0)
		fill_l0_job(v, &shares, job);
	else
		fill_job(v, level, level + 1, index, 1, job);
	return true;
}

bool compact_pick_l0(const struct version *v, uint64_t level_base_bytes,
		     struct compact_job *job)
{
	struct compact_shares shares;

	if (v->levels[0]->count == 0)
		return false;
	compact_shares(v, level_base_bytes, &shares);
	fill_l0_job(v, &shares, job);
	return true;
}

static uint64_t bytes_of(const struct level *l, size_t first, size_t count)
{
	uint64_t bytes = 0;
	size_t i;

	for (i = first; i < first + count; i++)
		bytes += l->ssts[i]->size;
	return bytes;
}

uint64_t compact_bytes(const struct version *v, const struct compact_job *job)
{
	return bytes_of(v->levels[job->level], job->first, job->count) +
	       bytes_of(v->levels[job->target], job->below_first,
			job->below_count);
}

uint64_t compact_behind(const struct version *v, uint64_t level_base_bytes)
{
	struct compact_shares shares;
	uint64_t behind = 0;
	unsigned level;

	compact_shares(v, level_base_bytes, &shares);
	for (level = 1; level < LAST; level++)
		if (v->levels[level]->bytes > shares.bytes[level])
			behind += v->levels[level]->bytes - shares.bytes[level];
	return behind;
}
