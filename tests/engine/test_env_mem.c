/* Faults and power cuts in memory: all that env.h allows, and nothing else. */
#include "tests/suite.h"

#include "engine/base/env_mem.h"
#include "engine/base/error.h"

#define SEEDS 2000 /* enough to see each of 16 outcomes */

static struct env *env;

static void setup(void)
{
	ck_ok(env_mem_new(&env, 1));
}

static void teardown(void)
{
	env_free(env);
}

static struct env_file *open_in(struct env *e, const char *name,
				enum env_mode mode)
{
	struct env_file *file;

	ck_ok(env_open(e, name, mode, &file));
	return file;
}

static int write_fill(struct env_file *file, char fill, uint64_t offset,
		      size_t size)
{
	static char bytes[65536];
	struct slice part = slice_of(bytes, size);

	ck_assert_uint_le(size, sizeof(bytes));
	memset(bytes, fill, size);
	return env_write_at(file, &part, 1, offset);
}

/* A file of @size bytes @fill, synced; its name is not. */
static void make_file(const char *name, char fill, size_t size)
{
	struct env_file *file = open_in(env, name, ENV_CREATE);

	ck_ok(write_fill(file, fill, 0, size));
	ck_ok(env_sync(file));
	env_close(file);
}

/* The first byte of the file, or 0 if there is no such name. */
static char first_byte(struct env *e, const char *name)
{
	struct env_file *file;
	char byte;
	int rc = env_open(e, name, ENV_READ, &file);

	if (rc == -ENOENT)
		return 0;
	ck_ok(rc);
	ck_ok(env_read_full(file, &byte, 1, 0));
	env_close(file);
	return byte;
}

static struct env *cut(enum env_mem_loss loss, uint64_t seed)
{
	struct env *after;

	ck_ok(env_mem_cut(env, loss, seed, &after));
	return after;
}

static char first_byte_after(enum env_mem_loss loss, const char *name)
{
	struct env *after = cut(loss, 1);
	char byte = first_byte(after, name);

	env_free(after);
	return byte;
}

/* The size after a cut; as much as fits of the bytes is in @buf. */
static uint64_t read_after(enum env_mem_loss loss, uint64_t seed,
			   const char *name, char *buf, size_t cap)
{
	struct env *after = cut(loss, seed);
	struct env_file *file = open_in(after, name, ENV_READ);
	uint64_t size;

	ck_ok(env_size(file, &size));
	ck_assert_int_eq(env_read_at(file, buf, cap, 0),
			 (ssize_t)size_min(size, cap));
	env_close(file);
	env_free(after);
	return size;
}

/* The calls that are counted, each of which succeeds by itself. */
enum { CALL_COUNT = 11 };

static const struct {
	const char *name;
	bool wants_room;
} calls[CALL_COUNT] = {
	{ "create", true },    { "open", false },  { "read", false },
	{ "write", true },     { "size", false },  { "truncate", false },
	{ "sync", false },     { "rename", true }, { "remove", false },
	{ "sync_dir", false }, { "list", false },
};

static int do_open(const char *name, enum env_mode mode)
{
	struct env_file *made;
	int rc = env_open(env, name, mode, &made);

	if (rc == 0)
		env_close(made);
	return rc;
}

static int do_list(void)
{
	struct env_names names;
	int rc = env_list(env, &names);

	if (rc == 0)
		env_names_fini(&names);
	return rc;
}

static int do_call(int call, struct env_file *file)
{
	uint64_t size;
	char byte;

	switch (call) {
	case 0:
		return do_open("created", ENV_CREATE);
	case 1:
		return do_open("a", ENV_READ);
	case 2:
		return env_read_full(file, &byte, 1, 0);
	case 3:
		return write_fill(file, 'w', 0, 10);
	case 4:
		return env_size(file, &size);
	case 5:
		return env_truncate(file, 3);
	case 6:
		return env_sync(file);
	case 7:
		return env_rename(env, "b", "c");
	case 8:
		return env_remove(env, "d");
	case 9:
		return env_sync_dir(env);
	default:
		return do_list();
	}
}

static void check_untouched(void)
{
	struct env_file *file = open_in(env, "a", ENV_READ);
	uint64_t size;

	ck_ok(env_size(file, &size));
	ck_assert_uint_eq(size, 5);
	env_close(file);
	ck_assert_int_eq(first_byte(env, "a"), 'a');
	ck_assert_int_eq(first_byte(env, "b"), 'b');
	ck_assert_int_eq(first_byte(env, "c"), 0);
	ck_assert_int_eq(first_byte(env, "d"), 'd');
	ck_assert_int_eq(first_byte(env, "created"), 0);
}

