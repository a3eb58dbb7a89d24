/*
 * What all files of a store have in common: their names and their first 64
 * bytes.
 *
 *      offset  size  what
 *           0     8  magic         89 'L' 'O' 'A' 'M' 0d 0a 1a
 *           8     2  format_major  1; a reader refuses any other
 *          10     2  format_minor  0; a reader takes any
 *          12     1  kind          enum file_kind
 *          13     1  checksum      1: XXH3-64
 *          14     2  flags         what is unusual about the file; a reader
 *                                  refuses bits it does not know
 *          16     8  number        the one in the file's name
 *          24    16  store_id      random, the same in all files of a store
 *          40     8  created_ns    nanoseconds since 1970
 *          48     8  salt          random; seeds every checksum in the file
 *          56     8  checksum      of the 56 bytes before it, seed 0
 *
 * All integers are little-endian.  The magic number is made as PNG's is: a
 * transfer that mangles line ends or the top bit breaks it.
 *
 * A checksum of bytes that can be read by themselves is seeded with
 * file_seed(salt, offset), so that bytes that were written elsewhere do not
 * verify.
 */
#ifndef ENGINE_FILE_FORMAT_H
#define ENGINE_FILE_FORMAT_H

#include "engine/base/env.h"

#define FILE_HEADER_SIZE  64
#define FILE_FORMAT_MAJOR 1
#define FILE_FORMAT_MINOR 0

#define FILE_LOCK_NAME      "LOCK"
#define FILE_SUPER_NAME     "SUPER"
#define FILE_SUPER_TMP_NAME "SUPER.tmp"

enum file_kind {
	FILE_SUPER = 1,
	FILE_MANIFEST = 2,
	FILE_WAL = 3,
	FILE_SST = 4,
	FILE_BLOB = 5,
};

/* Flags; each belongs to one kind. */
#define FILE_BLOB_MOVED ((uint16_t)1) /* blob: it ends in a directory */
#define FILE_WAL_SIGNED ((uint16_t)1) /* wal: its marks are signed */

struct file_header {
	enum file_kind kind;
	uint16_t flags;
	uint64_t number;
	uint8_t store_id[16];
	uint64_t created_ns;
	uint64_t salt;
};

static inline uint64_t file_seed(uint64_t salt, uint64_t offset)
{
	return salt ^ offset * 0x9e3779b97f4a7c15u;
}

/* "000012.sst"; MANIFEST and the rest likewise.  @out holds the NUL too. */
void file_name(char out[ENV_NAME_MAX + 1], enum file_kind kind,
	       uint64_t number);

/* What a numbered name says; false for any other name. */
bool file_name_parse(const char *name, enum file_kind *kind, uint64_t *number);

void file_header_encode(const struct file_header *h,
			uint8_t out[FILE_HEADER_SIZE]);

/*
 * Reads the header of @file.  @want has the kind, the number and the store id
 * that it must show; a store id of zeros takes any.  Returns 0, -EBADMSG,
 * -EUCLEAN, -EPROTONOSUPPORT or -EIO, with words.
 */
int file_header_read(struct env_file *file, const struct file_header *want,
		     struct file_header *out) MUST_USE;

/* Creates a file with a fresh header; its size is then FILE_HEADER_SIZE. */
int file_create(struct env *env, enum file_kind kind, uint64_t number,
		const uint8_t store_id[16], struct env_file **file,
		struct file_header *header) MUST_USE;

/* The same for a file that is unusual in the way that @flags says. */
int file_create_flagged(struct env *env, enum file_kind kind, uint16_t flags,
			uint64_t number, const uint8_t store_id[16],
			struct env_file **file,
			struct file_header *header) MUST_USE;

/*
 * Gives file @old, which nothing names any more, a fresh header and the number
 * @number, and keeps its other bytes.  The header is durable before the name
 * changes, so that no file ever shows another's number under a name that
 * counts; the new name is not durable yet.
 */
int file_reuse(struct env *env, enum file_kind kind, uint64_t old,
	       uint64_t number, const uint8_t store_id[16],
	       struct env_file **file, struct file_header *header) MUST_USE;

/* Opens a file and reads its header, which must fit. */
int file_open(struct env *env, enum file_kind kind, uint64_t number,
	      const uint8_t store_id[16], enum env_mode mode,
	      struct env_file **file, struct file_header *header) MUST_USE;

#endif
