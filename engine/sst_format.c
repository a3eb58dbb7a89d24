#include "engine/sst_format.h"

#include <inttypes.h>
#include <lz4.h>
#include <stdlib.h>

#include "engine/base/coding.h"
#include "engine/base/error.h"
#include "engine/base/hash.h"
#include "engine/block.h"
#include "engine/cache.h"
#include "engine/file_format.h"
#include "engine/page.h"

#define CODEC_NONE 0
#define CODEC_LZ4  1

#define TAG_BYTES_FIRST 64

#define ROOM_NEAR (12 * KIB) /* a block of usual size, before compression */

enum {
	TAG_ENTRIES = 1,
	TAG_TOMBSTONES,
	TAG_SEQ_MIN,
	TAG_SEQ_MAX,
	TAG_RAW_BYTES,
	TAG_DATA_BLOCKS,
	TAG_INDEX_LEVELS,
	TAG_ROOT_OFFSET,
	TAG_ROOT_SIZE,
	TAG_FILTER_OFFSET,
	TAG_FILTER_SIZE,
	TAG_RANGES_OFFSET,
	TAG_RANGES_SIZE,
	TAG_RANGE_COUNT,
	TAG_KEY_MAX_OPEN,
	TAG_COUNT,
	TAG_KEY_MIN = TAG_BYTES_FIRST,
	TAG_KEY_MAX,
	TAG_BLOB_REFS,
	TAG_BLOB_ORDINALS,
};

static const uint8_t footer_magic[8] = { 'L', 'O', 'A', 'M', 'S', 'S', 'T', 1 };

void sst_props_fini(struct sst_props *p)
{
	buf_fini(&p->key_min);
	buf_fini(&p->key_max);
	blob_refs_fini(&p->blob_refs);
}

/* The varint that belongs to @tag, or NULL. */
static uint64_t *number_of(struct sst_props *p, uint64_t tag)
{
	uint64_t *const numbers[TAG_COUNT] = {
		[TAG_ENTRIES] = &p->entries,
		[TAG_TOMBSTONES] = &p->tombstones,
		[TAG_SEQ_MIN] = &p->seq_min,
		[TAG_SEQ_MAX] = &p->seq_max,
		[TAG_RAW_BYTES] = &p->raw_bytes,
		[TAG_DATA_BLOCKS] = &p->data_blocks,
		[TAG_INDEX_LEVELS] = &p->index_levels,
		[TAG_ROOT_OFFSET] = &p->root.offset,
		[TAG_ROOT_SIZE] = &p->root.size,
		[TAG_FILTER_OFFSET] = &p->filter.offset,
		[TAG_FILTER_SIZE] = &p->filter.size,
		[TAG_RANGES_OFFSET] = &p->ranges.offset,
		[TAG_RANGES_SIZE] = &p->ranges.size,
		[TAG_RANGE_COUNT] = &p->range_count,
		[TAG_KEY_MAX_OPEN] = &p->key_max_open,
	};

	return tag < TAG_COUNT ? numbers[tag] : NULL;
}

static int put_bytes(struct buf *out, uint64_t tag, struct slice bytes)
{
	int rc = buf_reserve(out, 2 * VARINT_SIZE_MAX + bytes.size);

	if (rc < 0)
		return rc;
	buf_put_varint(out, tag);
	buf_put_varint(out, bytes.size);
	buf_put(out, bytes.data, bytes.size);
	return 0;
}