static struct env_file *make_call_files(void)
{
	make_file("a", 'a', 5);
	make_file("b", 'b', 5);
	make_file("d", 'd', 5);
	return open_in(env, "a", ENV_WRITE);
}

START_TEST(eio_fails_any_call_once)
{
	struct env_file *file = make_call_files();
	uint64_t before = env_mem_faults(env);

	env_mem_arm(env, ENV_MEM_EIO, 1, false);
	ck_assert_int_eq(do_call(_i, file), -EIO);
	ck_assert_uint_eq(env_mem_calls(env), 1);
	ck_assert_uint_eq(env_mem_faults(env), before + 1);
	check_untouched();
	ck_ok(do_call(_i, file));
	ck_assert_uint_eq(env_mem_faults(env), before + 1);
	env_close(file);
}
END_TEST

START_TEST(enospc_fails_what_wants_room)
{
	struct env_file *file = make_call_files();
	bool wants = calls[_i].wants_room;

	env_mem_arm(env, ENV_MEM_ENOSPC, 1, true);
	ck_assert_msg(do_call(_i, file) == (wants ? -ENOSPC : 0), "%s",
		      calls[_i].name);
	ck_assert_uint_eq(env_mem_faults(env), wants);
	if (wants) {
		check_untouched();
		ck_assert_int_eq(do_call(_i, file), -ENOSPC);
	}
	env_mem_arm(env, ENV_MEM_NONE, 0, false);
	if (wants)
		ck_ok(do_call(_i, file));
	env_close(file);
}
END_TEST

START_TEST(a_cut_fails_this_call_and_all_later)
{
	struct env_file *file = make_call_files();
	int i;

	env_mem_arm(env, ENV_MEM_CUT, 1, false);
	for (i = 0; i < CALL_COUNT; i++)
		ck_assert_int_eq(do_call((_i + i) % CALL_COUNT, file), -EIO);
	ck_assert_int_eq(env_lock(env, "LOCK"), -EIO);
	ck_assert_uint_eq(env_mem_faults(env), 1);
	env_close(file);
}
END_TEST

START_TEST(a_cut_call_does_nothing)
{
	struct env_file *file = make_call_files();
	struct env *after;

	env_mem_arm(env, ENV_MEM_CUT, 1, false);
	ck_assert_int_eq(do_call(_i, file), -EIO);
	env_close(file);
	after = cut(ENV_MEM_LOSE_NOTHING, 1);
	env_free(env);
	env = after;
	check_untouched();
}
END_TEST

START_TEST(faults_wait_for_their_call)
{
	struct env_file *file = open_in(env, "a", ENV_CREATE);
	uint64_t size;

	env_mem_arm(env, ENV_MEM_ENOSPC, 2, false);
	ck_ok(write_fill(file, 'a', 0, 10));
	ck_ok(env_sync(file));
	ck_ok(env_size(file, &size));
	ck_assert_int_eq(write_fill(file, 'b', 0, 10), -ENOSPC);
	ck_ok(write_fill(file, 'c', 0, 10));
	ck_assert_uint_eq(env_mem_calls(env), 5);
	env_close(file);
}
END_TEST

START_TEST(short_writes_leave_a_prefix)
{
	struct env_file *file = open_in(env, "a", ENV_CREATE);
	unsigned sizes_seen = 0;
	char bytes[4];
	int i;

	for (i = 0; i < 200; i++) {
		ck_ok(env_truncate(file, 0));
		ck_ok(write_fill(file, 'o', 0, 4));
		env_mem_arm(env, ENV_MEM_SHORT, 1, false);
		ck_assert_int_eq(write_fill(file, 'n', 0, 4), -EIO);
		ck_ok(env_read_full(file, bytes, 4, 0));
		if (memcmp(bytes, "oooo", 4) == 0)
			sizes_seen |= 1;
		else if (memcmp(bytes, "nooo", 4) == 0)
			sizes_seen |= 2;
		else if (memcmp(bytes, "nnoo", 4) == 0)
			sizes_seen |= 4;
		else if (memcmp(bytes, "nnno", 4) == 0)
			sizes_seen |= 8;
		else
			ck_abort_msg("not a proper prefix");
	}
	ck_assert_uint_eq(sizes_seen, 15);
	env_close(file);
}
END_TEST

