#include "engine/recover.h"

#include <inttypes.h>
#include <stdlib.h>

#include "engine/base/error.h"
#include "engine/mt_range.h"
#include "engine/store.h"

/* What listing the store showed. */
struct files {
	struct env_names names;
	uint64_t number_max;
	uint64_t *wals; /* owned, sorted numbers of the logs */
	size_t wal_count;
};

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void files_fini(struct files *f)
{
	env_names_fini(&f->names);
	free(f->wals);
}

static int files_list(struct kv *kv, struct files *f)
{
	enum file_kind kind;
	uint64_t number;
	size_t i;
	int rc;

	*f = (struct files){ 0 };
	rc = env_list(kv->env, &f->names);
	if (rc < 0)
		return rc;
	f->wals = calloc(f->names.count + 1, sizeof(*f->wals));
	if (!f->wals) {
		files_fini(f);
		return -ENOMEM;
	}
	for (i = 0; i < f->names.count; i++) {
		if (!file_name_parse(f->names.names[i], &kind, &number))
			continue;
		f->number_max = u64_max(f->number_max, number);
		if (kind == FILE_WAL)
			f->wals[f->wal_count++] = number;
	}
	qsort(f->wals, f->wal_count, sizeof(*f->wals), by_number);
	return 0;
}

/* Files that a creation which did not finish may leave. */
static bool is_beginning(const char *name)
{
	enum file_kind kind;
	uint64_t number;

	return strcmp(name, FILE_LOCK_NAME) == 0 ||
	       strcmp(name, FILE_SUPER_TMP_NAME) == 0 ||
	       (file_name_parse(name, &kind, &number) && number <= 2 &&
		(kind == FILE_MANIFEST || kind == FILE_WAL));
}

int recover_look(struct kv *kv)
{
	bool ours = false, other = false;
	enum file_kind kind;
	struct files f;
	uint64_t number;
	size_t i;
	int rc;

	rc = files_list(kv, &f);
	if (rc < 0)
		return rc;
	for (i = 0; i < f.names.count && rc == 0; i++) {
		const char *name = f.names.names[i];

		if (strcmp(name, FILE_SUPER_NAME) == 0)
			rc = 1;
		else if (!is_beginning(name) &&
			 file_name_parse(name, &kind, &number))
			ours = true;
		else if (!is_beginning(name))
			other = true;
	}
	/* What is no file, as a socket, makes files of ours no less ours. */
	if (rc == 0 && ours && !other)
		rc = error_set(-EUCLEAN, "%s is missing from the store",
			       FILE_SUPER_NAME);
	else if (rc == 0 && (other || f.names.foreign > 0))
		rc = error_set(-ENOTEMPTY, "the directory holds something "
					   "else and is no store");
	files_fini(&f);
	return rc;
}

/* Removes every file of ours that nothing names any more. */
static void remove_others(struct kv *kv, const struct files *f,
			  const struct version *v, uint64_t wal)
{
	enum file_kind kind;
	uint64_t number;
	unsigned level;
	size_t i, j;
	bool used;

	for (i = 0; i < f->names.count; i++) {
		const char *name = f->names.names[i];

		if (!file_name_parse(name, &kind, &number))
			continue;
		used = kind == FILE_MANIFEST
			       ? number == kv->manifest.super.manifest
			       : kind == FILE_WAL && number >= wal;
		for (level = 0; level < VERSION_LEVELS; level++)
			for (j = 0; kind == FILE_SST && !used &&
				    j < v->levels[level]->count;
			     j++)
				used = v->levels[level]->ssts[j]->number ==
				       number;
		for (j = 0; kind == FILE_BLOB && !used && j < v->blob_count;
		     j++)
			used = v->blobs[j].blob->number == number;
		/* What cannot be removed now costs space, no more. */
		if (!used)
			(void)!env_remove(kv->env, name);
	}
}

