/* The walks: each key by itself, and what it says of an inode. */
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>

#include "engine/base/error.h"
#include "fs/acl.h"
#include "fs/dentry.h"
#include "fs/repair.h"

#define PROGRESS_KEYS 1024 /* between two calls */

/* An entry of the store that is being looked at. */
struct entry {
	struct kv_iter *it;
	struct slice raw; /* the key */
	struct schema_parsed key;
};

static int lookup_value(const struct entry *e, struct slice *value)
{
	return kv_iter_value(e->it, value);
}

/* Removes it.  @words: why. */
static int drop(struct check *c, const struct entry *e, const char *words)
{
	int rc = check_wrong(c, "%s", words);

	return rc < 0 ? rc : repair_delete(c, e->raw);
}

/* ------------------------------------------------------------ records -- */

/* @flags of the record of @ino need @feature in the superblock. */
static int need_feature(struct check *c, uint64_t ino, uint32_t flags,
			uint64_t feature)
{
	int rc = 0;

	if (!flags || c->super.incompat & feature)
		return 0;
	if (!c->super_made)
		rc = check_wrong(c,
				 "inode %" PRIu64 ": flags that the "
				 "superblock knows nothing of",
				 ino);
	if (rc == 0)
		c->super.incompat |= feature;
	return rc;
}

static int see_record(struct check *c, const struct entry *e)
{
	struct inode_record rec;
	struct slice value;
	struct seen *s;
	int rc;

	rc = lookup_value(e, &value);
	if (rc < 0)
		return rc;
	rc = inode_format_decode(&rec, e->key.ino, value);
	if (rc < 0)
		return drop(c, e, error_text(rc));
	if (e->key.ino == 0 || e->key.ino >= INT64_MAX)
		return drop(c, e, "an inode with an impossible number");
	if (e->key.ino >= c->super.ino_reserved) {
		if (!c->super_made)
			rc = check_wrong(c,
					 "inode %" PRIu64 ": never given out",
					 e->key.ino);
		if (rc < 0)
			return rc;
		c->super.ino_reserved = e->key.ino + 1;
	}
	rc = need_feature(c, e->key.ino, rec.flags & INODE_USER_FLAGS,
			  SUPERBLOCK_FLAGS);
	if (rc == 0)
		rc = need_feature(c, e->key.ino, rec.flags & INODE_BLOCKS,
				  SUPERBLOCK_BLOCKS);
	if (rc < 0)
		return rc;
	s = check_insert(c, e->key.ino);
	if (!s)
		return -ENOMEM;
	s->rec = rec;
	return 0;
}

/* ------------------------------------------------------------- owners -- */

/* A chunk that could be somebody's, or a name in a directory. */
static bool has_owner(const struct schema_parsed *key)
{
	if (key->ino == 0 || key->ino >= INT64_MAX)
		return false;
	return key->kind == SCHEMA_DENTRY ||
	       (key->kind == SCHEMA_CHUNK &&
		key->number <= FS_FILE_SIZE_MAX / SCHEMA_CHUNK_BYTES);
}

/* Notes that a directory has a name where its record says. */
static int see_home(struct check *c, const struct entry *e)
{
	struct dentry dentry;
	struct slice value;
	struct seen *child;
	int rc;

	rc = lookup_value(e, &value);
	if (rc < 0)
		return rc;
	if (dentry_decode(&dentry, value) < 0)
		return 0;
	child = check_find(c, dentry.ino);
	if (child && S_ISDIR(child->rec.mode) &&
	    child->rec.parent == e->key.ino)
		child->at_home = true;
	return 0;
}

