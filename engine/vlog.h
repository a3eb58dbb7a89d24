/*
 * vlog: the value log, where large values live.
 *
 * A value is written once, compressed, to the blob file that is active; the
 * tree carries a handle.  A blob file is appended to until it is large enough,
 * then it never changes again.  It is named by an id that never changes either:
 * collection (gc.h) may write what is live to another file and let the id lead
 * there.  Such a file has the directory that blob_dir.h describes, and the
 * offsets of handles mean nothing in it; a handle names its value by id and
 * ordinal.
 *
 *      [file header, 64 bytes] [record] [record] ...
 *
 * A record begins at a multiple of 8:
 *
 *      offset  size         what
 *           0     4         stored_size  bytes of the value as stored
 *           4     4         raw_size     bytes of the value
 *           8     4         ordinal      counts the records of the file
 *          12     2         key_size     bytes
 *          14     1         codec        0: as it is, 1: LZ4 block
 *          15     1         0
 *          16     8         checksum     XXH3-64 of bytes 0 to 15, then key and
 *                                        value, seeded with file_seed(salt,
 *                                        offset of the record)
 *          24  key_size     the key the value was first written for
 *           .  stored_size  the value
 *           .  0 to 7       zeros
 *
 * Between records there may be bytes of a write that failed: a file is read by
 * handle, not from front to back.
 *
 * A handle, as it stands in an entry of kind ENTRY_BLOB: six varints, blob_id,
 * ordinal, offset / 8, stored_size, raw_size, key_size.
 *
 * Thread safety: all functions but vlog_init() and vlog_fini() may be called
 * from several threads at once.
 */
#ifndef ENGINE_VLOG_H
#define ENGINE_VLOG_H

#include <stdatomic.h>

#include "engine/base/buf.h"
#include "engine/base/env.h"
#include "engine/base/lock.h"

#define BLOB_RECORD_HEADER_SIZE 24
#define BLOB_HANDLE_SIZE_MAX    60 /* bytes */

struct blob_dir;
struct cache;
struct cache_entry;

struct blob_handle {
	uint64_t blob_id;
	uint64_t ordinal;
	uint64_t offset;      /* bytes, a multiple of 8; where it was written */
	uint64_t stored_size; /* bytes */
	uint64_t raw_size;    /* bytes */
	uint64_t key_size;    /* bytes */
};

size_t blob_handle_encode(const struct blob_handle *h,
			  uint8_t out[BLOB_HANDLE_SIZE_MAX]);

/* Returns 0 or -EUCLEAN. */
int blob_handle_decode(struct blob_handle *h, struct slice in) MUST_USE;

/* The bytes that the record takes in its file, padding included. */
uint64_t blob_record_size(const struct blob_handle *h);

/* Who is inside: counted for an id, whichever file it leads to. */
struct blob_users {
	_Atomic uint32_t refs;    /* files */
	_Atomic uint64_t entered; /* writers so far: see blob_enter() */
	_Atomic uint64_t left;    /* of these, who are done */
};

/* One blob file. */
struct blob {
	/* Set when it is created or opened, then constant. */
	struct env *env;
	struct env_file *file; /* owned */
	uint64_t id;
	uint64_t number; /* of the file */
	uint64_t salt;
	bool moved; /* rewritten: its directory says where records lie */
	struct blob_users *users; /* owned reference */

	_Atomic(struct blob_dir *) dir; /* owned; NULL until first used */
	_Atomic uint32_t refs;
	_Atomic uint64_t size; /* bytes given out */
	_Atomic bool sealed;   /* nothing will be reserved any more */
	_Atomic bool dropped;  /* remove the file with the last reference */
	_Atomic bool damaged;  /* collection could not read it */
	/* What the values referred to took, and their number, when counted. */
	_Atomic uint64_t live_bytes, live_count;
	uint64_t synced; /* bytes known durable; only vlog_sync() looks */
};

/* Creates file @number, unsynced, as blob @id, with one reference. */
int blob_create(struct blob **out, struct env *env, uint64_t id,
		uint64_t number, const uint8_t store_id[16]) MUST_USE;

/* Opens an existing one, sealed. */
int blob_open(struct blob **out, struct env *env, uint64_t id, uint64_t number,
	      const uint8_t store_id[16]) MUST_USE;

/*
 * The same for a file that nobody says the id of: it is the number, or, if the
 * file was rewritten, what its directory says.
 */
int blob_open_found(struct blob **out, struct env *env, uint64_t number,
		    const uint8_t store_id[16]) MUST_USE;