START_TEST(a_lying_sync_drops_bytes)
{
	struct env_file *file;
	char bytes[1024];

	make_file("a", 'o', 1024);
	ck_ok(env_sync_dir(env));
	file = open_in(env, "a", ENV_WRITE);
	ck_ok(write_fill(file, 'n', 0, 512));
	env_mem_arm(env, ENV_MEM_LIE, 1, false);
	ck_assert_int_eq(env_sync(file), -EIO);
	ck_ok(env_sync(file));

	/* The process still sees its bytes; the disk has the old ones. */
	ck_assert_int_eq(first_byte(env, "a"), 'n');
	read_after(ENV_MEM_LOSE_NOTHING, 1, "a", bytes, 1024);
	ck_assert_int_eq(bytes[0], 'o');

	/* What is written afterwards is synced as it should be. */
	ck_ok(write_fill(file, 'm', 512, 512));
	ck_ok(env_sync(file));
	read_after(ENV_MEM_LOSE_ALL, 1, "a", bytes, 1024);
	ck_assert_int_eq(bytes[511], 'o');
	ck_assert_int_eq(bytes[512], 'm');
	env_close(file);
}
END_TEST

START_TEST(names_and_bytes_are_synced_apart)
{
	struct env_file *file;
	char bytes[8];

	/* Bytes synced, the name not. */
	make_file("a", 'a', 8);
	ck_assert_int_eq(first_byte_after(ENV_MEM_LOSE_ALL, "a"), 0);
	ck_assert_int_eq(first_byte_after(ENV_MEM_LOSE_NOTHING, "a"), 'a');
	ck_ok(env_sync_dir(env));
	ck_assert_int_eq(first_byte_after(ENV_MEM_LOSE_ALL, "a"), 'a');

	/* The name synced, the bytes not. */
	file = open_in(env, "b", ENV_CREATE);
	ck_ok(write_fill(file, 'b', 0, 8));
	ck_ok(env_sync_dir(env));
	ck_assert_uint_eq(read_after(ENV_MEM_LOSE_ALL, 1, "b", bytes, 8), 0);
	ck_assert_uint_eq(read_after(ENV_MEM_LOSE_NOTHING, 1, "b", bytes, 8),
			  8);
	ck_ok(env_sync(file));
	ck_assert_uint_eq(read_after(ENV_MEM_LOSE_ALL, 1, "b", bytes, 8), 8);
	env_close(file);

	/* A removal that was not synced. */
	ck_ok(env_remove(env, "a"));
	ck_assert_int_eq(first_byte_after(ENV_MEM_LOSE_ALL, "a"), 'a');
	ck_assert_int_eq(first_byte_after(ENV_MEM_LOSE_NOTHING, "a"), 0);
}
END_TEST

START_TEST(oldest_pieces_are_lost)
{
	struct env_file *file;
	char bytes[2048];

	make_file("a", 'o', 2048);
	ck_ok(env_sync_dir(env));
	file = open_in(env, "a", ENV_WRITE);
	ck_ok(write_fill(file, 'n', 1024, 1024));
	ck_ok(write_fill(file, 'n', 0, 1024));
	read_after(ENV_MEM_LOSE_OLDEST, 1, "a", bytes, 2048);
	ck_assert_int_eq(bytes[0], 'n');
	ck_assert_int_eq(bytes[1023], 'n');
	ck_assert_int_eq(bytes[1024], 'o');
	ck_assert_int_eq(bytes[2047], 'o');
	env_close(file);

	make_file("b", 'b', 1);
	make_file("c", 'c', 1);
	ck_assert_int_eq(first_byte_after(ENV_MEM_LOSE_OLDEST, "b"), 0);
	ck_assert_int_eq(first_byte_after(ENV_MEM_LOSE_OLDEST, "c"), 'c');
}
END_TEST

static bool all_are(const char *bytes, char c, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++)
		if (bytes[i] != c)
			return false;
	return true;
}

/* new, old, zero or, as no test can say more, neither: 0 to 3 */
static unsigned outcome_of(const char *bytes, size_t size)
{
	if (all_are(bytes, 'n', size))
		return 0;
	if (all_are(bytes, 'o', size))
		return 1;
	if (all_are(bytes, 0, size))
		return 2;
	return 3;
}

/*
 * A write of two sectors, neither of them whole: each comes out in any of four
 * ways, by itself, and the bytes around the write stay.
 */
