/* One blob file and its records: see vlog.h. */
#include <inttypes.h>
#include <lz4.h>
#include <stdlib.h>

#include "engine/base/coding.h"
#include "engine/base/error.h"
#include "engine/base/hash.h"
#include "engine/blob_record.h"
#include "engine/cache.h"
#include "engine/file_format.h"
#include "engine/kv.h"
#include "engine/ordinals.h"
#include "engine/vlog.h"

size_t blob_handle_encode(const struct blob_handle *h,
			  uint8_t out[BLOB_HANDLE_SIZE_MAX])
{
	uint8_t *p = out;

	p = put_varint(p, h->blob_id);
	p = put_varint(p, h->ordinal);
	p = put_varint(p, h->offset / BLOB_ALIGN);
	p = put_varint(p, h->stored_size);
	p = put_varint(p, h->raw_size);
	p = put_varint(p, h->key_size);
	return (size_t)(p - out);
}

int blob_handle_decode(struct blob_handle *h, struct slice in)
{
	struct decoder d = decoder_of(in);

	h->blob_id = decoder_varint(&d);
	h->ordinal = decoder_varint(&d);
	h->offset = decoder_varint(&d);
	h->stored_size = decoder_varint(&d);
	h->raw_size = decoder_varint(&d);
	h->key_size = decoder_varint(&d);
	if (!decoder_done(&d) || h->offset > INT64_MAX / BLOB_ALIGN ||
	    h->ordinal >= ORDINALS_MAX || h->stored_size > KV_VALUE_MAX ||
	    h->raw_size > KV_VALUE_MAX || h->key_size > KV_KEY_MAX)
		return error_set(-EUCLEAN, "value log: malformed handle");
	h->offset *= BLOB_ALIGN;
	return 0;
}

uint64_t blob_record_size(const struct blob_handle *h)
{
	uint64_t size = BLOB_RECORD_HEADER_SIZE + h->key_size + h->stored_size;

	return (size + BLOB_ALIGN - 1) & ~(uint64_t)(BLOB_ALIGN - 1);
}

static struct blob *blob_new(struct env *env, uint64_t id, uint64_t number)
{
	struct blob *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->env = env;
	b->id = id;
	b->number = number;
	b->refs = 1;
	return b;
}

int blob_create(struct blob **out, struct env *env, uint64_t id,
		uint64_t number, const uint8_t store_id[16])
{
	struct blob *b = blob_new(env, id, number);
	struct file_header header;
	int rc;

	if (!b)
		return -ENOMEM;
	rc = file_create(env, FILE_BLOB, number, store_id, &b->file, &header);
	if (rc < 0) {
		free(b);
		return rc;
	}
	b->salt = header.salt;
	b->size = FILE_HEADER_SIZE;
	*out = b;
	return 0;
}

int blob_open(struct blob **out, struct env *env, uint64_t id, uint64_t number,
	      const uint8_t store_id[16])
{
	struct blob *b = blob_new(env, id, number);
	struct file_header header;
	uint64_t size;
	int rc;

	if (!b)
		return -ENOMEM;
	rc = file_open(env, FILE_BLOB, number, store_id, ENV_READ, &b->file,
		       &header);
	if (rc < 0)
		goto free_blob;
	rc = env_size(b->file, &size);
	if (rc < 0)
		goto close_file;
	b->salt = header.salt;
	b->size = size;
	b->sealed = true;
	*out = b;
	return 0;

close_file:
	env_close(b->file);
free_blob:
	free(b);
	return rc;
}

struct blob *blob_ref(struct blob *b)
{
	atomic_fetch_add_explicit(&b->refs, 1, memory_order_relaxed);
	return b;
}

void blob_unref(struct blob *b)
{
	char name[ENV_NAME_MAX + 1];

	if (!b || atomic_fetch_sub(&b->refs, 1) > 1)
		return;
	env_close(b->file);
	if (b->dropped) {
		file_name(name, FILE_BLOB, b->number);
		/* What stays behind is removed when the store is opened. */
		(void)!env_remove(b->env, name);
	}
	free(b);
}

static int bad_record(int rc, const struct blob *b, const struct blob_handle *h,
		      const char *what)
{
	return error_set(rc,
			 "%s: value at %" PRIu64 " of %" PRIu64 " bytes: %s",
			 b->file->name, h->offset, h->stored_size, what);
}

/* Checks the whole @record against its checksum and its handle. */
static int verify(const struct blob *b, const struct blob_handle *h,
		  const uint8_t *record)
{
	size_t size = h->key_size + h->stored_size;

	if (get_le64(record + 16) !=
	    checksum2(file_seed(b->salt, h->offset), slice_of(record, 16),
		      slice_of(record + BLOB_RECORD_HEADER_SIZE, size)))
		return bad_record(-EBADMSG, b, h, "bad checksum");
	if (get_le32(record) != h->stored_size ||
	    get_le32(record + 4) != h->raw_size ||
	    get_le32(record + 8) != h->ordinal ||
	    get_le16(record + 12) != h->key_size || record[14] > BLOB_LZ4 ||
	    record[15] != 0)
		return bad_record(-EUCLEAN, b, h, "another record");
	return 0;
}

static int unpack(const struct blob *b, const struct blob_handle *h,
		  uint8_t *record, void **data)
{
	uint8_t *value = record + BLOB_RECORD_HEADER_SIZE + h->key_size;
	uint8_t *raw;

	if (record[14] == BLOB_STORED) {
		if (h->raw_size != h->stored_size)
			return bad_record(-EUCLEAN, b, h, "wrong size");
		memmove(record, value, h->raw_size);
		*data = record;
		return 0;
	}

	raw = malloc(size_max(h->raw_size, 1));
	if (!raw)
		return -ENOMEM;
	if (LZ4_decompress_safe((const char *)value, (char *)raw,
				(int)h->stored_size,
				(int)h->raw_size) != (int)h->raw_size) {
		free(raw);
		return bad_record(-EUCLEAN, b, h, "does not decompress");
	}
	free(record);
	*data = raw;
	return 0;
}

int blob_read(const struct blob *b, const struct blob_handle *h, void **data)
{
	size_t size = BLOB_RECORD_HEADER_SIZE + h->key_size + h->stored_size;
	uint8_t *record = malloc(size);
	int rc;

	if (!record)
		return -ENOMEM;
	rc = env_read_full(b->file, record, size, h->offset);
	if (rc == -EUCLEAN)
		rc = bad_record(rc, b, h, "outside the file");
	if (rc == 0)
		rc = verify(b, h, record);
	if (rc == 0)
		rc = unpack(b, h, record, data);
	if (rc < 0)
		free(record);
	return rc;
}

/* A value to be read: what load_value() needs to know. */
struct value_load {
	const struct blob *blob;
	const struct blob_handle *handle;
};

static int load_value(const void *context, void **data, size_t *size)
{
	const struct value_load *l = context;
	int rc = blob_read(l->blob, l->handle, data);

	if (rc == 0)
		*size = l->handle->raw_size;
	return rc;
}

int blob_read_cached(const struct blob *b, const struct blob_handle *h,
		     struct cache *cache, struct cache_entry **out)
{
	struct value_load l = { .blob = b, .handle = h };

	return cache_get_or_load(cache, b->id, h->offset, load_value, &l, out);
}
