#include "tests/fs/model.h"

#include <errno.h>
#include <linux/falloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fs/fs.h"

void model_init(struct model *m)
{
	memset(m, 0, sizeof(*m));
	m->nodes[0] = (struct model_node){
		.used = true,
		.ino = 1,
		.mode = S_IFDIR | 0755,
		.links = 1,
	};
}

void model_fini(struct model *m)
{
	int i;

	for (i = 0; i < MODEL_NODES; i++)
		free(m->nodes[i].bytes);
}

void model_copy(struct model *to, const struct model *from)
{
	int i;

	*to = *from;
	for (i = 0; i < MODEL_NODES; i++) {
		if (!from->nodes[i].bytes)
			continue;
		to->nodes[i].bytes = calloc(1, MODEL_FILE_MAX);
		memcpy(to->nodes[i].bytes, from->nodes[i].bytes,
		       from->nodes[i].size);
	}
}

struct model_name *model_find(struct model *m, int dir, const char *name)
{
	int i;

	for (i = 0; i < MODEL_NAMES; i++) {
		struct model_name *n = &m->names[i];

		if (n->used && n->dir == dir && strcmp(n->name, name) == 0)
			return n;
	}
	return NULL;
}

int model_pick(struct model *m, mode_t type, unsigned *seed)
{
	int start = rand_r(seed) % MODEL_NODES;
	int i;

	for (i = 0; i < MODEL_NODES; i++) {
		int at = (start + i) % MODEL_NODES;

		if (m->nodes[at].used &&
		    (type == 0 || (m->nodes[at].mode & S_IFMT) == type))
			return at;
	}
	return -1;
}

static int free_node(const struct model *m)
{
	int i;

	for (i = 0; i < MODEL_NODES; i++)
		if (!m->nodes[i].used)
			return i;
	return -1;
}

static int free_name(const struct model *m)
{
	int i;

	for (i = 0; i < MODEL_NAMES; i++)
		if (!m->names[i].used)
			return i;
	return -1;
}

bool model_has_room(const struct model *m)
{
	return free_node(m) >= 0 && free_name(m) >= 0;
}

unsigned model_count(const struct model *m)
{
	unsigned count = 0;
	int i;

	for (i = 0; i < MODEL_NODES; i++)
		count += m->nodes[i].used;
	return count;
}

unsigned model_names_in(const struct model *m, int dir)
{
	unsigned count = 0;
	int i;

	for (i = 0; i < MODEL_NAMES; i++)
		count += m->names[i].used && m->names[i].dir == dir;
	return count;
}

unsigned model_subdirs(const struct model *m, int dir)
{
	unsigned count = 0;
	int i;

	for (i = 0; i < MODEL_NAMES; i++)
		count += m->names[i].used && m->names[i].dir == dir &&
			 S_ISDIR(m->nodes[m->names[i].node].mode);
	return count;
}

static void add_name(struct model *m, int dir, const char *name, int node)
{
	struct model_name *n = &m->names[free_name(m)];

	n->used = true;
	n->dir = dir;
	snprintf(n->name, sizeof(n->name), "%s", name);
	n->node = node;
	m->nodes[node].links++;
	if (S_ISDIR(m->nodes[node].mode))
		m->nodes[node].parent = dir;
}

static void drop_name(struct model *m, struct model_name *n)
{
	struct model_node *node = &m->nodes[n->node];

	n->used = false;
	if (--node->links > 0)
		return;
	free(node->bytes);
	memset(node, 0, sizeof(*node));
}

static bool is_kept(const struct model *m, int node)
{
	return m->nodes[node].flags & (FS_FLAG_IMMUTABLE | FS_FLAG_APPEND);
}

static bool is_closed(const struct model *m, int dir)
{
	return m->nodes[dir].flags & FS_FLAG_IMMUTABLE;
}

int model_create(struct model *m, int dir, const char *name, mode_t mode,
		 int *node)
{
	int at = free_node(m);

	if (model_find(m, dir, name))
		return -EEXIST;
	if (is_closed(m, dir))
		return -EPERM;
	m->nodes[at] = (struct model_node){
		.used = true,
		.mode = mode,
		.flags = m->nodes[dir].flags &
			 (FS_FLAG_NODUMP | FS_FLAG_NOATIME),
	};
	if (S_ISREG(mode))
		m->nodes[at].bytes = calloc(1, MODEL_FILE_MAX);
	add_name(m, dir, name, at);
	*node = at;
	return 0;
}

int model_link(struct model *m, int node, int dir, const char *name)
{
	if (S_ISDIR(m->nodes[node].mode))
		return -EPERM;
	if (model_find(m, dir, name))
		return -EEXIST;
	if (is_closed(m, dir) || is_kept(m, node))
		return -EPERM;
	add_name(m, dir, name, node);
	return 0;
}

int model_remove(struct model *m, int dir, const char *name, bool want_dir)
{
	struct model_name *n = model_find(m, dir, name);
	bool is_dir;

	if (!n)
		return -ENOENT;
	if (is_kept(m, dir) || is_kept(m, n->node))
		return -EPERM;
	is_dir = S_ISDIR(m->nodes[n->node].mode);
	if (want_dir && !is_dir)
		return -ENOTDIR;
	if (!want_dir && is_dir)
		return -EISDIR;
	if (is_dir && model_names_in(m, n->node) > 0)
		return -ENOTEMPTY;
	drop_name(m, n);
	return 0;
}

/* Whether @node is @dir or above it. */
static bool is_above(const struct model *m, int node, int dir)
{
	while (dir != node && dir != 0)
		dir = m->nodes[dir].parent;
	return dir == node;
}

