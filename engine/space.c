#include "engine/space.h"

#include "engine/base/error.h"
#include "engine/store.h"

static int no_room(struct kv *kv)
{
	/* Somebody may be able to make some. */
	if (!atomic_exchange(&kv->space_short, true)) {
		mutex_lock(&kv->state);
		cond_broadcast(&kv->changed);
		mutex_unlock(&kv->state);
	}
	return error_set(-ENOSPC, "no space is left beside the reserve");
}

int space_take(struct kv *kv, size_t bytes)
{
	int64_t want = (int64_t)bytes, room;
	struct env_space space;
	uint64_t reserve;
	int rc;

	if (kv->options.reserve_bytes == 0)
		return 0;
	if (atomic_fetch_sub(&kv->space_room, want) >= want)
		return 0;

	rc = env_space(kv->env, &space);
	if (rc < 0)
		return rc;
	reserve = u64_min(kv->options.reserve_bytes, space.bytes_total / 8);
	if (space.bytes_free < reserve + bytes) {
		kv->space_room = 0;
		return no_room(kv);
	}
	room = (int64_t)u64_min(space.bytes_free - reserve, SPACE_ASK_BYTES);
	kv->space_room = room - want;
	kv->space_short = false;
	return 0;
}

int space_clean(struct kv *kv)
{
	uint64_t seq = kv->seq_visible;
	int rc;

	if (!kv->space_short || kv->space_cleaned == seq)
		return 0;
	vlog_seal(&kv->vlog);
	rc = kv_compact(kv);
	kv->space_cleaned = seq;
	return rc;
}
