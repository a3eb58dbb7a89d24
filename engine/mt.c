#include "engine/mt.h"

#include <stdlib.h>

#include "engine/filter.h"
#include "engine/vlog.h"

/* Only grows, at the head, so that readers may walk it. */
struct mt_blob_ref {
	struct blob *blob; /* owned reference */
	struct mt_blob_ref *next;
};

struct mt *mt_new(size_t keys, struct arena_spare *spare)
{
	struct mt *mt = calloc(1, sizeof(*mt));

	if (!mt)
		return NULL;
	mt->refs = 1;
	arena_init(&mt->arena, spare);
	if (mt_hash_init(&mt->hash, keys) < 0)
		goto free_mt;
	if (mt_tree_init(&mt->tree, &mt->arena) < 0)
		goto free_hash;
	return mt;

free_hash:
	mt_hash_fini(&mt->hash);
free_mt:
	free(mt);
	return NULL;
}

struct mt *mt_ref(struct mt *mt)
{
	atomic_fetch_add_explicit(&mt->refs, 1, memory_order_relaxed);
	return mt;
}

static void blobs_fini(struct mt *mt)
{
	struct mt_blob_ref *b, *next;
	size_t i;

	for (i = 0; i < MT_BLOB_LISTS; i++) {
		for (b = mt->blobs[i]; b; b = next) {
			next = b->next;
			blob_unref(b->blob);
			free(b);
		}
	}
}

void mt_unref(struct mt *mt)
{
	if (!mt || atomic_fetch_sub(&mt->refs, 1) > 1)
		return;
	mt_unref(mt->ranges);
	blobs_fini(mt);
	mt_hash_fini(&mt->hash);
	arena_fini(&mt->arena);
	free(mt);
}

static void version_init(struct mt_version *v, const struct entry *e,
			 struct mt_version *older)
{
	atomic_init(&v->older, older);
	atomic_init(&v->newer, NULL);
	v->tag = e->tag;
	v->value_size = (uint32_t)e->value.size;
}

static void copy_bytes(uint8_t *to, struct slice bytes)
{
	if (bytes.size)
		memcpy(to, bytes.data, bytes.size);
}

static int add_version(struct mt *mt, struct mt_key *key, const struct entry *e)
{
	struct mt_version *newest, *v;

	newest = atomic_load_explicit(&key->oldest.older, memory_order_relaxed);
	assert(e->tag > newest->tag);
	v = arena_alloc(&mt->arena, MT_VERSION_SIZE + e->value.size);
	if (!v)
		return -ENOMEM;
	version_init(v, e, newest);
	copy_bytes(v->bytes, e->value);
	atomic_store_explicit(&newest->newer, v, memory_order_release);
	atomic_store_explicit(&key->oldest.older, v, memory_order_release);
	return 0;
}

static int add_key(struct mt *mt, const struct entry *e, uint32_t hash)
{
	struct mt_key *key;
	int rc;

	rc = mt_hash_reserve(&mt->hash);
	if (rc < 0)
		return rc;
	key = arena_alloc(&mt->arena,
			  MT_KEY_SIZE + e->key.size + e->value.size);
	if (!key)
		return -ENOMEM;
	key->hash = hash;
	key->size = (uint32_t)e->key.size;
	version_init(&key->oldest, e, &key->oldest);
	copy_bytes(key->oldest.bytes, e->key);
	copy_bytes(key->oldest.bytes + e->key.size, e->value);

	rc = mt_tree_add(&mt->tree, key);
	if (rc == 0)
		mt_hash_add(&mt->hash, key);
	return rc;
}

/* The slow way, by the tree. */
static struct mt_key *search(const struct mt *mt, struct slice key)
{
	struct mt_leaf leaf;
	unsigned at = mt_tree_seek(&mt->tree, key, &leaf);

	/* A key that begins a leaf is found from the leaf before. */
	if (at == leaf.count) {
		if (!mt_tree_right(&leaf))
			return NULL;
		at = 0;
	}
	return slice_eq(mt_key_slice(leaf.keys[at]), key) ? leaf.keys[at]
							  : NULL;
}

static struct mt_key *find(const struct mt *mt, struct slice key, uint32_t hash)
{
	struct mt_key *k;

	if (likely(mt_hash_find(&mt->hash, key, hash, &k)))
		return k;
	return search(mt, key);
}

