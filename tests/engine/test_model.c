/*
 * Seeded random operations on a store and on a model, compared all along, for
 * stores of every shape: tiny memtables and blocks, all values separated or
 * none, with and without caches and threads.
 *
 * MODEL_STEPS and MODEL_SEED in the environment make a run longer, or another.
 */
#include "tests/suite.h"

#include "engine/base/env_mem.h"
#include "tests/engine/model.h"

#define STEPS 3000

static const struct kv_options shapes[] = {
	/* As shipped, but small. */
	{ true, true, 256 * KIB, 1 * MIB, 1 * MIB, 1024, 4096, 256 * KIB,
	  1 * MIB, 1 * MIB, 20 },
	/* Everything tiny: many tables, many levels, many blob files. */
	{ true, false, 1, 64 * KIB, 64 * KIB, 512, 256, 4 * KIB, 8 * KIB,
	  16 * KIB, 0 },
	/* Every value is a blob; nothing is cached. */
	{ true, false, 300 * KIB, 0, 0, 1, 1024, 64 * KIB, 64 * KIB, 64 * KIB,
	  0 },
	/* As good as every value is a blob, in files that hold a few. */
	{ true, false, 8 * KIB, 64 * KIB, 16 * KIB, 20, 512, 16 * KIB, 32 * KIB,
	  2 * KIB, 0 },
	/* The same with threads. */
	{ true, true, 8 * KIB, 64 * KIB, 16 * KIB, 20, 512, 16 * KIB, 32 * KIB,
	  2 * KIB, 5 },
	/* No value is a blob. */
	{ true, true, 300 * KIB, 16 * KIB, 0, SIZE_MAX, 2048, 32 * KIB,
	  64 * KIB, 1 * MIB, 0 },
};

/* A snapshot, and what it should show. */
struct held {
	struct kv_snapshot *snapshot; /* or NULL */
	struct model model;
};

struct run {
	struct env *env;
	struct kv *kv;
	const struct kv_options *shape;
	struct model model;
	struct held held[4];
	uint64_t random;
	uint32_t version; /* given out last */
	uint8_t value[MODEL_VALUE_MAX];
};

static unsigned pick(struct run *r, unsigned n)
{
	return (unsigned)(model_random(&r->random) % n);
}

static void check_value(struct run *r, unsigned i, struct slice got)
{
	struct slice want = model_value(r->value, r->model.version[i]);

	ck_assert_msg(slice_eq(got, want), "key %u: wrong value", i);
}

/* The keys in the order of their bytes. */
static unsigned sorted[MODEL_KEYS];

static int by_bytes(const void *a, const void *b)
{
	char x[32], y[32];

	return slice_cmp(model_key(x, *(const unsigned *)a),
			 model_key(y, *(const unsigned *)b));
}

static void sort_keys(void)
{
	unsigned i;

	for (i = 0; i < MODEL_KEYS; i++)
		sorted[i] = i;
	qsort(sorted, MODEL_KEYS, sizeof(sorted[0]), by_bytes);
}

/* Deletes from one key to another, or nothing where they are not in order. */
static void delete_range(struct run *r, struct kv_batch *batch)
{
	unsigned from = pick(r, MODEL_KEYS), to = from + pick(r, 60), at;
	char low[32], high[32];

	if (to >= MODEL_KEYS)
		to = pick(r, MODEL_KEYS);
	ck_ok(kv_batch_delete_range(batch, model_key(low, sorted[from]),
				    model_key(high, sorted[to])));
	for (at = from; at < to; at++)
		r->model.version[sorted[at]] = 0;
}

static void do_batch(struct run *r)
{
	struct kv_batch *batch = kv_batch_new();
	unsigned count = pick(r, 8) ? 1 + pick(r, 4) : 50, i;
	char key[32];

	while (count-- > 0) {
		i = pick(r, MODEL_KEYS);
		if (pick(r, 20) == 0) {
			delete_range(r, batch);
		} else if (pick(r, 4) == 0) {
			kv_batch_delete(batch, model_key(key, i));
			r->model.version[i] = 0;
		} else {
			r->model.version[i] = ++r->version;
			kv_batch_put(batch, model_key(key, i),
				     model_value(r->value, r->version));
		}
	}
	ck_ok(kv_write(r->kv, batch));
	ck_assert_uint_eq(kv_batch_count(batch), 0);
	kv_batch_free(batch);
}

