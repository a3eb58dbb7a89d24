/* The write-ahead log: what a record says, and what makes no sense. */
#include "tests/suite.h"

#include "engine/base/env_mem.h"
#include "engine/kv.h"
#include "engine/wal.h"

static const uint8_t store_id[16] = "the log's store";

/* A payload of three changes from sequence number 10 on. */
static struct buf payload_of_three(void)
{
	static const uint8_t room[WAL_HEADER_SIZE];
	struct buf b = BUF_INIT;

	ck_ok(buf_append(&b, room, sizeof(room)));
	ck_ok(wal_put(&b, ENTRY_PUT, slice_str("key"), slice_str("value")));
	ck_ok(wal_put(&b, ENTRY_DELETE, slice_str("gone"), slice_of(NULL, 0)));
	ck_ok(wal_put(&b, ENTRY_BLOB, slice_str("large"), slice_str("handle")));
	wal_set_header(&b, 10, 7, 3);
	return b;
}

static void expect(struct wal_record *r, const char *key, const char *value,
		   uint64_t tag)
{
	struct entry e;

	ck_assert_int_eq(wal_record_next(r, &e), 1);
	ck_assert(slice_eq(e.key, slice_str(key)));
	ck_assert(slice_eq(e.value, slice_str(value)));
	ck_assert_uint_eq(e.tag, tag);
}

START_TEST(changes_come_back)
{
	struct buf b = payload_of_three();
	struct wal_record r;
	struct entry e;

	ck_ok(wal_record_open(&r, buf_slice(&b)));
	ck_assert_uint_eq(r.seq, 10);
	ck_assert_uint_eq(r.durable, 7);
	ck_assert_uint_eq(r.count, 3);
	expect(&r, "key", "value", entry_tag(10, ENTRY_PUT));
	expect(&r, "gone", "", entry_tag(11, ENTRY_DELETE));
	expect(&r, "large", "handle", entry_tag(12, ENTRY_BLOB));
	ck_ok(wal_record_next(&r, &e));
	buf_fini(&b);
}
END_TEST

/* Walks over a record that may be anything; returns how it ended. */
static int walk(struct slice payload, unsigned *changes)
{
	struct wal_record r;
	struct entry e;
	int rc = wal_record_open(&r, payload);

	*changes = 0;
	while (rc == 0 && (rc = wal_record_next(&r, &e)) == 1) {
		rc = 0;
		++*changes;
		if (*changes == r.count)
			return wal_record_next(&r, &e);
	}
	return rc;
}

START_TEST(cut_anywhere_it_is_nonsense)
{
	struct buf b = payload_of_three();
	unsigned changes;
	size_t size;

	for (size = 0; size < b.size; size++) {
		/* In memory of that size, for a sanitizer to watch. */
		uint8_t *copy = malloc(size + !size);

		ck_assert_ptr_nonnull(copy);
		memcpy(copy, b.data, size);
		ck_assert_int_eq(walk(slice_of(copy, size), &changes),
				 -EUCLEAN);
		ck_assert_uint_lt(changes, 3);
		free(copy);
	}
	ck_ok(walk(buf_slice(&b), &changes));
	ck_assert_uint_eq(changes, 3);
	buf_fini(&b);
}
END_TEST

START_TEST(each_flipped_bit_is_survived)
{
	struct buf b = payload_of_three();
	unsigned changes, bit;
	size_t i;
	int rc;

	for (i = 0; i < b.size; i++) {
		for (bit = 0; bit < 8; bit++) {
			b.data[i] ^= (uint8_t)(1 << bit);
			rc = walk(buf_slice(&b), &changes);
			ck_assert(rc == 0 || rc == -EUCLEAN);
			b.data[i] ^= (uint8_t)(1 << bit);
		}
	}
	buf_fini(&b);
}
END_TEST

START_TEST(trailing_bytes_are_nonsense)
{
	struct buf b = payload_of_three();
	unsigned changes;

	ck_ok(buf_append(&b, "", 1));
	ck_assert_int_eq(walk(buf_slice(&b), &changes), -EUCLEAN);
	ck_assert_uint_eq(changes, 3);
	buf_fini(&b);
}
END_TEST

