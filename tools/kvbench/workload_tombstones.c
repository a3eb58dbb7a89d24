/* What is left of deleted keys, and who steps over it. */
#include <stdlib.h>

#include "engine/base/error.h"
#include "tools/kvbench/probe.h"
#include "tools/kvbench/run.h"

#define ITEMS       ((size_t)100000)
#define RANGE_ITEMS ((size_t)1000000)
#define VALUE_BYTES ((size_t)100)
#define COUNT_MIN   ((size_t)100)

static const struct metric metrics[] = {
	{ "seek_first", "us", false },
	{ "seek_second", "us", false },
	{ "delete_range", "us", false },
};

/* Deletes all but the last, one by one. */
static int delete_all(struct run *run, const uint32_t *ids, size_t count)
{
	uint8_t buf[ITEM_KEY_MAX];
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i + 1 < count; i++) {
		struct target_write write = {
			.key = item_key_ordered(buf, ids[i]),
			.is_delete = true,
		};

		rc = run->target->write(run->session, &write, 1);
	}
	return rc;
}

/* From the first, which was deleted, to the last, which was not. */
static int seek_over(struct run *run, size_t count, const char *metric)
{
	const struct target *target = run->target;
	uint64_t start_ns = probe_ns();
	uint8_t buf[ITEM_KEY_MAX];
	void *it;
	int rc;

	rc = target->iter_open(&it, run->session);
	if (rc < 0)
		return rc;
	rc = target->seek(it, item_key_ordered(buf, 0));
	if (rc == 1 &&
	    !slice_eq(target->key(it), item_key_ordered(buf, count - 1)))
		rc = 0;
	target->iter_close(it);
	if (rc == 0)
		return error_set(-EBADMSG, "a deleted key was met");
	return rc < 0 ? rc : run_emit_ns(run, metric, 1000, start_ns);
}

static int delete_and_seek(struct run *run, struct items *items)
{
	size_t count = run_scaled(run, ITEMS, COUNT_MIN) + 1;
	uint32_t *ids = ids_ordered(count);
	int rc;

	if (!ids)
		return -ENOMEM;
	rc = run_fill(run, items, ids, count);
	if (rc == 0)
		rc = run_flush(run);
	if (rc == 0)
		rc = delete_all(run, ids, count);
	if (rc == 0)
		rc = seek_over(run, count, "seek_first");
	if (rc == 0)
		rc = seek_over(run, count, "seek_second");
	free(ids);
	return rc;
}

/* All of @count neighbours at once, of which nothing must be found then. */
static int delete_neighbours(struct run *run, size_t count)
{
	const struct target *target = run->target;
	uint8_t from[ITEM_KEY_MAX], to[ITEM_KEY_MAX];
	struct target_seen seen;
	uint64_t start_ns;
	void *it;
	int rc;

	start_ns = probe_ns();
	rc = target->delete_range(run->session, item_key_ordered(from, 0),
				  item_key_ordered(to, count));
	if (rc == 0)
		rc = run_emit_ns(run, "delete_range", 1000, start_ns);
	if (rc == 0)
		rc = target->iter_open(&it, run->session);
	if (rc < 0)
		return rc;
	rc = target->seek(it, item_key_ordered(from, 0));
	target->iter_close(it);
	if (rc == 0 &&
	    target->get(run->session, item_key_ordered(from, count / 2),
			&seen) != -ENOENT)
		rc = 1;
	return rc == 1 ? error_set(-EBADMSG, "a deleted key was met") : rc;
}

static int delete_range(struct run *run, struct items *items)
{
	size_t count = run_scaled(run, RANGE_ITEMS, COUNT_MIN);
	uint32_t *ids;
	int rc;

	if (!run->target->delete_range)
		return 0;
	ids = ids_ordered(count);
	if (!ids)
		return -ENOMEM;
	rc = run_fill(run, items, ids, count);
	if (rc == 0)
		rc = delete_neighbours(run, count);
	free(ids);
	return rc;
}

static int steps(struct run *run, struct items *items)
{
	int rc = delete_and_seek(run, items);

	return rc < 0 ? rc : delete_range(run, items);
}

static int run_tombstones(struct run *run)
{
	return run_items(run, item_key_ordered, VALUE_BYTES, steps);
}

const struct workload workload_tombstones = {
	.name = "tombstones",
	.what = "100,001 items of 16 + 100 bytes, flushed, all but the last "
		"deleted; a new iterator, a seek to the first: twice; then "
		"1,000,000 items, deleted as one range, where there is such a "
		"thing",
	WORKLOAD_METRICS(metrics),
	.run = run_tombstones,
};
