/* SSTs: what is written is read, both ways, and damage is told from data. */
#include "tests/engine/entries.h"

#include <stdio.h>

#include "engine/base/env_mem.h"
#include "engine/base/error.h"
#include "engine/cache.h"
#include "engine/file_format.h"
#include "engine/filter.h"
#include "engine/page.h"
#include "engine/sst.h"
#include "engine/sst_ahead.h"
#include "engine/sst_writer.h"
#include "engine/vlog.h"

#define NUMBER 9

static const uint8_t store_id[16] = "the SST's store";
static const char name[] = "000009.sst";

/* A table, and what should be in it. */
struct table {
	struct env *env;
	struct cache *cache;
	struct sst *sst;
	struct entries all;
};

static void write_table(struct table *t, size_t block_bytes, bool compress)
{
	const struct sst_writer_options options = { .block_bytes = block_bytes,
						    .compress = compress };
	struct sst_props props = { 0 };
	struct sst_writer *w;
	uint64_t size;
	size_t i;

	entries_sort(&t->all);
	ck_ok(env_mem_new(&t->env, 1));
	t->cache = cache_new_own(64 * KIB);
	ck_ok(sst_writer_open(&w, t->env, NUMBER, store_id, &options));
	for (i = 0; i < t->all.count; i++)
		ck_ok(sst_writer_add(w, &t->all.at[i]));
	ck_ok(sst_writer_finish(w, &props, &size));
	sst_writer_close(w);
	t->sst = sst_new(t->env, store_id, NUMBER, size, &props);
	ck_assert_ptr_nonnull(t->sst);
}

static void table_fini(struct table *t)
{
	sst_unref(t->sst);
	cache_free(t->cache);
	env_free(t->env);
	entries_fini(&t->all);
}

/* Keys "key/000000", "key/000002", ...: the odd ones are free to look for. */
static struct slice numbered(char buf[32], unsigned i)
{
	int n = snprintf(buf, 32, "key/%06u", 2 * i);

	return slice_of(buf, (size_t)n);
}

static void add_numbered(struct entries *a, unsigned count, size_t value_max)
{
	struct mem_rand rand = { .state = count };
	uint8_t *value = malloc(value_max);
	char key[32];
	unsigned i;
	size_t n;

	ck_assert_ptr_nonnull(value);
	for (i = 0; i < count; i++) {
		n = i % 7 ? mem_rand_below(&rand, value_max) : 0;
		memset(value, (int)i, n);
		if (i % 3 == 0)
			mem_rand_fill(&rand, value, n);
		entries_add(a, numbered(key, i),
			    entry_tag(i + 5, i % 7 ? ENTRY_PUT : ENTRY_DELETE),
			    slice_of(value, n));
	}
	free(value);
}

static int get(struct table *t, struct slice key, struct sst_found *found)
{
	return sst_get(t->sst, t->cache, key, filter_hash(key), ENTRY_SEQ_MAX,
		       found);
}

static void check_gets(struct table *t)
{
	struct sst_found found;
	uint8_t absent[1100];
	size_t i, n;
	int rc;

	for (i = 0; i < t->all.count; i++) {
		const struct entry *want = &t->all.at[i];

		/* Of versions the newest, which comes first. */
		if (i > 0 && slice_eq(want->key, t->all.at[i - 1].key))
			continue;
		rc = get(t, want->key, &found);
		if (rc != 1 || found.entry.tag != want->tag ||
		    !slice_eq(found.entry.value, want->value))
			ck_abort_msg("place %zu: get returned %d", i, rc);
		cache_release(found.block);

		n = want->key.size;
		memcpy(absent, want->key.data, n);
		absent[n] = 0;
		ck_ok(get(t, slice_of(absent, n + 1), &found));
		/* Also where the filter would let it pass. */
		ck_ok(sst_get(t->sst, t->cache, slice_of(absent, n + 1),
			      filter_hash(want->key), ENTRY_SEQ_MAX, &found));
	}
	ck_ok(sst_get(t->sst, t->cache, slice_str("\xff"),
		      filter_hash(t->all.at[0].key), ENTRY_SEQ_MAX, &found));
}