int sst_props_encode(const struct sst_props *p, struct buf *out)
{
	struct buf refs = BUF_INIT;
	uint64_t tag;
	int rc;

	rc = buf_reserve(out, (size_t)TAG_COUNT * 2 * VARINT_SIZE_MAX);
	if (rc < 0)
		return rc;
	for (tag = TAG_ENTRIES; tag < TAG_COUNT; tag++) {
		buf_put_varint(out, tag);
		buf_put_varint(out, *number_of((struct sst_props *)p, tag));
	}
	rc = put_bytes(out, TAG_KEY_MIN, buf_slice(&p->key_min));
	if (rc == 0)
		rc = put_bytes(out, TAG_KEY_MAX, buf_slice(&p->key_max));
	if (rc == 0)
		rc = blob_refs_encode(&p->blob_refs, &refs);
	if (rc == 0)
		rc = put_bytes(out, TAG_BLOB_REFS, buf_slice(&refs));
	buf_reset(&refs);
	if (rc == 0 && p->blob_refs.count > 0) {
		rc = blob_refs_encode_ordinals(&p->blob_refs, &refs);
		if (rc == 0)
			rc = put_bytes(out, TAG_BLOB_ORDINALS,
				       buf_slice(&refs));
	}
	buf_fini(&refs);
	return rc;
}

static int decode_bytes(struct sst_props *p, uint64_t tag, struct slice bytes)
{
	struct decoder refs = decoder_of(bytes);

	switch (tag) {
	case TAG_KEY_MIN:
		return buf_assign(&p->key_min, bytes);
	case TAG_KEY_MAX:
		return buf_assign(&p->key_max, bytes);
	case TAG_BLOB_REFS:
		return blob_refs_decode(&p->blob_refs, &refs);
	case TAG_BLOB_ORDINALS:
		return blob_refs_decode_ordinals(&p->blob_refs, &refs);
	default:
		return 0;
	}
}

int sst_props_decode(struct sst_props *p, struct slice in)
{
	struct decoder d = decoder_of(in);
	uint64_t last = 0;
	int rc;

	while (decoder_left(&d) > 0) {
		uint64_t tag = decoder_varint(&d), value = decoder_varint(&d);
		uint64_t *number = number_of(p, tag);

		if (!decoder_ok(&d) || tag <= last)
			return -EUCLEAN;
		last = tag;
		if (number) {
			*number = value;
		} else if (tag >= TAG_BYTES_FIRST) {
			rc = decode_bytes(p, tag, decoder_bytes(&d, value));
			if (rc < 0)
				return rc;
		}
	}
	if (!decoder_ok(&d) || p->index_levels < 1 || p->index_levels > 2 ||
	    p->key_min.size == 0 || p->entries == 0 || p->key_max_open > 1 ||
	    (p->range_count == 0) != (p->ranges.size == 0) ||
	    slice_cmp(buf_slice(&p->key_min), buf_slice(&p->key_max)) > 0)
		return -EUCLEAN;
	return 0;
}

/* Compresses @raw behind @out's bytes; returns the size, or 0 if it is no use.
 */
static size_t compress_into(struct buf *out, struct slice raw)
{
	/* Less than an eighth is not worth the time to undo it. */
	int room = (int)(raw.size - raw.size / 8);
	int n;

	if (raw.size < 64)
		return 0;
	n = LZ4_compress_default(raw.data, (char *)out->data + out->size,
				 (int)raw.size, room);
	return n > 0 ? (size_t)n : 0;
}

int sst_chunk_encode(struct buf *out, struct slice raw, bool compress,
		     uint64_t salt, uint64_t offset, uint64_t *stored_size)
{
	size_t start = out->size, n = 0;
	uint8_t codec = CODEC_LZ4;
	int rc;

	assert(raw.size <= SST_CHUNK_SIZE_MAX);
	rc = buf_reserve(out, raw.size + SST_CHUNK_TRAILER_SIZE);
	if (rc < 0)
		return rc;

	if (compress)
		n = compress_into(out, raw);
	if (n > 0) {
		out->size += n;
	} else {
		buf_put(out, raw.data, raw.size);
		codec = CODEC_NONE;
		n = raw.size;
	}
	buf_put_le32(out, codec);
	buf_put_le32(out, (uint32_t)raw.size);
	buf_put_le64(out, checksum(file_seed(salt, offset), out->data + start,
				   out->size - start));
	*stored_size = n;
	return 0;
}

static int bad_chunk(int rc, struct env_file *file, struct sst_handle h,
		     const char *what)
{
	return error_set(rc,
			 "%s: block at %" PRIu64 " of %" PRIu64 " bytes: %s",
			 file->name, h.offset, h.size, what);
}

