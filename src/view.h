/*
 * view: what all files look as if they were, by uid=, gid= and umask=.
 *
 * What is stored stays as it is: a chown() or chmod() on such a mount is kept,
 * and seen by the next mount without these options.
 *
 * Thread safety: set before the mount, then constant.
 */
#ifndef SRC_VIEW_H
#define SRC_VIEW_H

#include <stdbool.h>
#include <sys/stat.h>

struct view {
	bool has_uid;
	bool has_gid;
	bool has_umask;
	uid_t uid;
	gid_t gid;
	mode_t umask; /* of 0777 */
};

static inline bool view_is_plain(const struct view *v)
{
	return !v->has_uid && !v->has_gid && !v->has_umask;
}

static inline void view_apply(const struct view *v, struct stat *st)
{
	if (v->has_uid)
		st->st_uid = v->uid;
	if (v->has_gid)
		st->st_gid = v->gid;
	if (v->has_umask)
		st->st_mode = (st->st_mode & S_IFMT) | (0777 & ~v->umask);
}

#endif
