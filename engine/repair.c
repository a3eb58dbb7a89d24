/*
 * Repair: a new SUPER, and a new manifest if need be, for files that lost them.
 *
 * If the newest manifest is whole and the tables agree with it, only SUPER is
 * written, and nothing is lost at all.  The tables agree if all that it names
 * are there and verify, and nothing is there that only later edits can have
 * made: a table that is newer than seq_last, a blob whose id it does not name.
 *
 * Else everything is derived from the files.  Which table lay on which level is
 * not known any more, and cannot be told from sequence numbers: a table holds
 * the newest change of one key and an old one of another.  Hence they cannot
 * just be put on L0, where the table with the newer changes is asked first.
 * They are merged, each key's newest entry is written, and what comes out is
 * the last level.  That takes as much room as the tables do; values stay where
 * they are.
 *
 * A blob file says whose values it holds.  Two say the same if collection was
 * interrupted, or if a removal was not durable: then the older file is taken.
 * It has all that the newer one has, which may not even be durable as a whole.
 *
 * Logs are not touched; the next opening replays them as ever, from the first
 * one that says something newer than the tables.
 *
 * SUPER is written last.  Until then the store is as it was, and a repair that
 * was interrupted begins again: what it had made is but one more table, with
 * the same entries of the same numbers.
 *
 * What cannot be told from the files alone
 *   - A table that a compaction had replaced may still be there, if its removal
 *     was not durable when the power failed.  It does no harm, unless what it
 *     holds had been deleted, and the tombstone was dropped by that very
 *     compaction, and the other tables it read are gone: then a deleted key is
 *     there again.  The next opening would have removed such tables, so only
 *     what was compacted since the last one is in question.
 *   - What a damaged table held is lost, and older entries of its keys, and
 *     keys that it had deleted, show again.
 *   - Feature words are taken to be 0.
 */
#include <stdlib.h>

#include "engine/base/env_bounded.h"
#include "engine/base/error.h"
#include "engine/kv.h"
#include "engine/manifest.h"
#include "engine/repair.h"
#include "engine/version.h"
#include "engine/wal.h"

#define OPEN_FILES_MAX 256

/* Adds up manifest @number, whose first @size bytes must be whole. */
static int read_manifest(struct survey *s, uint64_t number, uint64_t size,
			 struct edit *sum)
{
	_Atomic uint64_t none = 0;
	struct manifest m;
	int rc;

	manifest_init(&m, s->env, &none);
	memcpy(m.super.store_id, s->store_id, sizeof(m.super.store_id));
	m.super.manifest = number;
	m.super.manifest_size = size;
	rc = manifest_read(&m, sum);
	manifest_fini(&m);
	return rc;
}

static bool has_file(const struct survey *s, enum file_kind kind,
		     uint64_t number)
{
	char name[ENV_NAME_MAX + 1];
	size_t i;

	file_name(name, kind, number);
	for (i = 0; i < s->names.count; i++)
		if (strcmp(s->names.names[i], name) == 0)
			return true;
	return false;
}

static bool names_blob_id(const struct edit *sum, uint64_t id)
{
	size_t i;

	for (i = 0; i < sum->blobs_added_count; i++)
		if (sum->blobs_added[i].id == id)
			return true;
	return false;
}

/* 1 if the changes of the record are in blob files that @sum names, else 0. */
static int check_record(const struct edit *sum, struct slice payload)
{
	struct blob_handle handle;
	struct wal_record record;
	struct entry e;
	int rc;

	rc = wal_record_open(&record, payload);
	while (rc == 0 && (rc = wal_record_next(&record, &e)) == 1) {
		rc = 0;
		if (entry_kind(&e) == ENTRY_BLOB)
			rc = blob_handle_decode(&handle, e.value);
		if (rc == 0 && entry_kind(&e) == ENTRY_BLOB &&
		    !names_blob_id(sum, handle.blob_id))
			return 0;
	}
	return rc < 0 ? rc : 1;
}

/*
 * The same for a log.  A blob file is named before it is used: one that is used
 * and not named was named by an edit that is lost.
 */
