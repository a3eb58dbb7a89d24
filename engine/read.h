/* Finding the newest entry of a key; read.c.  Private to engine/. */
#ifndef ENGINE_READ_H
#define ENGINE_READ_H

#include "engine/entry.h"

struct cache_entry;
struct kv;
struct kv_snapshot;
struct view;

/* An entry, and what it was found in, so that it stays. */
struct read_found {
	struct entry entry;
	struct view *view;         /* pinned */
	struct cache_entry *block; /* held, or NULL: it is in a memtable */
};

/*
 * The newest entry of @key that a reader of @snapshot (NULL: now) sees, if it
 * is not deleted.  0, -ENOENT, or an error.
 */
int read_find(struct kv *kv, const struct kv_snapshot *snapshot,
	      struct slice key, struct read_found *out) MUST_USE;

void read_release(struct read_found *f);

#endif
