/*
 * rename(2): one batch, whatever it replaces, moves or exchanges.
 *
 * Up to four inodes take part: two directories, what moves, and what is
 * replaced or moves the other way.  They are found without locks, then locked
 * together, and found again if a name changed in between.
 *
 * Loops.  A directory must not move into itself or below.  Only a rename from
 * one directory to another changes a parent, and there is one such rename at a
 * time, so the walk up from the new directory sees parents that stay.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "engine/base/error.h"
#include "fs/dentry.h"
#include "fs/flags.h"
#include "fs/namei.h"
#include "fs/orphan.h"

struct move {
	struct inode *dir;
	const char *name;
	struct inode *newdir;
	const char *newname;
	unsigned flags;
	const struct fs_cred *cred; /* of the whiteout */
	struct namei_found from;
	struct namei_found to; /* its inode is NULL if there is none */
};

/* ------------------------------------------------------------- checks -- */

/* Fails with -EINVAL if @ancestor is @ino or above it. */
static int check_not_above(struct fs *fs, uint64_t ancestor, uint64_t ino)
{
	struct inode *inode;
	uint64_t parent;
	int rc;

	for (;;) {
		if (ino == ancestor)
			return -EINVAL;
		if (ino == FS_ROOT_INO)
			return 0;
		rc = inode_get_locked(fs, ino, &inode);
		if (rc < 0)
			return rc;
		parent = inode->rec.parent;
		inode_put_locked(fs, inode);
		if (parent == 0)
			return error_set(-EUCLEAN,
					 "inode %" PRIu64 ": a parent, "
					 "yet no directory",
					 ino);
		ino = parent;
	}
}

/* The type of an inode never changes: no lock is needed. */
static bool is_dir(const struct inode *inode)
{
	return S_ISDIR(inode->rec.mode);
}

/* Under the rename lock, before the inodes are locked. */
static int check_loops(struct fs *fs, const struct move *m)
{
	int rc = 0;

	if (m->dir == m->newdir)
		return 0;
	if (is_dir(m->from.inode))
		rc = check_not_above(fs, m->from.inode->ino, m->newdir->ino);
	if (rc == 0 && (m->flags & RENAME_EXCHANGE) && m->to.inode &&
	    is_dir(m->to.inode))
		rc = check_not_above(fs, m->to.inode->ino, m->dir->ino);
	return rc;
}

/* Whether @from may replace @to. */
static int check_replace(const struct inode *from, const struct inode *to)
	NEEDS(from->lock, to->lock)
{
	if (is_dir(from) && !is_dir(to))
		return -ENOTDIR;
	if (!is_dir(from) && is_dir(to))
		return -EISDIR;
	if (is_dir(to) && to->rec.size > 0)
		return -ENOTEMPTY;
	return 0;
}

/* Linux looks at these before it looks at types. */
static int check_flags(const struct move *m) UNCHECKED
{
	const struct inode *to = m->to.inode;
	int rc;

	if (m->from.inode == to)
		return 0;
	rc = flags_check_remove(&m->dir->rec, &m->from.inode->rec);
	if (rc < 0)
		return rc;
	return to ? flags_check_remove(&m->newdir->rec, &to->rec)
		  : flags_check_add(&m->newdir->rec);
}

static int check_move(const struct move *m) UNCHECKED
{
	int rc;

	rc = inode_check_dir(m->dir);
	if (rc == 0)
		rc = inode_check_dir(m->newdir);
	if (rc < 0)
		return rc;
	if (!m->to.inode && m->flags & RENAME_EXCHANGE)
		return -ENOENT;
	if (m->to.inode && m->flags & RENAME_NOREPLACE)
		return -EEXIST;
	rc = check_flags(m);
	if (rc < 0 || !m->to.inode)
		return rc;
	if (m->flags & RENAME_EXCHANGE || m->from.inode == m->to.inode)
		return 0;
	return check_replace(m->from.inode, m->to.inode);
}

/* ------------------------------------------------------------ changes -- */

