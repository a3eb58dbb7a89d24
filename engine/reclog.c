#include "engine/reclog.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "engine/base/coding.h"
#include "engine/base/error.h"
#include "engine/base/hash.h"

#define RECORD_HEADER_SIZE 16
#define READ_AHEAD_SIZE    ((size_t)256 << 10)

/* Zeros that are written at a time, to be written over. */
#define ROOM_MIN (8 * KIB)
#define ROOM_MAX (256 * KIB)

struct reclog {
	struct env_file *file; /* owned */
	uint64_t salt;
	uint64_t seed;         /* checksum of the last record, or the salt */
	_Atomic uint64_t size; /* bytes, behind the last record */
	_Atomic uint64_t file_size; /* bytes, at least size */
	uint64_t written;           /* up to here, by us: at least size */
	struct buf headers;         /* reused between appends */
	struct slice *parts;        /* reused between appends, owned */
	size_t parts_cap;
};

/* A log in @file, which it takes over, also on failure. */
static int reclog_new(struct reclog **out, struct env_file *file,
		      uint64_t file_size, const struct file_header *header)
{
	struct reclog *log = calloc(1, sizeof(*log));

	if (!log) {
		env_close(file);
		return -ENOMEM;
	}
	log->file = file;
	log->file_size = file_size;
	log->salt = header->salt;
	log->seed = header->salt;
	log->size = FILE_HEADER_SIZE;
	log->written = FILE_HEADER_SIZE;
	*out = log;
	return 0;
}

int reclog_create(struct reclog **out, struct env *env, enum file_kind kind,
		  uint64_t number, const uint8_t store_id[16])
{
	struct file_header header;
	struct env_file *file;
	int rc;

	rc = file_create(env, kind, number, store_id, &file, &header);
	if (rc < 0)
		return rc;
	return reclog_new(out, file, FILE_HEADER_SIZE, &header);
}

int reclog_reuse(struct reclog **out, struct env *env, enum file_kind kind,
		 uint64_t old, uint64_t number, const uint8_t store_id[16])
{
	struct file_header header;
	struct env_file *file;
	uint64_t size;
	int rc;

	rc = file_reuse(env, kind, old, number, store_id, &file, &header);
	if (rc < 0)
		return rc;
	rc = env_size(file, &size);
	if (rc < 0) {
		env_close(file);
		return rc;
	}
	return reclog_new(out, file, size, &header);
}

void reclog_close(struct reclog *log)
{
	if (!log)
		return;
	env_close(log->file);
	buf_fini(&log->headers);
	free(log->parts);
	free(log);
}

static int reserve_parts(struct reclog *log, size_t count)
{
	struct slice *parts;

	if (count <= log->parts_cap)
		return 0;
	parts = reallocarray(log->parts, count, sizeof(*parts));
	if (!parts)
		return -ENOMEM;
	log->parts = parts;
	log->parts_cap = count;
	return 0;
}

/* Lays out header, payload, header, payload ...; returns the new chain. */
static uint64_t frame(struct reclog *log, const struct slice *payloads,
		      size_t count, uint64_t *bytes)
{
	uint64_t seed = log->seed;
	size_t i;

	*bytes = 0;
	log->headers.size = count * RECORD_HEADER_SIZE;
	for (i = 0; i < count; i++) {
		uint8_t *h = log->headers.data + i * RECORD_HEADER_SIZE;
		uint32_t size = (uint32_t)payloads[i].size;

		assert(payloads[i].size > 0);
		assert(payloads[i].size <= RECLOG_RECORD_MAX);
		put_le32(h, size);
		put_le32(h + 4, ~size);
		seed = checksum2(seed, slice_of(h, 8), payloads[i]);
		put_le64(h + 8, seed);
		log->parts[2 * i] = slice_of(h, RECORD_HEADER_SIZE);
		log->parts[2 * i + 1] = payloads[i];
		*bytes += RECORD_HEADER_SIZE + size;
	}
	return seed;
}

static const uint8_t zeros[64 * KIB];

/* Bytes up to @end are written, by us. */
static void note_written(struct reclog *log, uint64_t end)
{
	log->written = u64_max(log->written, end);
	log->file_size = u64_max(log->file_size, end);
}

/* Writes the first @count parts, and @ahead bytes of zeros behind them. */
static int write_parts(struct reclog *log, size_t count, uint64_t bytes,
		       size_t ahead)
{
	uint64_t at = log->size;
	int rc;

	if (at + bytes <= log->file_size)
		ahead = 0;
	ahead = size_min(ahead, sizeof(zeros));
	if (ahead > 0)
		log->parts[count++] = slice_of(zeros, ahead);
	rc = env_write_at(log->file, log->parts, count, at);
	if (rc == 0)
		note_written(log, at + bytes + ahead);
	return rc;
}

