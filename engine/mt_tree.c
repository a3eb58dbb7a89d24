#include "engine/mt_tree.h"

#include <sched.h>

#include "engine/base/arena.h"
#include "engine/base/coding.h"

#define WIDTH      MT_TREE_WIDTH
#define HEIGHT_MAX 12 /* a node is split when full: more than memory holds */

struct mt_node {
	_Atomic uint32_t version; /* of a leaf */
	_Atomic uint16_t count;   /* places in use */
	_Atomic uint16_t skip;    /* heads begin there in a key */
	uint16_t level;           /* constant; 0 is a leaf */
	uint16_t added_at;        /* the place added last; for the writer */
	_Atomic(struct mt_node *) right; /* of a leaf: the next one */
	_Atomic uint64_t heads[WIDTH];
	_Atomic(struct mt_key *) keys[WIDTH];
	_Atomic(struct mt_node *) children[]; /* WIDTH of an inner node */
};

/* A node on the way from the root to a leaf, as the writer goes it. */
struct step {
	struct mt_node *node;
	unsigned at;             /* the place where something is to be added */
	const struct mt_key *lo; /* fences: lo <= keys < hi; NULL: none */
	const struct mt_key *hi;
};

#define LOAD(p)     atomic_load_explicit(p, memory_order_acquire)
#define STORE(p, v) atomic_store_explicit(p, v, memory_order_release)

/* 8 bytes of a key as a number that sorts as they do; 0 for what is not. */
static uint64_t head_of(struct slice key, size_t skip)
{
	const uint8_t *p = key.data;
	uint8_t bytes[8] = { 0 };

	if (likely(key.size >= skip + 8))
		return get_be64(p + skip);
	if (key.size > skip)
		memcpy(bytes, p + skip, key.size - skip);
	return get_be64(bytes);
}

static unsigned count_of(const struct mt_node *n)
{
	return LOAD(&n->count);
}

/*
 * The first of the places @from to @end (excluded) whose head is not below
 * @head, or @end.  Without a branch that depends on what is found there, as
 * nobody could foretell it.
 */
static unsigned find_head(const struct mt_node *n, unsigned from, unsigned end,
			  uint64_t head)
{
	unsigned size = end - from, half;

	if (size == 0)
		return end;
	for (; size > 1; size -= half) {
		half = size / 2;
		from += LOAD(&n->heads[from + half - 1]) < head ? half : 0;
	}
	return from + (LOAD(&n->heads[from]) < head);
}

/* The same by whole keys. */
static unsigned find_whole(const struct mt_node *n, unsigned from, unsigned end,
			   struct slice key)
{
	unsigned middle;

	while (from < end) {
		middle = from + (end - from) / 2;
		if (slice_cmp(mt_key_slice(LOAD(&n->keys[middle])), key) < 0)
			from = middle + 1;
		else
			end = middle;
	}
	return from;
}

/* The first place from @from on whose key is not before @key. */
static unsigned find(const struct mt_node *n, unsigned from, struct slice key)
{
	unsigned count = count_of(n);
	uint64_t head = head_of(key, LOAD(&n->skip));
	unsigned i = find_head(n, from, count, head);

	if (i == count || LOAD(&n->heads[i]) != head)
		return i;
	return find_whole(n, i,
			  head == UINT64_MAX ? count
					     : find_head(n, i, count, head + 1),
			  key);
}

/* ------------------------------------------------------------- reading -- */

/* A version that is not odd.  The writer may have been put to sleep. */
static uint32_t version_stable(const _Atomic uint32_t *version)
{
	uint32_t v;

	while ((v = LOAD(version)) & 1)
		sched_yield();
	return v;
}

/* The lines that a search is about to touch, all at once. */
static void prefetch_heads(const struct mt_node *n)
{
	unsigned i;

	for (i = 0; i < WIDTH; i += 8)
		__builtin_prefetch(&n->heads[i]);
}

