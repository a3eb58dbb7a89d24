#include "tests/fs/model_fs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fs/model_step.h"

static const struct fs_cred cred = { .uid = 1000, .gid = 100 };

/* ------------------------------------------------------------- a step -- */

/* Not many names, so that they collide. */
static void choose(struct choice *c, struct model *m, unsigned *seed)
{
	static const unsigned flags[] = { 0,
					  0,
					  RENAME_NOREPLACE,
					  RENAME_EXCHANGE,
					  RENAME_WHITEOUT,
					  RENAME_WHITEOUT | RENAME_NOREPLACE };

	c->dir = model_pick(m, S_IFDIR, seed);
	c->newdir = rand_r(seed) % 2 ? c->dir : model_pick(m, S_IFDIR, seed);
	c->node = model_pick(m, 0, seed);
	c->file = model_pick(m, S_IFREG, seed);
	c->other = model_pick(m, S_IFREG, seed);
	snprintf(c->name, sizeof(c->name), "%c", 'a' + rand_r(seed) % 12);
	snprintf(c->newname, sizeof(c->newname), "%c", 'a' + rand_r(seed) % 12);
	c->flags = flags[rand_r(seed) % 6];
	c->offset = (size_t)rand_r(seed) % (MODEL_FILE_MAX / 2);
	if (rand_r(seed) % 3 == 0)
		c->offset -= c->offset % 32768;
	c->other_offset = (size_t)rand_r(seed) % (MODEL_FILE_MAX / 2);
	if (rand_r(seed) % 3 == 0)
		c->other_offset -= c->other_offset % 32768;
	c->size = 1 + (size_t)rand_r(seed) % (MODEL_FILE_MAX / 2);
	if (rand_r(seed) % 2)
		c->size = 1 + c->size % 500;
	if (rand_r(seed) % 3 == 0) {
		c->offset -= c->offset % 4096;
		c->size = 4096 * (1 + c->size % 5);
	}
	c->zeros = rand_r(seed) % 4 == 0;
}

static bool create(struct model *m, struct fs *fs, const struct choice *c,
		   mode_t mode)
{
	uint64_t dir = m->nodes[c->dir].ino;
	struct fs_entry entry;
	int node, rc;

	if (!model_has_room(m))
		return true;
	if (S_ISDIR(mode))
		rc = fs_mkdir(fs, dir, c->name, mode, &cred, &entry);
	else if (S_ISLNK(mode))
		rc = fs_symlink(fs, dir, c->name, c->newname, &cred, &entry);
	else
		rc = fs_mknod(fs, dir, c->name, mode, 0, &cred, &entry);
	if (unknown_failure(rc))
		return false;
	agree("create", model_create(m, c->dir, c->name, mode, &node), rc);
	if (rc == 0) {
		m->nodes[node].ino = entry.ino;
		if (S_ISLNK(mode))
			memcpy(m->nodes[node].target, c->newname,
			       sizeof(c->newname));
		fs_forget(fs, entry.ino, 1);
	}
	return true;
}

/* O_TMPFILE, and its name at once; without one it goes. */
static bool create_unnamed(struct model *m, struct fs *fs,
			   const struct choice *c)
{
	uint64_t dir = m->nodes[c->dir].ino;
	struct fs_entry made, named;
	int node, rc;

	if (!model_has_room(m))
		return true;
	rc = fs_tmpfile(fs, dir, 0644, &cred, &made);
	if (unknown_failure(rc))
		return false;
	if (m->nodes[c->dir].flags & FS_FLAG_IMMUTABLE)
		return agree("tmpfile", -EPERM, rc);
	ck_ok(rc);
	rc = fs_link(fs, made.ino, dir, c->name, &named);
	fs_forget(fs, made.ino, rc == 0 ? 2 : 1);
	if (unknown_failure(rc))
		return false;
	agree("link of a tmpfile",
	      model_create(m, c->dir, c->name, S_IFREG | 0644, &node), rc);
	if (rc == 0)
		m->nodes[node].ino = made.ino;
	return true;
}

