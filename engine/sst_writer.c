#include "engine/sst_writer.h"

#include <stdlib.h>

#include "engine/base/coding.h"
#include "engine/base/error.h"
#include "engine/cache.h"
#include "engine/file_format.h"
#include "engine/filter.h"
#include "engine/page.h"
#include "engine/vlog.h"

#define WRITE_SIZE ((size_t)1 << 20) /* bytes a write */
/* A page is at most so many times as large as block_bytes, or has one entry. */
#define PAGES_PER_BLOCK 4
/* From this page size on an index block is full, and a second level begun. */
#define INDEX_PAGE_BYTES (64 * KIB)

struct sst_writer {
	struct env *env;
	struct env_file *file; /* owned */
	uint64_t number;
	uint64_t salt;
	struct sst_writer_options options;
	bool finished;

	struct buf pending;  /* chunks not yet written */
	uint64_t pending_at; /* their offset in the file */
	struct block_builder data;
	struct block_builder index;
	struct block_builder root;
	struct block_builder ranges;
	struct buf range_min; /* where the first range tombstone begins */
	uint64_t range_min_seq;
	struct buf range_max;  /* the largest key where one ends */
	struct buf partitions; /* finished index blocks as chunks-to-be */
	struct buf hashes;     /* u64 a key, for the filter */
	struct buf scratch;
	struct sst_props props;
};

int sst_writer_open(struct sst_writer **out, struct env *env, uint64_t number,
		    const uint8_t store_id[16],
		    const struct sst_writer_options *options)
{
	struct file_header header;
	struct sst_writer *w;
	int rc;

	w = calloc(1, sizeof(*w));
	if (!w)
		return -ENOMEM;
	rc = file_create(env, FILE_SST, number, store_id, &w->file, &header);
	if (rc < 0) {
		free(w);
		return rc;
	}
	w->env = env;
	w->number = number;
	w->salt = header.salt;
	w->options = *options;
	w->pending_at = FILE_HEADER_SIZE;
	w->props.seq_min = UINT64_MAX;
	block_builder_init(&w->data);
	block_builder_init(&w->index);
	block_builder_init(&w->root);
	block_builder_init(&w->ranges);
	*out = w;
	return 0;
}

void sst_writer_close(struct sst_writer *w)
{
	char name[ENV_NAME_MAX + 1];

	if (!w)
		return;
	env_close(w->file);
	if (!w->finished) {
		file_name(name, FILE_SST, w->number);
		/* What stays behind is removed when the store is opened. */
		(void)!env_remove(w->env, name);
	}
	block_builder_fini(&w->data);
	block_builder_fini(&w->index);
	block_builder_fini(&w->root);
	block_builder_fini(&w->ranges);
	buf_fini(&w->range_min);
	buf_fini(&w->range_max);
	buf_fini(&w->pending);
	buf_fini(&w->partitions);
	buf_fini(&w->hashes);
	buf_fini(&w->scratch);
	sst_props_fini(&w->props);
	free(w);
}

uint64_t sst_writer_size(const struct sst_writer *w)
{
	return w->pending_at + w->pending.size + block_builder_size(&w->data);
}

bool sst_writer_is_full(const struct sst_writer *w, uint64_t bytes_max)
{
	size_t ranges = block_builder_page_size(&w->ranges);

	return ranges >= SST_RANGES_FULL ||
	       sst_writer_size(w) + ranges >= bytes_max;
}

struct slice sst_writer_last_key(const struct sst_writer *w)
{
	return w->data.count > 0 ? buf_slice(&w->data.last_key)
				 : buf_slice(&w->props.key_max);
}

static int write_pending(struct sst_writer *w)
{
	struct slice part = buf_slice(&w->pending);
	int rc;

	if (part.size == 0)
		return 0;
	rc = env_write_at(w->file, &part, 1, w->pending_at);
	if (rc < 0)
		return rc;
	w->pending_at += part.size;
	buf_reset(&w->pending);
	return 0;
}

static int put_chunk(struct sst_writer *w, struct slice raw, bool compress,
		     struct sst_handle *handle)
{
	uint64_t offset = w->pending_at + w->pending.size, size;
	int rc;

	rc = sst_chunk_encode(&w->pending, raw, compress, w->salt, offset,
			      &size);
	if (rc < 0)
		return rc;
	*handle = (struct sst_handle){ .offset = offset, .size = size };
	return w->pending.size >= WRITE_SIZE ? write_pending(w) : 0;
}

/* Adds to an index: the last key and tag below, and where they are. */
static int put_index(struct block_builder *index, struct slice last_key,
		     uint64_t last_tag, struct sst_handle handle)
{
	uint8_t value[SST_HANDLE_SIZE];
	const struct entry e = {
		.key = last_key,
		.value = slice_of(value, sizeof(value)),
		.tag = last_tag,
	};
	int rc;

	sst_handle_encode(handle, value);
	rc = block_builder_add(index, &e);
	return rc < 0 ? rc : 0;
}

