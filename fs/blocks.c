#include "fs/blocks.h"

#include <inttypes.h>

#include "engine/base/error.h"
#include "fs/schema.h"

int blocks_find(struct fs *fs, const struct inode *inode, uint64_t chunk,
		unsigned *bits)
{
	struct schema_key lower, upper;
	struct schema_parsed key;
	struct kv_iter *it;
	unsigned found = 0;
	int rc;

	if (!(inode->rec.flags & INODE_BLOCKS)) {
		*bits = 0;
		return 0;
	}
	schema_key_block(&lower, inode->ino, chunk, 0);
	schema_key_chunk(&upper, inode->ino, chunk + 1);
	rc = kv_iter_open(&it, fs->kv, schema_slice(&lower),
			  schema_slice(&upper));
	if (rc < 0)
		return rc;
	rc = kv_iter_first(it);
	while (rc > 0) {
		rc = schema_parse(kv_iter_key(it), &key);
		if (rc < 0)
			break;
		found |= 1u << key.block;
		rc = kv_iter_next(it);
	}
	kv_iter_close(it);
	if (rc == 0)
		*bits = found;
	return rc;
}

void blocks_stage_removal(struct kv_batch *batch, uint64_t ino, uint64_t chunk,
			  unsigned bits)
{
	struct schema_key key;
	unsigned i;

	for (i = 0; i < SCHEMA_BLOCKS; i++) {
		if (!(bits >> i & 1))
			continue;
		schema_key_block(&key, ino, chunk, i);
		kv_batch_delete(batch, schema_slice(&key));
	}
}

/* ------------------------------------------------------------ reading -- */

/* What is read, and how far that is. */
struct reading {
	uint8_t *buf;
	uint64_t from; /* in the file */
	uint64_t to;
	uint64_t chunk;   /* that @covered is about */
	unsigned covered; /* its blocks that have been read */
};

/* Whether block @i of the chunk is wanted from below. */
static bool is_wanted(const struct reading *r, unsigned i)
{
	uint64_t begin = r->chunk * SCHEMA_CHUNK_BYTES + i * SCHEMA_BLOCK_BYTES;

	return begin < r->to && begin + SCHEMA_BLOCK_BYTES > r->from &&
	       !(r->covered >> i & 1);
}

/* Takes what is wanted of @size bytes that lie at block @i. */
static void take(struct reading *r, unsigned i, const uint8_t *bytes,
		 size_t size)
{
	uint64_t begin = r->chunk * SCHEMA_CHUNK_BYTES + i * SCHEMA_BLOCK_BYTES;
	uint64_t from = u64_max(begin, r->from);
	uint64_t to = u64_min(begin + size, r->to);

	if (from < to)
		memcpy(r->buf + (from - r->from), bytes + (from - begin),
		       to - from);
}

static int take_block(struct reading *r, struct kv_iter *it, unsigned block)
{
	struct slice value;
	int rc;

	if (!is_wanted(r, block))
		return 0;
	rc = kv_iter_value(it, &value);
	if (rc < 0)
		return rc;
	if (value.size != SCHEMA_BLOCK_BYTES)
		return error_set(-EUCLEAN, "block of %zu bytes", value.size);
	take(r, block, value.data, value.size);
	r->covered |= 1u << block;
	return 0;
}

/* The chunk's own value: for what none of its blocks covers. */
static int take_chunk(struct reading *r, struct kv_iter *it)
{
	struct slice value;
	bool any = false;
	unsigned i;
	int rc;

	for (i = 0; i < SCHEMA_BLOCKS; i++)
		any |= is_wanted(r, i);
	if (!any)
		return 0;
	rc = kv_iter_value(it, &value);
	for (i = 0; rc == 0 && i < SCHEMA_BLOCKS; i++) {
		size_t at = i * SCHEMA_BLOCK_BYTES;

		if (is_wanted(r, i) && at < value.size)
			take(r, i, (const uint8_t *)value.data + at,
			     size_min(value.size - at, SCHEMA_BLOCK_BYTES));
	}
	return rc;
}

/*
 * Backwards, so that blocks come before their chunk, and it need not be read
 * where they cover all that is wanted.
 */
int blocks_read(struct fs *fs, uint64_t ino, void *buf, size_t size,
		uint64_t offset)
{
	struct reading r = { .buf = buf, .from = offset, .to = offset + size };
	struct schema_key lower, upper;
	struct schema_parsed key;
	struct kv_iter *it;
	int rc;

	memset(buf, 0, size);
	schema_key_chunk(&lower, ino, offset / SCHEMA_CHUNK_BYTES);
	schema_key_chunk(&upper, ino, schema_chunks(r.to));
	rc = kv_iter_open(&it, fs->kv, schema_slice(&lower),
			  schema_slice(&upper));
	if (rc < 0)
		return rc;
	for (rc = kv_iter_last(it); rc > 0; rc = kv_iter_prev(it)) {
		rc = schema_parse(kv_iter_key(it), &key);
		if (rc < 0)
			break;
		if (key.number != r.chunk)
			r.covered = 0;
		r.chunk = key.number;
		rc = key.is_block ? take_block(&r, it, key.block)
				  : take_chunk(&r, it);
		if (rc < 0)
			break;
	}
	kv_iter_close(it);
	return rc;
}

int blocks_fetch(struct fs *fs, const struct inode *inode, uint64_t chunk,
		 uint8_t *buf, size_t *size, unsigned *bits)
{
	struct schema_key key;
	struct kv_value value;
	unsigned found;
	size_t has;
	int rc;

	rc = blocks_find(fs, inode, chunk, &found);
	if (rc < 0)
		return rc;
	schema_key_chunk(&key, inode->ino, chunk);
	if (found) {
		rc = kv_size(fs->kv, schema_slice(&key), &has);
		if (rc == -ENOENT || (rc == 0 && has != SCHEMA_CHUNK_BYTES))
			return error_set(-EUCLEAN,
					 "inode %" PRIu64 ": blocks without "
					 "a whole chunk",
					 inode->ino);
		if (rc == 0)
			rc = blocks_read(fs, inode->ino, buf, has,
					 chunk * SCHEMA_CHUNK_BYTES);
	} else {
		has = 0;
		rc = kv_get(fs->kv, schema_slice(&key), &value);
		if (rc == 0) {
			has = size_min(value.data.size, SCHEMA_CHUNK_BYTES);
			memcpy(buf, value.data.data, has);
			kv_value_release(&value);
		} else if (rc == -ENOENT) {
			rc = 0;
		}
	}
	if (rc == 0) {
		*size = has;
		*bits = found;
	}
	return rc;
}
