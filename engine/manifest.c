#include "engine/manifest.h"

#include <inttypes.h>
#include <stdlib.h>

#include "engine/base/coding.h"
#include "engine/base/error.h"
#include "engine/base/hash.h"
#include "engine/version.h"

/* A manifest is rewritten when it is this many times its first record ... */
#define REWRITE_FACTOR 4
/* ... and at least this large. */
#define REWRITE_SIZE ((uint64_t)1 << 20) /* bytes */

static int super_decode(const uint8_t in[SUPER_SIZE], uint64_t salt,
			struct super *out)
{
	if (get_le64(in + 112) != checksum(file_seed(salt, 64), in + 64, 48))
		return error_set(-EBADMSG, "%s: bad checksum", FILE_SUPER_NAME);
	out->manifest = get_le64(in + 64);
	out->manifest_size = get_le64(in + 72);
	out->compat = get_le64(in + 80);
	out->ro_compat = get_le64(in + 88);
	out->incompat = get_le64(in + 96);
	if (out->incompat != 0 || out->ro_compat != 0)
		return error_set(-EPROTONOSUPPORT,
				 "the store uses features that are newer than "
				 "this program: %#" PRIx64 " %#" PRIx64,
				 out->incompat, out->ro_compat);
	return 0;
}

int manifest_read_super(struct env *env, struct super *out)
{
	const struct file_header want = { .kind = FILE_SUPER };
	struct file_header header;
	uint8_t in[SUPER_SIZE];
	struct env_file *f;
	struct super s;
	int rc;

	rc = env_open(env, FILE_SUPER_NAME, ENV_READ, &f);
	if (rc < 0)
		return rc;
	rc = file_header_read(f, &want, &header);
	if (rc == 0)
		rc = env_read_full(f, in, sizeof(in), 0);
	if (rc == 0)
		rc = super_decode(in, header.salt, &s);
	env_close(f);
	if (rc < 0)
		return rc;
	memcpy(s.store_id, header.store_id, sizeof(s.store_id));
	*out = s;
	return 0;
}

static int write_whole(struct env *env, const char *name, struct slice bytes)
{
	struct env_file *f;
	int rc;

	rc = env_remove(env, name);
	if (rc < 0 && rc != -ENOENT)
		return rc;
	rc = env_open(env, name, ENV_CREATE, &f);
	if (rc < 0)
		return rc;
	rc = env_write_at(f, &bytes, 1, 0);
	if (rc == 0)
		rc = env_sync(f);
	env_close(f);
	return rc;
}

/* Writes SUPER's successor beside it, durable but for its name. */
static int write_super_tmp(struct env *env, const struct super *super)
{
	struct file_header h = { .kind = FILE_SUPER };
	uint8_t out[SUPER_SIZE] = { 0 };
	int rc;

	memcpy(h.store_id, super->store_id, sizeof(h.store_id));
	h.created_ns = env_realtime_ns(env);
	env_random(env, &h.salt, sizeof(h.salt));
	file_header_encode(&h, out);
	put_le64(out + 64, super->manifest);
	put_le64(out + 72, super->manifest_size);
	put_le64(out + 80, super->compat);
	put_le64(out + 88, super->ro_compat);
	put_le64(out + 96, super->incompat);
	put_le64(out + 112, checksum(file_seed(h.salt, 64), out + 64, 48));

	rc = write_whole(env, FILE_SUPER_TMP_NAME, slice_of(out, sizeof(out)));
	if (rc < 0)
		(void)!env_remove(env, FILE_SUPER_TMP_NAME);
	return rc;
}

/* Puts it in SUPER's place; after a failure either may be there. */
static int replace_super(struct env *env)
{
	int rc = env_rename(env, FILE_SUPER_TMP_NAME, FILE_SUPER_NAME);

	return rc < 0 ? rc : env_sync_dir(env);
}

int manifest_write_super(struct env *env, const struct super *super)
{
	int rc = write_super_tmp(env, super);

	return rc < 0 ? rc : replace_super(env);
}

void manifest_init(struct manifest *m, struct env *env,
		   _Atomic uint64_t *next_number)
{
	*m = (struct manifest){ .env = env, .next_number = next_number };
	mutex_init(&m->lock, RANK_MANIFEST);
}

void manifest_fini(struct manifest *m)
{
	reclog_close(m->log);
	mutex_fini(&m->lock);
}

static int fold_record(struct manifest *m, struct slice payload,
		       struct edit *sum)
{
	struct edit e = { 0 };
	int rc;

	rc = edit_decode(&e, payload, m->env, m->super.store_id);
	if (rc == 0)
		rc = edit_fold(sum, &e);
	edit_fini(&e);
	return rc;
}

/*
 * Only an append that was never answered may be missing at the end: nothing
 * verifies behind it, since each was synced before the next.
 */
