#include "engine/sched.h"

#include "engine/gc.h"
#include "engine/space.h"
#include "engine/store.h"
#include "engine/warm.h"

#define RETRY_MS     1000 /* after a flush or compaction that failed */
#define COMPACT_NICE 10
#define QUIET_MS     5000    /* without a change, and the store is idle */
#define IDLE_MS      3600000 /* a sleep that somebody will end */

/*
 * Sleeps until the view changes, or reads ask for something unless @failed says
 * that it was tried; false once the store is being closed.  *quiet says whether
 * neither happened all the time.
 */
static bool wait_changed(struct kv *kv, unsigned timeout_ms, bool failed,
			 bool *quiet)
{
	bool stopping;

	mutex_lock(&kv->state);
	*quiet = !kv->stopping && (failed || !demand_is_met(&kv->demand)) &&
		 !cond_wait_ms(&kv->changed, &kv->state, timeout_ms);
	stopping = kv->stopping;
	mutex_unlock(&kv->state);
	return !stopping;
}

/* Sleeps until a memtable is frozen. */
static bool wait_frozen(struct kv *kv)
{
	bool stopping;

	mutex_lock(&kv->state);
	while (!kv->stopping &&
	       (!view_oldest(store_view_locked(kv)) || kv->poison))
		cond_wait(&kv->changed, &kv->state);
	stopping = kv->stopping;
	mutex_unlock(&kv->state);
	return !stopping;
}

static void flush_main(void *arg)
{
	struct kv *kv = arg;
	int rc;

	while (wait_frozen(kv)) {
		rc = store_flush_frozen(kv);
		mutex_lock(&kv->state);
		kv->flush_rc = rc;
		cond_broadcast(&kv->changed);
		if (rc < 0 && !kv->stopping)
			cond_wait_ms(&kv->changed, &kv->state, RETRY_MS);
		mutex_unlock(&kv->state);
	}
}

/*
 * A compaction comes before a collection, which it may have something to do
 * for, and before what is for readers: it would replace the tables.  Returns 1
 * if there was something to do.
 */
static int tidy_up(struct kv *kv, bool quiet)
{
	int rc, compacted;

	rc = space_clean(kv);
	if (rc < 0)
		return rc;
	compacted = store_compact_step(kv);
	if (compacted < 0)
		return compacted;
	if (!compacted && warm_is_due(kv)) {
		warm_step(kv);
		return 1;
	}
	rc = gc_step(kv,
		     quiet && !compacted ? GC_PERCENT_IDLE : GC_PERCENT_ALWAYS);
	/* What cannot be collected must not keep compaction waiting. */
	return rc < 0 && !compacted ? rc : compacted || rc == 1;
}

static void compact_main(void *arg)
{
	struct kv *kv = arg;
	bool go_on = true, quiet = false;
	int rc;

	while (go_on) {
		rc = tidy_up(kv, quiet);
		if (rc == 1) {
			mutex_lock(&kv->state);
			go_on = !kv->stopping;
			mutex_unlock(&kv->state);
		} else {
			go_on = wait_changed(kv,
					     rc < 0  ? RETRY_MS
					     : quiet ? IDLE_MS
						     : QUIET_MS,
					     rc < 0, &quiet);
		}
	}
}

/* What is left of the interval since @begin_ns, in ms, rounded up. */
static unsigned sync_due_in(struct kv *kv, uint64_t begin_ns)
{
	uint64_t passed = env_monotonic_ns(kv->env) - begin_ns;
	uint64_t interval = kv->tuned.sync_interval_ms * NS_PER_MS;

	return passed < interval ? 1 + (interval - passed - 1) / NS_PER_MS : 0;
}

/*
 * Looks every interval; a store that nobody writes to costs one look at two
 * counters.  The next interval begins where the sync begins, as that is how far
 * it covers.  kv_tune() and others wake us while it passes.
 */
static void sync_main(void *arg)
{
	struct kv *kv = arg;
	uint64_t begin = env_monotonic_ns(kv->env);
	unsigned ms;

	mutex_lock(&kv->state);
	while (!kv->stopping) {
		while (!kv->stopping && (ms = sync_due_in(kv, begin)) > 0)
			cond_wait_ms(&kv->changed, &kv->state, ms);
		mutex_unlock(&kv->state);
		begin = env_monotonic_ns(kv->env);
		/* A failure poisons, and every later call says so. */
		if (kv->poison == 0)
			(void)!kv_sync(kv, kv_mark(kv));
		mutex_lock(&kv->state);
	}
	mutex_unlock(&kv->state);
}

static void tell_stop(struct kv *kv)
{
	mutex_lock(&kv->state);
	kv->stopping = true;
	cond_broadcast(&kv->changed);
	mutex_unlock(&kv->state);
}

int sched_start(struct kv *kv)
{
	int rc;

	if (!kv->options.background)
		return 0;
	warm_init(kv);
	rc = thread_start(&kv->flush_thread, "loam-flush", 0, flush_main, kv);
	if (rc < 0)
		return rc;
	rc = thread_start(&kv->compact_thread, "loam-compact", COMPACT_NICE,
			  compact_main, kv);
	if (rc < 0)
		goto stop_flush;
	if (kv->options.sync_interval_ms > 0)
		rc = thread_start(&kv->sync_thread, "loam-sync", 0, sync_main,
				  kv);
	if (rc < 0)
		goto stop_compact;
	kv->threads = true;
	return 0;

stop_compact:
	tell_stop(kv);
	thread_join(&kv->compact_thread);
stop_flush:
	tell_stop(kv);
	thread_join(&kv->flush_thread);
	return rc;
}

void sched_stop(struct kv *kv)
{
	if (!kv->threads)
		return;
	tell_stop(kv);
	thread_join(&kv->flush_thread);
	thread_join(&kv->compact_thread);
	if (kv->options.sync_interval_ms > 0)
		thread_join(&kv->sync_thread);
	kv->threads = false;
}

int sched_frozen(struct kv *kv)
{
	int rc;

	/* store_change_view() has woken the flush thread, if there is one. */
	if (kv->options.background)
		return 0;
	rc = store_flush_frozen(kv);
	if (rc < 0)
		return rc;
	do {
		rc = store_compact_step(kv);
	} while (rc == 1);
	/* What cannot be collected stays; kv_collect() says why. */
	if (rc == 0)
		(void)!gc_run(kv, GC_PERCENT_ALWAYS);
	return rc;
}
