#include "engine/blob_refs.h"

#include <stdlib.h>

#include "engine/base/coding.h"
#include "engine/vlog.h"

void blob_refs_fini(struct blob_refs *refs)
{
	size_t i;

	for (i = 0; i < refs->count; i++) {
		buf_fini(&refs->items[i].ordinals);
		ordinals_fini(&refs->items[i].noted);
	}
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

/* The place of the first item whose id is not below @blob_id. */
static size_t place_of(const struct blob_refs *refs, uint64_t blob_id)
{
	size_t lo = 0, hi = refs->count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (refs->items[mid].blob_id < blob_id)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

const struct blob_refs_item *blob_refs_find(const struct blob_refs *refs,
					    uint64_t blob_id)
{
	size_t at = place_of(refs, blob_id);

	return at < refs->count && refs->items[at].blob_id == blob_id
		       ? &refs->items[at]
		       : NULL;
}

/* The item of that id, made if need be; NULL if out of memory. */
static struct blob_refs_item *make(struct blob_refs *refs, uint64_t blob_id)
{
	size_t at = place_of(refs, blob_id);

	if (at < refs->count && refs->items[at].blob_id == blob_id)
		return &refs->items[at];
	if (reserve(refs, refs->count + 1) < 0)
		return NULL;
	memmove(&refs->items[at + 1], &refs->items[at],
		(refs->count - at) * sizeof(refs->items[0]));
	refs->items[at] = (struct blob_refs_item){ .blob_id = blob_id };
	refs->count++;
	return &refs->items[at];
}

int blob_refs_add(struct blob_refs *refs, const struct blob_refs_item *item)
{
	struct blob_refs_item *have = make(refs, item->blob_id);

	if (!have)
		return -ENOMEM;
	have->count += item->count;
	have->stored_bytes += item->stored_bytes;
	have->raw_bytes += item->raw_bytes;
	return 0;
}

int blob_refs_count(struct blob_refs *refs, const struct blob_handle *h)
{
	struct blob_refs_item *item = make(refs, h->blob_id);
	int rc;

	if (!item)
		return -ENOMEM;
	rc = ordinals_add(&item->noted, (uint32_t)h->ordinal);
	if (rc < 0)
		return rc;
	item->count++;
	item->stored_bytes += blob_record_size(h);
	item->raw_bytes += h->raw_size;
	return 0;
}

int blob_refs_finish(struct blob_refs *refs)
{
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < refs->count; i++) {
		struct blob_refs_item *item = &refs->items[i];

		assert(item->ordinals.size == 0);
		rc = ordinals_encode(&item->noted, &item->ordinals);
		ordinals_fini(&item->noted);
	}
	return rc;
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
		struct blob_refs_item item = { 0 };

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

int blob_refs_encode_ordinals(const struct blob_refs *refs, struct buf *out)
{
	size_t i;
	int rc;

	for (i = 0; i < refs->count; i++) {
		struct slice set = buf_slice(&refs->items[i].ordinals);

		rc = buf_reserve(out, VARINT_SIZE_MAX + set.size);
		if (rc < 0)
			return rc;
		buf_put_varint(out, set.size);
		buf_put(out, set.data, set.size);
	}
	return 0;
}

int blob_refs_decode_ordinals(struct blob_refs *refs, struct decoder *d)
{
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < refs->count; i++)
		rc = buf_assign(&refs->items[i].ordinals,
				decoder_bytes(d, decoder_varint(d)));
	if (rc == 0 && !decoder_done(d))
		rc = -EUCLEAN;
	return rc;
}