static int check_log(struct survey *s, const struct edit *sum, uint64_t number)
{
	struct reclog_reader *reader;
	struct slice payload;
	int rc, named = 1;

	rc = reclog_reader_open(&reader, s->env, FILE_WAL, number, s->store_id);
	/* It was being made, or it is damaged: for the next opening to say. */
	if (rc == -EBADMSG || rc == -EUCLEAN)
		return 1;
	if (rc < 0)
		return rc;
	while (named == 1 && (rc = reclog_reader_next(reader, &payload)) == 1)
		named = check_record(sum, payload);
	reclog_reader_close(reader);
	return rc < 0 ? rc : named;
}

/* 1 if kv_open() finds all that SUPER leads to, 0 if not, or an error. */
static int is_whole(struct survey *s)
{
	struct edit sum = { 0 };
	struct super super;
	size_t i;
	int rc;

	rc = manifest_read_super(s->env, &super);
	if (rc == 0)
		rc = read_manifest(s, super.manifest, super.manifest_size,
				   &sum);
	if (rc == 0)
		rc = 1;
	else if (rc == -ENOENT || rc == -EBADMSG || rc == -EUCLEAN)
		rc = 0;
	for (i = 0; rc == 1 && i < sum.added_count; i++)
		rc = has_file(s, FILE_SST, sum.added[i].number);
	for (i = 0; rc == 1 && i < sum.blobs_added_count; i++)
		rc = has_file(s, FILE_BLOB, sum.blobs_added[i].number);
	for (i = 0; rc == 1 && i < s->log_count; i++)
		if (s->logs[i] >= sum.wal_min)
			rc = check_log(s, &sum, s->logs[i]);
	edit_fini(&sum);
	return rc;
}

static bool names_table(const struct edit *sum, uint64_t number)
{
	size_t i;

	for (i = 0; i < sum->added_count; i++)
		if (sum->added[i].number == number)
			return true;
	return false;
}

static bool names_blob(const struct edit *sum, uint64_t number)
{
	size_t i;

	for (i = 0; i < sum->blobs_added_count; i++)
		if (sum->blobs_added[i].number == number)
			return true;
	return false;
}

/* Whether what was found is what @sum says, and nothing later. */
static bool agrees(const struct survey *s, const struct edit *sum)
{
	size_t tables = 0, blobs = 0, i;

	for (i = 0; i < s->sst_count; i++) {
		if (names_table(sum, s->ssts[i]->number))
			tables++;
		else if (s->ssts[i]->props.seq_max > sum->seq_last)
			return false;
	}
	for (i = 0; i < s->blob_count; i++) {
		if (names_blob(sum, s->blobs[i]->number))
			blobs++;
		else if (!names_blob_id(sum, s->blobs[i]->id))
			return false;
	}
	return tables == sum->added_count && blobs == sum->blobs_added_count;
}

/* 1 if there is a manifest to go on with, 0 if not, or an error. */
static int manifest_agrees(struct survey *s)
{
	struct edit sum = { 0 };
	int rc;

	if (s->manifest == 0)
		return 0;
	rc = read_manifest(s, s->manifest, 0, &sum);
	if (rc == 0)
		rc = sum.wal_min != 0 && agrees(s, &sum);
	else if (rc == -EBADMSG || rc == -EUCLEAN)
		rc = 0;
	edit_fini(&sum);
	return rc;
}

static int point_to_manifest(struct survey *s)
{
	struct super super = { .manifest = s->manifest };

	memcpy(super.store_id, s->store_id, sizeof(super.store_id));
	return manifest_write_super(s->env, &super);
}

/* The first change of a log, and the last; 0 and 0 if there is none. */
static int log_span(struct survey *s, uint64_t number, uint64_t *first,
		    uint64_t *last)
{
	struct reclog_reader *reader;
	struct wal_record record;
	struct slice payload;
	int rc;

	*first = *last = 0;
	rc = reclog_reader_open(&reader, s->env, FILE_WAL, number, s->store_id);
	/* It was being made, or it is damaged: for the next opening to say. */
	if (rc == -EBADMSG || rc == -EUCLEAN)
		return 0;
	if (rc < 0)
		return rc;
	while ((rc = reclog_reader_next(reader, &payload)) == 1) {
		rc = wal_record_open(&record, payload);
		if (rc < 0)
			break;
		if (record.count == 0)
			continue;
		if (*first == 0)
			*first = record.seq;
		*last = record.seq + record.count - 1;
	}
	reclog_reader_close(reader);
	return rc;
}

