/*
 * The memtable as a source: a copy of a leaf, a place in it, and a version.
 *
 * Keys are fetched ahead: those of a whole leaf are known, while what is in
 * them lies anywhere; and towards the end of a leaf, so is the next one.
 */
#ifndef ENGINE_MT_ITER_H
#define ENGINE_MT_ITER_H

#include "engine/mt.h"

struct mt_iter {
	struct source source;
	struct mt *mt; /* borrowed, unless owned */
	bool owned;    /* as is the memory; see mt_source() */
	bool lazy;     /* waits for keys that a seek has led to */
	bool backward; /* which way it was going when it stopped */
	unsigned at;   /* the key shown, in leaf */
	const struct mt_version *version;
	struct mt_leaf leaf;
};

/*
 * A lazy source over @mt, which must outlive it, in memory of the caller.  It
 * holds nothing, and need not be closed.
 */
struct source *mt_iter_init(struct mt_iter *it, struct mt *mt);

#endif
