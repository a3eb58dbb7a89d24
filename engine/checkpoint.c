/*
 * Checkpoints: a copy of the store as it is at one moment, made while it is in
 * use, as a store of its own.  (RocksDB's checkpoint is the model: links, and a
 * manifest that is written anew.)
 *
 * All that counts is brought into tables first: after a flush, a version and
 * the number of the last change that is in its tables are the whole store.
 * Both are taken in one moment, under the manifest's lock, and pinned: a file
 * that is dropped meanwhile goes with the last reference, which is ours.
 *
 * Which file is shared, and which is copied
 *   - A table never changes: it is shared.
 *   - A blob file is shared once it is sealed and nobody is inside, so that
 *     nobody will write to it any more; else it is copied as far as it goes.
 *     What the tables refer to was written and synced before they were.
 *   - Logs are not needed, and could not be shared: their files are reused. The
 *     new store begins with an empty one, as any does.
 *
 * The order is what makes it safe: files, their names, the manifest, and SUPER
 * at last, each durable before the next.  Without SUPER there is no store.
 */
#include <stdlib.h>

#include "engine/base/error.h"
#include "engine/store.h"

#define PIECE_SIZE (1 * MIB) /* of a file that is copied */

/* A checkpoint under way. */
struct checkpoint {
	struct kv *kv;
	struct env *target;
	struct view *view;  /* pinned */
	uint64_t seq_last;  /* all changes up to it are in the view's tables */
	struct super super; /* as the store's, but names no manifest */
	bool copy_all;      /* the envs share no files */
	void *piece;        /* owned, PIECE_SIZE bytes, or NULL */
};

/* Nothing but what env_lock() leaves may be there. */
static int check_empty(struct env *target)
{
	struct env_names names;
	size_t others, i;
	int rc;

	rc = env_list(target, &names);
	if (rc < 0)
		return rc;
	others = names.foreign;
	for (i = 0; i < names.count; i++)
		others += strcmp(names.names[i], FILE_LOCK_NAME) != 0;
	env_names_fini(&names);
	if (others > 0)
		return error_set(-ENOTEMPTY, "the directory for the checkpoint "
					     "is not empty");
	return 0;
}

/* Brings all changes into tables, and pins a moment after that. */
static int pin_moment(struct checkpoint *c)
{
	struct kv *kv = c->kv;
	int rc = kv_flush(kv);

	if (rc < 0)
		return rc;
	/* Whoever changes one of the two holds this lock until both agree. */
	mutex_lock(&kv->manifest.lock);
	c->view = store_view(kv);
	c->seq_last = kv->manifest.seq_last;
	c->super = kv->manifest.super;
	mutex_unlock(&kv->manifest.lock);
	c->super.manifest = 0;
	return 0;
}

static int copy_bytes(struct checkpoint *c, struct env_file *from,
		      struct env_file *to)
{
	uint64_t size, done = 0;
	struct slice part;
	ssize_t n;
	int rc;

	/* The file may grow, but what it has now is all that counts. */
	rc = env_size(from, &size);
	while (rc == 0 && done < size) {
		n = env_read_at(from, c->piece,
				(size_t)u64_min(PIECE_SIZE, size - done), done);
		if (n <= 0)
			return (int)n; /* 0: the end was given back */
		part = slice_of(c->piece, (size_t)n);
		rc = env_write_at(to, &part, 1, done);
		done += (uint64_t)n;
	}
	return rc;
}

static int copy_file(struct checkpoint *c, const char *name)
{
	struct env_file *from, *to;
	int rc;

	if (!c->piece)
		c->piece = malloc(PIECE_SIZE);
	if (!c->piece)
		return -ENOMEM;
	rc = env_open(c->kv->env, name, ENV_READ, &from);
	if (rc < 0)
		return rc;
	rc = env_open(c->target, name, ENV_CREATE, &to);
	if (rc == 0) {
		rc = copy_bytes(c, from, to);
		if (rc == 0)
			rc = env_sync(to);
		env_close(to);
	}
	env_close(from);
	return rc;
}

