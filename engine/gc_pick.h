/*
 * gc_pick: which blob files are to be collected, and the files under way.
 * Private to gc.c and gc_scan.c; gc.h says what it is for.
 */
#ifndef ENGINE_GC_PICK_H
#define ENGINE_GC_PICK_H

#include "engine/ordinals.h"
#include "engine/vlog.h"

struct kv;
struct version;

/* A file to be collected. */
struct gc_file {
	struct blob *blob; /* owned reference */
	uint64_t entered; /* writers that had been inside when it was settled */

	/* What gc_pick() takes to be live. */
	uint64_t size_after; /* bytes of the file once it is rewritten */
	uint64_t live_count;

	/* What gc_scan() finds: each live record once, in the tree's order. */
	struct ordinals ordinals;
	struct blob_handle *handles; /* owned; offsets are where they lie */
	size_t count;
	size_t cap;
	uint64_t bytes; /* of the records */
};

/* Accepts NULL. */
void gc_files_free(struct gc_file *files, size_t count);

/*
 * Whether a file in which @count values of @bytes are live would lose more than
 * @percent of its size by being rewritten.
 */
bool gc_is_due(const struct blob *b, uint64_t count, uint64_t bytes,
	       unsigned percent);

/*
 * The files to be collected next, sorted by id; none if there is no more than
 * @percent of garbage.  Returns 0, -ENOSPC (there is no room for any), -ENOMEM,
 * -EUCLEAN or -EIO.
 */
int gc_pick(struct kv *kv, unsigned percent, struct gc_file **files,
	    size_t *count) MUST_USE;

/*
 * Leaves out those that somebody may be about to refer to in ways that no table
 * shows.  All references to the others that are, or will ever be, are in the
 * tables of *@version, which the caller unrefs.
 */
void gc_settle(struct kv *kv, struct gc_file *files, size_t *count,
	       struct version **version);

#endif
