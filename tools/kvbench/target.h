/*
 * A target: one key-value store, seen through a table of functions, so that
 * each workload is written once and runs on all of them alike.
 *
 * A store is opened with the settings of struct target_config, which mean the
 * same everywhere; what a store has beyond those is named in @settings.  A
 * session is one thread's way into a store: it holds what calls reuse, such as
 * a batch or a read transaction.  While an iterator of a session is open,
 * nothing else is asked of that session.
 *
 * A write is safe from the death of the process when the call returns, and with
 * config.durable from a power cut too.
 *
 * Errors: 0 or a negative errno with words in error_text(); iterators return 1
 * at an entry, 0 at the end.
 *
 * Thread safety: a store may be used by many sessions at once; a session and
 * its iterator belong to one thread.
 */
#ifndef TOOLS_KVBENCH_TARGET_H
#define TOOLS_KVBENCH_TARGET_H

#include "engine/base/slice.h"

struct target_config {
	const char *dir;       /* does not exist yet, or was made by close() */
	size_t memtable_bytes; /* what is written before a flush */
	size_t cache_bytes;    /* of blocks and blobs together */
	bool large_values;     /* what the cache is to be good for */
	bool durable;          /* each write survives a power cut */
};

struct target_write {
	struct slice key;
	struct slice value; /* borrowed until the call returned */
	bool is_delete;
};

/* What a get saw of a value, one byte of each page of which it has touched. */
struct target_seen {
	size_t size;   /* bytes */
	uint64_t head; /* the first eight bytes, as they lie in memory */
	uint8_t sum;   /* of the bytes touched */
};

struct target {
	const char *name;
	const char *settings; /* a line for people */

	int (*open)(void **store, const struct target_config *config);
	int (*close)(void *store); /* @store is gone in any case */

	int (*session_open)(void **session, void *store);
	void (*session_close)(void *session);

	/* Makes the changes, all or none. */
	int (*write)(void *session, const struct target_write *writes,
		     size_t count);

	/* Deletes the keys from @from to @to, excluded; or NULL. */
	int (*delete_range)(void *session, struct slice from, struct slice to);

	/* 0, -ENOENT, or another error. */
	int (*get)(void *session, struct slice key, struct target_seen *seen);

	int (*iter_open)(void **it, void *session);
	void (*iter_close)(void *it);
	int (*seek)(void *it, struct slice key); /* at or after @key */
	int (*last)(void *it);
	int (*next)(void *it);
	int (*prev)(void *it);
	struct slice (*key)(void *it); /* until the iterator moves */
	int (*value)(void *it, struct slice *value);

	/* Each waits until it is done; NULL where a store has no such thing. */
	int (*flush)(void *store);
	int (*compact)(void *store);
};

#define TARGET_PAGE ((size_t)4096) /* bytes */

static inline void target_see(struct target_seen *seen, const void *data,
			      size_t size)
{
	const uint8_t *bytes = data;
	size_t i;

	seen->size = size;
	seen->head = 0;
	seen->sum = 0;
	if (size >= sizeof(seen->head))
		memcpy(&seen->head, data, sizeof(seen->head));
	for (i = 0; i < size; i += TARGET_PAGE)
		seen->sum += bytes[i];
}

/* The targets that were found when this was built, loamfs first. */
extern const struct target *const targets[];
extern const size_t targets_count;

extern const struct target target_loamfs;
extern const struct target target_rocksdb;
extern const struct target target_rocksdb_blob;
extern const struct target target_leveldb;
extern const struct target target_lmdb;

/* NULL if there is none of that name. */
const struct target *target_find(const char *name);

#endif
