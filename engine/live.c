#include "engine/live.h"

#include <inttypes.h>

#include "engine/base/error.h"
#include "engine/version.h"

static int add_table(const struct sst *sst, uint64_t id, struct ordinals *set,
		     bool *known)
{
	const struct blob_refs_item *item;
	int rc;

	item = blob_refs_find(&sst->props.blob_refs, id);
	if (!item)
		return 0;
	if (item->ordinals.size == 0) {
		*known = false;
		return 0;
	}
	rc = ordinals_decode(set, buf_slice(&item->ordinals));
	if (rc == -EUCLEAN)
		error_set(rc, "table %" PRIu64 ": malformed ordinals",
			  sst->number);
	return rc;
}

int live_ordinals(const struct version *v, uint64_t id, struct ordinals *set,
		  bool *known)
{
	unsigned level;
	size_t i;
	int rc = 0;

	*known = true;
	for (level = 0; level < VERSION_LEVELS; level++)
		for (i = 0; rc == 0 && i < v->levels[level]->count; i++)
			rc = add_table(v->levels[level]->ssts[i], id, set,
				       known);
	return rc;
}

/* The values that are referred to, each counted once. */
static int count_distinct(const struct version *v, const struct version_blob *b,
			  uint64_t *out)
{
	struct version_blob *keeps = (struct version_blob *)b;
	uint64_t n = b->distinct;
	struct ordinals set = { 0 };
	bool known;
	int rc;

	if (n != VERSION_NOT_COUNTED) {
		*out = n;
		return 0;
	}
	rc = live_ordinals(v, b->blob->id, &set, &known);
	if (rc == 0) {
		n = known ? ordinals_count(&set) : b->live_count;
		keeps->distinct = n;
		*out = n;
	}
	ordinals_fini(&set);
	return rc;
}

/* @bytes of @of values, for @count of them. */
static uint64_t share(uint64_t bytes, uint64_t count, uint64_t of)
{
	return of ? (uint64_t)((unsigned __int128)bytes * count / of) : 0;
}

int live_count(const struct version *v, const struct version_blob *b,
	       struct live *out)
{
	uint64_t n = 0;
	int rc;

	rc = count_distinct(v, b, &n);
	if (rc < 0)
		return rc;
	out->count = n;
	out->raw_bytes = share(b->live_raw_bytes, n, b->live_count);
	if (n < b->live_count && n == b->blob->live_count)
		out->stored_bytes = b->blob->live_bytes;
	else
		out->stored_bytes = share(b->live_stored_bytes, n,
					  b->live_count);
	return 0;
}