static int see_owner(struct check *c, const struct entry *e)
{
	bool dir = e->key.kind == SCHEMA_DENTRY;
	struct seen *s;
	int rc;

	if (has_owner(&e->key) && !check_find(c, e->key.ino)) {
		rc = check_wrong(c, "inode %" PRIu64 ": %s without a record",
				 e->key.ino, dir ? "a directory" : "data");
		if (rc < 0)
			return rc;
		s = check_insert(c, e->key.ino);
		if (!s)
			return -ENOMEM;
		repair_make(c, s, dir ? S_IFDIR : S_IFREG);
	}
	return dir ? see_home(c, e) : 0;
}

/* --------------------------------------------------------- references -- */

/* What the chunk was seen to hold of itself. */
static size_t own_size(const struct check *c, const struct entry *e)
{
	return c->chunk_ino == e->key.ino && c->chunk == e->key.number
		       ? c->chunk_size
		       : 0;
}

/* The block is good for something: what it needs is there, or made. */
static int keep_block(struct check *c, const struct entry *e, struct seen *s)
{
	int rc = 0;

	if (own_size(c, e) < SCHEMA_CHUNK_BYTES) {
		rc = check_wrong(c,
				 "block of %" PRIu64 " at %" PRIu64
				 ": over no whole chunk",
				 s->ino, schema_chunk_offset(&e->key));
		if (rc == 0)
			rc = repair_fill_chunk(c, s->ino, e->key.number);
		if (rc < 0)
			return rc;
		s->bytes += SCHEMA_CHUNK_BYTES - own_size(c, e);
		c->chunk_ino = s->ino;
		c->chunk = e->key.number;
		c->chunk_size = SCHEMA_CHUNK_BYTES;
	}
	if (s->rec.flags & INODE_BLOCKS)
		return 0;
	if (!s->made)
		rc = check_wrong(c, "inode %" PRIu64 ": blocks without a flag",
				 s->ino);
	s->rec.flags |= INODE_BLOCKS;
	s->dirty = true;
	return rc < 0 ? rc
		      : need_feature(c, s->ino, INODE_BLOCKS,
				     SUPERBLOCK_BLOCKS);
}

static int see_block(struct check *c, const struct entry *e)
{
	uint64_t end = (e->key.number + 1) * SCHEMA_CHUNK_BYTES;
	size_t size = kv_iter_value_size(e->it);
	struct seen *s = check_find(c, e->key.ino);
	const char *why = NULL;
	char words[96];

	if (!s || !S_ISREG(s->rec.mode) ||
	    e->key.number >= FS_FILE_SIZE_MAX / SCHEMA_CHUNK_BYTES)
		why = "no such file";
	else if (size != SCHEMA_BLOCK_BYTES)
		why = "not its size";
	else if (s->made)
		s->rec.size = u64_max(s->rec.size, end);
	if (!why && end > s->rec.size) {
		if (s->rec.flags & INODE_PURGE)
			return 0;
		why = "past the end";
	}
	if (!why)
		return keep_block(c, e, s);
	snprintf(words, sizeof(words), "block of %" PRIu64 ": %s", e->key.ino,
		 why);
	return drop(c, e, words);
}

static int see_chunk(struct check *c, const struct entry *e)
{
	uint64_t number = e->key.number, ino = e->key.ino, chunks, left;
	size_t size = kv_iter_value_size(e->it);
	struct seen *s = check_find(c, ino);
	char words[96];

	if (!s || (!S_ISREG(s->rec.mode) && !S_ISLNK(s->rec.mode)) ||
	    number > FS_FILE_SIZE_MAX / SCHEMA_CHUNK_BYTES) {
		snprintf(words, sizeof(words),
			 "chunk of %" PRIu64 ": no such file", ino);
		return drop(c, e, words);
	}
	if (size == 0 || size > SCHEMA_CHUNK_BYTES) {
		snprintf(words, sizeof(words),
			 "chunk of %" PRIu64 ": %zu bytes", ino, size);
		return drop(c, e, words);
	}
	c->chunk_ino = ino;
	c->chunk = number;
	c->chunk_size = size;
	if (s->made)
		s->rec.size = u64_max(s->rec.size,
				      number * SCHEMA_CHUNK_BYTES + size);
	chunks = schema_chunks(s->rec.size);
	if (number >= chunks && s->rec.flags & INODE_PURGE) {
		s->bytes += size;
		return 0;
	}
	left = number >= chunks ? 0 : s->rec.size - number * SCHEMA_CHUNK_BYTES;
	s->bytes += u64_min(size, left);
	if (size <= left)
		return 0;
	snprintf(words, sizeof(words),
		 "chunk %" PRIu64 " of %" PRIu64 ": past the end", number, ino);
	if (left == 0)
		return drop(c, e, words);
	if (check_wrong(c, "%s", words) < 0)
		return -EUCLEAN;
	return repair_cut(c, e->raw, left);
}

