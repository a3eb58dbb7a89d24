/*
 * fallocate and copy, against arrays of bytes: random ranges of two files are
 * written, zeroed, cut and copied, and all bytes are compared after each.
 */
#include "tests/fs/fixture.h"

#include <linux/falloc.h>
#include <unistd.h>

#include "fs/schema.h"

#define PUNCH  (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE)
#define ZERO   FALLOC_FL_ZERO_RANGE
#define KEEP   FALLOC_FL_KEEP_SIZE
#define MAX    (8 * SCHEMA_CHUNK_BYTES)
#define ROUNDS 250

struct twin {
	uint64_t ino;
	uint8_t bytes[MAX];
	size_t size;
};

static struct twin files[2];
static unsigned seed;

/* Often at the edge of a chunk, or of a block. */
static size_t pick(size_t max)
{
	size_t v = (size_t)rand_r(&seed) % (max + 1);

	if (rand_r(&seed) % 3 == 0)
		v -= v % SCHEMA_CHUNK_BYTES;
	else if (rand_r(&seed) % 3 == 0)
		v -= v % SCHEMA_BLOCK_BYTES;
	return v;
}

static void check_same(const struct twin *t)
{
	static uint8_t buf[MAX + 1];
	struct stat st = fx_stat(t->ino);

	ck_assert_int_eq(st.st_size, (off_t)t->size);
	ck_assert_int_eq(fs_read(fx, t->ino, buf, sizeof(buf), 0),
			 (ssize_t)t->size);
	ck_assert_mem_eq(buf, t->bytes, t->size);
}

/* Everything from @at to what is found is as it should be. */
static void check_seek(const struct twin *t, size_t at)
{
	off_t data = fs_seek(fx, t->ino, (off_t)at, SEEK_DATA);
	off_t hole = fs_seek(fx, t->ino, (off_t)at, SEEK_HOLE);
	size_t end = data < 0 ? t->size : (size_t)data, i;
	unsigned wrong = 0;

	if (at >= t->size) {
		ck_assert_int_eq(data, -ENXIO);
		ck_assert_int_eq(hole, -ENXIO);
		return;
	}
	ck_assert(data == -ENXIO || (data >= (off_t)at && end < t->size));
	for (i = at; i < end; i++)
		wrong += t->bytes[i] != 0;
	ck_assert(hole >= (off_t)at && hole <= (off_t)t->size);
	ck_assert((data == (off_t)at) == (hole > (off_t)at));
	for (i = (size_t)hole; i < t->size && i % SCHEMA_CHUNK_BYTES; i++)
		wrong += t->bytes[i] != 0;
	ck_assert_uint_eq(wrong, 0);
}

static void grow(struct twin *t, size_t size)
{
	t->size = size_max(t->size, size);
}

static void zero(struct twin *t, int mode, size_t at, size_t n)
{
	ck_ok(fs_fallocate(fx, t->ino, mode, at, n, false));
	if (mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE))
		memset(t->bytes + at, 0, n);
	if (!(mode & KEEP))
		grow(t, at + n);
}

static void copy(struct twin *from, size_t in, struct twin *to, size_t out,
		 size_t n)
{
	size_t want = in < from->size ? size_min(n, from->size - in) : 0;
	ssize_t got;

	got = fs_copy(fx, from->ino, in, to->ino, out, n, false);
	if (from == to && (in < out ? out - in : in - out) < n) {
		ck_assert_int_eq(got, -EINVAL);
		return;
	}
	ck_assert_int_eq(got, (ssize_t)want);
	if (want == 0)
		return;
	memmove(to->bytes + out, from->bytes + in, want);
	grow(to, out + want);
}

static void cut(struct twin *t, size_t size)
{
	ck_ok(fx_truncate(t->ino, size));
	if (size < t->size)
		memset(t->bytes + size, 0, t->size - size);
	t->size = size;
}

static void change(struct twin *t, struct twin *other)
{
	static const int modes[] = { 0, KEEP, PUNCH, ZERO, ZERO | KEEP };
	static uint8_t buf[MAX];
	size_t at = pick(MAX - 1), n = 1 + pick(MAX - at - 1);
	size_t in = pick(MAX - n);

	if (rand_r(&seed) % 3 == 0) {
		n = SCHEMA_BLOCK_BYTES * (1 + (size_t)rand_r(&seed) % 3);
		at = size_min(at, MAX - n);
		at -= at % SCHEMA_BLOCK_BYTES;
		in = pick(MAX - n);
	}
	/* The buffers of a file that was shorter hold zeros behind its end. */
	switch (rand_r(&seed) % 5) {
	case 0:
		fx_fill(buf, n, seed);
		fx_write(t->ino, buf, n, at);
		memcpy(t->bytes + at, buf, n);
		grow(t, at + n);
		break;
	case 1:
		zero(t, modes[rand_r(&seed) % 5], at, n);
		break;
	case 2:
		cut(t, at);
		break;
	case 3:
		copy(other, in, t, at, n);
		break;
	case 4:
		copy(t, in, t, at, n);
		break;
	}
}

