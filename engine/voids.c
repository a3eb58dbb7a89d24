#include "engine/voids.h"

void voids_init(struct voids *v)
{
	*v = (struct voids){ 0 };
	mutex_init(&v->lock, RANK_LEAF);
}

void voids_fini(struct voids *v)
{
	unsigned i;

	for (i = 0; i < VOIDS_MAX; i++) {
		buf_fini(&v->ranges[i].from);
		buf_fini(&v->ranges[i].to);
	}
	mutex_fini(&v->lock);
}

static void drop(struct voids *v, struct void_range *r)
{
	r->ticket = 0;
	atomic_fetch_sub(&v->count, 1);
}

/* An unused place, or the oldest one's. */
static struct void_range *take_place(struct voids *v)
{
	struct void_range *oldest = &v->ranges[0];
	unsigned i;

	for (i = 1; i < VOIDS_MAX; i++)
		if (v->ranges[i].ticket < oldest->ticket)
			oldest = &v->ranges[i];
	if (oldest->ticket)
		drop(v, oldest);
	return oldest;
}

uint64_t voids_watch(struct voids *v, struct slice from, uint64_t seq)
{
	struct void_range *r;
	uint64_t ticket = 0;

	mutex_lock(&v->lock);
	r = take_place(v);
	if (buf_assign(&r->from, from) == 0) {
		buf_reset(&r->to);
		r->seq = seq;
		r->watching = true;
		r->ticket = ticket = ++v->tickets;
		atomic_fetch_add(&v->count, 1);
	}
	mutex_unlock(&v->lock);
	return ticket;
}

void voids_settle(struct voids *v, uint64_t ticket, struct slice to)
{
	unsigned i;

	mutex_lock(&v->lock);
	for (i = 0; i < VOIDS_MAX; i++) {
		struct void_range *r = &v->ranges[i];

		if (!ticket || r->ticket != ticket)
			continue;
		r->watching = false;
		if (to.size == 0 ||
		    ((r->to.size == 0 ||
		      slice_cmp(to, buf_slice(&r->to)) < 0) &&
		     buf_assign(&r->to, to) < 0) ||
		    slice_cmp(buf_slice(&r->from), buf_slice(&r->to)) >= 0)
			drop(v, r);
	}
	mutex_unlock(&v->lock);
}

static bool contains(const struct void_range *r, struct slice key)
{
	return r->ticket && slice_cmp(key, buf_slice(&r->from)) >= 0 &&
	       (slice_cmp(key, buf_slice(&r->to)) < 0 ||
		(r->watching && r->to.size == 0));
}

int voids_find(struct voids *v, struct slice key, uint64_t seq,
	       struct buf *from, struct buf *to)
{
	unsigned i;
	int rc = 0;

	mutex_lock(&v->lock);
	for (i = 0; rc == 0 && i < VOIDS_MAX; i++) {
		struct void_range *r = &v->ranges[i];

		if (r->watching || r->seq > seq || !contains(r, key))
			continue;
		rc = buf_assign(from, buf_slice(&r->from));
		if (rc == 0)
			rc = buf_assign(to, buf_slice(&r->to));
		if (rc == 0)
			rc = 1;
	}
	mutex_unlock(&v->lock);
	return rc;
}

void voids_cut(struct voids *v, struct slice key)
{
	unsigned i;

	mutex_lock(&v->lock);
	for (i = 0; i < VOIDS_MAX; i++) {
		struct void_range *r = &v->ranges[i];

		if (!contains(r, key))
			continue;
		if (buf_assign(&r->to, key) < 0 ||
		    slice_eq(buf_slice(&r->from), key))
			drop(v, r);
	}
	mutex_unlock(&v->lock);
}
