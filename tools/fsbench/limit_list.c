/* Listings.  A place in the row of a directory is the offset of its name. */
#include <errno.h>
#include <stdlib.h>

#include "tools/fsbench/limit_ops.h"

#define NAMES_BEFORE 2 /* "." and ".." */

/* A reply under way. */
struct listing {
	fuse_req_t req;
	char *buf;
	size_t used; /* bytes */
	size_t cap;  /* bytes */
	bool plus;
};

/* Returns whether it fits.  Only what is no dot is a reference. */
static bool list_one(struct listing *l, const char *text, struct node *n,
		     bool is_dot, off_t next)
{
	struct fuse_entry_param e = limit_entry(n);
	size_t room = l->cap - l->used, size;
	char *at = l->buf + l->used;

	if (is_dot)
		e.ino = 0;
	size = l->plus ? fuse_add_direntry_plus(l->req, at, room, text, &e,
						next)
		       : fuse_add_direntry(l->req, at, room, text, &e.attr,
					   next);
	if (size > room)
		return false;
	l->used += size;
	if (l->plus && !is_dot)
		atomic_fetch_add(&n->references, 1);
	return true;
}

/* From the place @at on; the tree's lock is held. */
static void fill(struct listing *l, struct node *dir, size_t at)
{
	struct name *name;

	for (; at < NAMES_BEFORE; at++) {
		if (!list_one(l, at == 0 ? "." : "..",
			      at == 0 ? dir : dir->parent, true, (off_t)at + 1))
			return;
	}
	for (; at - NAMES_BEFORE < dir->row_used; at++) {
		name = dir->row[at - NAMES_BEFORE];
		if (name &&
		    !list_one(l, name->text, name->node, false, (off_t)at + 1))
			return;
	}
}

static void list(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
		 bool plus)
{
	struct listing l = { .req = req, .cap = size, .plus = plus };

	l.buf = malloc(size);
	if (!l.buf) {
		fuse_reply_err(req, ENOMEM);
		return;
	}
	limit_lock(req, false);
	fill(&l, limit_node(req, ino), (size_t)offset);
	limit_unlock(req);
	fuse_reply_buf(req, l.buf, l.used);
	free(l.buf);
}

void limit_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
		   struct fuse_file_info *fi)
{
	(void)fi;
	list(req, ino, size, offset, false);
}

void limit_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size,
		       off_t offset, struct fuse_file_info *fi)
{
	(void)fi;
	list(req, ino, size, offset, true);
}
