#include "fs/check.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdlib.h>

#include "engine/base/error.h"
#include "fs/acl.h"
#include "fs/dentry.h"
#include "fs/orphan.h"
#include "fs/schema.h"

#define XATTR_FLAGS (INODE_XATTRS | INODE_ACL | INODE_ACL_DEFAULT)

enum reach {
	REACH_UNKNOWN = 0,
	REACH_WALKING, /* on the path that is being followed */
	REACH_ROOT,    /* the root can be reached from here */
};

/* What is known of one inode: its record, and what was found. */
struct seen {
	uint64_t ino;
	uint64_t size;
	uint64_t stored;
	uint64_t parent;
	uint32_t mode;
	uint32_t nlink;
	uint32_t flags;
	enum reach reach;
	uint64_t links;    /* dentries that lead to it */
	uint64_t subdirs;  /* of a directory */
	uint64_t names;    /* of a directory */
	uint64_t bytes;    /* of its chunks */
	uint64_t found_in; /* the directory of the last dentry */
	uint32_t xattrs;   /* the flags that its xattrs ask for */
	bool has_orphan;
	struct orphan orphan;
};

struct check {
	struct kv *kv;
	struct superblock super;
	struct seen *seen; /* owned, by rising ino */
	size_t count;
	size_t cap;
	struct check_counts counts;
};

static struct seen *find(struct check *c, uint64_t ino)
{
	size_t low = 0, high = c->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (c->seen[mid].ino == ino)
			return &c->seen[mid];
		if (c->seen[mid].ino < ino)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

/* --------------------------------------------------------------- a key -- */

static int see_inode(struct check *c, const struct schema_parsed *key,
		     struct slice value)
{
	struct inode_record rec;
	int rc;

	rc = inode_format_decode(&rec, key->ino, value);
	if (rc < 0)
		return rc;
	if (key->ino == 0 || key->ino >= c->super.ino_reserved)
		return error_set(-EUCLEAN, "inode %" PRIu64 ": never given out",
				 key->ino);
	if (rec.flags & INODE_USER_FLAGS &&
	    !(c->super.incompat & SUPERBLOCK_FLAGS))
		return error_set(-EUCLEAN,
				 "inode %" PRIu64 ": flags that the "
				 "superblock knows nothing of",
				 key->ino);
	if (c->count == c->cap) {
		size_t cap = size_max(64, c->cap * 2);
		struct seen *seen = reallocarray(c->seen, cap, sizeof(*seen));

		if (!seen)
			return -ENOMEM;
		c->seen = seen;
		c->cap = cap;
	}
	c->seen[c->count++] = (struct seen){
		.ino = key->ino,
		.size = rec.size,
		.stored = rec.stored,
		.parent = rec.parent,
		.mode = rec.mode,
		.nlink = rec.nlink,
		.flags = rec.flags,
	};
	if (S_ISREG(rec.mode))
		c->counts.data_bytes += rec.size;
	return 0;
}

static int bad_dentry(const struct schema_parsed *key, const char *what)
{
	return error_set(-EUCLEAN, "%.*s in directory %" PRIu64 ": %s",
			 (int)key->name.size, (const char *)key->name.data,
			 key->ino, what);
}

static int see_dentry(struct check *c, const struct schema_parsed *key,
		      struct slice value)
{
	struct seen *dir = find(c, key->ino);
	struct dentry dentry;
	struct seen *child;
	int rc;

