#include "engine/sst_writer.h"

#include <stdlib.h>

#include "engine/base/error.h"
#include "engine/block.h"
#include "engine/filter.h"
#include "engine/page.h"
#include "engine/sst_index.h"
#include "engine/sst_out.h"
#include "engine/sst_pipe.h"
#include "engine/vlog.h"

/* A page is at most so many times as large as block_bytes, or has one entry. */
#define PAGES_PER_BLOCK 4

struct sst_writer {
	struct sst_writer_options options;
	struct sst_out out;
	struct sst_index index;
	struct sst_pipe pipe; /* of the blocks that are full */
	struct block_builder data;
	struct block_builder ranges;
	struct buf range_min; /* where the first range tombstone begins */
	uint64_t range_min_seq;
	struct buf range_max; /* the largest key where one ends */
	struct buf hashes;    /* u64 a key, for the filter */
	struct buf scratch;
	uint64_t cut_size; /* sst_pipe_size() with the blocks so far */
	struct sst_props props;
};

int sst_writer_open(struct sst_writer **out, struct env *env, uint64_t number,
		    const uint8_t store_id[16],
		    const struct sst_writer_options *options)
{
	size_t write_bytes = options->write_bytes ? options->write_bytes
						  : 1 * MIB;
	struct sst_writer *w;
	int rc;

	w = calloc(1, sizeof(*w));
	if (!w)
		return -ENOMEM;
	rc = sst_out_open(&w->out, env, number, store_id, write_bytes);
	if (rc < 0) {
		free(w);
		return rc;
	}
	w->options = *options;
	w->props.seq_min = UINT64_MAX;
	sst_index_init(&w->index);
	sst_pipe_init(
		&w->pipe,
		&(struct sst_pipe_options){
			.out = &w->out,
			.index = &w->index,
			.compress = options->compress,
			.thread_bytes = options->thread ? write_bytes / 2 : 0,
		});
	block_builder_init(&w->data);
	block_builder_init(&w->ranges);
	w->cut_size = sst_pipe_size(&w->pipe);
	*out = w;
	return 0;
}

void sst_writer_close(struct sst_writer *w)
{
	if (!w)
		return;
	sst_pipe_fini(&w->pipe);
	sst_out_close(&w->out);
	sst_index_fini(&w->index);
	block_builder_fini(&w->data);
	block_builder_fini(&w->ranges);
	buf_fini(&w->range_min);
	buf_fini(&w->range_max);
	buf_fini(&w->hashes);
	buf_fini(&w->scratch);
	sst_props_fini(&w->props);
	free(w);
}

uint64_t sst_writer_size(const struct sst_writer *w)
{
	return w->cut_size + block_builder_size(&w->data);
}

bool sst_writer_is_full(const struct sst_writer *w, uint64_t bytes_max)
{
	size_t ranges;

	if (likely(w->ranges.count == 0))
		return sst_writer_size(w) >= bytes_max;
	ranges = block_builder_page_size(&w->ranges);
	return ranges >= SST_RANGES_FULL ||
	       sst_writer_size(w) + ranges >= bytes_max;
}

struct slice sst_writer_last_key(const struct sst_writer *w)
{
	return w->data.count > 0 ? buf_slice(&w->data.last_key)
				 : buf_slice(&w->props.key_max);
}

static int cut_block(struct sst_writer *w)
{
	const struct sst_cut cut = sst_cut_of(&w->data);
	int rc = sst_pipe_put(&w->pipe, &cut);

	if (rc == 0)
		rc = buf_assign(&w->props.key_max, cut.last_key);
	if (rc < 0)
		return rc;
	w->props.data_blocks++;
	w->cut_size = sst_pipe_size(&w->pipe);
	block_builder_reset(&w->data);
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

		rc = buf_reserve(&w->hashes, sizeof(hash));
		if (rc < 0)
			return rc;
		buf_put(&w->hashes, &hash, sizeof(hash));
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
	rc = sst_out_chunk(&w->out, block, w->options.compress, &p->ranges);
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

/* The filter, in w->scratch. */
static int build_filter(struct sst_writer *w)
{
	return filter_build(&w->scratch, (const uint64_t *)w->hashes.data,
			    w->hashes.size / sizeof(uint64_t));
}

static int put_props(struct sst_writer *w, struct sst_handle *handle)
{
	int rc = blob_refs_finish(&w->props.blob_refs);

	buf_reset(&w->scratch);
	if (rc == 0)
		rc = sst_props_encode(&w->props, &w->scratch);
	if (rc == 0)
		rc = sst_out_chunk(&w->out, buf_slice(&w->scratch), false,
				   handle);
	return rc;
}

int sst_writer_finish(struct sst_writer *w, struct sst_props *props,
		      uint64_t *size)
{
	struct sst_handle handle;
	int rc = 0;

	assert(!w->out.finished);
	if (w->props.entries == 0)
		rc = add_only_entry(w);
	if (rc == 0 && w->data.count > 0)
		rc = cut_block(w);
	if (rc == 0)
		rc = build_filter(w);
	if (rc == 0)
		rc = sst_pipe_end(&w->pipe);
	if (rc == 0)
		rc = sst_index_write(&w->index, &w->out, w->options.compress,
				     &w->props);
	if (rc == 0)
		rc = put_ranges(w);
	if (rc == 0)
		rc = sst_out_chunk(&w->out, buf_slice(&w->scratch), false,
				   &w->props.filter);
	if (rc == 0)
		rc = put_props(w, &handle);
	if (rc == 0)
		rc = sst_out_finish(&w->out, handle);
	if (rc < 0)
		return rc;

	*size = sst_out_size(&w->out);
	*props = w->props;
	w->props = (struct sst_props){ 0 };
	return 0;
}
