/*
 * What a blog post on writing an LSM tree measured: a million small items in
 * order, random gets before a full compaction, the compaction, gets after it.
 */
#include <stdlib.h>

#include "tools/kvbench/probe.h"
#include "tools/kvbench/run.h"

#define ITEMS       ((size_t)1000000)
#define GETS        ((size_t)250000)
#define VALUE_BYTES ((size_t)128)
#define COUNT_MIN   ((size_t)100)
#define SEED        1

static const struct metric metrics[] = {
	{ "put", "/s", true },
	{ "get_uncompacted", "/s", true },
	{ "compact", "ms", false },
	{ "get_compacted", "/s", true },
};

static int put(struct run *run, struct items *items)
{
	size_t count = run_scaled(run, ITEMS, COUNT_MIN);
	uint32_t *ids = ids_ordered(count);
	uint64_t start_ns = probe_ns();
	int rc;

	if (!ids)
		return -ENOMEM;
	rc = items_put_all(items, run->session, ids, count);
	free(ids);
	return rc < 0 ? rc : run_emit_rate(run, "put", count, start_ns);
}

static int get(struct run *run, struct items *items, const char *metric)
{
	size_t below = run_scaled(run, ITEMS, COUNT_MIN);
	size_t count = run_scaled(run, GETS, COUNT_MIN);
	uint32_t *ids = ids_random(count, below, SEED);
	uint64_t start_ns = probe_ns();
	int rc;

	if (!ids)
		return -ENOMEM;
	rc = items_get_all(items, run->session, ids, count);
	free(ids);
	return rc < 0 ? rc : run_emit_rate(run, metric, count, start_ns);
}

static int compact(struct run *run)
{
	uint64_t start_ns = probe_ns();
	int rc;

	if (!run->target->compact)
		return 0;
	rc = run_compact(run);
	return rc < 0 ? rc : run_emit_ns(run, "compact", NS_PER_MS, start_ns);
}

static int steps(struct run *run, struct items *items)
{
	int rc = put(run, items);

	if (rc == 0)
		rc = run_reopen(run);
	if (rc == 0)
		rc = get(run, items, "get_uncompacted");
	if (rc == 0)
		rc = compact(run);
	if (rc == 0)
		rc = get(run, items, "get_compacted");
	return rc;
}

static int run_agao(struct run *run)
{
	return run_items(run, item_key_decimal, VALUE_BYTES, steps);
}

const struct workload workload_agao = {
	.name = "agao",
	.what = "1,000,000 puts of key_N in order, 128 bytes each; reopened, "
		"250,000 random gets; full compaction; the same gets",
	WORKLOAD_METRICS(metrics),
	.run = run_agao,
};
