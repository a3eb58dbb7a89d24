/* The log of records: what is read back, and what must never be. */
#include "tests/suite.h"

#include "engine/base/env_mem.h"
#include "engine/reclog.h"

#define NUMBER 7

static const uint8_t store_id[16] = "reclog's store!";
static const char name[] = "000007.wal";

/* The payloads of a small log. */
static const char *const words[] = { "a", "second", "and a third record" };
#define WORDS ARRAY_SIZE(words)

static struct reclog *create(struct env *env)
{
	struct reclog *log;

	ck_ok(reclog_create(&log, env, FILE_WAL, NUMBER, store_id));
	ck_assert_uint_eq(reclog_size(log), FILE_HEADER_SIZE);
	return log;
}

static void append(struct reclog *log, const char *word)
{
	struct slice payload = slice_str(word);

	ck_ok(reclog_append(log, &payload, 1, 0));
}

/* Writes the small log; ends[i] is where record i begins. */
static void write_words(struct env *env, uint64_t ends[WORDS + 1])
{
	struct reclog *log = create(env);
	size_t i;

	for (i = 0; i < WORDS; i++) {
		ends[i] = reclog_size(log);
		append(log, words[i]);
	}
	ends[WORDS] = reclog_size(log);
	ck_ok(reclog_sync(log));
	reclog_close(log);
}

static struct reclog_reader *reader(struct env *env)
{
	struct reclog_reader *r;

	ck_ok(reclog_reader_open(&r, env, FILE_WAL, NUMBER, store_id));
	return r;
}

/* How many of the words the log gives before it ends; no other bytes. */
static size_t count_words(struct env *env)
{
	struct reclog_reader *r = reader(env);
	struct slice payload;
	size_t n = 0;
	int rc;

	while ((rc = reclog_reader_next(r, &payload)) == 1) {
		ck_assert_uint_lt(n, WORDS);
		ck_assert(slice_eq(payload, slice_str(words[n])));
		n++;
	}
	ck_ok(rc);
	reclog_reader_close(r);
	return n;
}

static struct env *new_env(void)
{
	struct env *env;

	ck_ok(env_mem_new(&env, 1));
	return env;
}

START_TEST(records_come_back_in_order)
{
	struct env *env = new_env();
	uint64_t ends[WORDS + 1];
	struct reclog_reader *r;
	struct slice payload;
	size_t i;

	write_words(env, ends);
	r = reader(env);
	ck_assert_uint_eq(reclog_reader_offset(r), FILE_HEADER_SIZE);
	for (i = 0; i < WORDS; i++) {
		ck_assert_int_eq(reclog_reader_next(r, &payload), 1);
		ck_assert(slice_eq(payload, slice_str(words[i])));
		ck_assert_uint_eq(reclog_reader_offset(r), ends[i + 1]);
	}
	ck_ok(reclog_reader_next(r, &payload));
	ck_ok(reclog_reader_next(r, &payload));
	ck_ok(reclog_reader_skip(r));
	reclog_reader_close(r);
	env_free(env);
}
END_TEST

START_TEST(one_write_may_append_many)
{
	struct env *env = new_env();
	struct reclog *log = create(env);
	struct slice payloads[WORDS];
	size_t i;

	for (i = 0; i < WORDS; i++)
		payloads[i] = slice_str(words[i]);
	env_mem_arm(env, ENV_MEM_NONE, 0, false);
	ck_ok(reclog_append(log, payloads, WORDS, 0));
	ck_assert_uint_eq(env_mem_calls(env), 1);
	reclog_close(log);
	ck_assert_uint_eq(count_words(env), WORDS);
	env_free(env);
}
END_TEST

START_TEST(file_of_another_name_or_store_is_refused)
{
	const uint8_t other[16] = "another store!!";
	struct env *env = new_env();
	uint64_t ends[WORDS + 1];
	struct reclog_reader *r;

	write_words(env, ends);
	ck_assert_int_eq(reclog_reader_open(&r, env, FILE_WAL, NUMBER, other),
			 -EUCLEAN);
	ck_assert_int_eq(reclog_reader_open(&r, env, FILE_WAL, 8, store_id),
			 -EUCLEAN);
	ck_ok(env_rename(env, name, "000008.wal"));
	ck_assert_int_eq(reclog_reader_open(&r, env, FILE_WAL, 8, store_id),
			 -EUCLEAN);
	ck_ok(env_rename(env, "000008.wal", "000007.manifest"));
	ck_assert_int_eq(
		reclog_reader_open(&r, env, FILE_MANIFEST, NUMBER, store_id),
		-EUCLEAN);
	env_free(env);
}
END_TEST