START_TEST(torn_writes_come_out_in_each_way)
{
	unsigned seen = 0;
	struct env_file *file;
	char bytes[1024];
	uint64_t seed;

	make_file("a", 'o', 1024);
	ck_ok(env_sync_dir(env));
	file = open_in(env, "a", ENV_WRITE);
	ck_ok(write_fill(file, 'n', 100, 800));
	for (seed = 0; seed < SEEDS; seed++) {
		uint64_t size = read_after(ENV_MEM_LOSE_RANDOM, seed, "a",
					   bytes, 1024);

		ck_assert_uint_eq(size, 1024);
		ck_assert(all_are(bytes, 'o', 100));
		ck_assert(all_are(bytes + 900, 'o', 124));
		seen |= 1u << (4 * outcome_of(bytes + 100, 412) +
			       outcome_of(bytes + 512, 388));
	}
	ck_assert_uint_eq(seen, 0xffff);
	/* The process goes on and sees what it wrote. */
	ck_ok(env_read_full(file, bytes, 1024, 0));
	ck_assert(all_are(bytes + 100, 'n', 800));
	env_close(file);
}
END_TEST

/* Several writes into one sector, from both sides, are kept or lost whole. */
START_TEST(a_sector_remembers_all_its_writes)
{
	struct env_file *file;
	char bytes[512];

	make_file("a", 'o', 512);
	ck_ok(env_sync_dir(env));
	file = open_in(env, "a", ENV_WRITE);
	ck_ok(write_fill(file, 'n', 200, 100));
	ck_ok(write_fill(file, 'n', 300, 100));
	ck_ok(write_fill(file, 'n', 100, 100));
	read_after(ENV_MEM_LOSE_NOTHING, 1, "a", bytes, 512);
	ck_assert(all_are(bytes, 'o', 100));
	ck_assert(all_are(bytes + 100, 'n', 300));
	ck_assert(all_are(bytes + 400, 'o', 112));
	read_after(ENV_MEM_LOSE_ALL, 1, "a", bytes, 512);
	ck_assert(all_are(bytes, 'o', 512));
	env_close(file);
}
END_TEST

/* Both ways: growing from 100 to 2000 bytes, and being cut back again. */
START_TEST(sizes_come_out_in_between)
{
	static const uint64_t want[] = { 100, 512, 1024, 1536, 2000 };
	unsigned seen = 0;
	struct env_file *file;
	char bytes[2000];
	uint64_t seed;
	size_t i;

	make_file("a", 'o', _i ? 2000 : 100);
	ck_ok(env_sync_dir(env));
	file = open_in(env, "a", ENV_WRITE);
	if (_i)
		ck_ok(env_truncate(file, 100));
	else
		ck_ok(write_fill(file, 'n', 100, 1900));
	for (seed = 0; seed < SEEDS; seed++) {
		uint64_t size = read_after(ENV_MEM_LOSE_RANDOM, seed, "a",
					   bytes, 2000);

		for (i = 0; i < ARRAY_SIZE(want) && want[i] != size; i++)
			;
		ck_assert_uint_lt(i, ARRAY_SIZE(want));
		seen |= 1u << i;
		ck_assert(all_are(bytes, 'o', 100));
	}
	ck_assert_uint_eq(seen, 31);
	env_close(file);
}
END_TEST

/* A hole where synced bytes were: a sync makes it durable. */
START_TEST(truncated_bytes_stay_away_after_a_sync)
{
	struct env_file *file;
	char bytes[2000];

	make_file("a", 'o', 2000);
	ck_ok(env_sync_dir(env));
	file = open_in(env, "a", ENV_WRITE);
	ck_ok(env_truncate(file, 10));
	ck_ok(env_truncate(file, 2000));
	ck_ok(env_sync(file));
	read_after(ENV_MEM_LOSE_ALL, 1, "a", bytes, 2000);
	ck_assert(all_are(bytes, 'o', 10));
	ck_assert(all_are(bytes + 10, 0, 1990));
	env_close(file);
}
END_TEST

/* The rename that replaces a file, as every store does it. */
START_TEST(a_rename_is_done_or_not)
{
	unsigned seen = 0;
	uint64_t seed;

	make_file("name", 'o', 1);
	make_file("tmp", 'n', 1);
	ck_ok(env_sync_dir(env));
	ck_ok(env_rename(env, "tmp", "name"));
	for (seed = 0; seed < 100; seed++) {
		struct env *after = cut(ENV_MEM_LOSE_RANDOM, seed);
		char name = first_byte(after, "name");

		ck_assert_int_eq(first_byte(after, "tmp"),
				 name == 'o' ? 'n' : 0);
		ck_assert(name == 'o' || name == 'n');
		seen |= name == 'o' ? 1 : 2;
		env_free(after);
	}
	ck_assert_uint_eq(seen, 3);
}
END_TEST

