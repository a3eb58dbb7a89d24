/* SUPER and the manifest: written, read, rewritten, newer and damaged. */
#include "tests/engine/tables.h"

#include "engine/base/coding.h"
#include "engine/base/env_mem.h"
#include "engine/base/hash.h"
#include "engine/manifest.h"

static struct env *new_env(void)
{
	struct env *env;

	ck_ok(env_mem_new(&env, 1));
	return env;
}

static struct super super_of(uint64_t manifest)
{
	struct super super = { .manifest = manifest,
			       .manifest_size = 1234,
			       .compat = 0xf0 };

	memcpy(super.store_id, tables_store_id, sizeof(super.store_id));
	return super;
}

START_TEST(super_comes_back)
{
	struct env *env = new_env(), *after;
	struct super super = super_of(7), back;

	ck_assert_int_eq(manifest_read_super(env, &back), -ENOENT);
	ck_ok(manifest_write_super(env, &super));
	super.manifest = 8;
	ck_ok(manifest_write_super(env, &super));
	/* Durable, and as a whole. */
	ck_ok(env_mem_cut(env, ENV_MEM_LOSE_ALL, 1, &after));
	ck_ok(manifest_read_super(after, &back));
	ck_assert_uint_eq(back.manifest, 8);
	ck_assert_uint_eq(back.manifest_size, 1234);
	ck_assert_uint_eq(back.compat, 0xf0);
	ck_assert_mem_eq(back.store_id, tables_store_id, 16);
	env_free(after);
	env_free(env);
}
END_TEST

START_TEST(unknown_features_are_refused)
{
	struct env *env = new_env();
	struct super super, back;

	super = super_of(7);
	super.incompat = 1;
	ck_ok(manifest_write_super(env, &super));
	ck_assert_int_eq(manifest_read_super(env, &back), -EPROTONOSUPPORT);
	super = super_of(7);
	super.ro_compat = (uint64_t)1 << 63;
	ck_ok(manifest_write_super(env, &super));
	ck_assert_int_eq(manifest_read_super(env, &back), -EPROTONOSUPPORT);
	env_free(env);
}
END_TEST

/* Writes @bytes over a part of SUPER's header and makes it verify again. */
static void forge_header(struct env *env, size_t at, uint8_t byte)
{
	uint8_t header[FILE_HEADER_SIZE];
	struct slice part = slice_of(header, sizeof(header));
	struct env_file *f;

	ck_ok(env_open(env, FILE_SUPER_NAME, ENV_WRITE, &f));
	ck_ok(env_read_full(f, header, sizeof(header), 0));
	header[at] = byte;
	put_le64(header + 56, checksum(0, header, 56));
	ck_ok(env_write_at(f, &part, 1, 0));
	env_close(f);
}

START_TEST(newer_formats_are_refused)
{
	struct super super = super_of(7), back;
	struct env *env = new_env();

	ck_ok(manifest_write_super(env, &super));
	forge_header(env, 8, FILE_FORMAT_MAJOR + 1);
	ck_assert_int_eq(manifest_read_super(env, &back), -EPROTONOSUPPORT);
	forge_header(env, 8, FILE_FORMAT_MAJOR);
	ck_ok(manifest_read_super(env, &back));
	/* A newer minor is none of our business. */
	forge_header(env, 10, FILE_FORMAT_MINOR + 1);
	ck_ok(manifest_read_super(env, &back));
	forge_header(env, 14, 1);
	ck_assert_int_eq(manifest_read_super(env, &back), -EPROTONOSUPPORT);
	env_free(env);
}
END_TEST

START_TEST(each_flipped_bit_of_super_is_detected)
{
	struct super super = super_of(7), back;
	struct env *env = new_env();
	unsigned at;
	int rc;

	ck_ok(manifest_write_super(env, &super));
	for (at = 0; at < SUPER_SIZE * 8; at++) {
		uint8_t mask = (uint8_t)(1 << at % 8);

		ck_ok(env_mem_flip(env, FILE_SUPER_NAME, at / 8, mask));
		rc = manifest_read_super(env, &back);
		ck_assert_int_eq(rc, at / 8 < 8 ? -EUCLEAN : -EBADMSG);
		ck_ok(env_mem_flip(env, FILE_SUPER_NAME, at / 8, mask));
	}
	ck_ok(manifest_read_super(env, &back));
	env_free(env);
}
END_TEST

