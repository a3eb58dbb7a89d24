#include "engine/blob_refs.h"

#include <stdlib.h>

#include "engine/base/coding.h"

void blob_refs_fini(struct blob_refs *refs)
{
	free(refs->items);
	*refs = (struct blob_refs){ 0 };
}

static int reserve(struct blob_refs *refs, size_t count)
{
	struct blob_refs_item *items;
	size_t cap = size_max(refs->cap, 4);

	if (count <= refs->cap)
		return 0;
	while (cap < count)
		cap *= 2;
	items = reallocarray(refs->items, cap, sizeof(*items));
	if (!items)
		return -ENOMEM;
	refs->items = items;
	refs->cap = cap;
	return 0;
}

int blob_refs_add(struct blob_refs *refs, const struct blob_refs_item *item)
{
	size_t i = refs->count;
	int rc;

	/* From the back: neighbouring keys tend to name the newest file. */
	while (i > 0 && refs->items[i - 1].blob_id > item->blob_id)
		i--;
	if (i > 0 && refs->items[i - 1].blob_id == item->blob_id) {
		struct blob_refs_item *have = &refs->items[i - 1];

		have->count += item->count;
		have->stored_bytes += item->stored_bytes;
		have->raw_bytes += item->raw_bytes;
		return 0;
	}

	rc = reserve(refs, refs->count + 1);
	if (rc < 0)
		return rc;
	memmove(&refs->items[i + 1], &refs->items[i],
		(refs->count - i) * sizeof(*item));
	refs->items[i] = *item;
	refs->count++;
	return 0;
}

int blob_refs_encode(const struct blob_refs *refs, struct buf *out)
{
	uint64_t id = 0;
	size_t i;
	int rc;

	rc = buf_reserve(out, (1 + 4 * refs->count) * VARINT_SIZE_MAX);
	if (rc < 0)
		return rc;
	buf_put_varint(out, refs->count);
	for (i = 0; i < refs->count; i++) {
		const struct blob_refs_item *item = &refs->items[i];

		buf_put_varint(out, item->blob_id - id);
		buf_put_varint(out, item->count);
		buf_put_varint(out, item->stored_bytes);
		buf_put_varint(out, item->raw_bytes);
		id = item->blob_id;
	}
	return 0;
}

int blob_refs_decode(struct blob_refs *refs, struct decoder *d)
{
	uint64_t count = decoder_varint(d), id = 0, i;
	int rc;

	/* An item is at least four bytes. */
	if (count > decoder_left(d) / 4)
		return -EUCLEAN;
	rc = reserve(refs, count);
	if (rc < 0)
		return rc;

	for (i = 0; i < count; i++) {
		uint64_t delta = decoder_varint(d);
		struct blob_refs_item item;

		/* One by one: initializers have no order among themselves. */
		item.count = decoder_varint(d);
		item.stored_bytes = decoder_varint(d);
		item.raw_bytes = decoder_varint(d);
		if ((i > 0 && delta == 0) || delta > UINT64_MAX - id)
			return -EUCLEAN;
		id += delta;
		item.blob_id = id;
		refs->items[i] = item;
	}
	if (!decoder_ok(d))
		return -EUCLEAN;
	refs->count = count;
	return 0;
}
