/*
 * An SST on disk: one sorted, immutable file.
 *
 *      [file header, 64 bytes]
 *      [data block 0] ... [data block n-1]
 *      [index block 0] ... [index block m-1]
 *      [root index block]
 *      [range tombstones block, if there are any]
 *      [filter] [properties] [footer]
 *
 * Each thing in brackets but the header and the footer is stored as a chunk:
 *
 *      offset  size  what
 *           0     n  stored    the bytes, compressed or not
 *           n     1  codec     0: as they are, 1: LZ4 block
 *         n+1     3  0
 *         n+4     4  raw_size  bytes before compression
 *         n+8     8  checksum  XXH3-64 of all before it in the chunk, seeded
 *                              with file_seed(salt, offset of the chunk)
 *
 * and named by a handle: its offset, and n.
 *
 * Data and index blocks are blocks as block.h says.  An index entry has
 * the key and the tag of the last entry of the block it leads to, and as its
 * value the block's handle: u64 offset, u32 n.  The root index leads to index
 * blocks if `index_levels` is 2, to data blocks if it is 1.  The range
 * tombstones are fragments as range_del.h says: the key of an entry is where it
 * begins, the value where it ends, the tag its sequence number and
 * ENTRY_RANGE_DELETE.  The filter is as filter.h says, uncompressed.
 *
 * The properties say everything about the table that a manifest says, so that
 * a lost manifest can be rebuilt: pairs of a varint tag and a value, in rising
 * order of the tags.  Tags below 64 are varints, the others are preceded by
 * their size as a varint; a reader skips those it does not know:
 *
 *       1  entries                  64  key_min
 *       2  tombstones               65  key_max
 *       3  seq_min                  66  blob_refs, as blob_refs.h says
 *       4  seq_max                  67  the ordinals of each of them
 *       5  raw_bytes  (keys and values)
 *       6  data_blocks
 *       7  index_levels  (1 or 2)
 *       8  root index offset         9  root index size
 *      10  filter offset            11  filter size
 *      12  ranges offset            13  ranges size
 *      14  range_count
 *      15  key_max_open (1: key_max itself is not in the table)
 *
 * The footer is the last 32 bytes:
 *
 *      offset  size  what
 *           0     8  properties offset
 *           8     4  properties size
 *          12     4  0
 *          16     8  magic     'L' 'O' 'A' 'M' 'S' 'S' 'T' 1
 *          24     8  checksum  of the 24 bytes before it, seeded with
 *                              file_seed(salt, offset of the footer)
 *
 * All integers are little-endian.
 */
#ifndef ENGINE_SST_FORMAT_H
#define ENGINE_SST_FORMAT_H

#include "engine/base/buf.h"
#include "engine/base/coding.h"
#include "engine/base/env.h"
#include "engine/blob_refs.h"

struct cache;
struct page;

#define SST_CHUNK_TRAILER_SIZE 16
#define SST_FOOTER_SIZE        32
#define SST_CHUNK_SIZE_MAX     ((size_t)64 << 20) /* bytes, stored or raw */

struct sst_handle {
	uint64_t offset; /* bytes from the start of the file */
	uint64_t size;   /* bytes stored, without the trailer */
};

struct sst_props {
	uint64_t entries;
	uint64_t tombstones;
	uint64_t seq_min;
	uint64_t seq_max;
	uint64_t raw_bytes;
	uint64_t data_blocks;
	uint64_t index_levels;
	struct sst_handle root;
	struct sst_handle filter;
	struct sst_handle ranges; /* size 0: there are none */
	uint64_t range_count;     /* range tombstones, as fragments */
	uint64_t key_max_open;    /* 1: a range tombstone ends at key_max */
	struct buf key_min;
	struct buf key_max;
	struct blob_refs blob_refs;
};

void sst_props_fini(struct sst_props *p);
int sst_props_encode(const struct sst_props *p, struct buf *out) MUST_USE;

/* Fills an empty @p.  Returns 0, -EUCLEAN or -ENOMEM. */
int sst_props_decode(struct sst_props *p, struct slice in) MUST_USE;

/* A handle as the value of an index entry. */
#define SST_HANDLE_SIZE 12

static inline void sst_handle_encode(struct sst_handle h,
				     uint8_t out[SST_HANDLE_SIZE])
{
	put_le64(out, h.offset);
	put_le32(out + 8, (uint32_t)h.size);
}

static inline struct sst_handle sst_handle_decode(
	const uint8_t in[SST_HANDLE_SIZE])
{
	return (struct sst_handle){ .offset = get_le64(in),
				    .size = get_le32(in + 8) };
}

/*
 * Appends @raw to @out as a chunk that will lie at @offset in the file,
 * compressed if @compress is set and it saves an eighth.  @stored_size gets the
 * handle's size.  Returns 0 or -ENOMEM.
 */
int sst_chunk_encode(struct buf *out, struct slice raw, bool compress,
		     uint64_t salt, uint64_t offset,
		     uint64_t *stored_size) MUST_USE;

/*
 * Reads and verifies the chunk that @h names.  @data comes from malloc() and is
 * the caller's.  Returns 0, -EBADMSG, -EUCLEAN, -EIO or -ENOMEM.
 */
int sst_chunk_read(struct env_file *file, uint64_t file_size, uint64_t salt,
		   struct sst_handle h, void **data, size_t *size) MUST_USE;

/* What the entries of a page are. */
enum sst_page_kind {
	SST_PAGE_DATA,   /* puts and deletes of keys */
	SST_PAGE_INDEX,  /* handles */
	SST_PAGE_RANGES, /* range tombstones */
};

/*
 * The same for a block, of which it makes a page, and makes sure that the
 * entries are of that kind.  The page comes from cache_alloc() of @cache, which
 * may be NULL.
 */
int sst_page_read(struct env_file *file, uint64_t file_size, uint64_t salt,
		  struct sst_handle h, enum sst_page_kind kind,
		  struct cache *cache, struct page **page) MUST_USE;

/* The same of a chunk that has been read: @stored is all of it. */
int sst_page_decode(struct env_file *file, uint64_t salt, struct sst_handle h,
		    enum sst_page_kind kind, const uint8_t *stored,
		    struct cache *cache, struct page **page) MUST_USE;

/*
 * Whether @page, found in a cache under the name of @h, is one of an index.  A
 * table may say that one block is data as well.  Returns 0 or -EUCLEAN.
 */
int sst_page_expect_index(struct env_file *file, struct sst_handle h,
			  const struct page *page) MUST_USE;

void sst_footer_encode(struct sst_handle props, uint64_t salt, uint64_t offset,
		       uint8_t out[SST_FOOTER_SIZE]);
int sst_footer_read(struct env_file *file, uint64_t file_size, uint64_t salt,
		    struct sst_handle *props) MUST_USE;

#endif
