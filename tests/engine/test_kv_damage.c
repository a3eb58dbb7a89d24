/* What kv.h promises when files are damaged, or the disk fails. */
#include "tests/engine/small.h"

#include "engine/base/coding.h"
#include "engine/base/hash.h"
#include "engine/file_format.h"
#include "engine/wal.h"

/*
 * What a sync covered and nothing was written behind: damage to it is told from
 * a torn end by the mark that the sync left.
 */
START_TEST(damage_to_what_was_synced_last_is_told)
{
	struct kv_options salvage = small_options;
	struct env *env = small_env(), *after, *closed;
	struct kv *kv = small_open(env);
	struct kv *again;

	small_fill(kv, 0, 10, 100);
	ck_ok(kv_sync(kv, kv_mark(kv)));
	ck_ok(env_mem_cut(env, ENV_MEM_LOSE_NOTHING, 1, &after));
	ck_ok(env_mem_flip(after, "000001.wal", 400, 1));
	ck_assert_int_eq(kv_open(&again, after, NULL), -EBADMSG);

	env_free(after);

	/* Who would rather lose it than all has what is before. */
	salvage.salvage = true;
	ck_ok(env_mem_cut(env, ENV_MEM_LOSE_NOTHING, 1, &after));
	ck_ok(env_mem_flip(after, "000001.wal", 400, 1));
	ck_ok(kv_open(&again, after, &salvage));
	ck_ok(small_check(again, 0, 100));
	ck_assert_int_eq(small_check(again, 9, 100), -ENOENT);
	ck_ok(kv_verify(again));
	small_fill(again, 20, 5, 100);
	ck_ok(kv_close(again));
	ck_ok(env_mem_cut(after, ENV_MEM_LOSE_ALL, 1, &closed));
	env_free(after);
	ck_ok(kv_open(&again, closed, NULL));
	ck_ok(small_check(again, 0, 100));
	ck_ok(small_check(again, 24, 100));
	ck_ok(kv_close(again));
	env_free(closed);

	/* A log that is gone is missed. */
	ck_ok(env_mem_cut(env, ENV_MEM_LOSE_NOTHING, 1, &after));
	ck_ok(env_remove(after, "000001.wal"));
	ck_assert_int_eq(kv_open(&again, after, NULL), -EUCLEAN);
	env_free(after);
	ck_ok(kv_close(kv));
	env_free(env);
}
END_TEST

static void zero(struct env *env, const char *name, uint64_t from, uint64_t to)
{
	uint8_t bytes[4096] = { 0 };
	struct slice part = slice_of(bytes, (size_t)(to - from));
	struct env_file *f;

	ck_ok(env_open(env, name, ENV_WRITE, &f));
	ck_ok(env_write_at(f, &part, 1, from));
	env_close(f);
}

/* That the log says nothing is not enough: what is read must be all of it. */
static bool holds_all(struct kv *kv, unsigned count)
{
	unsigned i;

	for (i = 0; i < count; i++)
		if (small_check(kv, i, 100) < 0)
			return false;
	return true;
}

#define LOG_KEYS 200

/*
 * A page of zeros in a log, and with it whatever could lead to the records that
 * follow: wherever it is, that is told, or nothing is missing, as long as a
 * mark is behind it.  At the very end a log that lost its last page is like one
 * that never had it.
 */
START_TEST(zeroed_page_of_a_log_is_told)
{
	const uint64_t page = _i ? 4096 : 512;
	struct env *env = small_env(), *after;
	struct kv *kv = small_open(env), *again;
	uint64_t at, last;
	unsigned told = 0, i;

	for (i = 0; i < LOG_KEYS; i++) {
		small_fill(kv, i, 1, 100);
		if (i % 10 == 9)
			ck_ok(kv_sync(kv, kv_mark(kv)));
	}
	/* Keys, values and headers take more than this. */
	last = LOG_KEYS * 100;
	for (at = 0; at + page <= last; at += page) {
		ck_ok(env_mem_cut(env, ENV_MEM_LOSE_NOTHING, 1, &after));
		zero(after, "000001.wal", at ? at : FILE_HEADER_SIZE,
		     at + page);
		switch (kv_open(&again, after, NULL)) {
		case 0:
			ck_assert(holds_all(again, LOG_KEYS));
			ck_ok(kv_close(again));
			break;
		case -EBADMSG:
			told++;
			break;
		default:
			ck_abort_msg("page at %u", (unsigned)at);
		}
		env_free(after);
	}
	ck_assert_uint_eq(told, last / page);
	ck_ok(kv_close(kv));
	env_free(env);
}
END_TEST

