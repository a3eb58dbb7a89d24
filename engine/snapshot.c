#include "engine/snapshot.h"

#include <stdlib.h>

#include "engine/store.h"

int kv_snapshot_open(struct kv_snapshot **out, struct kv *kv)
{
	struct kv_snapshot *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->kv = kv;

	/* The number is read under the lock, so that the list stays sorted. */
	mutex_lock(&kv->state);
	s->seq = kv->seq_visible;
	s->before = kv->snapshot_last;
	if (s->before)
		s->before->after = s;
	else
		kv->snapshot_first = s;
	kv->snapshot_last = s;
	kv->snapshot_count++;
	mutex_unlock(&kv->state);
	*out = s;
	return 0;
}

void kv_snapshot_close(struct kv_snapshot *s)
{
	struct kv *kv;

	if (!s)
		return;
	kv = s->kv;
	mutex_lock(&kv->state);
	if (s->before)
		s->before->after = s->after;
	else
		kv->snapshot_first = s->after;
	if (s->after)
		s->after->before = s->before;
	else
		kv->snapshot_last = s->before;
	kv->snapshot_count--;
	mutex_unlock(&kv->state);
	free(s);
}

/* Nothing is allocated under the lock, so the room may have to be made anew. */
int snapshot_seqs(struct kv *kv, uint64_t **seqs, size_t *count)
{
	const struct kv_snapshot *s;
	uint64_t *list = NULL;
	size_t cap, n = 0;

	mutex_lock(&kv->state);
	while (kv->snapshot_count > 0) {
		cap = kv->snapshot_count;
		mutex_unlock(&kv->state);
		free(list);
		list = calloc(cap, sizeof(*list));
		if (!list)
			return -ENOMEM;
		mutex_lock(&kv->state);
		if (kv->snapshot_count > cap)
			continue;
		for (s = kv->snapshot_first; s; s = s->after)
			if (n == 0 || list[n - 1] != s->seq)
				list[n++] = s->seq;
		break;
	}
	mutex_unlock(&kv->state);
	*seqs = list;
	*count = n;
	return 0;
}