/* Why a dentry cannot stay, or NULL. */
static const char *hopeless(const struct seen *dir, const struct seen *child)
{
	if (!dir || !S_ISDIR(dir->rec.mode))
		return "no such directory";
	if (!child)
		return "leads to no inode";
	if (!S_ISDIR(child->rec.mode))
		return NULL;
	if (child->ino == FS_ROOT_INO)
		return "leads to the root";
	if (child->links > 0 ||
	    (child->at_home && child->rec.parent != dir->ino))
		return "a second name of a directory";
	return NULL;
}

static int bad_dentry(struct check *c, const struct schema_parsed *key,
		      const char *what)
{
	return check_wrong(c, "%.*s in directory %" PRIu64 ": %s",
			   (int)key->name.size, (const char *)key->name.data,
			   key->ino, what);
}

/* What is wrong with a dentry, and can stay all the same. */
static int mend_dentry(struct check *c, const struct entry *e, struct seen *dir,
		       struct seen *child, uint8_t type, bool *removed)
{
	const struct schema_parsed *key = &e->key;
	int rc = 0;

	if (dir->rec.nlink == 0) {
		rc = bad_dentry(c, key, "the directory is removed");
		dir->rec.nlink = 2;
		dir->dirty = true;
	}
	if (rc == 0 && S_ISDIR(child->rec.mode) && child->rec.nlink == 0) {
		rc = bad_dentry(c, key, "leads to a removed directory");
		child->rec.nlink = 2;
		child->dirty = true;
	}
	/* What its name says is all that is known of it. */
	if (child->made && type == DT_LNK && S_ISREG(child->rec.mode) &&
	    child->rec.size > 0 && child->rec.size <= FS_SYMLINK_MAX)
		child->rec.mode = S_IFLNK | 0777;
	if (rc < 0)
		return rc;
	if (schema_name_hash(c->super.hash_seed, key->name) != key->number) {
		rc = bad_dentry(c, key, "wrong hash");
		/* Which makes the type right, too. */
		return rc < 0 ? rc
			      : repair_rehash(c, e->raw, key, child, removed);
	}
	if (IFTODT(child->rec.mode) != type) {
		rc = bad_dentry(c, key, "wrong type");
		if (rc == 0)
			rc = repair_put_dentry(c, key->ino, key->name, child);
	}
	return rc;
}

static int see_dentry(struct check *c, const struct entry *e)
{
	struct dentry dentry = { 0 };
	struct seen *dir, *child;
	bool removed = false;
	struct slice value;
	const char *what;
	int rc;

	rc = lookup_value(e, &value);
	if (rc < 0)
		return rc;
	rc = dentry_decode(&dentry, value);
	dir = check_find(c, e->key.ino);
	child = check_find(c, dentry.ino);
	what = rc < 0 ? "nonsense" : hopeless(dir, child);
	if (what) {
		rc = bad_dentry(c, &e->key, what);
		return rc < 0 ? rc : repair_delete(c, e->raw);
	}
	rc = mend_dentry(c, e, dir, child, dentry.type, &removed);
	if (rc < 0 || removed)
		return rc;
	dir->names++;
	child->links++;
	child->found_in = dir->ino;
	if (S_ISDIR(child->rec.mode))
		dir->subdirs++;
	return 0;
}

