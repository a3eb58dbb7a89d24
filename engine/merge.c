#include "engine/merge.h"

#include <stdlib.h>

#include "engine/base/coding.h"

/* A source that is at an entry. */
struct child {
	uint64_t
		head; /* the first 8 bytes of its key: most often they decide */
	struct source *source; /* owned by ->all */
};

struct merge {
	struct source source;
	size_t count;
	struct source **all; /* owned sources, count of them */
	struct child
		*children; /* those at an entry, in order, the next first */
	size_t live;       /* how many these are */
	bool forward;      /* which way they are ordered */
};

static struct child child_of(struct source *s)
{
	struct slice key = s->entry.key;
	uint8_t bytes[8] = { 0 };

	if (likely(key.size >= sizeof(bytes)))
		return (struct child){ get_be64(key.data), s };
	if (key.size)
		memcpy(bytes, key.data, key.size);
	return (struct child){ get_be64(bytes), s };
}

static inline bool before(const struct merge *m, const struct child *a,
			  const struct child *b)
{
	int rc;

	if (likely(a->head != b->head))
		return (a->head < b->head) == m->forward;
	rc = entry_cmp(&a->source->entry, &b->source->entry);
	return m->forward ? rc < 0 : rc > 0;
}

static int show(struct merge *m)
{
	if (m->live == 0)
		return 0;
	m->source.entry = m->children[0].source->entry;
	return 1;
}

/* Adds @c behind the children that it is not before. */
static void insert(struct merge *m, struct child c)
{
	size_t i;

	for (i = m->live++; i > 0 && before(m, &c, &m->children[i - 1]); i--)
		m->children[i] = m->children[i - 1];
	m->children[i] = c;
}

/* Moves every source and orders those that are then at an entry. */
static int build(struct merge *m, bool forward,
		 int (*move)(struct source *s, struct slice key),
		 struct slice key)
{
	size_t i;
	int rc;

	m->live = 0;
	m->forward = forward;
	for (i = 0; i < m->count; i++) {
		rc = move(m->all[i], key);
		if (rc < 0)
			return rc;
		if (rc == 1)
			insert(m, child_of(m->all[i]));
	}
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

/* The first child has moved, with @rc. */
static int advance(struct merge *m, int rc)
{
	struct child c;
	size_t i;

	if (rc < 0)
		return rc;
	if (rc == 0) {
		m->live--;
		memmove(m->children, m->children + 1, m->live * sizeof(c));
		return show(m);
	}
	/* Most often it stays the first, or nearly so. */
	c = child_of(m->children[0].source);
	for (i = 1; i < m->live && !before(m, &c, &m->children[i]); i++)
		m->children[i - 1] = m->children[i];
	m->children[i - 1] = c;
	return show(m);
}

static int merge_next(struct source *s)
{
	struct merge *m = container_of(s, struct merge, source);

	assert(m->forward);
	return advance(m, source_next(m->children[0].source));
}

static int merge_prev(struct source *s)
{
	struct merge *m = container_of(s, struct merge, source);

	assert(!m->forward);
	return advance(m, source_prev(m->children[0].source));
}

static void merge_close(struct source *s)
{
	struct merge *m = container_of(s, struct merge, source);
	size_t i;

	for (i = 0; i < m->count; i++)
		source_close(m->all[i]);
	free(m->all);
	free(m->children);
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

struct source *merge_source(struct source **sources, size_t count)
{
	struct merge *m = calloc(1, sizeof(*m));
	size_t i;

	if (m) {
		m->all = calloc(count + 1, sizeof(struct source *));
		m->children = calloc(count + 1, sizeof(struct child));
	}
	if (!m || !m->all || !m->children) {
		for (i = 0; i < count; i++)
			source_close(sources[i]);
		if (m) {
			free(m->all);
			free(m->children);
		}
		free(m);
		return NULL;
	}
	m->source.ops = &merge_ops;
	m->count = count;
	for (i = 0; i < count; i++)
		m->source.seq_max = u64_max(m->source.seq_max,
					    sources[i]->seq_max);
	memcpy(m->all, sources, count * sizeof(struct source *));
	return &m->source;
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
		struct child c = m->children[i];

		if (c.source->seq_max < seq &&
		    slice_cmp(c.source->entry.key, to) < 0) {
			rc = source_seek(c.source, to);
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