/* The leaf for @key, or the last if that is NULL, and its version. */
static const struct mt_node *descend(const struct mt_tree *t,
				     const struct slice *key, uint32_t *version)
{
	const struct mt_node *n;
	uint32_t shape;
	unsigned i;

	do {
		shape = version_stable(&t->shape);
		for (n = LOAD(&t->root); n->level > 0;
		     n = LOAD(&n->children[i - 1])) {
			prefetch_heads(n);
			i = key ? find(n, 1, *key) : count_of(n);
		}
		prefetch_heads(n);
		*version = version_stable(&n->version);
	} while (LOAD(&t->shape) != shape);
	return n;
}

static void copy(const struct mt_node *n, struct mt_leaf *leaf)
{
	unsigned i;

	leaf->right = LOAD(&n->right);
	leaf->count = count_of(n);
	for (i = 0; i < leaf->count; i++)
		leaf->keys[i] = LOAD(&n->keys[i]);
}

unsigned mt_tree_seek(const struct mt_tree *t, struct slice key,
		      struct mt_leaf *leaf)
{
	const struct mt_node *n;
	uint32_t version;
	unsigned at;

	do {
		n = descend(t, &key, &version);
		at = find(n, 0, key);
		copy(n, leaf);
	} while (LOAD(&n->version) != version);
	return at;
}

void mt_tree_last(const struct mt_tree *t, struct mt_leaf *leaf)
{
	const struct mt_node *n;
	uint32_t version;

	do {
		n = descend(t, NULL, &version);
		copy(n, leaf);
	} while (LOAD(&n->version) != version);
}

void mt_tree_fetch_right(const struct mt_leaf *leaf)
{
	const struct mt_node *n = leaf->right;
	unsigned i;

	if (!n)
		return;
	__builtin_prefetch(n);
	for (i = 0; i < WIDTH; i += 8)
		__builtin_prefetch(&n->keys[i]);
}

void mt_tree_fetch_right_key(const struct mt_leaf *leaf, unsigned at)
{
	const struct mt_node *n = leaf->right;

	if (n && at < count_of(n))
		__builtin_prefetch(LOAD(&n->keys[at]));
}

bool mt_tree_right(struct mt_leaf *leaf)
{
	const struct mt_node *n = leaf->right;
	uint32_t version;

	if (!n)
		return false;
	do {
		version = version_stable(&n->version);
		copy(n, leaf);
	} while (LOAD(&n->version) != version);
	return true;
}

/* -------------------------------------------------------------- adding -- */

static void write_begin(_Atomic uint32_t *version)
{
	atomic_store_explicit(version, *version + 1, memory_order_relaxed);
}

static void write_end(_Atomic uint32_t *version)
{
	STORE(version, *version + 1);
}

static struct mt_node *node_new(struct mt_tree *t, unsigned level)
{
	struct mt_node *n;
	size_t children = level > 0 ? WIDTH * sizeof(n->children[0]) : 0;

	n = arena_alloc(t->arena, sizeof(*n) + children);
	if (!n)
		return NULL;
	atomic_init(&n->version, 0);
	atomic_init(&n->count, 0);
	atomic_init(&n->skip, 0);
	atomic_init(&n->right, NULL);
	n->level = (uint16_t)level;
	n->added_at = 0;
	return n;
}

int mt_tree_init(struct mt_tree *t, struct arena *arena)
{
	*t = (struct mt_tree){ .arena = arena };
	t->root = node_new(t, 0);
	return t->root ? 0 : -ENOMEM;
}

/* Puts a key, of an inner node with its child, into place @at of a node with
 * room.  A place is filled before the count says so. */
static void place(struct mt_node *n, unsigned at, struct mt_key *key,
		  struct mt_node *child)
{
	unsigned count = count_of(n), i;

	for (i = count; i > at; i--)
		STORE(&n->heads[i], LOAD(&n->heads[i - 1]));
	STORE(&n->heads[at], head_of(mt_key_slice(key), LOAD(&n->skip)));
	for (i = count; i > at; i--)
		STORE(&n->keys[i], LOAD(&n->keys[i - 1]));
	STORE(&n->keys[at], key);
	if (n->level > 0) {
		for (i = count; i > at; i--)
			STORE(&n->children[i], LOAD(&n->children[i - 1]));
		STORE(&n->children[at], child);
	}
	STORE(&n->count, (uint16_t)(count + 1));
	n->added_at = (uint16_t)at;
}

