/* File data and attributes. */
#include "tests/fs/fixture.h"

#include <linux/falloc.h>

#include "engine/base/coding.h"
#include "engine/base/thread.h"
#include "fs/blocks.h"
#include "fs/inode.h"
#include "fs/schema.h"
#include "fs/truncate.h"

#define CHUNK SCHEMA_CHUNK_BYTES

static void expect(uint64_t ino, const uint8_t *want, size_t size,
		   uint64_t offset)
{
	uint8_t *got = malloc(size + 1);

	ck_assert_int_eq(fs_read(fx, ino, got, size, offset), (ssize_t)size);
	ck_assert(memcmp(got, want, size) == 0);
	free(got);
}

START_TEST(what_was_written_is_read)
{
	static const size_t sizes[] = { 1,         CHUNK - 1, CHUNK,
					CHUNK + 1, 3 * CHUNK, MIB + 7 };
	static const uint64_t offsets[] = { 0, 1, CHUNK - 1, CHUNK, 5000000 };
	static uint8_t buf[MIB + 7];
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		for (j = 0; j < ARRAY_SIZE(offsets); j++) {
			uint64_t file = fx_mkfile(FS_ROOT_INO, "f");

			fx_fill(buf, sizes[i], i * 100 + j);
			fx_write(file, buf, sizes[i], offsets[j]);
			ck_assert_int_eq(fx_stat(file).st_size,
					 (off_t)(offsets[j] + sizes[i]));
			expect(file, buf, sizes[i], offsets[j]);
			fx_check();
			fx_reopen();
			expect(file, buf, sizes[i], offsets[j]);
			ck_ok(fs_unlink(fx, FS_ROOT_INO, "f"));
		}
	}
}
END_TEST

/* What is compressed before the file is locked, with holes and odd ends. */
START_TEST(a_large_write_makes_holes_and_fills_them)
{
	static uint8_t old[12 * CHUNK], new[8 * CHUNK + 9];
	uint64_t file = fx_mkfile(FS_ROOT_INO, "f");

	fx_fill(old, sizeof(old), 1);
	fx_write(file, old, sizeof(old), 0);
	fx_fill(new, sizeof(new), 2);
	memset(new + 3 * CHUNK, 0, 3 * CHUNK);
	fx_write(file, new, sizeof(new), CHUNK - 7);
	memcpy(old + CHUNK - 7, new, sizeof(new));
	expect(file, old, sizeof(old), 0);
	/* Two of its chunks are zeros as a whole. */
	ck_assert_int_eq(fx_stat(file).st_blocks, 10 * CHUNK / 512);
	fx_check();
	fx_fill(new, sizeof(new), 3);
	fx_write(file, new, sizeof(new), CHUNK);
	memcpy(old + CHUNK, new, sizeof(new));
	fx_reopen();
	expect(file, old, sizeof(old), 0);
	ck_assert_int_eq(fx_stat(file).st_blocks, 12 * CHUNK / 512);
	fx_check();
}
END_TEST

#define BLOCK SCHEMA_BLOCK_BYTES

/* The blocks of a chunk that are stored apart from it. */
static unsigned blocks_of(uint64_t ino, uint64_t chunk)
{
	struct inode *inode;
	unsigned bits;

	ck_ok(inode_get_locked(fx, ino, &inode));
	ck_ok(blocks_find(fx, inode, chunk, &bits));
	inode_put_locked(fx, inode);
	return bits;
}

/* @size bytes of chunk 1 and of @data, at @start of the chunk. */
static void over(uint64_t file, uint8_t *data, size_t start, size_t size)
{
	static uint64_t seed;

	fx_fill(data + CHUNK + start, size, ++seed);
	fx_write(file, data + CHUNK + start, size, CHUNK + start);
}

