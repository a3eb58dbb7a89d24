#include "engine/space.h"

#include "engine/base/error.h"
#include "engine/store.h"

#define CLEAN_WAIT_MS 10000 /* for the compaction thread, at most */

static void tell(struct kv *kv)
{
	mutex_lock(&kv->state);
	cond_broadcast(&kv->changed);
	mutex_unlock(&kv->state);
}

/* Cleaning up may help: something may have been freed since the last time. */
static bool may_help(const struct kv *kv)
{
	return kv->space_cleaned < kv->space_freeing;
}

/* Has the store cleaned up, and waits for that. */
static void get_cleaned(struct kv *kv)
{
	uint64_t seq = kv->space_freeing;
	uint64_t until = env_monotonic_ns(kv->env) + CLEAN_WAIT_MS * NS_PER_MS;

	kv->space_short = true;
	if (!kv->threads) {
		/* Whether it helped is seen when the medium is asked again. */
		(void)!space_clean(kv);
		return;
	}
	tell(kv);
	mutex_lock(&kv->state);
	while (kv->space_cleaned < seq && kv->poison == 0 && !kv->stopping &&
	       env_monotonic_ns(kv->env) < until)
		cond_wait_ms(&kv->changed, &kv->state, CLEAN_WAIT_MS / 10);
	mutex_unlock(&kv->state);
}

uint64_t space_reserve(const struct kv *kv, const struct env_space *medium)
{
	return u64_min(kv->options.reserve_bytes, medium->bytes_total / 8);
}

/* Asks the medium: 0 if it has room for @bytes, which are then taken. */
static int ask(struct kv *kv, size_t bytes)
{
	struct env_space space;
	uint64_t reserve, room;
	int rc;

	rc = env_space(kv->env, &space);
	if (rc < 0)
		return rc;
	reserve = space_reserve(kv, &space);
	if (space.bytes_free < reserve + bytes)
		return error_set(-ENOSPC,
				 "no space is left beside the reserve");
	room = u64_min(space.bytes_free - reserve, SPACE_ASK_BYTES);
	kv->space_room = (int64_t)room - (int64_t)bytes;
	kv->space_short = false;
	return 0;
}

int space_take(struct kv *kv, size_t bytes)
{
	int64_t want = (int64_t)bytes;
	int rc;

	if (kv->options.reserve_bytes == 0)
		return 0;
	if (atomic_fetch_sub(&kv->space_room, want) >= want)
		return 0;

	rc = ask(kv, bytes);
	if (rc == -ENOSPC && may_help(kv)) {
		get_cleaned(kv);
		rc = ask(kv, bytes);
	}
	if (rc < 0)
		kv->space_room = 0;
	return rc;
}

void space_note_freeing(struct kv *kv)
{
	kv->space_freeing = kv->seq_visible;
}

int space_clean(struct kv *kv)
{
	uint64_t seq = kv->seq_visible;
	int rc;

	if (!kv->space_short || !may_help(kv))
		return 0;
	vlog_seal(&kv->vlog);
	rc = kv_compact(kv);
	kv->space_cleaned = seq;
	tell(kv);
	return rc;
}
