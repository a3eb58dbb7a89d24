/*
 * A reclog: a file of records, appended one behind the other.  The write-ahead
 * log and the manifest are both one.
 *
 *      [file header, 64 bytes] [record] [record] ...
 *
 * A record:
 *
 *      offset  size  what
 *           0     4  size      bytes of payload, at least 1
 *           4     4  ~size     so that a torn size is seen before it is used
 *           8     8  checksum  XXH3-64 of bytes 0 to 7 and the payload
 *          16  size  payload
 *
 * The checksum of a record is seeded with that of the record before it, the
 * first with the salt of the file.  So a record verifies only as the successor
 * of exactly the records before it: bytes that an earlier life of the file left
 * behind never parse, nor does anything behind a gap.
 *
 * A log ends at the first record that does not verify.  Whether that is the
 * torn end of what was never synced, or damage, is for the caller to tell, who
 * knows what was made durable.
 *
 * Thread safety: appends and syncs by one thread at a time each; an append may
 * run beside a sync, which then covers what was appended before it began.
 */
#ifndef ENGINE_RECLOG_H
#define ENGINE_RECLOG_H

#include "engine/file_format.h"

#define RECLOG_RECORD_MAX ((size_t)256 << 20) /* bytes of payload */

struct buf;
struct reclog;

/* Creates the file; neither its bytes nor its name are durable yet. */
int reclog_create(struct reclog **out, struct env *env, enum file_kind kind,
		  uint64_t number, const uint8_t store_id[16]) MUST_USE;

/*
 * The same in the file of log @old, which is of no use any more and whose bytes
 * stay where they are: to write over blocks that exist costs a device flush
 * half as much as to write new ones.
 */
int reclog_reuse(struct reclog **out, struct env *env, enum file_kind kind,
		 uint64_t old, uint64_t number,
		 const uint8_t store_id[16]) MUST_USE;

/* Closes without a sync.  Accepts NULL. */
void reclog_close(struct reclog *log);

/*
 * Appends @count records with one write.  When that reaches the end of the
 * file,
 * @ahead bytes of zeros are written behind them, so that the next syncs need
 * not make the file longer.
 *
 * Returns 0; -ENOSPC, and then the log is as before and may be appended to;
 * -ENOMEM, as before; or -EIO, and then nothing may be appended any more.
 */
int reclog_append(struct reclog *log, const struct slice *payloads,
		  size_t count, size_t ahead) MUST_USE;

/*
 * As reclog_append(), for many small appends between two syncs: room is made
 * for them first, up to 256 KiB at a time, with zeros that the records then
 * replace, which env_write_over() can do without the kernel.
 */
int reclog_append_over(struct reclog *log, const struct slice *payloads,
		       size_t count) MUST_USE;

/* Makes what was appended durable. */
int reclog_sync(struct reclog *log) MUST_USE;

/* Bytes up to behind the last record; may be read by any thread. */
uint64_t reclog_size(const struct reclog *log);

/* Bytes that the file takes; may be read by any thread. */
uint64_t reclog_file_size(const struct reclog *log);

/* The number that makes this life of the file unlike any other. */
uint64_t reclog_salt(const struct reclog *log);

/* Reading: from the first record on, once. */
struct reclog_reader;

/* Returns 0, or as file_open(). */
int reclog_reader_open(struct reclog_reader **out, struct env *env,
		       enum file_kind kind, uint64_t number,
		       const uint8_t store_id[16]) MUST_USE;
void reclog_reader_close(struct reclog_reader *r);

/*
 * Returns 1 and the next payload, valid until the next call; 0 where the log
 * ends, for whatever reason; -EIO or -ENOMEM.
 */
int reclog_reader_next(struct reclog_reader *r, struct slice *payload) MUST_USE;

/* The offset behind the last record that was returned. */
uint64_t reclog_reader_offset(const struct reclog_reader *r);

/* The flags of the file's header. */
uint16_t reclog_reader_flags(const struct reclog_reader *r);

/*
 * After 0: goes over the record that does not verify, if its size or its
 * checksum can be read, so that what follows it can be looked at.  What is
 * found there tells damage from a torn end; it is not part of the log.  Returns
 * 1, or 0 if there is nothing to go over, or an error.
 *
 * Only for logs in which nobody else's bytes lie: what the bad record says it
 * is may be what somebody has chosen, and so is what would be chained to it.
 */
int reclog_reader_skip(struct reclog_reader *r) MUST_USE;

/* Whether a payload shows by itself that it was written with @salt. */
typedef bool reclog_is_ours(struct slice payload, uint64_t salt);

/*
 * After 0: finds the next record with a payload of @size bytes that
 * @is_ours, whatever is before it.  Returns 1 and the payload, valid until the
 * next call, and what is chained to it can be read; 0; or an error.
 */
int reclog_reader_find(struct reclog_reader *r, uint32_t size,
		       reclog_is_ours *is_ours, struct slice *payload) MUST_USE;

#endif
