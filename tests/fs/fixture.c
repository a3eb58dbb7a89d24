#include "tests/fs/fixture.h"

#include "engine/base/error.h"

struct env *fx_env;
struct fs *fx;
const struct fs_cred fx_cred = { .uid = 1000, .gid = 100 };

struct fs_options fx_options(void)
{
	struct fs_options options = fs_options_default;

	options.background = false;
	options.memory_bytes = 4 * MIB;
	options.sync_interval_ms = 0;
	return options;
}

static void open_it(void)
{
	struct fs_options options = fx_options();
	int rc = fs_open_env(&fx, fx_env, &options);

	ck_assert_msg(rc == 0, "fs_open_env: %d %s", rc, fs_error_text(rc));
}

void fx_setup(void)
{
	ck_ok(env_mem_new(&fx_env, 1));
	open_it();
}

void fx_teardown(void)
{
	fx_reopen();
	ck_assert_uint_eq(fx_check().orphans, 0);
	ck_ok(fs_close(fx));
	env_free(fx_env);
}

void fx_reopen(void)
{
	struct env *env;
	int rc = fs_close(fx);

	ck_assert_msg(rc == 0, "fs_close: %d %s", rc, fs_error_text(rc));
	ck_ok(env_mem_cut(fx_env, ENV_MEM_LOSE_ALL, 1, &env));
	env_free(fx_env);
	fx_env = env;
	open_it();
}

struct check_counts fx_check(void)
{
	struct check_counts counts = { 0 };
	int rc = fs_check(fx->kv, &counts);

	ck_assert_msg(rc == 0, "fs_check: %d %s", rc, error_text(rc));
	ck_assert_uint_eq(atomic_load(&fx->inodes), counts.inodes);
	ck_assert_uint_eq(atomic_load(&fx->data_bytes), counts.data_bytes);
	return counts;
}

uint64_t fx_mkfile_keep(uint64_t dir, const char *name)
{
	struct fs_entry entry;

	ck_ok(fs_mknod(fx, dir, name, S_IFREG | 0644, 0, &fx_cred, &entry));
	ck_assert_uint_eq(entry.ino, entry.attr.st_ino);
	return entry.ino;
}

uint64_t fx_mkfile(uint64_t dir, const char *name)
{
	uint64_t ino = fx_mkfile_keep(dir, name);

	fs_forget(fx, ino, 1);
	return ino;
}

uint64_t fx_mkdir_mode(uint64_t dir, const char *name, mode_t mode)
{
	struct fs_entry entry;

	ck_ok(fs_mkdir(fx, dir, name, mode, &fx_cred, &entry));
	fs_forget(fx, entry.ino, 1);
	return entry.ino;
}

uint64_t fx_mkdir(uint64_t dir, const char *name)
{
	return fx_mkdir_mode(dir, name, 0755);
}

int64_t fx_lookup(uint64_t dir, const char *name)
{
	struct fs_entry entry;
	int rc = fs_lookup(fx, dir, name, &entry);

	if (rc < 0)
		return rc;
	fs_forget(fx, entry.ino, 1);
	return (int64_t)entry.ino;
}

struct stat fx_stat(uint64_t ino)
{
	struct stat st;

	ck_ok(fs_getattr(fx, ino, &st, NULL));
	return st;
}

int fx_truncate(uint64_t ino, uint64_t size)
{
	struct stat st = { .st_size = (off_t)size };

	return fs_setattr(fx, ino, &st, FS_SET_SIZE, NULL);
}

void fx_write(uint64_t ino, const void *buf, size_t size, uint64_t offset)
{
	ssize_t n = fs_write(fx, ino, buf, size, offset, 0, NULL);

	ck_assert_msg(n == (ssize_t)size, "fs_write: %zd", n);
}

void fx_fill(uint8_t *buf, size_t size, uint64_t seed)
{
	size_t i;

	for (i = 0; i < size; i++) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		buf[i] = (uint8_t)(seed >> 56) | 1;
	}
}
