/*
 * wal: the write-ahead log, and what a record of it says.
 *
 * Each memtable has a log of its own: a reclog whose records are one batch
 * each.  A record's payload:
 *
 *      offset  size  what
 *           0     8  seq      of the first change; the others count up from it
 *           8     8  durable  changes up to this one were durable when the
 *                             record was written
 *          16     4  count    changes; 0: a mark, see below
 *          20                 the changes, one behind the other:
 *
 *      u8 kind (enum entry_kind), varint key_size, key, and unless it is a
 *      delete: varint value_size, value (for ENTRY_BLOB: a handle)
 *
 * A mark, which only says what is durable, ends in a signature instead: 8
 * bytes, the XXH3-64 of those before, seeded with the salt of the file.  So it
 * is known for what it is wherever it is found, also when the records before it
 * are gone and there is nothing left that it could be chained to; and nobody
 * who does not know the salt can write a value that looks like one.
 *
 * Every batch takes up the sequence numbers behind those of the batch before,
 * without a gap, over all logs.  So recovery needs no more than this rule to
 * find an exact prefix: it stops at the first record that does not verify or
 * does not go on where the last one ended, and takes nothing behind that.  If a
 * record it did not reach was durable (`durable` of a record before says so, or
 * of a mark behind), the log is damaged and not merely torn.  Nothing but marks
 * is believed behind the end: what lies there may be of anybody's choice.
 */
#ifndef ENGINE_WAL_H
#define ENGINE_WAL_H

#include <stdatomic.h>

#include "engine/base/coding.h"
#include "engine/entry.h"
#include "engine/reclog.h"

#define WAL_HEADER_SIZE 20
#define WAL_MARK_SIZE   (WAL_HEADER_SIZE + 8)

/* A log's file that is of no use any more; number 0: there is none. */
struct wal_spare {
	_Atomic uint64_t number;
	_Atomic uint64_t bytes;
};

/* A log that is being written. */
struct wal {
	struct env *env;    /* borrowed */
	struct reclog *log; /* owned */
	uint64_t number;
	struct wal_spare *spare; /* borrowed: see wal_create() */
	_Atomic uint32_t refs;
	_Atomic bool dropped; /* of no use: the file becomes the spare one */

	/* Only wal_sync() writes these. */
	uint64_t synced;              /* bytes known durable */
	_Atomic uint32_t small_syncs; /* in a row, of few bytes each */
};

/*
 * Creates the log; its header and its name are durable before anything is
 * appended.  So a log that is longer than its header, but has none that
 * verifies, is damaged.
 *
 * The file of @spare, which must outlive the log, is used if there is one; and
 * a log that was dropped becomes the spare one with its last reference, or is
 * removed if there is one already.
 */
int wal_create(struct wal **out, struct env *env, uint64_t number,
	       const uint8_t store_id[16], struct wal_spare *spare) MUST_USE;
struct wal *wal_ref(struct wal *w);
void wal_unref(struct wal *w); /* accepts NULL */

/* Appends records, as reclog_append(). */
int wal_append(struct wal *w, const struct slice *payloads,
	       size_t count) MUST_USE;

/* The last syncs came after few bytes each. */
bool wal_is_synced_often(const struct wal *w);

/* Makes what was appended durable.  One call at a time. */
int wal_sync(struct wal *w) MUST_USE;

/* Appends a change to a payload that begins with room for the header. */
int wal_put(struct buf *payload, enum entry_kind kind, struct slice key,
	    struct slice value) MUST_USE;

/* Fills the header of a payload. */
void wal_set_header(struct buf *payload, uint64_t seq, uint64_t durable,
		    uint32_t count);

/* Fills a payload of WAL_MARK_SIZE bytes with a mark of @w's. */
void wal_set_mark(const struct wal *w, struct buf *payload, uint64_t seq,
		  uint64_t durable);

/* Whether @payload is a mark of the log with that salt, by its signature. */
bool wal_is_mark(struct slice payload, uint64_t salt);

/* Walks over a payload. */
struct wal_record {
	uint64_t seq;
	uint64_t durable;
	uint32_t count;
	struct decoder rest;
	uint32_t done; /* changes walked over */
};

/* Returns 0 or -EUCLEAN. */
int wal_record_open(struct wal_record *r, struct slice payload) MUST_USE;

/* 1 and the next change, 0 behind the last, or -EUCLEAN. */
int wal_record_next(struct wal_record *r, struct entry *e) MUST_USE;

#endif