START_TEST(truncated_anywhere_it_ends_before)
{
	struct env *env = new_env();
	uint64_t ends[WORDS + 1], size;
	struct reclog_reader *r;
	struct env_file *f;
	size_t whole = WORDS;

	write_words(env, ends);
	ck_ok(env_open(env, name, ENV_WRITE, &f));
	for (size = ends[WORDS]; size >= FILE_HEADER_SIZE; size--) {
		ck_ok(env_truncate(f, size));
		if (size < ends[whole])
			whole--;
		ck_assert_uint_eq(count_words(env), whole);
	}
	ck_assert_uint_eq(whole, 0);
	do {
		ck_ok(env_truncate(f, size));
		ck_assert_int_eq(
			reclog_reader_open(&r, env, FILE_WAL, NUMBER, store_id),
			-EUCLEAN);
	} while (size-- > 0);
	env_close(f);
	env_free(env);
}
END_TEST

/* The record that holds the byte, and all behind it, must not be read. */
static void check_flip(struct env *env, const uint64_t ends[WORDS + 1],
		       uint64_t at)
{
	struct reclog_reader *r;
	size_t whole = 0;
	int rc;

	if (at < FILE_HEADER_SIZE) {
		rc = reclog_reader_open(&r, env, FILE_WAL, NUMBER, store_id);
		ck_assert_int_eq(rc, at < 8 ? -EUCLEAN : -EBADMSG);
		return;
	}
	while (ends[whole + 1] <= at)
		whole++;
	ck_assert_msg(count_words(env) == whole, "byte %u", (unsigned)at);
}

START_TEST(each_flipped_bit_ends_it_before_the_record)
{
	struct env *env = new_env();
	uint64_t ends[WORDS + 1], at;
	unsigned bit;

	write_words(env, ends);
	for (at = 0; at < ends[WORDS]; at++) {
		for (bit = 0; bit < 8; bit++) {
			ck_ok(env_mem_flip(env, name, at, (uint8_t)(1 << bit)));
			check_flip(env, ends, at);
			ck_ok(env_mem_flip(env, name, at, (uint8_t)(1 << bit)));
		}
	}
	ck_assert_uint_eq(count_words(env), WORDS);
	env_free(env);
}
END_TEST

/* Writes @bytes into the file behind the log's back. */
static void put_raw(struct env *env, const void *bytes, size_t size,
		    uint64_t offset)
{
	struct slice part = slice_of(bytes, size);
	struct env_file *f;

	ck_ok(env_open(env, name, ENV_WRITE, &f));
	ck_ok(env_write_at(f, &part, 1, offset));
	env_close(f);
}

static size_t get_raw(struct env *env, uint8_t *bytes, size_t cap)
{
	struct env_file *f;
	ssize_t n;

	ck_ok(env_open(env, name, ENV_READ, &f));
	n = env_read_at(f, bytes, cap, 0);
	ck_assert_int_gt(n, 0);
	env_close(f);
	return (size_t)n;
}

START_TEST(records_of_an_earlier_life_do_not_parse)
{
	struct env *env = new_env();
	uint64_t ends[WORDS + 1];
	struct reclog *log;
	uint8_t old[1024];
	size_t size;

	write_words(env, ends);
	size = get_raw(env, old, sizeof(old));
	ck_assert_uint_eq(size, ends[WORDS]);

	/* The same number again, over the bytes of the old file. */
	ck_ok(env_remove(env, name));
	log = create(env);
	put_raw(env, old + FILE_HEADER_SIZE, size - FILE_HEADER_SIZE,
		FILE_HEADER_SIZE);
	ck_assert_uint_eq(count_words(env), 0);

	/* As long as the old first record, so that the old second follows. */
	append(log, words[0]);
	ck_assert_uint_eq(reclog_size(log), ends[1]);
	ck_assert_uint_eq(count_words(env), 1);
	reclog_close(log);
	env_free(env);
}
END_TEST

START_TEST(nothing_parses_behind_a_gap)
{
	struct env *env = new_env();
	uint64_t ends[WORDS + 1];
	uint8_t bytes[1024];

	write_words(env, ends);
	get_raw(env, bytes, sizeof(bytes));
	/* The third record in the place of the second. */
	put_raw(env, bytes + ends[2], ends[3] - ends[2], ends[1]);
	ck_assert_uint_eq(count_words(env), 1);
	/* The first one once more. */
	put_raw(env, bytes + ends[0], ends[1] - ends[0], ends[1]);
	ck_assert_uint_eq(count_words(env), 1);
	env_free(env);
}
END_TEST

