/*
 * mt_tree: a memtable's keys in order.
 *
 * A B+-tree whose nodes have MT_TREE_WIDTH places.  A place holds a pointer to
 * a key and, as a number that sorts alike, 8 bytes of that key: its head.  A
 * search inside a node looks at heads and touches a key only where they are
 * equal, so that it costs a few lines that lie side by side, and which the
 * machine fetches together, where a skiplist costs a miss for each key that it
 * passes.  Heads begin behind the prefix that the keys of a node must share
 * since the keys that bound the node do (the fences: see Graefe, "Modern B-Tree
 * Techniques", 2011); they are taken anew, when a node is split, once most of
 * a head says nothing.
 *
 * In an inner node, place i stands for the keys from its own up to that of
 * place i + 1, excluded; the first also for all below.  A key that separates
 * two nodes is the first of the right one.  Keys are never removed and nodes
 * never merged or freed.  A node that is full is split in the middle; but where
 * keys come in rising order it stays full and the new one begins with the new
 * key, so that runs of keys fill their nodes wholly.
 *
 * Threads: one adds, any number reads, without locks.  A leaf has a version, an
 * odd number while the leaf is written; so has the shape of the tree, which is
 * what only splits change, that is everything but the places of leaves.  A
 * reader looks at the version before and after and begins again if it changed
 * (optimistic locking; Leis, Scheibner, Kemper, Neumann: "The ART of Practical
 * Synchronization", 2016; one version for all inner nodes will do, as there is
 * one writer, and at most one split in some 30 inserts).  What it reads between
 * may be a mixture of old and new, but each pointer leads to a node or key that
 * exists.  All that changes is _Atomic, read with acquire and written with
 * release, so that neither passes the versions around it.
 *
 * Keys often come in runs, each close to the one before.  So the writer
 * remembers the leaf it came to last, with its fences; when it has come to the
 * same leaf twice it looks there first, and goes down from the root only for a
 * key that is outside.
 *
 * A reader copies a leaf and then owns what it saw.  Going right follows the
 * link that was copied with the leaf: a leaf is split to the right only, so the
 * link leads to what followed the keys of the copy.  Going left is a search.
 */
#ifndef ENGINE_MT_TREE_H
#define ENGINE_MT_TREE_H

#include "engine/mt_key.h"

#define MT_TREE_WIDTH 64

struct arena;
struct mt_node;

struct mt_tree {
	_Atomic(struct mt_node *) root;
	_Atomic uint32_t shape; /* version; odd during a split */

	/* Only the writer looks. */
	struct arena *arena; /* borrowed */
	struct {
		struct mt_node *leaf;         /* of the last descent, or NULL */
		const struct mt_key *lo, *hi; /* its fences; NULL: none */
		bool again;                   /* so did the one before */
	} last;
};

/* A leaf as it was at one moment. */
struct mt_leaf {
	struct mt_key *keys[MT_TREE_WIDTH];
	unsigned count;
	struct mt_node *right; /* the next one, or NULL */
};

/* Nodes come from @arena, which must outlive the tree.  0 or -ENOMEM. */
int mt_tree_init(struct mt_tree *t, struct arena *arena) MUST_USE;

/* Adds a key that is not there.  Returns 0, or -ENOMEM and changes nothing. */
int mt_tree_add(struct mt_tree *t, struct mt_key *key) MUST_USE;

/*
 * Copies the leaf in which @key would be added and returns the place of the
 * first key in it that is not before @key, perhaps leaf->count: then that is
 * the first of the next leaf.  If there are keys before @key, the last of them
 * is in this leaf.
 */
unsigned mt_tree_seek(const struct mt_tree *t, struct slice key,
		      struct mt_leaf *leaf);

/* Copies the last leaf. */
void mt_tree_last(const struct mt_tree *t, struct mt_leaf *leaf);

/*
 * Ask the machine for what mt_tree_right() is going to copy, and for the key
 * that will be at place @at then.  Nothing depends on it but time.
 */
void mt_tree_fetch_right(const struct mt_leaf *leaf);
void mt_tree_fetch_right_key(const struct mt_leaf *leaf, unsigned at);

/* Moves @leaf to the next one.  Returns false, and no other, if none is. */
bool mt_tree_right(struct mt_leaf *leaf);

/* Whether all invariants hold, of a tree that nobody adds to, and its keys. */
bool mt_tree_check(const struct mt_tree *t, size_t *keys);

#endif
