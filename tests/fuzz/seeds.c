/*
 * Writes the first inputs of each corpus: files of a small store, and what is
 * in it.
 *
 *      tests/fuzz/seeds CORPUS
 */
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine/base/env_mem.h"
#include "engine/base/error.h"
#include "engine/block.h"
#include "engine/file_format.h"
#include "engine/manifest.h"
#include "engine/ordinals.h"
#include "engine/reclog.h"
#include "engine/sst_format.h"
#include "fs/schema.h"
#include "fs/superblock.h"
#include "src/wire.h"
#include "tests/fuzz/fuzz.h"

#define FILE_MAX ((size_t)1 << 20)

static const struct fs_cred cred = { .uid = 1000, .gid = 100 };
static const char *corpus;
static uint8_t bytes[FILE_MAX];

static void check(int rc, const char *what)
{
	if (rc == 0)
		return;
	fprintf(stderr, "seeds: %s: %d %s\n", what, rc, error_text(rc));
	exit(EXIT_FAILURE);
}

/* As CORPUS/@target/seed-@name. */
static void save(const char *target, const char *name, struct slice in)
{
	char path[4096], dir[2048];
	FILE *f;

	snprintf(dir, sizeof(dir), "%s/%s", corpus, target);
	if (mkdir(dir, 0777) < 0 && errno != EEXIST)
		check(-errno, dir);
	snprintf(path, sizeof(path), "%s/seed-%s", dir, name);
	f = fopen(path, "wb");
	if (!f)
		check(-errno, path);
	if (fwrite(in.data, 1, in.size, f) != in.size || fclose(f) != 0)
		check(-EIO, path);
}

/* ------------------------------------------------------------- the store -- */

static uint64_t make_file(struct fs *fs, uint64_t dir, const char *name,
			  size_t size, uint8_t step)
{
	struct fs_entry entry;
	size_t i;

	check(fs_mknod(fs, dir, name, S_IFREG | 0644, 0, &cred, &entry), name);
	for (i = 0; i < size; i++)
		bytes[i] = (uint8_t)(i * step >> 4);
	check(fs_write(fs, entry.ino, bytes, size, 0, 0, NULL) == (ssize_t)size
		      ? 0
		      : -EIO,
	      name);
	fs_forget(fs, entry.ino, 1);
	return entry.ino;
}

static void make_acl(struct fs *fs, uint64_t ino)
{
	static const uint8_t acl[] = {
		2,   0,   0,   0,    1,   0,   6,    0,   255, 255, 255,
		255, 2,   0,   4,    0,   7,   0,    0,   0,   4,   0,
		4,   0,   255, 255,  255, 255, 0x10, 0,   6,   0,   255,
		255, 255, 255, 0x20, 0,   4,   0,    255, 255, 255, 255,
	};

	check(fs_setxattr(fs, ino, "system.posix_acl_access", acl, sizeof(acl),
			  0),
	      "acl");
	save("acl", "named", slice_of(acl, sizeof(acl)));
}

/* Some in tables, some in the log; values of all sizes; things removed. */
static void make_tree(struct fs *fs)
{
	struct fs_entry dir, link;
	uint64_t ino;
	char name[16];
	int i;

	check(fs_mkdir(fs, FS_ROOT_INO, "dir", 0755, &cred, &dir), "mkdir");
	check(fs_symlink(fs, dir.ino, "link", "target", &cred, &link), "link");
	for (i = 0; i < 12; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		ino = make_file(fs, dir.ino, name, (size_t)i * i * 20,
				(uint8_t)(i * 37));
		check(fs_setxattr(fs, ino, "user.name", name, strlen(name), 0),
		      "setxattr");
	}
	make_acl(fs, ino);
	check(kv_flush(fs->kv), "flush");
	for (i = 0; i < 12; i += 2) {
		snprintf(name, sizeof(name), "f%d", i);
		check(fs_unlink(fs, dir.ino, name), "unlink");
	}
	check(kv_compact(fs->kv), "compact");
	make_file(fs, dir.ino, "in the log", 100, 3);
	make_file(fs, dir.ino, "large, in the log", 3000, 5);
	check(fs_unlink(fs, dir.ino, "f1"), "unlink");
	check(fs_sync(fs), "sync");
	fs_forget(fs, dir.ino, 1);
	fs_forget(fs, link.ino, 1);
}

/* --------------------------------------------------- what is taken of it -- */

static struct slice read_file(struct env *env, const char *name, size_t at)
{
	struct env_file *f;
	ssize_t n;

	check(env_open(env, name, ENV_READ, &f), name);
	n = env_read_at(f, bytes + at, sizeof(bytes) - at, 0);
	check(n < 0 ? (int)n : 0, name);
	env_close(f);
	return slice_of(bytes, at + (size_t)n);
}

static const char *const targets_of[] = {
	[FILE_WAL] = "log",
	[FILE_SST] = "table",
	[FILE_BLOB] = "blobs",
};

/* What the footer of a table leads to. */
static void save_props(struct env *env, const char *name)
{
	struct file_header want = { 0 }, header;
	struct sst_handle handle;
	struct env_file *f;
	uint64_t size;
	size_t raw_size;
	void *raw;

	if (!file_name_parse(name, &want.kind, &want.number))
		return;
	check(env_open(env, name, ENV_READ, &f), name);
	check(env_size(f, &size), name);
	check(file_header_read(f, &want, &header), name);
	check(sst_footer_read(f, size, header.salt, &handle), name);
	check(sst_chunk_read(f, size, header.salt, handle, &raw, &raw_size),
	      name);
	save("props", name, slice_of(raw, raw_size));
	free(raw);
	env_close(f);
}