static bool link_node(struct model *m, struct fs *fs, const struct choice *c,
		      unsigned *seed)
{
	int node = model_pick(m, 0, seed);
	struct fs_entry entry;
	int rc;

	if (!model_has_room(m))
		return true;
	rc = fs_link(fs, m->nodes[node].ino, m->nodes[c->dir].ino, c->name,
		     &entry);
	if (unknown_failure(rc))
		return false;
	if (rc == 0)
		fs_forget(fs, entry.ino, 1);
	return agree("link", model_link(m, node, c->dir, c->name), rc);
}

static bool remove_name(struct model *m, struct fs *fs, const struct choice *c,
			bool want_dir)
{
	uint64_t dir = m->nodes[c->dir].ino;
	int rc;

	rc = want_dir ? fs_rmdir(fs, dir, c->name)
		      : fs_unlink(fs, dir, c->name);
	if (unknown_failure(rc))
		return false;
	return agree(want_dir ? "rmdir" : "unlink",
		     model_remove(m, c->dir, c->name, want_dir), rc);
}

/* Nobody tells the number of a whiteout; see learn_numbers(). */
static bool move(struct model *m, struct fs *fs, const struct choice *c)
{
	int made, want, rc;

	if (c->flags & RENAME_WHITEOUT && !model_has_room(m))
		return true;
	rc = fs_rename(fs, m->nodes[c->dir].ino, c->name,
		       m->nodes[c->newdir].ino, c->newname, c->flags, &cred);
	if (unknown_failure(rc))
		return false;
	if (c->flags & RENAME_WHITEOUT)
		want = model_whiteout(m, c->dir, c->name, c->newdir, c->newname,
				      c->flags, &made);
	else
		want = model_rename(m, c->dir, c->name, c->newdir, c->newname,
				    c->flags);
	return agree("rename", want, rc);
}

/*
 * Looked up before they are needed, not by the step that made the inode: that
 * one is done, even if nothing can be read any more.
 */
static bool learn_numbers(struct model *m, struct fs *fs)
{
	struct fs_entry entry;
	int i, rc;

	for (i = 0; i < MODEL_NAMES; i++) {
		const struct model_name *name = &m->names[i];

		if (!name->used || m->nodes[name->node].ino != 0)
			continue;
		rc = fs_lookup(fs, m->nodes[name->dir].ino, name->name, &entry);
		if (unknown_failure(rc))
			return false;
		ck_ok(rc);
		m->nodes[name->node].ino = entry.ino;
		fs_forget(fs, entry.ino, 1);
	}
	return true;
}

bool model_fs_step(struct model *m, struct fs *fs, unsigned *seed)
{
	struct choice c;

	if (!learn_numbers(m, fs))
		return false;
	choose(&c, m, seed);
	switch (rand_r(seed) % 19) {
	case 0:
	case 1:
		return create(m, fs, &c, S_IFREG | 0644);
	case 2:
	case 3:
		return create(m, fs, &c, S_IFDIR | 0755);
	case 4:
		return create(m, fs, &c, S_IFLNK | 0777);
	case 5:
		return link_node(m, fs, &c, seed);
	case 6:
		return remove_name(m, fs, &c, false);
	case 7:
		return remove_name(m, fs, &c, true);
	case 8:
	case 9:
		return move(m, fs, &c);
	case 10:
		return model_file_write(m, fs, &c, seed);
	case 11:
		return model_file_truncate(m, fs, &c);
	case 12:
		return model_file_fallocate(m, fs, &c, seed);
	case 13:
		return model_file_copy(m, fs, &c);
	case 14:
		return model_file_xattr(m, fs, &c, seed);
	case 15:
		return model_file_flags(m, fs, &c, seed);
	case 16:
		return create_unnamed(m, fs, &c);
	case 17:
		return model_file_mode(m, fs, &c, seed);
	default:
		return move(m, fs, &c);
	}
}