/* Shares values; a copy sees the store as it is before the batch. */
static void do_copy(struct run *r)
{
	struct kv_batch *batch = kv_batch_new();
	struct model before = r->model;
	unsigned count = 1 + pick(r, 5), from, to;
	char key[32], source[32];

	while (count-- > 0) {
		from = pick(r, MODEL_KEYS);
		to = pick(r, MODEL_KEYS);
		if (before.version[from] == 0)
			continue;
		kv_batch_copy(batch, model_key(key, to),
			      model_key(source, from));
		r->model.version[to] = before.version[from];
	}
	ck_ok(kv_write(r->kv, batch));

	/* A copy of nothing fails, and with it the whole batch. */
	from = pick(r, MODEL_KEYS);
	if (r->model.version[from] == 0) {
		kv_batch_put(batch, slice_str("new"), slice_str("value"));
		kv_batch_copy(batch, slice_str("copy"),
			      model_key(source, from));
		ck_assert_int_eq(kv_write(r->kv, batch), -ENOENT);
	}
	kv_batch_free(batch);
}

static void do_get(struct run *r)
{
	unsigned i = pick(r, MODEL_KEYS);
	struct kv_value value;
	size_t size;
	char key[32];
	int rc;

	rc = kv_get(r->kv, model_key(key, i), &value);
	if (r->model.version[i] == 0) {
		ck_assert_int_eq(rc, -ENOENT);
		ck_assert_int_eq(kv_size(r->kv, model_key(key, i), &size),
				 -ENOENT);
		return;
	}
	ck_ok(rc);
	check_value(r, i, value.data);
	ck_ok(kv_size(r->kv, model_key(key, i), &size));
	ck_assert_uint_eq(size, value.data.size);
	kv_value_release(&value);
}

/* The first present key at place @at or behind it, or MODEL_KEYS. */
static unsigned model_at(const struct run *r, unsigned at, unsigned upper)
{
	while (at < upper && r->model.version[sorted[at]] == 0)
		at++;
	return at < upper ? at : MODEL_KEYS;
}

/* The last present key before place @at, or MODEL_KEYS. */
static unsigned model_before(const struct run *r, unsigned at, unsigned lower)
{
	while (at > lower && r->model.version[sorted[at - 1]] == 0)
		at--;
	return at > lower ? at - 1 : MODEL_KEYS;
}

/* Some reads at a snapshot: what a walk finds, and points. */
static void check_snapshot(struct run *r, const struct kv_snapshot *snapshot)
{
	struct kv_value value;
	struct kv_iter *it;
	struct slice stored;
	unsigned at, i;
	char key[32];
	int rc;

	ck_ok(kv_iter_open_at(&it, r->kv, snapshot, slice_str(""),
			      slice_str("")));
	at = model_at(r, 0, MODEL_KEYS);
	for (rc = kv_iter_first(it); rc == 1; rc = kv_iter_next(it)) {
		ck_assert_uint_eq(model_number(kv_iter_key(it)), sorted[at]);
		ck_ok(kv_iter_value(it, &stored));
		check_value(r, sorted[at], stored);
		at = model_at(r, at + 1, MODEL_KEYS);
	}
	ck_ok(rc);
	ck_assert_uint_eq(at, MODEL_KEYS);
	at = model_before(r, MODEL_KEYS, 0);
	for (rc = kv_iter_last(it); rc == 1; rc = kv_iter_prev(it)) {
		ck_assert_uint_eq(model_number(kv_iter_key(it)), sorted[at]);
		at = model_before(r, at, 0);
	}
	ck_ok(rc);
	ck_assert_uint_eq(at, MODEL_KEYS);
	kv_iter_close(it);

	for (i = 0; i < MODEL_KEYS; i += 7) {
		rc = kv_get_at(r->kv, snapshot, model_key(key, i), &value);
		ck_assert_int_eq(rc, r->model.version[i] ? 0 : -ENOENT);
		if (rc < 0)
			continue;
		check_value(r, i, value.data);
		kv_value_release(&value);
	}
}

static void check_held(struct run *r, struct held *h)
{
	struct model now = r->model;

	r->model = h->model;
	check_snapshot(r, h->snapshot);
	r->model = now;
}

static void drop_held(struct held *h)
{
	kv_snapshot_close(h->snapshot);
	h->snapshot = NULL;
}

static void drop_all_held(struct run *r)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(r->held); i++)
		drop_held(&r->held[i]);
}

/* Takes a snapshot, looks at one that is held, or lets it go. */
static void do_hold(struct run *r)
{
	struct held *h = &r->held[pick(r, ARRAY_SIZE(r->held))];

	if (!h->snapshot) {
		ck_ok(kv_snapshot_open(&h->snapshot, r->kv));
		h->model = r->model;
		return;
	}
	check_held(r, h);
	if (pick(r, 3) == 0)
		drop_held(h);
}

