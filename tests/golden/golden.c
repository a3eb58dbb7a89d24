/*
 * Golden stores: what a version of the format looked like on disk, kept for
 * ever, to be opened by every later version.
 *
 *      golden make DIR KIND    makes one: KIND is closed or killed
 *      golden check DIR        opens one and compares it with what was made
 *
 * A store that is closed was unmounted in order; one that is killed has changes
 * in its log alone, and a file that was unlinked while in use.  Both hold what
 * the format knows: tables on two levels, blob files, one of them rewritten,
 * range tombstones, shared values, holes, xattrs, ACLs, links.
 *
 * Those called signed have logs whose marks are signed, as all have since;
 * those called blocks have, beside that, a file with blocks over its chunks.
 *
 * What is made never changes; a new format gets a new function beside it.  The
 * archives beside this file were made with
 *
 *      golden make DIR KIND
 *      tar -C DIR --exclude=LOCK --sort=name --owner=0 --group=0 \
 *              --numeric-owner --mtime=@0 -cJf formatN-KIND.tar.xz .
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "engine/kv.h"
#include "fs/check.h"
#include "fs/fs.h"
#include "fs/superblock.h"

#define MANY       300 /* files in one directory */
#define LARGE      ((size_t)200000)
#define CHUNK      ((size_t)32768)
#define BLOCK      ((size_t)4096)
#define MTIME_S    1234567890
#define XATTR_SIZE 3000

static const struct fs_cred cred = { .uid = 1000, .gid = 100 };
static uint8_t bytes[LARGE], got[LARGE + 1];

/* Written over a file of three chunks; the last of them late. */
static const struct block {
	size_t at;
	unsigned seed;
} blocks[] = {
	{ BLOCK, 22 },
	{ 2 * BLOCK, 23 },
	{ CHUNK + 7 * BLOCK, 24 },
	{ CHUNK, 25 },
};

#define LAST_BLOCK 3

static const uint8_t acl[] = {
	2, 0, 0,   0,   1,   0,   6,    0, 255, 255, 255, 255, 2,   0,    4,
	0, 7, 0,   0,   0,   4,   0,    4, 0,   255, 255, 255, 255, 0x10, 0,
	6, 0, 255, 255, 255, 255, 0x20, 0, 4,   0,   255, 255, 255, 255,
};

#define check(condition)                            \
	do {                                        \
		if (!(condition))                   \
			fail(__LINE__, #condition); \
	} while (0)

static void fail(int line, const char *condition)
{
	fprintf(stderr, "golden: line %d: %s\n", line, condition);
	exit(EXIT_FAILURE);
}

static size_t size_of(int i)
{
	return (size_t)i * (size_t)i % 5000;
}

/* Text of a kind: it compresses, and no two files have the same. */
static void fill(uint8_t *to, size_t size, unsigned seed)
{
	size_t i;

	for (i = 0; i < size; i++)
		to[i] = (uint8_t)('a' + (i / 7 * seed + i) % 23);
}

static struct fs *open_fs(const char *dir, bool create)
{
	struct fs_options options = fs_options_default;
	struct fs *fs;

	options.create = create;
	options.background = false;
	options.memory_bytes = 16 * MIB;
	check(fs_open(&fs, dir, &options) == 0);
	return fs;
}

/* --------------------------------------------------------------- making -- */

static uint64_t make_dir(struct fs *fs, uint64_t parent, const char *name)
{
	struct fs_entry entry;

	check(fs_mkdir(fs, parent, name, 0750, &cred, &entry) == 0);
	fs_forget(fs, entry.ino, 1);
	return entry.ino;
}

static uint64_t make_file(struct fs *fs, uint64_t dir, const char *name,
			  size_t size, unsigned seed)
{
	struct fs_entry entry;

	check(fs_mknod(fs, dir, name, S_IFREG | 0640, 0, &cred, &entry) == 0);
	fill(bytes, size, seed);
	check(fs_write(fs, entry.ino, bytes, size, 0, 0, NULL) ==
	      (ssize_t)size);
	fs_forget(fs, entry.ino, 1);
	return entry.ino;
}

static void make_many(struct fs *fs)
{
	uint64_t dir = make_dir(fs, FS_ROOT_INO, "many");
	char name[16];
	int i;

	for (i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "%d", i);
		make_file(fs, dir, name, size_of(i), (unsigned)i);
		if (i % 100 == 50)
			check(kv_flush(fs->kv) == 0);
	}
	for (i = 0; i < MANY; i += 3) {
		snprintf(name, sizeof(name), "%d", i);
		check(fs_unlink(fs, dir, name) == 0);
	}
	check(kv_compact(fs->kv) == 0);
}

