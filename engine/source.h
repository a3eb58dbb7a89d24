/*
 * A source: entries in order, from anywhere.  The one iterator interface of the
 * engine: memtables, SSTs, levels and merges of those are sources.
 *
 * Every move returns 1 at an entry, which is then in ->entry, 0 if there is
 * none that way, or an error; after 0 or an error only a seek may follow.
 * ->entry is valid until the source moves or is closed.
 *
 * A source of which that was asked for may stop on its way, and still return 1:
 *   - AHEAD of an entry that costs something to reach: ->entry is a bound,
 * which comes before that entry in the order of the way that it moves;
 *   - WAITING for memory that it has asked for, so that whoever has several
 *     sources lets them wait together: ->entry is nothing yet.
 * source_arrive() goes on, and may be needed several times; a seek begins anew.
 * The key that was sought must be valid until nothing waits any more.
 *
 * A source belongs to one thread at a time.
 */
#ifndef ENGINE_SOURCE_H
#define ENGINE_SOURCE_H

#include "engine/entry.h"

struct source;

struct source_ops {
	int (*first)(struct source *s);
	int (*last)(struct source *s);
	/* To the newest entry of the first key at or after @key. */
	int (*seek)(struct source *s, struct slice key);
	/* To the oldest entry of the last key before @key. */
	int (*seek_before)(struct source *s, struct slice key);
	int (*next)(struct source *s);
	int (*prev)(struct source *s);
	int (*arrive)(struct source *s); /* NULL: it never stops */
	void (*close)(struct source *s);
};

enum source_state {
	SOURCE_AT, /* an entry, or nowhere */
	SOURCE_AHEAD,
	SOURCE_WAITING,
};

/* Implementations begin with this. */
struct source {
	const struct source_ops *ops;
	struct entry entry;
	uint64_t seq_max; /* no entry has a larger one; UINT64_MAX: unknown */
	enum source_state state;
};

static inline int source_first(struct source *s)
{
	return s->ops->first(s);
}

static inline int source_last(struct source *s)
{
	return s->ops->last(s);
}

static inline int source_seek(struct source *s, struct slice key)
{
	return s->ops->seek(s, key);
}

static inline int source_seek_before(struct source *s, struct slice key)
{
	return s->ops->seek_before(s, key);
}

static inline int source_next(struct source *s)
{
	return s->ops->next(s);
}

static inline int source_prev(struct source *s)
{
	return s->ops->prev(s);
}

static inline int source_arrive(struct source *s)
{
	return s->ops->arrive(s);
}

static inline void source_close(struct source *s)
{
	if (s)
		s->ops->close(s);
}

#endif
