/*
 * The pipe behind a table being written: a thread of its own changes nothing
 * but the time it takes.
 */
#include "tests/suite.h"

#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "engine/base/env_bounded.h"
#include "engine/base/env_mem.h"
#include "engine/base/error.h"
#include "engine/base/mem_rand.h"
#include "engine/file_format.h"
#include "engine/meter.h"
#include "engine/sst_pipe.h"
#include "engine/sst_writer.h"
#include "engine/stats.h"

#define NUMBER       7
#define BLOCK_BYTES  4096
#define VALUE_BYTES  100
#define THREAD_BYTES (512 * KIB) /* half of what is written at a time */
#define LOAD_BYTES   (THREAD_BYTES / PIPE_LOADS)
/* The ring goes round a few times. */
#define LARGE (5 * THREAD_BYTES / VALUE_BYTES)
#define SMALL (THREAD_BYTES / 2 / VALUE_BYTES)

static const char name[] = "000007.sst";
static const uint8_t store_id[16] = "the pipe's store";

static pthread_t caller;
static _Atomic unsigned writes_here, writes_elsewhere;
static unsigned slow_us;

static void note_thread(const char *file, uint64_t bytes)
{
	(void)file;
	if (slow_us)
		usleep(slow_us);
	if (bytes == 0)
		return;
	if (pthread_equal(caller, pthread_self()))
		writes_here++;
	else
		writes_elsewhere++;
}

static struct env *new_env(void)
{
	struct env *env;

	ck_ok(env_mem_new(&env, 1));
	env_mem_hook(env, note_thread);
	caller = pthread_self();
	writes_here = writes_elsewhere = 0;
	return env;
}

static int open_writer(struct env *env, bool thread, struct sst_writer **w)
{
	const struct sst_writer_options options = {
		.block_bytes = BLOCK_BYTES,
		.compress = true,
		.thread = thread,
	};

	return sst_writer_open(w, env, NUMBER, store_id, &options);
}

/*
 * Adds @count entries, half of whose values compress; the sizes on the way go
 * to @sizes, if that is not NULL.
 */
static int fill(struct sst_writer *w, unsigned count, uint64_t *sizes)
{
	struct mem_rand rand = { .state = 3 };
	uint8_t value[VALUE_BYTES] = { 0 };
	char key[16];
	unsigned i;
	int rc = 0;

	for (i = 0; rc == 0 && i < count; i++) {
		const struct entry e = {
			.key = slice_of(key, (size_t)sprintf(key, "%08u", i)),
			.value = slice_of(value, sizeof(value)),
			.tag = entry_tag(i + 1, ENTRY_PUT),
		};

		mem_rand_fill(&rand, value, sizeof(value) / 2);
		rc = sst_writer_add(w, &e);
		if (sizes)
			sizes[i] = sst_writer_size(w);
	}
	return rc;
}

static int write_table(struct env *env, unsigned count, bool thread,
		       uint64_t *sizes)
{
	struct sst_props props = { 0 };
	struct sst_writer *w;
	uint64_t size;
	int rc;

	rc = open_writer(env, thread, &w);
	if (rc < 0)
		return rc;
	rc = fill(w, count, sizes);
	if (rc == 0)
		rc = sst_writer_finish(w, &props, &size);
	sst_writer_close(w);
	sst_props_fini(&props);
	return rc;
}

/* The bytes of the table, from malloc(). */
static uint8_t *contents(struct env *env, uint64_t *size)
{
	struct env_file *f;
	uint8_t *bytes;

	ck_ok(env_open(env, name, ENV_READ, &f));
	ck_ok(env_size(f, size));
	bytes = malloc(*size);
	ck_assert_ptr_nonnull(bytes);
	ck_ok(env_read_full(f, bytes, *size, 0));
	env_close(f);
	return bytes;
}

START_TEST(the_file_is_the_same_with_a_thread)
{
	const unsigned count = _i ? LARGE : SMALL;
	struct env *plain = new_env(), *threaded;
	uint8_t *a, *b;
	uint64_t a_size, b_size;

	ck_ok(write_table(plain, count, false, NULL));
	ck_assert_uint_eq(writes_elsewhere, 0);
	threaded = new_env();
	ck_ok(write_table(threaded, count, true, NULL));
	/* A small table is not worth a thread. */
	ck_assert_int_eq(writes_elsewhere > 0, _i);

	a = contents(plain, &a_size);
	b = contents(threaded, &b_size);
	ck_assert_uint_eq(a_size, b_size);
	ck_assert_mem_eq(a, b, a_size);
	free(a);
	free(b);
	env_free(plain);
	env_free(threaded);
}
END_TEST

