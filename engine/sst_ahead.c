#include "engine/sst_ahead.h"

void sst_ahead_fini(struct sst_ahead *a)
{
	buf_fini(&a->bytes);
}

void sst_ahead_reset(struct sst_ahead *a)
{
	buf_reset(&a->bytes);
	a->at = a->next = a->size = 0;
}

/* Reads a piece that begins at @offset.  What cannot be read is left out. */
static void fill(struct sst_ahead *a, struct env_file *file, uint64_t limit,
		 uint64_t offset)
{
	size_t size = (size_t)u64_min(a->size, limit - offset);

	buf_reset(&a->bytes);
	if (buf_reserve(&a->bytes, size) < 0 ||
	    env_read_full(file, a->bytes.data, size, offset) < 0)
		return;
	a->bytes.size = size;
	a->at = offset;
	a->size = size_min(a->size * 2, SST_AHEAD_MAX);
}

static const uint8_t *find(const struct sst_ahead *a, uint64_t offset,
			   size_t size)
{
	if (offset < a->at || offset - a->at > a->bytes.size ||
	    size > a->bytes.size - (offset - a->at))
		return NULL;
	return a->bytes.data + (offset - a->at);
}

const uint8_t *sst_ahead_get(struct sst_ahead *a, struct env_file *file,
			     uint64_t limit, struct sst_handle h)
{
	size_t size = h.size + SST_CHUNK_TRAILER_SIZE;
	const uint8_t *found = find(a, h.offset, size);

	if (h.offset != a->next)
		a->size = 0;
	else if (a->size == 0)
		a->size = SST_AHEAD_MIN;
	a->next = h.offset + size;
	if (found || a->size == 0 || h.offset >= limit ||
	    size > limit - h.offset || size > SST_AHEAD_MAX)
		return found;
	if (a->size < size)
		a->size = SST_AHEAD_MAX;
	fill(a, file, limit, h.offset);
	return find(a, h.offset, size);
}
