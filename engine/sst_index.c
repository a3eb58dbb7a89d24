#include "engine/sst_index.h"

#include "engine/sst_out.h"

/* From this page size on an index block is full, and a second level begun. */
#define INDEX_PAGE_BYTES (64 * KIB)

struct sst_cut sst_cut_of(struct block_builder *b)
{
	struct sst_cut cut = {
		.last_key = buf_slice(&b->last_key),
		.last_tag = b->last_tag,
	};

	block_builder_finish(b, &cut.block);
	return cut;
}

/* Varint size, block, varint size, last key, u64 last tag. */
int sst_cut_put(struct buf *out, const struct sst_cut *cut)
{
	int rc = buf_reserve(out, 2 * VARINT_SIZE_MAX + cut->block.size +
					  cut->last_key.size + 8);

	if (rc < 0)
		return rc;
	buf_put_varint(out, cut->block.size);
	buf_put(out, cut->block.data, cut->block.size);
	buf_put_varint(out, cut->last_key.size);
	buf_put(out, cut->last_key.data, cut->last_key.size);
	buf_put_le64(out, cut->last_tag);
	return 0;
}

struct sst_cut sst_cut_get(struct decoder *d)
{
	struct sst_cut cut;

	cut.block = decoder_bytes(d, decoder_varint(d));
	cut.last_key = decoder_bytes(d, decoder_varint(d));
	cut.last_tag = decoder_le64(d);
	return cut;
}

void sst_index_init(struct sst_index *x)
{
	block_builder_init(&x->last);
	x->full = (struct buf)BUF_INIT;
}

void sst_index_fini(struct sst_index *x)
{
	block_builder_fini(&x->last);
	buf_fini(&x->full);
}

/* Adds to an index block: the last key and tag below, and where they are. */
static int put_handle(struct block_builder *b, const struct sst_cut *cut,
		      struct sst_handle handle)
{
	uint8_t value[SST_HANDLE_SIZE];
	const struct entry e = {
		.key = cut->last_key,
		.value = slice_of(value, sizeof(value)),
		.tag = cut->last_tag,
	};
	int rc;

	sst_handle_encode(handle, value);
	rc = block_builder_add(b, &e);
	return rc < 0 ? rc : 0;
}

static int cut_last(struct sst_index *x)
{
	const struct sst_cut cut = sst_cut_of(&x->last);
	int rc = sst_cut_put(&x->full, &cut);

	if (rc == 0)
		block_builder_reset(&x->last);
	return rc;
}

int sst_index_add(struct sst_index *x, const struct sst_cut *cut,
		  struct sst_handle handle)
{
	int rc = put_handle(&x->last, cut, handle);

	if (rc == 0 && block_builder_page_size(&x->last) >= INDEX_PAGE_BYTES)
		rc = cut_last(x);
	return rc;
}

/* The blocks that are full, and the root above them. */
static int write_full(struct sst_index *x, struct sst_out *out, bool compress,
		      struct sst_props *props)
{
	struct decoder d = decoder_of(buf_slice(&x->full));
	struct block_builder *root = &x->last;
	struct sst_handle handle;
	int rc = 0;

	while (rc == 0 && decoder_left(&d) > 0) {
		const struct sst_cut cut = sst_cut_get(&d);

		rc = sst_out_chunk(out, cut.block, compress, &handle);
		if (rc == 0)
			rc = put_handle(root, &cut, handle);
	}
	if (rc == 0)
		rc = sst_out_chunk(out, sst_cut_of(root).block, compress,
				   &props->root);
	return rc;
}

int sst_index_write(struct sst_index *x, struct sst_out *out, bool compress,
		    struct sst_props *props)
{
	int rc = 0;

	if (x->full.size == 0) {
		props->index_levels = 1;
		return sst_out_chunk(out, sst_cut_of(&x->last).block, compress,
				     &props->root);
	}
	props->index_levels = 2;
	if (x->last.count > 0)
		rc = cut_last(x);
	return rc < 0 ? rc : write_full(x, out, compress, props);
}