struct blob *blob_ref(struct blob *b);
void blob_unref(struct blob *b); /* accepts NULL */

/*
 * A writer is inside while it is about to refer to the file: from before it
 * wrote a value there, or looked for one to share, until its batch is in a
 * memtable.  Counted for ever, so that one who looks twice knows whether
 * anybody was inside in between.
 */
static inline void blob_enter(struct blob *b)
{
	atomic_fetch_add(&b->users->entered, 1);
}

static inline void blob_leave(struct blob *b)
{
	atomic_fetch_add(&b->users->left, 1);
}

/* Nobody is inside; *entered says how many have been. */
static inline bool blob_is_idle(const struct blob *b, uint64_t *entered)
{
	uint64_t left = b->users->left;

	*entered = b->users->entered;
	return *entered == left;
}

static inline uint64_t blob_id(const struct blob *b)
{
	return b->id;
}

/*
 * Where the record that @h names lies in @b: in a file that was rewritten that
 * is not what @h says.  @cache may be NULL.  Returns 0, -EUCLEAN (it is not
 * there), -EBADMSG, -EIO or -ENOMEM.
 */
int blob_locate(struct blob *b, const struct blob_handle *h,
		struct cache *cache, uint64_t *offset) MUST_USE;

/*
 * Reads and verifies a value.  @data comes from malloc() and is the caller's.
 * Returns 0, -EBADMSG, -EUCLEAN, -EIO or -ENOMEM.
 */
int blob_read(struct blob *b, const struct blob_handle *h,
	      void **data) MUST_USE;

/* As blob_read(), through @cache: the entry is the caller's to release. */
int blob_read_cached(struct blob *b, const struct blob_handle *h,
		     struct cache *cache, struct cache_entry **out) MUST_USE;

/* The tail of the log: which file is active, which are not yet synced. */
struct vlog {
	struct mutex lock;   /* RANK_VLOG */
	struct blob *active; /* owned reference, or NULL */
	uint64_t next_ordinal;
	struct blob **dirty; /* owned references */
	size_t dirty_count;
	size_t dirty_cap;
};

void vlog_init(struct vlog *v);
void vlog_fini(struct vlog *v);

/* Some records on their way into the log. */
struct vlog_batch {
	struct buf bytes; /* the records */
	struct buf marks; /* where each begins, u32 */
	bool plain;       /* values are stored as they are */
	/* Set by vlog_reserve(). */
	struct blob *blob; /* owned reference, or NULL */
	uint64_t offset;
	uint64_t ordinal;
};

/* Lets the file go and keeps the memory, for the next records. */
void vlog_batch_reset(struct vlog_batch *b);
void vlog_batch_fini(struct vlog_batch *b);

/* Adds a value, compressing it unless it is plain.  Returns 0 or -ENOMEM. */
int vlog_batch_add(struct vlog_batch *b, struct slice key,
		   struct slice value) MUST_USE;

size_t vlog_batch_count(const struct vlog_batch *b);

/*
 * Gives @b a place in the active file.  Returns 0; or -EAGAIN, and what the
 * active file is, if there is none or it has reached @bytes_max: then
 * vlog_roll() is due.
 */
int vlog_reserve(struct vlog *v, struct vlog_batch *b, uint64_t bytes_max,
		 uint64_t *full_id) MUST_USE;

/*
 * Makes @next the active file in place of blob @full_id (0: of none) and seals
 * the old one.  If another file is active by now, nothing happens and @next is
 * sealed.  Takes a reference of its own.  Returns 0, or -ENOMEM with nothing
 * changed.
 */
int vlog_roll(struct vlog *v, uint64_t full_id, struct blob *next) MUST_USE;

/* No file is active any more; the one that was is sealed. */
void vlog_seal(struct vlog *v);

/*
 * Writes the records where they were given a place.  Returns 0 or an error;
 * then the place is given back, if no other was given behind it.
 */
int vlog_batch_write(struct vlog *v, struct vlog_batch *b) MUST_USE;

/* The handle of the @i-th value added, once it has a place. */
void vlog_batch_handle(const struct vlog_batch *b, size_t i,
		       struct blob_handle *out);

/*
 * Makes every record whose vlog_batch_write() returned durable.  One call at a
 * time.
 */
int vlog_sync(struct vlog *v) MUST_USE;

/* @b has bytes that are perhaps not durable: recovery found them in a log. */
int vlog_add_dirty(struct vlog *v, struct blob *b) MUST_USE;

#endif