/*
 * Index blocks lie behind all data blocks, so those that are full wait:
 * varint size, block, varint size, last key, u64 last tag.
 */
static int cut_index(struct sst_writer *w)
{
	struct slice block, last = buf_slice(&w->index.last_key);
	int rc;

	block_builder_finish(&w->index, &block);
	rc = buf_reserve(&w->partitions,
			 2 * VARINT_SIZE_MAX + block.size + last.size + 8);
	if (rc < 0)
		return rc;
	buf_put_varint(&w->partitions, block.size);
	buf_put(&w->partitions, block.data, block.size);
	buf_put_varint(&w->partitions, last.size);
	buf_put(&w->partitions, last.data, last.size);
	buf_put_le64(&w->partitions, w->index.last_tag);
	block_builder_reset(&w->index);
	return 0;
}

/* Makes a page of a block that was written; that it is there is no duty. */
static void put_into_cache(struct sst_writer *w, struct slice block,
			   uint64_t offset)
{
	struct page *page;

	if (w->options.cache && block_expand(block, &page) == 0)
		cache_release(cache_put(w->options.cache, w->number, offset,
					page, page->size));
}

static int cut_block(struct sst_writer *w)
{
	struct slice block, last = buf_slice(&w->data.last_key);
	struct sst_handle handle;
	int rc;

	block_builder_finish(&w->data, &block);
	rc = put_chunk(w, block, w->options.compress, &handle);
	if (rc == 0)
		rc = put_index(&w->index, last, w->data.last_tag, handle);
	if (rc == 0)
		rc = buf_assign(&w->props.key_max, last);
	if (rc < 0)
		return rc;
	put_into_cache(w, block, handle.offset);

	w->props.data_blocks++;
	block_builder_reset(&w->data);
	if (block_builder_page_size(&w->index) >= INDEX_PAGE_BYTES)
		return cut_index(w);
	return 0;
}

/* What the properties say about a value in the value log. */
static int account_blob(struct sst_writer *w, const struct entry *e)
{
	struct blob_handle h;
	int rc;

	rc = blob_handle_decode(&h, e->value);
	return rc < 0 ? rc : blob_refs_count(&w->props.blob_refs, &h);
}

/* What the properties say about any entry. */
static void account(struct sst_writer *w, const struct entry *e)
{
	struct sst_props *p = &w->props;
	uint64_t seq = entry_seq(e);

	p->entries++;
	p->tombstones += entry_kind(e) == ENTRY_DELETE;
	p->raw_bytes += e->key.size + e->value.size;
	p->seq_min = u64_min(p->seq_min, seq);
	p->seq_max = u64_max(p->seq_max, seq);
}

/* Keys that share much make pages that are far larger than their blocks. */
static bool block_is_full(const struct sst_writer *w)
{
	return block_builder_size(&w->data) >= w->options.block_bytes ||
	       block_builder_page_size(&w->data) >=
		       PAGES_PER_BLOCK * w->options.block_bytes;
}

int sst_writer_add(struct sst_writer *w, const struct entry *e)
{
	int rc;

	/* First what may find fault with the entry, or no room. */
	if (w->props.entries == 0) {
		rc = buf_assign(&w->props.key_min, e->key);
		if (rc < 0)
			return rc;
	}
	if (entry_kind(e) == ENTRY_BLOB) {
		rc = account_blob(w, e);
		if (rc < 0)
			return rc;
	}
	rc = block_builder_add(&w->data, e);
	if (rc < 0)
		return rc;
	account(w, e);
	/* Versions of one key need one place in the filter. */
	if (rc == 1) {
		uint64_t hash = filter_hash(e->key);

		rc = buf_append(&w->hashes, &hash, sizeof(hash));
		if (rc < 0)
			return rc;
	}
	return block_is_full(w) ? cut_block(w) : 0;
}

/* A page is larger than its block, so what bounds it bounds both. */
static int check_ranges_fit(const struct sst_writer *w,
			    const struct range_del *r)
{
	if (page_size(w->ranges.count + 1, w->ranges.bytes + r->from.size +
						   r->to.size) > SST_RANGES_MAX)
		return error_set(-E2BIG,
				 "too many range tombstones for one table");
	return 0;
}