static void check_table(struct table *t)
{
	struct source *s = sst_source(t->sst, t->cache);

	check_gets(t);
	ck_assert_uint_eq(s->seq_max, t->sst->props.seq_max);
	entries_check_walks(&t->all, s);
	entries_check_seeks(&t->all, s);
	entries_check_turns(&t->all, s, 5000);
	source_close(s);
}

static void check_props(const struct table *t)
{
	const struct sst_props *p = &t->sst->props;
	uint64_t tombstones = 0, raw = 0, lo = UINT64_MAX, hi = 0;
	struct env_file *f;
	uint64_t size;
	size_t i;

	for (i = 0; i < t->all.count; i++) {
		const struct entry *e = &t->all.at[i];

		tombstones += entry_kind(e) == ENTRY_DELETE;
		raw += e->key.size + e->value.size;
		lo = u64_min(lo, entry_seq(e));
		hi = u64_max(hi, entry_seq(e));
	}
	ck_assert_uint_eq(p->entries, t->all.count);
	ck_assert_uint_eq(p->tombstones, tombstones);
	ck_assert_uint_eq(p->raw_bytes, raw);
	ck_assert_uint_eq(p->seq_min, lo);
	ck_assert_uint_eq(p->seq_max, hi);
	ck_assert(slice_eq(sst_key_min(t->sst), t->all.at[0].key));
	ck_assert(slice_eq(sst_key_max(t->sst), t->all.at[i - 1].key));

	ck_ok(env_open(t->env, name, ENV_READ, &f));
	ck_ok(env_size(f, &size));
	ck_assert_uint_eq(size, t->sst->size);
	env_close(f);
}

/* A source that goes past the cache shows the same, and reads ahead. */
static void check_uncached(struct table *t)
{
	struct source *s = sst_source(t->sst, NULL);
	size_t cached = cache_bytes(t->cache);

	entries_check_walks(&t->all, s);
	entries_check_turns(&t->all, s, 300);
	source_close(s);
	ck_assert_uint_eq(cache_bytes(t->cache), cached);
}

/* Walks over all of @t, past the cache; the calls of env that it took. */
static uint64_t count_calls(struct table *t)
{
	struct source *s = sst_source(t->sst, NULL);
	uint64_t before = env_mem_calls(t->env);
	size_t i = 0;
	int rc;

	for (rc = source_first(s); rc == 1; rc = source_next(s))
		entries_expect(&t->all, i++, s, rc);
	ck_ok(rc);
	ck_assert_uint_eq(i, t->all.count);
	source_close(s);
	return env_mem_calls(t->env) - before;
}

static const struct {
	unsigned entries;
	size_t value_max; /* bytes */
	size_t block_bytes;
	bool compress;
	unsigned index_levels;
} shapes[] = {
	{ 1, 10, 4096, true, 1 },     { 17, 10, 1, false, 1 },
	{ 300, 100, 512, true, 1 },   { 300, 100, 512, false, 1 },
	{ 300, 2000, 8192, true, 1 }, { 3000, 20, 1, true, 2 },
	{ 3000, 20, 16, false, 2 },
};

START_TEST(what_was_written_is_read)
{
	struct table t = { 0 };

	add_numbered(&t.all, shapes[_i].entries, shapes[_i].value_max);
	write_table(&t, shapes[_i].block_bytes, shapes[_i].compress);
	ck_assert_uint_eq(t.sst->props.index_levels, shapes[_i].index_levels);
	check_props(&t);
	check_table(&t);
	check_uncached(&t);
	table_fini(&t);
}
END_TEST

START_TEST(versions_of_a_key_over_many_blocks)
{
	struct table t = { 0 };
	unsigned i;

	for (i = 1; i <= 100; i++)
		entries_add(&t.all, slice_str("key"), entry_tag(i, ENTRY_PUT),
			    slice_of(&i, sizeof(i)));
	for (i = 1; i <= 100; i++)
		entries_add(&t.all, slice_str(i % 2 ? "a" : "z"),
			    entry_tag(i, ENTRY_PUT), slice_of(&i, sizeof(i)));
	write_table(&t, 64, true);
	check_table(&t);
	table_fini(&t);
}
END_TEST