/*
 * Room for the bytes of a chunk on their way to become a page.  A block's bytes
 * fit on the stack, where they are at hand and cost nothing to get.
 */
struct room {
	void *heap; /* owned: what did not fit, or NULL */
	_Alignas(16) uint8_t near[ROOM_NEAR];
};

/* Not more than once.  NULL if out of memory. */
static void *room_take(struct room *room, size_t size)
{
	room->heap = NULL;
	if (size <= sizeof(room->near))
		return room->near;
	room->heap = malloc(size);
	return room->heap;
}

/* @bytes, which lie in @room, as a piece of their own from malloc(). */
static void *room_keep(struct room *room, struct slice bytes)
{
	void *kept = room->heap;

	if (kept) {
		room->heap = NULL;
		return kept;
	}
	kept = malloc(size_max(bytes.size, 1));
	if (kept && bytes.size)
		memcpy(kept, bytes.data, bytes.size);
	return kept;
}

/* What LZ4 made of @raw_size bytes, undone. */
static int decompress(struct env_file *file, struct sst_handle h,
		      const uint8_t *stored, uint32_t raw_size,
		      struct room *room, struct slice *raw)
{
	char *out;

	if (raw_size > SST_CHUNK_SIZE_MAX)
		return bad_chunk(-EUCLEAN, file, h, "too large");
	out = room_take(room, raw_size);
	if (!out)
		return -ENOMEM;
	*raw = slice_of(out, raw_size);
	if (LZ4_decompress_safe((const char *)stored, out, (int)h.size,
				(int)raw_size) != (int)raw_size)
		return bad_chunk(-EUCLEAN, file, h, "does not decompress");
	return 0;
}

/*
 * Verifies the chunk whose bytes, with the trailer, are @stored.  @raw is part
 * of them, or lies in @room, whose heap is the caller's to free in any case.
 */
static int open_chunk(struct env_file *file, uint64_t salt, struct sst_handle h,
		      const uint8_t *stored, struct room *room,
		      struct slice *raw)
{
	const uint8_t *trailer = stored + h.size;
	uint32_t codec = get_le32(trailer), raw_size = get_le32(trailer + 4);

	room->heap = NULL;
	if (get_le64(trailer + 8) !=
	    checksum(file_seed(salt, h.offset), stored, h.size + 8))
		return bad_chunk(-EBADMSG, file, h, "bad checksum");
	if (codec == CODEC_LZ4)
		return decompress(file, h, stored, raw_size, room, raw);
	if (codec != CODEC_NONE)
		return bad_chunk(-EUCLEAN, file, h, "unknown codec");
	if (raw_size != h.size)
		return bad_chunk(-EUCLEAN, file, h, "wrong size");
	*raw = slice_of(stored, raw_size);
	return 0;
}

/* Reads a chunk's bytes, with the trailer, into @room. */
static int read_stored(struct env_file *file, uint64_t file_size,
		       struct sst_handle h, struct room *room, uint8_t **stored)
{
	size_t size = h.size + SST_CHUNK_TRAILER_SIZE;

	room->heap = NULL;
	if (h.size > SST_CHUNK_SIZE_MAX || h.offset > file_size ||
	    size > file_size - h.offset)
		return bad_chunk(-EUCLEAN, file, h, "outside the file");
	*stored = room_take(room, size);
	if (!*stored)
		return -ENOMEM;
	return env_read_full(file, *stored, size, h.offset);
}

int sst_chunk_read(struct env_file *file, uint64_t file_size, uint64_t salt,
		   struct sst_handle h, void **data, size_t *size)
{
	struct room stored_room, raw_room;
	uint8_t *stored;
	struct slice raw;
	void *kept = NULL;
	int rc;

	raw_room.heap = NULL;
	rc = read_stored(file, file_size, h, &stored_room, &stored);
	if (rc == 0)
		rc = open_chunk(file, salt, h, stored, &raw_room, &raw);
	if (rc == 0) {
		kept = room_keep(raw.data == stored ? &stored_room : &raw_room,
				 raw);
		rc = kept ? 0 : -ENOMEM;
	}
	free(stored_room.heap);
	free(raw_room.heap);
	if (rc < 0)
		return rc;
	*data = kept;
	*size = raw.size;
	return 0;
}