/* Frames the payloads as parts; their bytes, and the checksum of the last. */
static int begin_append(struct reclog *log, const struct slice *payloads,
			size_t count, uint64_t *bytes, uint64_t *seed)
{
	int rc;

	buf_reset(&log->headers);
	rc = buf_reserve(&log->headers, count * RECORD_HEADER_SIZE);
	if (rc == 0)
		rc = reserve_parts(log, 2 * count + 1);
	if (rc == 0)
		*seed = frame(log, payloads, count, bytes);
	return rc;
}

/* The parts were written, or not: @rc.  A full disk leaves the log as it was.
 */
static int end_append(struct reclog *log, int rc, uint64_t bytes, uint64_t seed)
{
	if (rc == -ENOSPC) {
		if (env_truncate(log->file, log->size) < 0)
			rc = -EIO;
		log->written = log->size;
		log->file_size = log->written;
	}
	if (rc < 0)
		return rc;
	log->seed = seed;
	log->size += bytes;
	return 0;
}

int reclog_append(struct reclog *log, const struct slice *payloads,
		  size_t count, size_t ahead)
{
	uint64_t bytes, seed;
	int rc;

	rc = begin_append(log, payloads, count, &bytes, &seed);
	if (rc < 0)
		return rc;
	rc = write_parts(log, 2 * count, bytes, ahead);
	/* There may be room for the records alone. */
	if (rc == -ENOSPC && ahead > 0)
		rc = write_parts(log, 2 * count, bytes, 0);
	return end_append(log, rc, bytes, seed);
}

/* Writes zeros behind what is written: as much again, within limits. */
static int make_room(struct reclog *log)
{
	size_t room = size_min(size_max(log->size, ROOM_MIN), ROOM_MAX), done;
	struct slice parts[ROOM_MAX / sizeof(zeros)];
	size_t count = 0;
	int rc;

	for (done = 0; done < room; done += parts[count++].size)
		parts[count] = slice_of(zeros,
					size_min(room - done, sizeof(zeros)));
	rc = env_write_at(log->file, parts, count, log->written);
	if (rc == 0)
		note_written(log, log->written + room);
	return rc;
}

/* Writes the first @count parts, where there is room for them. */
static int write_over(struct reclog *log, size_t count, uint64_t bytes)
{
	int rc = 0;

	if (log->size + bytes > log->written)
		rc = make_room(log);
	if (rc == 0)
		rc = env_write_over(log->file, log->parts, count, log->size);
	return rc;
}

int reclog_append_over(struct reclog *log, const struct slice *payloads,
		       size_t count)
{
	uint64_t bytes, seed;
	int rc;

	rc = begin_append(log, payloads, count, &bytes, &seed);
	if (rc < 0)
		return rc;
	rc = bytes <= ROOM_MIN ? write_over(log, 2 * count, bytes) : -ENOSPC;
	/* Too large for that, or there may be room for the records alone. */
	if (rc == -ENOSPC)
		rc = write_parts(log, 2 * count, bytes, 0);
	return end_append(log, rc, bytes, seed);
}

int reclog_sync(struct reclog *log)
{
	return env_sync(log->file);
}

uint64_t reclog_size(const struct reclog *log)
{
	return log->size;
}

uint64_t reclog_salt(const struct reclog *log)
{
	return log->salt;
}

uint64_t reclog_file_size(const struct reclog *log)
{
	return log->file_size;
}

struct reclog_reader {
	struct env_file *file; /* owned */
	uint64_t file_size;    /* bytes, when it was opened */
	uint64_t salt;
	uint16_t flags;
	uint64_t seed;
	uint64_t offset;  /* behind the last record returned */
	struct buf ahead; /* bytes of the file from ahead_at on */
	uint64_t ahead_at;
};

int reclog_reader_open(struct reclog_reader **out, struct env *env,
		       enum file_kind kind, uint64_t number,
		       const uint8_t store_id[16])
{
	struct file_header header;
	struct reclog_reader *r;
	int rc;

	r = calloc(1, sizeof(*r));
	if (!r)
		return -ENOMEM;

	rc = file_open(env, kind, number, store_id, ENV_READ, &r->file,
		       &header);
	if (rc < 0)
		goto free_reader;
	rc = env_size(r->file, &r->file_size);
	if (rc < 0)
		goto close_file;
	r->salt = header.salt;
	r->flags = header.flags;
	r->seed = header.salt;
	r->offset = FILE_HEADER_SIZE;
	*out = r;
	return 0;

close_file:
	env_close(r->file);
free_reader:
	free(r);
	return rc;
}

void reclog_reader_close(struct reclog_reader *r)
{
	if (!r)
		return;
	env_close(r->file);
	buf_fini(&r->ahead);
	free(r);
}

/*
 * Finds @size bytes at the reader's offset in the read-ahead buffer, filling
 * it if need be.  Returns 1, 0 if the file ends before, or an error.
 */
