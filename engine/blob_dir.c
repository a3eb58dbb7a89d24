#include "engine/blob_dir.h"

#include <stdlib.h>

#include "engine/base/coding.h"
#include "engine/base/env.h"
#include "engine/base/error.h"
#include "engine/base/hash.h"
#include "engine/cache.h"
#include "engine/file_format.h"

#define PAGE_RECORDS     511
#define PAGE_HEADER_SIZE 8
#define RECORD_SIZE      8
#define PAGE_SIZE        (PAGE_HEADER_SIZE + PAGE_RECORDS * RECORD_SIZE)
#define FOOTER_SIZE      40
#define FOOTER_SUMMED    32 /* bytes, which its checksum covers */

static const uint8_t magic[8] = { 'L', 'O', 'A', 'M', 'D', 'I', 'R', 1 };

struct blob_dir {
	struct env_file *file; /* borrowed */
	uint64_t salt;
	uint64_t id;
	uint64_t offset; /* of the first page */
	uint64_t count;  /* records */
	uint64_t pages;
	uint8_t *index; /* owned */
};

static uint64_t page_count(uint64_t count)
{
	return (count + PAGE_RECORDS - 1) / PAGE_RECORDS;
}

static uint64_t pages_size(uint64_t count)
{
	return count * RECORD_SIZE + page_count(count) * PAGE_HEADER_SIZE;
}

uint64_t blob_dir_size(uint64_t count)
{
	return pages_size(count) + page_count(count) * sizeof(uint32_t) +
	       FOOTER_SIZE;
}

static void encode_page(struct buf *out, const struct blob_place *places,
			uint32_t count, uint64_t seed)
{
	size_t at = out->size, size = (size_t)count * RECORD_SIZE;
	uint32_t i;

	buf_put_le64(out, 0);
	for (i = 0; i < count; i++) {
		buf_put_le32(out, places[i].ordinal);
		buf_put_le32(out, (uint32_t)(places[i].offset / 8));
	}
	put_le64(out->data + at,
		 checksum(seed, out->data + at + PAGE_HEADER_SIZE, size));
}

static uint64_t tail_checksum(uint64_t salt, uint64_t offset,
			      const uint8_t *index, size_t index_size,
			      const uint8_t *footer)
{
	return checksum2(file_seed(salt, offset), slice_of(index, index_size),
			 slice_of(footer, FOOTER_SUMMED));
}

int blob_dir_encode(struct buf *out, const struct blob_place *places,
		    uint32_t count, const struct blob_dir_home *home)
{
	size_t base = out->size, index, footer;
	uint32_t i;
	int rc;

	assert(count > 0);
	rc = buf_reserve(out, blob_dir_size(count));
	if (rc < 0)
		return rc;
	for (i = 0; i < count; i += PAGE_RECORDS)
		encode_page(
			out, places + i,
			(uint32_t)u64_min(count - i, PAGE_RECORDS),
			file_seed(home->salt, home->offset + out->size - base));
	index = out->size;
	for (i = 0; i < count; i += PAGE_RECORDS)
		buf_put_le32(out, places[i].ordinal);

	footer = out->size;
	buf_put_le64(out, home->offset);
	buf_put_le32(out, count);
	buf_put_le32(out, 0);
	buf_put_le64(out, home->id);
	buf_put(out, magic, sizeof(magic));
	buf_put_le64(out, tail_checksum(home->salt, home->offset + index - base,
					out->data + index, footer - index,
					out->data + footer));
	return 0;
}

static int damaged(int rc, const struct env_file *file, const char *what)
{
	return error_set(rc, "%s: directory: %s", file->name, what);
}

/* Reads what the footer says there is, which only the checksum proves. */
static int read_index(struct blob_dir *d, uint64_t file_size,
		      const uint8_t footer[FOOTER_SIZE])
{
	uint64_t at = file_size - FOOTER_SIZE, sum;
	size_t size;
	int rc;

	d->offset = get_le64(footer);
	d->count = get_le32(footer + 8);
	d->id = get_le64(footer + 16);
	d->pages = page_count(d->count);
	size = d->pages * sizeof(uint32_t);
	if (d->count == 0 || get_le32(footer + 12) != 0 ||
	    blob_dir_size(d->count) > file_size ||
	    d->offset != file_size - blob_dir_size(d->count) ||
	    d->offset < FILE_HEADER_SIZE ||
	    memcmp(footer + 24, magic, sizeof(magic)) != 0)
		return damaged(-EUCLEAN, d->file, "malformed footer");
	d->index = malloc(size);
	if (!d->index)
		return -ENOMEM;
	rc = env_read_full(d->file, d->index, size, at - size);
	if (rc < 0)
		return rc;
	sum = tail_checksum(d->salt, at - size, d->index, size, footer);
	return sum == get_le64(footer + FOOTER_SUMMED)
		       ? 0
		       : damaged(-EBADMSG, d->file, "bad checksum");
}

