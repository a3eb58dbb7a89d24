/*
 * Rewriting a blob file: some of its records, to a new file, in a new order.
 *
 * Each record is copied as it is stored, compressed or not, once its checksum
 * was found right; only the checksum changes, since it says where a record
 * lies.  The new file ends in a directory (blob_dir.h), so that the same
 * handles lead to the same values.  Records that are neighbours in both files
 * are read at once; all are written in portions of 1 MiB.
 */
#ifndef ENGINE_BLOB_REWRITE_H
#define ENGINE_BLOB_REWRITE_H

#include "engine/vlog.h"

struct blob_rewrite;

/* The size in bytes of a file with that many records, which take @bytes. */
uint64_t blob_rewrite_size(uint64_t count, uint64_t bytes);

/*
 * Begins the file @number with what @handles name in @old, at least one, no
 * ordinal twice, with the offsets where the records really lie.  Both are
 * borrowed until the end.  Returns 0, -ENOSPC, -EIO, -EFBIG or -ENOMEM.
 */
int blob_rewrite_open(struct blob_rewrite **out, struct blob *old,
		      uint64_t number, const uint8_t store_id[16],
		      const struct blob_handle *handles, size_t count) MUST_USE;

/*
 * Copies a portion.  Returns 1 if there is more, 0 if that was the last, or an
 * error: -EBADMSG and -EUCLEAN if @old is damaged.
 */
int blob_rewrite_step(struct blob_rewrite *w) MUST_USE;

/*
 * Completes the file and makes its bytes durable; its name is the caller's
 * business.  @out is what takes the place of the old one.
 */
int blob_rewrite_finish(struct blob_rewrite *w, struct blob **out) MUST_USE;

/* Ends it; a file that was not finished is removed.  Accepts NULL. */
void blob_rewrite_close(struct blob_rewrite *w);

#endif
