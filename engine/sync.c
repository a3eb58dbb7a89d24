/*
 * Syncing, in rounds: one at a time, and each covers all that came before it
 * began.  However many call, two rounds are enough for all of them.
 *
 * Who finds a round under way that covers its mark waits for its end.  Who
 * comes too late for it is the heir, and leads the next one, or waits for the
 * end of that if there is an heir already.  So everybody is woken once, when
 * there is nothing left to wait for, and without a lock to queue up at; rounds
 * by their numbers even and odd, since nobody waits for more than the next.
 *
 * Threads that do nothing but write and sync would fall into two halves: while
 * one syncs, the other writes, and each round serves half of them.  So a round
 * waits, before it begins, for those who were in the last one, for half as long
 * as syncing takes: they have just been woken and are likely to come again.
 * Where fewer than half of them do, the next rounds wait for nobody.  Who syncs
 * alone never waits.  PostgreSQL's commit_delay and commit_siblings are the
 * same idea, with numbers that somebody has to choose.
 */
#include "engine/base/error.h"
#include "engine/store.h"

/* Rounds that wait for nobody, once waiting did not pay. */
#define REST_ROUNDS 16

uint64_t kv_mark(struct kv *kv)
{
	return kv->seq_visible;
}

/* Makes all that was written durable, also what no number stands for. */
static int sync_files(struct kv *kv)
{
	struct view *view = store_view(kv);
	size_t i;
	int rc;

	/* A log is of use only with the values that it names. */
	rc = vlog_sync(&kv->vlog);
	for (i = view->frozen_count; rc == 0 && i-- > 0;)
		if (view->frozen[i].wal)
			rc = wal_sync(view->frozen[i].wal);
	if (rc == 0)
		rc = wal_sync(view->active.wal);
	view_unref(view);
	atomic_fetch_add_explicit(&kv->syncs, 1, memory_order_relaxed);
	return rc;
}

/* How much longer a round may be put off, in nanoseconds. */
static uint64_t patience_ns(const struct kv *kv)
{
	uint64_t since_ns = env_monotonic_ns(kv->medium) - kv->sync_ended_ns;
	uint64_t most_ns = kv->sync_took_ns / 2;

	return since_ns < most_ns ? most_ns - since_ns : 0;
}

/* Waits for those who were in the last round, if that is likely to pay. */
static void gather(struct kv *kv)
{
	unsigned *callers, before, awaited;
	uint64_t wait_ns = 0;
	uint32_t seen;

	mutex_lock(&kv->sync);
	callers = &kv->sync_callers[kv->sync_round % 2];
	before = *callers;
	awaited = kv->sync_awaited;
	if (kv->sync_rests > 0)
		kv->sync_rests--;
	else if (before < awaited)
		wait_ns = patience_ns(kv);
	kv->sync_gathers = wait_ns > 0;
	seen = event_times(&kv->sync_all);
	mutex_unlock(&kv->sync);
	if (wait_ns == 0 || event_wait_ns(&kv->sync_all, seen, wait_ns))
		return;

	mutex_lock(&kv->sync);
	kv->sync_gathers = false;
	if ((*callers - before) * 2 < awaited - before)
		kv->sync_rests = REST_ROUNDS;
	mutex_unlock(&kv->sync);
}

/*
 * Begins the round: from now on who comes is too late for it.  The number is
 * read before the view is pinned, other than for a reader: what it counts is
 * then in the logs of the view, or in tables, which are durable.
 */
static uint64_t begin_round(struct kv *kv)
{
	uint64_t target;

	mutex_lock(&kv->sync);
	target = kv->seq_visible;
	kv->sync_target = target;
	mutex_unlock(&kv->sync);
	return target;
}

/*
 * Hands the lead to the heir, if there is one, and wakes who waited.  The round
 * is over for all in one moment, under the lock: who comes later and waits for
 * the event of the round after the next must not be woken by this one.
 */