/*
 * Finds the log from which on they are to be replayed, and the change behind
 * which that begins, since a replay takes nothing that does not follow.  Some
 * of it may be in a table, too: with the same numbers, which does no harm.
 */
static int find_logs(struct survey *s, struct manifest *m)
{
	uint64_t first, last;
	size_t i;
	int rc;

	m->seq_last = s->seq_max;
	m->wal_min = 0;
	for (i = 0; i < s->log_count; i++) {
		rc = log_span(s, s->logs[i], &first, &last);
		if (rc < 0)
			return rc;
		if (last > s->seq_max) {
			m->wal_min = s->logs[i];
			m->seq_last = first - 1;
			return 0;
		}
	}
	return 0;
}

/* A manifest names a log that is there. */
static int make_log(struct survey *s, struct manifest *m)
{
	struct reclog *log;
	int rc;

	m->wal_min = (*m->next_number)++;
	rc = reclog_create(&log, s->env, FILE_WAL, m->wal_min, s->store_id);
	if (rc < 0)
		return rc;
	rc = reclog_sync(log);
	reclog_close(log);
	return rc;
}

static int write_manifest(struct survey *s, struct manifest *m,
			  const struct edit *edit)
{
	struct version *empty = version_new(), *v = NULL;
	int rc;

	rc = empty ? version_apply(empty, edit, &v) : -ENOMEM;
	if (rc == 0)
		rc = find_logs(s, m);
	if (rc == 0 && m->wal_min == 0)
		rc = make_log(s, m);
	if (rc == 0)
		rc = manifest_rewrite(m, v);
	version_unref(v);
	version_unref(empty);
	return rc;
}

/* Of files of one id the first, which is the oldest. */
static int add_blobs(const struct survey *s, struct edit *edit)
{
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < s->blob_count; i++) {
		struct blob *b = s->blobs[i];

		if (i == 0 || s->blobs[i - 1]->id != b->id)
			rc = edit_add_blob(edit, b->id, b->number, b);
	}
	return rc;
}

static int rebuild(struct survey *s)
{
	_Atomic uint64_t next_number = s->number_max + 1;
	struct edit edit = { 0 };
	struct manifest m;
	int rc;

	manifest_init(&m, s->env, &next_number);
	memcpy(m.super.store_id, s->store_id, sizeof(m.super.store_id));
	rc = repair_merge(s, &edit, &next_number);
	if (rc == 0)
		rc = add_blobs(s, &edit);
	if (rc == 0)
		rc = write_manifest(s, &m, &edit);
	s->report->rebuilt = true;
	manifest_fini(&m);
	edit_fini(&edit);
	return rc;
}

static int repair(struct survey *s)
{
	int rc = is_whole(s);

	if (rc == 1)
		return error_set(-EEXIST, "the store needs no repair: SUPER "
					  "and manifest are whole");
	if (rc == 0)
		rc = survey_read(s);
	if (rc == 0)
		rc = manifest_agrees(s);
	if (rc < 0)
		return rc;
	return rc ? point_to_manifest(s) : rebuild(s);
}

int kv_repair(struct env *env, struct kv_repair_report *report)
{
	struct env *bounded = env_bounded_new(env, OPEN_FILES_MAX);
	struct kv_repair_report r = { 0 };
	struct survey s = { 0 };
	int rc = -ENOMEM;

	if (bounded)
		rc = survey_begin(&s, bounded, &r);
	if (rc == 0)
		rc = env_lock(bounded, FILE_LOCK_NAME);
	if (rc == 0)
		rc = repair(&s);
	survey_end(&s);
	env_free(bounded);
	if (rc == 0)
		*report = r;
	return rc;
}