void mt_note(struct mt *mt, uint64_t seq)
{
	atomic_fetch_add_explicit(&mt->count, 1, memory_order_relaxed);
	atomic_store_explicit(&mt->seq_last, seq, memory_order_relaxed);
}

/* A handle that is none is told of by who reads it. */
static void note_value(struct mt *mt, const struct entry *e)
{
	struct blob_handle h;

	if (entry_kind(e) == ENTRY_BLOB &&
	    blob_handle_decode(&h, e->value) == 0)
		atomic_fetch_add_explicit(&mt->blob_bytes, h.stored_size,
					  memory_order_relaxed);
}

int mt_put(struct mt *mt, const struct entry *e)
{
	uint32_t hash = mt_hash_of(filter_hash(e->key));
	struct mt_key *key = find(mt, e->key, hash);
	int rc;

	rc = key ? add_version(mt, key, e) : add_key(mt, e, hash);
	if (rc < 0)
		return rc;
	mt_note(mt, entry_seq(e));
	note_value(mt, e);
	return 0;
}

bool mt_get(const struct mt *mt, struct slice key, uint64_t hash,
	    uint64_t seq_max, struct entry *out)
{
	struct mt_key *k = find(mt, key, mt_hash_of(hash));
	const struct mt_version *v = k ? mt_key_newest(k) : NULL;

	while (v && v->tag >> 8 > seq_max)
		v = mt_version_older(k, v);
	if (!v)
		return false;
	*out = mt_entry(k, v);
	return true;
}

size_t mt_bytes(const struct mt *mt)
{
	const struct mt *ranges = atomic_load_explicit(
		&((struct mt *)mt)->ranges, memory_order_acquire);

	return atomic_load_explicit(&mt->arena.bytes, memory_order_relaxed) +
	       atomic_load_explicit(&mt->hash.bytes, memory_order_relaxed) +
	       (ranges ? mt_bytes(ranges) : 0);
}

uint64_t mt_count(const struct mt *mt)
{
	return atomic_load_explicit(&mt->count, memory_order_relaxed);
}

uint64_t mt_blob_bytes(const struct mt *mt)
{
	return atomic_load_explicit(&mt->blob_bytes, memory_order_relaxed);
}

size_t mt_keys(const struct mt *mt)
{
	return mt->hash.keys;
}

uint64_t mt_seq_last(const struct mt *mt)
{
	return atomic_load_explicit(&mt->seq_last, memory_order_relaxed);
}

struct blob *mt_blob(const struct mt *mt, uint64_t id)
{
	struct mt_blob_ref *b;

	b = atomic_load_explicit(&mt->blobs[id % MT_BLOB_LISTS],
				 memory_order_acquire);
	while (b && blob_id(b->blob) != id)
		b = b->next;
	return b ? b->blob : NULL;
}

int mt_add_blob(struct mt *mt, struct blob *blob)
{
	uint64_t id = blob_id(blob);
	_Atomic(struct mt_blob_ref *) *list = &mt->blobs[id % MT_BLOB_LISTS];
	struct mt_blob_ref *b;

	if (mt_blob(mt, id))
		return 0;
	b = malloc(sizeof(*b));
	if (!b)
		return -ENOMEM;
	b->blob = blob_ref(blob);
	b->next = *list;
	atomic_store_explicit(list, b, memory_order_release);
	return 0;
}

/* The versions of @k: linked both ways, by rising tag.  Returns how many. */
static size_t check_versions(const struct mt_key *k)
{
	const struct mt_version *v = &k->oldest, *newer;
	size_t count = 1;

	for (; (newer = mt_version_newer(v)); v = newer, count++)
		if (mt_version_older(k, newer) != v || newer->tag <= v->tag)
			return 0;
	return v == mt_key_newest(k) ? count : 0;
}

bool mt_check(const struct mt *mt)
{
	struct mt_leaf leaf;
	size_t keys, versions, entries = 0;
	unsigned i;
	bool more = true;

	if (!mt_tree_check(&mt->tree, &keys) || keys != mt_keys(mt))
		return false;
	for (mt_tree_seek(&mt->tree, slice_of(NULL, 0), &leaf); more;
	     more = mt_tree_right(&leaf)) {
		for (i = 0; i < leaf.count; i++) {
			struct mt_key *k = leaf.keys[i];

			versions = check_versions(k);
			if (versions == 0 ||
			    find(mt, mt_key_slice(k), k->hash) != k)
				return false;
			entries += versions;
		}
	}
	return entries == mt_count(mt);
}
