/*
 * Tables without files: what a version knows of an SST, made by hand.
 */
#ifndef TESTS_ENGINE_TABLES_H
#define TESTS_ENGINE_TABLES_H

#include "tests/suite.h"

#include "engine/version.h"

static const uint8_t tables_store_id[16] = "tables, by hand";

/* A table from @min to @max that refers @refs times to blob @blob_id. */
static inline struct sst *table_with_refs(uint64_t number, const char *min,
					  const char *max, uint64_t blob_id,
					  uint64_t refs)
{
	struct sst_props props = { .entries = 2,
				   .seq_min = number,
				   .seq_max = number,
				   .index_levels = 1 };
	const struct blob_refs_item item = { .blob_id = blob_id,
					     .count = refs,
					     .stored_bytes = refs * 100,
					     .raw_bytes = refs * 1000 };
	struct sst *sst;

	ck_ok(buf_assign(&props.key_min, slice_str(min)));
	ck_ok(buf_assign(&props.key_max, slice_str(max)));
	if (refs)
		ck_ok(blob_refs_add(&props.blob_refs, &item));
	sst = sst_new(NULL, tables_store_id, number, 1000, &props);
	ck_assert_ptr_nonnull(sst);
	return sst;
}

/* The same without blobs; adding one to an edit takes no reference away. */
static inline struct sst *table(uint64_t number, const char *min,
				const char *max)
{
	return table_with_refs(number, min, max, 0, 0);
}

static inline void edit_add_table(struct edit *e, unsigned level,
				  struct sst *sst)
{
	ck_ok(edit_add_sst(e, level, sst));
	sst_unref(sst);
}

/* Replaces *@v by what @e makes of it, and ends @e.  Returns the result. */
static inline int apply(struct version **v, struct edit *e)
{
	struct version *next;
	int rc = version_apply(*v, e, &next);

	edit_fini(e);
	if (rc == 0) {
		version_unref(*v);
		*v = next;
	}
	return rc;
}

#endif
