#include "engine/mt.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "engine/base/arena.h"
#include "engine/base/coding.h"
#include "engine/vlog.h"

#define HEIGHT_MAX 14 /* enough for 4^14 entries */

struct node {
	uint64_t tag;
	uint64_t head;       /* the first 8 bytes of the key, as a number */
	uint32_t key_size;   /* bytes */
	uint32_t value_size; /* bytes */
	uint32_t height;
	uint32_t pad;
	_Atomic(struct node *) next[]; /* height of them, then key, value */
};

/* Only grows, at the head, so that readers may walk it. */
struct blob_ref {
	struct blob *blob; /* owned reference */
	struct blob_ref *next;
};

struct mt {
	_Atomic uint32_t refs;
	struct arena arena;
	struct node *head; /* of height HEIGHT_MAX, without a key */
	uint64_t random;
	_Atomic uint32_t height;
	_Atomic uint64_t count;
	_Atomic uint64_t seq_last;
	_Atomic(struct blob_ref *) blobs;
};

static const uint8_t *node_key_data(const struct node *n)
{
	return (const uint8_t *)&n->next[n->height];
}

static struct slice node_key(const struct node *n)
{
	return slice_of(node_key_data(n), n->key_size);
}

static struct node *node_next(const struct node *n, unsigned level)
{
	return atomic_load_explicit(&((struct node *)n)->next[level],
				    memory_order_acquire);
}

/* The first 8 bytes as a number that sorts as they do. */
static uint64_t key_head(struct slice key)
{
	uint8_t bytes[8] = { 0 };

	if (likely(key.size >= 8))
		return get_be64(key.data);
	if (key.size > 0)
		memcpy(bytes, key.data, key.size);
	return get_be64(bytes);
}

static struct node *node_new(struct mt *mt, const struct entry *e,
			     unsigned height)
{
	size_t links = height * sizeof(_Atomic(struct node *));
	struct node *n;
	uint8_t *p;

	n = arena_alloc(&mt->arena,
			sizeof(*n) + links + e->key.size + e->value.size);
	if (!n)
		return NULL;

	n->tag = e->tag;
	n->head = key_head(e->key);
	n->key_size = (uint32_t)e->key.size;
	n->value_size = (uint32_t)e->value.size;
	n->height = height;
	p = (uint8_t *)n + sizeof(*n) + links;
	if (e->key.size)
		memcpy(p, e->key.data, e->key.size);
	if (e->value.size)
		memcpy(p + e->key.size, e->value.data, e->value.size);
	return n;
}

struct mt *mt_new(void)
{
	const struct entry none = { 0 };
	struct mt *mt = calloc(1, sizeof(*mt));
	unsigned i;

	if (!mt)
		return NULL;
	arena_init(&mt->arena);
	mt->refs = 1;
	mt->height = 1;
	mt->random = 0x9e3779b97f4a7c15u;
	mt->head = node_new(mt, &none, HEIGHT_MAX);
	if (!mt->head) {
		free(mt);
		return NULL;
	}
	for (i = 0; i < HEIGHT_MAX; i++)
		atomic_init(&mt->head->next[i], NULL);
	return mt;
}

struct mt *mt_ref(struct mt *mt)
{
	atomic_fetch_add_explicit(&mt->refs, 1, memory_order_relaxed);
	return mt;
}

void mt_unref(struct mt *mt)
{
	struct blob_ref *b, *next;

	if (!mt || atomic_fetch_sub(&mt->refs, 1) > 1)
		return;
	for (b = mt->blobs; b; b = next) {
		next = b->next;
		blob_unref(b->blob);
		free(b);
	}
	arena_fini(&mt->arena);
	free(mt);
}

/* Whether @n sorts before the entry (key, tag). */
static bool node_before(const struct node *n, struct slice key, uint64_t head,
			uint64_t tag)
{
	int rc;

	if (n->head != head)
		return n->head < head;
	rc = slice_cmp(node_key(n), key);
	if (rc != 0)
		return rc < 0;
	return n->tag > tag;
}

/*
 * The first node at or after (key, tag), or NULL.  @prev, if wanted, gets the
 * last node before it on every level.
 */
static struct node *find(const struct mt *mt, struct slice key, uint64_t tag,
			 struct node **prev)
{
	unsigned level = atomic_load_explicit(&((struct mt *)mt)->height,
					      memory_order_relaxed);
	uint64_t head = key_head(key);
	struct node *at = mt->head, *next;

	for (;;) {
		next = node_next(at, level - 1);
		if (next && node_before(next, key, head, tag)) {
			at = next;
			continue;
		}
		if (prev)
			prev[level - 1] = at;
		if (--level == 0)
			return next;
	}
}

static unsigned random_height(struct mt *mt)
{
	unsigned height = 1;
	uint64_t r;

	/* xorshift64, Marsaglia 2003. */
	mt->random ^= mt->random << 13;
	mt->random ^= mt->random >> 7;
	mt->random ^= mt->random << 17;
	for (r = mt->random; height < HEIGHT_MAX && (r & 3) == 0; r >>= 2)
		height++;
	return height;
}

