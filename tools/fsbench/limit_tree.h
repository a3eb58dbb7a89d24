/*
 * limit_tree: the tree of files in memory that limit serves.
 *
 * A node is a file of any type; a name leads from a directory to a node.  All
 * names are in one hash table, and each directory has a row of its own, in the
 * order in which they came: a name's place in it is its offset in a listing,
 * which stays the same while others come and go.  The contents of a file are
 * one piece of memory.
 *
 * Permissions are the kernel's affair, and so is the order of names in paths.
 * Only what programs need to work is here: no xattrs, no holes, no ACLs.
 *
 * Locks: the tree's, for names, links and rows; then a node's, for its
 * attributes and contents.  Of two nodes, the one at the lower address first.
 * What the kernel holds references to is counted atomically, so that lookups
 * share the tree's lock.
 *
 * Errors: 0 or a negative errno.
 */
#ifndef TOOLS_FSBENCH_LIMIT_TREE_H
#define TOOLS_FSBENCH_LIMIT_TREE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

struct name {
	struct node *dir;  /* where it is */
	struct node *node; /* what it leads to */
	struct name *next; /* in its bucket */
	uint64_t hash;
	size_t place; /* in the row of @dir */
	char text[];
};

struct node {
	_Atomic uint64_t references; /* of the kernel */

	/* Guarded by the tree's lock. */
	nlink_t links;
	struct node *parent; /* of a directory */
	struct name **row;   /* of a directory; NULL: has been removed */
	size_t row_used;
	size_t row_cap;
	size_t names; /* in @row */

	/* Guarded by lock. */
	pthread_rwlock_t lock;
	struct stat attr; /* without links */
	char *data;       /* attr.st_size bytes: contents, or a target */
	size_t data_cap;
};

struct tree {
	pthread_rwlock_t lock;
	struct node *root;
	struct name **buckets;
	size_t bucket_count; /* a power of two */
	size_t names;
	_Atomic uint64_t ino_last;
};

int tree_init(struct tree *t);

/* A node without a name and with one reference; or NULL. */
struct node *tree_new_node(struct tree *t, mode_t mode, uid_t uid, gid_t gid);

/* With the tree's lock held: the name, or NULL. */
struct name *tree_find(struct tree *t, struct node *dir, const char *text);

/* With the tree's lock held for writing: gives @node one more name, or takes
 * one.  A name that is taken is freed. */
int tree_add(struct tree *t, struct node *dir, const char *text,
	     struct node *node);
void tree_remove(struct tree *t, struct name *name);

/* Gives back @count references: the node goes with the last if it has no name.
 */
void tree_forget(struct tree *t, struct node *node, uint64_t count);

/* All attributes; the tree's lock is held. */
struct stat node_attr(struct node *n);

/* With the node's lock held for writing. */
int node_resize(struct node *n, size_t size);
int node_write(struct node *n, const void *data, size_t size, size_t offset);

/* Copies up to @size bytes; returns how many, or a negative errno. */
ssize_t node_copy(struct node *in, size_t from, struct node *out, size_t to,
		  size_t size);

#endif
