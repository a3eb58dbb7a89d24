/* Where the values of a store lie, and what they take there. */
#include "engine/iter.h"

/* A blob that is missing is for who reads the value to tell of. */
int kv_iter_place(const struct kv_iter *it, struct kv_place *out)
{
	struct kv_place place = { 0 };
	struct blob_handle handle;
	struct blob *b;
	int rc;

	if ((it->tag & 0xff) != ENTRY_BLOB) {
		place.stored_bytes = place.raw_bytes = it->value.size;
		*out = place;
		return 0;
	}
	rc = blob_handle_decode(&handle, it->value);
	if (rc < 0)
		return rc;
	if (view_blob(it->view, handle.blob_id, &b) == 0)
		place.file = b->number;
	place.blob_id = handle.blob_id;
	place.ordinal = handle.ordinal;
	place.stored_bytes = blob_record_size(&handle);
	place.raw_bytes = handle.raw_size;
	*out = place;
	return 0;
}

int kv_iter_offset(const struct kv_iter *it, uint64_t *offset)
{
	struct blob_handle handle;
	struct blob *b;
	int rc;

	if ((it->tag & 0xff) != ENTRY_BLOB)
		return -EINVAL;
	rc = blob_handle_decode(&handle, it->value);
	if (rc == 0)
		rc = view_blob(it->view, handle.blob_id, &b);
	if (rc == 0)
		rc = blob_locate(b, &handle, it->kv->blobs, offset);
	return rc;
}
