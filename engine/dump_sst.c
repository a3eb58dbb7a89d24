/* Tables; see dump.h. */
#include <inttypes.h>
#include <stdlib.h>

#include "engine/base/error.h"
#include "engine/cache.h"
#include "engine/dump.h"
#include "engine/page.h"
#include "engine/sst_format.h"

static struct dump_part part_of(const char *what, struct sst_handle h)
{
	return (struct dump_part){ what, h.offset,
				   h.size + SST_CHUNK_TRAILER_SIZE };
}

static int say_props(struct dump *d, struct sst_handle h,
		     const struct sst_props *p)
{
	struct dump_part part = part_of("properties", h);
	size_t i;
	int rc;

	rc = dump_say(d, part,
		      "entries %" PRIu64 " tombstones %" PRIu64 " seq %" PRIu64
		      " to %" PRIu64 " raw_bytes %" PRIu64 " blocks %" PRIu64
		      " index_levels %" PRIu64 " ranges %" PRIu64 " blobs %zu",
		      p->entries, p->tombstones, p->seq_min, p->seq_max,
		      p->raw_bytes, p->data_blocks, p->index_levels,
		      p->range_count, p->blob_refs.count);
	part.what = "refers";
	for (i = 0; rc == 0 && i < p->blob_refs.count; i++) {
		const struct blob_refs_item *item = &p->blob_refs.items[i];

		rc = dump_say(d, part,
			      "blob %" PRIu64 " values %" PRIu64
			      " stored_bytes %" PRIu64 " raw_bytes %" PRIu64,
			      item->blob_id, item->count, item->stored_bytes,
			      item->raw_bytes);
	}
	return rc;
}

static int read_props(struct dump *d, struct sst_props *p)
{
	struct sst_handle handle = { 0 };
	void *data = NULL;
	size_t size;
	int rc;

	rc = sst_footer_read(d->file, d->size, d->header.salt, &handle);
	if (rc == 0)
		rc = sst_chunk_read(d->file, d->size, d->header.salt, handle,
				    &data, &size);
	if (rc == 0)
		rc = sst_props_decode(p, slice_of(data, size));
	free(data);
	return rc < 0 ? rc : say_props(d, handle, p);
}

static int each_entry(struct dump *d, struct sst_handle h,
		      enum sst_page_kind kind)
{
	const char *what = kind == SST_PAGE_DATA ? "block" : "ranges";
	struct dump_part part = part_of(what, h);
	struct page *page;
	struct entry e;
	uint32_t i;
	int rc;

	rc = sst_page_read(d->file, d->size, d->header.salt, h, kind, NULL,
			   &page);
	if (rc < 0)
		return dump_damage(d, part, rc);
	rc = dump_say(d, part, "entries %" PRIu32 " memory %" PRIu32,
		      page->count, page->size);
	for (i = 0; rc == 0 && i < page->count; i++) {
		page_get(page, i, &e);
		rc = dump_entry(d, part, &e);
	}
	cache_discard(NULL, page);
	return rc;
}

/* @levels of index below this block, 1 or 2. */
static int each_block(struct dump *d, struct sst_handle h, uint64_t levels)
{
	struct dump_part part = part_of("index", h);
	struct page *page;
	struct entry e;
	uint32_t i;
	int rc;

	rc = sst_page_read(d->file, d->size, d->header.salt, h, SST_PAGE_INDEX,
			   NULL, &page);
	if (rc < 0)
		return dump_damage(d, part, rc);
	rc = dump_say(d, part, "leads to %" PRIu32 " %s", page->count,
		      levels > 1 ? "index blocks" : "blocks");
	for (i = 0; rc == 0 && i < page->count; i++) {
		page_get(page, i, &e);
		h = sst_handle_decode(e.value.data);
		rc = levels > 1 ? each_block(d, h, levels - 1)
				: each_entry(d, h, SST_PAGE_DATA);
	}
	cache_discard(NULL, page);
	return rc;
}

static int say_filter(struct dump *d, struct sst_handle h)
{
	struct dump_part part = part_of("filter", h);
	void *data;
	size_t size;
	int rc;

	rc = sst_chunk_read(d->file, d->size, d->header.salt, h, &data, &size);
	if (rc < 0)
		return dump_damage(d, part, rc);
	free(data);
	return dump_say(d, part, "bytes %zu", size);
}

int dump_sst(struct dump *d)
{
	struct sst_props p = { 0 };
	int rc;

	rc = read_props(d, &p);
	if (rc < 0) {
		/* Without them nobody knows where a block begins. */
		rc = dump_damage(
			d,
			(struct dump_part){ "properties", FILE_HEADER_SIZE,
					    d->size - FILE_HEADER_SIZE },
			rc);
		sst_props_fini(&p);
		return rc;
	}
	rc = each_block(d, p.root, p.index_levels);
	if (rc == 0 && p.ranges.size > 0)
		rc = each_entry(d, p.ranges, SST_PAGE_RANGES);
	if (rc == 0)
		rc = say_filter(d, p.filter);
	sst_props_fini(&p);
	return rc;
}