/* A walk to and fro between two bounds, as long as there is something. */
static void do_walk(struct run *r)
{
	unsigned lower = pick(r, MODEL_KEYS), upper = pick(r, MODEL_KEYS);
	unsigned steps = pick(r, 40), at, target;
	char low[32], high[32], key[32];
	struct kv_iter *it;
	struct slice value;
	int rc;

	if (upper < lower) {
		at = upper;
		upper = lower;
		lower = at;
	}
	ck_ok(kv_iter_open(&it, r->kv, model_key(low, sorted[lower]),
			   model_key(high, sorted[upper])));
	target = lower + (upper > lower ? pick(r, upper - lower) : 0);
	switch (pick(r, 4)) {
	case 0:
		rc = kv_iter_first(it);
		at = model_at(r, lower, upper);
		break;
	case 1:
		rc = kv_iter_last(it);
		at = model_before(r, upper, lower);
		break;
	case 2:
		rc = kv_iter_seek(it, model_key(key, sorted[target]));
		at = model_at(r, target, upper);
		break;
	default:
		rc = kv_iter_seek_before(it, model_key(key, sorted[target]));
		at = model_before(r, target, lower);
		break;
	}
	for (;;) {
		ck_assert_int_eq(rc, at < MODEL_KEYS);
		if (rc == 0 || steps-- == 0)
			break;
		ck_assert_uint_eq(model_number(kv_iter_key(it)), sorted[at]);
		ck_ok(kv_iter_value(it, &value));
		check_value(r, sorted[at], value);
		ck_assert_uint_eq(kv_iter_value_size(it), value.size);
		if (pick(r, 3)) {
			rc = kv_iter_next(it);
			at = model_at(r, at + 1, upper);
		} else {
			rc = kv_iter_prev(it);
			at = model_before(r, at, lower);
		}
	}
	kv_iter_close(it);
}

/* An iterator sees what there was when it was opened, whatever happens. */
static void do_snapshot(struct run *r)
{
	struct model now = r->model, later;
	struct kv_iter *it;
	struct slice value;
	unsigned at, i;
	int rc;

	ck_ok(kv_iter_open(&it, r->kv, slice_str(""), slice_str("")));
	for (i = 0; i < 5; i++)
		do_batch(r);
	if (pick(r, 2))
		ck_ok(kv_compact(r->kv));
	if (pick(r, 2))
		ck_ok(kv_collect(r->kv));
	later = r->model;
	r->model = now;
	at = model_at(r, 0, MODEL_KEYS);
	for (rc = kv_iter_first(it); rc == 1; rc = kv_iter_next(it)) {
		ck_assert_uint_eq(model_number(kv_iter_key(it)), sorted[at]);
		ck_ok(kv_iter_value(it, &value));
		check_value(r, sorted[at], value);
		at = model_at(r, at + 1, MODEL_KEYS);
	}
	ck_ok(rc);
	ck_assert_uint_eq(at, MODEL_KEYS);
	kv_iter_close(it);
	r->model = later;
}

/* Reopens after a close, or as after kill -9: unflushed, in another env. */
static void do_reopen(struct run *r)
{
	bool clean = pick(r, 2);
	struct env *env;

	drop_all_held(r);
	if (clean)
		ck_ok(kv_close(r->kv));
	ck_ok(env_mem_cut(r->env, ENV_MEM_LOSE_NOTHING,
			  model_random(&r->random), &env));
	if (!clean)
		kv_close(r->kv);
	env_free(r->env);
	r->env = env;
	ck_ok(kv_open(&r->kv, r->env, r->shape));
}

static void do_step(struct run *r)
{
	unsigned what = pick(r, 1000);

	if (what < 450)
		do_batch(r);
	else if (what < 500)
		do_copy(r);
	else if (what < 520)
		do_hold(r);
	else if (what < 800)
		do_get(r);
	else if (what < 970)
		do_walk(r);
	else if (what < 975)
		do_snapshot(r);
	else if (what < 983)
		ck_ok(kv_flush(r->kv));
	else if (what < 985)
		ck_ok(kv_compact(r->kv));
	else if (what < 989)
		ck_ok(kv_collect(r->kv));
	else if (what < 993)
		ck_ok(kv_sync(r->kv, kv_mark(r->kv)));
	else if (what < 995)
		ck_ok(kv_verify(r->kv));
	else
		do_reopen(r);
}

static uint64_t from_environment(const char *name, uint64_t otherwise)
{
	const char *s = getenv(name);

	return s ? strtoull(s, NULL, 10) : otherwise;
}

START_TEST(store_is_the_model)
{
	uint64_t steps = from_environment("MODEL_STEPS", STEPS);
	struct run *r = calloc(1, sizeof(*r));

	sort_keys();
	r->random = from_environment("MODEL_SEED", 1) * 1000 + (uint64_t)_i;
	r->shape = &shapes[_i];
	ck_ok(env_mem_new(&r->env, r->random));
	ck_ok(kv_open(&r->kv, r->env, r->shape));
	while (steps-- > 0)
		do_step(r);
	ck_ok(kv_verify(r->kv));
	drop_all_held(r);
	ck_ok(kv_close(r->kv));
	env_free(r->env);
	free(r);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("model");
	TCase *tc = suite_case(s, "shapes");

	tcase_set_timeout(tc, 600);
	tcase_add_loop_test(tc, store_is_the_model, 0, ARRAY_SIZE(shapes));
	return suite_run(s);
}