static int check_end(struct manifest *m, struct reclog_reader *r)
{
	uint64_t end = reclog_reader_offset(r);
	struct slice payload;
	bool more;
	int rc;

	do {
		rc = reclog_reader_skip(r);
		more = rc == 1;
		if (more)
			rc = reclog_reader_next(r, &payload);
	} while (more && rc == 0);
	if (rc < 0)
		return rc;
	if (rc == 1 || end < m->super.manifest_size)
		return error_set(-EBADMSG,
				 "manifest %" PRIu64 ": damaged at %" PRIu64,
				 m->super.manifest, end);
	return 0;
}

int manifest_read(struct manifest *m, struct edit *sum)
{
	struct reclog_reader *r;
	struct slice payload;
	int rc;

	rc = reclog_reader_open(&r, m->env, FILE_MANIFEST, m->super.manifest,
				m->super.store_id);
	if (rc < 0)
		return rc;
	while ((rc = reclog_reader_next(r, &payload)) == 1) {
		rc = fold_record(m, payload, sum);
		if (rc < 0)
			break;
	}
	if (rc == 0)
		rc = check_end(m, r);
	reclog_reader_close(r);
	if (rc == 0) {
		m->wal_min = sum->wal_min;
		m->seq_last = sum->seq_last;
	}
	return rc;
}

/* Appends one edit to @log and makes it durable. */
static int append(struct reclog *log, const struct edit *edit)
{
	struct buf bytes = BUF_INIT;
	struct slice payload;
	int rc;

	rc = edit_encode(edit, &bytes);
	if (rc == 0) {
		payload = buf_slice(&bytes);
		rc = reclog_append(log, &payload, 1, 0);
	}
	if (rc == 0 && reclog_sync(log) < 0)
		rc = -EIO;
	buf_fini(&bytes);
	return rc;
}

static void remove_manifest(struct manifest *m, uint64_t number)
{
	char name[ENV_NAME_MAX + 1];

	file_name(name, FILE_MANIFEST, number);
	/* What stays behind is removed when the store is opened. */
	(void)!env_remove(m->env, name);
}

/* Writes a whole version into a new manifest, up to but without SUPER. */
static int write_snapshot(struct manifest *m, const struct version *v,
			  uint64_t number, struct reclog **out)
{
	struct edit all = { 0 };
	struct reclog *log;
	int rc;

	rc = reclog_create(&log, m->env, FILE_MANIFEST, number,
			   m->super.store_id);
	if (rc < 0)
		return rc;
	rc = version_to_edit(v, &all);
	if (rc == 0) {
		all.wal_min = m->wal_min;
		all.seq_last = m->seq_last;
		all.next_number = *m->next_number;
		rc = append(log, &all);
	}
	if (rc == 0)
		rc = env_sync_dir(m->env);
	edit_fini(&all);
	if (rc < 0) {
		reclog_close(log);
		remove_manifest(m, number);
		return rc;
	}
	*out = log;
	return 0;
}

int manifest_rewrite(struct manifest *m, const struct version *v)
{
	uint64_t number = atomic_fetch_add(m->next_number, 1);
	struct super super = m->super;
	struct reclog *log;
	int rc;

	rc = write_snapshot(m, v, number, &log);
	if (rc < 0)
		return rc;
	super.manifest = number;
	super.manifest_size = reclog_size(log);
	rc = write_super_tmp(m->env, &super);
	if (rc < 0) {
		reclog_close(log);
		remove_manifest(m, number);
		return rc;
	}
	rc = replace_super(m->env);
	if (rc < 0) {
		/* SUPER may name either: both must stay as they are. */
		reclog_close(log);
		return m->super.manifest != 0 ? -EIO : rc;
	}

	if (m->super.manifest != 0)
		remove_manifest(m, m->super.manifest);
	reclog_close(m->log);
	m->log = log;
	m->super = super;
	m->snapshot_size = super.manifest_size;
	return 0;
}

int manifest_append(struct manifest *m, const struct edit *edit,
		    const struct version *v)
{
	uint64_t size = reclog_size(m->log);
	uint64_t wal_min = m->wal_min, seq_last = m->seq_last;
	bool due;
	int rc;

	if (edit->wal_min)
		m->wal_min = edit->wal_min;
	if (edit->seq_last)
		m->seq_last = edit->seq_last;
	due = size > REWRITE_SIZE && size > m->snapshot_size * REWRITE_FACTOR;
	rc = due ? manifest_rewrite(m, v) : 0;
	/* A rewrite is only for the size: where there is no room, it waits. */
	if (!due || rc == -ENOSPC)
		rc = append(m->log, edit);
	if (rc < 0) {
		m->wal_min = wal_min;
		m->seq_last = seq_last;
	}
	return rc;
}

int manifest_close(struct manifest *m)
{
	struct super super = m->super;

	super.manifest_size = reclog_size(m->log);
	if (super.manifest_size == m->super.manifest_size)
		return 0;
	return manifest_write_super(m->env, &super);
}