/* So many that the root index, too, has one key several times. */
START_TEST(versions_of_a_key_over_many_index_blocks)
{
	struct table t = { 0 };
	unsigned i;

	for (i = 1; i <= 5000; i++)
		entries_add(&t.all, slice_str("key"), entry_tag(i, ENTRY_PUT),
			    slice_of(&i, sizeof(i)));
	write_table(&t, 1, true);
	ck_assert_uint_eq(t.sst->props.index_levels, 2);
	ck_assert_uint_eq(t.sst->props.data_blocks, 5000);
	check_gets(&t);
	count_calls(&t);
	table_fini(&t);
}
END_TEST

/* Keys that share nearly all make small blocks, of which large pages come. */
START_TEST(pages_are_not_much_larger_than_blocks)
{
	const size_t block_bytes = 4096, entries = 500;
	struct table t = { 0 };
	char key[1000];
	unsigned i;

	memset(key, 'k', sizeof(key));
	for (i = 0; i < entries; i++) {
		snprintf(key + sizeof(key) - 4, 4, "%03u", i);
		entries_add(&t.all, slice_of(key, sizeof(key)),
			    entry_tag(i + 1, ENTRY_PUT), slice_of(NULL, 0));
	}
	write_table(&t, block_bytes, true);
	ck_assert_uint_ge(t.sst->props.data_blocks,
			  entries * sizeof(key) /
				  (4 * block_bytes + 2 * sizeof(key)));
	check_table(&t);
	table_fini(&t);
}
END_TEST

START_TEST(compression_saves_space_and_is_left_out_if_not_asked)
{
	struct table t[2] = { 0 };
	static uint8_t zeros[1000];
	char key[32];
	unsigned i, k;

	for (k = 0; k < 2; k++) {
		for (i = 0; i < 100; i++)
			entries_add(&t[k].all, numbered(key, i),
				    entry_tag(i + 1, ENTRY_PUT),
				    slice_of(zeros, sizeof(zeros)));
		write_table(&t[k], 4096, k);
	}
	ck_assert_uint_gt(t[0].sst->size, 100 * sizeof(zeros));
	ck_assert_uint_lt(t[1].sst->size, 20 * sizeof(zeros));
	table_fini(&t[0]);
	table_fini(&t[1]);
}
END_TEST

static void add_blob(struct entries *a, unsigned i, uint64_t id,
		     struct blob_refs *want)
{
	const struct blob_handle h = { .blob_id = id,
				       .ordinal = i,
				       .offset = 64 + (uint64_t)i * 800,
				       .stored_size = 500 + i,
				       .raw_size = 1000 + i,
				       .key_size = 10 };
	uint8_t bytes[BLOB_HANDLE_SIZE_MAX];
	char key[32];
	size_t n = blob_handle_encode(&h, bytes);

	entries_add(a, numbered(key, i), entry_tag(i + 1, ENTRY_BLOB),
		    slice_of(bytes, n));
	ck_ok(blob_refs_count(want, &h));
}

START_TEST(properties_count_the_blobs)
{
	const struct blob_refs *got;
	struct blob_refs want = { 0 };
	struct table t = { 0 };
	unsigned i;
	size_t k;

	for (i = 0; i < 100; i++)
		add_blob(&t.all, i, i % 3 ? 12 : 5, &want);
	write_table(&t, 256, true);
	ck_ok(blob_refs_finish(&want));
	got = &t.sst->props.blob_refs;
	ck_assert_uint_eq(got->count, 2);
	ck_assert_uint_eq(got->items[0].count, 34);
	for (k = 0; k < 2; k++) {
		ck_assert_uint_eq(got->items[k].blob_id, want.items[k].blob_id);
		ck_assert_uint_eq(got->items[k].count, want.items[k].count);
		ck_assert_uint_eq(got->items[k].stored_bytes,
				  want.items[k].stored_bytes);
		ck_assert_uint_eq(got->items[k].raw_bytes,
				  want.items[k].raw_bytes);
		ck_assert_uint_gt(got->items[k].ordinals.size, 0);
		ck_assert(slice_eq(buf_slice(&got->items[k].ordinals),
				   buf_slice(&want.items[k].ordinals)));
	}
	blob_refs_fini(&want);
	table_fini(&t);
}
END_TEST