static void end_round(struct kv *kv)
{
	struct event *done;
	bool heir, alone;

	mutex_lock(&kv->sync);
	done = &kv->sync_done[kv->sync_round % 2];
	event_happen(done);
	kv->sync_awaited = kv->sync_callers[0] + kv->sync_callers[1];
	alone = kv->sync_callers[kv->sync_round % 2] == 1;
	kv->sync_callers[kv->sync_round % 2] = 0;
	kv->sync_ended_ns = env_monotonic_ns(kv->medium);
	heir = kv->sync_heir;
	if (heir)
		event_happen(&kv->sync_turn);
	kv->sync_heir = false;
	kv->syncing = heir;
	kv->sync_round++;
	kv->sync_target = UINT64_MAX; /* it has not begun: nobody is late */
	mutex_unlock(&kv->sync);

	if (heir)
		event_wake(&kv->sync_turn);
	/* To wake nobody takes the kernel a microsecond, too. */
	if (!alone)
		event_wake(done);
}

static int lead_round(struct kv *kv)
{
	uint64_t target, begin_ns;
	int rc;

	gather(kv);
	target = begin_round(kv);
	rc = store_writable(kv);
	if (rc == 0) {
		begin_ns = env_monotonic_ns(kv->medium);
		rc = sync_files(kv);
		kv->sync_took_ns = env_monotonic_ns(kv->medium) - begin_ns;
		/* The kernel may call the next sync good: never ask again. */
		if (rc < 0)
			rc = store_poison(kv, -EIO);
	}
	if (rc == 0 && kv->seq_durable < target)
		kv->seq_durable = target;
	end_round(kv);
	return rc;
}

enum part {
	PART_LEADS,
	PART_INHERITS,
	PART_FOLLOWS,
};

/* Which part to play in a round that covers @mark, and what to wait for. */
static enum part take_part(struct kv *kv, uint64_t mark, struct event **event,
			   uint32_t *seen)
{
	enum part part = PART_FOLLOWS;
	uint64_t round;
	unsigned callers;
	bool all;

	mutex_lock(&kv->sync);
	round = kv->sync_round + (mark > kv->sync_target);
	callers = ++kv->sync_callers[round % 2];
	all = kv->sync_gathers && callers == kv->sync_awaited;
	if (all) {
		kv->sync_gathers = false;
		event_happen(&kv->sync_all);
	}
	*event = &kv->sync_done[round % 2];
	if (!kv->syncing) {
		part = PART_LEADS;
		kv->syncing = true;
	} else if (round > kv->sync_round && !kv->sync_heir) {
		part = PART_INHERITS;
		kv->sync_heir = true;
		*event = &kv->sync_turn;
	}
	*seen = event_times(*event);
	mutex_unlock(&kv->sync);
	if (all)
		event_wake(&kv->sync_all);
	return part;
}

/* One round that covers @mark, led or followed; *led says which. */
static int pass_round(struct kv *kv, uint64_t mark, bool *led)
{
	struct event *event;
	uint32_t seen;
	enum part part = take_part(kv, mark, &event, &seen);

	if (part != PART_LEADS)
		event_wait(event, seen);
	*led = part != PART_FOLLOWS;
	return *led ? lead_round(kv) : store_writable(kv);
}

int store_sync(struct kv *kv)
{
	bool led;

	/* No round that has begun covers what nobody has numbered yet. */
	return pass_round(kv, UINT64_MAX, &led);
}

int kv_sync(struct kv *kv, uint64_t mark)
{
	uint64_t begin;
	bool led = false;
	int rc = 0;

	if (kv->seq_durable < mark) {
		begin = stats_begin(kv->stats);
		rc = pass_round(kv, mark, &led);
		stats_end(kv->stats, STATS_SYNC_NS, begin);
	}
	/* What was promised holds with or without the mark. */
	if (rc == 0 && led)
		(void)!store_mark(kv);
	return rc;
}