/* A mark is known by its log's salt, and no other bytes are taken for one. */
START_TEST(marks_are_signed)
{
	static struct wal_spare spare;
	uint8_t bytes[WAL_MARK_SIZE];
	struct buf mark = { .data = bytes,
			    .size = sizeof(bytes),
			    .cap = sizeof(bytes) };
	struct env *env;
	struct wal *w;
	uint64_t salt;
	unsigned changes;
	size_t i;

	ck_ok(env_mem_new(&env, 1));
	ck_ok(wal_create(&w, env, 1, store_id, &spare));
	salt = reclog_salt(w->log);
	wal_set_mark(w, &mark, 7, 5);
	ck_ok(walk(buf_slice(&mark), &changes));
	ck_assert_uint_eq(changes, 0);
	ck_assert(wal_is_mark(buf_slice(&mark), salt));
	ck_assert(!wal_is_mark(buf_slice(&mark), salt + 1));
	ck_assert(!wal_is_mark(slice_of(bytes, sizeof(bytes) - 1), salt));
	for (i = 0; i < sizeof(bytes); i++) {
		bytes[i] ^= 1;
		ck_assert(!wal_is_mark(buf_slice(&mark), salt));
		bytes[i] ^= 1;
	}
	/* Those of older stores are not. */
	ck_ok(walk(slice_of(bytes, WAL_HEADER_SIZE), &changes));
	wal_unref(w);
	env_free(env);
}
END_TEST

START_TEST(headers_that_cannot_be)
{
	struct buf b = payload_of_three();
	struct wal_record r;

	wal_set_header(&b, 0, 0, 3);
	ck_assert_int_eq(wal_record_open(&r, buf_slice(&b)), -EUCLEAN);
	wal_set_header(&b, ENTRY_SEQ_MAX, 0, 3);
	ck_assert_int_eq(wal_record_open(&r, buf_slice(&b)), -EUCLEAN);
	wal_set_header(&b, UINT64_MAX, 0, 3);
	ck_assert_int_eq(wal_record_open(&r, buf_slice(&b)), -EUCLEAN);
	wal_set_header(&b, ENTRY_SEQ_MAX - 3, 0, 3);
	ck_ok(wal_record_open(&r, buf_slice(&b)));
	buf_fini(&b);
}
END_TEST

START_TEST(keys_that_cannot_be)
{
	static const uint8_t key[KV_KEY_MAX + 1], room[WAL_HEADER_SIZE];
	static const struct {
		size_t size;
		int rc;
	} cases[] = { { 0, -EUCLEAN },
		      { 1, 0 },
		      { KV_KEY_MAX, 0 },
		      { KV_KEY_MAX + 1, -EUCLEAN } };
	struct buf b = BUF_INIT;
	unsigned changes;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		buf_reset(&b);
		ck_ok(buf_append(&b, room, sizeof(room)));
		ck_ok(wal_put(&b, ENTRY_PUT, slice_of(key, cases[i].size),
			      slice_str("value")));
		wal_set_header(&b, 1, 0, 1);
		ck_assert_int_eq(walk(buf_slice(&b), &changes), cases[i].rc);
	}
	/* Nor is there a fourth kind. */
	b.data[WAL_HEADER_SIZE] = ENTRY_BLOB + 1;
	ck_assert_int_eq(walk(buf_slice(&b), &changes), -EUCLEAN);
	buf_fini(&b);
}
END_TEST

static struct wal_spare spare;

START_TEST(new_log_survives_a_power_cut)
{
	struct reclog_reader *r;
	struct env *env, *after;
	struct slice payload;
	struct wal *w;

	ck_ok(env_mem_new(&env, 1));
	ck_ok(wal_create(&w, env, 5, store_id, &spare));
	ck_ok(env_mem_cut(env, ENV_MEM_LOSE_ALL, 1, &after));
	ck_ok(reclog_reader_open(&r, after, FILE_WAL, 5, store_id));
	ck_ok(reclog_reader_next(r, &payload));
	reclog_reader_close(r);
	env_free(after);
	wal_unref(w);
	wal_unref(NULL);
	env_free(env);
}
END_TEST

START_TEST(sync_covers_what_was_appended)
{
	struct slice record = slice_str("a record"), payload;
	struct reclog_reader *r;
	struct env *env, *after;
	struct wal *w;

	ck_ok(env_mem_new(&env, 1));
	ck_ok(wal_create(&w, env, 5, store_id, &spare));
	/* With nothing to do, the disk is left alone. */
	env_mem_arm(env, ENV_MEM_NONE, 0, false);
	ck_ok(wal_sync(w));
	ck_assert_uint_eq(env_mem_calls(env), 0);

	ck_ok(wal_append(w, &record, 1));
	ck_ok(wal_sync(w));
	ck_ok(env_mem_cut(env, ENV_MEM_LOSE_ALL, 1, &after));
	ck_ok(reclog_reader_open(&r, after, FILE_WAL, 5, store_id));
	ck_assert_int_eq(reclog_reader_next(r, &payload), 1);
	ck_assert(slice_eq(payload, record));
	reclog_reader_close(r);
	env_free(after);
	wal_unref(w);
	env_free(env);
}
END_TEST