/* Makes the first view: @v, an empty memtable, a new log; @mt as frozen. */
static int first_view(struct kv *kv, struct version *v, struct mt *mt)
{
	struct view *view = calloc(1, sizeof(*view)), *none;
	int rc;

	if (!view)
		return -ENOMEM;
	rc = store_new_log(kv, 0, &view->active);
	if (rc < 0) {
		free(view);
		return rc;
	}
	kv->active = view->active;
	view->version = version_ref(v);
	if (mt)
		view->frozen[view->frozen_count++].mt = mt_ref(mt);
	rc = view_publish(&kv->views, view, &none);
	if (rc < 0)
		view_free(view);
	return rc;
}

int recover_create(struct kv *kv)
{
	struct version *v = version_new();
	struct files f;
	int rc;

	if (!v)
		return -ENOMEM;
	rc = files_list(kv, &f);
	if (rc < 0)
		goto unref_version;
	env_random(kv->env, kv->store_id, sizeof(kv->store_id));
	memcpy(kv->manifest.super.store_id, kv->store_id, sizeof(kv->store_id));
	remove_others(kv, &f, v, UINT64_MAX);
	kv->next_number = 1;
	rc = first_view(kv, v, NULL);
	if (rc == 0) {
		kv->manifest.wal_min = kv->active.wal->number;
		rc = manifest_rewrite(&kv->manifest, v);
	}
	files_fini(&f);
unref_version:
	version_unref(v);
	return rc;
}

/* Opens the blob files that @sum names. */
static int open_blobs(struct kv *kv, struct edit *sum)
{
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < sum->blobs_added_count; i++) {
		struct edit_blob *b = &sum->blobs_added[i];

		rc = blob_open(&b->blob, kv->env, b->id, b->number,
			       kv->store_id);
	}
	return rc;
}

/* A table that is missing is noticed now, not when it is needed. */
static int check_ssts(const struct edit *sum, const struct files *f)
{
	char name[ENV_NAME_MAX + 1];
	size_t i, j;

	for (i = 0; i < sum->added_count; i++) {
		file_name(name, FILE_SST, sum->added[i].number);
		for (j = 0; j < f->names.count; j++)
			if (strcmp(name, f->names.names[j]) == 0)
				break;
		if (j == f->names.count)
			return error_set(-EUCLEAN, "%s: file is missing", name);
	}
	return 0;
}

/* The replay of the logs. */
struct replay {
	struct kv *kv;
	const struct version *version;
	struct mt *mt;
	uint64_t seq;     /* of the last change replayed */
	uint64_t durable; /* the newest that any record calls durable */
	uint64_t log;     /* the number of the one that is visited */

	/* Where what was replayed ends. */
	uint64_t end_log;
	uint64_t end_offset;
};

/* Every value that the record names is there, whole, and pinned. */
static int check_values(struct replay *r, struct slice payload)
{
	struct blob_handle handle;
	struct wal_record record;
	const struct version_blob *vb;
	struct entry e;
	struct blob *b;
	void *data;
	int rc;

	rc = wal_record_open(&record, payload);
	while (rc == 0 && (rc = wal_record_next(&record, &e)) == 1) {
		rc = 0;
		if (entry_kind(&e) != ENTRY_BLOB)
			continue;
		rc = blob_handle_decode(&handle, e.value);
		if (rc < 0)
			break;
		vb = version_blob(r->version, handle.blob_id);
		if (!vb)
			return error_set(-EUCLEAN, "log: names a blob that is "
						   "not there");
		b = vb->blob;
		if (record.seq > r->durable) {
			rc = blob_read(b, &handle, &data);
			if (rc == 0)
				free(data);
		}
		if (rc == 0)
			rc = mt_add_blob(r->mt, b);
		if (rc == 0)
			rc = vlog_add_dirty(&r->kv->vlog, b);
	}
	return rc;
}

static int apply_record(struct replay *r, struct slice payload)
{
	struct wal_record record;
	struct entry e;
	int rc;

	rc = wal_record_open(&record, payload);
	while (rc == 0 && (rc = wal_record_next(&record, &e)) == 1)
		rc = mt_apply(r->mt, &e);
	if (rc == 0)
		r->seq = record.seq + record.count - 1;
	return rc;
}

