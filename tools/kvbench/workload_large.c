/*
 * Values of 64 KiB: speed, and what the store makes of the space.
 *
 * Space and write amplification are measured against what lz4 leaves of the
 * values, so that a store that compresses and loses nothing has 1.  Bytes
 * written are those of /proc/self/io; bytes on disk are counted once the store
 * is closed, when nothing is being removed any more.
 */
#include <lz4.h>
#include <stdlib.h>

#include "tools/kvbench/probe.h"
#include "tools/kvbench/run.h"

#define ITEMS       ((size_t)20000)
#define VALUE_BYTES (64 * KIB)
#define COUNT_MIN   ((size_t)32)
#define SEED        4

static const struct metric metrics[] = {
	{ "put", "MB/s", true },
	{ "get", "MB/s", true },
	{ "overwrite", "MB/s", true },
	{ "write_amp", "x", false },
	{ "write_amp_collected", "x", false },
	{ "space", "x", false },
};

struct large {
	struct items items;
	uint32_t *ids; /* owned: all, in random order */
	size_t count;
	double packed_bytes; /* a value as lz4 has it */
};

/* As run_emit_rate(), in megabytes. */
static int emit_mb(struct run *run, const char *name, size_t count,
		   uint64_t start_ns)
{
	double s = (double)(probe_ns() - start_ns) / (double)NS_PER_S;

	return run_emit(run, name, (double)(count * VALUE_BYTES) / 1e6 / s);
}

static int measure_packed(struct large *large)
{
	int cap = LZ4_compressBound((int)VALUE_BYTES);
	char *packed = malloc((size_t)cap);

	if (!packed)
		return -ENOMEM;
	large->packed_bytes = LZ4_compress_default(
		items_value(&large->items, 0).data, packed, (int)VALUE_BYTES,
		cap);
	free(packed);
	return 0;
}

static int large_init(struct large *large, struct run *run)
{
	int rc;

	large->count = run_scaled(run, ITEMS, COUNT_MIN);
	large->ids = ids_shuffled(large->count, SEED);
	if (!large->ids)
		return -ENOMEM;
	rc = items_init(&large->items, run->target, item_key_ordered,
			VALUE_BYTES);
	if (rc < 0) {
		free(large->ids);
		return rc;
	}
	return measure_packed(large);
}

static void large_fini(struct large *large)
{
	items_fini(&large->items);
	free(large->ids);
}

/* What was written since the process began, over @count packed values. */
static int emit_written(struct run *run, const struct large *large,
			const char *metric, size_t count)
{
	uint64_t bytes;
	int rc = probe_written(&bytes);

	if (rc < 0)
		return rc;
	return run_emit(run, metric,
			(double)bytes / ((double)count * large->packed_bytes));
}

static int put_and_get(struct run *run, struct large *large)
{
	uint64_t start_ns = probe_ns();
	int rc;

	rc = items_put_all(&large->items, run->session, large->ids,
			   large->count);
	if (rc == 0)
		rc = emit_mb(run, "put", large->count, start_ns);
	if (rc == 0)
		rc = run_flush(run);
	if (rc == 0)
		rc = emit_written(run, large, "write_amp", large->count);
	if (rc < 0)
		return rc;

	start_ns = probe_ns();
	rc = items_get_all(&large->items, run->session, large->ids,
			   large->count);
	return rc < 0 ? rc : emit_mb(run, "get", large->count, start_ns);
}

static int overwrite_and_collect(struct run *run, struct large *large)
{
	size_t half = large->count / 2;
	uint64_t start_ns = probe_ns();
	int rc;

	rc = items_put_all(&large->items, run->session, large->ids, half);
	if (rc == 0)
		rc = emit_mb(run, "overwrite", half, start_ns);
	if (rc == 0)
		rc = run_compact(run);
	if (rc == 0)
		rc = emit_written(run, large, "write_amp_collected",
				  large->count + half);
	return rc;
}

static int emit_space(struct run *run, const struct large *large)
{
	uint64_t bytes;
	int rc = probe_disk(run->config.dir, &bytes);

	if (rc < 0)
		return rc;
	return run_emit(run, "space",
			(double)bytes /
				((double)large->count * large->packed_bytes));
}

static int run_large(struct run *run)
{
	struct large large;
	int rc = large_init(&large, run);

	if (rc < 0)
		return rc;
	rc = run_open(run);
	if (rc < 0)
		goto free_large;
	rc = put_and_get(run, &large);
	if (rc == 0)
		rc = overwrite_and_collect(run, &large);
	if (rc == 0)
		rc = run_close(run);
	if (rc == 0)
		rc = emit_space(run, &large);

free_large:
	large_fini(&large);
	return rc;
}

const struct workload workload_large = {
	.name = "large",
	.what = "20,000 values of 64 KiB, half compressible, in random order: "
		"put, flushed, got, half of them overwritten, compacted; "
		"amplification against what lz4 leaves of the values",
	WORKLOAD_METRICS(metrics),
	.large_values = true,
	.run = run_large,
};