static int check_replace(const struct model *m, int from, int to)
{
	bool from_dir = S_ISDIR(m->nodes[from].mode);
	bool to_dir = S_ISDIR(m->nodes[to].mode);

	if (from_dir && !to_dir)
		return -ENOTDIR;
	if (!from_dir && to_dir)
		return -EISDIR;
	return to_dir && model_names_in(m, to) > 0 ? -ENOTEMPTY : 0;
}

static void exchange(struct model *m, struct model_name *from,
		     struct model_name *to)
{
	int node = from->node;

	from->node = to->node;
	to->node = node;
	m->nodes[from->node].parent = from->dir;
	m->nodes[to->node].parent = to->dir;
}

int model_rename(struct model *m, int dir, const char *name, int newdir,
		 const char *newname, unsigned flags)
{
	struct model_name *from = model_find(m, dir, name);
	struct model_name *to = model_find(m, newdir, newname);
	int node, rc;

	if (!from)
		return -ENOENT;
	node = from->node;
	if (dir != newdir && S_ISDIR(m->nodes[node].mode) &&
	    is_above(m, node, newdir))
		return -EINVAL;
	if (dir != newdir && to && (flags & RENAME_EXCHANGE) &&
	    S_ISDIR(m->nodes[to->node].mode) && is_above(m, to->node, dir))
		return -EINVAL;
	if (!to && (flags & RENAME_EXCHANGE))
		return -ENOENT;
	if (to && (flags & RENAME_NOREPLACE))
		return -EEXIST;
	if (to && to->node == node)
		return 0;
	if (is_kept(m, dir) || is_kept(m, node) ||
	    (to ? is_kept(m, newdir) || is_kept(m, to->node)
		: is_closed(m, newdir)))
		return -EPERM;
	if (flags & RENAME_EXCHANGE) {
		exchange(m, from, to);
		return 0;
	}
	rc = to ? check_replace(m, node, to->node) : 0;
	if (rc < 0)
		return rc;
	if (to)
		drop_name(m, to);
	add_name(m, newdir, newname, node);
	drop_name(m, from);
	return 0;
}

int model_whiteout(struct model *m, int dir, const char *name, int newdir,
		   const char *newname, unsigned flags, int *node)
{
	int rc = model_rename(m, dir, name, newdir, newname, flags);

	*node = -1;
	/* Two names of one file, or one: then nothing has happened. */
	if (rc < 0 || model_find(m, dir, name))
		return rc;
	return model_create(m, dir, name, S_IFCHR, node);
}

int model_write(struct model *m, int node, const uint8_t *bytes, size_t size,
		size_t offset)
{
	struct model_node *n = &m->nodes[node];
	size_t old = 0;

	if (n->flags & FS_FLAG_IMMUTABLE)
		return -EPERM;
	if (offset < n->size)
		old = size < n->size - offset ? size : n->size - offset;
	if (n->flags & FS_FLAG_APPEND &&
	    memcmp(n->bytes + offset, bytes, old) != 0)
		return -EPERM;
	memcpy(n->bytes + offset, bytes, size);
	if (offset + size > n->size)
		n->size = offset + size;
	return 0;
}

int model_truncate(struct model *m, int node, size_t size)
{
	struct model_node *n = &m->nodes[node];

	if (is_kept(m, node))
		return -EPERM;
	if (size < n->size)
		memset(n->bytes + size, 0, n->size - size);
	n->size = size;
	return 0;
}

int model_fallocate(struct model *m, int node, int mode, size_t offset,
		    size_t size)
{
	struct model_node *n = &m->nodes[node];
	size_t end = offset + size;

	if (n->flags & FS_FLAG_IMMUTABLE ||
	    (n->flags & FS_FLAG_APPEND && mode & ~FALLOC_FL_KEEP_SIZE))
		return -EPERM;
	/* Behind the end there are zeros anyway. */
	if (mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE))
		memset(n->bytes + offset, 0, size);
	if (!(mode & FALLOC_FL_KEEP_SIZE) && end > n->size)
		n->size = end;
	return 0;
}

ssize_t model_copy_range(struct model *m, int from, size_t in, int to,
			 size_t out, size_t size)
{
	struct model_node *f = &m->nodes[from], *t = &m->nodes[to];

	if (from == to && (in < out ? out - in : in - out) < size)
		return -EINVAL;
	if ((t->flags & FS_FLAG_APPEND && out < t->size) ||
	    t->flags & FS_FLAG_IMMUTABLE)
		return -EPERM;
	if (in >= f->size)
		return 0;
	if (size > f->size - in)
		size = f->size - in;
	memcpy(t->bytes + out, f->bytes + in, size);
	if (out + size > t->size)
		t->size = out + size;
	return (ssize_t)size;
}

int model_set_xattr(struct model *m, int node, int number, size_t size,
		    unsigned how)
{
	size_t *now = &m->nodes[node].xattrs[number];

	if (is_kept(m, node))
		return -EPERM;
	if (*now && how & FS_XATTR_CREATE)
		return -EEXIST;
	if (!*now && (how & FS_XATTR_REPLACE || size == 0))
		return -ENODATA;
	*now = size;
	return 0;
}

int model_set_flags(struct model *m, int node, unsigned flags)
{
	struct model_node *n = &m->nodes[node];

	if (n->flags & flags & FS_FLAG_IMMUTABLE && n->flags != flags)
		return -EPERM;
	n->flags = flags;
	return 0;
}

int model_set_mode(struct model *m, int node, mode_t permissions)
{
	struct model_node *n = &m->nodes[node];

	if (is_kept(m, node))
		return -EPERM;
	n->mode = (n->mode & S_IFMT) | permissions;
	return 0;
}
