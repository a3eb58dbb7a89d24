/*
 * Walks over a directory.
 *
 * A walk is an iterator over the dentries of the directory as they were when
 * it began, by hash and name; so an entry that exists throughout is seen once.
 *
 * The offset that an entry is returned with says where to go on: a hash,
 * shifted, plus PLACE_END for "behind all names of that hash", which is what
 * nearly all entries have.  Only if another name of the same hash follows is it
 * the number of a mark instead, which remembers behind which name (two names of
 * one directory share a 55-bit hash with a chance of less than 1 in 10^4 once
 * there are 2 million of them; but whoever knows the seed makes as many as he
 * likes).  Neither depends on what is made and removed meanwhile.
 */
#include <dirent.h>
#include <stdlib.h>

#include "engine/base/error.h"
#include "fs/dentry.h"
#include "fs/dir_marks.h"
#include "fs/namei.h"
#include "fs/schema.h"

#define OFFSET_DOT    1
#define OFFSET_DOTDOT 2
#define OFFSET_FIRST  (1 << SCHEMA_HASH_SHIFT) /* the lowest of a name */
#define PLACE_END     ((1 << SCHEMA_HASH_SHIFT) - 1)

_Static_assert(DIR_MARKS_MAX <= PLACE_END, "each mark has a place");

struct fs_dir {
	struct fs *fs;
	struct inode *dir; /* a reference */
	struct kv_iter *it;
	uint64_t parent;
	uint64_t names_seq; /* the directory's when the walk began */
	uint64_t offset;    /* behind the entry returned last, or 0 */
	uint64_t ino;       /* that it leads to */
	int at;             /* 1: the iterator is at an entry to be returned;
			       0: there are no more; < 0: an error */
	struct schema_parsed
		key; /* of that entry, borrowed from the iterator */
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

/* The iterator has moved, with this result. */
static int note_move(struct fs_dir *d, int rc)
{
	if (rc > 0) {
		rc = schema_parse(kv_iter_key(d->it), &d->key);
		if (rc == 0)
			rc = 1;
	}
	d->at = rc;
	return rc < 0 ? rc : 0;
}

/* The key of @name in @hash, or of the first name there if @name is empty. */
static int seek_key(struct fs_dir *d, uint64_t hash, struct slice name)
{
	struct schema_key key;

	schema_key_dentry(&key, d->dir->ino, hash, name);
	return note_move(d, kv_iter_seek(d->it, schema_slice(&key)));
}

/*
 * Goes to the first name behind a mark, or behind where its name was; to the
 * first of its hash if the mark is gone.
 */
static int seek_mark(struct fs_dir *d, uint64_t hash, unsigned number)
{
	const char *marked;
	struct slice name;
	int rc;

	mutex_lock(&d->dir->lock);
	marked = dir_marks_get(d->dir->marks, hash, number);
	strcpy(d->name, marked ? marked : "");
	mutex_unlock(&d->dir->lock);
	name = slice_str(d->name);
	rc = seek_key(d, hash, name);
	if (d->at > 0 && d->key.number == hash && slice_eq(d->key.name, name))
		rc = note_move(d, kv_iter_next(d->it));
	return rc;
}

static int seek(struct fs_dir *d, uint64_t offset)
{
	uint64_t hash = offset >> SCHEMA_HASH_SHIFT;
	unsigned place = offset & PLACE_END;

	if (offset < OFFSET_FIRST)
		return note_move(d, kv_iter_first(d->it));
	if (place == PLACE_END)
		return seek_key(d, hash + 1, slice_of(NULL, 0));
	return seek_mark(d, hash, place);
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
	if (rc == 0)
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

/* Goes past the entry of this @hash and d->name; sets the offset behind it. */
static int pass(struct fs_dir *d, uint64_t hash)
{
	int place = PLACE_END;

	/* An error is for the next call: this entry has been read. */
	(void)note_move(d, kv_iter_next(d->it));
	if (d->at > 0 && d->key.number == hash) {
		mutex_lock(&d->dir->lock);
		place = dir_marks_put(&d->dir->marks, hash, d->name);
		mutex_unlock(&d->dir->lock);
		if (place < 0)
			return place;
	}
	d->offset = hash << SCHEMA_HASH_SHIFT | (unsigned)place;
	return 0;
}

int fs_dir_next(struct fs_dir *d, struct fs_dirent *out)
{
	struct dentry dentry;
	struct slice value;
	int rc;

	if (d->offset < OFFSET_DOTDOT)
		return next_dot(d, out);
	if (d->at <= 0)
		return d->at;
	rc = kv_iter_value(d->it, &value);
	if (rc == 0)
		rc = dentry_decode(&dentry, value);
	if (rc < 0)
		return rc;
	memcpy(d->name, d->key.name.data, d->key.name.size);
	d->name[d->key.name.size] = '\0';
	rc = pass(d, d->key.number);
	if (rc < 0)
		return rc;
	d->ino = dentry.ino;
	*out = (struct fs_dirent){
		.name = d->name,
		.ino = d->ino,
		.type = DTTOIF(dentry.type),
		.next = (off_t)d->offset,
	};
	return 1;
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