/* The number of the file of that kind which is the first in the list. */
static void find_file(struct env *env, enum file_kind want,
		      char out[ENV_NAME_MAX + 1])
{
	struct env_names names = { 0 };
	enum file_kind kind;
	uint64_t number;
	size_t i;

	out[0] = '\0';
	ck_ok(env_list(env, &names));
	for (i = 0; i < names.count; i++)
		if (file_name_parse(names.names[i], &kind, &number) &&
		    kind == want &&
		    (!out[0] || strcmp(names.names[i], out) < 0))
			memcpy(out, names.names[i], ENV_NAME_MAX + 1);
	env_names_fini(&names);
	ck_assert_str_ne(out, "");
}

static uint64_t size_of(struct env *env, const char *name)
{
	struct env_file *f;
	uint64_t size;

	ck_ok(env_open(env, name, ENV_READ, &f));
	ck_ok(env_size(f, &size));
	env_close(f);
	return size;
}

/* Each damaged byte of an SST is found, while the store is open. */
START_TEST(verify_finds_every_flipped_byte_of_a_table)
{
	struct env *env = small_env();
	struct kv *kv = small_open(env);
	char name[ENV_NAME_MAX + 1];
	uint64_t at, size;
	int rc;

	small_fill(kv, 0, 30, 50);
	ck_ok(kv_flush(kv));
	ck_ok(kv_verify(kv));
	find_file(env, FILE_SST, name);
	size = size_of(env, name);
	for (at = 0; at < size; at++) {
		ck_ok(env_mem_flip(env, name, at, (uint8_t)(1 << at % 8)));
		rc = kv_verify(kv);
		if (rc != -EBADMSG && rc != -EUCLEAN && rc != -EPROTONOSUPPORT)
			ck_abort_msg("byte %u of %u: %d", (unsigned)at,
				     (unsigned)size, rc);
		if (!strstr(kv_error_text(rc), name))
			ck_abort_msg("byte %u: %s", (unsigned)at,
				     kv_error_text(rc));
		ck_ok(env_mem_flip(env, name, at, (uint8_t)(1 << at % 8)));
	}
	ck_ok(kv_verify(kv));
	ck_ok(kv_close(kv));
	env_free(env);
}
END_TEST

/* Damage takes what it struck, and leaves the rest. */
static void check_damage(enum file_kind kind, size_t value_size)
{
	struct env *env = small_env();
	struct kv *kv = small_open(env);
	char name[ENV_NAME_MAX + 1];
	unsigned i, lost = 0;
	int rc;

	small_fill(kv, 0, 50, value_size);
	ck_ok(kv_flush(kv));
	find_file(env, kind, name);
	ck_ok(env_mem_flip(env, name, 200, 0x10));
	rc = kv_verify(kv);
	ck_assert_int_eq(rc, -EBADMSG);
	ck_assert_ptr_nonnull(strstr(kv_error_text(rc), name));
	for (i = 0; i < 50; i++) {
		rc = small_check(kv, i, value_size);
		ck_assert(rc == 0 || rc == -EBADMSG);
		lost += rc != 0;
	}
	ck_assert_uint_ge(lost, 1);
	ck_assert_uint_le(lost, 12);

	/* Nor is the store lost for writing. */
	small_fill(kv, 100, 1, value_size);
	ck_ok(small_check(kv, 100, value_size));
	ck_ok(env_mem_flip(env, name, 200, 0x10));
	ck_ok(kv_verify(kv));
	ck_ok(kv_close(kv));
	env_free(env);
}

