#include "engine/wal.h"

#include <stdlib.h>

#include "engine/base/error.h"
#include "engine/base/hash.h"
#include "engine/kv.h"

/* A sync of fewer bytes than this is a small one ... */
#define SMALL_SYNC_SIZE (128 * KIB)
/* ... and after so many in a row the log is taken to be synced often. */
#define SMALL_SYNCS_MIN 4
#define AHEAD_SIZE      (64 * KIB)

static void remove_file(const struct wal *w, uint64_t number)
{
	char name[ENV_NAME_MAX + 1];

	file_name(name, FILE_WAL, number);
	/* What stays behind is removed when the store is opened. */
	(void)!env_remove(w->env, name);
}

/* A reclog in the spare file if there is one, else in a new one. */
static int open_log(struct wal *w, const uint8_t store_id[16])
{
	uint64_t old = atomic_exchange(&w->spare->number, 0);
	int rc = -ENOENT;

	if (old != 0)
		rc = reclog_reuse(&w->log, w->env, FILE_WAL, old, w->number,
				  store_id);
	if (rc == -ENOENT)
		return reclog_create(&w->log, w->env, FILE_WAL, w->number,
				     store_id);
	if (rc < 0) {
		/* Of no use any more, by whichever name. */
		remove_file(w, old);
		remove_file(w, w->number);
	}
	return rc;
}

int wal_create(struct wal **out, struct env *env, uint64_t number,
	       const uint8_t store_id[16], struct wal_spare *spare)
{
	struct wal *w = calloc(1, sizeof(*w));
	int rc;

	if (!w)
		return -ENOMEM;
	w->env = env;
	w->number = number;
	w->spare = spare;
	w->refs = 1;
	rc = open_log(w, store_id);
	if (rc < 0) {
		free(w);
		return rc;
	}
	rc = wal_sync(w);
	if (rc == 0)
		rc = env_sync_dir(env);
	if (rc < 0) {
		reclog_close(w->log);
		remove_file(w, w->number);
		free(w);
		return rc;
	}
	*out = w;
	return 0;
}

struct wal *wal_ref(struct wal *w)
{
	atomic_fetch_add_explicit(&w->refs, 1, memory_order_relaxed);
	return w;
}

/* Leaves the file to the next log; false if there is a spare one already. */
static bool become_spare(struct wal *w)
{
	uint64_t none = 0, bytes = reclog_file_size(w->log);

	if (!atomic_compare_exchange_strong(&w->spare->number, &none,
					    w->number))
		return false;
	w->spare->bytes = bytes;
	return true;
}

void wal_unref(struct wal *w)
{
	if (!w || atomic_fetch_sub(&w->refs, 1) > 1)
		return;
	if (w->dropped && !become_spare(w))
		remove_file(w, w->number);
	reclog_close(w->log);
	free(w);
}

bool wal_is_synced_often(const struct wal *w)
{
	return w->small_syncs >= SMALL_SYNCS_MIN;
}

int wal_append(struct wal *w, const struct slice *payloads, size_t count)
{
	if (wal_is_synced_often(w))
		return reclog_append(w->log, payloads, count, AHEAD_SIZE);
	return reclog_append_over(w->log, payloads, count);
}

int wal_sync(struct wal *w)
{
	uint64_t size = reclog_size(w->log);
	int rc;

	if (w->synced == size)
		return 0;
	rc = reclog_sync(w->log);
	if (rc < 0)
		return rc;
	if (size - w->synced < SMALL_SYNC_SIZE)
		w->small_syncs++;
	else
		w->small_syncs = 0;
	w->synced = size;
	return 0;
}

int wal_put(struct buf *payload, enum entry_kind kind, struct slice key,
	    struct slice value)
{
	int rc = buf_reserve(payload,
			     1 + 2 * VARINT_SIZE_MAX + key.size + value.size);

	if (rc < 0)
		return rc;
	buf_put_u8(payload, (uint8_t)kind);
	buf_put_varint(payload, key.size);
	buf_put(payload, key.data, key.size);
	if (kind != ENTRY_DELETE) {
		buf_put_varint(payload, value.size);
		buf_put(payload, value.data, value.size);
	}
	return 0;
}

void wal_set_header(struct buf *payload, uint64_t seq, uint64_t durable,
		    uint32_t count)
{
	assert(payload->size >= WAL_HEADER_SIZE);
	put_le64(payload->data, seq);
	put_le64(payload->data + 8, durable);
	put_le32(payload->data + 16, count);
}

static uint64_t sign(const uint8_t *mark, uint64_t salt)
{
	return checksum(salt, mark, WAL_HEADER_SIZE);
}

void wal_set_mark(const struct wal *w, struct buf *payload, uint64_t seq,
		  uint64_t durable)
{
	assert(payload->size == WAL_MARK_SIZE);
	wal_set_header(payload, seq, durable, 0);
	put_le64(payload->data + WAL_HEADER_SIZE,
		 sign(payload->data, reclog_salt(w->log)));
}

bool wal_is_mark(struct slice payload, uint64_t salt)
{
	const uint8_t *p = payload.data;

	return payload.size == WAL_MARK_SIZE && get_le32(p + 16) == 0 &&
	       get_le64(p + WAL_HEADER_SIZE) == sign(p, salt);
}

int wal_record_open(struct wal_record *r, struct slice payload)
{
	r->rest = decoder_of(payload);
	r->seq = decoder_le64(&r->rest);
	r->durable = decoder_le64(&r->rest);
	r->count = decoder_le32(&r->rest);
	r->done = 0;
	/* A signature is of use only to wal_is_mark(). */
	if (r->count == 0 && decoder_left(&r->rest) > 0)
		(void)decoder_le64(&r->rest);
	if (!decoder_ok(&r->rest) || r->seq == 0 ||
	    r->seq > ENTRY_SEQ_MAX - r->count)
		return error_set(-EUCLEAN, "log: malformed record");
	return 0;
}

int wal_record_next(struct wal_record *r, struct entry *e)
{
	struct decoder *d = &r->rest;
	unsigned kind;

	if (r->done == r->count)
		return decoder_done(d)
			       ? 0
			       : error_set(-EUCLEAN, "log: trailing bytes");
	kind = decoder_u8(d);
	e->key = decoder_bytes(d, decoder_varint(d));
	e->value = slice_of(NULL, 0);
	if (kind != ENTRY_DELETE)
		e->value = decoder_bytes(d, decoder_varint(d));
	e->tag = entry_tag(r->seq + r->done, kind);
	if (!decoder_ok(d) || !entry_tag_valid(e->tag) || e->key.size == 0 ||
	    e->key.size > KV_KEY_MAX ||
	    (kind == ENTRY_RANGE_DELETE &&
	     (e->value.size == 0 || e->value.size > KV_KEY_MAX)))
		return error_set(-EUCLEAN, "log: malformed change");
	r->done++;
	return 1;
}
