#include "engine/queue.h"

#include "engine/base/thread.h"

#define YIELDS 32

void queue_init(struct queue *q)
{
	*q = (struct queue){ 0 };
	mutex_init(&q->lock, RANK_COMMIT);
}

void queue_fini(struct queue *q)
{
	assert(!q->head && !q->led);
	mutex_fini(&q->lock);
}

/* Leads if nobody does, else joins the line. */
static bool lead_or_line_up(struct queue *q, struct waiter *w)
{
	bool leads;

	mutex_lock(&q->lock);
	leads = !q->led;
	if (leads) {
		q->led = true;
	} else {
		if (q->head)
			q->tail->next = w;
		else
			q->head = w;
		q->tail = w;
		atomic_fetch_add_explicit(&q->waiting, 1, memory_order_relaxed);
	}
	mutex_unlock(&q->lock);
	return leads;
}

static enum waiter_state state_of(const struct waiter *w)
{
	return (enum waiter_state)atomic_load_explicit(&w->state,
						       memory_order_acquire);
}

static void sleep_until_told(struct queue *q, struct waiter *w)
{
	struct cond cond;

	cond_init(&cond);
	mutex_lock(&q->lock);
	w->asleep = &cond;
	while (state_of(w) == WAITER_WAITS)
		cond_wait(&cond, &q->lock);
	mutex_unlock(&q->lock);
	cond_fini(&cond);
}

bool queue_enter(struct queue *q, struct waiter *w)
{
	unsigned yields = 0;

	w->next = NULL;
	w->asleep = NULL;
	w->state = WAITER_WAITS;
	if (lead_or_line_up(q, w))
		return true;
	while (state_of(w) == WAITER_WAITS) {
		if (yields++ < YIELDS)
			thread_yield();
		else
			sleep_until_told(q, w);
	}
	return state_of(w) == WAITER_LEADS;
}

static struct waiter *pop(struct queue *q) NEEDS(q->lock);

static struct waiter *pop(struct queue *q)
{
	struct waiter *w = q->head;

	q->head = w->next;
	atomic_fetch_sub_explicit(&q->waiting, 1, memory_order_relaxed);
	return w;
}

void queue_take(struct queue *q, struct waiter *leader,
		struct queue_group *group)
{
	size_t bytes = leader->bytes;

	group->waiters[0] = leader;
	group->count = 1;
	/* Who is not seen yet waits for the next group. */
	if (atomic_load_explicit(&q->waiting, memory_order_relaxed) == 0)
		return;
	mutex_lock(&q->lock);
	while (q->head && group->count < QUEUE_GROUP_MAX &&
	       bytes < QUEUE_GROUP_BYTES) {
		bytes += q->head->bytes;
		group->waiters[group->count++] = pop(q);
	}
	mutex_unlock(&q->lock);
}

/* Nothing of @w may be looked at afterwards, unless it sleeps. */
static void tell(struct queue *q, struct waiter *w, enum waiter_state state)
	NEEDS(q->lock);

static void tell(struct queue *q UNUSED, struct waiter *w,
		 enum waiter_state state)
{
	struct cond *asleep = w->asleep;

	atomic_store_explicit(&w->state, (int)state, memory_order_release);
	if (asleep)
		cond_broadcast(asleep);
}

void queue_finish(struct queue *q, const struct queue_group *group)
{
	size_t i;

	mutex_lock(&q->lock);
	q->led = q->head != NULL;
	if (q->head)
		tell(q, pop(q), WAITER_LEADS);
	for (i = 1; i < group->count; i++)
		tell(q, group->waiters[i], WAITER_DONE);
	mutex_unlock(&q->lock);
}
