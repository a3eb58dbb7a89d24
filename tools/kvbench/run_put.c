/* Runs that write: in batches to prepare, and from several threads. */
#include <stdlib.h>

#include "engine/base/thread.h"
#include "tools/kvbench/probe.h"
#include "tools/kvbench/run.h"

#define FILL_BATCH ((size_t)128)
#define FILL_BYTES MIB /* a batch's values point to the pool, so fit in it */

/* Writes the first of @ids, at most @count, as one batch. */
static int fill_batch(struct run *run, struct items *items, const uint32_t *ids,
		      size_t count)
{
	struct target_write writes[FILL_BATCH];
	uint8_t keys[FILL_BATCH][ITEM_KEY_MAX];
	size_t i;

	for (i = 0; i < count; i++) {
		writes[i] = (struct target_write){
			.key = items->key(keys[i], ids[i]),
			.value = items_value(items, ids[i]),
		};
	}
	return run->target->write(run->session, writes, count);
}

int run_fill(struct run *run, struct items *items, const uint32_t *ids,
	     size_t count)
{
	size_t done, size;
	int rc = 0;

	/* No two values of a batch may share bytes of the pool. */
	assert(FILL_BATCH * items->value_size < FILL_BYTES);
	for (done = 0; rc == 0 && done < count; done += size) {
		size = size_min(count - done, FILL_BATCH);
		rc = fill_batch(run, items, ids + done, size);
	}
	return rc;
}

/* One of the threads that write. */
struct writer {
	struct thread thread;
	struct items items;
	void *session;
	const uint32_t *ids; /* borrowed */
	size_t count;
	int rc; /* what came of it; read after the join */
};

static void write_share(void *arg)
{
	struct writer *w = arg;

	w->rc = items_put_all(&w->items, w->session, w->ids, w->count);
}

static int writer_init(struct writer *w, struct run *run,
		       const struct items *like)
{
	int rc = items_init(&w->items, run->target, like->key,
			    like->value_size);

	if (rc < 0)
		return rc;
	rc = run->target->session_open(&w->session, run->store);
	if (rc < 0)
		items_fini(&w->items);
	return rc;
}

static void writer_fini(struct writer *w, struct run *run)
{
	run->target->session_close(w->session);
	items_fini(&w->items);
}

/* Starts them all and waits.  Returns the first error. */
static int write_together(struct writer *writers, size_t threads)
{
	size_t started = 0;
	size_t i;
	int rc = 0;

	while (rc == 0 && started < threads) {
		struct writer *w = &writers[started];

		rc = thread_start(&w->thread, "writer", 0, write_share, w);
		if (rc == 0)
			started++;
	}
	for (i = 0; i < started; i++) {
		thread_join(&writers[i].thread);
		if (rc == 0)
			rc = writers[i].rc;
	}
	return rc;
}

int run_put_threads(struct run *run, const struct items *like,
		    const uint32_t *ids, size_t count, size_t threads,
		    const char *metric)
{
	struct writer *writers = calloc(threads, sizeof(*writers));
	size_t share = count / threads;
	uint64_t start_ns;
	size_t ready = 0;
	int rc = 0;

	if (!writers)
		return -ENOMEM;
	assert(share > 0);
	while (rc == 0 && ready < threads) {
		writers[ready].ids = ids + ready * share;
		writers[ready].count = share;
		rc = writer_init(&writers[ready], run, like);
		if (rc == 0)
			ready++;
	}
	if (rc == 0) {
		start_ns = probe_ns();
		rc = write_together(writers, threads);
		if (rc == 0)
			rc = run_emit_rate(run, metric, share * threads,
					   start_ns);
	}
	while (ready > 0)
		writer_fini(&writers[--ready], run);
	free(writers);
	return rc;
}