/* "a" was freed by a rename and taken again: its first file must not go. */
START_TEST(a_moved_file_is_never_lost)
{
	unsigned seen = 0;
	uint64_t seed;

	make_file("a", 'x', 1);
	ck_ok(env_sync_dir(env));
	ck_ok(env_rename(env, "a", "b"));
	make_file("a", 'y', 1);
	ck_ok(env_rename(env, "b", "c"));
	make_file("b", 'z', 1);
	for (seed = 0; seed < SEEDS; seed++) {
		struct env *after = cut(ENV_MEM_LOSE_RANDOM, seed);
		unsigned in_a = first_byte(after, "a") == 'x';
		unsigned in_b = first_byte(after, "b") == 'x';
		unsigned in_c = first_byte(after, "c") == 'x';

		ck_assert_uint_eq(in_a + in_b + in_c, 1);
		seen |= in_a | in_b << 1 | in_c << 2;
		env_free(after);
	}
	ck_assert_uint_eq(seen, 7);
}
END_TEST

/* Removing what took its place must not take the moved file with it. */
START_TEST(a_removal_spares_a_moved_file)
{
	uint64_t seed;

	make_file("a", 'x', 1);
	ck_ok(env_sync_dir(env));
	ck_ok(env_rename(env, "a", "b"));
	make_file("a", 'y', 1);
	ck_ok(env_remove(env, "a"));
	for (seed = 0; seed < SEEDS; seed++) {
		struct env *after = cut(ENV_MEM_LOSE_RANDOM, seed);

		ck_assert_int_eq((first_byte(after, "a") == 'x') +
					 (first_byte(after, "b") == 'x'),
				 1);
		env_free(after);
	}
}
END_TEST

START_TEST(each_name_comes_out_by_itself)
{
	unsigned seen = 0;
	uint64_t seed;

	make_file("a", 'a', 1);
	ck_ok(env_sync_dir(env));
	ck_ok(env_remove(env, "a"));
	make_file("b", 'b', 1);
	make_file("c", 'c', 1);
	for (seed = 0; seed < SEEDS; seed++) {
		struct env *after = cut(ENV_MEM_LOSE_RANDOM, seed);
		unsigned state = (first_byte(after, "a") != 0) |
				 (first_byte(after, "b") != 0) << 1 |
				 (first_byte(after, "c") != 0) << 2;

		seen |= 1u << state;
		env_free(after);
	}
	ck_assert_uint_eq(seen, 0xff);
}
END_TEST

/* Created and removed since the sync: it may still be found. */
START_TEST(a_removed_file_may_come_back)
{
	unsigned seen = 0;
	uint64_t seed;

	make_file("a", 'a', 1);
	ck_ok(env_remove(env, "a"));
	for (seed = 0; seed < 100; seed++) {
		struct env *after = cut(ENV_MEM_LOSE_RANDOM, seed);

		seen |= first_byte(after, "a") == 'a' ? 1 : 2;
		env_free(after);
	}
	ck_assert_uint_eq(seen, 3);
}
END_TEST

START_TEST(a_seed_gives_the_same_cut)
{
	struct env_file *file = open_in(env, "a", ENV_CREATE);
	char a[4096] = "", b[4096] = "";
	bool differed = false;
	uint64_t seed;

	ck_ok(env_sync_dir(env));
	ck_ok(write_fill(file, 'n', 0, 4096));
	for (seed = 0; seed < 20; seed++) {
		uint64_t size = read_after(ENV_MEM_LOSE_RANDOM, seed, "a", a,
					   sizeof(a));

		ck_assert_uint_eq(size, read_after(ENV_MEM_LOSE_RANDOM, seed,
						   "a", b, sizeof(b)));
		ck_assert_mem_eq(a, b, size);
		differed |= size != 4096 || !all_are(a, 'n', 4096);
	}
	ck_assert(differed);
	env_close(file);
}
END_TEST