START_TEST(a_few_blocks_are_written_over_their_chunk)
{
	static uint8_t data[3 * CHUNK - 100];
	uint64_t file = fx_mkfile(FS_ROOT_INO, "f");
	unsigned i;

	fx_fill(data, sizeof(data), 99);
	fx_write(file, data, sizeof(data), 0);
	over(file, data, 2 * BLOCK, BLOCK);
	over(file, data, 2 * BLOCK, BLOCK);
	ck_assert_uint_eq(blocks_of(file, 1), 1u << 2);
	over(file, data, 4 * BLOCK, 3 * BLOCK);
	ck_assert_uint_eq(blocks_of(file, 1), 1u << 2 | 7u << 4);
	expect(file, data, sizeof(data), 0);
	for (i = 0; i < 8; i++)
		expect(file, data + CHUNK + i * BLOCK + 5, 5000,
		       CHUNK + i * BLOCK + 5);
	ck_assert_int_eq(fx_stat(file).st_blocks,
			 (3 * CHUNK - 100 + 511) / 512);
	fx_check();
	fx_reopen();
	expect(file, data, sizeof(data), 0);
	/* What is no block, or one too many, or many at once, folds them. */
	over(file, data, 5 * BLOCK, BLOCK + 1);
	ck_assert_uint_eq(blocks_of(file, 1), 0);
	for (i = 0; i < BLOCKS_MAX; i++)
		over(file, data, i * BLOCK, BLOCK);
	ck_assert_uint_eq(blocks_of(file, 1), (1u << BLOCKS_MAX) - 1);
	over(file, data, BLOCKS_MAX * BLOCK, BLOCK);
	ck_assert_uint_eq(blocks_of(file, 1), 0);
	over(file, data, BLOCK, BLOCK);
	over(file, data, 3 * BLOCK, 5 * BLOCK);
	ck_assert_uint_eq(blocks_of(file, 1), 0);
	expect(file, data, sizeof(data), 0);
	/* Nothing lies over a chunk that is not whole. */
	fx_write(file, data + 2 * CHUNK, BLOCK, 2 * CHUNK);
	ck_assert_uint_eq(blocks_of(file, 2), 0);
	fx_check();
}
END_TEST

/* Each way in which a chunk goes, or is written anew, with its blocks. */
START_TEST(blocks_go_with_their_chunk)
{
	static uint8_t data[3 * CHUNK], zeros[CHUNK];
	uint64_t file = fx_mkfile(FS_ROOT_INO, "f");
	uint64_t copy = fx_mkfile(FS_ROOT_INO, "g");
	const int punch = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;

	fx_fill(data, sizeof(data), 99);
	fx_write(file, data, sizeof(data), 0);
	over(file, data, BLOCK, 2 * BLOCK);
	ck_assert_int_eq(fs_copy(fx, file, 0, copy, 0, sizeof(data), false),
			 (ssize_t)sizeof(data));
	ck_assert_uint_eq(blocks_of(copy, 1), 6);
	switch (_i) {
	case 0:
		over(file, data, 0, CHUNK);
		break;
	case 1:
		ck_ok(fs_fallocate(fx, file, punch, CHUNK, CHUNK, false));
		memset(data + CHUNK, 0, CHUNK);
		break;
	case 2:
		ck_ok(fs_fallocate(fx, file, punch, CHUNK, BLOCK + 7, false));
		memset(data + CHUNK, 0, BLOCK + 7);
		break;
	case 3:
		ck_ok(fx_truncate(file, 2 * CHUNK - 9));
		ck_ok(fx_truncate(file, sizeof(data)));
		memset(data + 2 * CHUNK - 9, 0, CHUNK + 9);
		break;
	case 4:
		ck_ok(fx_truncate(file, CHUNK));
		ck_ok(fx_truncate(file, sizeof(data)));
		memset(data + CHUNK, 0, 2 * CHUNK);
		break;
	case 5:
		ck_ok(fx_truncate(file, 0));
		ck_ok(fx_truncate(file, sizeof(data)));
		memset(data, 0, sizeof(data));
		break;
	case 6:
		fx_write(file, zeros, CHUNK, CHUNK);
		memset(data + CHUNK, 0, CHUNK);
		break;
	case 7: /* from a chunk that has none */
		ck_assert_int_eq(
			fs_copy(fx, file, 0, file, CHUNK, CHUNK, false),
			(ssize_t)CHUNK);
		memcpy(data + CHUNK, data, CHUNK);
		break;
	default:
		ck_ok(fs_unlink(fx, FS_ROOT_INO, "f"));
		fx_check();
		expect(copy, data, sizeof(data), 0);
		return;
	}
	fx_check();
	ck_assert_uint_eq(blocks_of(file, 1), 0);
	expect(file, data, sizeof(data), 0);
	fx_reopen();
	expect(file, data, sizeof(data), 0);
	ck_assert_uint_eq(blocks_of(copy, 1), 6);
}
END_TEST

