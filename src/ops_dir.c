/*
 * Listings.  There is no OPENDIR: each request walks from the offset where the
 * one before ended, and fills as much as the kernel has room for.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fs/fs.h"
#include "src/ops.h"
#include "src/reply.h"
#include "src/scratch.h"

/* What a struct fuse_direntplus takes at least: 128 bytes and a name. */
#define PLUS_SIZE_MIN 128

/*
 * Attributes of entries whose inodes lie far apart may each cost a read of the
 * disk, and whoever lists waits for the whole reply to see the first name.  So
 * the first reply is the one that ends soonest.
 */
#define FIRST_NS_MAX 500000
#define REPLY_NS_MAX 2000000

/* A reply under way. */
struct listing {
	fuse_req_t req;
	struct fs_dir *dir;
	char *buf;
	size_t used;       /* bytes */
	size_t cap;        /* bytes */
	uint64_t *counted; /* inodes with a reference taken; NULL: plain */
	size_t count;
};

static bool is_dots(const char *name)
{
	return !strcmp(name, ".") || !strcmp(name, "..");
}

/* Each returns 1, or 0 if the entry does not fit. */
static int add_plain(struct listing *l, const struct fs_dirent *ent)
{
	struct stat st = { .st_ino = ent->ino, .st_mode = ent->type };
	size_t room = l->cap - l->used;
	size_t size;

	size = fuse_add_direntry(l->req, l->buf + l->used, room, ent->name, &st,
				 ent->next);
	if (size > room)
		return 0;
	l->used += size;
	return 1;
}

static int add_plus(struct listing *l, const struct fs_dirent *ent)
{
	struct fuse_entry_param param = {
		.attr = { .st_ino = ent->ino, .st_mode = ent->type },
	};
	size_t room = l->cap - l->used;
	struct fs_entry entry;
	size_t size;
	int rc;

	/* Ask for the size first: an entry that is taken counts a reference. */
	size = fuse_add_direntry_plus(l->req, NULL, 0, ent->name, NULL, 0);
	if (size > room)
		return 0;
	if (!is_dots(ent->name)) {
		rc = fs_dir_entry(l->dir, &entry);
		if (rc == -ENOENT)
			return 1;
		/* An inode that cannot be read is listed without attributes. */
		if (rc == 0) {
			l->counted[l->count++] = entry.ino;
			param = reply_param(l->req, &entry);
		}
	}
	l->used += fuse_add_direntry_plus(l->req, l->buf + l->used, room,
					  ent->name, &param, ent->next);
	return 1;
}

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * (int64_t)1000000000 + ts.tv_nsec;
}

/* Returns 0, also at an error behind entries that were added. */
static int fill(struct listing *l, off_t offset)
{
	int64_t end_ns = now_ns() + (offset ? REPLY_NS_MAX : FIRST_NS_MAX);
	struct fs_dirent ent;
	int rc;

	do {
		rc = fs_dir_next(l->dir, &ent);
		if (rc > 0)
			rc = l->counted ? add_plus(l, &ent)
					: add_plain(l, &ent);
	} while (rc > 0 && !(l->counted && now_ns() > end_ns));
	return l->used > 0 ? 0 : rc;
}

static void forget_counted(struct fs *fs, const struct listing *l)
{
	for (size_t i = 0; i < l->count; i++)
		fs_forget(fs, l->counted[i], 1);
}

static void list(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
		 bool plus)
{
	struct fs *fs = ops_fs(req);
	struct listing l = { .req = req, .cap = size };
	int rc = -ENOMEM;

	l.buf = scratch(size);
	if (!l.buf)
		goto fail;
	if (plus) {
		l.counted = calloc(size / PLUS_SIZE_MIN + 1, sizeof(uint64_t));
		if (!l.counted)
			goto fail;
	}
	rc = fs_dir_open(fs, ino, offset, &l.dir);
	if (rc < 0)
		goto fail;
	rc = fill(&l, offset);
	fs_dir_close(l.dir);
	if (rc < 0)
		goto fail;
	if (offset == 0)
		ops_accessed(req, ino);
	if (fuse_reply_buf(req, l.buf, l.used) != 0)
		forget_counted(fs, &l);
	free(l.counted);
	return;

fail:
	forget_counted(fs, &l);
	free(l.counted);
	reply_err(req, rc);
}

void op_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
		struct fuse_file_info *fi)
{
	(void)fi;
	list(req, ino, size, offset, false);
}

void op_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
		    struct fuse_file_info *fi)
{
	(void)fi;
	list(req, ino, size, offset, true);
}