	rc = dentry_decode(&dentry, value);
	if (rc < 0)
		return rc;
	if (!dir || !S_ISDIR(dir->mode) || dir->nlink == 0)
		return bad_dentry(key, "no such directory");
	if (schema_name_hash(c->super.hash_seed, key->name) != key->number)
		return bad_dentry(key, "wrong hash");
	child = find(c, dentry.ino);
	if (!child)
		return bad_dentry(key, "leads to no inode");
	if (IFTODT(child->mode) != dentry.type)
		return bad_dentry(key, "wrong type");
	dir->names++;
	child->links++;
	child->found_in = dir->ino;
	if (S_ISDIR(child->mode))
		dir->subdirs++;
	return 0;
}

static int see_chunk(struct check *c, const struct schema_parsed *key,
		     size_t size)
{
	struct seen *inode = find(c, key->ino);
	uint64_t chunks;

	if (!inode || (!S_ISREG(inode->mode) && !S_ISLNK(inode->mode)))
		return error_set(-EUCLEAN, "chunk of %" PRIu64 ": no such file",
				 key->ino);
	if (size == 0 || size > SCHEMA_CHUNK_BYTES)
		return error_set(-EUCLEAN, "chunk of %" PRIu64 ": %zu bytes",
				 key->ino, size);
	inode->bytes += size;
	chunks = schema_chunks(inode->size);
	if (inode->flags & INODE_PURGE && key->number >= chunks)
		return 0;
	if (key->number >= chunks ||
	    size > inode->size - key->number * SCHEMA_CHUNK_BYTES)
		return error_set(-EUCLEAN,
				 "chunk %" PRIu64 " of %" PRIu64
				 ": past the end",
				 key->number, key->ino);
	return 0;
}

static int see_xattr(struct check *c, const struct schema_parsed *key)
{
	struct seen *inode = find(c, key->ino);

	if (!inode)
		return error_set(-EUCLEAN,
				 "xattr of %" PRIu64 ": no such inode",
				 key->ino);
	inode->xattrs |= INODE_XATTRS;
	if (slice_eq(key->name, slice_str(ACL_ACCESS)))
		inode->xattrs |= INODE_ACL;
	else if (slice_eq(key->name, slice_str(ACL_DEFAULT)))
		inode->xattrs |= INODE_ACL_DEFAULT;
	c->counts.xattrs++;
	return 0;
}

static int see_orphan(struct check *c, const struct schema_parsed *key,
		      struct slice value)
{
	struct seen *inode = find(c, key->ino);

