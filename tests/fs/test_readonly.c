/* Opened read-only: all is there, nothing changes, whatever the store is in. */
#include "tests/fs/fixture.h"

#include <linux/falloc.h>
#include <stdio.h>

#include "engine/base/env_overlay.h"
#include "engine/base/error.h"
#include "fs/schema.h"

#define ROOT FS_ROOT_INO

static uint64_t mix(uint64_t sum, const void *bytes, size_t size)
{
	const uint8_t *b = bytes;
	size_t i;

	for (i = 0; i < size; i++)
		sum = (sum ^ b[i]) * 1099511628211u;
	return sum;
}

/* A number that any change of a name or a byte changes. */
static uint64_t sum_of(struct env *env)
{
	static uint8_t buf[1 << 16];
	struct env_names names = { 0 };
	uint64_t sum = 0, size, at;
	size_t i;

	ck_ok(env_list(env, &names));
	for (i = 0; i < names.count; i++) {
		const char *name = names.names[i];
		struct env_file *file;
		uint64_t own = mix(14695981039346656037u, name, strlen(name));
		ssize_t n;

		if (strcmp(name, "LOCK") == 0)
			continue;
		ck_ok(env_open(env, name, ENV_READ, &file));
		ck_ok(env_size(file, &size));
		for (at = 0; at < size; at += (uint64_t)n) {
			n = env_read_at(file, buf, sizeof(buf), at);
			ck_assert_int_gt(n, 0);
			own = mix(own, buf, (size_t)n);
		}
		env_close(file);
		sum += own;
	}
	env_names_fini(&names);
	return sum;
}

static struct fs *open_read_only(struct env *env)
{
	struct fs_options options = fx_options();
	struct fs *fs;
	int rc;

	options.read_only = true;
	rc = fs_open_env(&fs, env, &options);
	ck_assert_msg(rc == 0, "fs_open_env: %d %s", rc, fs_error_text(rc));
	return fs;
}

/* An env is locked until it is freed: goes on with a copy of it. */
static void next_env(void)
{
	struct env *env;

	ck_ok(fs_close(fx));
	ck_ok(env_mem_cut(fx_env, ENV_MEM_LOSE_ALL, 1, &env));
	env_free(fx_env);
	fx_env = env;
}

static void check_file(struct fs *fs)
{
	struct fs_entry entry;
	char got[8] = "";

	ck_ok(fs_lookup(fs, ROOT, "f", &entry));
	ck_assert_int_eq(fs_read(fs, entry.ino, got, sizeof(got), 100000), 4);
	ck_assert_str_eq(got, "text");
	fs_forget(fs, entry.ino, 1);
}

/* An orphan and a file; some of it in tables, some in the log. */
static void fill(void)
{
	uint64_t f = fx_mkfile(ROOT, "f");
	uint64_t gone = fx_mkfile_keep(ROOT, "gone");
	uint64_t i;

	for (i = 0; i < 100; i++)
		fx_write(gone, "x", 1, i * SCHEMA_CHUNK_BYTES);
	ck_ok(fs_unlink(fx, ROOT, "gone"));
	ck_ok(kv_flush(fx->kv));
	fx_write(f, "text", 4, 100000);
}

START_TEST(a_store_that_was_not_closed_stays_as_it_is)
{
	enum env_mem_loss loss = _i ? ENV_MEM_LOSE_NOTHING : ENV_MEM_LOSE_ALL;
	struct env *cut;
	uint64_t before;
	struct fs *fs;

	fill();
	ck_ok(fs_sync(fx));
	ck_ok(env_mem_cut(fx_env, loss, 1, &cut));
	before = sum_of(cut);
	fs = open_read_only(cut);
	ck_assert(!fs_was_clean(fs));
	check_file(fs);
	ck_ok(fs_close(fs));
	ck_assert_uint_eq(sum_of(cut), before);
	/* And nothing keeps it from being recovered for good. */
	env_free(cut);
	ck_ok(env_mem_cut(fx_env, loss, 1, &cut));
	fs = open_read_only(cut);
	ck_ok(fs_close(fs));
	env_free(cut);
}
END_TEST

START_TEST(so_does_one_that_was)
{
	struct fs_options options = fx_options();
	uint64_t before;

	fill();
	next_env();
	before = sum_of(fx_env);
	fx = open_read_only(fx_env);
	ck_assert(fs_was_clean(fx));
	check_file(fx);
	next_env();
	ck_assert_uint_eq(sum_of(fx_env), before);
	ck_ok(fs_open_env(&fx, fx_env, &options));
	ck_assert(fs_was_clean(fx));
}
END_TEST

