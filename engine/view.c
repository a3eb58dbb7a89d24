#include "engine/view.h"

#include <inttypes.h>
#include <stdlib.h>

#include "engine/base/error.h"
#include "engine/vlog.h"

#define PIN_BITS 52
#define PIN_MASK (((uint64_t)1 << PIN_BITS) - 1)

/* What the current view's own count begins with: never given back in full. */
#define REFS_CURRENT ((int64_t)1 << 60)

static_assert(VIEW_SLOTS - 1 <= UINT64_MAX >> PIN_BITS,
	      "a slot's number fits above the count of pins");

static void view_mt_unref(const struct view_mt *m)
{
	mt_unref(m->mt);
	wal_unref(m->wal);
}

void view_free(struct view *v)
{
	size_t i;

	view_mt_unref(&v->active);
	for (i = 0; i < v->frozen_count; i++)
		view_mt_unref(&v->frozen[i]);
	version_unref(v->version);
	free(v);
}

/* Adds to the view's own count; what brings it to zero ends the view. */
static void add_refs(struct view *v, int64_t refs)
{
	if (atomic_fetch_add(&v->refs, refs) + refs != 0)
		return;
	atomic_store_explicit(&v->home->slots[v->slot], NULL,
			      memory_order_release);
	view_free(v);
}

void view_unref(struct view *v)
{
	if (v)
		add_refs(v, -1);
}

struct view *view_pin(struct views *views)
{
	uint64_t pinned = atomic_fetch_add_explicit(&views->current, 1,
						    memory_order_acquire);

	return atomic_load_explicit(&views->slots[pinned >> PIN_BITS],
				    memory_order_relaxed);
}

bool view_is_current(const struct view *v)
{
	return atomic_load_explicit(&v->home->current, memory_order_acquire) >>
		       PIN_BITS ==
	       v->slot;
}

struct view *view_current(struct views *views)
{
	return views->slots[views->current >> PIN_BITS];
}

/* A slot without a view, behind the current one; VIEW_SLOTS: there is none. */
static size_t free_slot(struct views *views)
{
	size_t current = views->current >> PIN_BITS, i, slot;

	for (i = 1; i < VIEW_SLOTS; i++) {
		slot = (current + i) % VIEW_SLOTS;
		if (!atomic_load_explicit(&views->slots[slot],
					  memory_order_acquire))
			return slot;
	}
	return VIEW_SLOTS;
}

/*
 * The view that @pinned counted for is current no more: settles its count, up
 * to @keep pins more for the caller.
 */
static void settle(struct view *v, uint64_t pinned, int64_t keep)
{
	add_refs(v, (int64_t)(pinned & PIN_MASK) - REFS_CURRENT + keep);
}

int view_publish(struct views *views, struct view *v, struct view **old)
{
	struct view *before = view_current(views);
	size_t slot = free_slot(views);
	uint64_t pinned;

	if (slot == VIEW_SLOTS)
		return -ENOMEM;
	v->refs = REFS_CURRENT;
	v->home = views;
	v->slot = slot;
	views->slots[slot] = v;
	pinned = atomic_exchange(&views->current, (uint64_t)slot << PIN_BITS);
	if (before)
		settle(before, pinned, 1);
	*old = before;
	return 0;
}

void view_end(struct views *views)
{
	struct view *v = view_current(views);

	if (v)
		settle(v, views->current, 0);
}

bool view_get(const struct view *v, struct slice key, uint64_t hash,
	      uint64_t seq_max, struct entry *out)
{
	bool found = mt_get(v->active.mt, key, hash, seq_max, out);
	size_t i;

	for (i = 0; !found && i < v->frozen_count; i++)
		found = mt_get(v->frozen[i].mt, key, hash, seq_max, out);
	return found;
}

static struct blob *mts_blob(const struct view *v, uint64_t id)
{
	struct blob *b = mt_blob(v->active.mt, id);
	size_t i;

	for (i = 0; !b && i < v->frozen_count; i++)
		b = mt_blob(v->frozen[i].mt, id);
	return b;
}

int view_blob(const struct view *v, uint64_t id, struct blob **out)
{
	const struct version_blob *vb = version_blob(v->version, id);
	struct blob *b = vb ? vb->blob : mts_blob(v, id);

	if (!b)
		return error_set(-EUCLEAN,
				 "value log: there is no blob %" PRIu64, id);
	*out = b;
	return 0;
}

bool view_mts_refer(const struct view *v, uint64_t id)
{
	return mts_blob(v, id) != NULL;
}