START_TEST(skip_goes_over_a_damaged_record)
{
	struct env *env = new_env();
	uint64_t ends[WORDS + 1];
	struct reclog_reader *r;
	struct slice payload;

	write_words(env, ends);
	ck_ok(env_mem_flip(env, name, ends[2] - 1, 1));
	r = reader(env);
	ck_assert_int_eq(reclog_reader_next(r, &payload), 1);
	ck_ok(reclog_reader_next(r, &payload));
	ck_assert_uint_eq(reclog_reader_offset(r), ends[1]);
	ck_assert_int_eq(reclog_reader_skip(r), 1);
	ck_assert_uint_eq(reclog_reader_offset(r), ends[2]);
	ck_assert_int_eq(reclog_reader_next(r, &payload), 1);
	ck_assert(slice_eq(payload, slice_str(words[2])));
	ck_ok(reclog_reader_next(r, &payload));
	ck_ok(reclog_reader_skip(r));
	reclog_reader_close(r);

	/* Without its size, its checksum leads to the one behind it. */
	ck_ok(env_mem_flip(env, name, ends[1], 1));
	r = reader(env);
	ck_assert_int_eq(reclog_reader_next(r, &payload), 1);
	ck_ok(reclog_reader_next(r, &payload));
	ck_assert_int_eq(reclog_reader_skip(r), 1);
	ck_assert_int_eq(reclog_reader_next(r, &payload), 1);
	ck_assert(slice_eq(payload, slice_str(words[2])));
	reclog_reader_close(r);

	/* Without both, nothing does. */
	ck_ok(env_mem_flip(env, name, ends[1] + 8, 1));
	r = reader(env);
	ck_assert_int_eq(reclog_reader_next(r, &payload), 1);
	ck_ok(reclog_reader_next(r, &payload));
	ck_ok(reclog_reader_skip(r));
	reclog_reader_close(r);
	env_free(env);
}
END_TEST

/* A record whose size is lost, of @size zeros, and one that is looked for. */
static void find_behind(size_t size)
{
	struct env *env = new_env();
	struct reclog *log = create(env);
	struct reclog_reader *r;
	struct slice payload;
	void *zeros;

	zeros = calloc(1, size);
	ck_assert_ptr_nonnull(zeros);
	payload = slice_of(zeros, size);
	ck_ok(reclog_append(log, &payload, 1, 0));
	append(log, "wanted");
	reclog_close(log);
	ck_ok(env_mem_flip(env, name, FILE_HEADER_SIZE, 1));
	r = reader(env);
	ck_ok(reclog_reader_next(r, &payload));
	ck_assert_int_eq(reclog_reader_skip(r), 1);
	ck_assert_int_eq(reclog_reader_next(r, &payload), 1);
	ck_assert(slice_eq(payload, slice_str("wanted")));
	reclog_reader_close(r);
	free(zeros);
	env_free(env);
}

/* What is read ahead ends before it, in it, and behind it. */
START_TEST(a_record_is_found_wherever_it_begins)
{
	size_t size;

	for (size = 256 * KIB - 60; size < 256 * KIB + 20; size++)
		find_behind(size);
}
END_TEST

static uint64_t size_of_file(struct env *env)
{
	struct env_file *f;
	uint64_t size;

	ck_ok(env_open(env, name, ENV_READ, &f));
	ck_ok(env_size(f, &size));
	env_close(f);
	return size;
}

START_TEST(full_disk_leaves_the_log_as_it_was)
{
	struct env *env = new_env();
	struct reclog *log = create(env);
	struct slice large;
	uint64_t size;
	char *bytes;

	bytes = calloc(1, 100 * KIB);
	ck_assert_ptr_nonnull(bytes);
	large = slice_of(bytes, 100 * KIB);
	append(log, words[0]);
	size = reclog_size(log);
	env_mem_limit(env, size + 10 * KIB);
	ck_assert_int_eq(reclog_append(log, &large, 1, 0), -ENOSPC);
	ck_assert_uint_eq(reclog_size(log), size);
	ck_assert_uint_eq(size_of_file(env), size);
	ck_assert_uint_eq(count_words(env), 1);

	/* What fits goes on, at once and when there is room again. */
	append(log, words[1]);
	ck_assert_int_eq(reclog_append(log, &large, 1, 0), -ENOSPC);
	env_mem_limit(env, 0);
	append(log, words[2]);
	ck_assert_uint_eq(count_words(env), WORDS);
	reclog_close(log);
	free(bytes);
	env_free(env);
}
END_TEST