/* Reads the properties out of the file, as one does without a manifest. */
static int read_props(struct table *t, struct sst_props *props)
{
	struct sst_handle handle;
	struct sst_reader *r;
	void *data;
	size_t size;
	int rc;

	rc = sst_reader_get(t->sst, &r);
	if (rc == 0)
		rc = sst_footer_read(r->file, t->sst->size, r->salt, &handle);
	if (rc == 0)
		rc = sst_chunk_read(r->file, t->sst->size, r->salt, handle,
				    &data, &size);
	if (rc == 0) {
		rc = sst_props_decode(props, slice_of(data, size));
		free(data);
	}
	return rc;
}

static void encode(const struct sst_props *props, struct buf *out)
{
	buf_reset(out);
	ck_ok(sst_props_encode(props, out));
}

START_TEST(properties_can_be_read_from_the_file)
{
	struct buf a = BUF_INIT, b = BUF_INIT;
	struct sst_props props = { 0 };
	struct table t = { 0 };

	add_numbered(&t.all, 100, 100);
	write_table(&t, 512, true);
	ck_ok(read_props(&t, &props));
	encode(&props, &a);
	encode(&t.sst->props, &b);
	ck_assert(slice_eq(buf_slice(&a), buf_slice(&b)));
	sst_props_fini(&props);
	buf_fini(&a);
	buf_fini(&b);
	table_fini(&t);
}
END_TEST