/* An open manifest, and the version that it should say. */
struct store {
	struct env *env;
	struct manifest manifest;
	_Atomic uint64_t next_number;
	struct version *version;
};

static void store_init(struct store *s)
{
	s->env = new_env();
	s->next_number = 1;
	s->version = version_new();
	manifest_init(&s->manifest, s->env, &s->next_number);
	memcpy(s->manifest.super.store_id, tables_store_id, 16);
	ck_ok(manifest_rewrite(&s->manifest, s->version));
}

static void store_fini(struct store *s)
{
	manifest_fini(&s->manifest);
	version_unref(s->version);
	env_free(s->env);
}

/* Adds table @number in an edit of its own. */
static void append(struct store *s, uint64_t number)
{
	struct edit e = { .seq_last = number };
	struct version *next;

	edit_add_table(&e, 0, table(number, "a", "b"));
	ck_ok(version_apply(s->version, &e, &next));
	version_unref(s->version);
	s->version = next;
	mutex_lock(&s->manifest.lock);
	ck_ok(manifest_append(&s->manifest, &e, next));
	mutex_unlock(&s->manifest.lock);
	edit_fini(&e);
}

/* Reads what @env says; the number of tables, or an error. */
static int count_tables(struct env *env)
{
	_Atomic uint64_t next_number = 0;
	struct edit sum = { 0 };
	struct manifest m;
	int rc;

	manifest_init(&m, env, &next_number);
	rc = manifest_read_super(env, &m.super);
	if (rc == 0)
		rc = manifest_read(&m, &sum);
	if (rc == 0) {
		rc = (int)sum.added_count;
		ck_assert_uint_eq(m.seq_last, sum.seq_last);
		if (rc > 0)
			ck_assert_uint_ge(m.seq_last, (uint64_t)rc);
	}
	edit_fini(&sum);
	manifest_fini(&m);
	return rc;
}

START_TEST(edits_are_durable_at_once)
{
	struct env *after;
	struct store s;
	unsigned i;

	store_init(&s);
	for (i = 0; i <= 20; i++) {
		ck_ok(env_mem_cut(s.env, ENV_MEM_LOSE_ALL, i, &after));
		ck_assert_int_eq(count_tables(after), (int)i);
		env_free(after);
		append(&s, i + 1);
	}
	store_fini(&s);
}
END_TEST

static unsigned count_files(struct env *env)
{
	struct env_names names = { 0 };
	unsigned count;

	ck_ok(env_list(env, &names));
	count = (unsigned)names.count;
	env_names_fini(&names);
	return count;
}

START_TEST(rewrite_replaces_the_manifest)
{
	uint64_t first, size;
	struct store s;
	unsigned i;

	store_init(&s);
	first = s.manifest.super.manifest;
	for (i = 0; i < 20; i++)
		append(&s, i + 1);
	ck_ok(manifest_rewrite(&s.manifest, s.version));
	ck_assert_uint_ne(s.manifest.super.manifest, first);
	ck_assert_int_eq(count_tables(s.env), 20);
	ck_assert_uint_eq(count_files(s.env), 2);
	/* All of it counts as durable now. */
	size = reclog_size(s.manifest.log);
	ck_assert_uint_eq(s.manifest.super.manifest_size, size);
	append(&s, 21);
	ck_assert_int_eq(count_tables(s.env), 21);
	store_fini(&s);
}
END_TEST