static int look(struct reclog_reader *r, size_t size, const uint8_t **at)
{
	size_t want = size_max(size, READ_AHEAD_SIZE);
	ssize_t got;
	int rc;

	if (r->offset < r->ahead_at ||
	    r->offset + size > r->ahead_at + r->ahead.size) {
		buf_reset(&r->ahead);
		rc = buf_reserve(&r->ahead, want);
		if (rc < 0)
			return rc;
		got = env_read_at(r->file, r->ahead.data, want, r->offset);
		if (got < 0)
			return (int)got;
		r->ahead_at = r->offset;
		r->ahead.size = (size_t)got;
		if ((size_t)got < size)
			return 0;
	}
	*at = r->ahead.data + (r->offset - r->ahead_at);
	return 1;
}

/* Whether a record's size may stand here: it does so twice. */
static bool is_size(const uint8_t *p)
{
	uint32_t size = get_le32(p);

	return size == ~get_le32(p + 4) && size != 0;
}

/*
 * Goes on to where a record may begin: 1, 0 or an error.  Behind the end of a
 * log lie megabytes of zeros, or of what an earlier life left, so each byte of
 * them has to cost little.
 */
static int find_size(struct reclog_reader *r)
{
	const uint8_t *p;
	size_t count, i;
	int rc;

	while ((rc = look(r, RECORD_HEADER_SIZE, &p)) == 1) {
		count = r->ahead.size - (r->offset - r->ahead_at) - 7;
		for (i = 0; i < count && !is_size(p + i); i++)
			;
		r->offset += i;
		if (i < count)
			return 1;
	}
	return rc;
}

/* Finds the whole record at the reader's offset: 1, 0 or an error. */
static int look_record(struct reclog_reader *r, const uint8_t **at,
		       uint32_t *size)
{
	int rc = look(r, RECORD_HEADER_SIZE, at);

	if (rc <= 0)
		return rc;
	*size = get_le32(*at);
	if (!is_size(*at) || *size > RECLOG_RECORD_MAX ||
	    r->offset + RECORD_HEADER_SIZE + *size > r->file_size)
		return 0;
	return look(r, RECORD_HEADER_SIZE + *size, at);
}

/* The next record is chained to what this one says, right or wrong. */
static void go_over(struct reclog_reader *r, const uint8_t *at, uint32_t size)
{
	r->seed = get_le64(at + 8);
	r->offset += RECORD_HEADER_SIZE + size;
}

int reclog_reader_next(struct reclog_reader *r, struct slice *payload)
{
	struct slice bytes;
	const uint8_t *p;
	uint32_t size;
	int rc;

	rc = look_record(r, &p, &size);
	if (rc <= 0)
		return rc;
	bytes = slice_of(p + RECORD_HEADER_SIZE, size);
	if (get_le64(p + 8) != checksum2(r->seed, slice_of(p, 8), bytes))
		return 0;
	go_over(r, p, size);
	*payload = bytes;
	return 1;
}

/* Whether a record that is chained to @seed begins at the reader's offset. */
static int is_record(struct reclog_reader *r, uint64_t seed)
{
	const uint8_t *p;
	uint32_t size;
	int rc;

	rc = look_record(r, &p, &size);
	if (rc == 1)
		rc = get_le64(p + 8) ==
		     checksum2(seed, slice_of(p, 8),
			       slice_of(p + RECORD_HEADER_SIZE, size));
	return rc;
}

/*
 * The size of the record at the reader's offset cannot be read, but perhaps its
 * checksum, to which the next one is chained.
 */
static int find_next(struct reclog_reader *r)
{
	uint64_t seed, begin = r->offset;
	const uint8_t *p;
	int rc;

	rc = look(r, RECORD_HEADER_SIZE, &p);
	if (rc <= 0)
		return rc;
	seed = get_le64(p + 8);
	r->offset += RECORD_HEADER_SIZE + 1;
	while ((rc = find_size(r)) == 1) {
		rc = is_record(r, seed);
		if (rc < 0)
			break;
		if (rc == 1) {
			r->seed = seed;
			return 1;
		}
		r->offset++;
	}
	r->offset = begin;
	return rc;
}

int reclog_reader_skip(struct reclog_reader *r)
{
	const uint8_t *p;
	uint32_t size;
	int rc = look_record(r, &p, &size);

	if (rc == 1)
		go_over(r, p, size);
	return rc == 0 ? find_next(r) : rc;
}

int reclog_reader_find(struct reclog_reader *r, uint32_t size,
		       reclog_is_ours *is_ours, struct slice *payload)
{
	uint64_t begin = r->offset;
	const uint8_t *p;
	int rc;

	while ((rc = find_size(r)) == 1) {
		rc = look(r, RECORD_HEADER_SIZE + size, &p);
		if (rc <= 0)
			break;
		*payload = slice_of(p + RECORD_HEADER_SIZE, size);
		if (get_le32(p) == size && is_ours(*payload, r->salt)) {
			go_over(r, p, size);
			return 1;
		}
		r->offset++;
	}
	r->offset = begin;
	return rc;
}

uint16_t reclog_reader_flags(const struct reclog_reader *r)
{
	return r->flags;
}

uint64_t reclog_reader_offset(const struct reclog_reader *r)
{
	return r->offset;
}