static int see_xattr(struct check *c, const struct entry *e)
{
	struct seen *s = check_find(c, e->key.ino);
	char words[64];

	if (!s) {
		snprintf(words, sizeof(words),
			 "xattr of %" PRIu64 ": no such inode", e->key.ino);
		return drop(c, e, words);
	}
	s->xattrs |= INODE_XATTRS;
	if (slice_eq(e->key.name, slice_str(ACL_ACCESS)))
		s->xattrs |= INODE_ACL;
	else if (slice_eq(e->key.name, slice_str(ACL_DEFAULT)))
		s->xattrs |= INODE_ACL_DEFAULT;
	c->counts.xattrs++;
	return 0;
}

static int see_orphan(struct check *c, const struct entry *e)
{
	struct seen *s = check_find(c, e->key.ino);
	struct slice value;
	char words[64];
	int rc;

	rc = lookup_value(e, &value);
	if (rc < 0)
		return rc;
	if (!s || orphan_decode(&s->orphan, value) < 0) {
		snprintf(words, sizeof(words), "orphan %" PRIu64 ": %s",
			 e->key.ino, s ? "nonsense" : "no such inode");
		return drop(c, e, words);
	}
	s->has_orphan = true;
	c->counts.orphans++;
	return 0;
}

static int see_reference(struct check *c, const struct entry *e)
{
	switch (e->key.kind) {
	case SCHEMA_CHUNK:
		return e->key.is_block ? see_block(c, e) : see_chunk(c, e);
	case SCHEMA_DENTRY:
		return see_dentry(c, e);
	case SCHEMA_ORPHAN:
		return see_orphan(c, e);
	case SCHEMA_XATTR:
		return see_xattr(c, e);
	case SCHEMA_INODE:
	case SCHEMA_SUPER:
		break;
	}
	return 0;
}

/* -------------------------------------------------------------- walks -- */

typedef int (*see_fn)(struct check *c, const struct entry *e);

/* @strict: a key that cannot be parsed is a problem of this walk. */
static int see(struct check *c, struct kv_iter *it, see_fn fn, bool strict)
{
	struct entry e = { .it = it, .raw = kv_iter_key(it) };
	int rc;

	if (++c->keys % PROGRESS_KEYS == 0 && c->options->progress)
		c->options->progress(c->options->arg, c->keys);
	rc = schema_parse(e.raw, &e.key);
	if (rc < 0)
		return strict ? drop(c, &e, error_text(rc)) : 0;
	return fn(c, &e);
}

static int walk(struct check *c, struct slice lower, struct slice upper,
		see_fn fn, bool strict)
{
	struct kv_iter *it;
	int rc;

	rc = kv_iter_open(&it, c->kv, lower, upper);
	if (rc < 0)
		return rc;
	rc = kv_iter_first(it);
	while (rc > 0) {
		rc = see(c, it, fn, strict);
		if (rc == 0)
			rc = kv_iter_next(it);
	}
	kv_iter_close(it);
	return rc;
}

int check_records(struct check *c)
{
	struct schema_key lower, upper;

	schema_key_kind(&lower, SCHEMA_INODE);
	schema_key_kind(&upper, SCHEMA_INODE + 1);
	return walk(c, schema_slice(&lower), schema_slice(&upper), see_record,
		    false);
}

int check_owners(struct check *c)
{
	struct schema_key lower, upper;

	schema_key_kind(&lower, SCHEMA_CHUNK);
	schema_key_kind(&upper, SCHEMA_DENTRY + 1);
	return walk(c, schema_slice(&lower), schema_slice(&upper), see_owner,
		    false);
}

int check_references(struct check *c)
{
	return walk(c, slice_of(NULL, 0), slice_of(NULL, 0), see_reference,
		    true);
}