int sst_writer_add_range(struct sst_writer *w, const struct range_del *r)
{
	const struct entry e = {
		.key = r->from,
		.value = r->to,
		.tag = entry_tag(r->seq, ENTRY_RANGE_DELETE),
	};
	int rc = check_ranges_fit(w, r);

	if (rc == 0 && w->ranges.count == 0) {
		rc = buf_assign(&w->range_min, r->from);
		w->range_min_seq = r->seq;
	}
	/* Fragments: the last one ends last. */
	if (rc == 0)
		rc = buf_assign(&w->range_max, r->to);
	if (rc == 0)
		rc = block_builder_add(&w->ranges, &e);
	if (rc < 0)
		return rc;
	w->props.range_count++;
	w->props.seq_min = u64_min(w->props.seq_min, r->seq);
	w->props.seq_max = u64_max(w->props.seq_max, r->seq);
	return 0;
}

/*
 * A table has an entry: one of range tombstones alone gets a tombstone for the
 * first key that they hide.
 */
static int add_only_entry(struct sst_writer *w)
{
	const struct entry e = {
		.key = buf_slice(&w->range_min),
		.tag = entry_tag(w->range_min_seq, ENTRY_DELETE),
	};

	return sst_writer_add(w, &e);
}

/* Writes the range tombstones, and widens the bounds of the table. */
static int put_ranges(struct sst_writer *w)
{
	struct sst_props *p = &w->props;
	struct slice block;
	int rc;

	if (p->range_count == 0)
		return 0;
	block_builder_finish(&w->ranges, &block);
	rc = put_chunk(w, block, w->options.compress, &p->ranges);
	if (rc == 0 &&
	    slice_cmp(buf_slice(&w->range_min), buf_slice(&p->key_min)) < 0)
		rc = buf_assign(&p->key_min, buf_slice(&w->range_min));
	if (rc == 0 &&
	    slice_cmp(buf_slice(&w->range_max), buf_slice(&p->key_max)) > 0) {
		rc = buf_assign(&p->key_max, buf_slice(&w->range_max));
		p->key_max_open = 1;
	}
	return rc;
}

/* Writes the index blocks that wait, and the root above them. */
static int put_indexes(struct sst_writer *w)
{
	struct decoder d;
	struct slice root;
	int rc;

	if (w->partitions.size == 0) {
		w->props.index_levels = 1;
		block_builder_finish(&w->index, &root);
		return put_chunk(w, root, w->options.compress, &w->props.root);
	}

	w->props.index_levels = 2;
	rc = w->index.count > 0 ? cut_index(w) : 0;
	if (rc < 0)
		return rc;
	d = decoder_of(buf_slice(&w->partitions));
	while (decoder_left(&d) > 0) {
		struct slice block = decoder_bytes(&d, decoder_varint(&d));
		struct slice last = decoder_bytes(&d, decoder_varint(&d));
		uint64_t last_tag = decoder_le64(&d);
		struct sst_handle handle;

		rc = put_chunk(w, block, w->options.compress, &handle);
		if (rc == 0)
			rc = put_index(&w->root, last, last_tag, handle);
		if (rc < 0)
			return rc;
	}
	block_builder_finish(&w->root, &root);
	return put_chunk(w, root, w->options.compress, &w->props.root);
}

static int put_filter(struct sst_writer *w)
{
	int rc = filter_build(&w->scratch, (const uint64_t *)w->hashes.data,
			      w->hashes.size / sizeof(uint64_t));

	if (rc < 0)
		return rc;
	return put_chunk(w, buf_slice(&w->scratch), false, &w->props.filter);
}

static int put_props(struct sst_writer *w)
{
	uint8_t footer[SST_FOOTER_SIZE];
	struct sst_handle handle;
	int rc;

	buf_reset(&w->scratch);
	rc = blob_refs_finish(&w->props.blob_refs);
	if (rc == 0)
		rc = sst_props_encode(&w->props, &w->scratch);
	if (rc == 0)
		rc = put_chunk(w, buf_slice(&w->scratch), false, &handle);
	if (rc < 0)
		return rc;
	sst_footer_encode(handle, w->salt, w->pending_at + w->pending.size,
			  footer);
	return buf_append(&w->pending, footer, sizeof(footer));
}

int sst_writer_finish(struct sst_writer *w, struct sst_props *props,
		      uint64_t *size)
{
	int rc = 0;

	assert(!w->finished);
	if (w->props.entries == 0)
		rc = add_only_entry(w);
	if (rc == 0 && w->data.count > 0)
		rc = cut_block(w);
	if (rc == 0)
		rc = put_indexes(w);
	if (rc == 0)
		rc = put_ranges(w);
	if (rc == 0)
		rc = put_filter(w);
	if (rc == 0)
		rc = put_props(w);
	if (rc == 0)
		rc = write_pending(w);
	if (rc == 0)
		rc = env_sync(w->file);
	if (rc < 0)
		return rc;

	w->finished = true;
	*size = w->pending_at;
	*props = w->props;
	w->props = (struct sst_props){ 0 };
	return 0;
}
