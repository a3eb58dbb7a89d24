#include "engine/merge.h"

#include <stdlib.h>

#include "engine/base/coding.h"

#define HEAD_SIZE (2 * sizeof(uint64_t)) /* bytes of a key in a child */

static struct merge_child child_of(struct source *s)
{
	const uint8_t *key = s->entry.key.data;
	uint8_t bytes[HEAD_SIZE] = { 0 };

	if (unlikely(s->entry.key.size < HEAD_SIZE)) {
		if (s->entry.key.size)
			memcpy(bytes, key, s->entry.key.size);
		key = bytes;
	}
	return (struct merge_child){ get_be64(key), get_be64(key + 8), s };
}

/* Compares keys that begin with the same 16 bytes, zeros behind their end. */
static int compare_tails(struct slice a, struct slice b)
{
	if (a.size <= HEAD_SIZE || b.size <= HEAD_SIZE)
		return a.size < b.size ? -1 : a.size > b.size;
	return slice_cmp(slice_of((const uint8_t *)a.data + HEAD_SIZE,
				  a.size - HEAD_SIZE),
			 slice_of((const uint8_t *)b.data + HEAD_SIZE,
				  b.size - HEAD_SIZE));
}

static inline bool before(const struct merge *m, const struct merge_child *a,
			  const struct merge_child *b)
{
	const struct entry *x = &a->source->entry, *y = &b->source->entry;
	int rc;

	if (likely(a->high != b->high))
		return (a->high < b->high) == m->forward;
	if (likely(a->low != b->low))
		return (a->low < b->low) == m->forward;
	rc = compare_tails(x->key, y->key);
	if (rc == 0)
		rc = x->tag > y->tag ? -1 : x->tag < y->tag;
	return m->forward ? rc < 0 : rc > 0;
}

/* Adds @c behind the children that it is not before. */
static void insert(struct merge *m, struct merge_child c)
{
	size_t i;

	for (i = m->live++; i > 0 && before(m, &c, &m->children[i - 1]); i--)
		m->children[i] = m->children[i - 1];
	m->children[i] = c;
}

/* The first child has moved, with @rc: puts it where it belongs now. */
static inline int settle(struct merge *m, int rc)
{
	struct merge_child c;
	size_t i;

	if (rc < 0)
		return rc;
	if (unlikely(rc == 0)) {
		m->live--;
		memmove(m->children, m->children + 1, m->live * sizeof(c));
		return 0;
	}
	/* Most often it stays the first, or nearly so. */
	c = child_of(m->children[0].source);
	for (i = 1; i < m->live && !before(m, &c, &m->children[i]); i++)
		m->children[i - 1] = m->children[i];
	m->children[i - 1] = c;
	return 0;
}

