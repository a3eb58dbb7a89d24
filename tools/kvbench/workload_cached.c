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

static int get_present(struct run *run, struct items *items,
		       const uint32_t *ids, size_t count)
{
	return items_get_all(items, run->session, ids, count);
}

static int get_absent(struct run *run, struct items *items, const uint32_t *ids,
		      size_t count)
{
	uint8_t buf[ITEM_KEY_MAX];
	struct target_seen seen;
	size_t i;
	int rc = -ENOENT;

	(void)items;
	for (i = 0; rc == -ENOENT && i < count; i++)
		rc = run->target->get(run->session,
				      item_key_absent(buf, ids[i]), &seen);
	if (rc == 0)
		return error_set(-EBADMSG, "a key was found that is not there");
	return rc == -ENOENT ? 0 : rc;
}

static int run_gets(struct run *run,
		    int (*get)(struct run *run, struct items *items,
			       const uint32_t *ids, size_t count))
{
	size_t below = run_scaled(run, ITEMS, COUNT_MIN);
	size_t count = run_scaled(run, GETS, COUNT_MIN);
	uint32_t *ids = ids_zipf(count, below, SEED);
	struct items items;
	uint64_t start_ns;
	int rc;

	if (!ids)
		return -ENOMEM;
	rc = items_init(&items, run->target, item_key_ordered, VALUE_BYTES);
	if (rc < 0)
		goto free_ids;
	rc = run_open(run);
	if (rc < 0)
		goto free_items;
	rc = prepare(run, &items);
	if (rc == 0) {
		start_ns = probe_ns();
		rc = get(run, &items, ids, count);
	}
	if (rc == 0)
		rc = run_emit_ns(run, "get", count, start_ns);
	if (rc == 0)
		rc = run_close(run);

free_items:
	items_fini(&items);
free_ids:
	free(ids);
	return rc;
}

static int run_cached(struct run *run)
{
	return run_gets(run, get_present);
}

static int run_missing(struct run *run)
{
	return run_gets(run, get_absent);
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