	if (!inode)
		return error_set(-EUCLEAN, "orphan %" PRIu64 ": no such inode",
				 key->ino);
	inode->has_orphan = true;
	c->counts.orphans++;
	return orphan_decode(&inode->orphan, value);
}

/* The first walk takes the inodes, the second all that refers to them. */
static int see(struct check *c, struct kv_iter *it, bool inodes)
{
	struct schema_parsed key;
	struct slice value;
	int rc;

	rc = schema_parse(kv_iter_key(it), &key);
	if (rc < 0)
		return rc;
	if (key.kind == SCHEMA_CHUNK)
		return see_chunk(c, &key, kv_iter_value_size(it));
	if (key.kind == SCHEMA_XATTR)
		return see_xattr(c, &key);
	rc = kv_iter_value(it, &value);
	if (rc < 0)
		return rc;
	if (inodes)
		return see_inode(c, &key, value);
	if (key.kind == SCHEMA_DENTRY)
		return see_dentry(c, &key, value);
	if (key.kind == SCHEMA_ORPHAN)
		return see_orphan(c, &key, value);
	return 0;
}

static int walk(struct check *c, struct slice lower, struct slice upper,
		bool inodes)
{
	struct kv_iter *it;
	int rc;

	rc = kv_iter_open(&it, c->kv, lower, upper);
	if (rc < 0)
		return rc;
	rc = kv_iter_first(it);
	while (rc > 0) {
		rc = see(c, it, inodes);
		if (rc == 0)
			rc = kv_iter_next(it);
	}
	kv_iter_close(it);
	return rc;
}

/* ------------------------------------------------------------ an inode -- */

static int bad_inode(const struct seen *s, const char *what, uint64_t is,
		     uint64_t should)
{
	return error_set(-EUCLEAN,
			 "inode %" PRIu64 ": %s %" PRIu64
			 ", should be %" PRIu64,
			 s->ino, what, is, should);
}

static int check_directory(const struct seen *s)
{
	bool root = s->ino == FS_ROOT_INO;

	if (s->nlink == 0)
		return s->links || s->names
			       ? bad_inode(s, "names of a removed one",
					   s->links + s->names, 0)
			       : 0;
	if (s->links != !root)
		return bad_inode(s, "names that lead to it", s->links, !root);
	if (s->nlink != s->subdirs + 2)
		return bad_inode(s, "links", s->nlink, s->subdirs + 2);
	if (s->size != s->names)
		return bad_inode(s, "size", s->size, s->names);
	if (s->parent != (root ? s->ino : s->found_in))
		return bad_inode(s, "parent", s->parent, s->found_in);
	return 0;
}

static int check_inode(const struct seen *s)
{
	bool waits = s->nlink == 0 || s->flags & INODE_PURGE;

	if (s->stored != s->bytes)
		return bad_inode(s, "stored bytes", s->stored, s->bytes);
	if ((s->flags & XATTR_FLAGS) != s->xattrs)
		return bad_inode(s, "flags of xattrs", s->flags & XATTR_FLAGS,
				 s->xattrs);
	if (s->has_orphan != waits)
		return bad_inode(s, "orphan records", s->has_orphan, waits);
	if (s->has_orphan && s->orphan.remove != (s->nlink == 0))
		return bad_inode(s, "to be removed", s->orphan.remove,
				 s->nlink == 0);
	if (S_ISDIR(s->mode))
		return check_directory(s);
	if (s->nlink != s->links)
		return bad_inode(s, "links", s->nlink, s->links);
	return 0;
}

/*
 * Follows the parents of a directory up to one that is known to reach the
 * root, then marks the path.  Each directory is walked through at most twice.
 */
static int check_reach(struct check *c, struct seen *start)
{
	struct seen *s = start;

	while (s->reach == REACH_UNKNOWN) {
		s->reach = REACH_WALKING;
		s = find(c, s->parent);
		if (!s)
			return bad_inode(start, "missing ancestor", 0, 1);
	}
	if (s->reach == REACH_WALKING)
		return bad_inode(s, "its own ancestor", 1, 0);
	for (s = start; s->reach == REACH_WALKING; s = find(c, s->parent))
		s->reach = REACH_ROOT;
	return 0;
}

static int check_inodes(struct check *c)
{
	struct seen *root = find(c, FS_ROOT_INO);
	size_t i;
	int rc = 0;

	if (!root || !S_ISDIR(root->mode) || root->nlink == 0)
		return error_set(-EUCLEAN, "there is no root");
	root->reach = REACH_ROOT;
	for (i = 0; rc == 0 && i < c->count; i++) {
		struct seen *s = &c->seen[i];

		rc = check_inode(s);
		if (rc == 0 && S_ISDIR(s->mode) && s->nlink > 0)
			rc = check_reach(c, s);
	}
	return rc;
}

static int check_counters(const struct check *c)
{
	const struct superblock *super = &c->super;

	if (!super->clean)
		return 0;
	if (super->inodes != c->counts.inodes ||
	    super->data_bytes != c->counts.data_bytes)
		return error_set(-EUCLEAN,
				 "superblock: counts %" PRIu64
				 " inodes, %" PRIu64
				 " bytes; there are %" PRIu64 ", %" PRIu64,
				 super->inodes, super->data_bytes,
				 c->counts.inodes, c->counts.data_bytes);
	return 0;
}

int fs_check(struct kv *kv, struct check_counts *out)
{
	struct check c = { .kv = kv };
	struct schema_key lower, upper;
	int rc;

	rc = superblock_read(kv, &c.super);
	if (rc == -ENOENT)
		return error_set(-EUCLEAN, "there is no superblock");
	if (rc < 0)
		return rc;
	schema_key_kind(&lower, SCHEMA_INODE);
	schema_key_kind(&upper, SCHEMA_INODE + 1);
	rc = walk(&c, schema_slice(&lower), schema_slice(&upper), true);
	if (rc == 0)
		rc = walk(&c, slice_of(NULL, 0), slice_of(NULL, 0), false);
	if (rc == 0)
		rc = check_inodes(&c);
	c.counts.inodes = c.count;
	if (rc == 0)
		rc = check_counters(&c);
	free(c.seen);
	if (rc == 0 && out)
		*out = c.counts;
	return rc;
}
