#include "engine/cover.h"

#include "engine/mt_range.h"
#include "engine/store.h"

bool cover_any(const struct view *view)
{
	bool any = view->version->range_count > 0 ||
		   mt_has_ranges(view->active.mt);
	size_t i;

	for (i = 0; i < view->frozen_count; i++)
		any |= mt_has_ranges(view->frozen[i].mt);
	return any;
}

static int cover_in_table(struct sst *sst, struct slice key, uint64_t seq,
			  struct range_cover *cover)
{
	const struct range_dels *ranges;
	int rc;

	if (sst->props.range_count == 0)
		return 0;
	rc = sst_ranges(sst, &ranges);
	if (rc == 0)
		range_dels_cover(ranges, key, seq, cover);
	return rc;
}

/* The bounds are those of the table, or of the gap, that the key is in. */
static int cover_in_level(const struct level *l, struct slice key, uint64_t seq,
			  struct range_cover *cover)
{
	struct slice since = { 0 }, until = { 0 };
	size_t at, count;
	int rc = 0;

	if (l->range_count == 0)
		return 0;
	level_overlap(l, key, key, &at, &count);
	if (count > 0) {
		rc = cover_in_table(l->ssts[at], key, seq, cover);
		since = sst_key_min(l->ssts[at]);
		at++;
	} else if (at > 0) {
		since = sst_key_max(l->ssts[at - 1]);
	}
	if (at < l->count)
		until = sst_key_min(l->ssts[at]);
	range_cover_meet(cover, 0, since, until);
	return rc;
}

int cover_at(const struct view *view, struct slice key, uint64_t seq,
	     struct range_cover *cover)
{
	const struct version *v = view->version;
	struct range_cover c = range_cover_none();
	size_t i;
	int rc = 0;

	mt_cover(view->active.mt, key, seq, &c);
	for (i = 0; i < view->frozen_count; i++)
		mt_cover(view->frozen[i].mt, key, seq, &c);
	for (i = 0; rc == 0 && i < v->levels[0]->count; i++)
		rc = cover_in_table(v->levels[0]->ssts[i], key, seq, &c);
	for (i = 1; rc == 0 && i < VERSION_LEVELS; i++)
		rc = cover_in_level(v->levels[i], key, seq, &c);
	if (rc == 0)
		*cover = c;
	return rc;
}