#define WRITERS     3
#define WRITE_BYTES (6 * CHUNK + 100)

static uint64_t shared; /* the file that all write */

/* Each write of a byte's many copies is there as a whole, or not at all. */
static void write_all_over(void *arg)
{
	uint8_t *bytes = malloc(WRITE_BYTES);
	unsigned i;

	ck_assert_ptr_nonnull(bytes);
	memset(bytes, (int)(uintptr_t)arg, WRITE_BYTES);
	for (i = 0; i < 30; i++)
		fx_write(shared, bytes, WRITE_BYTES, 50);
	free(bytes);
}

START_TEST(threads_write_one_file)
{
	struct thread threads[WRITERS];
	static uint8_t got[WRITE_BYTES];
	uintptr_t i;

	shared = fx_mkfile(FS_ROOT_INO, "f");
	for (i = 0; i < WRITERS; i++)
		ck_ok(thread_start(&threads[i], "writer", 0, write_all_over,
				   (void *)(i + 1)));
	for (i = 0; i < WRITERS; i++)
		thread_join(&threads[i]);
	ck_assert_int_eq(fs_read(fx, shared, got, sizeof(got), 50),
			 (ssize_t)sizeof(got));
	for (i = 1; i < sizeof(got); i++)
		ck_assert_uint_eq(got[i], got[0]);
	fx_check();
}
END_TEST

START_TEST(reads_end_with_the_file)
{
	uint64_t file = fx_mkfile(FS_ROOT_INO, "f");
	char got[10];

	ck_assert_int_eq(fs_read(fx, file, got, sizeof(got), 0), 0);
	fx_write(file, "abc", 3, 0);
	ck_assert_int_eq(fs_read(fx, file, got, sizeof(got), 1), 2);
	ck_assert_mem_eq(got, "bc", 2);
	ck_assert_int_eq(fs_read(fx, file, got, sizeof(got), 3), 0);
	ck_assert_int_eq(fs_read(fx, file, got, sizeof(got), UINT64_MAX), 0);
	ck_assert_int_eq(fs_read(fx, FS_ROOT_INO, got, 1, 0), -EISDIR);
	ck_assert_int_eq(fs_write(fx, FS_ROOT_INO, got, 1, 0, 0, NULL),
			 -EISDIR);
}
END_TEST

START_TEST(only_regular_files_have_data)
{
	struct fs_entry fifo;
	char byte = 0;

	ck_ok(fs_mknod(fx, FS_ROOT_INO, "p", S_IFIFO | 0600, 0, &fx_cred,
		       &fifo));
	ck_assert_int_eq(fs_read(fx, fifo.ino, &byte, 1, 0), -EINVAL);
	ck_assert_int_eq(fs_write(fx, fifo.ino, &byte, 1, 0, 0, NULL), -EINVAL);
	ck_assert_int_eq(fx_truncate(fifo.ino, 1), -EINVAL);
	ck_assert_int_eq(fx_truncate(FS_ROOT_INO, 1), -EISDIR);
}
END_TEST

START_TEST(files_have_a_limit)
{
	uint64_t file = fx_mkfile(FS_ROOT_INO, "f");
	struct stat st = { .st_size = -1 };
	char byte = 'x';

	fx_write(file, &byte, 1, FS_FILE_SIZE_MAX - 1);
	ck_assert_int_eq(fx_stat(file).st_size, FS_FILE_SIZE_MAX);
	ck_assert_int_eq(
		fs_write(fx, file, &byte, 1, FS_FILE_SIZE_MAX, 0, NULL),
		-EFBIG);
	ck_assert_int_eq(fs_write(fx, file, &byte, 1, UINT64_MAX, 0, NULL),
			 -EFBIG);
	ck_assert_int_eq(fs_setattr(fx, file, &st, FS_SET_SIZE, NULL), -EINVAL);
	fx_check();
	ck_ok(fx_truncate(file, 0));
}
END_TEST

