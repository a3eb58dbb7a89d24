/*
 * A whole store of which one file is hostile, opened and used as a daemon
 * would, or mended; and such a file, taken apart for people.
 *
 * An input says what becomes of a small store that is always the same, so that
 * what is hostile is never far from what is accepted:
 *
 *      offset  size  what
 *           0     1  how; its lower bits: which file, in the order of names
 *           1     2  the file is cut to so many bytes; 0: it is not
 *           3     3  for each change: where, 2 bytes, and what is flipped there
 */
#include "engine/base/buf.h"
#include "engine/base/coding.h"
#include "engine/base/env_mem.h"
#include "fs/check.h"
#include "fs/describe.h"
#include "fs/fs.h"
#include "fs/superblock.h"
#include "tests/fuzz/fuzz.h"

#define HOW_FILE     0x0f
#define HOW_MEND     0x10 /* the store, then the tree */
#define HOW_READONLY 0x20

#define CHANGES_MAX 64
#define FILE_MAX    ((size_t)64 * KIB)
#define ITEMS_MAX   5000 /* that a hostile file may be taken apart into */

static const struct fs_cred cred = { .uid = 1, .gid = 2 };

/* So that few bytes make several blocks, tables and blob files. */
static const struct kv_options tiny = {
	.memtable_bytes_max = 64 * KIB,
	.tree_memory_bytes = 64 * KIB,
	.blob_cache_bytes = 16 * KIB,
	.separate_at = 200,
	.block_bytes = 256,
	.sst_bytes_max = 2 * KIB,
	.level_base_bytes = 4 * KIB,
	.blob_file_bytes_max = 2 * KIB,
};

static struct fs_options options_of(bool read_only)
{
	struct fs_options options = fs_options_default;

	options.background = false;
	options.sync_interval_ms = 0;
	options.store = &tiny;
	options.read_only = read_only;
	return options;
}

/* ------------------------------------------------------------ the store -- */

static void make_file(struct fs *fs, uint64_t dir, char name, size_t size)
{
	static uint8_t bytes[2000];
	const char names[] = { name, '\0' };
	struct fs_entry entry;
	size_t i;

	for (i = 0; i < size; i++)
		bytes[i] = (uint8_t)(i * (size_t)name >> 2);
	fuzz_check(fs_mknod(fs, dir, names, S_IFREG | 0644, 0, &cred, &entry) ==
		   0);
	fuzz_check(fs_write(fs, entry.ino, bytes, size, 0, 0, NULL) >= 0);
	fuzz_check(fs_setxattr(fs, entry.ino, "user.a", names, 1, 0) == 0);
	fs_forget(fs, entry.ino, 1);
}

/* Tables, a log, blob files, one of them rewritten; removed names and ranges.
 */
static struct env *make_store(void)
{
	const struct fs_options options = options_of(false);
	struct fs_entry dir;
	struct env *env, *made;
	struct fs *fs;
	char name;

	fuzz_check(env_mem_new(&env, 1) == 0);
	fuzz_check(fs_open_env(&fs, env, &options) == 0);
	fuzz_check(fs_mkdir(fs, FS_ROOT_INO, "dir", 0755, &cred, &dir) == 0);
	for (name = 'a'; name < 'i'; name++)
		make_file(fs, dir.ino, name, (size_t)(name - 'a') * 250);
	fuzz_check(kv_flush(fs->kv) == 0);
	fuzz_check(fs_unlink(fs, dir.ino, "h") == 0);
	fuzz_check(fs_unlink(fs, dir.ino, "f") == 0);
	fuzz_check(kv_compact(fs->kv) == 0);
	make_file(fs, FS_ROOT_INO, 'x', 300);
	fuzz_check(kv_flush(fs->kv) == 0);
	make_file(fs, FS_ROOT_INO, 'y', 1000);
	fuzz_check(fs_unlink(fs, dir.ino, "d") == 0);
	fuzz_check(fs_sync(fs) == 0);
	fs_forget(fs, dir.ino, 1);
	fuzz_check(env_mem_cut(env, ENV_MEM_LOSE_NOTHING, 1, &made) == 0);
	fuzz_check(fs_close(fs) == 0);
	env_free(env);
	return made;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* Which file, and what it says after the changes. */
static struct slice change(struct env *env, struct slice in, char *name)
{
	static uint8_t bytes[FILE_MAX];
	const uint8_t *c = in.data, *end = c + in.size;
	struct env_names names = { 0 };
	struct env_file *f;
	size_t size, cut;

	fuzz_check(env_list(env, &names) == 0);
	qsort(names.names, names.count, sizeof(*names.names), by_name);
	strcpy(name, names.names[(c[0] & HOW_FILE) % names.count]);
	env_names_fini(&names);
	fuzz_check(env_open(env, name, ENV_READ, &f) == 0);
	size = (size_t)env_read_at(f, bytes, sizeof(bytes), 0);
	env_close(f);
	fuzz_check(size <= sizeof(bytes));
	cut = get_le16(c + 1);
	if (cut > 0)
		size = size_min(size, cut);
	for (c += 3; end - c >= 3 && size > 0; c += 3)
		bytes[get_le16(c) % size] ^= c[2];
	return slice_of(bytes, size);
}

/* The store with the change; NULL if there is none.  @name is what changed. */
static struct env *hostile(struct slice in, char *name)
{
	static struct env *base;
	struct slice bytes;
	struct env *env;