/* Records of every size, each way by turns, in a file that an old log left. */
START_TEST(records_written_over_zeros_read_the_same)
{
	struct env *env = new_env();
	struct reclog *log = create(env);
	struct reclog_reader *r;
	uint8_t bytes[12 * KIB];
	struct slice payload;
	size_t i, turn;

	for (turn = 0; turn < 2; turn++) {
		for (i = 1; i < 900; i++) {
			memset(bytes, (int)(i + turn), sizeof(bytes));
			payload = slice_of(
				bytes, i * 31 % sizeof(bytes) / (turn + 1) + 1);
			if (i % 7 == 0)
				ck_ok(reclog_append(log, &payload, 1, 4096));
			else
				ck_ok(reclog_append_over(log, &payload, 1));
			ck_assert_uint_le(reclog_size(log), size_of_file(env));
			ck_assert_uint_eq(reclog_file_size(log),
					  size_of_file(env));
		}
		reclog_close(log);
		r = reader(env);
		for (i = 1; i < 900; i++) {
			memset(bytes, (int)(i + turn), sizeof(bytes));
			ck_assert_int_eq(reclog_reader_next(r, &payload), 1);
			ck_assert(slice_eq(
				payload,
				slice_of(bytes,
					 i * 31 % sizeof(bytes) / (turn + 1) +
						 1)));
		}
		ck_ok(reclog_reader_next(r, &payload));
		reclog_reader_close(r);
		if (turn == 0)
			ck_ok(reclog_reuse(&log, env, FILE_WAL, NUMBER, NUMBER,
					   store_id));
	}
	env_free(env);
}
END_TEST

START_TEST(full_disk_leaves_room_that_was_made)
{
	struct slice payload = slice_str("one");
	struct env *env = new_env();
	struct reclog *log = create(env);
	size_t n = 1, i;

	ck_ok(reclog_append_over(log, &payload, 1));
	env_mem_limit(env, size_of_file(env) + 100);
	while (reclog_append_over(log, &payload, 1) == 0)
		n++;
	ck_assert_uint_gt(n, 100);
	ck_assert_uint_eq(size_of_file(env), reclog_size(log));
	ck_assert_int_eq(reclog_append_over(log, &payload, 1), -ENOSPC);
	env_mem_limit(env, 0);
	for (i = 0; i < 1000; i++, n++)
		ck_ok(reclog_append_over(log, &payload, 1));
	reclog_close(log);

	struct reclog_reader *r = reader(env);

	for (i = 0; i < n; i++)
		ck_assert_int_eq(reclog_reader_next(r, &payload), 1);
	ck_ok(reclog_reader_next(r, &payload));
	reclog_reader_close(r);
	env_free(env);
}
END_TEST

START_TEST(failed_truncation_of_a_full_disk_is_an_io_error)
{
	struct env *env = new_env();
	struct reclog *log = create(env);
	struct slice word = slice_str(words[0]);

	/* The write finds no room, the truncation after it fails. */
	env_mem_limit(env, FILE_HEADER_SIZE + 4);
	env_mem_arm(env, ENV_MEM_EIO, 2, false);
	ck_assert_int_eq(reclog_append(log, &word, 1, 0), -EIO);
	ck_assert_uint_eq(env_mem_faults(env), 1);
	reclog_close(log);
	env_free(env);
}
END_TEST

START_TEST(records_larger_than_the_read_ahead)
{
	static const size_t sizes[] = { 1,       300 * KIB,      17,
					1 * MIB, 256 * KIB,      256 * KIB - 16,
					3,       256 * KIB - 17, 700 * KIB };
	struct env *env = new_env();
	struct reclog *log = create(env);
	struct reclog_reader *r;
	struct slice payload;
	uint8_t *bytes;
	size_t i, n;

	bytes = malloc(1 * MIB);
	ck_assert_ptr_nonnull(bytes);
	for (i = 0; i < 40 * ARRAY_SIZE(sizes); i++) {
		n = i < 36 * ARRAY_SIZE(sizes) ? i + 1
					       : sizes[i % ARRAY_SIZE(sizes)];
		memset(bytes, (int)i, n);
		payload = slice_of(bytes, n);
		ck_ok(reclog_append(log, &payload, 1, 0));
	}
	reclog_close(log);

	r = reader(env);
	for (i = 0; i < 40 * ARRAY_SIZE(sizes); i++) {
		n = i < 36 * ARRAY_SIZE(sizes) ? i + 1
					       : sizes[i % ARRAY_SIZE(sizes)];
		memset(bytes, (int)i, n);
		ck_assert_int_eq(reclog_reader_next(r, &payload), 1);
		ck_assert(slice_eq(payload, slice_of(bytes, n)));
	}
	ck_ok(reclog_reader_next(r, &payload));
	reclog_reader_close(r);
	free(bytes);
	env_free(env);
}
END_TEST