START_TEST(after_a_cut_life_goes_on)
{
	uint64_t then;
	struct env *after;

	ck_ok(env_lock(env, "LOCK"));
	ck_ok(env_sync_dir(env));
	env_mem_arm(env, ENV_MEM_CUT, 1, true);
	ck_assert_int_eq(env_sync_dir(env), -EIO);
	then = env_realtime_ns(env);

	after = cut(ENV_MEM_LOSE_ALL, 1);
	ck_ok(env_sync_dir(after));
	ck_ok(env_lock(after, "LOCK"));
	ck_assert_uint_gt(env_realtime_ns(after), then);
	/* What a cut has left is durable. */
	env_free(env);
	env = after;
	ck_ok(do_open("LOCK", ENV_READ));
	after = cut(ENV_MEM_LOSE_ALL, 1);
	env_free(env);
	env = after;
	ck_ok(do_open("LOCK", ENV_READ));
}
END_TEST

START_TEST(the_limit_is_the_sum_of_sizes)
{
	struct env_file *file = open_in(env, "a", ENV_CREATE);
	struct env_space space;

	env_mem_limit(env, 100);
	ck_ok(write_fill(file, 'a', 0, 60));
	ck_ok(write_fill(file, 'a', 30, 30));
	make_file("b", 'b', 30);
	ck_assert_uint_eq(env_mem_bytes(env), 90);
	ck_assert_int_eq(write_fill(file, 'a', 60, 11), -ENOSPC);
	ck_assert_int_eq(env_truncate(file, 71), -ENOSPC);
	ck_assert_uint_eq(env_mem_bytes(env), 90);
	ck_ok(env_space(env, &space));
	ck_assert_uint_eq(space.bytes_total, 100);
	ck_assert_uint_eq(space.bytes_free, 10);

	ck_ok(write_fill(file, 'a', 60, 10));
	ck_ok(env_remove(env, "b"));
	ck_ok(write_fill(file, 'a', 70, 30));
	env_mem_limit(env, 0);
	ck_ok(write_fill(file, 'a', 100, 1000));
	ck_assert_uint_eq(env_mem_bytes(env), 1100);
	env_close(file);
}
END_TEST

START_TEST(a_flip_is_on_the_disk_too)
{
	make_file("a", 'a', 2);
	ck_ok(env_sync_dir(env));
	ck_ok(env_mem_flip(env, "a", 0, 'a' ^ 'b'));
	ck_assert_int_eq(first_byte(env, "a"), 'b');
	ck_assert_int_eq(first_byte_after(ENV_MEM_LOSE_ALL, "a"), 'b');
	ck_assert_int_eq(env_mem_flip(env, "a", 2, 1), -EINVAL);
	ck_assert_int_eq(env_mem_flip(env, "b", 0, 1), -ENOENT);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("env_mem");
	TCase *tc = suite_case(s, "faults");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, eio_fails_any_call_once, 0, CALL_COUNT);
	tcase_add_loop_test(tc, enospc_fails_what_wants_room, 0, CALL_COUNT);
	tcase_add_loop_test(tc, a_cut_fails_this_call_and_all_later, 0,
			    CALL_COUNT);
	tcase_add_loop_test(tc, a_cut_call_does_nothing, 0, CALL_COUNT);
	tcase_add_test(tc, faults_wait_for_their_call);
	tcase_add_test(tc, short_writes_leave_a_prefix);
	tcase_add_test(tc, a_lying_sync_drops_bytes);
	tcase_add_test(tc, the_limit_is_the_sum_of_sizes);
	tcase_add_test(tc, a_flip_is_on_the_disk_too);

	tc = suite_case(s, "cuts");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, names_and_bytes_are_synced_apart);
	tcase_add_test(tc, oldest_pieces_are_lost);
	tcase_add_test(tc, torn_writes_come_out_in_each_way);
	tcase_add_test(tc, a_sector_remembers_all_its_writes);
	tcase_add_loop_test(tc, sizes_come_out_in_between, 0, 2);
	tcase_add_test(tc, truncated_bytes_stay_away_after_a_sync);
	tcase_add_test(tc, a_rename_is_done_or_not);
	tcase_add_test(tc, a_moved_file_is_never_lost);
	tcase_add_test(tc, a_removal_spares_a_moved_file);
	tcase_add_test(tc, each_name_comes_out_by_itself);
	tcase_add_test(tc, a_removed_file_may_come_back);
	tcase_add_test(tc, a_seed_gives_the_same_cut);
	tcase_add_test(tc, after_a_cut_life_goes_on);
	return suite_run(s);
}
