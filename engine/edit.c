/* Edits: building, encoding, adding them up.  See version.h. */
#include <stdlib.h>

#include "engine/base/coding.h"
#include "engine/base/error.h"
#include "engine/version.h"

void edit_fini(struct edit *e)
{
	size_t i;

	for (i = 0; i < e->added_count; i++)
		sst_unref(e->added[i].sst);
	for (i = 0; i < e->blobs_added_count; i++)
		blob_unref(e->blobs_added[i].blob);
	free(e->added);
	free(e->removed);
	free(e->blobs_added);
	free(e->blobs_removed);
	*e = (struct edit){ 0 };
}

/*
 * Room for one more.  The capacity is the power of two at or above the count,
 * so it need not be kept; an array that had shrunk may be larger.
 */
static void *grow(void *array, size_t count, size_t item_size)
{
	if (count > 0 && (count & (count - 1)) != 0)
		return array;
	return reallocarray(array, count ? count * 2 : 1, item_size);
}

static int push_sst(struct edit_sst **array, size_t *count,
		    struct edit_sst item)
{
	struct edit_sst *grown = grow(*array, *count, sizeof(item));

	if (!grown)
		return -ENOMEM;
	*array = grown;
	grown[(*count)++] = item;
	return 0;
}

static int push_blob(struct edit_blob **array, size_t *count,
		     struct edit_blob item)
{
	struct edit_blob *grown = grow(*array, *count, sizeof(item));

	if (!grown)
		return -ENOMEM;
	*array = grown;
	grown[(*count)++] = item;
	return 0;
}

int edit_add_sst(struct edit *e, unsigned level, struct sst *sst)
{
	struct edit_sst item = { .level = level,
				 .number = sst->number,
				 .sst = sst };
	int rc = push_sst(&e->added, &e->added_count, item);

	if (rc == 0)
		sst_ref(sst);
	return rc;
}

int edit_remove_sst(struct edit *e, unsigned level, uint64_t number)
{
	struct edit_sst item = { .level = level, .number = number };

	return push_sst(&e->removed, &e->removed_count, item);
}

int edit_add_blob(struct edit *e, uint64_t id, uint64_t number,
		  struct blob *blob)
{
	struct edit_blob item = { .id = id, .number = number, .blob = blob };
	int rc = push_blob(&e->blobs_added, &e->blobs_added_count, item);

	if (rc == 0 && blob)
		blob_ref(blob);
	return rc;
}

int edit_remove_blob(struct edit *e, uint64_t id)
{
	struct edit_blob item = { .id = id };

	return push_blob(&e->blobs_removed, &e->blobs_removed_count, item);
}

static void put2(struct buf *out, uint64_t tag, uint64_t a)
{
	buf_put_varint(out, tag);
	buf_put_varint(out, a);
}

static int encode_sst(const struct edit_sst *item, struct buf *props,
		      struct buf *out)
{
	int rc;

	buf_reset(props);
	rc = sst_props_encode(&item->sst->props, props);
	if (rc == 0)
		rc = buf_reserve(out, 5 * VARINT_SIZE_MAX + props->size);
	if (rc < 0)
		return rc;
	put2(out, EDIT_ADD_SST, item->level);
	buf_put_varint(out, item->number);
	buf_put_varint(out, item->sst->size);
	buf_put_varint(out, props->size);
	buf_put(out, props->data, props->size);
	return 0;
}

int edit_encode(const struct edit *e, struct buf *out)
{
	struct buf props = BUF_INIT;
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < e->added_count; i++)
		rc = encode_sst(&e->added[i], &props, out);
	buf_fini(&props);
	if (rc == 0)
		rc = buf_reserve(
			out, (6 + 3 * (e->removed_count + e->blobs_added_count +
				       e->blobs_removed_count)) *
				     VARINT_SIZE_MAX);
	if (rc < 0)
		return rc;

	for (i = 0; i < e->removed_count; i++) {
		put2(out, EDIT_REMOVE_SST, e->removed[i].level);
		buf_put_varint(out, e->removed[i].number);
	}
	for (i = 0; i < e->blobs_added_count; i++) {
		put2(out, EDIT_ADD_BLOB, e->blobs_added[i].id);
		buf_put_varint(out, e->blobs_added[i].number);
	}
	for (i = 0; i < e->blobs_removed_count; i++)
		put2(out, EDIT_REMOVE_BLOB, e->blobs_removed[i].id);
	if (e->wal_min)
		put2(out, EDIT_WAL_MIN, e->wal_min);
	if (e->next_number)
		put2(out, EDIT_NEXT_NUMBER, e->next_number);
	if (e->seq_last)
		put2(out, EDIT_SEQ_LAST, e->seq_last);
	return 0;
}

