/* The value log: values of every size and kind, damage, rolling, syncing. */
#include "tests/suite.h"

#include <stdio.h>

#include "engine/base/env_mem.h"
#include "engine/base/mem_rand.h"
#include "engine/cache.h"
#include "engine/file_format.h"
#include "engine/kv.h"
#include "engine/ordinals.h"
#include "engine/vlog.h"

static const uint8_t store_id[16] = "the vlog's store";

static const size_t sizes[] = { 0,     1,        7,        8,
				9,     63,       64,       65,
				1000,  4095,     16 * KIB, 16 * KIB - 1,
				20000, 64 * KIB, 3,        500 };
#define VALUES (2 * ARRAY_SIZE(sizes)) /* each compressible and not */

static uint8_t room[64 * KIB];

/* The odd ones do not compress. */
static struct slice value(unsigned i)
{
	struct mem_rand rand = { .state = i };
	size_t size = sizes[i / 2];

	memset(room, (int)i, sizeof(room));
	if (i % 2)
		mem_rand_fill(&rand, room, size);
	return slice_of(room, size);
}

static struct slice key(char buf[32], unsigned i)
{
	int n = snprintf(buf, 32, "%0*u", 1 + (int)i % 20, i);

	return slice_of(buf, (size_t)n);
}

/* A log with one active file, id 1. */
struct log {
	struct env *env;
	struct vlog vlog;
};

static struct blob *create(struct log *l, uint64_t id)
{
	struct blob *b;

	ck_ok(blob_create(&b, l->env, id, id + 10, store_id));
	return b;
}

static void roll(struct log *l, uint64_t full_id, uint64_t id)
{
	struct blob *b = create(l, id);

	ck_ok(vlog_roll(&l->vlog, full_id, b));
	blob_unref(b);
}

static void log_init(struct log *l)
{
	ck_ok(env_mem_new(&l->env, 1));
	vlog_init(&l->vlog);
	roll(l, 0, 1);
}

static void log_fini(struct log *l)
{
	vlog_fini(&l->vlog);
	env_free(l->env);
}

/* Writes the values from @first to before @end as one batch. */
static void write_values(struct log *l, unsigned first, unsigned end,
			 struct blob_handle *handles)
{
	struct vlog_batch b = { 0 };
	uint64_t full;
	char buf[32];
	unsigned i;

	for (i = first; i < end; i++)
		ck_ok(vlog_batch_add(&b, key(buf, i), value(i)));
	ck_assert_uint_eq(vlog_batch_count(&b), end - first);
	ck_ok(vlog_reserve(&l->vlog, &b, UINT64_MAX, &full));
	ck_ok(vlog_batch_write(&l->vlog, &b));
	for (i = first; i < end; i++)
		vlog_batch_handle(&b, i - first, &handles[i]);
	vlog_batch_fini(&b);
}

static void check_value(struct blob *b, const struct blob_handle *h, unsigned i)
{
	void *data;

	ck_assert_uint_eq(h->raw_size, sizes[i / 2]);
	ck_assert_uint_eq(h->offset % 8, 0);
	ck_ok(blob_read(b, h, &data));
	ck_assert(slice_eq(slice_of(data, h->raw_size), value(i)));
	free(data);
}

START_TEST(values_come_back)
{
	struct blob_handle h[VALUES];
	struct blob *again;
	struct log l;
	unsigned i;

	log_init(&l);
	write_values(&l, 0, VALUES / 3, h);
	write_values(&l, VALUES / 3, VALUES, h);
	for (i = 0; i < VALUES; i++) {
		check_value(l.vlog.active, &h[i], i);
		ck_assert_uint_eq(h[i].ordinal, i);
		ck_assert_uint_eq(h[i].blob_id, 1);
		if (i > 0)
			ck_assert_uint_eq(h[i].offset,
					  h[i - 1].offset +
						  blob_record_size(&h[i - 1]));
		/* Large ones are compressed if that is of use. */
		if (h[i].raw_size >= 1000 && i % 2 == 0)
			ck_assert_uint_lt(h[i].stored_size, h[i].raw_size / 8);
		if (i % 2)
			ck_assert_uint_eq(h[i].stored_size, h[i].raw_size);
	}

	/* And from the file as it is found later. */
	ck_ok(blob_open(&again, l.env, 1, 11, store_id));
	ck_assert(again->sealed);
	for (i = 0; i < VALUES; i++)
		check_value(again, &h[i], i);
	blob_unref(again);
	blob_unref(NULL);
	log_fini(&l);
}
END_TEST

