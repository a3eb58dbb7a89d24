/*
 * Each allocation of an operation fails in turn: it is done all the same, or
 * gives -ENOMEM and has changed nothing, and works when it is tried again.
 * Opening, closing and recovering likewise.  With ASan, nothing leaks.
 *
 * One place is left where that cannot be: between the log and the memtable.
 * There it is -EIO, nothing is written any more, and what is opened next is
 * sound.
 *
 * The linker leads malloc() and its kin here; only what fs/ and engine/ ask for
 * while a test says so is counted, not what libraries do.
 */
#include "tests/fs/fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "engine/base/error.h"
#include "engine/base/hash.h"
#include "fs/schema.h"

/* ----------------------------------------------------------- the faults -- */

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_reallocarray(void *old, size_t count, size_t size);
void *__real_aligned_alloc(size_t align, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_reallocarray(void *old, size_t count, size_t size);
void *__wrap_aligned_alloc(size_t align, size_t size);

static unsigned fail_in; /* 0: none fails */
static bool failed;

static bool fails(void)
{
	if (fail_in == 0 || --fail_in > 0)
		return false;
	failed = true;
	errno = ENOMEM;
	return true;
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	return fails() ? NULL : __real_realloc(old, size);
}

void *__wrap_reallocarray(void *old, size_t count, size_t size)
{
	return fails() ? NULL : __real_reallocarray(old, count, size);
}

void *__wrap_aligned_alloc(size_t align, size_t size)
{
	return fails() ? NULL : __real_aligned_alloc(align, size);
}

/* ------------------------------------------------------- the operations -- */

#define LARGE ((size_t)200000)

static uint8_t bytes[LARGE];
static char text[1000];

/* What make_tree() makes. */
static uint64_t dir, file, other;

static void forget(struct fs_entry *entry, int rc)
{
	if (rc == 0)
		fs_forget(fx, entry->ino, 1);
}

static int op_mknod(void)
{
	struct fs_entry entry;
	int rc = fs_mknod(fx, dir, "new", S_IFREG | 0644, 0, &fx_cred, &entry);

	forget(&entry, rc);
	return rc;
}

static int op_mkdir(void)
{
	struct fs_entry entry;
	int rc = fs_mkdir(fx, dir, "new", 0755, &fx_cred, &entry);

	forget(&entry, rc);
	return rc;
}

static int op_symlink(void)
{
	struct fs_entry entry;
	int rc = fs_symlink(fx, dir, "new", "target", &fx_cred, &entry);

	forget(&entry, rc);
	return rc;
}

static int op_link(void)
{
	struct fs_entry entry;
	int rc = fs_link(fx, file, dir, "new", &entry);

	forget(&entry, rc);
	return rc;
}

static int op_lookup(void)
{
	struct fs_entry entry;
	int rc = fs_lookup(fx, dir, "file", &entry);

	forget(&entry, rc);
	return rc;
}

static int op_unlink(void)
{
	return fs_unlink(fx, dir, "file");
}

static int op_rmdir(void)
{
	return fs_rmdir(fx, dir, "empty");
}

static int op_rename(void)
{
	return fs_rename(fx, dir, "file", FS_ROOT_INO, "other", 0, NULL);
}

static int op_exchange(void)
{
	return fs_rename(fx, dir, "file", FS_ROOT_INO, "other", RENAME_EXCHANGE,
			 NULL);
}

static int op_chmod(void)
{
	struct stat st = { .st_mode = 0600 };

	return fs_setattr(fx, file, &st, FS_SET_MODE, NULL);
}

static int op_truncate(void)
{
	return fx_truncate(file, 40000);
}

static int op_write(void)
{
	ssize_t n = fs_write(fx, file, bytes, LARGE, 777, 0, NULL);

	return n == (ssize_t)LARGE ? 0 : (int)n;
}

static int op_read(void)
{
	static uint8_t got[LARGE];
	ssize_t n = fs_read(fx, file, got, LARGE, 0);

	return n == (ssize_t)LARGE ? 0 : (int)n;
}

static int op_copy(void)
{
	ssize_t n = fs_copy(fx, file, 0, other, 5, 50000, false);

	return n == 50000 ? 0 : (int)n;
}

static int op_punch(void)
{
	return fs_fallocate(fx, file,
			    FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 100,
			    LARGE - 200, false);
}

static int op_setxattr(void)
{
	return fs_setxattr(fx, file, "user.new", text, sizeof(text), 0);
}

static int op_getxattr(void)
{
	ssize_t n = fs_getxattr(fx, file, "user.old", text, sizeof(text));

	return n == 3 ? 0 : (int)n;
}

static int op_listxattr(void)
{
	ssize_t n = fs_listxattr(fx, file, text, sizeof(text), true);

	return n > 0 ? 0 : (int)n;
}

static int op_removexattr(void)
{
	return fs_removexattr(fx, file, "user.old");
}

static int op_list(void)
{
	struct fs_dirent entry;
	struct fs_dir *d;
	int rc = fs_dir_open(fx, dir, 0, &d);

	if (rc < 0)
		return rc;
	while ((rc = fs_dir_next(d, &entry)) > 0)
		;
	fs_dir_close(d);
	return rc;
}

static int op_seek(void)
{
	off_t at = fs_seek(fx, file, 0, SEEK_HOLE);

	return at == (off_t)LARGE ? 0 : (int)at;
}

static int op_fsync(void)
{
	return fs_fsync(fx, file);
}

static int op_compact(void)
{
	return kv_compact(fx->kv);
}

static int op_usage(void)
{
	struct fs_usage usage;

	return fs_usage(fx, &usage);
}

struct op {
	const char *name;
	int (*run)(void);
};

static const struct op ops[] = {
	{ "mknod", op_mknod },
	{ "mkdir", op_mkdir },
	{ "symlink", op_symlink },
	{ "link", op_link },
	{ "lookup", op_lookup },
	{ "unlink", op_unlink },
	{ "rmdir", op_rmdir },
	{ "rename", op_rename },
	{ "exchange", op_exchange },
	{ "chmod", op_chmod },
	{ "truncate", op_truncate },
	{ "write", op_write },
	{ "read", op_read },
	{ "copy", op_copy },
	{ "punch", op_punch },
	{ "setxattr", op_setxattr },
	{ "getxattr", op_getxattr },
	{ "listxattr", op_listxattr },
	{ "removexattr", op_removexattr },
	{ "list", op_list },
	{ "seek", op_seek },
	{ "fsync", op_fsync },
	{ "compact", op_compact },
	{ "usage", op_usage },
};

/* ------------------------------------------------------------ the loops -- */

#define INODE_TIMES 48 /* where they begin in the record; inode_format.h */

/* What the store holds, but for times and the superblock. */
static uint64_t digest(void)
{
	uint64_t sum = 0;
	struct schema_key all;
	struct slice value;
	struct kv_iter *it;
	int rc;

	schema_key_kind(&all, 0);
	ck_ok(kv_iter_open(&it, fx->kv, schema_slice(&all), slice_of(NULL, 0)));
	for (rc = kv_iter_first(it); rc > 0; rc = kv_iter_next(it)) {
		struct slice key = kv_iter_key(it);
		uint64_t seed;

		ck_ok(kv_iter_value(it, &value));
		if (*(const char *)key.data == SCHEMA_SUPER)
			continue;
		if (*(const char *)key.data == SCHEMA_INODE)
			value.size = INODE_TIMES;
		seed = checksum(1, key.data, key.size);
		sum += checksum(seed, value.data, value.size);
	}
	ck_ok(rc);
	kv_iter_close(it);
	return sum;
}

/* Some in tables, some in the log; for op_copy, a target in another chunk. */
static void make_tree(void)
{
	size_t i;

	for (i = 0; i < sizeof(text); i++)
		text[i] = (char)('a' + i % 26);
	fx_fill(bytes, sizeof(bytes), 1);
	dir = fx_mkdir(FS_ROOT_INO, "dir");
	fx_mkdir(dir, "empty");
	other = fx_mkfile(FS_ROOT_INO, "other");
	file = fx_mkfile(dir, "file");
	fx_write(other, bytes, LARGE, 0);
	ck_ok(fs_setxattr(fx, file, "user.old", "old", 3, 0));
	ck_ok(kv_compact(fx->kv));
	fx_write(file, bytes, LARGE, 0);
}

/* Another filesystem takes the place of fx: what a kill would leave of it. */
static void clone_base(struct env *base)
{
	ck_ok(env_mem_cut(base, ENV_MEM_LOSE_NOTHING, 1, &fx_env));
}

static int open_clone(unsigned fail_at)
{
	struct fs_options options = fx_options();
	int rc;

	fail_in = fail_at;
	failed = false;
	rc = fs_open_env(&fx, fx_env, &options);
	fail_in = 0;
	return rc;
}

static void expect(bool ok, const char *what, unsigned kth, int rc)
{
	ck_assert_msg(ok, "%s, allocation %u: %d %s", what, kth, rc,
		      error_text(rc));
}

static int count_failed; /* allocations for want of which an operation did */
static int poisoned;     /* those between the log and the memtable */

/* The store takes no more writes, but is as it was; what is opened is sound. */
static void expect_poisoned(const struct op *op, unsigned kth, uint64_t before)
{
	struct env *next;

	expect(digest() == before, "changed something", kth, -EIO);
	expect(op_chmod() == -EROFS, op->name, kth, -EIO);
	(void)!fs_close(fx);
	ck_ok(env_mem_cut(fx_env, ENV_MEM_LOSE_NOTHING, 1, &next));
	env_free(fx_env);
	fx_env = next;
	ck_ok(open_clone(0));
	fx_check();
}

/* Returns whether the operation has that many allocations. */
static bool fail_op(struct env *base, const struct op *op, unsigned kth)
{
	uint64_t before;
	bool struck;
	int rc;

	clone_base(base);
	ck_ok(open_clone(0));
	before = digest();
	failed = false;
	fail_in = kth;
	rc = op->run();
	fail_in = 0;
	struck = failed;
	expect(rc == 0 || (struck && (rc == -ENOMEM || rc == -EIO)), op->name,
	       kth, rc);
	if (rc == -EIO) {
		expect_poisoned(op, kth, before);
		poisoned++;
	} else if (rc < 0) {
		expect(digest() == before, "changed something", kth, rc);
		rc = op->run();
		expect(rc == 0, "tried again", kth, rc);
		count_failed++;
	}
	fx_teardown();
	return struck;
}

START_TEST(an_operation_without_memory_is_done_or_changes_nothing)
{
	struct env *base = fx_env;
	struct fs *made = fx;
	unsigned kth = 1;

	make_tree();
	while (fail_op(base, &ops[_i], kth))
		kth++;
	/* What is answered from memory asks for none. */
	if (ops[_i].run != op_lookup && ops[_i].run != op_fsync)
		ck_assert_int_gt(count_failed, 0);
	ck_assert_int_le(poisoned, 3);
	fx_env = base;
	fx = made;
}
END_TEST

START_TEST(what_cannot_be_opened_for_want_of_memory_opens_later)
{
	struct env *base = fx_env;
	struct fs *made = fx;
	bool struck = true;
	uint64_t want;
	unsigned kth;

	make_tree();
	want = digest();
	for (kth = 1; struck; kth++) {
		int rc;

		clone_base(base);
		rc = open_clone(kth);
		struck = failed;
		expect(rc == 0 || (failed && rc == -ENOMEM), "open", kth, rc);
		if (rc < 0) {
			struct env *next;

			ck_ok(env_mem_cut(fx_env, ENV_MEM_LOSE_NOTHING, 1,
					  &next));
			env_free(fx_env);
			fx_env = next;
			rc = open_clone(0);
			expect(rc == 0, "opened again", kth, rc);
		}
		expect(digest() == want, "opened", kth, 0);
		fx_teardown();
	}
	ck_assert_uint_gt(kth, 50);
	fx_env = base;
	fx = made;
}
END_TEST

START_TEST(closing_without_memory_loses_nothing)
{
	struct env *base = fx_env;
	struct fs *made = fx;
	bool struck = true;
	uint64_t want;
	unsigned kth;

	make_tree();
	want = digest();
	for (kth = 1; struck; kth++) {
		struct env *next;
		int rc;

		clone_base(base);
		ck_ok(open_clone(0));
		failed = false;
		fail_in = kth;
		rc = fs_close(fx);
		fail_in = 0;
		expect(rc == 0 || (failed && rc == -ENOMEM), "close", kth, rc);
		ck_ok(env_mem_cut(fx_env, ENV_MEM_LOSE_NOTHING, 1, &next));
		env_free(fx_env);
		fx_env = next;
		struck = failed;
		ck_ok(open_clone(0));
		expect(digest() == want, "closed", kth, 0);
		fx_teardown();
	}
	fx_env = base;
	fx = made;
}
END_TEST

int main(void)
{
	Suite *s = suite_create("memory");
	TCase *tc = suite_case(s, "memory");

	tcase_add_checked_fixture(tc, fx_setup, fx_teardown);
	tcase_add_loop_test(
		tc, an_operation_without_memory_is_done_or_changes_nothing, 0,
		(int)ARRAY_SIZE(ops));
	tcase_add_test(tc,
		       what_cannot_be_opened_for_want_of_memory_opens_later);
	tcase_add_test(tc, closing_without_memory_loses_nothing);
	return suite_run(s);
}
