/* Versions and edits: their bytes, their sums, and what they refuse. */
#include "tests/engine/tables.h"

#include "engine/base/coding.h"
#include "engine/base/env_mem.h"

/* An edit with something of everything. */
static struct edit edit_of_all(void)
{
	struct edit e = { .wal_min = 3, .next_number = 300, .seq_last = 70000 };

	edit_add_table(&e, 0, table(1, "a", "m"));
	edit_add_table(&e, 6, table_with_refs(200, "k", "zz", 5, 7));
	ck_ok(edit_remove_sst(&e, 2, 33));
	ck_ok(edit_remove_sst(&e, 0, 34));
	ck_ok(edit_add_blob(&e, 5, 6, NULL));
	ck_ok(edit_remove_blob(&e, 4));
	return e;
}

static struct buf encode(const struct edit *e)
{
	struct buf out = BUF_INIT;

	ck_ok(edit_encode(e, &out));
	return out;
}

static int decode(struct edit *e, struct slice in)
{
	*e = (struct edit){ 0 };
	return edit_decode(e, in, NULL, tables_store_id);
}

START_TEST(edits_come_back)
{
	struct edit e = edit_of_all(), back;
	struct buf a = encode(&e), b;
	const struct sst *sst;

	ck_ok(decode(&back, buf_slice(&a)));
	ck_assert_uint_eq(back.added_count, 2);
	ck_assert_uint_eq(back.added[1].level, 6);
	sst = back.added[1].sst;
	ck_assert_uint_eq(sst->number, 200);
	ck_assert_uint_eq(sst->size, 1000);
	ck_assert(slice_eq(sst_key_min(sst), slice_str("k")));
	ck_assert(slice_eq(sst_key_max(sst), slice_str("zz")));
	ck_assert_uint_eq(sst->props.seq_max, 200);
	ck_assert_uint_eq(sst->props.blob_refs.count, 1);
	ck_assert_uint_eq(sst->props.blob_refs.items[0].stored_bytes, 700);
	ck_assert_uint_eq(sst->props.blob_refs.items[0].raw_bytes, 7000);
	ck_assert_uint_eq(back.removed_count, 2);
	ck_assert_uint_eq(back.removed[0].level, 2);
	ck_assert_uint_eq(back.removed[0].number, 33);
	ck_assert_uint_eq(back.blobs_added_count, 1);
	ck_assert_uint_eq(back.blobs_added[0].id, 5);
	ck_assert_uint_eq(back.blobs_added[0].number, 6);
	ck_assert_uint_eq(back.blobs_removed_count, 1);
	ck_assert_uint_eq(back.blobs_removed[0].id, 4);
	ck_assert_uint_eq(back.wal_min, 3);
	ck_assert_uint_eq(back.next_number, 300);
	ck_assert_uint_eq(back.seq_last, 70000);
	b = encode(&back);
	ck_assert(slice_eq(buf_slice(&a), buf_slice(&b)));
	buf_fini(&a);
	buf_fini(&b);
	edit_fini(&e);
	edit_fini(&back);
}
END_TEST

/* Cut between two items an edit is a shorter one, elsewhere nonsense. */
START_TEST(cut_edits_are_shorter_or_nonsense)
{
	struct edit e = edit_of_all(), back;
	struct buf a = encode(&e);
	size_t size, whole = 0;
	int rc;

	for (size = 0; size < a.size; size++) {
		uint8_t *copy = malloc(size + !size);

		ck_assert_ptr_nonnull(copy);
		memcpy(copy, a.data, size);
		rc = decode(&back, slice_of(copy, size));
		ck_assert(rc == 0 || rc == -EUCLEAN);
		whole += rc == 0;
		edit_fini(&back);
		free(copy);
	}
	/* Nine items, so nine places before the end of one. */
	ck_assert_uint_eq(whole, 9);
	buf_fini(&a);
	edit_fini(&e);
}
END_TEST

