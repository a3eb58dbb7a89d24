#include "engine/mt_range.h"

#include "engine/base/coding.h"

/* The borders, made when they are first needed; NULL if out of memory. */
static struct mt *borders(struct mt *mt)
{
	struct mt *b = mt->ranges;

	if (!b) {
		b = mt_new(0, NULL);
		atomic_store_explicit(&mt->ranges, b, memory_order_release);
	}
	return b;
}

static int put_border(struct mt *b, struct slice key, uint64_t seq,
		      uint64_t cover)
{
	uint8_t value[8];
	const struct entry e = {
		.key = key,
		.value = slice_of(value, sizeof(value)),
		.tag = entry_tag(seq, ENTRY_PUT),
	};

	put_le64(value, cover);
	return mt_put(b, &e);
}

/* What a reader of @seq_max sees at a border; false: the border is newer. */
static bool border_cover(const struct mt_key *k, uint64_t seq_max,
			 uint64_t *cover)
{
	const struct mt_version *v = mt_key_newest(k);

	while (v && v->tag >> 8 > seq_max)
		v = mt_version_older(k, v);
	if (v)
		*cover = get_le64(mt_entry(k, v).value.data);
	return v != NULL;
}

/* A place among the borders. */
struct place {
	const struct mt *borders;
	struct mt_leaf leaf;
	unsigned at; /* may be the leaf's count: behind the last border */
};

/* To the first border at @key or behind it. */
static void place_seek(struct place *p, const struct mt *b, struct slice key)
{
	p->borders = b;
	p->at = mt_tree_seek(&b->tree, key, &p->leaf);
}

/* The border there, or NULL behind the last. */
static const struct mt_key *place_get(struct place *p)
{
	while (p->at == p->leaf.count) {
		if (!mt_tree_right(&p->leaf))
			return NULL;
		p->at = 0;
	}
	return p->leaf.keys[p->at];
}

/* The border before the place, or NULL before the first. */
static const struct mt_key *place_before(const struct place *p)
{
	return p->at > 0 ? p->leaf.keys[p->at - 1] : NULL;
}

/*
 * The last border at @key or before it, or NULL, and the first behind it, or
 * NULL.
 */
static const struct mt_key *floor_of(const struct mt *b, struct slice key,
				     const struct mt_key **behind)
{
	const struct mt_key *before, *at;
	struct place p;

	place_seek(&p, b, key);
	/* In this leaf, as mt_tree_seek() says; place_get() may leave it. */
	before = place_before(&p);
	at = place_get(&p);
	if (at && slice_eq(mt_key_slice(at), key)) {
		before = at;
		p.at++;
		at = place_get(&p);
	}
	*behind = at;
	return before;
}

/* The newest cover from border @k on, or from the one before if it is newer. */
static uint64_t cover_from(const struct mt *b, const struct mt_key *k,
			   uint64_t seq_max)
{
	uint64_t cover = 0;
	struct place p;

	while (k && !border_cover(k, seq_max, &cover)) {
		place_seek(&p, b, mt_key_slice(k));
		k = place_before(&p);
	}
	return cover;
}

int mt_delete_range(struct mt *mt, struct slice from, struct slice to,
		    uint64_t seq)
{
	const struct mt_key *before, *behind, *k;
	struct mt *b = borders(mt);
	struct place p;
	int rc = 0;

	if (!b)
		return -ENOMEM;
	mt_note(mt, seq);
	if (slice_cmp(from, to) >= 0)
		return 0;

	/* Behind the range all stays as it is. */
	before = floor_of(b, to, &behind);
	if (!before || !slice_eq(mt_key_slice(before), to))
		rc = put_border(b, to, seq,
				cover_from(b, before, ENTRY_SEQ_MAX));

	if (rc == 0)
		rc = put_border(b, from, seq, seq);
	place_seek(&p, b, from);
	while (rc == 0 && (k = place_get(&p)) &&
	       slice_cmp(mt_key_slice(k), to) < 0) {
		if (!slice_eq(mt_key_slice(k), from))
			rc = put_border(b, mt_key_slice(k), seq, seq);
		p.at++;
	}
	return rc;
}

void mt_cover(const struct mt *mt, struct slice key, uint64_t seq_max,
	      struct range_cover *cover)
{
	const struct mt *b = atomic_load_explicit(&((struct mt *)mt)->ranges,
						  memory_order_acquire);
	const struct mt_key *before, *behind;

	if (!b)
		return;
	before = floor_of(b, key, &behind);
	range_cover_meet(cover, cover_from(b, before, seq_max),
			 before ? mt_key_slice(before) : slice_of(NULL, 0),
			 behind ? mt_key_slice(behind) : slice_of(NULL, 0));
}

/* Adds the ranges as one reader sees them. */
static int add_as_seen(const struct mt *b, uint64_t seq_max,
		       struct range_dels *out)
{
	struct range_del r = { 0 };
	const struct mt_key *k;
	uint64_t cover;
	struct place p;
	int rc = 0;

	place_seek(&p, b, slice_of(NULL, 0));
	for (; rc == 0 && (k = place_get(&p)); p.at++) {
		if (!border_cover(k, seq_max, &cover))
			continue;
		r.to = mt_key_slice(k);
		if (r.seq > 0)
			rc = range_dels_borrow(out, &r);
		r.from = mt_key_slice(k);
		r.seq = cover;
	}
	/* Behind the last border nothing is deleted: each range has an end. */
	assert(rc < 0 || r.seq == 0);
	return rc;
}

int mt_range_dels(const struct mt *mt, const uint64_t *snapshots,
		  size_t snapshot_count, struct range_dels *out)
{
	const struct mt *b = mt->ranges;
	size_t i;
	int rc;

	if (!b)
		return 0;
	rc = add_as_seen(b, ENTRY_SEQ_MAX, out);
	for (i = 0; rc == 0 && i < snapshot_count; i++)
		rc = add_as_seen(b, snapshots[i], out);
	return rc < 0 ? rc
		      : range_dels_fragment(out, snapshots, snapshot_count);
}
