/*
 * Blob files; see dump.h.  They are read by handle, so that between records
 * there may be what a failed write left: the next record is where the next
 * checksum is right.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "engine/base/coding.h"
#include "engine/base/error.h"
#include "engine/blob_dir.h"
#include "engine/blob_record.h"
#include "engine/dump.h"

/*
 * The record at @offset: 1 if it verifies, its handle filled but for the id;
 * then @key is the caller's to free.
 */
static int read_record(struct dump *d, uint64_t offset, uint64_t end,
		       struct blob_handle *h, uint8_t **key)
{
	uint8_t head[BLOB_RECORD_HEADER_SIZE], *record;
	uint64_t size;
	bool right;
	int rc;

	if (end - offset < sizeof(head))
		return 0;
	rc = env_read_full(d->file, head, sizeof(head), offset);
	if (rc < 0)
		return rc;
	*h = (struct blob_handle){
		.ordinal = get_le32(head + 8),
		.offset = offset,
		.stored_size = get_le32(head),
		.raw_size = get_le32(head + 4),
		.key_size = get_le16(head + 12),
	};
	size = sizeof(head) + h->key_size + h->stored_size;
	if (h->key_size == 0 || h->key_size > KV_KEY_MAX || head[15] != 0 ||
	    head[14] > BLOB_LZ4 || h->raw_size > KV_VALUE_MAX ||
	    size > end - offset)
		return 0;
	record = malloc(size);
	if (!record)
		return -ENOMEM;
	rc = env_read_full(d->file, record, size, offset);
	if (rc < 0) {
		free(record);
		return rc;
	}
	blob_record_seal(record, d->header.salt, offset);
	right = memcmp(record, head, sizeof(head)) == 0;
	if (!right) {
		free(record);
		return 0;
	}
	*key = record;
	return 1;
}

static int say_record(struct dump *d, const struct blob_handle *h,
		      const uint8_t *record)
{
	struct dump_part part = { "record", h->offset, blob_record_size(h) };
	struct entry e = {
		.key = slice_of(record + BLOB_RECORD_HEADER_SIZE, h->key_size),
		.tag = entry_tag(0, ENTRY_BLOB),
	};
	int rc;

	rc = dump_say(d, part,
		      "ordinal %" PRIu64 " stored %" PRIu64 " raw %" PRIu64
		      " codec %u",
		      h->ordinal, h->stored_size, h->raw_size, record[14]);
	if (rc < 0 || !d->entries)
		return rc;
	return dump_entry(d, part, &e);
}

/* Nothing tells a damaged record from what a failed write left. */
static int say_gap(struct dump *d, uint64_t from, uint64_t to)
{
	struct dump_part part = { "gap", from, to - from };

	if (from == to)
		return 0;
	return dump_say(d, part,
			"no record that verifies: damaged, or left by a write "
			"that failed");
}

/* Where the records end: in a file that was rewritten, before its directory. */
static int find_end(struct dump *d, uint64_t *end)
{
	struct dump_part part = { "directory", 0, 0 };
	struct blob_dir *dir;
	int rc;

	*end = d->size;
	if (!(d->header.flags & FILE_BLOB_MOVED))
		return 0;
	rc = blob_dir_open(&dir, d->file, d->size, d->header.salt);
	if (rc < 0) {
		part.size = d->size;
		return dump_damage(d, part, rc);
	}
	part.offset = blob_dir_offset(dir);
	part.size = d->size - part.offset;
	*end = part.offset;
	rc = dump_say(d, part, "blob %" PRIu64, blob_dir_id(dir));
	blob_dir_close(dir);
	return rc;
}

int dump_blob(struct dump *d)
{
	uint64_t offset = FILE_HEADER_SIZE, gap = offset, end;
	struct blob_handle h;
	uint8_t *record;
	int rc;

	rc = find_end(d, &end);
	while (rc == 0 && offset < end) {
		rc = read_record(d, offset, end, &h, &record);
		if (rc == 0)
			offset += BLOB_ALIGN;
		if (rc <= 0)
			continue;
		rc = say_gap(d, gap, offset);
		if (rc == 0)
			rc = say_record(d, &h, record);
		free(record);
		offset += blob_record_size(&h);
		gap = offset;
	}
	return rc < 0 ? rc : say_gap(d, u64_min(gap, end), end);
}
