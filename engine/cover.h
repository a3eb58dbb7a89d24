/*
 * cover: which range tombstones of a view cover a key.  Private to engine/.
 */
#ifndef ENGINE_COVER_H
#define ENGINE_COVER_H

#include "engine/range_del.h"

struct view;

/* Whether there are any at all: one look at each memtable and the version. */
bool cover_any(const struct view *view);

/*
 * What covers @key for a reader of @seq, and how far that holds; the bounds
 * are valid as long as @view.  Tables with range tombstones are opened.
 * Returns 0, -EIO, -EBADMSG, -EUCLEAN or -ENOMEM.
 */
int cover_at(const struct view *view, struct slice key, uint64_t seq,
	     struct range_cover *cover) MUST_USE;

#endif
