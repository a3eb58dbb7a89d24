#include "engine/merge.h"

#include <stdlib.h>

struct merge {
	struct source source;
	size_t count;
	size_t live;  /* sources in the heap: those that are at an entry */
	bool forward; /* which way the heap is ordered */
	struct source **all;  /* owned sources, count of them */
	struct source **heap; /* the live ones */
};

static bool before(const struct merge *m, const struct source *a,
		   const struct source *b)
{
	int rc = entry_cmp(&a->entry, &b->entry);

	return m->forward ? rc < 0 : rc > 0;
}

static void sift_down(struct merge *m, size_t i)
{
	struct source *s = m->heap[i];

	for (;;) {
		size_t child = 2 * i + 1;

		if (child >= m->live)
			break;
		if (child + 1 < m->live &&
		    before(m, m->heap[child + 1], m->heap[child]))
			child++;
		if (!before(m, m->heap[child], s))
			break;
		m->heap[i] = m->heap[child];
		i = child;
	}
	m->heap[i] = s;
}

static int show(struct merge *m)
{
	if (m->live == 0)
		return 0;
	m->source.entry = m->heap[0]->entry;
	return 1;
}

/* Moves every source and heaps those that are then at an entry. */
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
			m->heap[m->live++] = m->all[i];
	}
	for (i = m->live / 2; i-- > 0;)
		sift_down(m, i);
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

static int advance(struct merge *m, int rc)
{
	if (rc < 0)
		return rc;
	if (rc == 0) {
		m->live--;
		m->heap[0] = m->heap[m->live];
	}
	if (m->live > 1)
		sift_down(m, 0);
	return show(m);
}

static int merge_next(struct source *s)
{
	struct merge *m = container_of(s, struct merge, source);

	assert(m->forward);
	return advance(m, source_next(m->heap[0]));
}

static int merge_prev(struct source *s)
{
	struct merge *m = container_of(s, struct merge, source);

	assert(!m->forward);
	return advance(m, source_prev(m->heap[0]));
}

static void merge_close(struct source *s)
{
	struct merge *m = container_of(s, struct merge, source);
	size_t i;

	for (i = 0; i < m->count; i++)
		source_close(m->all[i]);
	free(m->all);
	free(m->heap);
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
		m->heap = calloc(count + 1, sizeof(struct source *));
	}
	if (!m || !m->all || !m->heap) {
		for (i = 0; i < count; i++)
			source_close(sources[i]);
		if (m) {
			free(m->all);
			free(m->heap);
		}
		free(m);
		return NULL;
	}
	m->source.ops = &merge_ops;
	m->count = count;
	memcpy(m->all, sources, count * sizeof(struct source *));
	return &m->source;
}
