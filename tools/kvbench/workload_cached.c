/* Point reads that touch no disk: of keys that are there, of keys that not. */
#include <stdlib.h>

#include "engine/base/error.h"
#include "tools/kvbench/probe.h"
#include "tools/kvbench/run.h"

#define ITEMS       ((size_t)100000)
#define GETS        ((size_t)1000000)
#define VALUE_BYTES ((size_t)100)
#define COUNT_MIN   ((size_t)100)
#define SEED        2

static const struct metric cached_metrics[] = {
	{ "get", "ns", false },
};

static const struct metric missing_metrics[] = {
	{ "get", "ns", false },
};

/* Fills the store, and flushes, so that gets go to tables. */
static int prepare(struct run *run, struct items *items)
{
	size_t count = run_scaled(run, ITEMS, COUNT_MIN);
	uint32_t *ids = ids_shuffled(count, SEED);
	int rc;

	if (!ids)
		return -ENOMEM;
	rc = run_fill(run, items, ids, count);
	if (rc == 0)
		rc = run_flush(run);
	/* Each block is read once, so that it is in the cache. */
	if (rc == 0)
		rc = items_get_all(items, run->session, ids, count);
	free(ids);
	return rc;
}

static int get_absent(struct run *run, const uint32_t *ids, size_t count)
{
	uint8_t buf[ITEM_KEY_MAX];
	struct target_seen seen;
	size_t i;
	int rc = -ENOENT;

	for (i = 0; rc == -ENOENT && i < count; i++)
		rc = run->target->get(run->session,
				      item_key_absent(buf, ids[i]), &seen);
	if (rc == 0)
		return error_set(-EBADMSG, "a key was found that is not there");
	return rc == -ENOENT ? 0 : rc;
}

static int gets(struct run *run, struct items *items, bool present)
{
	size_t below = run_scaled(run, ITEMS, COUNT_MIN);
	size_t count = run_scaled(run, GETS, COUNT_MIN);
	uint32_t *ids = ids_zipf(count, below, SEED);
	uint64_t start_ns;
	int rc;

	if (!ids)
		return -ENOMEM;
	rc = prepare(run, items);
	if (rc == 0) {
		start_ns = probe_ns();
		rc = present ? items_get_all(items, run->session, ids, count)
			     : get_absent(run, ids, count);
	}
	if (rc == 0)
		rc = run_emit_ns(run, "get", count, start_ns);
	free(ids);
	return rc;
}

static int get_cached(struct run *run, struct items *items)
{
	return gets(run, items, true);
}

static int get_missing(struct run *run, struct items *items)
{
	return gets(run, items, false);
}

static int run_cached(struct run *run)
{
	return run_items(run, item_key_ordered, VALUE_BYTES, get_cached);
}

static int run_missing(struct run *run)
{
	return run_items(run, item_key_ordered, VALUE_BYTES, get_missing);
}

const struct workload workload_cached = {
	.name = "cached",
	.what = "100,000 items of 16 + 100 bytes, flushed and read once; "
		"1,000,000 gets by Zipf's law, exponent 0.99",
	WORKLOAD_METRICS(cached_metrics),
	.run = run_cached,
};

const struct workload workload_missing = {
	.name = "missing",
	.what = "as cached, gets of keys that are not there",
	WORKLOAD_METRICS(missing_metrics),
	.run = run_missing,
};
