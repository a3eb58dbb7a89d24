/*
 * blob_dir: where the records of a blob file lie that has been rewritten.
 *
 * The tree goes on naming a value by its ordinal when collection has moved it;
 * the offset in its handle leads nowhere then.  So a rewritten file has
 * FILE_BLOB_MOVED among the flags of its header, and ends in a directory:
 *
 *      [file header] [record] ... [page] ... [index] [footer]
 *
 * A page is a sorted part of the directory, 511 records of it, of the last page
 * fewer, but at least one:
 *
 *      offset  size         what
 *           0     8         checksum   XXH3-64 of the rest of the page, seeded
 *                                      with file_seed(salt, offset of the page)
 *           8     8 a record: u32 ordinal, u32 offset / 8
 *
 * The index is the first ordinal of each page, u32.  The footer is the last 40
 * bytes of the file:
 *
 *      offset  size         what
 *           0     8         offset of the first page
 *           8     4         records in all, at least 1
 *          12     4         0
 *          16     8         blob id    whose values these are: the number of
 *                                      the file they were first written to
 *          24     8         magic      'L' 'O' 'A' 'M' 'D' 'I' 'R' 1
 *          32     8         checksum   of the index and the 32 bytes before,
 *                                      seeded with file_seed(salt, offset of
 *                                      the index)
 *
 * The manifest says the id, too; a file that says another is damaged.  Without
 * a manifest the file's word is enough.
 *
 * The index is kept in memory while the file is open, 4 bytes for every 511
 * records; pages go through the cache.  A lookup is two binary searches and, if
 * its page is not cached, one read of 4 KiB.
 *
 * Thread-safe once it is open.
 */
#ifndef ENGINE_BLOB_DIR_H
#define ENGINE_BLOB_DIR_H

#include "engine/base/buf.h"

struct blob_dir;
struct cache;
struct env_file;

/* Records lie at multiples of 8, and a page says so in 32 bits. */
#define BLOB_DIR_OFFSET_MAX ((uint64_t)UINT32_MAX * 8) /* bytes */

struct blob_place {
	uint32_t ordinal;
	uint64_t offset; /* bytes, a multiple of 8 */
};

/* What a directory belongs to. */
struct blob_dir_home {
	uint64_t id;     /* of the blob */
	uint64_t salt;   /* of its file */
	uint64_t offset; /* of the first page, bytes */
};

/* The bytes that a directory of @count records takes. */
uint64_t blob_dir_size(uint64_t count);

/*
 * Appends the directory of @places, sorted by ordinal, as it will lie in its
 * @home.  Returns 0 or -ENOMEM.
 */
int blob_dir_encode(struct buf *out, const struct blob_place *places,
		    uint32_t count, const struct blob_dir_home *home) MUST_USE;

/*
 * Reads index and footer of @file, which is borrowed.  Returns 0, -EBADMSG,
 * -EUCLEAN, -EIO or -ENOMEM.
 */
int blob_dir_open(struct blob_dir **out, struct env_file *file,
		  uint64_t file_size, uint64_t salt) MUST_USE;
void blob_dir_close(struct blob_dir *d); /* accepts NULL */

/* The id of the blob whose values it leads to, as the file says. */
uint64_t blob_dir_id(const struct blob_dir *d);

/* Where it begins, and the records end. */
uint64_t blob_dir_offset(const struct blob_dir *d);

/*
 * Where the record with that ordinal is.  Pages are cached under @name, a
 * number that names nothing else there; @cache may be NULL.  Returns 0,
 * -EUCLEAN (there is none), -EBADMSG, -EIO or -ENOMEM.
 */
int blob_dir_find(const struct blob_dir *d, struct cache *cache, uint64_t name,
		  uint64_t ordinal, uint64_t *offset) MUST_USE;

#endif
