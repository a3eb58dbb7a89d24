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

/* To the newest version of the key at @at, or of the first one to the right. */
static int show_newest(struct mt_iter *it, unsigned at)
{
	if (at == it->leaf.count) {
		if (!mt_tree_right(&it->leaf))
			return 0;
		at = 0;
	}
	if (at + 2 * AHEAD == it->leaf.count)
		mt_tree_fetch_right(&it->leaf);
	if (at + AHEAD < it->leaf.count)
		fetch(it, at + AHEAD);
	else
		mt_tree_fetch_right_key(&it->leaf, at + AHEAD - it->leaf.count);
	it->at = at;
	return show(it, mt_key_newest(it->leaf.keys[at]));
}

/* To the oldest version of the key before @at. */
static int show_oldest(struct mt_iter *it, unsigned at)
{
	if (at == 0)
		return 0;
	/* Wraps, and is then beyond the count, at the left end. */
	fetch(it, at - 1 - AHEAD);
	it->at = at - 1;
	return show(it, &it->leaf.keys[it->at]->oldest);
}

static int mt_iter_seek(struct source *s, struct slice key)
{
	struct mt_iter *it = container_of(s, struct mt_iter, source);

	return show_newest(it, mt_tree_seek(&it->mt->tree, key, &it->leaf));
}

static int mt_iter_first(struct source *s)
{
	return mt_iter_seek(s, slice_of(NULL, 0));
}

static int mt_iter_seek_before(struct source *s, struct slice key)
{
	struct mt_iter *it = container_of(s, struct mt_iter, source);

	return show_oldest(it, mt_tree_seek(&it->mt->tree, key, &it->leaf));
}

static int mt_iter_last(struct source *s)
{
	struct mt_iter *it = container_of(s, struct mt_iter, source);

	mt_tree_last(&it->mt->tree, &it->leaf);
	return show_oldest(it, it->leaf.count);
}

static int mt_iter_next(struct source *s)
{
	struct mt_iter *it = container_of(s, struct mt_iter, source);
	const struct mt_version *older;

	older = mt_version_older(it->leaf.keys[it->at], it->version);
	if (older)
		return show(it, older);
	return show_newest(it, it->at + 1);
}

static int mt_iter_prev(struct source *s)
{
	struct mt_iter *it = container_of(s, struct mt_iter, source);
	const struct mt_version *newer = mt_version_newer(it->version);

	if (newer)
		return show(it, newer);
	if (it->at > 0)
		return show_oldest(it, it->at);
	return mt_iter_seek_before(s, it->source.entry.key);
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
	.close = mt_iter_close,
};

struct source *mt_iter_init(struct mt_iter *it, struct mt *mt)
{
	it->source = (struct source){ .ops = &mt_iter_ops,
				      .seq_max = UINT64_MAX };
	it->mt = mt;
	it->owned = false;
	return &it->source;
}

struct source *mt_source(struct mt *mt)
{
	struct mt_iter *it = malloc(sizeof(*it));

	if (!it)
		return NULL;
	mt_iter_init(it, mt_ref(mt));
	it->owned = true;
	return &it->source;
}
