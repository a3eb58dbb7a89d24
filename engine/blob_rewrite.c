#include "engine/blob_rewrite.h"

#include <stdlib.h>

#include "engine/base/error.h"
#include "engine/blob_dir.h"
#include "engine/blob_record.h"
#include "engine/file_format.h"

#define PORTION_BYTES (1 * MIB)

struct blob_rewrite {
	struct blob *old;                  /* borrowed */
	const struct blob_handle *handles; /* borrowed */
	size_t count;
	size_t done; /* of the handles */
	uint64_t number;
	struct env_file *file; /* owned, until it is finished */
	uint64_t salt;
	uint64_t offset;           /* where the next portion goes */
	struct buf bytes;          /* of the portion */
	struct blob_place *places; /* owned: of what is done */
};

uint64_t blob_rewrite_size(uint64_t count, uint64_t bytes)
{
	return FILE_HEADER_SIZE + bytes + blob_dir_size(count);
}

int blob_rewrite_open(struct blob_rewrite **out, struct blob *old,
		      uint64_t number, const uint8_t store_id[16],
		      const struct blob_handle *handles, size_t count)
{
	struct file_header header;
	struct blob_rewrite *w;
	int rc;

	assert(count > 0 && count <= UINT32_MAX);
	w = calloc(1, sizeof(*w));
	if (!w)
		return -ENOMEM;
	w->places = calloc(count, sizeof(*w->places));
	if (!w->places) {
		free(w);
		return -ENOMEM;
	}
	rc = file_create_flagged(old->env, FILE_BLOB, FILE_BLOB_MOVED, number,
				 store_id, &w->file, &header);
	if (rc < 0) {
		free(w->places);
		free(w);
		return rc;
	}
	w->old = old;
	w->handles = handles;
	w->count = count;
	w->number = number;
	w->salt = header.salt;
	w->offset = FILE_HEADER_SIZE;
	*out = w;
	return 0;
}

void blob_rewrite_close(struct blob_rewrite *w)
{
	char name[ENV_NAME_MAX + 1];

	if (!w)
		return;
	if (w->file) {
		env_close(w->file);
		file_name(name, FILE_BLOB, w->number);
		/* What stays behind is removed when the store is opened. */
		(void)!env_remove(w->old->env, name);
	}
	buf_fini(&w->bytes);
	free(w->places);
	free(w);
}

/* How many from the next on lie one behind the other, and their bytes. */
static size_t next_run(const struct blob_rewrite *w, size_t *bytes)
{
	const struct blob_handle *h = w->handles + w->done;
	size_t left = w->count - w->done, n = 0;
	uint64_t size = 0;

	do {
		size += blob_record_size(&h[n++]);
	} while (n < left && w->bytes.size + size < PORTION_BYTES &&
		 h[n].offset == h[0].offset + size);
	*bytes = size;
	return n;
}

/* Checks the next record, at @record, and gives it its new place. */
static int move_record(struct blob_rewrite *w, uint8_t *record)
{
	const struct blob_handle *h = &w->handles[w->done];
	uint64_t at = w->offset + (uint64_t)(record - w->bytes.data);
	int rc;

	rc = blob_record_verify(w->old, h, record);
	if (rc < 0)
		return rc;
	if (at > BLOB_DIR_OFFSET_MAX)
		return -EFBIG;
	blob_record_seal(record, w->salt, at);
	w->places[w->done++] = (struct blob_place){
		.ordinal = (uint32_t)h->ordinal,
		.offset = at,
	};
	return 0;
}

static int copy_run(struct blob_rewrite *w)
{
	uint64_t from = w->handles[w->done].offset;
	uint8_t *record;
	size_t n, size;
	int rc;

	n = next_run(w, &size);
	rc = buf_reserve(&w->bytes, size);
	if (rc < 0)
		return rc;
	record = w->bytes.data + w->bytes.size;
	rc = env_read_full(w->old->file, record, size, from);
	while (rc == 0 && n-- > 0) {
		uint64_t taken = blob_record_size(&w->handles[w->done]);

		rc = move_record(w, record);
		record += taken;
	}
	if (rc == 0)
		w->bytes.size += size;
	return rc;
}

static int write_bytes(struct blob_rewrite *w)
{
	struct slice part = buf_slice(&w->bytes);
	int rc = env_write_at(w->file, &part, 1, w->offset);

	if (rc < 0)
		return rc;
	w->offset += part.size;
	buf_reset(&w->bytes);
	return 0;
}

int blob_rewrite_step(struct blob_rewrite *w)
{
	int rc = 0;

	while (rc == 0 && w->done < w->count && w->bytes.size < PORTION_BYTES)
		rc = copy_run(w);
	if (rc == 0)
		rc = write_bytes(w);
	return rc < 0 ? rc : w->done < w->count;
}

static int by_ordinal(const void *a, const void *b)
{
	const struct blob_place *x = a, *y = b;

	return x->ordinal < y->ordinal ? -1 : x->ordinal > y->ordinal;
}

int blob_rewrite_finish(struct blob_rewrite *w, struct blob **out)
{
	const struct blob_dir_home home = {
		.id = w->old->id,
		.salt = w->salt,
		.offset = w->offset,
	};
	struct blob *b;
	int rc;

	assert(w->done == w->count && w->bytes.size == 0);
	qsort(w->places, w->count, sizeof(*w->places), by_ordinal);
	rc = blob_dir_encode(&w->bytes, w->places, (uint32_t)w->count, &home);
	if (rc == 0)
		rc = write_bytes(w);
	if (rc == 0)
		rc = env_sync(w->file);
	if (rc < 0)
		return rc;
	env_seal(w->file);
	b = blob_successor(w->old, w->number, w->file, w->salt, w->offset);
	if (!b)
		return -ENOMEM;
	w->file = NULL;
	*out = b;
	return 0;
}