static size_t count_files(struct env *env)
{
	struct env_names names = { 0 };
	size_t count;

	ck_ok(env_list(env, &names));
	count = names.count;
	env_names_fini(&names);
	return count;
}

/* The first one that is dropped waits to be reused, others are removed. */
START_TEST(dropped_log_leaves_its_file_to_the_next)
{
	struct wal *w, *again, *third;
	struct env *env;

	ck_ok(env_mem_new(&env, 1));
	ck_ok(wal_create(&w, env, 5, store_id, &spare));
	ck_ok(wal_create(&third, env, 6, store_id, &spare));
	again = wal_ref(w);
	w->dropped = true;
	wal_unref(w);
	ck_assert_uint_eq(spare.number, 0);
	wal_unref(again);
	ck_assert_uint_eq(spare.number, 5);
	ck_assert_uint_eq(count_files(env), 2);
	third->dropped = true;
	wal_unref(third);
	ck_assert_uint_eq(spare.number, 5);
	ck_assert_uint_eq(count_files(env), 1);

	ck_ok(wal_create(&w, env, 7, store_id, &spare));
	ck_assert_uint_eq(spare.number, 0);
	ck_assert_uint_eq(count_files(env), 1);
	wal_unref(w);
	ck_assert_uint_eq(count_files(env), 1);
	env_free(env);
}
END_TEST

START_TEST(log_that_is_synced_often_says_so)
{
	struct slice record = slice_str("a record");
	struct env *env;
	struct wal *w;
	int i;

	ck_ok(env_mem_new(&env, 1));
	ck_ok(wal_create(&w, env, 5, store_id, &spare));
	ck_assert(!wal_is_synced_often(w));
	for (i = 0; i < 10; i++) {
		ck_ok(wal_append(w, &record, 1));
		ck_ok(wal_sync(w));
	}
	ck_assert(wal_is_synced_often(w));
	for (i = 0; i < 10000; i++)
		ck_ok(wal_append(w, &record, 1));
	ck_ok(wal_sync(w));
	ck_assert(!wal_is_synced_often(w));
	wal_unref(w);
	env_free(env);
}
END_TEST

START_TEST(log_that_cannot_be_created_leaves_nothing)
{
	struct env *env;
	struct wal *w;
	uint64_t k, calls;

	ck_ok(env_mem_new(&env, 1));
	env_mem_arm(env, ENV_MEM_NONE, 0, false);
	ck_ok(wal_create(&w, env, 1, store_id, &spare));
	calls = env_mem_calls(env);
	w->dropped = true;
	wal_unref(w);
	ck_ok(env_remove(env, "000001.wal"));
	spare.number = 0;
	for (k = 1; k <= calls; k++) {
		env_mem_arm(env, ENV_MEM_EIO, k, false);
		ck_assert_int_eq(wal_create(&w, env, k + 1, store_id, &spare),
				 -EIO);
		ck_assert_uint_eq(count_files(env), 0);
	}
	env_free(env);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("wal");
	TCase *tc = suite_case(s, "records");

	tcase_add_test(tc, changes_come_back);
	tcase_add_test(tc, cut_anywhere_it_is_nonsense);
	tcase_add_test(tc, each_flipped_bit_is_survived);
	tcase_add_test(tc, trailing_bytes_are_nonsense);
	tcase_add_test(tc, marks_are_signed);
	tcase_add_test(tc, headers_that_cannot_be);
	tcase_add_test(tc, keys_that_cannot_be);

	tc = suite_case(s, "files");
	tcase_add_test(tc, new_log_survives_a_power_cut);
	tcase_add_test(tc, sync_covers_what_was_appended);
	tcase_add_test(tc, dropped_log_leaves_its_file_to_the_next);
	tcase_add_test(tc, log_that_is_synced_often_says_so);
	tcase_add_test(tc, log_that_cannot_be_created_leaves_nothing);
	return suite_run(s);
}