static int nonsense(const char *what)
{
	return error_set(-EUCLEAN, "manifest: %s", what);
}

static int decode_sst(struct edit *e, struct decoder *d, struct env *env,
		      const uint8_t *store_id)
{
	uint64_t level = decoder_varint(d), number = decoder_varint(d);
	uint64_t size = decoder_varint(d);
	struct slice bytes = decoder_bytes(d, decoder_varint(d));
	struct sst_props props = { 0 };
	struct sst *sst;
	int rc;

	if (!decoder_ok(d) || level >= VERSION_LEVELS)
		return nonsense("malformed table");
	rc = sst_props_decode(&props, bytes);
	if (rc < 0) {
		sst_props_fini(&props);
		return rc == -EUCLEAN ? nonsense("malformed properties") : rc;
	}
	sst = sst_new(env, store_id, number, size, &props);
	if (!sst)
		return -ENOMEM;
	rc = edit_add_sst(e, (unsigned)level, sst);
	sst_unref(sst);
	return rc;
}

static int decode_item(struct edit *e, struct decoder *d, struct env *env,
		       const uint8_t *store_id)
{
	uint64_t tag = decoder_varint(d), level, id;

	switch (tag) {
	case EDIT_ADD_SST:
		return decode_sst(e, d, env, store_id);
	case EDIT_REMOVE_SST:
		level = decoder_varint(d);
		if (level >= VERSION_LEVELS)
			return nonsense("malformed removal");
		return edit_remove_sst(e, (unsigned)level, decoder_varint(d));
	case EDIT_ADD_BLOB:
		id = decoder_varint(d);
		return edit_add_blob(e, id, decoder_varint(d), NULL);
	case EDIT_REMOVE_BLOB:
		return edit_remove_blob(e, decoder_varint(d));
	case EDIT_WAL_MIN:
		e->wal_min = decoder_varint(d);
		return 0;
	case EDIT_NEXT_NUMBER:
		e->next_number = decoder_varint(d);
		return 0;
	case EDIT_SEQ_LAST:
		e->seq_last = decoder_varint(d);
		return 0;
	default:
		return nonsense("unknown item");
	}
}

int edit_decode(struct edit *e, struct slice in, struct env *env,
		const uint8_t *store_id)
{
	struct decoder d = decoder_of(in);
	int rc = 0;

	while (rc == 0 && decoder_ok(&d) && decoder_left(&d) > 0)
		rc = decode_item(e, &d, env, store_id);
	if (rc == 0 && !decoder_done(&d))
		rc = nonsense("cut short");
	return rc;
}

static int fold_ssts(struct edit *sum, struct edit *e)
{
	size_t i, j;
	int rc;

	for (i = 0; i < e->removed_count; i++) {
		const struct edit_sst *gone = &e->removed[i];

		for (j = 0; j < sum->added_count; j++)
			if (sum->added[j].number == gone->number &&
			    sum->added[j].level == gone->level)
				break;
		if (j == sum->added_count)
			return nonsense("removes a table that is not there");
		sst_unref(sum->added[j].sst);
		sum->added[j] = sum->added[--sum->added_count];
	}
	for (i = 0; i < e->added_count; i++) {
		rc = edit_add_sst(sum, e->added[i].level, e->added[i].sst);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int fold_blobs(struct edit *sum, struct edit *e)
{
	size_t i, j;
	int rc;

	for (i = 0; i < e->blobs_removed_count; i++) {
		for (j = 0; j < sum->blobs_added_count; j++)
			if (sum->blobs_added[j].id == e->blobs_removed[i].id)
				break;
		if (j == sum->blobs_added_count)
			return nonsense("removes a blob that is not there");
		sum->blobs_added[j] =
			sum->blobs_added[--sum->blobs_added_count];
	}
	for (i = 0; i < e->blobs_added_count; i++) {
		rc = edit_add_blob(sum, e->blobs_added[i].id,
				   e->blobs_added[i].number, NULL);
		if (rc < 0)
			return rc;
	}
	return 0;
}

int edit_fold(struct edit *sum, struct edit *e)
{
	int rc = fold_ssts(sum, e);

	if (rc == 0)
		rc = fold_blobs(sum, e);
	if (rc < 0)
		return rc;
	sum->wal_min = u64_max(sum->wal_min, e->wal_min);
	sum->next_number = u64_max(sum->next_number, e->next_number);
	sum->seq_last = u64_max(sum->seq_last, e->seq_last);
	return 0;
}
