/*
 * repair: how a tree is mended, and what a check knows of it.  Private to
 * check*.c and repair.c.
 *
 * What is lost cannot be made up, and nothing that might be somebody's data is
 * removed:
 *   - a record that is lost, of an inode that chunks or names belong to, is
 * made anew: mode 0600 or 0700, the root's owner, the size that the chunks
 * reach
 *   - what no name leads to, and was not about to be removed, gets the name
 *     `#NUMBER` in /lost+found (or /lost+found.1, ...), which is made if need
 *     be
 *   - a name that leads nowhere, or to a directory that has another, is
 * removed; so are a chunk past the end of its file, and what belongs to an
 * inode that can be nothing at all
 *   - a directory that lies within itself is cut off and goes to lost+found
 *   - what is lost of a chunk that blocks lie over becomes zeros
 *   - counts are made true: links, sizes of directories, stored bytes, flags
 *   - a superblock that is lost is made anew, with another seed, and all names
 *     get new hashes
 *
 * Changes are written in batches as they come up.  Each leaves a tree that is
 * no worse than before, so a crash in between costs another run, no more.
 *
 * One thread.  Errors: 0 or a negative errno.
 */
#ifndef FS_REPAIR_H
#define FS_REPAIR_H

#include "fs/check.h"
#include "fs/inode_format.h"
#include "fs/orphan.h"
#include "fs/schema.h"
#include "fs/superblock.h"

enum reach {
	REACH_UNKNOWN = 0,
	REACH_WALKING, /* on the path that is being followed */
	REACH_ROOT,    /* the root can be reached from here */
};

/* What is known of one inode: its record, and what was found. */
struct seen {
	uint64_t ino;
	struct inode_record rec;
	bool dirty;   /* the record is not as it is in the store */
	bool made;    /* there was no record that made sense */
	bool at_home; /* a directory: has a name in its parent */
	bool has_orphan;
	enum reach reach;
	uint32_t xattrs;   /* the flags that its xattrs ask for */
	uint64_t links;    /* dentries that lead to it */
	uint64_t subdirs;  /* of a directory */
	uint64_t names;    /* of a directory */
	uint64_t bytes;    /* of its chunks */
	uint64_t found_in; /* the directory of the last dentry */
	struct orphan orphan;
};

struct check {
	struct kv *kv;
	const struct check_options *options;
	struct superblock super;
	bool super_made;   /* there was none that made sense */
	struct seen *seen; /* owned, by rising ino */
	size_t count;
	size_t cap;
	uint64_t keys; /* looked at */
	struct check_counts counts;
	uint64_t chunk_ino;      /* whose chunk was seen last; 0: none was */
	uint64_t chunk;          /* its number */
	size_t chunk_size;       /* and its own value's bytes */
	struct kv_batch *batch;  /* owned; NULL: nothing is written */
	uint64_t lost_and_found; /* the directory; 0: not looked for yet */
};

/* Borrowed until the next check_insert(); NULL if there is none. */
struct seen *check_find(struct check *c, uint64_t ino);

/* Adds one that is not there yet, without a record.  NULL: out of memory. */
struct seen *check_insert(struct check *c, uint64_t ino);

/*
 * Something is wrong.  Returns 0 for the caller to mend it, or -EUCLEAN: that
 * is the end of the check.
 */
int check_wrong(struct check *c, const char *fmt, ...) PRINTF(2, 3) MUST_USE;

/* check_keys.c: the walks over all keys. */
int check_records(struct check *c) MUST_USE;
int check_owners(struct check *c) MUST_USE; /* makes lost records anew */
int check_references(struct check *c) MUST_USE;

/* check_inodes.c: what can be said once all keys are known. */
int check_root(struct check *c) MUST_USE;
int check_inodes(struct check *c) MUST_USE;

/* repair.c. */
int repair_put(struct check *c, struct slice key, struct slice value) MUST_USE;
int repair_delete(struct check *c, struct slice key) MUST_USE;
int repair_put_dentry(struct check *c, uint64_t dir, struct slice name,
		      const struct seen *child) MUST_USE;

/* Gives the dentry @old the right hash, or removes it if that is taken. */
int repair_rehash(struct check *c, struct slice old,
		  const struct schema_parsed *key, const struct seen *child,
		  bool *removed) MUST_USE;

/* Cuts a chunk to @size bytes. */
int repair_cut(struct check *c, struct slice key, size_t size) MUST_USE;

/* Makes a chunk whole, by zeros behind what is left of it. */
int repair_fill_chunk(struct check *c, uint64_t ino, uint64_t chunk) MUST_USE;

/* A record for what has lost its own; @type: S_IFREG or S_IFDIR. */
void repair_make(struct check *c, struct seen *s, mode_t type);

/* Makes the 'o' record what it should be. */
int repair_orphan(struct check *c, struct seen *s) MUST_USE;

/* Gives @ino a name in lost+found; no pointer to a struct seen stays valid. */
int repair_attach(struct check *c, uint64_t ino) MUST_USE;

/* Takes the name away that leads to the directory @ino. */
int repair_detach(struct check *c, uint64_t ino) MUST_USE;

/* A superblock in place of one that is lost. */
void repair_make_super(struct check *c);

/* Writes the records and the superblock, and all that is still to be written.
 */
int repair_finish(struct check *c) MUST_USE;

#endif
