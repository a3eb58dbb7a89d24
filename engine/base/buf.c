#include "engine/base/buf.h"

#include <stdlib.h>

void buf_fini(struct buf *b)
{
	free(b->data);
	*b = (struct buf)BUF_INIT;
}

int buf_grow(struct buf *b, size_t extra)
{
	size_t cap = size_max(b->cap, 64);
	uint8_t *data;

	if (extra > SIZE_MAX / 2 - b->size)
		return -ENOMEM;

	while (cap - b->size < extra)
		cap *= 2;
	data = realloc(b->data, cap);
	if (!data)
		return -ENOMEM;

	b->data = data;
	b->cap = cap;
	return 0;
}

int buf_append(struct buf *b, const void *data, size_t size)
{
	int rc = buf_reserve(b, size);

	if (rc == 0)
		buf_put(b, data, size);
	return rc;
}

int buf_assign(struct buf *b, struct slice s)
{
	size_t size = b->size;
	int rc;

	b->size = 0;
	rc = buf_reserve(b, s.size);
	if (rc < 0) {
		b->size = size;
		return rc;
	}
	buf_put(b, s.data, s.size);
	return 0;
}