START_TEST(each_flipped_bit_is_survived)
{
	struct edit e = edit_of_all(), back;
	struct buf a = encode(&e);
	size_t i;
	int rc;

	for (i = 0; i < a.size * 8; i++) {
		a.data[i / 8] ^= (uint8_t)(1 << i % 8);
		rc = decode(&back, buf_slice(&a));
		ck_assert(rc == 0 || rc == -EUCLEAN);
		edit_fini(&back);
		a.data[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	buf_fini(&a);
	edit_fini(&e);
}
END_TEST

START_TEST(items_that_cannot_be)
{
	static const uint8_t unknown[] = { 99, 0 };
	static const uint8_t deep[] = { EDIT_REMOVE_SST, VERSION_LEVELS, 1 };
	static const uint8_t empty[] = { EDIT_ADD_SST, 0, 1, 1, 0 };
	struct edit e;

	ck_assert_int_eq(decode(&e, slice_of(unknown, 2)), -EUCLEAN);
	edit_fini(&e);
	ck_assert_int_eq(decode(&e, slice_of(deep, 3)), -EUCLEAN);
	edit_fini(&e);
	ck_assert_int_eq(decode(&e, slice_of(empty, 5)), -EUCLEAN);
	edit_fini(&e);
}
END_TEST

START_TEST(fold_adds_up)
{
	struct edit sum = { 0 }, e = { .wal_min = 3, .seq_last = 9 };

	edit_add_table(&e, 0, table(1, "a", "b"));
	edit_add_table(&e, 0, table(2, "a", "b"));
	ck_ok(edit_add_blob(&e, 7, 8, NULL));
	ck_ok(edit_fold(&sum, &e));
	edit_fini(&e);

	/* A table that moves down is removed here and added there. */
	e.next_number = 5;
	ck_ok(edit_remove_sst(&e, 0, 1));
	edit_add_table(&e, 1, table(1, "a", "b"));
	ck_ok(edit_remove_blob(&e, 7));
	ck_ok(edit_add_blob(&e, 9, 10, NULL));
	ck_ok(edit_fold(&sum, &e));
	edit_fini(&e);
	ck_assert_uint_eq(sum.added_count, 2);
	ck_assert_uint_eq(sum.added[0].number + sum.added[1].number, 3);
	ck_assert_uint_eq(sum.added[0].level + sum.added[1].level, 1);
	ck_assert_uint_eq(sum.removed_count, 0);
	ck_assert_uint_eq(sum.blobs_added_count, 1);
	ck_assert_uint_eq(sum.blobs_added[0].id, 9);
	ck_assert_uint_eq(sum.wal_min, 3);
	ck_assert_uint_eq(sum.next_number, 5);
	ck_assert_uint_eq(sum.seq_last, 9);
	edit_fini(&sum);
}
END_TEST

START_TEST(fold_refuses_to_remove_what_is_not_there)
{
	struct edit sum = { 0 }, e = { 0 };

	edit_add_table(&sum, 1, table(1, "a", "b"));
	ck_ok(edit_remove_sst(&e, 0, 1));
	ck_assert_int_eq(edit_fold(&sum, &e), -EUCLEAN);
	edit_fini(&e);
	ck_ok(edit_remove_sst(&e, 1, 2));
	ck_assert_int_eq(edit_fold(&sum, &e), -EUCLEAN);
	edit_fini(&e);
	ck_ok(edit_remove_blob(&e, 1));
	ck_assert_int_eq(edit_fold(&sum, &e), -EUCLEAN);
	edit_fini(&e);
	edit_fini(&sum);
}
END_TEST

START_TEST(levels_are_sorted)
{
	struct version *v = version_new(), *old;
	struct edit e = { 0 };

	edit_add_table(&e, 0, table(1, "a", "z"));
	edit_add_table(&e, 0, table(3, "a", "z"));
	edit_add_table(&e, 0, table(2, "a", "z"));
	edit_add_table(&e, 1, table(5, "m", "p"));
	edit_add_table(&e, 1, table(4, "q", "z"));
	edit_add_table(&e, 1, table(6, "a", "b"));
	ck_ok(apply(&v, &e));
	/* L0: newest first.  Below: by key. */
	ck_assert_uint_eq(v->levels[0]->ssts[0]->number, 3);
	ck_assert_uint_eq(v->levels[0]->ssts[2]->number, 1);
	ck_assert_uint_eq(v->levels[1]->ssts[0]->number, 6);
	ck_assert_uint_eq(v->levels[1]->ssts[2]->number, 4);
	ck_assert_uint_eq(v->levels[1]->bytes, 3000);

	/* What an edit does not touch is shared, the old one unchanged. */
	old = version_ref(v);
	ck_ok(edit_remove_sst(&e, 1, 5));
	ck_ok(apply(&v, &e));
	ck_assert_ptr_eq(v->levels[0], old->levels[0]);
	ck_assert_uint_eq(v->levels[1]->count, 2);
	ck_assert_uint_eq(v->levels[1]->bytes, 2000);
	ck_assert_uint_eq(old->levels[1]->count, 3);
	version_unref(old);
	version_unref(v);
	version_unref(NULL);
}
END_TEST

START_TEST(tables_below_level_0_do_not_overlap)
{
	static const char *const ranges[][2] = {
		{ "c", "d" }, { "a", "c" },   { "d", "f" },
		{ "a", "z" }, { "cc", "cd" },
	};
	struct version *v = version_new();
	struct edit e = { 0 };
	size_t i;

	edit_add_table(&e, 3, table(1, "c", "d"));
	ck_ok(apply(&v, &e));
	for (i = 0; i < ARRAY_SIZE(ranges); i++) {
		edit_add_table(&e, 3, table(2, ranges[i][0], ranges[i][1]));
		ck_assert_int_eq(apply(&v, &e), -EUCLEAN);
		edit_add_table(&e, 0, table(2, ranges[i][0], ranges[i][1]));
		ck_ok(apply(&v, &e));
	}
	edit_add_table(&e, 3, table(9, "a", "bz"));
	edit_add_table(&e, 3, table(8, "d0", "z"));
	ck_ok(apply(&v, &e));
	ck_assert_uint_eq(v->levels[3]->count, 3);
	version_unref(v);
}
END_TEST

static void check_overlap(const struct version *v, const char *min,
			  const char *max, size_t want_first, size_t want_count)
{
	size_t first, count;

	level_overlap(v->levels[2], slice_str(min), slice_str(max), &first,
		      &count);
	ck_assert_uint_eq(count, want_count);
	if (count > 0)
		ck_assert_uint_eq(first, want_first);
	/* Of one key, the one table. */
	if (strcmp(min, max) == 0)
		ck_assert_ptr_eq(level_find(v->levels[2], slice_str(min)),
				 count ? v->levels[2]->ssts[first] : NULL);
}

START_TEST(overlap_includes_both_ends)
{
	struct version *v = version_new();
	struct edit e = { 0 };

	edit_add_table(&e, 2, table(1, "b", "d"));
	edit_add_table(&e, 2, table(2, "f", "h"));
	edit_add_table(&e, 2, table(3, "j", "j"));
	ck_ok(apply(&v, &e));
	ck_assert_uint_eq(v->filled, 1u << 2);
	check_overlap(v, "a", "a", 0, 0);
	check_overlap(v, "a", "b", 0, 1);
	check_overlap(v, "d", "d", 0, 1);
	check_overlap(v, "d0", "e", 0, 0);
	check_overlap(v, "d", "f", 0, 2);
	check_overlap(v, "e", "i", 1, 1);
	check_overlap(v, "j", "j", 2, 1);
	check_overlap(v, "a", "z", 0, 3);
	check_overlap(v, "k", "z", 0, 0);

	ck_assert(!version_absent_below(v, 1, slice_str("c"), slice_str("c")));
	ck_assert(!version_absent_below(v, 2, slice_str("j"), slice_str("j")));
	ck_assert(version_absent_below(v, 3, slice_str("c"), slice_str("c")));
	ck_assert(version_absent_below(v, 1, slice_str("e"), slice_str("e")));
	version_unref(v);
}
END_TEST

static void expect_live(const struct version *v, uint64_t id, uint64_t count)
{
	const struct version_blob *b = version_blob(v, id);

	ck_assert_ptr_nonnull(b);
	ck_assert_uint_eq(b->live_count, count);
	ck_assert_uint_eq(b->live_stored_bytes, count * 100);
	ck_assert_uint_eq(b->live_raw_bytes, count * 1000);
}

START_TEST(live_counts_follow_the_tables)
{
	struct version *v = version_new();
	struct edit e = { 0 };
	struct blob *b;
	struct env *env;
	uint64_t id;

	ck_ok(env_mem_new(&env, 1));
	for (id = 1; id <= 3; id++) {
		ck_ok(blob_create(&b, env, id, id, tables_store_id));
		ck_ok(edit_add_blob(&e, id, id, b));
		blob_unref(b);
	}
	ck_ok(apply(&v, &e));
	expect_live(v, 1, 0);
	ck_assert_ptr_null(version_blob(v, 4));

	edit_add_table(&e, 0, table_with_refs(10, "a", "b", 1, 5));
	edit_add_table(&e, 1, table_with_refs(11, "a", "b", 1, 2));
	edit_add_table(&e, 1, table_with_refs(12, "c", "d", 2, 9));
	ck_ok(apply(&v, &e));
	expect_live(v, 1, 7);
	expect_live(v, 2, 9);
	expect_live(v, 3, 0);

	/* Two tables become one, and one moves: counted once all along. */
	ck_ok(edit_remove_sst(&e, 0, 10));
	ck_ok(edit_remove_sst(&e, 1, 11));
	ck_ok(edit_remove_sst(&e, 1, 12));
	edit_add_table(&e, 1, table_with_refs(13, "a", "b", 1, 6));
	edit_add_table(&e, 2, table_with_refs(12, "c", "d", 2, 9));
	ck_ok(edit_remove_blob(&e, 3));
	ck_ok(apply(&v, &e));
	expect_live(v, 1, 6);
	expect_live(v, 2, 9);
	ck_assert_ptr_null(version_blob(v, 3));

	/* A table may not refer to a blob that is not there, or goes. */
	edit_add_table(&e, 0, table_with_refs(20, "a", "b", 3, 1));
	ck_assert_int_eq(apply(&v, &e), -EUCLEAN);
	edit_add_table(&e, 0, table_with_refs(20, "a", "b", 1, 1));
	ck_ok(edit_remove_blob(&e, 1));
	ck_assert_int_eq(apply(&v, &e), -EUCLEAN);
	version_unref(v);
	env_free(env);
}
END_TEST

START_TEST(version_as_an_edit_makes_the_same_version)
{
	struct version *v = version_new(), *again = version_new();
	struct buf a, b;
	struct edit e = { 0 };

	edit_add_table(&e, 0, table(1, "a", "z"));
	edit_add_table(&e, 0, table(2, "a", "z"));
	edit_add_table(&e, 4, table(3, "a", "z"));
	ck_ok(apply(&v, &e));
	ck_ok(version_to_edit(v, &e));
	a = encode(&e);
	ck_ok(apply(&again, &e));
	ck_ok(version_to_edit(again, &e));
	b = encode(&e);
	ck_assert_uint_gt(a.size, 0);
	ck_assert(slice_eq(buf_slice(&a), buf_slice(&b)));
	edit_fini(&e);
	buf_fini(&a);
	buf_fini(&b);
	version_unref(v);
	version_unref(again);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("version");
	TCase *tc = suite_case(s, "edits");

	tcase_add_test(tc, edits_come_back);
	tcase_add_test(tc, cut_edits_are_shorter_or_nonsense);
	tcase_add_test(tc, each_flipped_bit_is_survived);
	tcase_add_test(tc, items_that_cannot_be);
	tcase_add_test(tc, fold_adds_up);
	tcase_add_test(tc, fold_refuses_to_remove_what_is_not_there);

	tc = suite_case(s, "versions");
	tcase_add_test(tc, levels_are_sorted);
	tcase_add_test(tc, tables_below_level_0_do_not_overlap);
	tcase_add_test(tc, overlap_includes_both_ends);
	tcase_add_test(tc, live_counts_follow_the_tables);
	tcase_add_test(tc, version_as_an_edit_makes_the_same_version);
	return suite_run(s);
}
