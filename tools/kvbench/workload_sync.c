/* Writes that survive a power cut, against what the disk can do at best. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "engine/base/error.h"
#include "tools/kvbench/probe.h"
#include "tools/kvbench/run.h"

#define PUTS         ((size_t)2000) /* by one thread */
#define PUTS_THREADS ((size_t)8000) /* by all threads together */
#define VALUE_BYTES  ((size_t)100)
#define RECORD_BYTES (ITEM_KEY_MAX + VALUE_BYTES)
#define RAW_BYTES    (4 * MIB)
#define COUNT_MIN    ((size_t)64)
#define SEED         6

static const struct metric metrics[] = {
	{ "t1", "/s", true },
	{ "t4", "/s", true },
	{ "t16", "/s", true },
};

static int put_by(struct run *run, const struct items *items, size_t count,
		  size_t threads, const char *metric)
{
	uint32_t *ids = ids_shuffled(count, SEED);
	int rc;

	if (!ids)
		return -ENOMEM;
	rc = run_put_threads(run, items, ids, count, threads, metric);
	free(ids);
	return rc;
}

static int put_by_few_and_many(struct run *run, struct items *items)
{
	size_t few = run_scaled(run, PUTS, COUNT_MIN);
	size_t many = run_scaled(run, PUTS_THREADS, COUNT_MIN);
	int rc = put_by(run, items, few, 1, "t1");

	if (rc == 0)
		rc = put_by(run, items, many, 4, "t4");
	if (rc == 0)
		rc = put_by(run, items, many, 16, "t16");
	return rc;
}

static int run_sync(struct run *run)
{
	return run_items(run, item_key_ordered, VALUE_BYTES,
			 put_by_few_and_many);
}

/* A file all of whose blocks were written. */
static int raw_create(const char *path)
{
	uint8_t page[TARGET_PAGE];
	size_t at;
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return error_set(-errno, "%s: cannot be made", path);
	memset(page, 'r', sizeof(page));
	for (at = 0; at < RAW_BYTES; at += sizeof(page)) {
		if (pwrite(fd, page, sizeof(page), (off_t)at) !=
		    (ssize_t)sizeof(page))
			goto fail;
	}
	if (fsync(fd) == 0)
		return fd;
fail:
	close(fd);
	return error_set(-EIO, "%s: cannot be filled", path);
}

static int raw_write(int fd, size_t count)
{
	uint8_t record[RECORD_BYTES];
	off_t at = 0;
	size_t i;

	memset(record, 'R', sizeof(record));
	for (i = 0; i < count; i++) {
		if (pwrite(fd, record, sizeof(record), at) !=
			    (ssize_t)sizeof(record) ||
		    fdatasync(fd) < 0)
			return error_set(-EIO, "a raw write failed");
		at = (at + (off_t)sizeof(record)) %
		     (off_t)(RAW_BYTES - RECORD_BYTES);
	}
	return 0;
}

static int run_raw(struct run *run)
{
	size_t count = run_scaled(run, PUTS, COUNT_MIN);
	uint64_t start_ns;
	int fd = raw_create(run->config.dir);
	int rc;

	if (fd < 0)
		return fd;
	start_ns = probe_ns();
	rc = raw_write(fd, count);
	if (rc == 0)
		rc = run_emit_rate(run, "t1", count, start_ns);
	close(fd);
	return rc;
}

const struct workload workload_sync = {
	.name = "sync",
	.what = "durable puts of 16 + 100 bytes, 2,000 by 1 thread, 8,000 by "
		"4 and by 16; raw: pwrite of 116 bytes and fdatasync, one "
		"behind the other over blocks already written",
	WORKLOAD_METRICS(metrics),
	.durable = true,
	.run = run_sync,
	.run_raw = run_raw,
};