static void save_files(struct env *env)
{
	struct env_names names = { 0 };
	enum file_kind kind;
	uint64_t number;
	size_t i;

	check(env_list(env, &names), "list");
	for (i = 0; i < names.count; i++) {
		const char *name = names.names[i];
		struct slice file;

		if (!file_name_parse(name, &kind, &number))
			continue;
		if (kind == FILE_MANIFEST) {
			file = read_file(env, FILE_SUPER_NAME, 0);
			save("super", "store", read_file(env, name, file.size));
			continue;
		}
		file = read_file(env, name, 0);
		/* What was written ahead of a log is zeros. */
		while (kind == FILE_WAL && file.size > 0 &&
		       bytes[file.size - 1] == 0)
			file.size--;
		if (kind == FILE_SST)
			save_props(env, name);
		if (kind != FILE_SUPER)
			save(targets_of[kind], name, file);
	}
	env_names_fini(&names);
}

/* The payloads of a log of either kind. */
static void save_records(struct env *env, enum file_kind kind,
			 const char *target)
{
	struct env_names names = { 0 };
	static const uint8_t any[16];
	struct reclog_reader *reader;
	struct slice payload;
	enum file_kind is;
	uint64_t number;
	char name[32];
	int count = 0;
	size_t i;

	check(env_list(env, &names), "list");
	for (i = 0; i < names.count; i++) {
		if (!file_name_parse(names.names[i], &is, &number) ||
		    is != kind)
			continue;
		check(reclog_reader_open(&reader, env, kind, number, any),
		      "log");
		while (reclog_reader_next(reader, &payload) == 1) {
			snprintf(name, sizeof(name), "%d", ++count);
			if (count % 3 == 1 && count < 30)
				save(target, name, payload);
		}
		reclog_reader_close(reader);
	}
	env_names_fini(&names);
}

static void save_entry(struct slice key, struct slice value)
{
	static const struct {
		char kind;
		const char *target;
	} targets[] = {
		{ SCHEMA_SUPER, "superblock" },
		{ SCHEMA_INODE, "inode" },
		{ SCHEMA_DENTRY, "dentry" },
	};
	char name[32];
	size_t i;

	snprintf(name, sizeof(name), "%c", *(const char *)key.data);
	save("key", name, key);
	for (i = 0; i < ARRAY_SIZE(targets); i++)
		if (targets[i].kind == *(const char *)key.data)
			save(targets[i].target, name, value);
}

static void save_entries(struct fs *fs)
{
	struct block_builder b;
	struct entry e = { .tag = entry_tag(7, ENTRY_PUT) };
	struct kv_iter *it;
	struct slice none = slice_of(NULL, 0), block;
	int rc;

	block_builder_init(&b);
	check(kv_iter_open(&it, fs->kv, none, none), "iterator");
	for (rc = kv_iter_first(it); rc > 0; rc = kv_iter_next(it)) {
		e.key = kv_iter_key(it);
		check(kv_iter_value(it, &e.value), "value");
		save_entry(e.key, e.value);
		if (e.value.size < 100)
			check(block_builder_add(&b, &e) < 0 ? -ENOMEM : 0,
			      "block");
	}
	check(rc, "iterator");
	kv_iter_close(it);
	block_builder_finish(&b, &block);
	save("block", "entries", block);
	block_builder_fini(&b);
}

/* The frames of a control socket, each with the head that wire.c gives it. */
static void save_frames(void)
{
	static const char *const verbs[] = { "stat", "scrub", "check-point" };
	int ends[2];
	ssize_t n;
	size_t i;

	check(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), "socketpair");
	for (i = 0; i < ARRAY_SIZE(verbs); i++) {
		check(wire_send_request(ends[0], verbs[i], i == 2 ? "x" : ""),
		      verbs[i]);
		n = recv(ends[1], bytes, sizeof(bytes), 0);
		save("wire", verbs[i], slice_of(bytes, (size_t)n));
	}
	check(wire_send_end(ends[0], -ENOSPC, "no room"), "end");
	n = recv(ends[1], bytes, sizeof(bytes), 0);
	save("wire", "end", slice_of(bytes, (size_t)n));
	close(ends[0]);
	close(ends[1]);
}

static void save_ordinals(void)
{
	struct ordinals set = { 0 };
	struct buf out = { 0 };
	uint32_t i;

	for (i = 0; i < 3000; i += i < 100 ? 3 : 701)
		check(ordinals_add(&set, i), "ordinals");
	check(ordinals_encode(&set, &out), "ordinals");
	save("ordinals", "set", buf_slice(&out));
	buf_fini(&out);
	ordinals_fini(&set);
}

int main(int argc, char **argv)
{
	static const uint8_t orphan[] = { 3, 0, 0, 0, 0, 0, 0, 0, 1 };
	struct fs_options options = fs_options_default;
	struct env *env, *left;
	struct fs *fs;

	if (argc != 2) {
		fprintf(stderr, "usage: %s CORPUS\n", argv[0]);
		return EXIT_FAILURE;
	}
	corpus = argv[1];
	options.background = false;
	options.memory_bytes = 4 * MIB;
	check(env_mem_new(&env, 1), "env");
	check(fs_open_env(&fs, env, &options), "open");
	make_tree(fs);
	check(env_mem_cut(env, ENV_MEM_LOSE_NOTHING, 1, &left), "cut");
	save_entries(fs);
	save_files(left);
	save_records(left, FILE_WAL, "record");
	save_records(left, FILE_MANIFEST, "edit");
	save_ordinals();
	save_frames();
	save("orphan", "one", slice_of(orphan, sizeof(orphan)));
	check(fs_close(fs), "close");
	env_free(left);
	env_free(env);
	return EXIT_SUCCESS;
}