/* Lets the first child be one that is at an entry.  1, 0: none is; or error. */
static inline int arrive(struct merge *m)
{
	int rc;

	while (m->live > 0) {
		struct source *s = m->children[0].source;

		if (likely(s->state == SOURCE_AT))
			return 1;
		rc = settle(m, source_arrive(s));
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int show(struct merge *m)
{
	int rc = arrive(m);

	if (likely(rc == 1))
		m->source.entry = m->children[0].source->entry;
	return rc;
}

/* Lets the @count children, in no order yet, all wait together. */
static int await(struct merge *m, size_t count)
{
	size_t waiting = count, i;
	int rc;

	while (waiting > 0) {
		waiting = 0;
		for (i = 0; i < count; i++) {
			struct source *s = m->children[i].source;

			if (!s || s->state != SOURCE_WAITING)
				continue;
			rc = source_arrive(s);
			if (rc < 0)
				return rc;
			if (rc == 0)
				m->children[i].source = NULL;
			else
				waiting += s->state == SOURCE_WAITING;
		}
	}
	return 0;
}

/* Moves every source and orders those that are then at an entry. */
static int build(struct merge *m, bool forward,
		 int (*move)(struct source *s, struct slice key),
		 struct slice key)
{
	size_t count = 0, i;
	int rc;

	m->live = 0;
	m->forward = forward;
	for (i = 0; i < m->count; i++) {
		rc = move(m->all[i], key);
		if (rc < 0)
			return rc;
		if (rc == 1)
			m->children[count++].source = m->all[i];
	}
	rc = await(m, count);
	if (rc < 0)
		return rc;
	/* Those that are in order stand in front of the others. */
	for (i = 0; i < count; i++)
		if (m->children[i].source)
			insert(m, child_of(m->children[i].source));
	return show(m);
}

static int to_first(struct source *s, struct slice key UNUSED)
{
	return source_first(s);
}

static int to_last(struct source *s, struct slice key UNUSED)
{
	return source_last(s);
}

static int merge_first(struct source *s)
{
	return build(container_of(s, struct merge, source), true, to_first,
		     slice_of(NULL, 0));
}

static int merge_last(struct source *s)
{
	return build(container_of(s, struct merge, source), false, to_last,
		     slice_of(NULL, 0));
}

static int merge_seek(struct source *s, struct slice key)
{
	return build(container_of(s, struct merge, source), true, source_seek,
		     key);
}

static int merge_seek_before(struct source *s, struct slice key)
{
	return build(container_of(s, struct merge, source), false,
		     source_seek_before, key);
}

static int merge_next(struct source *s)
{
	struct merge *m = container_of(s, struct merge, source);
	int rc;

	assert(m->forward);
	rc = settle(m, source_next(m->children[0].source));
	return rc < 0 ? rc : show(m);
}

static int merge_prev(struct source *s)
{
	struct merge *m = container_of(s, struct merge, source);
	int rc;

	assert(!m->forward);
	rc = settle(m, source_prev(m->children[0].source));
	return rc < 0 ? rc : show(m);
}

static void merge_close(struct source *s)
{
	struct merge *m = container_of(s, struct merge, source);
	size_t i;

	for (i = 0; i < m->count; i++)
		source_close(m->all[i]);
	if (m->owned)
		free(m);
}

static const struct source_ops merge_ops = {
	.first = merge_first,
	.last = merge_last,
	.seek = merge_seek,
	.seek_before = merge_seek_before,
	.next = merge_next,
	.prev = merge_prev,
	.close = merge_close,
};

struct source *merge_init(struct merge *m, struct source **sources,
			  struct merge_child *children, size_t count)
{
	size_t i;

	*m = (struct merge){
		.source = { .ops = &merge_ops },
		.count = count,
		.all = sources,
		.children = children,
	};
	for (i = 0; i < count; i++)
		m->source.seq_max = u64_max(m->source.seq_max,
					    sources[i]->seq_max);
	return &m->source;
}

struct source *merge_source(struct source **sources, size_t count)
{
	size_t each = sizeof(struct merge_child) + sizeof(struct source *), i;
	struct merge_child *children;
	struct source **all;
	struct merge *m;

	m = malloc(sizeof(*m) + count * each);
	if (!m) {
		for (i = 0; i < count; i++)
			source_close(sources[i]);
		return NULL;
	}
	children = (struct merge_child *)(m + 1);
	all = (struct source **)(children + count);
	if (count > 0)
		memcpy(all, sources, count * sizeof(all[0]));
	merge_init(m, all, children, count);
	m->owned = true;
	return &m->source;
}

int merge_next_key(struct source *merge, struct slice key)
{
	struct merge *m = container_of(merge, struct merge, source);
	const struct merge_child was = m->children[0], *first = m->children;
	int rc;

	assert(m->forward);
	do {
		rc = settle(m, source_next(first->source));
		if (rc == 0)
			rc = arrive(m);
		if (rc != 1)
			return rc;
	} while (first->high == was.high && first->low == was.low &&
		 compare_tails(first->source->entry.key, key) == 0);
	m->source.entry = first->source->entry;
	return 1;
}

int merge_skip(struct source *merge, struct slice to, uint64_t seq)
{
	struct merge *m = container_of(merge, struct merge, source);
	size_t count = m->live, i;
	int rc;

	assert(m->forward);
	/* Those that were looked at are in order, in front of the others. */
	m->live = 0;
	for (i = 0; i < count; i++) {
		struct merge_child c = m->children[i];

		if (c.source->seq_max < seq &&
		    slice_cmp(c.source->entry.key, to) < 0) {
			rc = source_seek(c.source, to);
			while (rc == 1 && c.source->state == SOURCE_WAITING)
				rc = source_arrive(c.source);
			if (rc < 0)
				return rc;
			if (rc == 0)
				continue;
			c = child_of(c.source);
		}
		insert(m, c);
	}
	return show(m);
}
