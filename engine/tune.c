#include "engine/tune.h"

#include "engine/base/error.h"
#include "engine/store.h"

void tune_init(struct kv *kv)
{
	const struct kv_options *o = &kv->options;

	kv->tuned.memtable_bytes_max = o->memtable_bytes_max;
	kv->tuned.tree_memory_bytes = o->tree_memory_bytes;
	kv->tuned.blob_cache_bytes = o->blob_cache_bytes;
	kv->tuned.sync_interval_ms = o->sync_interval_ms;
	kv->tuned.compress = true;
}

void kv_tuning(struct kv *kv, struct kv_tuning *out)
{
	*out = (struct kv_tuning){
		.memtable_bytes_max = kv->tuned.memtable_bytes_max,
		.tree_memory_bytes = kv->tuned.tree_memory_bytes,
		.blob_cache_bytes = kv->tuned.blob_cache_bytes,
		.sync_interval_ms = kv->tuned.sync_interval_ms,
		.compress = kv->tuned.compress,
	};
}

int kv_tune(struct kv *kv, const struct kv_tuning *t)
{
	size_t memtable = u64_min(t->memtable_bytes_max,
				  kv->memtable_bytes_limit);
	bool syncs = kv->options.sync_interval_ms > 0;

	if (t->memtable_bytes_max == 0)
		return error_set(-EINVAL, "memtables of no size");
	if (syncs != (t->sync_interval_ms > 0))
		return error_set(-EINVAL, "background syncs can be neither "
					  "begun nor ended");
	kv->tuned.memtable_bytes_max = memtable;
	pace_resize(&kv->pace, memtable);
	kv->tuned.tree_memory_bytes = t->tree_memory_bytes;
	cache_resize(kv->blocks, t->tree_memory_bytes);
	kv->tuned.blob_cache_bytes = t->blob_cache_bytes;
	cache_resize(kv->blobs, t->blob_cache_bytes);
	kv->tuned.compress = t->compress;

	/* Who sleeps for the old interval looks at the new one. */
	mutex_lock(&kv->state);
	kv->tuned.sync_interval_ms = t->sync_interval_ms;
	cond_broadcast(&kv->changed);
	mutex_unlock(&kv->state);
	return 0;
}