/* Replays one log.  Returns 1 if the next may follow, 0 if this is the end. */
static int replay_log(struct replay *r, struct reclog_reader *reader)
{
	struct wal_record record;
	struct slice payload;
	int rc;

	while ((rc = reclog_reader_next(reader, &payload)) == 1) {
		rc = wal_record_open(&record, payload);
		if (rc < 0)
			return rc;
		if (record.seq != r->seq + 1)
			return 0;
		rc = check_values(r, payload);
		/* A value that is not whole ends the prefix, unless damaged. */
		if ((rc == -EBADMSG || rc == -EUCLEAN) &&
		    (record.seq > r->durable || r->kv->options.salvage))
			return 0;
		if (rc == 0)
			rc = apply_record(r, payload);
		if (rc < 0)
			return rc;
		r->end_log = r->log;
		r->end_offset = reclog_reader_offset(reader);
	}
	return rc < 0 ? rc : 1;
}

static int note_durable(struct replay *r, struct slice payload)
{
	struct wal_record record;
	int rc = wal_record_open(&record, payload);

	if (rc == 0)
		r->durable = u64_max(r->durable, record.durable);
	return rc;
}

/*
 * Learns from a log's records what was durable, and from the marks behind a
 * record that does not verify.  Nothing else behind it is believed: values lie
 * there as they were written, in the log or in an earlier life of its file, and
 * whoever wrote them may have made them look like records.  Only logs of stores
 * from before marks were signed are searched for records that are chained to
 * the bad one.
 */
static int scan_log(struct replay *r, struct reclog_reader *reader)
{
	bool is_signed = reclog_reader_flags(reader) & FILE_WAL_SIGNED;
	struct slice payload;
	int rc;

	do {
		while ((rc = reclog_reader_next(reader, &payload)) == 1) {
			rc = note_durable(r, payload);
			if (rc < 0)
				return rc;
		}
		if (rc == 0 && !is_signed)
			rc = reclog_reader_skip(reader);
		if (rc == 0 && is_signed) {
			rc = reclog_reader_find(reader, WAL_MARK_SIZE,
						wal_is_mark, &payload);
			if (rc == 1 && note_durable(r, payload) < 0)
				return -EUCLEAN;
		}
	} while (rc == 1);
	return rc < 0 ? rc : 1;
}

/*
 * A log whose header does not verify was being created when the power failed,
 * and then it is no longer than that; or it is damaged.
 */
static int check_unfinished(struct kv *kv, uint64_t number, int why)
{
	char name[ENV_NAME_MAX + 1];
	struct env_file *f;
	uint64_t size;
	int rc;

	file_name(name, FILE_WAL, number);
	rc = env_open(kv->env, name, ENV_READ, &f);
	if (rc < 0)
		return rc;
	rc = env_size(f, &size);
	env_close(f);
	if (rc == 0 && size > FILE_HEADER_SIZE)
		rc = error_set(why, "%s: the header is damaged", name);
	return rc;
}

/* Visits the logs in order until one says 0: the end. */
static int each_log(struct replay *r, const struct files *f,
		    int (*visit)(struct replay *r,
				 struct reclog_reader *reader))
{
	struct reclog_reader *reader;
	int rc = 1;
	size_t i;

	for (i = 0; rc == 1 && i < f->wal_count; i++) {
		if (f->wals[i] < r->kv->manifest.wal_min)
			continue;
		rc = reclog_reader_open(&reader, r->kv->env, FILE_WAL,
					f->wals[i], r->kv->store_id);
		if (rc == -EBADMSG || rc == -EUCLEAN) {
			rc = check_unfinished(r->kv, f->wals[i], rc);
			if (error_is_damage(rc) && r->kv->options.salvage)
				return 0;
			if (rc == 0)
				rc = 1;
			continue;
		}
		if (rc < 0)
			return rc;
		r->log = f->wals[i];
		rc = visit(r, reader);
		reclog_reader_close(reader);
	}
	return rc < 0 ? rc : 0;
}

