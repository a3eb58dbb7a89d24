/*
 * manifest: the log of edits, and SUPER, the file that says where it is.
 *
 * A store is found through SUPER, which is replaced as a whole (written under
 * another name, synced, renamed, directory synced):
 *
 *      offset  size  what
 *           0    64  file header, kind FILE_SUPER, number 0
 *          64     8  manifest   number of the manifest that counts
 *          72     8  manifest_size  bytes of it that were durable then
 *          80     8  compat     features that others may ignore
 *          88     8  ro_compat  features without which one may only read
 *          96     8  incompat   features without which one may do nothing
 *         104     8  0
 *         112     8  checksum   XXH3-64 of bytes 64 to 111, seeded with
 *                               file_seed(salt, 64)
 *
 * This version knows no feature: it refuses a store with any bit set in
 * incompat or, since it always writes, in ro_compat.
 *
 * Every edit is synced before the next is appended.  So a manifest may end in
 * one torn record; anything else that does not verify is damage.
 */
#ifndef ENGINE_MANIFEST_H
#define ENGINE_MANIFEST_H

#include "engine/base/lock.h"
#include "engine/file_format.h"
#include "engine/reclog.h"

struct edit;
struct version;

#define SUPER_SIZE 120 /* bytes */

struct super {
	uint8_t store_id[16];
	uint64_t manifest;
	uint64_t manifest_size;
	uint64_t compat;
	uint64_t ro_compat;
	uint64_t incompat;
};

/*
 * Reads SUPER.  Returns 0, -ENOENT, -EBADMSG, -EUCLEAN, -EPROTONOSUPPORT or
 * -EIO.
 */
int manifest_read_super(struct env *env, struct super *out) MUST_USE;

/* Replaces SUPER, durably. */
int manifest_write_super(struct env *env, const struct super *super) MUST_USE;

/* The manifest of an open store. */
struct manifest {
	struct mutex lock;             /* RANK_MANIFEST: held over I/O */
	struct env *env;               /* borrowed */
	_Atomic uint64_t *next_number; /* borrowed: the store's */
	struct super super;
	struct reclog *log;     /* owned */
	uint64_t snapshot_size; /* bytes of the log after its first record */
	uint64_t wal_min;
	uint64_t seq_last;
};

void manifest_init(struct manifest *m, struct env *env,
		   _Atomic uint64_t *next_number);
void manifest_fini(struct manifest *m);

/*
 * Adds up the manifest that @m->super names: @sum only adds.  Returns 0,
 * -EBADMSG, -EUCLEAN, -EIO or -ENOMEM.
 */
int manifest_read(struct manifest *m, struct edit *sum) MUST_USE;

/*
 * Begins a new manifest with all of @v, and makes SUPER name it.  The old one
 * is removed.
 */
int manifest_rewrite(struct manifest *m, const struct version *v) MUST_USE;

/*
 * Appends @edit, durably; @v is the version it makes, for a rewrite when the
 * log has grown.  Needs the lock.  -EIO: it may be there or not.
 */
int manifest_append(struct manifest *m, const struct edit *edit,
		    const struct version *v) MUST_USE NEEDS(m->lock);

/* Writes down how long the manifest is: the store is about to be closed. */
int manifest_close(struct manifest *m) MUST_USE;

#endif
