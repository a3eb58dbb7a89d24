/*
 * reply: from what fs returns to what the kernel is told.
 *
 * The only place that maps codes.  Damage is -EIO to a program, which knows no
 * other word for it, and a line in the log with the words of fs.
 */
#ifndef SRC_REPLY_H
#define SRC_REPLY_H

#include "src/fuse.h"

struct fs;
struct fs_entry;

/* What a program is told of @rc, a negative errno: a positive one. */
int reply_errno(int rc);

/* Answers with an error; @rc is a negative errno. */
void reply_err(fuse_req_t req, int rc);

/* Answers 0 or an error. */
void reply_rc(fuse_req_t req, int rc);

/*
 * Has the kernel forget the attributes of @ino, and take none over that it has
 * asked for up to now: see struct fs_entry.
 */
void reply_forget_attr(struct fuse_session *session, uint64_t ino);

/* @entry as libfuse wants it, for the answer to @req. */
struct fuse_entry_param reply_param(fuse_req_t req,
				    const struct fs_entry *entry);

/* Answers with an entry, giving its reference back if the kernel is gone. */
void reply_entry(fuse_req_t req, struct fs *fs, const struct fs_entry *entry);

/* Answers that the name does not exist, for the kernel to remember. */
void reply_no_entry(fuse_req_t req);

#endif
