/*
 * A version: which SSTs make up the tree, and which blob files the value log,
 * at one moment.  Immutable; a change makes a new one that shares every level
 * the change did not touch.
 *
 * Level 0 holds tables as they were flushed, newest first; they may overlap.
 * The tables of a deeper level are sorted and do not overlap; what a shallower
 * level says of a key is newer than what a deeper one says.
 *
 * An edit is the difference between two versions, and what the manifest is a
 * log of.  A record of the manifest is one edit: items one behind the other,
 * each a varint tag and then
 *
 *      1  add_sst      varints level, number, size, props_size; the properties
 *                      as sst_format.h says
 *      2  remove_sst   varints level, number
 *      3  add_blob     varints id, number of the file
 *      4  remove_blob  varint id
 *      5  wal_min      varint: logs with a lower number are of no use any more
 *      6  next_number  varint: no file has this number or a higher one
 *      7  seq_last     varint: all changes up to this one are in SSTs
 *
 * An edit that removes a blob and adds it with another number lets the id lead
 * to that file; what is referred to stays.
 *
 * The first record of a manifest is an edit of nothing: it adds everything.
 */
#ifndef ENGINE_VERSION_H
#define ENGINE_VERSION_H

#include <stdatomic.h>

#include "engine/base/buf.h"
#include "engine/sst.h"
#include "engine/vlog.h"

#define VERSION_LEVELS 7

/* Some tables, shared by versions. */
struct level {
	_Atomic uint32_t refs;
	size_t count;
	uint64_t bytes;          /* sum of the file sizes */
	uint64_t range_count;    /* sum of the range tombstones */
	uint64_t resident_bytes; /* sum of sst_resident_bytes() */
	uint64_t seq_max;        /* the largest of the tables' */
	struct sst *ssts[];      /* owned references */
};

/*
 * A blob file, and what the SSTs of this version refer to in it: a value counts
 * as often as it is referred to.
 */
struct version_blob {
	struct blob *blob; /* owned reference */
	uint64_t live_count;
	uint64_t live_stored_bytes;
	uint64_t live_raw_bytes;
	_Atomic uint64_t distinct; /* values, each once; see live.h */
};

#define VERSION_NOT_COUNTED UINT64_MAX

struct version {
	_Atomic uint32_t refs;
	struct level *levels[VERSION_LEVELS]; /* owned references, not NULL */
	unsigned filled;            /* bit n: there is something on level n */
	struct version_blob *blobs; /* owned, sorted by id */
	size_t blob_count;
	uint64_t range_count; /* range tombstones in all tables */
};

/* A version with nothing in it; NULL if out of memory. */
struct version *version_new(void);
struct version *version_ref(struct version *v);
void version_unref(struct version *v); /* accepts NULL */

/* What @v holds of the blob with that id, borrowed, or NULL. */
const struct version_blob *version_blob(const struct version *v, uint64_t id);

/*
 * The tables of a level below L0 that overlap the keys from @min to @max, both
 * included: from *first on, *count of them.
 */
void level_overlap(const struct level *l, struct slice min, struct slice max,
		   size_t *first, size_t *count);

/* The one that may hold @key, borrowed, or NULL. */
struct sst *level_find(const struct level *l, struct slice key);

/*
 * Whether no table on @level or deeper can hold a key from @min to @max, both
 * included; @level is at least 1.
 */
bool version_absent_below(const struct version *v, unsigned level,
			  struct slice min, struct slice max);

enum edit_tag {
	EDIT_ADD_SST = 1,
	EDIT_REMOVE_SST = 2,
	EDIT_ADD_BLOB = 3,
	EDIT_REMOVE_BLOB = 4,
	EDIT_WAL_MIN = 5,
	EDIT_NEXT_NUMBER = 6,
	EDIT_SEQ_LAST = 7,
};

struct edit_sst {
	unsigned level;
	uint64_t number;
	struct sst *sst; /* owned reference; NULL in a removal */
};

struct edit_blob {
	uint64_t id;
	uint64_t number;
	struct blob *blob; /* owned reference; NULL in a removal, or decoded */
};

/* All zero is an edit that changes nothing. */
struct edit {
	struct edit_sst *added, *removed; /* owned */
	size_t added_count, removed_count;
	struct edit_blob *blobs_added, *blobs_removed; /* owned */
	size_t blobs_added_count, blobs_removed_count;
	uint64_t wal_min;     /* 0: unchanged */
	uint64_t next_number; /* 0: unchanged */
	uint64_t seq_last;    /* 0: unchanged */
};

void edit_fini(struct edit *e);

/* Each takes a reference of its own.  Returns 0 or -ENOMEM. */
int edit_add_sst(struct edit *e, unsigned level, struct sst *sst) MUST_USE;
int edit_remove_sst(struct edit *e, unsigned level, uint64_t number) MUST_USE;
int edit_add_blob(struct edit *e, uint64_t id, uint64_t number,
		  struct blob *blob) MUST_USE;
int edit_remove_blob(struct edit *e, uint64_t id) MUST_USE;

int edit_encode(const struct edit *e, struct buf *out) MUST_USE;

/*
 * Fills an empty @e; its SSTs are made, its blobs are not.  Returns 0, -ENOMEM
 * or -EUCLEAN.
 */
int edit_decode(struct edit *e, struct slice in, struct env *env,
		const uint8_t *store_id) MUST_USE;

/*
 * Makes @sum, an edit that only adds, the sum of itself and @e.  -EUCLEAN if
 * @e removes what is not there.  @e loses what @sum gains.
 */
int edit_fold(struct edit *sum, struct edit *e) MUST_USE;

/*
 * The version that @e makes of @v; its blobs must be open.  @v may be one
 * without anything.  Returns 0, -ENOMEM, or -EUCLEAN if that version would
 * break an invariant.
 */
int version_apply(const struct version *v, const struct edit *e,
		  struct version **out) MUST_USE;

/* Fills an empty edit with all that @v holds. */
int version_to_edit(const struct version *v, struct edit *e) MUST_USE;

#endif