START_TEST(malformed_properties_are_refused)
{
	struct buf good = BUF_INIT;
	struct table t = { 0 };
	size_t size, i;

	add_numbered(&t.all, 100, 100);
	write_table(&t, 512, true);
	encode(&t.sst->props, &good);
	for (size = 0; size < good.size; size++) {
		struct sst_props props = { 0 };
		uint8_t *copy = malloc(size + !size);
		int rc;

		ck_assert_ptr_nonnull(copy);
		memcpy(copy, good.data, size);
		rc = sst_props_decode(&props, slice_of(copy, size));
		/* Only the last item, the blobs, may be left out. */
		ck_assert(rc == -EUCLEAN || (rc == 0 && size == good.size - 3));
		sst_props_fini(&props);
		free(copy);
	}
	for (i = 0; i < good.size * 8; i++) {
		struct sst_props props = { 0 };
		int rc;

		good.data[i / 8] ^= (uint8_t)(1 << i % 8);
		rc = sst_props_decode(&props, buf_slice(&good));
		ck_assert(rc == 0 || rc == -EUCLEAN);
		sst_props_fini(&props);
		good.data[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	buf_fini(&good);
	table_fini(&t);
}
END_TEST

/* The same table, with nothing of it in memory yet. */
static struct sst *reopen(struct table *t)
{
	struct sst_props props = { 0 };
	struct buf bytes = BUF_INIT;
	struct sst *sst;

	encode(&t->sst->props, &bytes);
	ck_ok(sst_props_decode(&props, buf_slice(&bytes)));
	buf_fini(&bytes);
	sst = sst_new(t->env, store_id, NUMBER, t->sst->size, &props);
	ck_assert_ptr_nonnull(sst);
	return sst;
}

static bool is_damage(int rc)
{
	return rc == -EBADMSG || rc == -EUCLEAN || rc == -EPROTONOSUPPORT;
}

/* Reads all; 0 if it is what it should be, else the error that said so. */
static int read_through(struct table *t)
{
	struct sst *sst = reopen(t), *whole = t->sst;
	struct cache *none = cache_new_own(0);
	struct source *s = sst_source(sst, none);
	struct sst_props props = { 0 };
	size_t i = 0;
	int rc;

	for (rc = source_first(s); rc == 1; rc = source_next(s))
		entries_expect(&t->all, i++, s, rc);
	if (rc == 0)
		ck_assert_uint_eq(i, t->all.count);
	t->sst = sst;
	if (rc == 0)
		rc = read_props(t, &props);
	t->sst = whole;
	sst_props_fini(&props);
	source_close(s);
	sst_unref(sst);
	cache_free(none);
	return rc;
}

START_TEST(walks_read_ahead)
{
	struct table t = { 0 };
	uint64_t blocks, calls;

	add_numbered(&t.all, 3000, 1000);
	write_table(&t, 4096, false);
	blocks = t.sst->props.data_blocks;
	count_calls(&t);
	calls = count_calls(&t);
	/* The second time the file is open. */
	ck_assert_uint_gt(blocks, 200);
	ck_assert_uint_lt(calls, 5 + t.sst->size / SST_AHEAD_MAX + 5);
	table_fini(&t);
}
END_TEST

/* What cannot be read ahead is no damage to what is in front of it. */
START_TEST(failure_ahead_is_told_when_one_gets_there)
{
	struct table t = { 0 };
	uint64_t calls, kth;
	struct source *s;
	int rc;

	add_numbered(&t.all, 1000, 1000);
	write_table(&t, 4096, false);
	count_calls(&t);
	calls = count_calls(&t);
	for (kth = 1; kth <= calls; kth++) {
		env_mem_arm(t.env, ENV_MEM_EIO, kth, false);
		s = sst_source(t.sst, NULL);
		rc = source_first(s);
		while (rc == 1)
			rc = source_next(s);
		/* The first block alone is read by itself. */
		ck_assert_int_eq(rc, kth == 1 ? -EIO : 0);
		source_close(s);
	}
	env_mem_arm(t.env, ENV_MEM_NONE, 0, false);

	/* Damage strikes the block that has it. */
	ck_ok(env_mem_flip(t.env, name, t.sst->size / 2, 1));
	s = sst_source(t.sst, NULL);
	kth = 0;
	for (rc = source_first(s); rc == 1; rc = source_next(s))
		kth++;
	ck_assert_int_eq(rc, -EBADMSG);
	ck_assert_uint_gt(kth, t.all.count / 3);
	source_close(s);
	table_fini(&t);
}
END_TEST

START_TEST(each_flipped_byte_is_detected)
{
	struct table t = { 0 };
	uint64_t at;
	int rc;

	/* Two kinds of chunks: compressed ones, and others. */
	add_numbered(&t.all, 40, 60);
	write_table(&t, 512, _i);
	ck_ok(read_through(&t));
	for (at = 0; at < t.sst->size; at++) {
		ck_ok(env_mem_flip(t.env, name, at, (uint8_t)(1 << at % 8)));
		rc = read_through(&t);
		if (!is_damage(rc))
			ck_abort_msg("byte %u of %u: %d", (unsigned)at,
				     (unsigned)t.sst->size, rc);
		ck_ok(env_mem_flip(t.env, name, at, (uint8_t)(1 << at % 8)));
	}
	ck_ok(read_through(&t));
	table_fini(&t);
}
END_TEST

START_TEST(data_is_not_taken_for_an_index)
{
	const struct sst_handle first = { .offset = FILE_HEADER_SIZE };
	struct sst_handle h = first;
	struct table t = { 0 };
	struct sst_reader *r;
	struct page *page;
	int rc = -EBADMSG;

	add_numbered(&t.all, 40, 60);
	write_table(&t, 512, false);
	ck_ok(sst_reader_get(t.sst, &r));
	/* The size that verifies is the block's. */
	for (h.size = 1; rc == -EBADMSG && h.size < 2000; h.size++)
		rc = sst_page_read(r->file, t.sst->size, r->salt, h, true, NULL,
				   &page);
	ck_assert_int_eq(rc, -EUCLEAN);
	ck_assert_ptr_nonnull(
		strstr(error_text(rc), "000009.sst: block at 64 "));
	h.size--;
	ck_ok(sst_page_read(r->file, t.sst->size, r->salt, h, false, NULL,
			    &page));
	free(page);
	table_fini(&t);
}
END_TEST

/* Where the pages lie that were read, a page of data is in an index's place. */
START_TEST(cached_data_is_not_taken_for_an_index)
{
	struct table t = { 0 };
	struct sst_handle root, data;
	struct sst_found found;
	struct sst_reader *r;
	struct source *s;
	struct page *page;
	struct entry e;

	add_numbered(&t.all, 3000, 20);
	write_table(&t, 16, false);
	ck_assert_uint_eq(t.sst->props.index_levels, 2);
	ck_ok(sst_reader_get(t.sst, &r));
	page_get(r->root, 0, &e);
	root = sst_handle_decode(e.value.data);
	ck_ok(sst_page_read(r->file, t.sst->size, r->salt, root, SST_PAGE_INDEX,
			    NULL, &page));
	page_get(page, 0, &e);
	data = sst_handle_decode(e.value.data);
	free(page);
	ck_ok(sst_page_read(r->file, t.sst->size, r->salt, data, SST_PAGE_DATA,
			    t.cache, &page));
	cache_release(
		cache_put(t.cache, NUMBER, root.offset, page, page->size));

	ck_assert_int_eq(get(&t, t.all.at[0].key, &found), -EUCLEAN);
	ck_assert_ptr_nonnull(
		strstr(error_text(-EUCLEAN), "is both data and index"));
	s = sst_source(t.sst, t.cache);
	ck_assert_int_eq(source_seek(s, t.all.at[0].key), -EUCLEAN);
	ck_assert_int_eq(source_first(s), -EUCLEAN);
	source_close(s);
	table_fini(&t);
}
END_TEST

/* Blocks that verify and make no sense: the words say where. */
START_TEST(nonsense_is_told_with_its_place)
{
	static const uint8_t raw[] = { 1, 0, 0, 0, 9, 0, 0, 0, 0, 1, 0, 0 };
	struct buf chunk = BUF_INIT;
	struct sst_handle h = { .offset = 64 };
	struct page *page;
	struct env_file *f;
	struct env *env;
	struct slice part;
	int rc;

	ck_ok(env_mem_new(&env, 1));
	ck_ok(env_open(env, name, ENV_CREATE, &f));
	ck_ok(sst_chunk_encode(&chunk, slice_of(raw, sizeof(raw)), false, 7, 64,
			       &h.size));
	part = buf_slice(&chunk);
	ck_ok(env_write_at(f, &part, 1, 64));
	rc = sst_page_read(f, 64 + part.size, 7, h, false, NULL, &page);
	ck_assert_int_eq(rc, -EUCLEAN);
	ck_assert_str_eq(error_text(rc), "000009.sst: block at 64 of 12 bytes: "
					 "its contents make no sense");
	buf_fini(&chunk);
	env_close(f);
	env_free(env);
}
END_TEST

START_TEST(flip_in_one_block_leaves_the_others)
{
	struct table t = { 0 };
	struct sst_found found;
	size_t i, lost = 0;
	int rc;

	add_numbered(&t.all, 200, 60);
	write_table(&t, 512, false);
	ck_ok(env_mem_flip(t.env, name, FILE_HEADER_SIZE + 100, 1));
	for (i = 0; i < t.all.count; i++) {
		rc = get(&t, t.all.at[i].key, &found);
		if (rc == 1)
			cache_release(found.block);
		else
			ck_assert_int_eq(rc, -EBADMSG);
		/* The first ones, and no others. */
		lost += rc != 1;
		ck_assert(rc == 1 || lost == i + 1);
	}
	ck_assert_uint_gt(lost, 0);
	ck_assert_uint_lt(lost, 40);
	table_fini(&t);
}
END_TEST

START_TEST(truncated_file_is_detected)
{
	struct table t = { 0 };
	struct env_file *f;
	uint64_t size;

	add_numbered(&t.all, 40, 60);
	write_table(&t, 512, true);
	ck_ok(env_open(t.env, name, ENV_WRITE, &f));
	for (size = t.sst->size - 1; size > 0; size--) {
		ck_ok(env_truncate(f, size));
		ck_assert_int_eq(read_through(&t), -EUCLEAN);
	}
	/* One that is longer is not what was written either. */
	ck_ok(env_truncate(f, t.sst->size + 1));
	ck_assert(is_damage(read_through(&t)));
	env_close(f);
	ck_ok(env_remove(t.env, name));
	ck_assert_int_eq(read_through(&t), -EUCLEAN);
	table_fini(&t);
}
END_TEST

START_TEST(header_of_another_file_is_detected)
{
	const struct sst_writer_options options = { .block_bytes = 512 };
	const uint8_t other[16] = "another store!!";
	struct table t = { 0 };
	struct sst_writer *w;
	struct sst_props props = { 0 };
	uint64_t size;

	/* The same entries in a table of another number, and store. */
	add_numbered(&t.all, 40, 60);
	write_table(&t, 512, false);
	ck_ok(sst_writer_open(&w, t.env, 10, store_id, &options));
	for (size_t i = 0; i < t.all.count; i++)
		ck_ok(sst_writer_add(w, &t.all.at[i]));
	ck_ok(sst_writer_finish(w, &props, &size));
	sst_writer_close(w);
	sst_props_fini(&props);
	ck_assert_uint_eq(size, t.sst->size);
	ck_ok(env_rename(t.env, "000010.sst", name));
	ck_assert_int_eq(read_through(&t), -EUCLEAN);

	ck_ok(env_remove(t.env, name));
	ck_ok(sst_writer_open(&w, t.env, NUMBER, other, &options));
	for (size_t i = 0; i < t.all.count; i++)
		ck_ok(sst_writer_add(w, &t.all.at[i]));
	ck_ok(sst_writer_finish(w, &props, &size));
	sst_writer_close(w);
	sst_props_fini(&props);
	ck_assert_int_eq(read_through(&t), -EUCLEAN);
	table_fini(&t);
}
END_TEST

START_TEST(unfinished_file_is_removed)
{
	const struct sst_writer_options options = { .block_bytes = 512 };
	struct entry e = { .key = slice_str("key"),
			   .tag = entry_tag(1, ENTRY_PUT) };
	struct env_names names = { 0 };
	struct sst_writer *w;
	struct env *env;

	ck_ok(env_mem_new(&env, 1));
	ck_ok(sst_writer_open(&w, env, NUMBER, store_id, &options));
	ck_ok(sst_writer_add(w, &e));
	sst_writer_close(w);
	sst_writer_close(NULL);
	ck_ok(env_list(env, &names));
	ck_assert_uint_eq(names.count, 0);
	env_names_fini(&names);
	env_free(env);
}
END_TEST

/* What a writer takes can be read; and what could not be it does not take. */
START_TEST(ranges_have_a_limit)
{
	const struct sst_writer_options options = { .block_bytes = 512 };
	static char from[1024], to[1024];
	struct range_del d = { slice_of(from, sizeof(from)),
			       slice_of(to, sizeof(to)), 1 };
	const struct range_dels *ranges;
	struct table t = { 0 };
	struct sst_props props = { 0 };
	struct sst_writer *w;
	uint64_t size;
	unsigned n;
	int rc = 0;

	ck_ok(env_mem_new(&t.env, 1));
	ck_ok(sst_writer_open(&w, t.env, NUMBER, store_id, &options));
	for (n = 0; rc == 0; n++) {
		ck_assert_uint_lt(n, SST_RANGES_MAX / 2048);
		snprintf(from, sizeof(from), "%08u", 2 * n);
		snprintf(to, sizeof(to), "%08u", 2 * n + 1);
		rc = sst_writer_add_range(w, &d);
		ck_assert_int_eq(sst_writer_is_full(w, UINT64_MAX),
				 n >= SST_RANGES_FULL / (2048 + 26));
	}
	ck_assert_int_eq(rc, -E2BIG);
	ck_ok(sst_writer_finish(w, &props, &size));
	sst_writer_close(w);
	t.sst = sst_new(t.env, store_id, NUMBER, size, &props);
	ck_assert_ptr_nonnull(t.sst);
	ck_ok(sst_ranges(t.sst, &ranges));
	ck_assert_uint_eq(ranges->count, n - 1);
	table_fini(&t);
}
END_TEST

START_TEST(dropped_table_goes_with_the_last_reference)
{
	struct table t = { 0 };
	struct env_file *f;
	struct source *s;

	add_numbered(&t.all, 40, 60);
	write_table(&t, 512, true);
	s = sst_source(t.sst, t.cache);
	t.sst->dropped = true;
	sst_unref(t.sst);
	t.sst = NULL;
	entries_check_walks(&t.all, s);
	source_close(s);
	ck_assert_int_eq(env_open(t.env, name, ENV_READ, &f), -ENOENT);
	table_fini(&t);
}
END_TEST

#define TABLES 5

/* A level: tables that follow each other, written one by one. */
static void write_level(struct table *t, struct sst *ssts[TABLES])
{
	const struct sst_writer_options options = { .block_bytes = 128 };
	size_t i, k;

	ck_ok(env_mem_new(&t->env, 1));
	t->cache = cache_new_own(64 * KIB);
	add_numbered(&t->all, TABLES * 30, 20);
	entries_sort(&t->all);
	for (i = 0; i < TABLES; i++) {
		struct sst_props props = { 0 };
		struct sst_writer *w;
		uint64_t size;

		ck_ok(sst_writer_open(&w, t->env, i + 1, store_id, &options));
		for (k = i * 30; k < (i + 1) * 30; k++)
			ck_ok(sst_writer_add(w, &t->all.at[k]));
		ck_ok(sst_writer_finish(w, &props, &size));
		sst_writer_close(w);
		ssts[i] = sst_new(t->env, store_id, i + 1, size, &props);
	}
}

static void level_fini(struct table *t, struct sst *ssts[TABLES])
{
	size_t i;

	for (i = 0; i < TABLES; i++)
		sst_unref(ssts[i]);
	table_fini(t);
}

START_TEST(level_is_one_source)
{
	struct sst *ssts[TABLES];
	struct table t = { 0 };
	struct source *s;

	write_level(&t, ssts);
	s = level_source(ssts, TABLES, t.cache);
	ck_assert_uint_eq(s->seq_max, TABLES * 30 - 1 + 5);
	entries_check_walks(&t.all, s);
	entries_check_seeks(&t.all, s);
	entries_check_turns(&t.all, s, 5000);
	source_close(s);

	/* A level without tables has nothing, and no failure. */
	s = level_source(ssts, 0, t.cache);
	ck_ok(source_first(s));
	ck_ok(source_last(s));
	ck_ok(source_seek(s, slice_str("key")));
	ck_ok(source_seek_before(s, slice_str("key")));
	source_close(s);
	level_fini(&t, ssts);
}
END_TEST

/* After a failure a seek must lead to where it leads without one. */
START_TEST(level_recovers_from_a_failure)
{
	struct sst *ssts[TABLES];
	struct table t = { 0 };
	size_t i, failures = 0;
	bool struck = true;
	struct source *s;
	uint64_t kth;
	int rc;

	for (kth = 1; struck; kth++) {
		write_level(&t, ssts);
		s = level_source(ssts, TABLES, t.cache);
		ck_assert_int_eq(source_seek(s, t.all.at[20].key), 1);
		env_mem_arm(t.env, ENV_MEM_EIO, kth, false);
		do {
			rc = source_next(s);
		} while (rc == 1);
		struck = env_mem_faults(t.env) > 0;
		failures += rc == -EIO;
		env_mem_arm(t.env, ENV_MEM_NONE, 0, false);

		/* Back to where it was, and on. */
		rc = source_seek(s, t.all.at[20].key);
		for (i = 20; i < t.all.count; i++) {
			entries_expect(&t.all, i, s, rc);
			rc = source_next(s);
		}
		source_close(s);
		level_fini(&t, ssts);
	}
	/* Opening a table takes several calls. */
	ck_assert_uint_gt(failures, 3 * TABLES);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("sst");
	TCase *tc = suite_case(s, "tables");

	tcase_add_loop_test(tc, what_was_written_is_read, 0,
			    ARRAY_SIZE(shapes));
	tcase_add_test(tc, versions_of_a_key_over_many_blocks);
	tcase_add_test(tc, versions_of_a_key_over_many_index_blocks);
	tcase_add_test(tc, pages_are_not_much_larger_than_blocks);
	tcase_add_test(tc,
		       compression_saves_space_and_is_left_out_if_not_asked);
	tcase_add_test(tc, level_is_one_source);
	tcase_add_test(tc, level_recovers_from_a_failure);
	tcase_add_test(tc, unfinished_file_is_removed);
	tcase_add_test(tc, ranges_have_a_limit);
	tcase_add_test(tc, dropped_table_goes_with_the_last_reference);

	tc = suite_case(s, "properties");
	tcase_add_test(tc, properties_count_the_blobs);
	tcase_add_test(tc, properties_can_be_read_from_the_file);
	tcase_add_test(tc, malformed_properties_are_refused);

	tc = suite_case(s, "damage");
	tcase_add_loop_test(tc, each_flipped_byte_is_detected, 0, 2);
	tcase_add_test(tc, walks_read_ahead);
	tcase_add_test(tc, failure_ahead_is_told_when_one_gets_there);
	tcase_add_test(tc, data_is_not_taken_for_an_index);
	tcase_add_test(tc, cached_data_is_not_taken_for_an_index);
	tcase_add_test(tc, nonsense_is_told_with_its_place);
	tcase_add_test(tc, flip_in_one_block_leaves_the_others);
	tcase_add_test(tc, truncated_file_is_detected);
	tcase_add_test(tc, header_of_another_file_is_detected);
	return suite_run(s);
}
