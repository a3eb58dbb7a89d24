/* All tables into new ones: for each key what is newest, and nothing else. */
#include <stdlib.h>

#include "engine/base/error.h"
#include "engine/cache.h"
#include "engine/keep.h"
#include "engine/kv.h"
#include "engine/merge.h"
#include "engine/repair.h"
#include "engine/sst_writer.h"
#include "engine/version.h"

#define TABLE_BYTES (32 * MIB)
#define BLOCK_BYTES (8 * KIB)
#define PAGES_BYTES (4 * MIB)

/* A merge under way. */
struct merging {
	struct survey *survey;
	struct edit *edit;
	_Atomic uint64_t *next_number;
	struct sst_writer *writer; /* of the current output, or NULL */
	uint64_t number;           /* of its file */
	struct keep keep;
	struct range_dels ranges;
	struct cache *pages; /* owned: of the directories of blob files */
};

static int begin_output(struct merging *m)
{
	const struct sst_writer_options options = {
		.block_bytes = BLOCK_BYTES,
		.compress = true,
	};

	if (m->writer)
		return 0;
	m->number = (*m->next_number)++;
	return sst_writer_open(&m->writer, m->survey->env, m->number,
			       m->survey->store_id, &options);
}

static int finish_output(struct merging *m)
{
	struct sst_props props = { 0 };
	struct sst *sst;
	uint64_t size;
	int rc;

	if (!m->writer)
		return 0;
	rc = sst_writer_finish(m->writer, &props, &size);
	if (rc < 0)
		return rc;
	sst_writer_close(m->writer);
	m->writer = NULL;
	sst = sst_new(m->survey->env, m->survey->store_id, m->number, size,
		      &props);
	if (!sst)
		return -ENOMEM;
	rc = edit_add_sst(m->edit, VERSION_LEVELS - 1, sst);
	sst_unref(sst);
	return rc;
}

/* The blob file of a value is gone: it is named once. */
static void note_missing(struct kv_repair_report *r, uint64_t id)
{
	uint64_t i;

	for (i = 0; i < r->blobs_missing && i < KV_REPAIR_NAMES; i++)
		if (r->missing_ids[i] == id)
			return;
	/* Beyond the list one is counted for each value. */
	if (i < KV_REPAIR_NAMES)
		r->missing_ids[i] = id;
	r->blobs_missing++;
}

/*
 * 1 if the value is there, 0 if it is not: its file is gone, or was rewritten
 * without it, since it was not referred to any more.
 */
static int value_exists(struct merging *m, const struct entry *e)
{
	struct kv_repair_report *r = m->survey->report;
	struct blob_handle handle;
	uint64_t offset;
	struct blob *b;
	int rc;

	if (entry_kind(e) != ENTRY_BLOB)
		return 1;
	rc = blob_handle_decode(&handle, e->value);
	if (rc < 0)
		return rc;
	b = survey_blob_of(m->survey, handle.blob_id);
	if (!b)
		note_missing(r, handle.blob_id);
	rc = b ? blob_locate(b, &handle, m->pages, &offset) : -EUCLEAN;
	if (rc == -EUCLEAN) {
		r->values_lost++;
		return 0;
	}
	/* One that may be there and cannot be read is for its reader to see. */
	return rc < 0 && rc != -EBADMSG ? rc : 1;
}

/* Below what comes out is nothing, so no tombstone is needed any more. */
static int put_entry(struct merging *m, const struct entry *e)
{
	int rc = keep_entry(&m->keep, e);

	if (rc == 1 && entry_kind(e) == ENTRY_DELETE)
		rc = 0;
	if (rc == 1)
		rc = value_exists(m, e);
	if (rc <= 0)
		return rc;
	rc = 0;
	if (m->writer && sst_writer_size(m->writer) >= TABLE_BYTES)
		rc = finish_output(m);
	if (rc == 0)
		rc = begin_output(m);
	return rc < 0 ? rc : sst_writer_add(m->writer, e);
}

static int put_entries(struct merging *m, struct source *s)
{
	int rc = source_first(s);

	while (rc == 1) {
		rc = put_entry(m, &s->entry);
		if (rc == 0)
			rc = source_next(s);
	}
	return rc < 0 ? rc : finish_output(m);
}

static int add_ranges(struct merging *m)
{
	struct survey *s = m->survey;
	const struct range_dels *l;
	size_t i, j;
	int rc = 0;

	for (i = 0; rc == 0 && i < s->sst_count; i++) {
		rc = sst_ranges(s->ssts[i], &l);
		for (j = 0; rc == 0 && j < l->count; j++)
			rc = range_dels_borrow(&m->ranges, &l->items[j]);
	}
	return rc < 0 ? rc : range_dels_fragment(&m->ranges, NULL, 0);
}

static struct source *open_source(struct survey *s)
{
	struct source **sources = calloc(s->sst_count, sizeof(*sources));
	struct source *merge = NULL;
	bool whole = sources != NULL;
	size_t i;

	for (i = 0; whole && i < s->sst_count; i++) {
		sources[i] = sst_source(s->ssts[i], NULL);
		whole = sources[i] != NULL;
	}
	if (whole)
		merge = merge_source(sources, s->sst_count);
	else
		for (i = 0; sources && i < s->sst_count; i++)
			source_close(sources[i]);
	free(sources);
	return merge;
}

int repair_merge(struct survey *s, struct edit *edit,
		 _Atomic uint64_t *next_number)
{
	struct merging m = { .survey = s,
			     .edit = edit,
			     .next_number = next_number };
	struct source *source;
	int rc;

	if (s->sst_count == 0)
		return 0;
	range_dels_init(&m.ranges);
	m.keep.ranges = &m.ranges;
	m.pages = cache_new(PAGES_BYTES);
	source = m.pages ? open_source(s) : NULL;
	rc = source ? add_ranges(&m) : -ENOMEM;
	if (rc == 0)
		rc = put_entries(&m, source);
	sst_writer_close(m.writer);
	source_close(source);
	keep_fini(&m.keep);
	range_dels_fini(&m.ranges);
	cache_free(m.pages);
	return rc;
}