START_TEST(failed_rewrite_leaves_the_old_one)
{
	struct env *after;
	struct store s;
	uint64_t k;
	int rc;

	for (k = 1;; k++) {
		store_init(&s);
		append(&s, 1);
		append(&s, 2);
		env_mem_arm(s.env, ENV_MEM_EIO, k, false);
		rc = manifest_rewrite(&s.manifest, s.version);
		ck_ok(env_mem_cut(s.env, ENV_MEM_LOSE_RANDOM, k, &after));
		ck_assert_int_eq(count_tables(after), 2);
		env_free(after);
		store_fini(&s);
		/* The last call only removes the old one. */
		if (rc == 0)
			break;
	}
	ck_assert_uint_gt(k, 8);
}
END_TEST

/* Flips every byte of the manifest, of which all or nothing is durable. */
static void check_flips(bool closed)
{
	uint64_t at, snapshot, size, detected = 0;
	char name[ENV_NAME_MAX + 1];
	struct store s;
	unsigned i;
	int rc;

	store_init(&s);
	snapshot = reclog_size(s.manifest.log);
	for (i = 0; i < 5; i++)
		append(&s, i + 1);
	size = reclog_size(s.manifest.log);
	if (closed)
		ck_ok(manifest_close(&s.manifest));
	file_name(name, FILE_MANIFEST, s.manifest.super.manifest);
	for (at = 0; at < size; at++) {
		ck_ok(env_mem_flip(s.env, name, at, 0x04));
		rc = count_tables(s.env);
		if (at < FILE_HEADER_SIZE)
			ck_assert(rc == -EBADMSG || rc == -EUCLEAN);
		else if (closed || at < snapshot)
			ck_assert_int_eq(rc, -EBADMSG);
		else if (rc < 0)
			detected++;
		else
			ck_assert_int_lt(rc, 5);
		ck_assert(rc >= 0 || rc == -EBADMSG || rc == -EUCLEAN);
		ck_ok(env_mem_flip(s.env, name, at, 0x04));
	}
	ck_assert_int_eq(count_tables(s.env), 5);
	/* What verifies behind a bad record tells damage from a torn end. */
	if (!closed)
		ck_assert_uint_gt(detected, (size - snapshot) / 2);
	store_fini(&s);
}

START_TEST(damage_below_what_was_durable_is_an_error)
{
	check_flips(true);
}
END_TEST

START_TEST(torn_end_is_none)
{
	check_flips(false);
}
END_TEST

START_TEST(truncated_end_is_none_unless_it_was_durable)
{
	uint64_t size, snapshot;
	char name[ENV_NAME_MAX + 1];
	struct env_file *f;
	struct store s;
	int rc;

	store_init(&s);
	snapshot = reclog_size(s.manifest.log);
	append(&s, 1);
	size = reclog_size(s.manifest.log);
	file_name(name, FILE_MANIFEST, s.manifest.super.manifest);
	ck_ok(env_open(s.env, name, ENV_WRITE, &f));
	while (--size > FILE_HEADER_SIZE) {
		ck_ok(env_truncate(f, size));
		rc = count_tables(s.env);
		ck_assert_int_eq(rc, size >= snapshot ? 0 : -EBADMSG);
	}
	env_close(f);
	ck_ok(env_remove(s.env, name));
	ck_assert_int_eq(count_tables(s.env), -EUCLEAN);
	store_fini(&s);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("manifest");
	TCase *tc = suite_case(s, "super");

	tcase_add_test(tc, super_comes_back);
	tcase_add_test(tc, unknown_features_are_refused);
	tcase_add_test(tc, newer_formats_are_refused);
	tcase_add_test(tc, each_flipped_bit_of_super_is_detected);

	tc = suite_case(s, "manifest");
	tcase_add_test(tc, edits_are_durable_at_once);
	tcase_add_test(tc, rewrite_replaces_the_manifest);
	tcase_add_test(tc, failed_rewrite_leaves_the_old_one);
	tcase_add_test(tc, damage_below_what_was_durable_is_an_error);
	tcase_add_test(tc, torn_end_is_none);
	tcase_add_test(tc, truncated_end_is_none_unless_it_was_durable);
	return suite_run(s);
}