START_TEST(damaged_table_is_named_and_the_rest_is_read)
{
	check_damage(FILE_SST, 100);
}
END_TEST

START_TEST(damaged_blob_is_named_and_the_rest_is_read)
{
	check_damage(FILE_BLOB, 3000);
}
END_TEST

START_TEST(failed_sync_poisons_until_reopened)
{
	struct env *env = small_env(), *after;
	struct kv *kv = small_open(env);
	char key[32];

	small_fill(kv, 0, 10, 100);
	ck_ok(kv_sync(kv, kv_mark(kv)));
	small_fill(kv, 10, 1, 100);
	env_mem_arm(env, ENV_MEM_EIO, 1, false);
	ck_assert_int_eq(kv_sync(kv, kv_mark(kv)), -EIO);
	ck_assert_int_eq(kv_sync(kv, kv_mark(kv)), -EROFS);
	ck_assert_int_eq(small_put(kv, small_key(key, 11), slice_str("v")),
			 -EROFS);
	ck_ok(small_check(kv, 10, 100));
	ck_assert_int_eq(kv_close(kv), -EROFS);

	ck_ok(env_mem_cut(env, ENV_MEM_LOSE_ALL, 1, &after));
	env_free(env);
	kv = small_open(after);
	ck_ok(small_check(kv, 9, 100));
	small_fill(kv, 11, 1, 100);
	ck_ok(kv_close(kv));
	env_free(after);
}
END_TEST

/*
 * A value with a record in it, which says that changes are durable that nobody
 * has made: it verifies if the record before it has @seed for a checksum.
 */
static void forge(uint8_t value[400], uint64_t seed)
{
	uint8_t *record = value + 360, signed_part[32];
	uint32_t size = WAL_HEADER_SIZE;

	memset(value, 'A', 400);
	put_le32(record, size);
	put_le32(record + 4, ~size);
	put_le64(record + 16, 1);
	put_le64(record + 24, (uint64_t)1 << 50);
	put_le32(record + 32, 0);
	memcpy(signed_part, record, 8);
	memcpy(signed_part + 8, record + 16, size);
	put_le64(record + 8, checksum(seed, signed_part, 8 + size));
}

/*
 * What somebody writes into values lies in the log, and, when its file is used
 * again, behind the end of the next one.  Whatever it looks like, it is no
 * record, neither behind zeros nor behind a record that does not verify.
 */
START_TEST(value_that_looks_like_a_record_is_none)
{
	struct env *env = small_env(), *after;
	struct kv *kv = small_open(env), *again;
	uint8_t value[400];
	char key[16];
	unsigned i, life;

	forge(value, 0);
	for (life = 0; life < 4; life++) {
		for (i = 0; i < 20; i++) {
			snprintf(key, sizeof(key), "evil%u", i);
			ck_ok(small_put(kv, slice_str(key),
					slice_of(value, sizeof(value))));
		}
		ck_ok(kv_flush(kv));
		small_fill(kv, life, 1, 100);
		ck_ok(kv_sync(kv, kv_mark(kv)));
		ck_ok(env_mem_cut(env, ENV_MEM_LOSE_NOTHING, 1, &after));
		ck_ok(kv_open(&again, after, NULL));
		ck_assert(holds_all(again, life + 1));
		ck_ok(kv_close(again));
		env_free(after);
	}
	ck_ok(kv_close(kv));
	env_free(env);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kv_damage");
	TCase *tc = suite_case(s, "damage");

	tcase_add_test(tc, damage_to_what_was_synced_last_is_told);
	tcase_add_test(tc, value_that_looks_like_a_record_is_none);
	tcase_add_loop_test(tc, zeroed_page_of_a_log_is_told, 0, 2);
	tcase_add_test(tc, verify_finds_every_flipped_byte_of_a_table);
	tcase_add_test(tc, damaged_table_is_named_and_the_rest_is_read);
	tcase_add_test(tc, damaged_blob_is_named_and_the_rest_is_read);
	tcase_add_test(tc, failed_sync_poisons_until_reopened);
	return suite_run(s);
}