START_TEST(every_change_is_refused)
{
	struct fs_options options = fx_options();
	struct stat st = { .st_mode = 0600 };
	struct fs_entry entry;
	uint64_t f, before;

	f = fx_mkfile(ROOT, "f");
	fx_write(f, "text", 4, 100000);
	next_env();
	before = sum_of(fx_env);
	fx = open_read_only(fx_env);
	ck_assert_int_eq(fs_mkdir(fx, ROOT, "d", 0755, &fx_cred, &entry),
			 -EROFS);
	ck_assert_int_eq(fs_tmpfile(fx, ROOT, 0644, &fx_cred, &entry), -EROFS);
	ck_assert_int_eq(fs_link(fx, f, ROOT, "g", &entry), -EROFS);
	ck_assert_int_eq(fs_unlink(fx, ROOT, "f"), -EROFS);
	ck_assert_int_eq(fs_rename(fx, ROOT, "f", ROOT, "g", 0, NULL), -EROFS);
	ck_assert_int_eq(fs_setattr(fx, f, &st, FS_SET_MODE, NULL), -EROFS);
	ck_assert_int_eq(fx_truncate(f, 0), -EROFS);
	ck_assert_int_eq(fs_write(fx, f, "x", 1, 0, 0, NULL), -EROFS);
	ck_assert_int_eq(fs_fallocate(fx, f, FALLOC_FL_ZERO_RANGE, 0, 9, false),
			 -EROFS);
	ck_assert_int_eq(fs_copy(fx, f, 100000, f, 0, 4, false), -EROFS);
	ck_assert_int_eq(fs_setxattr(fx, f, "user.x", "1", 1, 0), -EROFS);
	ck_assert_int_eq(fs_setflags(fx, f, FS_FLAG_NODUMP), -EROFS);
	check_file(fx);
	ck_ok(fs_sync(fx));
	next_env();
	ck_assert_uint_eq(sum_of(fx_env), before);
	ck_ok(fs_open_env(&fx, fx_env, &options));
}
END_TEST

START_TEST(an_empty_store_is_none)
{
	struct fs_options options = fx_options();
	struct env *env;
	struct fs *fs;

	options.read_only = true;
	ck_ok(env_mem_new(&env, 2));
	ck_assert_int_eq(fs_open_env(&fs, env, &options), -ENOENT);
	env_free(env);
}
END_TEST

/* ------------------------------------------------------- the overlay -- */

static void put(struct env *env, const char *name, const char *text)
{
	struct slice part = slice_str(text);
	struct env_file *file;

	ck_ok(env_open(env, name, ENV_CREATE, &file));
	ck_ok(env_write_at(file, &part, 1, 0));
	env_close(file);
}

static void expect(struct env *env, const char *name, const char *text)
{
	char got[32] = "";
	struct env_file *file;
	int rc = env_open(env, name, ENV_READ, &file);

	if (!text) {
		ck_assert_int_eq(rc, -ENOENT);
		return;
	}
	ck_ok(rc);
	ck_assert_int_eq(env_read_at(file, got, sizeof(got) - 1, 0),
			 (ssize_t)strlen(text));
	ck_assert_str_eq(got, text);
	env_close(file);
}

START_TEST(an_overlay_hides_what_it_changes)
{
	struct slice part = slice_str("XY");
	struct env_names names = { 0 };
	struct env *under, *over;
	struct env_file *file, *old;
	uint64_t before, size;

	ck_ok(env_mem_new(&under, 1));
	put(under, "a", "aaaa");
	put(under, "b", "bbbb");
	put(under, "c", "cccc");
	before = sum_of(under);
	over = env_overlay_new(under);
	ck_assert_ptr_nonnull(over);
	ck_ok(env_open(over, "a", ENV_READ, &old));
	ck_ok(env_open(over, "a", ENV_WRITE, &file));
	ck_ok(env_write_at(file, &part, 1, 1));
	ck_ok(env_truncate(file, 3));
	ck_ok(env_truncate(file, 4));
	ck_ok(env_size(file, &size));
	ck_assert_uint_eq(size, 4);
	ck_ok(env_sync(file));
	env_close(file);
	ck_ok(env_rename(over, "b", "d"));
	ck_ok(env_remove(over, "c"));
	ck_assert_int_eq(env_remove(over, "c"), -ENOENT);
	ck_assert_int_eq(env_remove(over, "none"), -ENOENT);
	ck_assert_int_eq(env_open(over, "d", ENV_CREATE, &file), -EEXIST);
	ck_assert_int_eq(env_open(over, "b", ENV_READ, &file), -ENOENT);
	put(over, "c", "new");
	expect(over, "d", "bbbb");
	expect(over, "b", NULL);
	expect(over, "c", "new");
	ck_ok(env_list(over, &names));
	ck_assert_uint_eq(names.count, 3);
	env_names_fini(&names);
	ck_ok(env_open(over, "a", ENV_READ, &file));
	ck_ok(env_remove(over, "a"));
	ck_assert_int_eq(env_read_at(file, &size, 4, 0), 4);
	ck_assert_mem_eq(&size, "aXY", 4);
	env_close(file);
	env_close(old);
	env_free(over);
	ck_assert_uint_eq(sum_of(under), before);
	env_free(under);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("readonly");
	TCase *tc = suite_case(s, "readonly");

	tcase_add_checked_fixture(tc, fx_setup, fx_teardown);
	tcase_add_loop_test(tc, a_store_that_was_not_closed_stays_as_it_is, 0,
			    2);
	tcase_add_test(tc, so_does_one_that_was);
	tcase_add_test(tc, every_change_is_refused);
	tcase_add_test(tc, an_empty_store_is_none);
	tcase_add_test(tc, an_overlay_hides_what_it_changes);
	return suite_run(s);
}
