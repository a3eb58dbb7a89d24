/*
 * What the files of the value log share of a record's layout, which vlog.h
 * describes: blob.c reads, vlog.c writes, blob_rewrite.c moves.
 */
#ifndef ENGINE_BLOB_RECORD_H
#define ENGINE_BLOB_RECORD_H

#include "engine/vlog.h"

#define BLOB_ALIGN 8 /* bytes; records begin at multiples of it */

enum blob_codec {
	BLOB_STORED = 0,
	BLOB_LZ4 = 1,
};

/*
 * Checks the whole @record, which was read where @h says, against its checksum
 * and @h.  It is written to, and is afterwards what it was.  Returns 0,
 * -EBADMSG or -EUCLEAN.
 */
int blob_record_verify(const struct blob *b, const struct blob_handle *h,
		       uint8_t *record) MUST_USE;

/* Gives the record its checksum, as one at @offset of a file with @salt. */
void blob_record_seal(uint8_t *record, uint64_t salt, uint64_t offset);

/*
 * The file that @old has been rewritten to, sealed, with one reference.  Takes
 * @file over, on success only.  Who is inside @old is inside it.  NULL if out
 * of memory.
 */
struct blob *blob_successor(struct blob *old, uint64_t number,
			    struct env_file *file, uint64_t salt,
			    uint64_t size);

#endif