START_TEST(handles_come_back)
{
	struct blob_handle h = { .blob_id = UINT64_MAX,
				 .ordinal = ORDINALS_MAX - 1,
				 .offset = (uint64_t)1 << 40,
				 .stored_size = KV_VALUE_MAX,
				 .raw_size = 1,
				 .key_size = KV_KEY_MAX };
	uint8_t bytes[BLOB_HANDLE_SIZE_MAX + 1] = { 0 };
	size_t n = blob_handle_encode(&h, bytes), size;
	struct blob_handle back;

	ck_ok(blob_handle_decode(&back, slice_of(bytes, n)));
	ck_assert_mem_eq(&h, &back, sizeof(h));
	for (size = 0; size < n; size++)
		ck_assert_int_eq(
			blob_handle_decode(&back, slice_of(bytes, size)),
			-EUCLEAN);
	ck_assert_int_eq(blob_handle_decode(&back, slice_of(bytes, n + 1)),
			 -EUCLEAN);

	/* Larger than anything can be. */
	h.raw_size = KV_VALUE_MAX + 1;
	n = blob_handle_encode(&h, bytes);
	ck_assert_int_eq(blob_handle_decode(&back, slice_of(bytes, n)),
			 -EUCLEAN);
	h.raw_size = 1;
	h.ordinal = ORDINALS_MAX;
	n = blob_handle_encode(&h, bytes);
	ck_assert_int_eq(blob_handle_decode(&back, slice_of(bytes, n)),
			 -EUCLEAN);
	h.ordinal = 0;
	h.offset = UINT64_MAX;
	n = blob_handle_encode(&h, bytes);
	ck_assert_int_eq(blob_handle_decode(&back, slice_of(bytes, n)),
			 -EUCLEAN);
}
END_TEST

START_TEST(flips_are_detected)
{
	struct blob_handle h[VALUES], *one;
	struct log l;
	uint64_t at;
	void *data;
	int rc;

	log_init(&l);
	write_values(&l, 0, VALUES, h);
	/* A compressed one and another, without the padding. */
	for (one = &h[16]; one <= &h[17]; one++) {
		uint64_t end = one->offset + BLOB_RECORD_HEADER_SIZE +
			       one->key_size + one->stored_size;

		for (at = one->offset; at < end; at++) {
			uint8_t mask = (uint8_t)(1 << at % 8);

			ck_ok(env_mem_flip(l.env, "000011.blob", at, mask));
			rc = blob_read(l.vlog.active, one, &data);
			ck_assert_int_eq(rc, -EBADMSG);
			ck_ok(env_mem_flip(l.env, "000011.blob", at, mask));
		}
		ck_ok(blob_read(l.vlog.active, one, &data));
		free(data);
	}
	log_fini(&l);
}
END_TEST

START_TEST(handles_that_lead_astray_are_detected)
{
	struct blob_handle h[VALUES], bad;
	struct log l;
	void *data;

	log_init(&l);
	write_values(&l, 0, VALUES, h);
	bad = h[17];
	bad.offset += 8;
	ck_assert_int_lt(blob_read(l.vlog.active, &bad, &data), 0);
	bad = h[17];
	bad.ordinal++;
	ck_assert_int_eq(blob_read(l.vlog.active, &bad, &data), -EUCLEAN);
	bad = h[17];
	bad.raw_size++;
	ck_assert_int_eq(blob_read(l.vlog.active, &bad, &data), -EUCLEAN);
	bad = h[17];
	bad.stored_size--;
	ck_assert_int_eq(blob_read(l.vlog.active, &bad, &data), -EBADMSG);
	bad = h[17];
	bad.offset = (uint64_t)1 << 40;
	ck_assert_int_eq(blob_read(l.vlog.active, &bad, &data), -EUCLEAN);
	log_fini(&l);
}
END_TEST

START_TEST(cached_values_are_read_once)
{
	struct cache *cache = cache_new(1 * MIB);
	struct blob_handle h[VALUES];
	struct cache_entry *e;
	struct log l;
	unsigned i;

	log_init(&l);
	write_values(&l, 0, VALUES, h);
	for (i = 0; i < 3; i++) {
		env_mem_arm(l.env, ENV_MEM_NONE, 0, false);
		ck_ok(blob_read_cached(l.vlog.active, &h[17], cache, &e));
		ck_assert_uint_eq(env_mem_calls(l.env), i == 0);
		ck_assert(slice_eq(cache_data(e), value(17)));
		cache_release(e);
	}
	cache_free(cache);
	log_fini(&l);
}
END_TEST

START_TEST(full_file_is_rolled)
{
	struct vlog_batch b = { 0 };
	struct blob_handle h[VALUES];
	struct blob *late, *first;
	uint64_t full = 99, entered;
	struct log l;

	ck_ok(env_mem_new(&l.env, 1));
	vlog_init(&l.vlog);
	ck_ok(vlog_batch_add(&b, slice_str("key"), slice_str("value")));
	ck_assert_int_eq(vlog_reserve(&l.vlog, &b, 1000, &full), -EAGAIN);
	ck_assert_uint_eq(full, 0);
	roll(&l, 0, 1);
	first = blob_ref(l.vlog.active);
	write_values(&l, 16, 18, h);
	ck_assert_int_eq(vlog_reserve(&l.vlog, &b, 1000, &full), -EAGAIN);
	ck_assert_uint_eq(full, 1);
	ck_assert(!first->sealed);
	roll(&l, 1, 2);
	ck_assert(first->sealed);
	ck_assert_uint_eq(l.vlog.active->id, 2);

	/* Whoever comes late with another file finds it sealed. */
	late = create(&l, 3);
	ck_ok(vlog_roll(&l.vlog, 1, late));
	ck_assert(late->sealed);
	ck_assert_uint_eq(l.vlog.active->id, 2);
	blob_unref(late);

	ck_ok(vlog_reserve(&l.vlog, &b, 1000, &full));
	ck_ok(vlog_batch_write(&l.vlog, &b));
	vlog_batch_handle(&b, 0, &h[0]);
	ck_assert_uint_eq(h[0].blob_id, 2);
	ck_assert_uint_eq(h[0].ordinal, 0);
	ck_assert_uint_eq(h[0].offset, FILE_HEADER_SIZE);
	ck_assert(!blob_is_idle(l.vlog.active, &entered));
	vlog_batch_fini(&b);
	ck_assert(blob_is_idle(l.vlog.active, &entered));
	ck_assert_uint_eq(entered, 1);
	blob_unref(first);
	log_fini(&l);
}
END_TEST