START_TEST(holes_take_no_room)
{
	static uint8_t zeros[4 * CHUNK];
	uint64_t file = fx_mkfile(FS_ROOT_INO, "f");
	static uint8_t buf[2 * CHUNK];

	fx_write(file, zeros, sizeof(zeros), 100);
	ck_assert_int_eq(fx_stat(file).st_size, 100 + (off_t)sizeof(zeros));
	ck_assert_int_eq(fx_stat(file).st_blocks, 0);
	fx_fill(buf, sizeof(buf), 1);
	fx_write(file, buf, sizeof(buf), CHUNK);
	ck_assert_int_eq(fx_stat(file).st_blocks, 2 * CHUNK / 512);
	expect(file, zeros, CHUNK, 0);
	expect(file, buf, sizeof(buf), CHUNK);
	/* Zeros over data: a whole chunk goes, a part is stored. */
	fx_write(file, zeros, CHUNK, CHUNK);
	ck_assert_int_eq(fx_stat(file).st_blocks, CHUNK / 512);
	fx_write(file, zeros, 10, 2 * CHUNK);
	expect(file, zeros, 10, 2 * CHUNK);
	expect(file, buf + CHUNK + 10, CHUNK - 10, 2 * CHUNK + 10);
}
END_TEST

START_TEST(what_was_cut_off_stays_away)
{
	static const uint64_t cuts[] = { 0,     1,         CHUNK - 1,
					 CHUNK, CHUNK + 5, 3 * CHUNK };
	static uint8_t buf[4 * CHUNK];
	static uint8_t want[4 * CHUNK];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cuts); i++) {
		uint64_t file = fx_mkfile(FS_ROOT_INO, "f");

		fx_fill(buf, sizeof(buf), i);
		fx_write(file, buf, sizeof(buf), 0);
		ck_ok(fx_truncate(file, cuts[i]));
		ck_assert_int_eq(fx_stat(file).st_blocks,
				 (blkcnt_t)((cuts[i] + 511) / 512));
		fx_check();
		ck_ok(fx_truncate(file, sizeof(buf)));
		memset(want, 0, sizeof(want));
		memcpy(want, buf, cuts[i]);
		expect(file, want, sizeof(want), 0);
		/* A write far behind it brings nothing back either. */
		ck_ok(fx_truncate(file, cuts[i]));
		fx_write(file, "x", 1, sizeof(buf) - 1);
		want[sizeof(want) - 1] = 'x';
		expect(file, want, sizeof(want), 0);
		ck_ok(fs_unlink(fx, FS_ROOT_INO, "f"));
	}
}
END_TEST

/* More chunks than one batch removes, in a file that is also unlinked. */
START_TEST(many_chunks_are_removed_in_several_batches)
{
	uint64_t count = 2 * TRUNCATE_BATCH_CHUNKS + 3, i;
	uint64_t file = fx_mkfile_keep(FS_ROOT_INO, "f");

	for (i = 0; i < count; i++)
		fx_write(file, "x", 1, i * CHUNK);
	ck_ok(fx_truncate(file, CHUNK + 1));
	ck_assert_int_eq(fx_stat(file).st_blocks, 1);
	ck_assert_uint_eq(fx_check().orphans, 0);
	for (i = 0; i < count; i++)
		fx_write(file, "x", 1, i * CHUNK);
	ck_ok(fs_unlink(fx, FS_ROOT_INO, "f"));
	ck_ok(fx_truncate(file, 1));
	ck_assert_int_eq(fx_stat(file).st_blocks, 1);
	ck_assert_uint_eq(fx_check().orphans, 1);
	fs_forget(fx, file, 1);
	ck_assert_uint_eq(fx_check().inodes, 1);
}
END_TEST

