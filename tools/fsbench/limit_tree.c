#include "tools/fsbench/limit_tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BUCKETS_MIN 1024
#define CAP_MIN     64 /* bytes, or names */

static struct timespec now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ts;
}

/* FNV-1a, from the directory's address on. */
static uint64_t hash_of(const struct node *dir, const char *text)
{
	uint64_t h = 0xcbf29ce484222325u ^ (uintptr_t)dir;

	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 0x100000001b3u;
	return h ^ h >> 32;
}

static struct name **bucket_of(struct tree *t, uint64_t hash)
{
	return &t->buckets[hash & (t->bucket_count - 1)];
}

struct node *tree_new_node(struct tree *t, mode_t mode, uid_t uid, gid_t gid)
{
	struct node *n = calloc(1, sizeof(*n));

	if (!n)
		return NULL;
	atomic_init(&n->references, 1);
	pthread_rwlock_init(&n->lock, NULL);
	n->attr.st_ino = atomic_fetch_add(&t->ino_last, 1) + 1;
	n->attr.st_mode = mode;
	n->attr.st_uid = uid;
	n->attr.st_gid = gid;
	n->attr.st_blksize = 4096;
	n->attr.st_mtim = now();
	n->attr.st_atim = n->attr.st_mtim;
	n->attr.st_ctim = n->attr.st_mtim;
	return n;
}

int tree_init(struct tree *t)
{
	*t = (struct tree){ .bucket_count = BUCKETS_MIN };
	pthread_rwlock_init(&t->lock, NULL);
	t->buckets = calloc(t->bucket_count, sizeof(struct name *));
	t->root = tree_new_node(t, S_IFDIR | 0755, 0, 0);
	if (!t->buckets || !t->root)
		return -ENOMEM;
	t->root->links = 1;
	t->root->parent = t->root;
	return 0;
}

struct name *tree_find(struct tree *t, struct node *dir, const char *text)
{
	uint64_t hash = hash_of(dir, text);
	struct name *name = *bucket_of(t, hash);

	while (name && (name->hash != hash || name->dir != dir ||
			strcmp(name->text, text) != 0))
		name = name->next;
	return name;
}

static int grow_buckets(struct tree *t)
{
	struct name **old = t->buckets, *name, *next, **bucket;
	size_t count = t->bucket_count;

	if (t->names < count)
		return 0;
	t->buckets = calloc(count * 2, sizeof(struct name *));
	if (!t->buckets) {
		t->buckets = old;
		return -ENOMEM;
	}
	t->bucket_count = count * 2;
	for (size_t i = 0; i < count; i++) {
		for (name = old[i]; name; name = next) {
			next = name->next;
			bucket = bucket_of(t, name->hash);
			name->next = *bucket;
			*bucket = name;
		}
	}
	free(old);
	return 0;
}

static int grow_row(struct node *dir)
{
	size_t cap = dir->row_cap ? dir->row_cap * 2 : CAP_MIN;
	struct name **row;

	if (dir->row_used < dir->row_cap)
		return 0;
	row = realloc(dir->row, cap * sizeof(struct name *));
	if (!row)
		return -ENOMEM;
	dir->row = row;
	dir->row_cap = cap;
	return 0;
}

static void touch(struct node *dir)
{
	pthread_rwlock_wrlock(&dir->lock);
	dir->attr.st_mtim = now();
	dir->attr.st_ctim = dir->attr.st_mtim;
	pthread_rwlock_unlock(&dir->lock);
}

int tree_add(struct tree *t, struct node *dir, const char *text,
	     struct node *node)
{
	struct name *name, **bucket;
	size_t size = strlen(text) + 1;

	if (grow_buckets(t) < 0 || grow_row(dir) < 0)
		return -ENOMEM;
	name = malloc(sizeof(*name) + size);
	if (!name)
		return -ENOMEM;
	name->dir = dir;
	name->node = node;
	name->hash = hash_of(dir, text);
	name->place = dir->row_used++;
	memcpy(name->text, text, size);
	dir->row[name->place] = name;
	dir->names++;
	bucket = bucket_of(t, name->hash);
	name->next = *bucket;
	*bucket = name;
	t->names++;
	node->links++;
	if (S_ISDIR(node->attr.st_mode))
		node->parent = dir;
	touch(dir);
	return 0;
}

/* Nobody knows the node any more. */
static void node_free(struct node *n)
{
	pthread_rwlock_destroy(&n->lock);
	free(n->row);
	free(n->data);
	free(n);
}

void tree_remove(struct tree *t, struct name *name)
{
	struct name **at = bucket_of(t, name->hash);
	struct node *dir = name->dir, *node = name->node;

	while (*at != name)
		at = &(*at)->next;
	*at = name->next;
	t->names--;
	dir->row[name->place] = NULL;
	while (dir->row_used > 0 && !dir->row[dir->row_used - 1])
		dir->row_used--;
	dir->names--;
	free(name);
	touch(dir);
	node->links--;
	if (node->links == 0 && atomic_load(&node->references) == 0)
		node_free(node);
}

void tree_forget(struct tree *t, struct node *node, uint64_t count)
{
	pthread_rwlock_wrlock(&t->lock);
	if (atomic_fetch_sub(&node->references, count) == count &&
	    node->links == 0)
		node_free(node);
	pthread_rwlock_unlock(&t->lock);
}

struct stat node_attr(struct node *n)
{
	struct stat st;

	pthread_rwlock_rdlock(&n->lock);
	st = n->attr;
	pthread_rwlock_unlock(&n->lock);
	st.st_nlink = n->links;
	st.st_blocks = (st.st_size + 511) / 512;
	return st;
}

int node_resize(struct node *n, size_t size)
{
	size_t used = (size_t)n->attr.st_size, cap = n->data_cap;
	char *data;

	if (size > cap) {
		cap = size > cap * 2 ? size : cap * 2;
		data = realloc(n->data, cap < CAP_MIN ? CAP_MIN : cap);
		if (!data)
			return -ENOSPC;
		n->data = data;
		n->data_cap = cap < CAP_MIN ? CAP_MIN : cap;
	}
	if (size > used)
		memset(n->data + used, 0, size - used);
	n->attr.st_size = (off_t)size;
	return 0;
}

int node_write(struct node *n, const void *data, size_t size, size_t offset)
{
	int rc = 0;

	if (offset + size > (size_t)n->attr.st_size)
		rc = node_resize(n, offset + size);
	if (rc == 0)
		memcpy(n->data + offset, data, size);
	return rc;
}

ssize_t node_copy(struct node *in, size_t from, struct node *out, size_t to,
		  size_t size)
{
	struct node *low = in < out ? in : out;
	struct node *high = in < out ? out : in;
	size_t left;
	ssize_t n = 0;
	int rc;

	if (in == out)
		return -EOPNOTSUPP;
	pthread_rwlock_wrlock(&low->lock);
	pthread_rwlock_wrlock(&high->lock);
	left = (size_t)in->attr.st_size;
	left = from < left ? left - from : 0;
	if (size > left)
		size = left;
	if (size > 0) {
		rc = node_write(out, in->data + from, size, to);
		n = rc < 0 ? rc : (ssize_t)size;
	}
	pthread_rwlock_unlock(&high->lock);
	pthread_rwlock_unlock(&low->lock);
	return n;
}