/* Where a compaction cuts its outputs must not depend on who is faster. */
START_TEST(sizes_do_not_depend_on_the_speed_of_the_disk)
{
	uint64_t *fast = calloc(LARGE, sizeof(*fast));
	uint64_t *slow = calloc(LARGE, sizeof(*slow));
	uint64_t size;
	struct env *env = new_env();
	unsigned i;

	ck_assert(fast && slow);
	ck_ok(write_table(env, LARGE, true, fast));
	free(contents(env, &size));
	env_free(env);
	slow_us = 5000;
	env = new_env();
	ck_ok(write_table(env, LARGE, true, slow));
	env_free(env);

	for (i = 0; i < LARGE; i++) {
		ck_assert_uint_eq(fast[i], slow[i]);
		/* What waits may get smaller. */
		ck_assert_uint_le(fast[i],
				  size + (PIPE_LOADS + 1) * LOAD_BYTES);
	}
	ck_assert_uint_ge(fast[LARGE - 1] + (PIPE_LOADS + 1) * LOAD_BYTES,
			  size);
	free(fast);
	free(slow);
}
END_TEST

/* Also through the envs that a store puts over the one it is given. */
START_TEST(the_disk_may_begin_before_the_sync)
{
	struct env *env = new_env(), *bounded, *metered;
	struct stats *stats = stats_new(env);
	uint64_t size;

	bounded = env_bounded_new(env, 16);
	ck_assert(bounded && stats);
	metered = meter_new(bounded, stats);
	ck_assert_ptr_nonnull(metered);
	ck_ok(write_table(metered, LARGE, true, NULL));
	free(contents(env, &size));
	ck_assert_uint_eq(FILE_HEADER_SIZE + env_mem_soon_bytes(env), size);
	env_free(metered);
	stats_free(stats);
	env_free(env);
}
END_TEST

START_TEST(failures_are_told_and_leave_no_file)
{
	struct env *env = new_env();
	uint64_t calls, k;
	char words[64];
	int rc;

	ck_ok(write_table(env, LARGE, true, NULL));
	calls = env_mem_calls(env);
	ck_ok(env_remove(env, name));
	for (k = 1; k <= calls; k++) {
		struct env_names names = { 0 };

		env_mem_arm(env, ENV_MEM_EIO, k, false);
		rc = write_table(env, LARGE, true, NULL);
		ck_assert_int_eq(rc, -EIO);
		/* Also where it happened in the thread. */
		snprintf(words, sizeof(words), "call %u: ", (unsigned)k);
		ck_assert_ptr_nonnull(strstr(error_text(rc), words));
		env_mem_arm(env, ENV_MEM_NONE, 0, false);
		ck_ok(env_list(env, &names));
		ck_assert_uint_eq(names.count, 0);
		env_names_fini(&names);
	}
	env_free(env);
}
END_TEST

START_TEST(unfinished_table_ends_its_thread)
{
	struct env_names names = { 0 };
	struct env *env = new_env();
	struct sst_writer *w;

	slow_us = 2000;
	ck_ok(open_writer(env, true, &w));
	ck_ok(fill(w, LARGE, NULL));
	sst_writer_close(w);
	ck_assert_uint_gt(writes_elsewhere, 0);
	ck_ok(env_list(env, &names));
	ck_assert_uint_eq(names.count, 0);
	env_names_fini(&names);
	env_free(env);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("sst_pipe");
	TCase *tc = suite_case(s, "thread");

	tcase_add_loop_test(tc, the_file_is_the_same_with_a_thread, 0, 2);
	tcase_add_test(tc, sizes_do_not_depend_on_the_speed_of_the_disk);
	tcase_add_test(tc, the_disk_may_begin_before_the_sync);
	tcase_add_test(tc, failures_are_told_and_leave_no_file);
	tcase_add_test(tc, unfinished_table_ends_its_thread);
	return suite_run(s);
}