/*
 * The new records of the inodes that take part.  Directory and new directory
 * may be one; then `newdir` stands for both.
 */
struct records {
	struct inode_record dir;
	struct inode_record newdir;
	struct inode_record from;
	struct inode_record to;
};

/* Takes a name out of one directory's record and puts it in another's. */
static void count_move(const struct move *m, struct records *r,
		       struct inode_record *from, struct inode_record *to,
		       bool subdir, int64_t now_ns)
{
	if (m->dir == m->newdir) {
		namei_touch(&r->newdir, 0, 0, now_ns);
		return;
	}
	namei_touch(from, -1, subdir ? -1 : 0, now_ns);
	namei_touch(to, 1, subdir, now_ns);
}

static void set_parent(struct inode_record *rec, uint64_t parent,
		       int64_t now_ns)
{
	rec->ctime_ns = now_ns;
	if (S_ISDIR(rec->mode))
		rec->parent = parent;
}

/* The half that every rename has: @from goes to the new name. */
static void stage_from(struct fs *fs, struct kv_batch *batch,
		       const struct move *m, struct records *r, int64_t now_ns)
{
	const struct inode *from = m->from.inode;

	count_move(m, r, &r->dir, &r->newdir, is_dir(from), now_ns);
	set_parent(&r->from, m->newdir->ino, now_ns);
	dentry_stage(fs, batch, m->newdir->ino, m->newname, from->ino,
		     from->rec.mode);
	inode_stage(batch, from->ino, &r->from);
}

/* The other half: what the old name and the old inode become. */
static void stage_to(struct fs *fs, struct kv_batch *batch,
		     const struct move *m, struct records *r,
		     int64_t now_ns) UNCHECKED
{
	const struct inode *to = m->to.inode;

	if (m->flags & RENAME_EXCHANGE) {
		count_move(m, r, &r->newdir, &r->dir, is_dir(to), now_ns);
		set_parent(&r->to, m->dir->ino, now_ns);
		dentry_stage(fs, batch, m->dir->ino, m->name, to->ino,
			     to->rec.mode);
		inode_stage(batch, to->ino, &r->to);
		return;
	}
	dentry_stage_removal(fs, batch, m->dir->ino, m->name);
	if (to) {
		namei_touch(&r->newdir, -1, is_dir(to) ? -1 : 0, now_ns);
		namei_stage_unlink(batch, to, &r->to, now_ns);
	}
}

/* A whiteout takes the old name, so that one directory has a name more. */
static int stage_whiteout(struct fs *fs, struct kv_batch *batch,
			  const struct move *m, struct records *r,
			  int64_t now_ns) UNCHECKED
{
	namei_touch(m->dir == m->newdir ? &r->newdir : &r->dir, 1, 0, now_ns);
	return namei_stage_whiteout(fs, batch, m->dir, m->name, m->cred,
				    now_ns);
}

/*
 * One batch: both dentries, and the records of all that take part.  All are
 * locked.
 */
static int write_move(struct fs *fs, const struct move *m) UNCHECKED
{
	struct inode *from = m->from.inode, *to = m->to.inode;
	struct records r = {
		.dir = m->dir->rec,
		.newdir = m->newdir->rec,
		.from = from->rec,
	};
	int64_t now_ns = superblock_now_ns(fs);
	struct kv_batch *batch;
	int rc = 0;

	batch = kv_batch_new();
	if (!batch)
		return -ENOMEM;
	if (to)
		r.to = to->rec;
	stage_from(fs, batch, m, &r, now_ns);
	stage_to(fs, batch, m, &r, now_ns);
	if (m->flags & RENAME_WHITEOUT)
		rc = stage_whiteout(fs, batch, m, &r, now_ns);
	if (rc < 0) {
		kv_batch_free(batch);
		return rc;
	}
	inode_stage(batch, m->newdir->ino, &r.newdir);
	if (m->dir != m->newdir)
		inode_stage(batch, m->dir->ino, &r.dir);
	rc = inode_commit(fs, batch);
	if (rc < 0)
		return rc;

	if (m->dir != m->newdir)
		m->dir->rec = r.dir;
	m->newdir->rec = r.newdir;
	m->dir->names_seq++;
	m->newdir->names_seq++;
	if (m->flags & RENAME_WHITEOUT)
		atomic_fetch_add(&fs->inodes, 1);
	from->rec = r.from;
	if (to) {
		to->rec = r.to;
		if (!(m->flags & RENAME_EXCHANGE))
			inode_note_unlinked(to, m->newdir);
	}
	return 0;
}

