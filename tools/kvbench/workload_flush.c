/* How fast a memtable becomes a table: keys alone, so that bytes are few. */
#include <stdlib.h>

#include "tools/kvbench/probe.h"
#include "tools/kvbench/run.h"

#define ITEMS     ((size_t)1000000)
#define COUNT_MIN ((size_t)100)
#define SEED      3

static const struct metric metrics[] = {
	{ "flush", "ms", false },
};

static int fill_and_flush(struct run *run, struct items *items)
{
	size_t count = run_scaled(run, ITEMS, COUNT_MIN);
	uint32_t *ids = ids_shuffled(count, SEED);
	uint64_t start_ns;
	int rc;

	if (!ids)
		return -ENOMEM;
	rc = run_fill(run, items, ids, count);
	free(ids);
	if (rc < 0)
		return rc;
	start_ns = probe_ns();
	rc = run_flush(run);
	return rc < 0 ? rc : run_emit_ns(run, "flush", NS_PER_MS, start_ns);
}

static int run_flush_workload(struct run *run)
{
	return run_items(run, item_key_ordered, 0, fill_and_flush);
}

const struct workload workload_flush = {
	.name = "flush",
	.what = "1,000,000 items of 16 + 0 bytes in random order in a "
		"memtable of 256 MiB; the time of its flush alone",
	WORKLOAD_METRICS(metrics),
	.memtable_bytes = 256 * MIB,
	.needs_flush = true,
	.run = run_flush_workload,
};