/* Moves what is from place @from on of a full node to @right, an empty one. */
static void move(struct mt_node *n, unsigned from, struct mt_node *right)
{
	unsigned i;

	STORE(&right->skip, LOAD(&n->skip));
	for (i = from; i < WIDTH; i++) {
		STORE(&right->heads[i - from], LOAD(&n->heads[i]));
		STORE(&right->keys[i - from], LOAD(&n->keys[i]));
		if (n->level > 0)
			STORE(&right->children[i - from],
			      LOAD(&n->children[i]));
	}
	STORE(&right->count, (uint16_t)(WIDTH - from));
	STORE(&n->count, (uint16_t)from);
}

/* Takes the heads anew if they say little: if 4 bytes are the same in all. */
static void renew_heads(struct mt_node *n, const struct mt_key *lo,
			const struct mt_key *hi)
{
	unsigned count = count_of(n), i;
	size_t skip;

	if (!lo || !hi || (n->heads[0] ^ n->heads[count - 1]) >> 32 != 0)
		return;
	skip = slice_common(mt_key_slice(lo), mt_key_slice(hi));
	skip = size_min(skip, UINT16_MAX);
	if (skip == LOAD(&n->skip))
		return;
	STORE(&n->skip, (uint16_t)skip);
	for (i = 0; i < count; i++)
		STORE(&n->heads[i],
		      head_of(mt_key_slice(LOAD(&n->keys[i])), skip));
}

/*
 * Splits the full node at @s in two, of which @right is the new one, and adds
 * the key (and child) to that in which it belongs.
 */
static void split(struct step *s, struct mt_node *right, struct mt_key *key,
		  struct mt_node *child)
{
	struct mt_node *n = s->node;
	bool rising = s->at == WIDTH && n->added_at == WIDTH - 1;
	unsigned middle = rising ? WIDTH : WIDTH / 2;

	write_begin(&n->version);
	move(n, middle, right);
	/* What comes before the new node's keys is no rising run any more. */
	n->added_at = 0;
	if (s->at > middle || rising)
		place(right, s->at - middle, key, child);
	else
		place(n, s->at, key, child);
	renew_heads(n, s->lo, LOAD(&right->keys[0]));
	renew_heads(right, LOAD(&right->keys[0]), s->hi);
	if (n->level == 0) {
		STORE(&right->right, LOAD(&n->right));
		STORE(&n->right, right);
	}
	write_end(&n->version);
}

/* A root above the old one and @right, which begins with @key. */
static void raise_root(struct mt_tree *t, struct mt_node *root,
		       struct mt_node *right, struct mt_key *key)
{
	struct mt_node *old = LOAD(&t->root);

	place(root, 0, LOAD(&old->keys[0]), old);
	place(root, 1, key, right);
	STORE(&t->root, root);
}

/* Splits what is full on the way of @steps; nothing if memory runs out. */
static int split_and_add(struct mt_tree *t, struct step *steps,
			 struct mt_key *key)
{
	struct mt_node *fresh[HEIGHT_MAX + 1], *child = NULL;
	unsigned height = LOAD(&t->root)->level + 1u;
	unsigned full = 0, i;

	while (full < height && count_of(steps[full].node) == WIDTH)
		full++;
	assert(full < HEIGHT_MAX);
	for (i = 0; i < full + (full == height); i++) {
		fresh[i] = node_new(t, i);
		if (!fresh[i])
			return -ENOMEM;
	}

	t->last.leaf = NULL;
	write_begin(&t->shape);
	for (i = 0; i < full; i++) {
		split(&steps[i], fresh[i], key, child);
		child = fresh[i];
		key = LOAD(&child->keys[0]);
	}
	if (full < height)
		place(steps[full].node, steps[full].at, key, child);
	else
		raise_root(t, fresh[full], child, key);
	write_end(&t->shape);
	return 0;
}

/* Whether @key belongs in the leaf of the last descents, and there is room. */
static bool is_near(const struct mt_tree *t, struct slice key)
{
	const struct mt_key *lo = t->last.lo, *hi = t->last.hi;

	return t->last.leaf && t->last.again &&
	       count_of(t->last.leaf) < WIDTH &&
	       (!hi || slice_cmp(key, mt_key_slice(hi)) < 0) &&
	       (!lo || slice_cmp(key, mt_key_slice(lo)) >= 0);
}

