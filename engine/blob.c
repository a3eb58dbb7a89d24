/* One blob file and its records: see vlog.h. */
#include <inttypes.h>
#include <lz4.h>
#include <stdlib.h>

#include "engine/base/coding.h"
#include "engine/base/error.h"
#include "engine/base/hash.h"
#include "engine/blob_dir.h"
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
	b->users = calloc(1, sizeof(*b->users));
	if (!b->users) {
		free(b);
		return NULL;
	}
	b->users->refs = 1;
	b->env = env;
	b->id = id;
	b->number = number;
	b->refs = 1;
	return b;
}

/* Of one that has no file. */
static void blob_free(struct blob *b)
{
	blob_dir_close(b->dir);
	if (atomic_fetch_sub(&b->users->refs, 1) == 1)
		free(b->users);
	free(b);
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
		blob_free(b);
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
	b->moved = header.flags & FILE_BLOB_MOVED;
	b->size = size;
	b->sealed = true;
	*out = b;
	return 0;

close_file:
	env_close(b->file);
free_blob:
	blob_free(b);
	return rc;
}

int blob_open_found(struct blob **out, struct env *env, uint64_t number,
		    const uint8_t store_id[16])
{
	struct blob_dir *dir;
	struct blob *b;
	int rc;

	rc = blob_open(&b, env, number, number, store_id);
	if (rc < 0)
		return rc;
	if (b->moved) {
		rc = blob_dir_open(&dir, b->file, b->size, b->salt);
		if (rc < 0) {
			blob_unref(b);
			return rc;
		}
		b->dir = dir;
		b->id = blob_dir_id(dir);
	}
	*out = b;
	return 0;
}

struct blob *blob_successor(struct blob *old, uint64_t number,
			    struct env_file *file, uint64_t salt, uint64_t size)
{
	struct blob *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->env = old->env;
	b->file = file;
	b->id = old->id;
	b->number = number;
	b->salt = salt;
	b->moved = true;
	b->users = old->users;
	atomic_fetch_add_explicit(&b->users->refs, 1, memory_order_relaxed);
	b->refs = 1;
	b->size = size;
	b->sealed = true;
	return b;
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
	blob_free(b);
}

static int bad_record(int rc, const struct blob *b, const struct blob_handle *h,
		      const char *what)
{
	return error_set(rc,
			 "%s: value at %" PRIu64 " of %" PRIu64 " bytes: %s",
			 b->file->name, h->offset, h->stored_size, what);
}

/*
 * Of the first 16 bytes of the header and the @size bytes behind it.  For a
 * moment these lie where the checksum in between has its place: one piece is
 * summed up twice as fast as two.
 */
static uint64_t record_checksum(uint8_t *record, size_t size, uint64_t salt,
				uint64_t offset)
{
	uint8_t header[BLOB_RECORD_HEADER_SIZE];
	uint64_t sum;

	memcpy(header, record, sizeof(header));
	memcpy(record + 8, header, 16);
	sum = checksum(file_seed(salt, offset), record + 8, 16 + size);
	memcpy(record, header, sizeof(header));
	return sum;
}

void blob_record_seal(uint8_t *record, uint64_t salt, uint64_t offset)
{
	size_t size = (size_t)get_le32(record) + get_le16(record + 12);

	put_le64(record + 16, record_checksum(record, size, salt, offset));
}

int blob_record_verify(const struct blob *b, const struct blob_handle *h,
		       uint8_t *record)
{
	size_t size = h->key_size + h->stored_size;

	if (get_le64(record + 16) !=
	    record_checksum(record, size, b->salt, h->offset))
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

static int open_dir(const struct blob *b, struct blob_dir **out)
{
	struct blob_dir *dir;
	int rc;

	rc = blob_dir_open(&dir, b->file, b->size, b->salt);
	if (rc < 0)
		return rc;
	if (blob_dir_id(dir) != b->id) {
		rc = error_set(-EUCLEAN,
			       "%s: holds values of blob %" PRIu64
			       ", not of %" PRIu64,
			       b->file->name, blob_dir_id(dir), b->id);
		blob_dir_close(dir);
		return rc;
	}
	*out = dir;
	return 0;
}

/* The directory, opened if nobody has yet; it lives as long as @b. */
static int get_dir(struct blob *b, struct blob_dir **out)
{
	struct blob_dir *dir = b->dir, *none = NULL;
	int rc;

	if (!dir) {
		rc = open_dir(b, &dir);
		if (rc < 0)
			return rc;
		if (!atomic_compare_exchange_strong(&b->dir, &none, dir)) {
			blob_dir_close(dir);
			dir = none;
		}
	}
	*out = dir;
	return 0;
}

int blob_locate(struct blob *b, const struct blob_handle *h,
		struct cache *cache, uint64_t *offset)
{
	struct blob_dir *dir;
	int rc;

	if (!b->moved) {
		*offset = h->offset;
		return 0;
	}
	rc = get_dir(b, &dir);
	/* No file has the number of another's id, nor an id another's number.
	 */
	return rc < 0 ? rc
		      : blob_dir_find(dir, cache, b->number, h->ordinal,
				      offset);
}

static int read_value(struct blob *b, const struct blob_handle *h,
		      struct cache *cache, void **data)
{
	size_t size = BLOB_RECORD_HEADER_SIZE + h->key_size + h->stored_size;
	struct blob_handle at = *h;
	uint8_t *record;
	int rc;

	rc = blob_locate(b, h, cache, &at.offset);
	if (rc < 0)
		return rc;
	record = malloc(size);
	if (!record)
		return -ENOMEM;
	rc = env_read_full(b->file, record, size, at.offset);
	if (rc == -EUCLEAN)
		rc = bad_record(rc, b, &at, "outside the file");
	if (rc == 0)
		rc = blob_record_verify(b, &at, record);
	if (rc == 0)
		rc = unpack(b, &at, record, data);
	if (rc < 0)
		free(record);
	return rc;
}

int blob_read(struct blob *b, const struct blob_handle *h, void **data)
{
	return read_value(b, h, NULL, data);
}

/* A value to be read: what load_value() needs to know. */
struct value_load {
	struct blob *blob;
	const struct blob_handle *handle;
	struct cache *cache;
};

static int load_value(const void *context, void **data, size_t *size)
{
	const struct value_load *l = context;
	int rc = read_value(l->blob, l->handle, l->cache, data);

	if (rc == 0)
		*size = l->handle->raw_size;
	return rc;
}

int blob_read_cached(struct blob *b, const struct blob_handle *h,
		     struct cache *cache, struct cache_entry **out)
{
	struct value_load l = { .blob = b, .handle = h, .cache = cache };

	/* By ordinal, which stays the same when the file is rewritten. */
	return cache_get_or_load(cache, b->id, h->ordinal, load_value, &l, out);
}
