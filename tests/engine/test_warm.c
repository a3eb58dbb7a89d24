/* What is written to tables is in the cache before anybody asks for it. */
#include "tests/engine/small.h"

#include <unistd.h>

#include "engine/cache.h"
#include "engine/warm.h"

#define COUNT       300
#define VALUE_BYTES 520 /* more than a block: each has its own */
#define WAIT_MS     60000

static struct kv *open_store(struct env *env, bool background)
{
	struct kv_options options = small_options;
	struct kv *kv;

	options.background = background;
	options.tree_memory_bytes = 16 * MIB;
	ck_ok(kv_open(&kv, env, &options));
	return kv;
}

static uint64_t misses(struct kv *kv)
{
	struct kv_stats stats;

	ck_ok(kv_stats(kv, &stats));
	return stats.block_cache_misses;
}

/* Until @count blocks were read, all told. */
static void wait_for(struct kv *kv, uint64_t count)
{
	unsigned ms;

	for (ms = 0; misses(kv) < count && ms < WAIT_MS; ms++)
		usleep(1000);
	ck_assert_uint_eq(misses(kv), count);
}

static void get_all(struct kv *kv)
{
	unsigned i;

	for (i = 0; i < COUNT; i++)
		ck_ok(small_check(kv, i, VALUE_BYTES));
}

START_TEST(a_flushed_table_is_in_the_cache)
{
	struct env *env = small_env();
	struct kv *kv = open_store(env, true);

	small_fill(kv, 0, COUNT, VALUE_BYTES);
	ck_ok(kv_flush(kv));
	wait_for(kv, COUNT);
	get_all(kv);
	ck_assert_uint_eq(misses(kv), COUNT);
	ck_ok(kv_close(kv));
	env_free(env);
}
END_TEST

START_TEST(and_those_that_a_compaction_makes_of_it)
{
	struct env *env = small_env();
	struct kv *kv = open_store(env, true);

	small_fill(kv, 0, COUNT, VALUE_BYTES);
	ck_ok(kv_flush(kv));
	wait_for(kv, COUNT);
	ck_ok(kv_compact(kv));
	wait_for(kv, 2 * COUNT);
	get_all(kv);
	ck_assert_uint_eq(misses(kv), 2 * COUNT);
	ck_ok(kv_close(kv));
	env_free(env);
}
END_TEST

START_TEST(not_what_was_there_when_the_store_was_opened)
{
	struct env *env = small_env(), *after;
	struct kv *kv = open_store(env, false);

	small_fill(kv, 0, COUNT, VALUE_BYTES);
	ck_ok(kv_flush(kv));
	ck_assert_uint_eq(misses(kv), 0);
	ck_ok(kv_close(kv));
	ck_ok(env_mem_cut(env, ENV_MEM_LOSE_NOTHING, 1, &after));
	env_free(env);

	kv = open_store(after, true);
	small_fill(kv, COUNT, 1, VALUE_BYTES);
	ck_ok(kv_flush(kv));
	wait_for(kv, 1);
	get_all(kv);
	ck_assert_uint_eq(misses(kv), 1 + COUNT);
	ck_ok(kv_close(kv));
	env_free(after);
}
END_TEST

/* What is in the cache stays, whatever is written. */
START_TEST(no_page_goes_for_it)
{
	struct env *env = small_env();
	struct kv *kv = open_store(env, false);
	struct cache_stats stats;
	uint64_t at = 0;

	small_fill(kv, 0, COUNT, VALUE_BYTES);
	ck_ok(kv_flush(kv));
	while (cache_has_room(kv->blocks, VALUE_BYTES))
		cache_release(cache_put(kv->blocks, 1 << 30, at++,
					cache_alloc(kv->blocks, VALUE_BYTES),
					VALUE_BYTES));
	ck_assert(warm_is_due(kv));
	while (warm_is_due(kv))
		warm_step(kv);
	cache_stats(kv->blocks, &stats);
	ck_assert_uint_eq(stats.evictions, 0);
	ck_assert_uint_eq(misses(kv), 0);
	ck_ok(kv_close(kv));
	env_free(env);
}
END_TEST

static struct env *damaged;

/* Damages the first block of a table when all of it is written. */
static void damage(const char *name, uint64_t bytes)
{
	size_t n = strlen(name);

	if (bytes == 0 && n > 4 && strcmp(name + n - 4, ".sst") == 0)
		ck_ok(env_mem_flip(damaged, name, 200, 1));
}

/* It is told to who asks for what is damaged, and to nobody else. */
START_TEST(a_table_that_cannot_be_read_stops_nothing)
{
	struct env *env = small_env();
	struct kv *kv = open_store(env, true);

	damaged = env;
	env_mem_hook(env, damage);
	small_fill(kv, 0, COUNT, VALUE_BYTES);
	ck_ok(kv_flush(kv));
	small_fill(kv, COUNT, COUNT, VALUE_BYTES);
	ck_ok(kv_flush(kv));
	ck_assert_int_eq(small_check(kv, 0, VALUE_BYTES), -EBADMSG);
	ck_ok(small_check(kv, 1, VALUE_BYTES));
	ck_ok(small_check(kv, COUNT + 1, VALUE_BYTES));
	ck_ok(kv_close(kv));
	env_free(env);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("warm");
	TCase *tc = suite_case(s, "threads");

	tcase_add_test(tc, a_flushed_table_is_in_the_cache);
	tcase_add_test(tc, and_those_that_a_compaction_makes_of_it);
	tcase_add_test(tc, not_what_was_there_when_the_store_was_opened);
	tcase_add_test(tc, no_page_goes_for_it);
	tcase_add_test(tc, a_table_that_cannot_be_read_stops_nothing);
	return suite_run(s);
}
