/*
 * limit_ops: the requests of the kernel, answered out of a struct tree, which
 * is the session's user data.
 *
 * OPEN, OPENDIR, CREATE, FLUSH, ACCESS and locks are left to the kernel, as
 * src/ops.h leaves them.
 */
#ifndef TOOLS_FSBENCH_LIMIT_OPS_H
#define TOOLS_FSBENCH_LIMIT_OPS_H

#include <stdbool.h>

#include "src/fuse.h"
#include "tools/fsbench/limit_tree.h"

extern const struct fuse_lowlevel_ops limit_ops_table;

static inline struct tree *limit_tree(fuse_req_t req)
{
	return fuse_req_userdata(req);
}

/* The kernel's number of a node is its address, but for the root's. */
static inline struct node *limit_node(fuse_req_t req, fuse_ino_t ino)
{
	return ino == FUSE_ROOT_ID ? limit_tree(req)->root : (struct node *)ino;
}

static inline void limit_lock(fuse_req_t req, bool to_write)
{
	if (to_write)
		pthread_rwlock_wrlock(&limit_tree(req)->lock);
	else
		pthread_rwlock_rdlock(&limit_tree(req)->lock);
}

static inline void limit_unlock(fuse_req_t req)
{
	pthread_rwlock_unlock(&limit_tree(req)->lock);
}

/* With the tree's lock held. */
struct fuse_entry_param limit_entry(struct node *n);

/* limit_list.c */
void limit_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
		   struct fuse_file_info *fi);
void limit_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size,
		       off_t offset, struct fuse_file_info *fi);

#endif
