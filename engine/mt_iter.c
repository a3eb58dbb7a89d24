#include "engine/mt_iter.h"

#include <stdlib.h>

#define AHEAD 8 /* keys fetched before they are shown */

static int show(struct mt_iter *it, const struct mt_version *v)
{
	it->version = v;
	it->source.entry = mt_entry(it->leaf.keys[it->at], v);
	return 1;
}

static void fetch(const struct mt_iter *it, unsigned at)
{
	if (at < it->leaf.count)
		__builtin_prefetch(it->leaf.keys[at]);
}

static int show_key(struct mt_iter *it, bool backward)
{
	struct mt_key *key = it->leaf.keys[it->at];

	return show(it, backward ? &key->oldest : mt_key_newest(key));
}

static int mt_iter_arrive(struct source *s)
{
	struct mt_iter *it = container_of(s, struct mt_iter, source);

	s->state = SOURCE_AT;
	return show_key(it, it->backward);
}

/* To the key at @at, or the first one to the right; false if there is none. */
static bool turn_right(struct mt_iter *it, unsigned at)
{
	if (at == it->leaf.count) {
		if (!mt_tree_right(&it->leaf))
			return false;
		at = 0;
	}
	if (at + 2 * AHEAD == it->leaf.count)
		mt_tree_fetch_right(&it->leaf);
	if (at + AHEAD < it->leaf.count)
		fetch(it, at + AHEAD);
	else
		mt_tree_fetch_right_key(&it->leaf, at + AHEAD - it->leaf.count);
	it->at = at;
	return true;
}

/* To the key before @at; false if there is none in the leaf. */
static bool turn_left(struct mt_iter *it, unsigned at)
{
	if (at == 0)
		return false;
	/* Wraps, and is then beyond the count, at the left end. */
	fetch(it, at - 1 - AHEAD);
	it->at = at - 1;
	return true;
}

/* A seek has led to the key at ->at: fetches it, and those behind it. */
static int stop(struct mt_iter *it, bool backward)
{
	unsigned i;

	for (i = 0; i < AHEAD; i++)
		fetch(it, backward ? it->at - i : it->at + i);
	if (!it->lazy)
		return show_key(it, backward);
	it->source.state = SOURCE_WAITING;
	it->backward = backward;
	return 1;
}

static int mt_iter_seek(struct source *s, struct slice key)
{
	struct mt_iter *it = container_of(s, struct mt_iter, source);
	unsigned at = mt_tree_seek(&it->mt->tree, key, &it->leaf);

	s->state = SOURCE_AT;
	return turn_right(it, at) ? stop(it, false) : 0;
}

static int mt_iter_first(struct source *s)
{
	return mt_iter_seek(s, slice_of(NULL, 0));
}

static int mt_iter_seek_before(struct source *s, struct slice key)
{
	struct mt_iter *it = container_of(s, struct mt_iter, source);
	unsigned at = mt_tree_seek(&it->mt->tree, key, &it->leaf);

	s->state = SOURCE_AT;
	return turn_left(it, at) ? stop(it, true) : 0;
}

static int mt_iter_last(struct source *s)
{
	struct mt_iter *it = container_of(s, struct mt_iter, source);

	s->state = SOURCE_AT;
	mt_tree_last(&it->mt->tree, &it->leaf);
	return turn_left(it, it->leaf.count) ? stop(it, true) : 0;
}

static int mt_iter_next(struct source *s)
{
	struct mt_iter *it = container_of(s, struct mt_iter, source);
	const struct mt_version *older;

	older = mt_version_older(it->leaf.keys[it->at], it->version);
	if (older)
		return show(it, older);
	return turn_right(it, it->at + 1) ? show_key(it, false) : 0;
}

static int mt_iter_prev(struct source *s)
{
	struct mt_iter *it = container_of(s, struct mt_iter, source);
	const struct mt_version *newer = mt_version_newer(it->version);
	unsigned at;

	if (newer)
		return show(it, newer);
	/* Leaves have no link to the left. */
	at = it->at > 0 ? it->at
			: mt_tree_seek(&it->mt->tree, s->entry.key, &it->leaf);
	return turn_left(it, at) ? show_key(it, true) : 0;
}

static void mt_iter_close(struct source *s)
{
	struct mt_iter *it = container_of(s, struct mt_iter, source);

	if (it->owned) {
		mt_unref(it->mt);
		free(it);
	}
}

static const struct source_ops mt_iter_ops = {
	.first = mt_iter_first,
	.last = mt_iter_last,
	.seek = mt_iter_seek,
	.seek_before = mt_iter_seek_before,
	.next = mt_iter_next,
	.prev = mt_iter_prev,
	.arrive = mt_iter_arrive,
	.close = mt_iter_close,
};

struct source *mt_iter_init(struct mt_iter *it, struct mt *mt)
{
	it->source = (struct source){ .ops = &mt_iter_ops,
				      .seq_max = UINT64_MAX };
	it->mt = mt;
	it->owned = false;
	it->lazy = true;
	return &it->source;
}

struct source *mt_source(struct mt *mt)
{
	struct mt_iter *it = malloc(sizeof(*it));

	if (!it)
		return NULL;
	mt_iter_init(it, mt_ref(mt));
	it->owned = true;
	it->lazy = false;
	return &it->source;
}