static void remember(struct mt_tree *t, const struct step *leaf)
{
	t->last.again = t->last.leaf == leaf->node;
	t->last.leaf = leaf->node;
	t->last.lo = leaf->lo;
	t->last.hi = leaf->hi;
}

static void add_to_leaf(struct mt_node *n, unsigned at, struct mt_key *key)
{
	write_begin(&n->version);
	place(n, at, key, NULL);
	write_end(&n->version);
}

int mt_tree_add(struct mt_tree *t, struct mt_key *key)
{
	struct step steps[HEIGHT_MAX]; /* by level, the leaf first */
	const struct mt_key *lo = NULL, *hi = NULL;
	struct mt_node *n = LOAD(&t->root);
	unsigned at;

	if (is_near(t, mt_key_slice(key))) {
		n = t->last.leaf;
		add_to_leaf(n, find(n, 0, mt_key_slice(key)), key);
		return 0;
	}
	for (;; n = LOAD(&n->children[at - 1])) {
		prefetch_heads(n);
		at = find(n, n->level > 0, mt_key_slice(key));
		steps[n->level] = (struct step){ n, at, lo, hi };
		if (n->level == 0)
			break;
		if (at > 1)
			lo = LOAD(&n->keys[at - 1]);
		if (at < count_of(n))
			hi = LOAD(&n->keys[at]);
	}
	if (unlikely(count_of(n) == WIDTH))
		return split_and_add(t, steps, key);
	remember(t, &steps[0]);
	add_to_leaf(n, at, key);
	return 0;
}

/* ------------------------------------------------------------ checking -- */

/* What mt_tree_check() has seen so far, from left to right. */
struct check {
	size_t keys;
	const struct mt_node *next_leaf; /* where the last leaf's link leads */
	bool right;                      /* nothing is wrong */
};

/* The places of @n: keys rise, and heads and skip are true. */
static void check_places(struct check *c, const struct mt_node *n,
			 const struct mt_key *lo, const struct mt_key *hi)
{
	unsigned count = count_of(n), i = n->level > 0, skip = LOAD(&n->skip);

	if (count > WIDTH || (skip > 0 && (!lo || !hi)))
		c->right = false;
	if (lo && hi && skip > slice_common(mt_key_slice(lo), mt_key_slice(hi)))
		c->right = false;
	for (; c->right && i < count; i++) {
		struct slice key = mt_key_slice(LOAD(&n->keys[i]));

		if ((lo && slice_cmp(key, mt_key_slice(lo)) < 0) ||
		    (hi && slice_cmp(key, mt_key_slice(hi)) >= 0) ||
		    LOAD(&n->heads[i]) != head_of(key, skip))
			c->right = false;
		if (i > (n->level > 0) &&
		    slice_cmp(mt_key_slice(LOAD(&n->keys[i - 1])), key) >= 0)
			c->right = false;
	}
}

static void check_node(struct check *c, const struct mt_node *n,
		       const struct mt_key *lo, const struct mt_key *hi)
{
	unsigned count = count_of(n), i;

	check_places(c, n, lo, hi);
	if (n->level == 0) {
		if (c->next_leaf && c->next_leaf != n)
			c->right = false;
		/* A leaf begins with the key that parts it from the left. */
		if (lo && (count == 0 || LOAD(&n->keys[0]) != lo))
			c->right = false;
		c->next_leaf = LOAD(&n->right);
		c->keys += count;
		return;
	}
	for (i = 0; c->right && i < count; i++) {
		const struct mt_node *child = LOAD(&n->children[i]);

		if (child->level + 1 != n->level)
			c->right = false;
		else
			check_node(c, child, i > 0 ? LOAD(&n->keys[i]) : lo,
				   i + 1 < count ? LOAD(&n->keys[i + 1]) : hi);
	}
}

bool mt_tree_check(const struct mt_tree *t, size_t *keys)
{
	struct check c = { .right = true };

	check_node(&c, LOAD(&t->root), NULL, NULL);
	if (!c.right || c.next_leaf)
		return false;
	*keys = c.keys;
	return true;
}