	if (in.size < 3 || in.size > 3 + 3 * CHANGES_MAX)
		return NULL;
	if (!base)
		base = make_store();
	fuzz_check(env_mem_cut(base, ENV_MEM_LOSE_NOTHING, 1, &env) == 0);
	bytes = change(env, in, name);
	fuzz_check(env_remove(env, name) == 0);
	fuzz_add_file(env, name, bytes);
	return env;
}

/* ---------------------------------------------------------- what is done -- */

/* Lists a directory and reads all that it names, and what these name. */
static void read_tree(struct fs *fs, uint64_t ino, unsigned depth)
{
	static uint8_t bytes[4096];
	static char list[1000];
	struct fs_dirent entry;
	struct fs_dir *dir;
	struct stat st;
	unsigned count = 0;

	if (fs_getattr(fs, ino, &st, NULL) < 0 ||
	    fs_dir_open(fs, ino, 0, &dir) < 0)
		return;
	while (fs_dir_next(dir, &entry) == 1 && count++ < 100) {
		struct fs_entry found;

		if (strcmp(entry.name, ".") == 0 ||
		    strcmp(entry.name, "..") == 0 ||
		    fs_lookup(fs, ino, entry.name, &found) < 0)
			continue;
		(void)!fs_read(fs, found.ino, bytes, sizeof(bytes), 0);
		(void)!fs_listxattr(fs, found.ino, list, sizeof(list), true);
		(void)!fs_getxattr(fs, found.ino, "user.a", list, sizeof(list));
		if (depth > 0)
			read_tree(fs, found.ino, depth - 1);
		fs_forget(fs, found.ino, 1);
	}
	fs_dir_close(dir);
}

/* What can be written to it must be there afterwards. */
static void write_tree(struct fs *fs)
{
	struct fs_entry entry;
	char got[4] = "";

	(void)!fs_unlink(fs, FS_ROOT_INO, "x");
	if (fs_mknod(fs, FS_ROOT_INO, "new", S_IFREG | 0644, 0, &cred, &entry) <
	    0)
		return;
	if (fs_write(fs, entry.ino, "new", 3, 0, 0, NULL) == 3 &&
	    fs_read(fs, entry.ino, got, 3, 0) == 3)
		fuzz_check(memcmp(got, "new", 3) == 0);
	fs_forget(fs, entry.ino, 1);
	(void)!fs_sync(fs);
}

static void mend(struct env *env)
{
	const struct check_options how = { .mode = CHECK_MEND, .env = env };
	struct kv_options options = tiny;
	struct kv *kv;

	if (kv_open(&kv, env, &options) < 0)
		return;
	if (fs_check_with(kv, &how, NULL) == 0 && kv_verify(kv) == 0)
		fuzz_check(fs_check(kv, NULL) == 0);
	(void)!kv_close(kv);
}

static void use(struct env *env, bool read_only)
{
	const struct fs_options options = options_of(read_only);
	struct fs *fs;

	if (fs_open_env(&fs, env, &options) < 0)
		return;
	read_tree(fs, FS_ROOT_INO, 2);
	(void)!fs_check(fs->kv, NULL);
	(void)!kv_verify(fs->kv);
	write_tree(fs);
	(void)!kv_compact(fs->kv);
	read_tree(fs, FS_ROOT_INO, 2);
	(void)!fs_close(fs);
}

/* As it is found after a process has had it. */
static struct env *next_env(struct env *env)
{
	struct env *next;

	fuzz_check(env_mem_cut(env, ENV_MEM_LOSE_NOTHING, 1, &next) == 0);
	env_free(env);
	return next;
}

void fuzz_store(struct slice in)
{
	struct kv_repair_report report;
	char name[ENV_NAME_MAX + 1];
	struct env *env = hostile(in, name);
	uint8_t how;

	if (!env)
		return;
	how = *(const uint8_t *)in.data;
	if (how & HOW_MEND) {
		(void)!kv_repair(env, &report);
		env = next_env(env);
		mend(env);
		env = next_env(env);
	}
	use(env, how & HOW_READONLY);
	env_free(env);
}

static int describe(void *arg, const struct kv_dump_item *item)
{
	struct buf words = BUF_INIT;
	unsigned *count = arg;
	int rc = 0;

	fuzz_check(strlen(item->what) > 0 && item->words);
	if (item->key.size > 0)
		rc = describe_key(item->key, &words);
	if (rc == 0 && item->key_end.size > 0)
		rc = describe_key(item->key_end, &words);
	if (rc == 0 && item->has_value)
		rc = describe_value(item->key, item->value, &words);
	buf_fini(&words);
	return rc < 0 ? rc : ++*count > ITEMS_MAX ? -ECANCELED : 0;
}

void fuzz_dump(struct slice in)
{
	char name[ENV_NAME_MAX + 1];
	struct env *env = hostile(in, name);
	unsigned count = 0;

	if (!env)
		return;
	(void)!kv_dump(env, name, true, describe, &count);
	env_free(env);
}