/* Brings a file over; @final: it will never change again. */
static int bring(struct checkpoint *c, enum file_kind kind, uint64_t number,
		 bool final)
{
	char name[ENV_NAME_MAX + 1];
	int rc;

	file_name(name, kind, number);
	if (final && !c->copy_all) {
		rc = env_link_from(c->target, c->kv->medium, name);
		if (rc != -EOPNOTSUPP && rc != -EXDEV)
			return rc;
		c->copy_all = true;
	}
	return copy_file(c, name);
}

static int bring_files(struct checkpoint *c)
{
	const struct version *v = c->view->version;
	uint64_t entered;
	unsigned level;
	size_t i;
	int rc = 0;

	for (level = 0; level < VERSION_LEVELS; level++)
		for (i = 0; rc == 0 && i < v->levels[level]->count; i++)
			rc = bring(c, FILE_SST,
				   v->levels[level]->ssts[i]->number, true);
	for (i = 0; rc == 0 && i < v->blob_count; i++) {
		const struct blob *b = v->blobs[i].blob;
		/* In this order: once sealed, nobody new begins to write. */
		bool final = b->sealed && blob_is_idle(b, &entered);

		rc = bring(c, FILE_BLOB, b->number, final);
	}
	return rc;
}

/* An empty log, which the manifest is to name. */
static int make_log(struct checkpoint *c, uint64_t number)
{
	struct reclog *log;
	int rc;

	rc = reclog_create(&log, c->target, FILE_WAL, number, c->kv->store_id);
	if (rc < 0)
		return rc;
	rc = reclog_sync(log);
	reclog_close(log);
	return rc;
}

/* The manifest makes names durable, too, before SUPER names it. */
static int make_manifest(struct checkpoint *c)
{
	_Atomic uint64_t next_number = c->kv->next_number;
	uint64_t log = next_number++;
	struct manifest m;
	int rc;

	rc = make_log(c, log);
	if (rc < 0)
		return rc;
	manifest_init(&m, c->target, &next_number);
	m.super = c->super;
	m.wal_min = log;
	m.seq_last = c->seq_last;
	rc = manifest_rewrite(&m, c->view->version);
	manifest_fini(&m);
	return rc;
}

/*
 * SUPER goes first, durably, so that what is left, if removing the others
 * fails, is no store.  All of them are ours: there were none before.
 */
static void undo(struct env *target)
{
	struct env_names names;
	enum file_kind kind;
	uint64_t number;
	size_t i;

	(void)!env_remove(target, FILE_SUPER_NAME);
	(void)!env_remove(target, FILE_SUPER_TMP_NAME);
	(void)!env_sync_dir(target);
	if (env_list(target, &names) < 0)
		return;
	for (i = 0; i < names.count; i++)
		if (file_name_parse(names.names[i], &kind, &number))
			(void)!env_remove(target, names.names[i]);
	env_names_fini(&names);
	(void)!env_sync_dir(target);
}

static int fill(struct checkpoint *c)
{
	int rc = pin_moment(c);

	if (rc == 0)
		rc = bring_files(c);
	if (rc == 0)
		rc = make_manifest(c);
	return rc;
}

int kv_checkpoint(struct kv *kv, struct env *target)
{
	struct checkpoint c = { .kv = kv, .target = target };
	struct error_words words;
	bool empty;
	int rc;

	/* Looked at before it is touched, and again now that it is ours. */
	rc = check_empty(target);
	if (rc == 0)
		rc = env_lock(target, FILE_LOCK_NAME);
	if (rc < 0)
		return rc;
	rc = check_empty(target);
	empty = rc == 0;
	if (rc == 0)
		rc = fill(&c);
	if (rc < 0) {
		error_take(&words);
		if (empty)
			undo(target);
		(void)!env_remove(target, FILE_LOCK_NAME);
		error_put_back(&words);
	}
	view_unref(c.view);
	free(c.piece);
	return rc;
}