static int move_locked(struct fs *fs, const struct move *m) UNCHECKED
{
	int rc;

	rc = check_move(m);
	if (rc < 0)
		return rc;
	/* Two names of one file: POSIX has it that nothing happens. */
	if (m->from.inode == m->to.inode)
		return 0;
	if (m->to.inode && !(m->flags & RENAME_EXCHANGE)) {
		rc = orphan_trim(fs, m->to.inode);
		if (rc < 0)
			return rc;
	}
	return write_move(fs, m);
}

/* ---------------------------------------------------------- the search -- */

/* What the new name leads to, if to anything. */
static int find_to(struct fs *fs, struct move *m)
{
	uint64_t seq;
	int rc;

	mutex_lock(&m->newdir->lock);
	seq = m->newdir->names_seq;
	rc = inode_check_dir(m->newdir);
	mutex_unlock(&m->newdir->lock);
	if (rc < 0)
		return rc;
	rc = namei_find(fs, m->newdir, m->newname, &m->to);
	if (rc == -ENOENT) {
		m->to.inode = NULL;
		m->to.names_seq = seq;
		rc = 0;
	}
	return rc;
}

/* Finds, locks, checks and moves.  1: a name changed meanwhile. */
static int try_move(struct fs *fs, struct move *m) UNCHECKED
{
	struct inode_set set = { .count = 0 };
	int rc;

	rc = namei_find(fs, m->dir, m->name, &m->from);
	if (rc < 0)
		return rc;
	rc = find_to(fs, m);
	if (rc < 0)
		goto put_from;
	rc = check_loops(fs, m);
	if (rc < 0)
		goto put_to;

	inode_set_add(&set, m->dir);
	inode_set_add(&set, m->newdir);
	inode_set_add(&set, m->from.inode);
	inode_set_add(&set, m->to.inode);
	inode_set_lock(&set);
	if (m->from.names_seq != m->dir->names_seq ||
	    m->to.names_seq != m->newdir->names_seq)
		rc = 1;
	else
		rc = move_locked(fs, m);
	inode_set_unlock(&set);

put_to:
	inode_put(fs, m->to.inode);
put_from:
	inode_put(fs, m->from.inode);
	return rc;
}

static int rename_in(struct fs *fs, struct move *m) UNCHECKED
{
	bool cross = m->dir != m->newdir;
	int rc;

	if (cross)
		mutex_lock(&fs->rename);
	do {
		rc = try_move(fs, m);
	} while (rc > 0);
	if (cross)
		mutex_unlock(&fs->rename);
	return rc;
}

static bool are_flags(unsigned flags)
{
	return flags == RENAME_EXCHANGE ||
	       (flags & ~(unsigned)(RENAME_NOREPLACE | RENAME_WHITEOUT)) == 0;
}

int fs_rename(struct fs *fs, uint64_t dir, const char *name, uint64_t newdir,
	      const char *newname, unsigned flags, const struct fs_cred *cred)
{
	struct move m = {
		.name = name,
		.newname = newname,
		.flags = flags,
		.cred = cred,
	};
	int rc;

	if (!are_flags(flags))
		return -EINVAL;
	rc = dentry_check_name(name);
	if (rc == 0)
		rc = dentry_check_name(newname);
	if (rc == 0)
		rc = inode_get(fs, dir, &m.dir);
	if (rc < 0)
		return rc;
	rc = inode_get(fs, newdir, &m.newdir);
	if (rc == 0) {
		rc = rename_in(fs, &m);
		inode_put(fs, m.newdir);
	}
	inode_put(fs, m.dir);
	return rc;
}
