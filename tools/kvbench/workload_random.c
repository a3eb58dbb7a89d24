/* Small items in random order: speed, and what memory it takes. */
#include <stdlib.h>

#include "engine/base/error.h"
#include "tools/kvbench/probe.h"
#include "tools/kvbench/random.h"
#include "tools/kvbench/run.h"

#define ITEMS        ((size_t)2000000)
#define READS        ((size_t)500000)
#define SEEKS        ((size_t)100000)
#define OVERWRITES   ((size_t)500000)
#define VALUE_BYTES  ((size_t)100)
#define COUNT_MIN    ((size_t)100)
#define STEPS        10 /* after a seek */
#define WRITERS      4
#define SEED         5
#define BUDGET_BYTES (128 * MIB)

static const struct metric random_metrics[] = {
	{ "fill", "/s", true },         { "read", "/s", true },
	{ "seek10", "/s", true },       { "overwrite", "/s", true },
	{ "overwrite_t4", "/s", true },
};

static const struct metric memory_metrics[] = {
	{ "rss", "MiB", false },
	{ "rss_of_budget", "x", false },
};

/* What is written, in which order, and what is read: made beforehand. */
struct plan {
	struct items items;
	size_t count;
	size_t reads;
	size_t overwrites;
	uint32_t *fill;
	uint32_t *read;
	uint32_t *overwrite;
};

static void plan_fini(struct plan *plan)
{
	items_fini(&plan->items);
	free(plan->fill);
	free(plan->read);
	free(plan->overwrite);
}

static int plan_init(struct plan *plan, struct run *run)
{
	size_t count = run_scaled(run, ITEMS, COUNT_MIN);
	int rc;

	plan->count = count;
	plan->reads = run_scaled(run, READS, COUNT_MIN);
	plan->overwrites = run_scaled(run, OVERWRITES, COUNT_MIN);
	plan->fill = ids_shuffled(count, SEED);
	plan->read = ids_random(plan->reads, count, SEED + 1);
	plan->overwrite = ids_random(plan->overwrites, count, SEED + 2);
	plan->items = (struct items){ 0 };
	rc = items_init(&plan->items, run->target, item_key_ordered,
			VALUE_BYTES);
	if (rc == 0 && (!plan->fill || !plan->read || !plan->overwrite))
		rc = -ENOMEM;
	if (rc < 0)
		plan_fini(plan);
	return rc;
}

/* Seeks item @id of @count and reads it and up to ten behind it. */
static int seek_and_step(struct run *run, uint64_t id, size_t count)
{
	const struct target *target = run->target;
	size_t steps = size_min(STEPS, count - 1 - id);
	uint8_t buf[ITEM_KEY_MAX];
	struct slice value;
	size_t i;
	void *it;
	int rc;

	rc = target->iter_open(&it, run->session);
	if (rc < 0)
		return rc;
	rc = target->seek(it, item_key_ordered(buf, id));
	for (i = 0; rc == 1 && i < steps; i++) {
		rc = target->value(it, &value);
		if (rc == 0)
			rc = target->next(it);
	}
	if (rc == 1 &&
	    !slice_eq(target->key(it), item_key_ordered(buf, id + steps)))
		rc = 0;
	target->iter_close(it);
	if (rc == 0)
		return error_set(-EBADMSG, "items are missing after a seek");
	return rc < 0 ? rc : 0;
}

static int seek_all(struct run *run, size_t count)
{
	size_t seeks = run_scaled(run, SEEKS, COUNT_MIN);
	struct random r = { .state = SEED };
	uint64_t start_ns = probe_ns();
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < seeks; i++)
		rc = seek_and_step(run, random_below(&r, count), count);
	return rc < 0 ? rc : run_emit_rate(run, "seek10", seeks, start_ns);
}

static int fill(struct run *run, struct plan *plan)
{
	return items_put_all(&plan->items, run->session, plan->fill,
			     plan->count);
}

static int read_all(struct run *run, struct plan *plan)
{
	return items_get_all(&plan->items, run->session, plan->read,
			     plan->reads);
}

static int overwrite(struct run *run, struct plan *plan)
{
	return items_put_all(&plan->items, run->session, plan->overwrite,
			     plan->overwrites);
}

static int random_steps(struct run *run, struct plan *plan)
{
	uint64_t start_ns = probe_ns();
	int rc = fill(run, plan);

	if (rc == 0)
		rc = run_emit_rate(run, "fill", plan->count, start_ns);
	start_ns = probe_ns();
	if (rc == 0)
		rc = read_all(run, plan);
	if (rc == 0)
		rc = run_emit_rate(run, "read", plan->reads, start_ns);
	if (rc == 0)
		rc = seek_all(run, plan->count);
	start_ns = probe_ns();
	if (rc == 0)
		rc = overwrite(run, plan);
	if (rc == 0)
		rc = run_emit_rate(run, "overwrite", plan->overwrites,
				   start_ns);
	if (rc == 0)
		rc = run_put_threads(run, &plan->items, plan->overwrite,
				     plan->overwrites, WRITERS, "overwrite_t4");
	return rc;
}

static int memory_steps(struct run *run, struct plan *plan, uint64_t before)
{
	uint64_t most;
	double grown;
	int rc = fill(run, plan);

	if (rc == 0)
		rc = read_all(run, plan);
	if (rc == 0)
		rc = overwrite(run, plan);
	if (rc == 0)
		rc = probe_rss_max(&most);
	if (rc < 0)
		return rc;
	grown = (double)most - (double)before;
	rc = run_emit(run, "rss", grown / (double)MIB);
	if (rc == 0)
		rc = run_emit(run, "rss_of_budget",
			      grown / (double)BUDGET_BYTES);
	return rc;
}

static int run_random(struct run *run)
{
	struct plan plan;
	int rc = plan_init(&plan, run);

	if (rc < 0)
		return rc;
	rc = run_open(run);
	if (rc == 0)
		rc = random_steps(run, &plan);
	if (rc == 0)
		rc = run_close(run);
	plan_fini(&plan);
	return rc;
}

static int run_memory(struct run *run)
{
	struct plan plan;
	uint64_t before;
	int rc = plan_init(&plan, run);

	if (rc < 0)
		return rc;
	rc = probe_rss(&before);
	if (rc == 0)
		rc = run_open(run);
	if (rc == 0)
		rc = memory_steps(run, &plan, before);
	if (rc == 0)
		rc = run_close(run);
	plan_fini(&plan);
	return rc;
}

const struct workload workload_random = {
	.name = "random",
	.what = "2,000,000 items of 16 + 100 bytes in random order; 500,000 "
		"gets; 100,000 seeks through a new iterator and 10 steps; "
		"500,000 overwrites by 1 thread and by 4",
	WORKLOAD_METRICS(random_metrics),
	.run = run_random,
};

/* A cache of half the budget, two memtables of a quarter at most. */
const struct workload workload_memory = {
	.name = "memory",
	.what = "random's fill, gets and overwrites with a memtable of 32 MiB "
		"and a cache of 64 MiB: the most that memory grew, and that "
		"over a budget of 128 MiB",
	WORKLOAD_METRICS(memory_metrics),
	.memtable_bytes = BUDGET_BYTES / 4,
	.cache_bytes = BUDGET_BYTES / 2,
	.run = run_memory,
};