/* Zeros ahead of the records end the log like any end, and are written over. */
START_TEST(log_that_grew_ahead_reads_the_same)
{
	struct slice payload = slice_str("one"), got;
	struct reclog_reader *r;
	struct reclog *log;
	struct env *env;
	uint64_t size;

	ck_ok(env_mem_new(&env, 1));
	ck_ok(reclog_create(&log, env, FILE_WAL, 7, store_id));
	ck_ok(reclog_append(log, &payload, 1, 4096));
	size = size_of_file(env);
	ck_assert_uint_eq(size, reclog_size(log) + 4096);
	ck_ok(reclog_append(log, &payload, 1, 4096));
	ck_assert_uint_eq(size_of_file(env), size);

	/* Without room for the zeros there may be room for the record. */
	env_mem_limit(env, size + 10);
	while (reclog_size(log) + 100 < size)
		ck_ok(reclog_append(log, &payload, 1, 4096));
	ck_assert_uint_eq(size_of_file(env), size);
	reclog_close(log);

	ck_ok(reclog_reader_open(&r, env, FILE_WAL, 7, store_id));
	size = 0;
	while (reclog_reader_next(r, &got) == 1) {
		ck_assert(slice_eq(got, payload));
		size++;
	}
	ck_assert_uint_gt(size, 100);
	ck_ok(reclog_reader_skip(r));
	reclog_reader_close(r);
	env_free(env);
}
END_TEST

/* Nothing of a file's earlier life is a record of its next one. */
START_TEST(log_in_a_used_file_begins_empty)
{
	struct slice payload = slice_str("of an earlier life"), got;
	struct reclog_reader *r;
	struct reclog *log;
	struct env *env;
	int i;

	ck_ok(env_mem_new(&env, 1));
	ck_ok(reclog_create(&log, env, FILE_WAL, 7, store_id));
	for (i = 0; i < 10; i++)
		ck_ok(reclog_append(log, &payload, 1, 0));
	reclog_close(log);

	ck_ok(reclog_reuse(&log, env, FILE_WAL, 7, 8, store_id));
	ck_assert_int_lt(reclog_reader_open(&r, env, FILE_WAL, 7, store_id), 0);
	ck_ok(reclog_reader_open(&r, env, FILE_WAL, 8, store_id));
	ck_ok(reclog_reader_next(r, &got));
	reclog_reader_close(r);

	ck_ok(reclog_append(log, &payload, 1, 0));
	reclog_close(log);
	ck_ok(reclog_reader_open(&r, env, FILE_WAL, 8, store_id));
	ck_assert_int_eq(reclog_reader_next(r, &got), 1);
	ck_ok(reclog_reader_next(r, &got));
	reclog_reader_close(r);
	env_free(env);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("reclog");
	TCase *tc = suite_case(s, "records");

	tcase_add_test(tc, records_come_back_in_order);
	tcase_add_test(tc, one_write_may_append_many);
	tcase_add_test(tc, file_of_another_name_or_store_is_refused);
	tcase_add_test(tc, records_larger_than_the_read_ahead);

	tc = suite_case(s, "damage");
	tcase_add_test(tc, truncated_anywhere_it_ends_before);
	tcase_add_test(tc, each_flipped_bit_ends_it_before_the_record);
	tcase_add_test(tc, records_of_an_earlier_life_do_not_parse);
	tcase_add_test(tc, nothing_parses_behind_a_gap);
	tcase_add_test(tc, skip_goes_over_a_damaged_record);
	tcase_add_test(tc, a_record_is_found_wherever_it_begins);
	tcase_add_test(tc, full_disk_leaves_the_log_as_it_was);
	tcase_add_test(tc, records_written_over_zeros_read_the_same);
	tcase_add_test(tc, full_disk_leaves_room_that_was_made);
	tcase_add_test(tc, failed_truncation_of_a_full_disk_is_an_io_error);
	tcase_add_test(tc, log_that_grew_ahead_reads_the_same);
	tcase_add_test(tc, log_in_a_used_file_begins_empty);
	return suite_run(s);
}
