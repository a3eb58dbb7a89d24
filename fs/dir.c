/*
 * Walks over a directory.
 *
 * A walk is an iterator over the dentries of the directory as they were when
 * it began, so an entry that exists throughout is seen once.  An offset is the
 * hash of a name, shifted, plus the entry's place among those of equal hash:
 * it stays the same for as long as the entry exists, and a later walk finds it
 * by seeking.  (Two names of one directory share a 55-bit hash with a chance
 * of less than 1 in 10^4 once there are 2 million of them; only then could
 * removing the first of the two move the second, and only for a walk that
 * stopped between.)
 */
#include <dirent.h>
#include <stdlib.h>

#include "engine/base/error.h"
#include "fs/dentry.h"
#include "fs/namei.h"
#include "fs/schema.h"

#define OFFSET_DOT    1
#define OFFSET_DOTDOT 2
#define OFFSET_FIRST  (1 << SCHEMA_HASH_SHIFT) /* the lowest of a name */
#define PLACE_MAX     ((1 << SCHEMA_HASH_SHIFT) - 1)

struct fs_dir {
	struct fs *fs;
	struct inode *dir; /* a reference */
	struct kv_iter *it;
	uint64_t parent;
	uint64_t names_seq; /* the directory's when the walk began */
	uint64_t offset;    /* of the entry returned last, or 0 */
	uint64_t ino;       /* that it leads to */
	bool ahead;         /* the iterator is at an entry not yet returned */
	bool ended;         /* there are no more: a step would begin anew */
	uint64_t hash;      /* of the name the iterator was at last */
	unsigned place;     /* of that name among those of equal hash */
	char name[FS_NAME_MAX + 1];
};

static int open_iter(struct fs_dir *d)
{
	struct schema_key lower, upper;

	schema_key_ino(&lower, SCHEMA_DENTRY, d->dir->ino);
	schema_key_ino(&upper, SCHEMA_DENTRY, d->dir->ino + 1);
	return kv_iter_open(&d->it, d->fs->kv, schema_slice(&lower),
			    schema_slice(&upper));
}

/* The iterator is at a name: which is its place among its equals? */
static int note_place(struct fs_dir *d, struct schema_parsed *key)
{
	int rc;

	rc = schema_parse(kv_iter_key(d->it), key);
	if (rc < 0)
		return rc;
	if (key->number != d->hash) {
		d->hash = key->number;
		d->place = 0;
	} else if (d->place < PLACE_MAX) {
		d->place++;
	}
	return 0;
}

/* Goes to the first name behind @offset. */
static int seek(struct fs_dir *d, uint64_t offset)
{
	struct schema_parsed parsed;
	struct schema_key key;
	int rc;

	schema_key_dentry(&key, d->dir->ino, offset >> SCHEMA_HASH_SHIFT,
			  slice_of(NULL, 0));
	rc = kv_iter_seek(d->it, schema_slice(&key));
	while (rc > 0) {
		rc = note_place(d, &parsed);
		if (rc < 0)
			return rc;
		if ((d->hash << SCHEMA_HASH_SHIFT | d->place) > offset) {
			d->ahead = true;
			return 0;
		}
		rc = kv_iter_next(d->it);
	}
	d->ended = rc == 0;
	return rc;
}

/* Notes what the walk is over and opens the iterator, at one moment. */
static int begin(struct fs_dir *d)
{
	int rc;

	mutex_lock(&d->dir->lock);
	rc = S_ISDIR(d->dir->rec.mode) ? 0 : -ENOTDIR;
	if (rc == 0)
		rc = open_iter(d);
	d->parent = d->dir->rec.parent;
	d->names_seq = d->dir->names_seq;
	mutex_unlock(&d->dir->lock);
	return rc;
}

int fs_dir_open(struct fs *fs, uint64_t dir, off_t offset, struct fs_dir **out)
{
	struct fs_dir *d;
	int rc;

	if (offset < 0)
		return -EINVAL;
	d = calloc(1, sizeof(*d));
	if (!d)
		return -ENOMEM;
	d->fs = fs;
	d->offset = (uint64_t)offset;
	rc = inode_get(fs, dir, &d->dir);
	if (rc == 0)
		rc = begin(d);
	if (rc == 0 && d->offset >= OFFSET_FIRST)
		rc = seek(d, d->offset);
	if (rc < 0) {
		fs_dir_close(d);
		return rc;
	}
	*out = d;
	return 0;
}

void fs_dir_close(struct fs_dir *d)
{
	if (!d)
		return;
	if (d->it)
		kv_iter_close(d->it);
	inode_put(d->fs, d->dir);
	free(d);
}

static int next_dot(struct fs_dir *d, struct fs_dirent *out)
{
	bool dot = d->offset < OFFSET_DOT;

	strcpy(d->name, dot ? "." : "..");
	d->offset = dot ? OFFSET_DOT : OFFSET_DOTDOT;
	d->ino = dot ? d->dir->ino : d->parent;
	*out = (struct fs_dirent){
		.name = d->name,
		.ino = d->ino,
		.type = S_IFDIR,
		.next = (off_t)d->offset,
	};
	return 1;
}

/* Returns the entry that the iterator is at. */
static int take(struct fs_dir *d, struct fs_dirent *out)
{
	struct schema_parsed key;
	struct dentry dentry;
	struct slice value;
	int rc;

	rc = schema_parse(kv_iter_key(d->it), &key);
	if (rc == 0)
		rc = kv_iter_value(d->it, &value);
	if (rc == 0)
		rc = dentry_decode(&dentry, value);
	if (rc < 0)
		return rc;
	memcpy(d->name, key.name.data, key.name.size);
	d->name[key.name.size] = '\0';
	d->offset = d->hash << SCHEMA_HASH_SHIFT | d->place;
	d->ino = dentry.ino;
	d->ahead = false;
	*out = (struct fs_dirent){
		.name = d->name,
		.ino = d->ino,
		.type = DTTOIF(dentry.type),
		.next = (off_t)d->offset,
	};
	return 1;
}

int fs_dir_next(struct fs_dir *d, struct fs_dirent *out)
{
	struct schema_parsed key;
	int rc;

	if (d->offset < OFFSET_DOTDOT)
		return next_dot(d, out);
	if (d->ended)
		return 0;
	if (!d->ahead) {
		rc = d->hash == 0 ? kv_iter_first(d->it) : kv_iter_next(d->it);
		d->ended = rc == 0;
		if (rc <= 0)
			return rc;
		rc = note_place(d, &key);
		if (rc < 0)
			return rc;
		d->ahead = true;
	}
	return take(d, out);
}

/*
 * As long as no name in the directory has changed, the inode is the one that
 * the name leads to; else it is looked up.
 */
int fs_dir_entry(struct fs_dir *d, struct fs_entry *out)
{
	bool same;
	int rc;

	if (d->offset <= OFFSET_DOTDOT) {
		out->ino = d->ino;
		out->generation = 1;
		out->unlink_pending = false;
		return fs_getattr(d->fs, d->ino, &out->attr, NULL);
	}
	mutex_lock(&d->dir->lock);
	same = d->names_seq == d->dir->names_seq;
	mutex_unlock(&d->dir->lock);
	if (same) {
		rc = namei_entry(d->fs, d->ino, out);
		if (rc != -ENOENT)
			return rc;
	}
	return fs_lookup(d->fs, d->dir->ino, d->name, out);
}
