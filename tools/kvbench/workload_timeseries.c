/* Keys that only grow, and readers who want the newest. */
#include <stdlib.h>

#include "engine/base/error.h"
#include "tools/kvbench/median.h"
#include "tools/kvbench/probe.h"
#include "tools/kvbench/run.h"

#define ITEMS       ((size_t)1000000)
#define VALUE_BYTES ((size_t)100)
#define LATEST      ((size_t)100)
#define READS       ((size_t)1000) /* evenly spread over the writes */
#define WINDOW      (READS / 10)   /* reads: early the first, late the last */
#define SSTS        ((size_t)256)
#define SST_ITEMS   ((size_t)1000)
#define LAST_READS  ((size_t)1000)
#define NS_PER_US   1e3

static const struct metric timeseries_metrics[] = {
	{ "latest100_early", "us", false },
	{ "latest100_late", "us", false },
};

static const struct metric last_metrics[] = {
	{ "last_1", "ns", false },
	{ "last_256", "ns", false },
};

/* Goes to the last item, which is @id, and @steps further back. */
static int read_back(struct run *run, uint64_t id, size_t steps)
{
	const struct target *target = run->target;
	uint8_t buf[ITEM_KEY_MAX];
	struct slice value;
	size_t i;
	void *it;
	int rc;

	rc = target->iter_open(&it, run->session);
	if (rc < 0)
		return rc;
	rc = target->last(it);
	for (i = 0; rc == 1 && i < steps; i++) {
		rc = target->value(it, &value);
		if (rc == 0)
			rc = target->prev(it);
	}
	if (rc == 1 &&
	    !slice_eq(target->key(it), item_key_ordered(buf, id - steps)))
		rc = 0;
	target->iter_close(it);
	if (rc == 0)
		return error_set(-EBADMSG, "another key than the last was met");
	return rc < 0 ? rc : 0;
}

static int write_and_read(struct run *run, struct items *items,
			  double latency_us[READS])
{
	/* Before the first read there must be enough to read. */
	size_t step = run_scaled(run, ITEMS / READS, 2);
	uint64_t id = 0;
	uint64_t start_ns;
	size_t i;
	int rc = 0;

	while (rc == 0 && id < LATEST)
		rc = items_put(items, run->session, id++);
	for (i = 0; rc == 0 && i < READS; i++) {
		uint64_t until = id + step;

		while (rc == 0 && id < until)
			rc = items_put(items, run->session, id++);
		start_ns = probe_ns();
		if (rc == 0)
			rc = read_back(run, id - 1, LATEST - 1);
		latency_us[i] = (double)(probe_ns() - start_ns) / NS_PER_US;
	}
	return rc;
}

static int early_and_late(struct run *run, struct items *items)
{
	double *latency_us = calloc(READS, sizeof(*latency_us));
	int rc;

	if (!latency_us)
		return -ENOMEM;
	rc = write_and_read(run, items, latency_us);
	if (rc == 0)
		rc = run_emit(run, "latest100_early",
			      median(latency_us, WINDOW));
	if (rc == 0)
		rc = run_emit(run, "latest100_late",
			      median(latency_us + READS - WINDOW, WINDOW));
	free(latency_us);
	return rc;
}

static int run_timeseries(struct run *run)
{
	return run_items(run, item_key_ordered, VALUE_BYTES, early_and_late);
}

/* The median of many single reads: background work takes some of them long. */
static int read_last(struct run *run, uint64_t id, const char *metric)
{
	double *ns = calloc(LAST_READS, sizeof(*ns));
	uint64_t start_ns;
	size_t i;
	int rc = 0;

	if (!ns)
		return -ENOMEM;
	for (i = 0; rc == 0 && i < LAST_READS; i++) {
		start_ns = probe_ns();
		rc = read_back(run, id, 0);
		ns[i] = (double)(probe_ns() - start_ns);
	}
	if (rc == 0)
		rc = run_emit(run, metric, median(ns, LAST_READS));
	free(ns);
	return rc;
}

static int fill_ssts(struct run *run, struct items *items)
{
	size_t each = run_scaled(run, SST_ITEMS, 2);
	uint64_t id = 0;
	size_t i, j;
	int rc = 0;

	for (i = 0; rc == 0 && i < SSTS; i++) {
		for (j = 0; rc == 0 && j < each; j++)
			rc = items_put(items, run->session, id++);
		if (rc == 0)
			rc = run_flush(run);
		if (rc == 0 && i == 0)
			rc = read_last(run, id - 1, "last_1");
	}
	return rc < 0 ? rc : read_last(run, id - 1, "last_256");
}

static int run_last(struct run *run)
{
	return run_items(run, item_key_ordered, VALUE_BYTES, fill_ssts);
}

const struct workload workload_timeseries = {
	.name = "timeseries",
	.what = "1,000,000 items of 16 + 100 bytes in order; 1,000 times in "
		"between, the latest 100 backwards through a new iterator: "
		"medians of the first and of the last 100 times",
	WORKLOAD_METRICS(timeseries_metrics),
	.run = run_timeseries,
};

const struct workload workload_last = {
	.name = "last",
	.what = "the last key through a new iterator after 1 and after 256 "
		"flushes of 1,000 items each, whose keys grow",
	WORKLOAD_METRICS(last_metrics),
	.needs_flush = true,
	.run = run_last,
};