static void make_special(struct fs *fs)
{
	uint64_t dir = make_dir(fs, FS_ROOT_INO, "special");
	uint64_t large = make_file(fs, dir, "large", LARGE, 5);
	uint64_t sparse = make_file(fs, dir, "sparse", 10, 7);
	uint64_t copy = make_file(fs, dir, "copy", 1, 9);
	struct stat st = { .st_size = 3000000,
			   .st_mode = 06711,
			   .st_uid = 7,
			   .st_gid = 8,
			   .st_mtim = { .tv_sec = MTIME_S, .tv_nsec = 5 } };
	struct fs_entry entry;

	check(fs_setattr(fs, sparse, &st, FS_SET_SIZE, NULL) == 0);
	check(fs_write(fs, sparse, "end", 3, 2000000, 0, NULL) == 3);
	check(fs_copy(fs, large, 0, copy, 0, 3 * CHUNK, false) ==
	      (ssize_t)(3 * CHUNK));
	check(fs_fallocate(fs, large,
			   FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, CHUNK,
			   CHUNK + 100, false) == 0);
	check(fs_link(fs, large, FS_ROOT_INO, "linked", &entry) == 0);
	fs_forget(fs, large, 1);
	check(fs_symlink(fs, dir, "symlink", "../linked", &cred, &entry) == 0);
	fs_forget(fs, entry.ino, 1);
	check(fs_mknod(fs, dir, "fifo", S_IFIFO | 0600, 0, &cred, &entry) == 0);
	fs_forget(fs, entry.ino, 1);
	fill(bytes, XATTR_SIZE, 3);
	check(fs_setxattr(fs, sparse, "user.large", bytes, XATTR_SIZE, 0) == 0);
	check(fs_setxattr(fs, copy, "system.posix_acl_access", acl, sizeof(acl),
			  0) == 0);
	check(fs_setattr(fs, sparse, &st,
			 FS_SET_MODE | FS_SET_UID | FS_SET_GID | FS_SET_MTIME,
			 NULL) == 0);
}

static struct fs_entry lookup(struct fs *fs, uint64_t dir, const char *name)
{
	struct fs_entry entry;

	check(fs_lookup(fs, dir, name, &entry) == 0);
	fs_forget(fs, entry.ino, 1);
	return entry;
}

static void write_block(struct fs *fs, uint64_t ino, const struct block *b)
{
	fill(bytes, BLOCK, b->seed);
	check(fs_write(fs, ino, bytes, BLOCK, b->at, 0, NULL) ==
	      (ssize_t)BLOCK);
}

static void make_blocks(struct fs *fs)
{
	uint64_t ino = make_file(fs, FS_ROOT_INO, "blocks", 3 * CHUNK, 21);
	size_t i;

	for (i = 0; i < LAST_BLOCK; i++)
		write_block(fs, ino, &blocks[i]);
}

/* The rest: lies in the log alone, if the store is killed. */
static void make_last(struct fs *fs)
{
	uint64_t dir = make_dir(fs, FS_ROOT_INO, "last");
	struct fs_entry entry;

	make_file(fs, dir, "small", 100, 11);
	make_file(fs, dir, "large", 3 * CHUNK + 5, 13);
	check(fs_rename(fs, FS_ROOT_INO, "linked", dir, "moved", 0, NULL) == 0);
	write_block(fs, lookup(fs, FS_ROOT_INO, "blocks").ino,
		    &blocks[LAST_BLOCK]);
	make_file(fs, dir, "orphan", 50000, 17);
	check(fs_lookup(fs, dir, "orphan", &entry) == 0);
	check(fs_unlink(fs, dir, "orphan") == 0);
	check(fs_sync(fs) == 0);
}

static void make(const char *dir, const char *kind)
{
	struct fs *fs = open_fs(dir, true);

	make_many(fs);
	check(fs_close(fs) == 0);
	fs = open_fs(dir, false);
	make_special(fs);
	make_blocks(fs);
	check(kv_compact(fs->kv) == 0);
	check(kv_collect(fs->kv) == 0);
	make_last(fs);
	if (strcmp(kind, "killed") == 0)
		_exit(EXIT_SUCCESS);
	check(fs_close(fs) == 0);
}

/* ------------------------------------------------------------- checking -- */

/* Compares with what is in `bytes`. */
static struct fs_entry check_file(struct fs *fs, uint64_t dir, const char *name,
				  size_t size)
{
	struct fs_entry entry = lookup(fs, dir, name);

	check(S_ISREG(entry.attr.st_mode));
	check(fs_read(fs, entry.ino, got, sizeof(got), 0) == (ssize_t)size);
	check(memcmp(got, bytes, size) == 0);
	return entry;
}

static void check_many(struct fs *fs)
{
	uint64_t dir = lookup(fs, FS_ROOT_INO, "many").ino;
	struct fs_entry entry;
	char name[16];
	int i;

	for (i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "%d", i);
		if (i % 3 == 0) {
			check(fs_lookup(fs, dir, name, &entry) == -ENOENT);
			continue;
		}
		fill(bytes, size_of(i), (unsigned)i);
		entry = check_file(fs, dir, name, size_of(i));
		check(entry.attr.st_mode == (S_IFREG | 0640));
		check(entry.attr.st_uid == 1000 && entry.attr.st_gid == 100);
	}
}

