/*
 * A workload: what is done to a store, and what is measured of it.
 */
#ifndef TOOLS_KVBENCH_WORKLOAD_H
#define TOOLS_KVBENCH_WORKLOAD_H

#include "engine/base/base.h"

struct run;

struct metric {
	const char *name;
	const char *unit;
	bool higher_is_better;
};

struct workload {
	const char *name;
	const char *what; /* a line for people */
	const struct metric *metrics;
	size_t metrics_count;
	size_t memtable_bytes; /* 0: as all */
	size_t cache_bytes;    /* 0: as all */
	bool large_values;
	bool durable;
	bool needs_flush; /* not for stores that cannot flush */

	/* Runs it on run->target, in a process of its own. */
	int (*run)(struct run *run);

	/* What the machine can do at best, as target "raw"; or NULL. */
	int (*run_raw)(struct run *run);
};

#define WORKLOAD_METRICS(array) \
	.metrics = (array), .metrics_count = ARRAY_SIZE(array)

extern const struct workload *const workloads[];
extern const size_t workloads_count;

extern const struct workload workload_agao;
extern const struct workload workload_cached;
extern const struct workload workload_missing;
extern const struct workload workload_flush;
extern const struct workload workload_timeseries;
extern const struct workload workload_last;
extern const struct workload workload_large;
extern const struct workload workload_random;
extern const struct workload workload_sync;
extern const struct workload workload_tombstones;
extern const struct workload workload_memory;

/* NULL if there is none of that name. */
const struct workload *workload_find(const char *name);

/* The place of @name among @workload's metrics; there is one. */
size_t workload_metric(const struct workload *workload, const char *name);

#endif
