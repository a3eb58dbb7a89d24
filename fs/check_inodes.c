/* What is said of inodes once all keys are known. */
#include <inttypes.h>

#include "fs/repair.h"

#define XATTR_FLAGS (INODE_XATTRS | INODE_ACL | INODE_ACL_DEFAULT)

int check_root(struct check *c)
{
	struct seen *root = check_find(c, FS_ROOT_INO);
	int rc;

	if (root && S_ISDIR(root->rec.mode) && root->rec.nlink > 0)
		return 0;
	rc = check_wrong(c, "there is no root");
	if (rc < 0)
		return rc;
	if (!root)
		root = check_insert(c, FS_ROOT_INO);
	if (!root)
		return -ENOMEM;
	repair_make(c, root, S_IFDIR);
	return 0;
}

/* Sets a field that is wrong. */
static int set(struct check *c, struct seen *s, const char *what, uint64_t is,
	       uint64_t should)
{
	s->dirty = true;
	return check_wrong(
		c, "inode %" PRIu64 ": %s %" PRIu64 ", should be %" PRIu64,
		s->ino, what, is, should);
}

static bool is_lost(const struct seen *s)
{
	return s->links == 0 && s->rec.nlink > 0 && s->ino != FS_ROOT_INO;
}

/*
 * Gives a name to what has none.  A removed inode that has no record of an
 * orphan is none of them: it was to be removed.
 */
static int check_names(struct check *c)
{
	uint64_t ino;
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < c->count; i++) {
		if (!is_lost(&c->seen[i]))
			continue;
		ino = c->seen[i].ino;
		rc = check_wrong(c, "inode %" PRIu64 ": no name leads to it",
				 ino);
		if (rc == 0)
			rc = repair_attach(c, ino);
		/* lost+found may have been made, behind all others. */
	}
	return rc;
}

static int check_parents(struct check *c)
{
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < c->count; i++) {
		struct seen *s = &c->seen[i];
		uint64_t parent = s->ino == FS_ROOT_INO ? s->ino : s->found_in;

		if (!S_ISDIR(s->rec.mode) || s->rec.nlink == 0 ||
		    s->rec.parent == parent)
			continue;
		rc = set(c, s, "parent", s->rec.parent, parent);
		s->rec.parent = parent;
	}
	return rc;
}

/*
 * Follows the parents of a directory up to one that is known to reach the root,
 * then marks the path.  Each directory is walked through at most twice.  If the
 * path comes back to itself: returns a directory of the loop, else 0.
 */
static uint64_t follow(struct check *c, struct seen *start)
{
	struct seen *s = start;
	uint64_t loop = 0;

	while (s->reach == REACH_UNKNOWN) {
		s->reach = REACH_WALKING;
		/* check_parents() has seen to it that there is one. */
		s = check_find(c, s->rec.parent);
		assert(s);
	}
	if (s->reach == REACH_WALKING)
		loop = s->ino;
	/* A loop will hang on lost+found, which hangs on the root. */
	for (s = start; s->reach == REACH_WALKING;
	     s = check_find(c, s->rec.parent))
		s->reach = REACH_ROOT;
	return loop;
}

static int check_reach(struct check *c)
{
	uint64_t loop;
	size_t i;
	int rc = 0;

	check_find(c, FS_ROOT_INO)->reach = REACH_ROOT;
	for (i = 0; rc == 0 && i < c->count; i++) {
		struct seen *s = &c->seen[i];

		if (!S_ISDIR(s->rec.mode) || s->rec.nlink == 0)
			continue;
		loop = follow(c, s);
		if (loop == 0)
			continue;
		rc = check_wrong(c, "inode %" PRIu64 ": its own ancestor",
				 loop);
		if (rc == 0)
			rc = repair_detach(c, loop);
		if (rc == 0)
			rc = repair_attach(c, loop);
	}
	return rc;
}

/* What a record counts, and what is there. */
static int check_numbers(struct check *c, struct seen *s)
{
	bool dir = S_ISDIR(s->rec.mode);
	uint64_t links = dir && s->rec.nlink > 0 ? s->subdirs + 2 : s->links;
	int rc = 0;

	if (s->rec.nlink != links) {
		rc = set(c, s, "links", s->rec.nlink, links);
		s->rec.nlink = (uint32_t)links;
	}
	if (rc == 0 && dir && s->rec.size != s->names) {
		rc = set(c, s, "size", s->rec.size, s->names);
		s->rec.size = s->names;
	}
	if (rc == 0 && s->rec.stored != s->bytes) {
		rc = set(c, s, "stored bytes", s->rec.stored, s->bytes);
		s->rec.stored = s->bytes;
	}
	if (rc == 0 && (s->rec.flags & XATTR_FLAGS) != s->xattrs) {
		rc = set(c, s, "flags of xattrs", s->rec.flags & XATTR_FLAGS,
			 s->xattrs);
		s->rec.flags = (s->rec.flags & ~XATTR_FLAGS) | s->xattrs;
	}
	return rc;
}

static int check_orphan(struct check *c, struct seen *s)
{
	bool removed = s->rec.nlink == 0;
	bool waits = removed || s->rec.flags & INODE_PURGE;

	if (s->has_orphan == waits && (!waits || s->orphan.remove == removed))
		return 0;
	if (check_wrong(c, "inode %" PRIu64 ": %s", s->ino,
			!waits          ? "an orphan record, and is none"
			: s->has_orphan ? "its orphan record says otherwise"
					: "no orphan record") < 0)
		return -EUCLEAN;
	return repair_orphan(c, s);
}

int check_inodes(struct check *c)
{
	size_t i;
	int rc;

	rc = check_names(c);
	if (rc == 0)
		rc = check_parents(c);
	if (rc == 0)
		rc = check_reach(c);
	for (i = 0; rc == 0 && i < c->count; i++) {
		rc = check_numbers(c, &c->seen[i]);
		if (rc == 0)
			rc = check_orphan(c, &c->seen[i]);
	}
	return rc;
}