/* The log that the manifest names was there, under a durable name, before. */
static int check_first_log(const struct kv *kv, const struct files *f)
{
	char name[ENV_NAME_MAX + 1];
	size_t i;

	for (i = 0; i < f->wal_count; i++)
		if (f->wals[i] == kv->manifest.wal_min)
			return 0;
	file_name(name, FILE_WAL, kv->manifest.wal_min);
	return error_set(-EUCLEAN, "%s: file is missing", name);
}

/* Changes that were durable cannot be read. */
static int say_damaged(const struct replay *r)
{
	char name[ENV_NAME_MAX + 1];

	file_name(name, FILE_WAL, r->end_log);
	return error_set(-EBADMSG,
			 "%s: damaged behind %" PRIu64 ": change %" PRIu64
			 " was durable, but only those up to %" PRIu64
			 " can be read",
			 name, r->end_offset, r->durable, r->seq);
}

static int replay_logs(struct replay *r, const struct files *f)
{
	int rc;

	r->durable = r->seq;
	r->end_log = r->kv->manifest.wal_min;
	r->end_offset = FILE_HEADER_SIZE;
	rc = check_first_log(r->kv, f);
	if (error_is_damage(rc) && r->kv->options.salvage)
		return 0;
	if (rc == 0)
		rc = each_log(r, f, scan_log);
	if (rc == 0)
		rc = each_log(r, f, replay_log);
	if (rc == 0 && r->seq < r->durable && !r->kv->options.salvage)
		rc = say_damaged(r);
	return rc;
}

/*
 * Begins a new manifest, in which the old logs still count; then flushes what
 * was replayed from them in the ordinary way, and they count no more.  No
 * change is accepted before that: what is behind the end of a torn log would
 * hide it from the next recovery.
 */
static int begin_anew(struct kv *kv, struct replay *r, struct version *v)
{
	bool replayed = mt_count(r->mt) > 0;
	int rc;

	rc = first_view(kv, v, replayed ? r->mt : NULL);
	if (rc < 0)
		return rc;
	kv->seq_given = r->seq;
	kv->seq_visible = r->seq;
	kv->seq_durable = r->seq;
	if (!replayed)
		kv->manifest.wal_min = kv->active.wal->number;
	rc = manifest_rewrite(&kv->manifest, v);
	if (rc == 0 && replayed)
		rc = store_flush_frozen(kv);
	return rc;
}

static int replay_and_begin(struct kv *kv, const struct files *f,
			    struct version *v)
{
	struct replay r = { .kv = kv,
			    .version = v,
			    .mt = mt_new(0, NULL),
			    .seq = kv->manifest.seq_last };
	int rc;

	if (!r.mt)
		return -ENOMEM;
	rc = replay_logs(&r, f);
	if (rc == 0)
		rc = begin_anew(kv, &r, v);
	mt_unref(r.mt);
	return rc;
}

static void remove_unnamed(struct kv *kv, const struct files *f)
{
	struct view *view = store_view(kv);

	remove_others(kv, f, view->version, view->active.wal->number);
	view_unref(view);
}

int recover_open(struct kv *kv)
{
	struct edit sum = { 0 };
	struct version *empty = NULL, *v = NULL;
	struct files f;
	int rc;

	rc = manifest_read_super(kv->env, &kv->manifest.super);
	if (rc < 0)
		return rc;
	memcpy(kv->store_id, kv->manifest.super.store_id, sizeof(kv->store_id));
	rc = files_list(kv, &f);
	if (rc < 0)
		return rc;

	rc = manifest_read(&kv->manifest, &sum);
	if (rc == 0)
		rc = check_ssts(&sum, &f);
	if (rc == 0)
		rc = open_blobs(kv, &sum);
	if (rc == 0) {
		empty = version_new();
		rc = empty ? version_apply(empty, &sum, &v) : -ENOMEM;
	}
	kv->next_number = u64_max(sum.next_number, f.number_max + 1);
	edit_fini(&sum);
	version_unref(empty);
	if (rc == 0)
		rc = replay_and_begin(kv, &f, v);
	if (rc == 0)
		remove_unnamed(kv, &f);
	version_unref(v);
	files_fini(&f);
	return rc;
}