START_TEST(all_bytes_are_right)
{
	unsigned i;

	seed = (unsigned)_i + 1;
	memset(files, 0, sizeof(files));
	files[0].ino = fx_mkfile_keep(FS_ROOT_INO, "a");
	files[1].ino = fx_mkfile_keep(FS_ROOT_INO, "b");
	for (i = 0; i < ROUNDS; i++) {
		unsigned which = rand_r(&seed) % 2;

		change(&files[which], &files[!which]);
		check_same(&files[0]);
		check_same(&files[1]);
		check_seek(&files[which], pick(MAX));
		if (i % 100 == 0)
			fx_check();
	}
	fs_forget(fx, files[0].ino, 1);
	fs_forget(fx, files[1].ino, 1);
	fx_reopen();
	check_same(&files[0]);
	check_same(&files[1]);
}
END_TEST

START_TEST(holes_take_no_space)
{
	uint64_t file = fx_mkfile(FS_ROOT_INO, "a");
	static uint8_t buf[4 * SCHEMA_CHUNK_BYTES];

	fx_fill(buf, sizeof(buf), 1);
	fx_write(file, buf, sizeof(buf), 0);
	ck_assert_int_eq(fx_stat(file).st_blocks, sizeof(buf) / 512);
	ck_ok(fs_fallocate(fx, file, PUNCH, SCHEMA_CHUNK_BYTES,
			   2 * SCHEMA_CHUNK_BYTES, false));
	ck_assert_int_eq(fx_stat(file).st_blocks, sizeof(buf) / 512 / 2);
	ck_ok(fs_fallocate(fx, file, PUNCH, 0, INT64_MAX, false));
	ck_assert_int_eq(fx_stat(file).st_blocks, 0);
	ck_assert_int_eq(fx_stat(file).st_size, sizeof(buf));
}
END_TEST

/* More chunks than one batch takes. */
START_TEST(a_long_hole_is_made_in_pieces)
{
	uint64_t file = fx_mkfile(FS_ROOT_INO, "a"), i;
	uint8_t byte = 1;

	for (i = 0; i < 9000; i++)
		fx_write(file, &byte, 1, i * SCHEMA_CHUNK_BYTES);
	ck_ok(fs_fallocate(fx, file, PUNCH, 1, 8999 * SCHEMA_CHUNK_BYTES - 1,
			   false));
	ck_assert_int_eq(fx_stat(file).st_blocks, 1);
	ck_assert_int_eq(fs_read(fx, file, &byte, 1, 0), 1);
	ck_assert_uint_eq(byte, 1);
	ck_assert_int_eq(fs_read(fx, file, &byte, 1, SCHEMA_CHUNK_BYTES), 1);
	ck_assert_uint_eq(byte, 0);
}
END_TEST

START_TEST(errors_are_told)
{
	uint64_t file = fx_mkfile(FS_ROOT_INO, "a");
	uint64_t dir = fx_mkdir(FS_ROOT_INO, "d");

	ck_assert_int_eq(fs_fallocate(fx, file, 0, 0, 0, false), -EINVAL);
	ck_assert_int_eq(fs_fallocate(fx, file, PUNCH, INT64_MAX, 1, false),
			 -EFBIG);
	ck_assert_int_eq(
		fs_fallocate(fx, file, FALLOC_FL_COLLAPSE_RANGE, 0, 1, false),
		-EOPNOTSUPP);
	ck_assert_int_eq(
		fs_fallocate(fx, file, FALLOC_FL_PUNCH_HOLE, 0, 1, false),
		-EOPNOTSUPP);
	ck_assert_int_eq(fs_fallocate(fx, file, KEEP, 0, INT64_MAX, false),
			 -ENOSPC);
	ck_assert_int_eq(fs_fallocate(fx, dir, KEEP, 0, 1, false), -EISDIR);
	ck_assert_int_eq(fs_copy(fx, file, 0, dir, 0, 1, false), -EISDIR);
	ck_assert_int_eq(fs_copy(fx, dir, 0, file, 0, 1, false), -EISDIR);
	ck_assert_int_eq(fs_copy(fx, file, INT64_MAX, file, 0, 1, false),
			 -EFBIG);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("range");
	TCase *tc = suite_case(s, "range");

	tcase_add_checked_fixture(tc, fx_setup, fx_teardown);
	tcase_add_loop_test(tc, all_bytes_are_right, 0, 4);
	tcase_add_test(tc, holes_take_no_space);
	tcase_add_test(tc, a_long_hole_is_made_in_pieces);
	tcase_add_test(tc, errors_are_told);
	return suite_run(s);
}
