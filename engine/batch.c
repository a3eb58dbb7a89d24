#include "engine/batch.h"

#include <stdlib.h>

#include "engine/kv.h"

struct kv_batch *kv_batch_new(void)
{
	return calloc(1, sizeof(struct kv_batch));
}

void kv_batch_free(struct kv_batch *b)
{
	if (!b)
		return;
	free(b->ops);
	buf_fini(&b->bytes);
	prepared_fini(&b->prepared);
	free(b);
}

void kv_batch_reset(struct kv_batch *b)
{
	b->count = 0;
	b->size = 0;
	b->put_max = 0;
	b->use_reserve = false;
	b->error = 0;
	buf_reset(&b->bytes);
	prepared_reset(&b->prepared);
}

void kv_batch_use_reserve(struct kv_batch *b)
{
	b->use_reserve = true;
}

size_t kv_batch_count(const struct kv_batch *b)
{
	return b->count;
}

struct slice batch_key(const struct kv_batch *b, const struct batch_op *op)
{
	return slice_of(b->bytes.data + op->key_at, op->key_size);
}

struct slice batch_value(const struct kv_batch *b, const struct batch_op *op)
{
	if (op->borrowed.data)
		return op->borrowed;
	return slice_of(b->bytes.data + op->value_at, op->value_size);
}

static int check(const struct kv_batch *b, struct slice key, struct slice value)
{
	if (b->error)
		return b->error;
	if (key.size == 0 || key.size > KV_KEY_MAX)
		return -EINVAL;
	if (value.size > KV_VALUE_MAX || b->count == UINT32_MAX ||
	    b->size + key.size + value.size > KV_BATCH_MAX)
		return -E2BIG;
	return 0;
}

static int reserve_op(struct kv_batch *b)
{
	size_t cap = size_max(8, b->cap * 2);
	struct batch_op *ops;

	if (b->count < b->cap)
		return 0;
	ops = reallocarray(b->ops, cap, sizeof(*ops));
	if (!ops)
		return -ENOMEM;
	b->ops = ops;
	b->cap = cap;
	return 0;
}

static int add(struct kv_batch *b, enum batch_kind kind, struct slice key,
	       struct slice value, bool borrowed)
{
	struct batch_op op = {
		.kind = kind,
		.key_at = b->bytes.size,
		.key_size = key.size,
		.value_at = b->bytes.size + key.size,
		.value_size = value.size,
	};
	int rc = check(b, key, value);

	if (rc == 0)
		rc = reserve_op(b);
	if (rc == 0)
		rc = buf_reserve(&b->bytes,
				 key.size + (borrowed ? 0 : value.size));
	if (rc < 0) {
		b->error = rc;
		return rc;
	}

	buf_put(&b->bytes, key.data, key.size);
	if (borrowed && value.size > 0)
		op.borrowed = value;
	else
		buf_put(&b->bytes, value.data, value.size);
	b->ops[b->count++] = op;
	b->size += key.size + value.size;
	if (kind == BATCH_PUT)
		b->put_max = size_max(b->put_max, value.size);
	return 0;
}

int kv_batch_put(struct kv_batch *b, struct slice key, struct slice value)
{
	return add(b, BATCH_PUT, key, value, false);
}

int kv_batch_put_borrowed(struct kv_batch *b, struct slice key,
			  struct slice value)
{
	return add(b, BATCH_PUT, key, value, true);
}

int kv_batch_delete(struct kv_batch *b, struct slice key)
{
	return add(b, BATCH_DELETE, key, slice_of(NULL, 0), false);
}

int kv_batch_delete_range(struct kv_batch *b, struct slice from,
			  struct slice to)
{
	if (!b->error && (to.size == 0 || to.size > KV_KEY_MAX))
		b->error = -EINVAL;
	return add(b, BATCH_DELETE_RANGE, from, to, false);
}

int kv_batch_copy(struct kv_batch *b, struct slice key, struct slice source)
{
	if (!b->error && (source.size == 0 || source.size > KV_KEY_MAX))
		b->error = -EINVAL;
	return add(b, BATCH_COPY, key, source, false);
}