/* The values of @id read back from what a power cut leaves. */
static void check_after_cut(struct log *l, const struct blob_handle *h,
			    unsigned first, unsigned end, uint64_t id)
{
	struct env *after;
	struct blob *b;
	unsigned i;

	ck_ok(env_sync_dir(l->env));
	ck_ok(env_mem_cut(l->env, ENV_MEM_LOSE_ALL, 1, &after));
	ck_ok(blob_open(&b, after, id, id + 10, store_id));
	for (i = first; i < end; i++)
		check_value(b, &h[i], i);
	blob_unref(b);
	env_free(after);
}

START_TEST(sync_covers_every_file_that_was_written)
{
	struct blob_handle h[VALUES];
	struct log l;

	log_init(&l);
	write_values(&l, 0, 10, h);
	roll(&l, 1, 2);
	write_values(&l, 10, 20, h);
	ck_assert_uint_eq(l.vlog.dirty_count, 2);
	ck_ok(vlog_sync(&l.vlog));
	check_after_cut(&l, h, 0, 10, 1);
	check_after_cut(&l, h, 10, 20, 2);
	/* The sealed one has left the list; the active one stays. */
	ck_assert_uint_eq(l.vlog.dirty_count, 1);
	ck_assert_ptr_eq(l.vlog.dirty[0], l.vlog.active);

	/* With nothing new the disk is left alone. */
	env_mem_arm(l.env, ENV_MEM_NONE, 0, false);
	ck_ok(vlog_sync(&l.vlog));
	ck_assert_uint_eq(env_mem_calls(l.env), 0);
	write_values(&l, 20, 25, h);
	env_mem_arm(l.env, ENV_MEM_EIO, 1, false);
	ck_assert_int_eq(vlog_sync(&l.vlog), -EIO);
	ck_assert_uint_eq(env_mem_faults(l.env), 1);
	log_fini(&l);
}
END_TEST

START_TEST(sealed_file_stays_dirty_while_somebody_writes)
{
	struct vlog_batch b = { 0 };
	struct blob_handle h[VALUES];
	uint64_t full;
	char buf[32];
	struct log l;

	log_init(&l);
	ck_ok(vlog_batch_add(&b, key(buf, 16), value(16)));
	ck_ok(vlog_reserve(&l.vlog, &b, UINT64_MAX, &full));
	roll(&l, 1, 2);
	ck_ok(vlog_sync(&l.vlog));
	ck_assert_uint_eq(l.vlog.dirty_count, 2);
	ck_ok(vlog_batch_write(&l.vlog, &b));
	vlog_batch_handle(&b, 0, &h[16]);
	vlog_batch_fini(&b);
	ck_ok(vlog_sync(&l.vlog));
	check_after_cut(&l, h, 16, 17, 1);
	ck_assert_uint_eq(l.vlog.dirty_count, 1);
	log_fini(&l);
}
END_TEST

START_TEST(dropped_file_need_not_be_synced)
{
	struct blob_handle h[VALUES];
	struct log l;

	log_init(&l);
	write_values(&l, 0, 10, h);
	vlog_seal(&l.vlog);
	l.vlog.dirty[0]->dropped = true;
	env_mem_arm(l.env, ENV_MEM_NONE, 0, false);
	ck_ok(vlog_sync(&l.vlog));
	ck_assert_uint_eq(l.vlog.dirty_count, 0);
	/* But for its removal the disk is left alone. */
	ck_assert_uint_eq(env_mem_calls(l.env), 1);
	log_fini(&l);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("vlog");
	TCase *tc = suite_case(s, "values");

	tcase_add_test(tc, values_come_back);
	tcase_add_test(tc, handles_come_back);
	tcase_add_test(tc, cached_values_are_read_once);
	tcase_add_test(tc, flips_are_detected);
	tcase_add_test(tc, handles_that_lead_astray_are_detected);

	tc = suite_case(s, "files");
	tcase_add_test(tc, full_file_is_rolled);
	tcase_add_test(tc, sync_covers_every_file_that_was_written);
	tcase_add_test(tc, sealed_file_stays_dirty_while_somebody_writes);
	tcase_add_test(tc, dropped_file_need_not_be_synced);
	return suite_run(s);
}
