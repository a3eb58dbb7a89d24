/* Many threads on one store. */
#include "tests/engine/small.h"

#include <stdatomic.h>
#include <unistd.h>

#include "engine/base/thread.h"

#define WRITERS        3
#define KEYS_EACH      100000 /* more than a second is enough for */
#define RACE_MS        700
#define VALUE_BYTES(i) ((i) % 50 ? 40 : 2000)

struct worker {
	struct thread thread;
	struct kv *kv;
	unsigned first;         /* its keys begin here */
	_Atomic unsigned acked; /* how many are in the store */
	_Atomic unsigned *acks; /* of a writer to follow, in a reader */
	_Atomic bool *stop;
	_Atomic int failed; /* the first error, or 0 */
	unsigned rounds;
};

static void write_keys(void *arg)
{
	struct worker *w = arg;
	struct kv_batch *batch = kv_batch_new();
	uint8_t value[4096];
	char key[32];
	unsigned i;
	int rc = 0;

	for (i = 0; rc == 0 && i < KEYS_EACH && !*w->stop; i++) {
		kv_batch_put(batch, small_key(key, w->first + i),
			     small_value(value, w->first + i, VALUE_BYTES(i)));
		rc = kv_write(w->kv, batch);
		if (rc == 0)
			w->acked = i + 1;
	}
	w->failed = rc;
	kv_batch_free(batch);
}

/* Whether key i of the writer whose keys begin at @first reads back. */
static int read_key(struct kv *kv, unsigned first, unsigned i)
{
	uint8_t want[4096];
	struct kv_value got;
	char key[32];
	int rc = kv_get(kv, small_key(key, first + i), &got);

	if (rc < 0)
		return rc;
	if (!slice_eq(got.data, small_value(want, first + i, VALUE_BYTES(i))))
		rc = -EILSEQ;
	kv_value_release(&got);
	return rc;
}

static void read_keys(void *arg)
{
	struct worker *w = arg;
	struct mem_rand rand = { .state = w->first };
	int rc = 0;

	while (rc == 0 && !*w->stop) {
		unsigned acked = *w->acks;

		if (acked == 0)
			continue;
		rc = read_key(w->kv, w->first,
			      (unsigned)mem_rand_below(&rand, acked));
		w->rounds++;
	}
	w->failed = rc;
}

static void sync_store(void *arg)
{
	struct worker *w = arg;
	int rc = 0;

	while (rc == 0 && !*w->stop) {
		rc = kv_sync(w->kv, kv_mark(w->kv));
		w->rounds++;
	}
	w->failed = rc;
}

static void check_all(struct kv *kv, const struct worker *writers)
{
	unsigned i, k;

	for (k = 0; k < WRITERS; k++)
		for (i = 0; i < writers[k].acked; i++)
			if (read_key(kv, writers[k].first, i) != 0)
				ck_abort_msg("writer %u: key %u is not there",
					     k, i);
}

START_TEST(threads_read_all_that_was_acknowledged)
{
	struct worker w[2 * WRITERS + 1] = { 0 };
	struct kv_options options = small_options;
	struct env *env = small_env(), *after;
	_Atomic bool stop = false;
	struct kv_stats stats;
	struct kv *kv;
	unsigned i;

	options.background = true;
	options.memtable_bytes_max = 256 * KIB;
	options.tree_memory_bytes = 64 * KIB;
	options.blob_cache_bytes = 64 * KIB;
	options.sync_interval_ms = 10;
	ck_ok(kv_open(&kv, env, &options));
	for (i = 0; i < ARRAY_SIZE(w); i++) {
		w[i].kv = kv;
		w[i].stop = &stop;
		w[i].first = i % WRITERS * KEYS_EACH;
		w[i].acks = &w[i % WRITERS].acked;
		ck_ok(thread_start(&w[i].thread, "worker", 0,
				   i < WRITERS       ? write_keys
				   : i < 2 * WRITERS ? read_keys
						     : sync_store,
				   &w[i]));
	}
	usleep(RACE_MS * 1000);
	stop = true;
	for (i = 0; i < ARRAY_SIZE(w); i++) {
		thread_join(&w[i].thread);
		ck_assert_int_eq(w[i].failed, 0);
		ck_assert_uint_gt(i < WRITERS ? w[i].acked : w[i].rounds, 0);
	}
	check_all(kv, w);
	ck_ok(kv_stats(kv, &stats));
	ck_assert_uint_gt(stats.flushes, 0);

	/* And all of it is there after a power cut that follows a sync. */
	ck_ok(kv_sync(kv, kv_mark(kv)));
	ck_ok(env_mem_cut(env, ENV_MEM_LOSE_ALL, 1, &after));
	ck_ok(kv_close(kv));
	env_free(env);
	ck_ok(kv_open(&kv, after, &options));
	check_all(kv, w);
	ck_ok(kv_verify(kv));
	ck_ok(kv_close(kv));
	env_free(after);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kv_threads");
	TCase *tc = suite_case(s, "threads");

	tcase_add_test(tc, threads_read_all_that_was_acknowledged);
	return suite_run(s);
}