int blob_dir_open(struct blob_dir **out, struct env_file *file,
		  uint64_t file_size, uint64_t salt)
{
	uint8_t footer[FOOTER_SIZE];
	struct blob_dir *d;
	int rc;

	if (file_size < FILE_HEADER_SIZE + FOOTER_SIZE)
		return damaged(-EUCLEAN, file, "is missing");
	rc = env_read_full(file, footer, sizeof(footer),
			   file_size - FOOTER_SIZE);
	if (rc < 0)
		return rc;
	d = calloc(1, sizeof(*d));
	if (!d)
		return -ENOMEM;
	d->file = file;
	d->salt = salt;
	rc = read_index(d, file_size, footer);
	if (rc < 0) {
		blob_dir_close(d);
		return rc;
	}
	*out = d;
	return 0;
}

void blob_dir_close(struct blob_dir *d)
{
	if (!d)
		return;
	free(d->index);
	free(d);
}

uint64_t blob_dir_id(const struct blob_dir *d)
{
	return d->id;
}

uint64_t blob_dir_offset(const struct blob_dir *d)
{
	return d->offset;
}

/* The records of @page. */
static uint32_t page_records(const struct blob_dir *d, uint64_t page)
{
	return (uint32_t)u64_min(d->count - page * PAGE_RECORDS, PAGE_RECORDS);
}

static int read_page(const struct blob_dir *d, uint64_t page, uint8_t **out)
{
	size_t size = (size_t)page_records(d, page) * RECORD_SIZE;
	uint64_t at = d->offset + page * PAGE_SIZE;
	uint8_t *bytes = malloc(PAGE_HEADER_SIZE + size);
	int rc;

	if (!bytes)
		return -ENOMEM;
	rc = env_read_full(d->file, bytes, PAGE_HEADER_SIZE + size, at);
	if (rc == 0 &&
	    get_le64(bytes) != checksum(file_seed(d->salt, at),
					bytes + PAGE_HEADER_SIZE, size))
		rc = damaged(-EBADMSG, d->file, "page: bad checksum");
	if (rc < 0) {
		free(bytes);
		return rc;
	}
	*out = bytes;
	return 0;
}

/*
 * Of @count sorted u32 at @base, @stride bytes apart: how many are not above
 * @ordinal.
 */
static uint64_t not_above(const uint8_t *base, uint64_t count, size_t stride,
			  uint64_t ordinal)
{
	uint64_t lo = 0, hi = count;

	while (lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;

		if (get_le32(base + mid * stride) <= ordinal)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static int find_in_page(const struct blob_dir *d, uint64_t page,
			const uint8_t *bytes, uint64_t ordinal,
			uint64_t *offset)
{
	const uint8_t *records = bytes + PAGE_HEADER_SIZE, *record;
	uint64_t n = not_above(records, page_records(d, page), RECORD_SIZE,
			       ordinal);

	record = records + (n - 1) * RECORD_SIZE;
	if (n == 0 || get_le32(record) != ordinal)
		return damaged(-EUCLEAN, d->file, "there is no such value");
	*offset = (uint64_t)get_le32(record + 4) * 8;
	return 0;
}

/* A page to be read: what load_page() needs to know. */
struct page_load {
	const struct blob_dir *dir;
	uint64_t page;
};

static int load_page(const void *context, void **data, size_t *size)
{
	const struct page_load *l = context;
	uint8_t *bytes;
	int rc = read_page(l->dir, l->page, &bytes);

	if (rc < 0)
		return rc;
	*data = bytes;
	*size = PAGE_HEADER_SIZE + page_records(l->dir, l->page) * RECORD_SIZE;
	return 0;
}

int blob_dir_find(const struct blob_dir *d, struct cache *cache, uint64_t name,
		  uint64_t ordinal, uint64_t *offset)
{
	uint64_t page = not_above(d->index, d->pages, sizeof(uint32_t),
				  ordinal);
	struct page_load l = { .dir = d };
	struct cache_entry *e;
	uint8_t *bytes;
	int rc;

	if (page-- == 0)
		return damaged(-EUCLEAN, d->file, "there is no such value");
	if (!cache) {
		rc = read_page(d, page, &bytes);
		if (rc < 0)
			return rc;
		rc = find_in_page(d, page, bytes, ordinal, offset);
		free(bytes);
		return rc;
	}
	l.page = page;
	rc = cache_get_or_load(cache, name, page, load_page, &l, &e);
	if (rc < 0)
		return rc;
	rc = find_in_page(d, page, cache_data(e).data, ordinal, offset);
	cache_release(e);
	return rc;
}