/* As it is after the first batch, if the others could not be made. */
START_TEST(a_pending_purge_is_finished_before_the_file_grows)
{
	uint64_t file = fx_mkfile_keep(FS_ROOT_INO, "f");
	struct kv_batch *batch = kv_batch_new();
	struct inode_record rec;
	struct schema_key key;
	struct inode *inode;
	uint8_t orphan[9] = { 1 };
	char got = 'y';

	fx_write(file, "x", 1, 0);
	fx_write(file, "x", 1, CHUNK);
	fx_write(file, "x", 1, 5 * CHUNK);
	inode = icache_find(&fx->icache, file);
	rec = inode->rec;
	atomic_fetch_sub(&fx->data_bytes, rec.size - 1);
	rec.size = 1;
	rec.flags |= INODE_PURGE;
	inode_stage(batch, file, &rec);
	schema_key_ino(&key, SCHEMA_ORPHAN, file);
	kv_batch_put(batch, schema_slice(&key), slice_of(orphan, 9));
	ck_ok(inode_commit(fx, batch));
	inode->rec = rec;
	icache_unref(&fx->icache, inode, false);
	ck_assert_uint_eq(fx_check().orphans, 1);

	if (_i == 0)
		ck_ok(fx_truncate(file, 6 * CHUNK));
	else if (_i == 1)
		fx_write(file, "z", 1, 6 * CHUNK - 1);
	else if (_i == 2)
		ck_ok(fs_unlink(fx, FS_ROOT_INO, "f"));
	else
		fx_reopen();
	ck_assert_uint_eq(fx_check().orphans, _i == 2);
	if (_i < 2) {
		ck_assert_int_eq(fs_read(fx, file, &got, 1, 5 * CHUNK), 1);
		ck_assert_int_eq(got, 0);
	}
	if (_i != 3)
		fs_forget(fx, file, 1);
}
END_TEST

/* --------------------------------------------------------- attributes -- */

START_TEST(attributes_are_set_and_kept)
{
	uint64_t file = fx_mkfile(FS_ROOT_INO, "f");
	struct stat st = {
		.st_mode = 04751,
		.st_uid = 5,
		.st_gid = UINT32_MAX - 1,
		.st_atim = { .tv_sec = -2, .tv_nsec = 999999999 },
		.st_mtim = { .tv_sec = 5000000000, .tv_nsec = 1 },
		.st_ctim = { .tv_sec = 7, .tv_nsec = 8 },
	};
	struct stat out, again;

	ck_ok(fs_setattr(fx, file, &st,
			 FS_SET_MODE | FS_SET_UID | FS_SET_GID | FS_SET_ATIME |
				 FS_SET_MTIME | FS_SET_CTIME,
			 &out));
	fx_reopen();
	again = fx_stat(file);
	ck_assert_mem_eq(&out, &again, sizeof(out));
	ck_assert_uint_eq(again.st_mode, S_IFREG | 04751);
	ck_assert_uint_eq(again.st_uid, 5);
	ck_assert_uint_eq(again.st_gid, UINT32_MAX - 1);
	ck_assert_int_eq(again.st_atim.tv_sec, -2);
	ck_assert_int_eq(again.st_atim.tv_nsec, 999999999);
	ck_assert_int_eq(again.st_mtim.tv_sec, 5000000000);
	ck_assert_int_eq(again.st_mtim.tv_nsec, 1);
	ck_assert_int_eq(again.st_ctim.tv_sec, 7);
	ck_assert_int_eq(fs_getattr(fx, 4711, &out, NULL), -ENOENT);
}
END_TEST