static bool entry_is_of(const struct page_entry *e, enum sst_page_kind kind)
{
	unsigned entry_kind = (unsigned)(e->tag & 0xff);

	switch (kind) {
	case SST_PAGE_INDEX:
		return e->value_size == SST_HANDLE_SIZE;
	case SST_PAGE_RANGES:
		return entry_kind == ENTRY_RANGE_DELETE;
	default:
		return entry_kind != ENTRY_RANGE_DELETE;
	}
}

static bool page_is_of(const struct page *p, enum sst_page_kind kind)
{
	uint32_t i;

	for (i = 0; i < p->count; i++)
		if (!entry_is_of(page_at(p, i), kind))
			return false;
	return true;
}

int sst_page_decode(struct env_file *file, uint64_t salt, struct sst_handle h,
		    enum sst_page_kind kind, const uint8_t *stored,
		    struct cache *cache, struct page **page)
{
	struct room room;
	struct page *p;
	struct slice raw;
	int rc;

	rc = open_chunk(file, salt, h, stored, &room, &raw);
	if (rc < 0) {
		free(room.heap);
		return rc;
	}
	rc = kind == SST_PAGE_INDEX ? block_expand_index(raw, cache, &p)
				    : block_expand(raw, cache, &p);
	free(room.heap);
	if (rc == -EUCLEAN)
		return bad_chunk(rc, file, h, "its contents make no sense");
	if (rc < 0)
		return rc;
	if (!page_is_of(p, kind)) {
		cache_discard(cache, p);
		return bad_chunk(-EUCLEAN, file, h,
				 "its entries are of another kind");
	}
	*page = p;
	return 0;
}

int sst_page_expect_index(struct env_file *file, struct sst_handle h,
			  const struct page *page)
{
	if (likely(page_has_hints(page)))
		return 0;
	return bad_chunk(-EUCLEAN, file, h, "is both data and index");
}

int sst_page_read(struct env_file *file, uint64_t file_size, uint64_t salt,
		  struct sst_handle h, enum sst_page_kind kind,
		  struct cache *cache, struct page **page)
{
	struct room room;
	uint8_t *stored;
	int rc;

	rc = read_stored(file, file_size, h, &room, &stored);
	if (rc == 0)
		rc = sst_page_decode(file, salt, h, kind, stored, cache, page);
	free(room.heap);
	return rc;
}

void sst_footer_encode(struct sst_handle props, uint64_t salt, uint64_t offset,
		       uint8_t out[SST_FOOTER_SIZE])
{
	put_le64(out, props.offset);
	put_le32(out + 8, (uint32_t)props.size);
	put_le32(out + 12, 0);
	memcpy(out + 16, footer_magic, sizeof(footer_magic));
	put_le64(out + 24, checksum(file_seed(salt, offset), out, 24));
}

int sst_footer_read(struct env_file *file, uint64_t file_size, uint64_t salt,
		    struct sst_handle *props)
{
	uint8_t in[SST_FOOTER_SIZE];
	uint64_t offset;
	int rc;

	if (file_size < FILE_HEADER_SIZE + SST_FOOTER_SIZE)
		return error_set(-EUCLEAN, "%s: too short for an SST",
				 file->name);
	offset = file_size - SST_FOOTER_SIZE;
	rc = env_read_full(file, in, sizeof(in), offset);
	if (rc < 0)
		return rc;
	if (memcmp(in + 16, footer_magic, sizeof(footer_magic)) != 0)
		return error_set(-EUCLEAN, "%s: no SST footer at %" PRIu64,
				 file->name, offset);
	if (get_le64(in + 24) != checksum(file_seed(salt, offset), in, 24))
		return error_set(-EBADMSG,
				 "%s: footer at %" PRIu64 ": bad checksum",
				 file->name, offset);
	props->offset = get_le64(in);
	props->size = get_le32(in + 8);
	return 0;
}
