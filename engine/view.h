/*
 * view: all that a reader needs, memtables and version, as one object that
 * never changes, and how the current one is pinned without a lock.
 *
 * A view is replaced as a whole when a memtable is frozen or a version is
 * installed.  The word `views.current` names the slot of the current view and
 * counts how often that view was pinned; pinning is one atomic addition to that
 * word, which counts and tells which view it counted for in the same moment.
 * Giving back counts down in the view itself, whose count therefore begins far
 * above zero.  Who replaces the view swaps the word, and so learns how many
 * pins there were; it settles the difference in the view's own count, which
 * from then on reaches zero exactly when the last pin is given back.  (Such a
 * count, split in an outer and an inner one, is in Anthony Williams, "C++
 * Concurrency in Action", 7.2.4; slots instead of addresses in the word make it
 * independent of how many bits an address has.)
 *
 * Costs: a pin is O(1) and waits for nobody, however many tables there are.
 * The counter has room for 2^52 pins of one view, 14 years of ten million a
 * second; VIEW_SLOTS views may be pinned at a time.
 *
 * Invariants
 *   - Frozen memtables are flushed oldest first, and their logs go in that
 *     order, so what the logs of a view hold is without a gap.
 *   - A memtable that a view calls frozen is never added to again.
 *
 * A reader that wants to see the store as of one moment pins the view first and
 * reads the newest visible sequence number then; if another view is current by
 * now it begins again, since there may be a newer memtable and the number
 * larger than what the view holds.  The other way round the view may be too
 * new: a flush keeps of a key only what somebody can see, which the number
 * would hide.
 *
 * Thread safety: view_publish() by one thread at a time; everything else from
 * any thread.
 */
#ifndef ENGINE_VIEW_H
#define ENGINE_VIEW_H

#include <stdatomic.h>

#include "engine/mt.h"
#include "engine/version.h"
#include "engine/wal.h"

#define VIEW_SLOTS      4096
#define VIEW_FROZEN_MAX 3 /* memtables that wait to be flushed */

/* A memtable and the log that brings it back. */
struct view_mt {
	struct mt *mt;   /* owned reference */
	struct wal *wal; /* owned reference; NULL: replayed from older logs */
};

struct view {
	_Atomic int64_t refs; /* see above */
	struct views *home;   /* whose slot it has */
	size_t slot;
	struct view_mt active;
	struct view_mt frozen[VIEW_FROZEN_MAX]; /* newest first */
	size_t frozen_count;
	struct version *version; /* owned reference */
};

struct views {
	_Atomic uint64_t current; /* slot, and how often it was pinned */
	_Atomic(struct view *) slots[VIEW_SLOTS];
};

/*
 * Makes @v the current view and takes it over; *old becomes the one it
 * replaces, pinned for the caller, or NULL if it is the first.  Returns 0, or
 * -ENOMEM if as many views as there are slots are pinned.
 */
int view_publish(struct views *views, struct view *v,
		 struct view **old) MUST_USE;

/* Pins the current view; there must be one. */
struct view *view_pin(struct views *views);

/* Whether @v, which is pinned, is the current view still. */
bool view_is_current(const struct view *v);

/* The current view, for who alone publishes or keeps others from it. */
struct view *view_current(struct views *views);

/* Gives a pin back; with the last one @v and what it holds go.  Accepts NULL.
 */
void view_unref(struct view *v);

/* No view is current any more; all pins must have been given back. */
void view_end(struct views *views);

/* Frees a view that was never published, with the references it owns. */
void view_free(struct view *v);

/* Looks @key up in the memtables, newest first; as mt_get(). */
bool view_get(const struct view *v, struct slice key, uint64_t hash,
	      uint64_t seq_max, struct entry *out);

/* The blob file with that id, borrowed from @v, or -EUCLEAN. */
int view_blob(const struct view *v, uint64_t id, struct blob **out) MUST_USE;

/* Whether a memtable of @v refers to blob @id. */
bool view_mts_refer(const struct view *v, uint64_t id);

/* The memtable that is to be flushed next; NULL if none is frozen. */
static inline const struct view_mt *view_oldest(const struct view *v)
{
	return v->frozen_count > 0 ? &v->frozen[v->frozen_count - 1] : NULL;
}

/* The log behind that of the oldest frozen memtable. */
static inline struct wal *view_second_wal(const struct view *v)
{
	return v->frozen_count > 1 ? v->frozen[v->frozen_count - 2].wal
				   : v->active.wal;
}

#endif