START_TEST(times_follow_what_is_done)
{
	uint64_t file = fx_mkfile(FS_ROOT_INO, "f");
	struct stat old = { .st_mtim = { .tv_sec = 1 },
			    .st_ctim = { .tv_sec = 1 } };
	const unsigned both = FS_SET_MTIME | FS_SET_CTIME;

	ck_ok(fs_setattr(fx, file, &old, both, NULL));
	ck_assert_int_eq(fs_write(fx, file, "x", 1, 0, FS_WRITE_CACHED, NULL),
			 1);
	ck_assert_int_eq(fx_stat(file).st_mtim.tv_sec, 1);
	ck_assert_int_eq(fx_stat(file).st_ctim.tv_sec, 1);
	fx_write(file, "x", 1, 0);
	ck_assert_int_gt(fx_stat(file).st_mtim.tv_sec, 1);
	ck_assert_int_gt(fx_stat(file).st_ctim.tv_sec, 1);

	ck_ok(fs_setattr(fx, file, &old, both, NULL));
	ck_ok(fx_truncate(file, 5));
	ck_assert_int_gt(fx_stat(file).st_mtim.tv_sec, 1);

	ck_ok(fs_setattr(fx, file, &old, FS_SET_MTIME, NULL));
	ck_assert_int_eq(fx_stat(file).st_mtim.tv_sec, 1);
	ck_assert_int_gt(fx_stat(file).st_ctim.tv_sec, 1);

	ck_ok(fs_setattr(fx, FS_ROOT_INO, &old, both, NULL));
	ck_ok(fs_unlink(fx, FS_ROOT_INO, "f"));
	ck_assert_int_gt(fx_stat(FS_ROOT_INO).st_mtim.tv_sec, 1);
	ck_assert_int_gt(fx_stat(FS_ROOT_INO).st_ctim.tv_sec, 1);
}
END_TEST

START_TEST(privileges_are_dropped)
{
	uint64_t file = fx_mkfile(FS_ROOT_INO, "f");
	uint64_t dir = fx_mkdir(FS_ROOT_INO, "d");
	struct stat st = { .st_mode = 06755 };

	ck_ok(fs_setattr(fx, file, &st, FS_SET_MODE, NULL));
	ck_ok(fs_setattr(fx, dir, &st, FS_SET_MODE, NULL));
	fx_write(file, "x", 1, 0);
	ck_assert_uint_eq(fx_stat(file).st_mode, S_IFREG | 06755);
	ck_assert_int_eq(
		fs_write(fx, file, "x", 1, 0, FS_WRITE_KILL_PRIV, NULL), 1);
	ck_assert_uint_eq(fx_stat(file).st_mode, S_IFREG | 0755);

	st.st_mode = 06745;
	ck_ok(fs_setattr(fx, file, &st, FS_SET_MODE, NULL));
	ck_ok(fs_setattr(fx, file, &st, FS_SET_UID, NULL));
	/* Without group execution the bit means locking, not privilege. */
	ck_assert_uint_eq(fx_stat(file).st_mode, S_IFREG | 02745);
	ck_ok(fs_setattr(fx, dir, &st, FS_SET_GID, NULL));
	ck_assert_uint_eq(fx_stat(dir).st_mode, S_IFDIR | 06755);
}
END_TEST

START_TEST(statfs_tells_what_there_is)
{
	struct statvfs vfs;
	struct fs_usage usage;

	fx_write(fx_mkfile(FS_ROOT_INO, "f"), "abc", 3, 0);
	ck_ok(fs_statfs(fx, &vfs));
	ck_assert_uint_eq(vfs.f_namemax, FS_NAME_MAX);
	ck_assert_uint_ge(vfs.f_blocks, vfs.f_bfree);
	ck_assert_uint_eq(vfs.f_files - vfs.f_ffree, 2);
	ck_ok(fs_usage(fx, &usage));
	ck_assert_uint_eq(usage.inodes, 2);
	ck_assert_uint_eq(usage.data_bytes, 3);
	ck_assert_uint_gt(usage.disk_bytes, 0);
}
END_TEST

