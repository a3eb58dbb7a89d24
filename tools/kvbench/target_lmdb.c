/*
 * LMDB: no log and no memtable, so memtable_bytes means nothing to it, and its
 * cache is the kernel's.  Each write is a transaction; each get and each
 * iterator renews the session's read transaction, so that it sees the newest
 * state as with the other targets.
 */
#include <lmdb.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "engine/base/error.h"
#include "tools/kvbench/target.h"

#define MAP_BYTES ((size_t)64 << 30) /* of address space */

struct store {
	MDB_env *env;
	MDB_dbi dbi;
};

struct session {
	struct store *store;
	MDB_txn *reader; /* reset while no read is under way */
	MDB_cursor *cursor;
	MDB_val key; /* where the iterator is */
	MDB_val value;
};

static int failed(int rc)
{
	return error_set(-EIO, "%s", mdb_strerror(rc));
}

static int open_table(struct store *store)
{
	MDB_txn *txn;
	int rc = mdb_txn_begin(store->env, NULL, 0, &txn);

	if (rc != 0)
		return rc;
	rc = mdb_dbi_open(txn, NULL, 0, &store->dbi);
	if (rc != 0) {
		mdb_txn_abort(txn);
		return rc;
	}
	return mdb_txn_commit(txn);
}

static int lm_open(void **out, const struct target_config *config)
{
	unsigned flags = MDB_NOTLS | (config->durable ? 0 : MDB_NOSYNC);
	struct store *store = calloc(1, sizeof(*store));
	int rc;

	if (!store)
		return -ENOMEM;
	if (mkdir(config->dir, 0700) < 0 && errno != EEXIST) {
		rc = error_set(-errno, "%s: cannot be made", config->dir);
		free(store);
		return rc;
	}
	rc = mdb_env_create(&store->env);
	if (rc != 0) {
		free(store);
		return failed(rc);
	}
	rc = mdb_env_set_mapsize(store->env, MAP_BYTES);
	if (rc == 0)
		rc = mdb_env_open(store->env, config->dir, flags, 0600);
	if (rc == 0)
		rc = open_table(store);
	if (rc != 0) {
		mdb_env_close(store->env);
		free(store);
		return failed(rc);
	}
	*out = store;
	return 0;
}

static int lm_close(void *arg)
{
	struct store *store = arg;

	mdb_env_close(store->env);
	free(store);
	return 0;
}

static int lm_session_open(void **out, void *arg)
{
	struct session *session = calloc(1, sizeof(*session));
	int rc;

	if (!session)
		return -ENOMEM;
	session->store = arg;
	rc = mdb_txn_begin(session->store->env, NULL, MDB_RDONLY,
			   &session->reader);
	if (rc != 0) {
		free(session);
		return failed(rc);
	}
	mdb_txn_reset(session->reader);
	*out = session;
	return 0;
}

static void lm_session_close(void *arg)
{
	struct session *session = arg;

	mdb_txn_abort(session->reader);
	free(session);
}

static MDB_val val_of(struct slice s)
{
	return (MDB_val){ .mv_size = s.size, .mv_data = (void *)s.data };
}

static int change(MDB_txn *txn, MDB_dbi dbi, const struct target_write *w)
{
	MDB_val key = val_of(w->key);
	MDB_val value = val_of(w->value);
	int rc;

	if (!w->is_delete)
		return mdb_put(txn, dbi, &key, &value, 0);
	rc = mdb_del(txn, dbi, &key, NULL);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

static int lm_write(void *arg, const struct target_write *writes, size_t count)
{
	struct session *session = arg;
	struct store *store = session->store;
	MDB_txn *txn;
	size_t i;
	int rc;

	rc = mdb_txn_begin(store->env, NULL, 0, &txn);
	if (rc != 0)
		return failed(rc);
	for (i = 0; rc == 0 && i < count; i++)
		rc = change(txn, store->dbi, &writes[i]);
	if (rc != 0) {
		mdb_txn_abort(txn);
		return failed(rc);
	}
	rc = mdb_txn_commit(txn);
	return rc != 0 ? failed(rc) : 0;
}

static int lm_get(void *arg, struct slice key, struct target_seen *seen)
{
	struct session *session = arg;
	MDB_val k = val_of(key);
	MDB_val value;
	int rc;

	rc = mdb_txn_renew(session->reader);
	if (rc != 0)
		return failed(rc);
	rc = mdb_get(session->reader, session->store->dbi, &k, &value);
	if (rc == 0)
		target_see(seen, value.mv_data, value.mv_size);
	mdb_txn_reset(session->reader);
	if (rc == MDB_NOTFOUND)
		return -ENOENT;
	return rc != 0 ? failed(rc) : 0;
}

/* The session is its own iterator: it has only one at a time. */
static int lm_iter_open(void **out, void *arg)
{
	struct session *session = arg;
	int rc;

	rc = mdb_txn_renew(session->reader);
	if (rc != 0)
		return failed(rc);
	rc = mdb_cursor_open(session->reader, session->store->dbi,
			     &session->cursor);
	if (rc != 0) {
		mdb_txn_reset(session->reader);
		return failed(rc);
	}
	*out = session;
	return 0;
}

static void lm_iter_close(void *arg)
{
	struct session *session = arg;

	mdb_cursor_close(session->cursor);
	mdb_txn_reset(session->reader);
}

static int move(struct session *session, MDB_cursor_op op)
{
	int rc = mdb_cursor_get(session->cursor, &session->key, &session->value,
				op);

	if (rc == MDB_NOTFOUND)
		return 0;
	return rc != 0 ? failed(rc) : 1;
}

static int lm_seek(void *arg, struct slice key)
{
	struct session *session = arg;

	session->key = val_of(key);
	return move(session, MDB_SET_RANGE);
}

static int lm_last(void *arg)
{
	return move(arg, MDB_LAST);
}

static int lm_next(void *arg)
{
	return move(arg, MDB_NEXT);
}

static int lm_prev(void *arg)
{
	return move(arg, MDB_PREV);
}

static struct slice lm_key(void *arg)
{
	struct session *session = arg;

	return slice_of(session->key.mv_data, session->key.mv_size);
}

static int lm_value(void *arg, struct slice *value)
{
	struct session *session = arg;

	*value = slice_of(session->value.mv_data, session->value.mv_size);
	return 0;
}

const struct target target_lmdb = {
	.name = "lmdb",
	.settings = "no log, no memtable, no compression, the kernel's cache; "
		    "MDB_NOSYNC where writes need not be durable, no "
		    "MDB_WRITEMAP; a transaction each write, a renewed read "
		    "transaction each read",
	.open = lm_open,
	.close = lm_close,
	.session_open = lm_session_open,
	.session_close = lm_session_close,
	.write = lm_write,
	.get = lm_get,
	.iter_open = lm_iter_open,
	.iter_close = lm_iter_close,
	.seek = lm_seek,
	.last = lm_last,
	.next = lm_next,
	.prev = lm_prev,
	.key = lm_key,
	.value = lm_value,
};