/* ------------------------------------------------------ the comparison -- */

static bool same_node(struct model *m, int node, struct fs *fs, char *why,
		      size_t size)
{
	const struct model_node *n = &m->nodes[node];
	unsigned links = n->links;
	struct stat st;
	int rc;

	rc = fs_getattr(fs, n->ino, &st, NULL);
	if (S_ISDIR(n->mode))
		links = 2 + model_subdirs(m, node);
	if (rc < 0 || st.st_mode != n->mode || st.st_nlink != links) {
		snprintf(why, size, "inode %llu: rc %d, mode %o, %u links",
			 (unsigned long long)n->ino, rc, st.st_mode,
			 (unsigned)st.st_nlink);
		return false;
	}
	return model_file_same(n, fs, why, size);
}

/*
 * Every entry of the listing is in the model; the caller knows how many.  What
 * number an inode has is learned here, if it is not known.
 */
static bool same_entry(struct model *m, int dir, const struct fs_dirent *entry)
{
	struct model_name *name;
	struct model_node *n;

	if (strcmp(entry->name, ".") == 0)
		return entry->ino == m->nodes[dir].ino;
	if (strcmp(entry->name, "..") == 0)
		return entry->ino == m->nodes[m->nodes[dir].parent].ino;
	if (strlen(entry->name) >= MODEL_NAME_SIZE)
		return false;
	name = model_find(m, dir, entry->name);
	if (!name)
		return false;
	n = &m->nodes[name->node];
	if (n->ino == 0)
		n->ino = entry->ino;
	return n->ino == entry->ino && (n->mode & S_IFMT) == entry->type;
}

static bool same_listing(struct model *m, int dir, struct fs *fs, char *why,
			 size_t size)
{
	struct fs_dirent entry;
	struct fs_dir *d;
	unsigned count = 0;
	bool same = true;
	int rc;

	if (fs_dir_open(fs, m->nodes[dir].ino, 0, &d) < 0) {
		snprintf(why, size, "directory cannot be opened");
		return false;
	}
	while (same && (rc = fs_dir_next(d, &entry)) > 0) {
		same = same_entry(m, dir, &entry);
		if (!same)
			snprintf(why, size, "%s should not be listed",
				 entry.name);
		count++;
	}
	fs_dir_close(d);
	if (same && count != model_names_in(m, dir) + 2) {
		snprintf(why, size, "directory %llu: %u entries, not %u",
			 (unsigned long long)m->nodes[dir].ino, count,
			 model_names_in(m, dir) + 2);
		return false;
	}
	return same;
}

/* From the root downwards, so that each number is known when it is needed. */
static bool same_tree(struct model *m, int dir, struct fs *fs, char *why,
		      size_t size)
{
	bool same = same_listing(m, dir, fs, why, size);
	int i;

	for (i = 0; same && i < MODEL_NAMES; i++) {
		const struct model_name *n = &m->names[i];

		if (n->used && n->dir == dir && S_ISDIR(m->nodes[n->node].mode))
			same = same_tree(m, n->node, fs, why, size);
	}
	return same;
}

bool model_fs_same(struct model *m, struct fs *fs, char *why, size_t size)
{
	bool same = same_tree(m, 0, fs, why, size);
	int i;

	for (i = 0; same && i < MODEL_NODES; i++)
		if (m->nodes[i].used)
			same = same_node(m, i, fs, why, size);
	return same;
}

bool model_fs_same_whole(struct model *m, struct fs *fs, char *why, size_t size)
{
	struct fs_usage usage;

	ck_ok(fs_usage(fs, &usage));
	if (usage.inodes != model_count(m)) {
		snprintf(why, size, "%llu inodes instead of %u",
			 (unsigned long long)usage.inodes, model_count(m));
		return false;
	}
	return model_fs_same(m, fs, why, size);
}