int mt_put(struct mt *mt, const struct entry *e)
{
	struct node *prev[HEIGHT_MAX];
	unsigned height = random_height(mt), i;
	struct node *n = node_new(mt, e, height);

	if (!n)
		return -ENOMEM;

	find(mt, e->key, e->tag, prev);
	for (i = mt->height; i < height; i++)
		prev[i] = mt->head;
	for (i = 0; i < height; i++) {
		atomic_init(&n->next[i], node_next(prev[i], i));
		atomic_store_explicit(&prev[i]->next[i], n,
				      memory_order_release);
	}
	if (height > mt->height)
		atomic_store_explicit(&mt->height, height,
				      memory_order_relaxed);
	atomic_fetch_add_explicit(&mt->count, 1, memory_order_relaxed);
	atomic_store_explicit(&mt->seq_last, entry_seq(e),
			      memory_order_relaxed);
	return 0;
}

static void entry_of(const struct node *n, struct entry *out)
{
	*out = (struct entry){
		.key = node_key(n),
		.value = slice_of(node_key_data(n) + n->key_size,
				  n->value_size),
		.tag = n->tag,
	};
}

bool mt_get(const struct mt *mt, struct slice key, uint64_t seq_max,
	    struct entry *out)
{
	struct node *n = find(mt, key, entry_tag(seq_max, 0xff), NULL);

	if (!n || !slice_eq(node_key(n), key))
		return false;
	entry_of(n, out);
	return true;
}

struct mt_iter {
	struct source source;
	struct mt *mt; /* owned reference */
	struct node *at;
};

static int show(struct mt_iter *it, struct node *n)
{
	it->at = n;
	if (!n || n == it->mt->head)
		return 0;
	entry_of(n, &it->source.entry);
	return 1;
}

static int mt_iter_first(struct source *s)
{
	struct mt_iter *it = container_of(s, struct mt_iter, source);

	return show(it, node_next(it->mt->head, 0));
}

static int mt_iter_last(struct source *s)
{
	struct mt_iter *it = container_of(s, struct mt_iter, source);
	struct node *at = it->mt->head, *next;
	unsigned level = it->mt->height;

	while (level > 0) {
		next = node_next(at, level - 1);
		if (next)
			at = next;
		else
			level--;
	}
	return show(it, at);
}

static int mt_iter_seek(struct source *s, struct slice key)
{
	struct mt_iter *it = container_of(s, struct mt_iter, source);

	return show(it, find(it->mt, key, UINT64_MAX, NULL));
}

static int mt_iter_seek_before(struct source *s, struct slice key)
{
	struct mt_iter *it = container_of(s, struct mt_iter, source);
	struct node *prev[HEIGHT_MAX];

	find(it->mt, key, UINT64_MAX, prev);
	return show(it, prev[0]);
}

static int mt_iter_next(struct source *s)
{
	struct mt_iter *it = container_of(s, struct mt_iter, source);

	return show(it, node_next(it->at, 0));
}

/* No back links: the way back is a search. */
static int mt_iter_prev(struct source *s)
{
	struct mt_iter *it = container_of(s, struct mt_iter, source);
	struct node *prev[HEIGHT_MAX];

	find(it->mt, node_key(it->at), it->at->tag, prev);
	return show(it, prev[0]);
}

static void mt_iter_close(struct source *s)
{
	struct mt_iter *it = container_of(s, struct mt_iter, source);

	mt_unref(it->mt);
	free(it);
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

struct source *mt_source(struct mt *mt)
{
	struct mt_iter *it = calloc(1, sizeof(*it));

	if (!it)
		return NULL;
	it->source.ops = &mt_iter_ops;
	it->source.seq_max = UINT64_MAX;
	it->mt = mt_ref(mt);
	return &it->source;
}

size_t mt_bytes(const struct mt *mt)
{
	return atomic_load_explicit(&((struct mt *)mt)->arena.bytes,
				    memory_order_relaxed);
}

uint64_t mt_count(const struct mt *mt)
{
	return atomic_load_explicit(&((struct mt *)mt)->count,
				    memory_order_relaxed);
}

uint64_t mt_seq_last(const struct mt *mt)
{
	return atomic_load_explicit(&((struct mt *)mt)->seq_last,
				    memory_order_relaxed);
}

struct blob *mt_blob(const struct mt *mt, uint64_t id)
{
	struct blob_ref *b;

	b = atomic_load_explicit(&((struct mt *)mt)->blobs,
				 memory_order_acquire);
	while (b && blob_id(b->blob) != id)
		b = b->next;
	return b ? b->blob : NULL;
}

int mt_add_blob(struct mt *mt, struct blob *blob)
{
	struct blob_ref *b;

	if (mt_blob(mt, blob_id(blob)))
		return 0;
	b = malloc(sizeof(*b));
	if (!b)
		return -ENOMEM;
	b->blob = blob_ref(blob);
	b->next = mt->blobs;
	atomic_store_explicit(&mt->blobs, b, memory_order_release);
	return 0;
}
