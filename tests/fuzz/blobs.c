#include "engine/base/env.h"
#include "engine/base/error.h"
#include "engine/ordinals.h"
#include "engine/vlog.h"
#include "tests/fuzz/fuzz.h"

#define HANDLE_AT 64 /* a header is as long: the first record is behind it */
#define ORDINALS  64 /* that are tried */

static const uint8_t any_store[16];

/* The record at @offset, with the sizes that it may have. */
static void read_at(struct blob *b, uint64_t ordinal, uint64_t offset)
{
	static const uint64_t raw_sizes[] = { 1, 1000, 3000 };
	struct blob_handle h = { .blob_id = blob_id(b),
				 .ordinal = ordinal,
				 .offset = offset,
				 .key_size = 9 };
	size_t i;
	void *data;

	for (i = 0; i < ARRAY_SIZE(raw_sizes); i++) {
		h.raw_size = raw_sizes[i];
		for (h.stored_size = 1; h.stored_size <= h.raw_size;
		     h.stored_size += 1 + h.stored_size / 2)
			if (blob_read(b, &h, &data) == 0)
				free(data);
	}
}

/* The first bytes are a handle as well. */
static void read_by_handle(struct blob *b, struct slice in)
{
	struct blob_handle h;
	void *data;

	if (in.size < HANDLE_AT + BLOB_HANDLE_SIZE_MAX)
		return;
	in = slice_of((const char *)in.data + in.size - BLOB_HANDLE_SIZE_MAX,
		      BLOB_HANDLE_SIZE_MAX);
	if (blob_handle_decode(&h, in) == 0 && h.raw_size < MIB &&
	    blob_read(b, &h, &data) == 0)
		free(data);
}

void fuzz_blobs(struct slice in)
{
	struct env *env = fuzz_env("000001.blob", in);
	struct blob *b;
	uint64_t i;

	if (blob_open_found(&b, env, 1, any_store) == 0) {
		for (i = 0; i < ORDINALS; i++)
			read_at(b, i, HANDLE_AT + 8 * i);
		read_by_handle(b, in);
		blob_unref(b);
	}
	env_free(env);
}

void fuzz_ordinals(struct slice in)
{
	struct ordinals set = { 0 };

	(void)!ordinals_decode(&set, in);
	ordinals_fini(&set);
}