/* Out of room: nothing changes, and removing still works. */
START_TEST(a_write_without_room_changes_nothing)
{
	uint64_t file = fx_mkfile(FS_ROOT_INO, "f");
	static uint8_t buf[MIB];
	struct stat before, after;
	ssize_t n = 0;
	int i;

	fx_fill(buf, sizeof(buf), 1);
	fx_write(file, "first", 5, 0);
	ck_ok(fs_sync(fx));
	env_mem_limit(fx_env, env_mem_bytes(fx_env) + 4 * MIB);
	for (i = 0; i < 100 && n >= 0; i++) {
		before = fx_stat(file);
		n = fs_write(fx, file, buf, sizeof(buf), (uint64_t)i * MIB, 0,
			     NULL);
	}
	ck_assert_int_eq(n, -ENOSPC);
	after = fx_stat(file);
	ck_assert_mem_eq(&before, &after, sizeof(before));
	fx_check();
	env_mem_limit(fx_env, 0);
	fx_write(file, "again", 5, 0);
}
END_TEST

/* ---------------------------------------------------------------- atime -- */

static bool moves(uint64_t ino)
{
	struct timespec before = fx_stat(ino).st_atim, after;

	fs_accessed(fx, ino);
	after = fx_stat(ino).st_atim;
	return before.tv_sec != after.tv_sec || before.tv_nsec != after.tv_nsec;
}

/* Sets atime and mtime to so many hours ago, and ctime to that before both. */
static void set_ages(uint64_t ino, int atime_hours, int mtime_hours)
{
	struct timespec now = inode_timespec(superblock_now_ns(fx));
	struct stat st;

	st.st_atim = st.st_mtim = st.st_ctim = now;
	st.st_atim.tv_sec -= atime_hours * 3600;
	st.st_mtim.tv_sec -= mtime_hours * 3600;
	st.st_ctim.tv_sec -= 1000 * 3600;
	ck_ok(fs_setattr(fx, ino, &st,
			 FS_SET_ATIME | FS_SET_MTIME | FS_SET_CTIME, NULL));
}

START_TEST(reading_changes_atime_as_seldom_as_it_may)
{
	uint64_t file = fx_mkfile(FS_ROOT_INO, "f");
	struct stat st;

	set_ages(file, 2, 1);
	st = fx_stat(file);
	ck_assert(moves(file));
	ck_assert_int_eq(fx_stat(file).st_ctim.tv_sec, st.st_ctim.tv_sec);
	ck_assert(!moves(file));
	set_ages(file, 1, 2);
	ck_assert(!moves(file));
	set_ages(file, 25, 26);
	ck_assert(moves(file));
	set_ages(file, 2, 1);
	ck_ok(fs_setflags(fx, file, FS_FLAG_NOATIME));
	ck_assert(!moves(file));
	ck_ok(fs_setflags(fx, file, 0));
	fx->atime = FS_ATIME_NEVER;
	ck_assert(!moves(file));
	fx->atime = FS_ATIME_ALWAYS;
	ck_assert(moves(file));
	set_ages(file, 1, 2);
	ck_assert(moves(file));
	fs_accessed(fx, 12345);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("data");
	TCase *tc = suite_case(s, "data");

	tcase_add_checked_fixture(tc, fx_setup, fx_teardown);
	tcase_add_test(tc, what_was_written_is_read);
	tcase_add_test(tc, a_large_write_makes_holes_and_fills_them);
	tcase_add_test(tc, a_few_blocks_are_written_over_their_chunk);
	tcase_add_loop_test(tc, blocks_go_with_their_chunk, 0, 9);
	tcase_add_test(tc, threads_write_one_file);
	tcase_add_test(tc, reads_end_with_the_file);
	tcase_add_test(tc, only_regular_files_have_data);
	tcase_add_test(tc, files_have_a_limit);
	tcase_add_test(tc, holes_take_no_room);
	tcase_add_test(tc, what_was_cut_off_stays_away);
	tcase_add_test(tc, many_chunks_are_removed_in_several_batches);
	tcase_add_loop_test(
		tc, a_pending_purge_is_finished_before_the_file_grows, 0, 4);
	tcase_add_test(tc, attributes_are_set_and_kept);
	tcase_add_test(tc, times_follow_what_is_done);
	tcase_add_test(tc, privileges_are_dropped);
	tcase_add_test(tc, statfs_tells_what_there_is);
	tcase_add_test(tc, a_write_without_room_changes_nothing);
	tcase_add_test(tc, reading_changes_atime_as_seldom_as_it_may);
	return suite_run(s);
}
