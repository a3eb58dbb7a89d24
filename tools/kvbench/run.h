/*
 * A run: one workload on one target, once, in a process of its own.
 *
 * The process makes what memory and input/output are counted for belong to this
 * run alone, and a store that crashes takes nobody with it.  It sends what it
 * measures through a pipe.
 */
#ifndef TOOLS_KVBENCH_RUN_H
#define TOOLS_KVBENCH_RUN_H

#include "engine/base/base.h"
#include "tools/kvbench/items.h"
#include "tools/kvbench/target.h"
#include "tools/kvbench/workload.h"

#define RUN_MEMTABLE_BYTES (64 * MIB)
#define RUN_CACHE_BYTES    (256 * MIB)
#define RUN_METRICS_MAX    8 /* that a workload has */

struct run {
	/* Set before it begins. */
	const struct workload *workload;
	const struct target *target; /* NULL: the workload's raw run */
	struct target_config config;
	double scale;

	/* The store, while it is open, and the main thread's session. */
	void *store;
	void *session;

	int pipe; /* where samples go */
};

/* What a run measured; 0 where it measured nothing. */
struct run_result {
	double values[RUN_METRICS_MAX]; /* by the workload's metrics */
};

/*
 * Runs @workload on @target, or its raw run if that is NULL, with the store in
 * @dir, which must not exist and does not afterwards.  What went wrong has been
 * said on stderr when it returns an error.
 */
int run_execute(const struct workload *workload, const struct target *target,
		const char *dir, double scale,
		struct run_result *result) MUST_USE;

/* ------------------------------------------------------ for workloads -- */

/* @count at this run's scale, at least @min. */
size_t run_scaled(const struct run *run, size_t count, size_t min);

int run_open(struct run *run) MUST_USE;
int run_close(struct run *run) MUST_USE;

/* As run_close() and run_open(). */
int run_reopen(struct run *run) MUST_USE;

/*
 * What most workloads are: opens the store, does @work with items of that kind,
 * and closes the store.
 */
int run_items(struct run *run, item_key key, size_t value_size,
	      int (*work)(struct run *run, struct items *items)) MUST_USE;

/* Do nothing where the target knows no such thing. */
int run_flush(struct run *run) MUST_USE;
int run_compact(struct run *run) MUST_USE;

/* Measured: @value, greater than 0, of the metric @name. */
int run_emit(struct run *run, const char *name, double value) MUST_USE;

/* As that, from @count things done since @start_ns: in a second; ns each. */
int run_emit_rate(struct run *run, const char *name, size_t count,
		  uint64_t start_ns) MUST_USE;
int run_emit_ns(struct run *run, const char *name, size_t count,
		uint64_t start_ns) MUST_USE;

/* Writes each of @ids in batches, to prepare what is measured later. */
int run_fill(struct run *run, struct items *items, const uint32_t *ids,
	     size_t count) MUST_USE;

/*
 * Writes @ids from @threads threads, each its share and a write at a time, and
 * emits how many a second.
 */
int run_put_threads(struct run *run, const struct items *like,
		    const uint32_t *ids, size_t count, size_t threads,
		    const char *metric) MUST_USE;

#endif