static void check_sparse(struct fs *fs, uint64_t dir)
{
	struct fs_entry entry = lookup(fs, dir, "sparse");
	uint8_t end[4] = { 1, 1, 1, 1 };

	check(entry.attr.st_mode == (S_IFREG | 06711));
	check(entry.attr.st_uid == 7 && entry.attr.st_gid == 8);
	check(entry.attr.st_mtim.tv_sec == MTIME_S);
	check(entry.attr.st_mtim.tv_nsec == 5);
	check(entry.attr.st_size == 3000000);
	check(fs_read(fs, entry.ino, end, 4, 1999999) == 4);
	check(memcmp(end, "\0end", 4) == 0);
	check(fs_seek(fs, entry.ino, 0, SEEK_HOLE) > 0);
	check(fs_getxattr(fs, entry.ino, "user.large", got, sizeof(got)) ==
	      XATTR_SIZE);
	fill(bytes, XATTR_SIZE, 3);
	check(memcmp(got, bytes, XATTR_SIZE) == 0);
}

static void check_special(struct fs *fs)
{
	uint64_t dir = lookup(fs, FS_ROOT_INO, "special").ino;
	struct fs_entry entry;
	char target[64] = "";

	check_sparse(fs, dir);
	fill(bytes, 3 * CHUNK, 5);
	entry = check_file(fs, dir, "copy", 3 * CHUNK);
	check(fs_getxattr(fs, entry.ino, "system.posix_acl_access", got,
			  sizeof(got)) == sizeof(acl));
	check(memcmp(got, acl, sizeof(acl)) == 0);
	fill(bytes, LARGE, 5);
	memset(bytes + CHUNK, 0, CHUNK + 100);
	entry = check_file(fs, dir, "large", LARGE);
	check(entry.attr.st_nlink == 2);
	check(fs_readlink(fs, lookup(fs, dir, "symlink").ino, target,
			  sizeof(target)) == 9);
	check(strcmp(target, "../linked") == 0);
	check(lookup(fs, dir, "fifo").attr.st_mode == (S_IFIFO | 0600));
}

static void check_last(struct fs *fs)
{
	uint64_t dir = lookup(fs, FS_ROOT_INO, "last").ino;
	uint64_t special = lookup(fs, FS_ROOT_INO, "special").ino;

	fill(bytes, 100, 11);
	check_file(fs, dir, "small", 100);
	fill(bytes, 3 * CHUNK + 5, 13);
	check_file(fs, dir, "large", 3 * CHUNK + 5);
	check(lookup(fs, dir, "moved").ino == lookup(fs, special, "large").ino);
}

/* Before there were any, there was no such file. */
static void check_blocks(struct fs *fs)
{
	static uint8_t expected[3 * CHUNK];
	struct superblock super;
	struct fs_entry entry;
	size_t i;

	check(superblock_read(fs->kv, &super) == 0);
	if (!(super.incompat & SUPERBLOCK_BLOCKS)) {
		check(fs_lookup(fs, FS_ROOT_INO, "blocks", &entry) == -ENOENT);
		return;
	}
	fill(expected, sizeof(expected), 21);
	for (i = 0; i <= LAST_BLOCK; i++)
		fill(expected + blocks[i].at, BLOCK, blocks[i].seed);
	memcpy(bytes, expected, sizeof(expected));
	check_file(fs, FS_ROOT_INO, "blocks", sizeof(expected));
}

static void check_all(struct fs *fs)
{
	struct check_counts counts;
	struct fs_usage usage;

	check(fs_check(fs->kv, &counts) == 0);
	check(kv_verify(fs->kv) == 0);
	check(counts.orphans == 0);
	check(fs_usage(fs, &usage) == 0 && usage.inodes == counts.inodes);
	check_many(fs);
	check_special(fs);
	check_blocks(fs);
	check_last(fs);
}

/* It can be changed, merged and opened again, too. */
static void check_store(const char *dir)
{
	struct fs *fs = open_fs(dir, false);

	check_all(fs);
	make_file(fs, FS_ROOT_INO, "new", 5000, 19);
	check(kv_compact(fs->kv) == 0);
	check_all(fs);
	check(fs_close(fs) == 0);
	fs = open_fs(dir, false);
	check_all(fs);
	fill(bytes, 5000, 19);
	check_file(fs, FS_ROOT_INO, "new", 5000);
	check(fs_close(fs) == 0);
}

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "make") == 0) {
		make(argv[2], argv[3]);
	} else if (argc == 3 && strcmp(argv[1], "check") == 0) {
		check_store(argv[2]);
	} else {
		fprintf(stderr,
			"usage: %s make DIR closed|killed\n"
			"       %s check DIR\n",
			argv[0], argv[0]);
		return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}
