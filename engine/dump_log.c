/* Logs and manifests; see dump.h. */
#include <inttypes.h>
#include <stdlib.h>

#include "engine/base/error.h"
#include "engine/dump.h"
#include "engine/version.h"
#include "engine/wal.h"

typedef int (*record_fn)(struct dump *d, struct dump_part part,
			 struct slice payload);

/*
 * Behind the last record that verifies there may be what an earlier life of the
 * file left, or zeros.  Only a mark of this life says that a record before it
 * was damaged; in a manifest, whose file has but one life, a record that is
 * chained to the bad one.
 */
static int find_later(struct dump *d, struct reclog_reader *r)
{
	struct slice payload;
	int rc;

	if (reclog_reader_flags(r) & FILE_WAL_SIGNED &&
	    d->header.kind == FILE_WAL)
		return reclog_reader_find(r, WAL_MARK_SIZE, wal_is_mark,
					  &payload);
	rc = reclog_reader_skip(r);
	return rc == 1 ? reclog_reader_next(r, &payload) : rc;
}

static int tell_end(struct dump *d, struct reclog_reader *r)
{
	struct dump_part part = { "end", reclog_reader_offset(r), 0 };
	int rc;

	part.size = d->size - u64_min(d->size, part.offset);
	rc = find_later(d, r);
	if (rc < 0)
		return rc;
	if (rc == 1)
		return dump_damage(d, part,
				   error_set(-EUCLEAN,
					     "%s: record at %" PRIu64
					     ": damaged; the next whole one "
					     "ends at %" PRIu64,
					     d->name, part.offset,
					     reclog_reader_offset(r)));
	return dump_say(d, part, "no record from here on");
}

static int each_record(struct dump *d, record_fn fn)
{
	static const uint8_t any[16];
	struct dump_part part = { "record", FILE_HEADER_SIZE, 0 };
	struct reclog_reader *r;
	struct slice payload;
	int rc;

	rc = reclog_reader_open(&r, d->env, d->header.kind, d->header.number,
				any);
	/* The header has been told of. */
	if (error_is_damage(rc))
		return 0;
	if (rc < 0)
		return rc;
	while ((rc = reclog_reader_next(r, &payload)) == 1) {
		part.size = reclog_reader_offset(r) - part.offset;
		rc = fn(d, part, payload);
		if (rc < 0)
			break;
		part.offset = reclog_reader_offset(r);
	}
	if (rc == 0)
		rc = tell_end(d, r);
	reclog_reader_close(r);
	return rc;
}

static int wal_batch(struct dump *d, struct dump_part part,
		     struct slice payload)
{
	struct wal_record r;
	struct entry e;
	int rc;

	rc = wal_record_open(&r, payload);
	if (rc < 0)
		return dump_damage(d, part, rc);
	rc = dump_say(d, part,
		      "seq %" PRIu64 " durable %" PRIu64 " count %" PRIu32,
		      r.seq, r.durable, r.count);
	if (rc < 0)
		return rc;
	while ((rc = wal_record_next(&r, &e)) == 1) {
		rc = dump_entry(d, part, &e);
		if (rc < 0)
			return rc;
	}
	return rc < 0 ? dump_damage(d, part, rc) : 0;
}

int dump_wal(struct dump *d)
{
	return each_record(d, wal_batch);
}

static int say_tables(struct dump *d, const struct edit *e, uint64_t offset)
{
	struct dump_part part = { "item", offset, 0 };
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < e->added_count; i++) {
		const struct sst_props *p = &e->added[i].sst->props;

		rc = dump_say(d, part,
			      "add_sst level %u number %" PRIu64
			      " size %" PRIu64 " entries %" PRIu64
			      " tombstones %" PRIu64 " seq %" PRIu64
			      " to %" PRIu64,
			      e->added[i].level, e->added[i].number,
			      e->added[i].sst->size, p->entries, p->tombstones,
			      p->seq_min, p->seq_max);
	}
	for (i = 0; rc == 0 && i < e->removed_count; i++)
		rc = dump_say(d, part, "remove_sst level %u number %" PRIu64,
			      e->removed[i].level, e->removed[i].number);
	return rc;
}

static int say_blobs(struct dump *d, const struct edit *e, uint64_t offset)
{
	struct dump_part part = { "item", offset, 0 };
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < e->blobs_added_count; i++)
		rc = dump_say(d, part, "add_blob id %" PRIu64 " file %" PRIu64,
			      e->blobs_added[i].id, e->blobs_added[i].number);
	for (i = 0; rc == 0 && i < e->blobs_removed_count; i++)
		rc = dump_say(d, part, "remove_blob id %" PRIu64,
			      e->blobs_removed[i].id);
	return rc;
}

static int manifest_edit(struct dump *d, struct dump_part part,
			 struct slice payload)
{
	struct edit e = { 0 };
	int rc;

	rc = edit_decode(&e, payload, d->env, d->header.store_id);
	if (rc < 0)
		rc = dump_damage(d, part, rc);
	else
		rc = dump_say(d, part,
			      "wal_min %" PRIu64 " next_number %" PRIu64
			      " seq_last %" PRIu64,
			      e.wal_min, e.next_number, e.seq_last);
	if (rc == 0)
		rc = say_tables(d, &e, part.offset);
	if (rc == 0)
		rc = say_blobs(d, &e, part.offset);
	edit_fini(&e);
	return rc;
}

int dump_manifest(struct dump *d)
{
	return each_record(d, manifest_edit);
}
