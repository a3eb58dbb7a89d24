#include "tests/fs/workload.h"

#include "engine/base/error.h"
#include "engine/kv.h"

#define AGE_STEPS 120 /* that were done before a workload of some kinds */
#define AGE_LIFE  30  /* of these between two mounts */
#define MORE      3   /* steps that are done after a recovery */

/*
 * So small that there is always something to be flushed, merged and collected,
 * and that each table takes several blocks, which a thread of its own writes.
 */
static const struct kv_options busy = {
	.memtable_bytes_max = 4 * KIB,
	.tree_memory_bytes = 64 * KIB,
	.blob_cache_bytes = 64 * KIB,
	.separate_at = 200,
	.block_bytes = 128,
	.sst_bytes_max = 2 * KIB,
	.level_base_bytes = 4 * KIB,
	.blob_file_bytes_max = 64 * KIB,
	.open_files_max = 3,
	.sst_write_bytes = 128,
};

static struct fs_options options_of(enum workload_kind kind)
{
	struct fs_options options = fx_options();

	if (kind != WORKLOAD_LOG)
		options.memory_bytes = 128 * KIB;
	if (kind == WORKLOAD_THREADS) {
		options.background = true;
		options.sync_interval_ms = 1;
		options.purge_wait_ms = 0;
		options.store = &busy;
	}
	return options;
}

/* Where the messages come from. */
static void expect(int rc, const char *what, const char *call)
{
	ck_assert_msg(rc == 0, "%s: %s: %d %s", what, call, rc, error_text(rc));
}

/* ----------------------------------------------------------- one step -- */

/* An inode that is held from one step to a later one. */
static void hold(struct model *m, struct fs *fs, int n, uint64_t *held)
{
	const struct model_name *name = &m->names[n % 16];
	struct fs_entry entry;

	if (*held) {
		fs_forget(fs, *held, 1);
		*held = 0;
	} else if (name->used && fs_lookup(fs, m->nodes[name->dir].ino,
					   name->name, &entry) == 0) {
		*held = entry.ino;
	}
}

int workload_maintain(const struct workload *w, struct fs *fs, int n,
		      struct outcome *out)
{
	int rc = 0;

	if (w->kind == WORKLOAD_SYNCED || n % 7 == 3) {
		rc = fs_fsync(fs, FS_ROOT_INO);
		if (rc == 0)
			out->synced = n;
	}
	if (rc == 0 && n % 13 == 6 && w->kind != WORKLOAD_LOG)
		rc = kv_flush(fs->kv);
	if (rc == 0 && n % 17 == 9 && w->kind != WORKLOAD_LOG)
		rc = kv_compact(fs->kv);
	if (rc == 0 && n % 19 == 11)
		rc = kv_collect(fs->kv);
	return rc;
}

bool workload_step(const struct workload *w, struct model *m, struct fs *fs,
		   int n)
{
	unsigned seed = w->seeds[n];

	return model_fs_step(m, fs, &seed);
}

/* Steps until one fails. */
static int work(const struct workload *w, struct model *m, struct fs *fs,
		struct outcome *out)
{
	uint64_t held = 0;
	int n, rc = 0;

	for (n = 1; rc == 0 && n <= WORKLOAD_STEPS; n++) {
		out->begun = n;
		if (!workload_step(w, m, fs, n))
			return -EIO;
		out->acked = n;
		if (n % 3 == 0)
			hold(m, fs, n, &held);
		rc = workload_maintain(w, fs, n, out);
	}
	return rc;
}

int workload_open(const struct workload *w, struct env *env, struct fs **fs)
{
	struct fs_options options = options_of(w->kind);

	return fs_open_env(fs, env, &options);
}

void workload_run(const struct workload *w, struct env *env,
		  struct outcome *out)
{
	static struct model m;
	struct fs *fs;
	int rc;

	*out = (struct outcome){ 0 };
	if (workload_open(w, env, &fs) < 0)
		return;
	model_copy(&m, &w->states[0]);
	rc = work(w, &m, fs, out);
	if (fs_close(fs) == 0 && rc == 0)
		out->synced = out->acked;
	model_fini(&m);
}

/* ------------------------------------------------------- its beginnings -- */

/* What was closed in order is opened elsewhere, without what was not synced. */
static void move_on(struct env **env)
{
	struct env *next;

	ck_ok(env_mem_cut(*env, ENV_MEM_LOSE_ALL, 1, &next));
	env_free(*env);
	*env = next;
}

/* A store that has been used and mounted again some times. */
static void age(const struct workload *w, struct env **env, struct model *m,
		unsigned *seed)
{
	struct fs *fs = NULL;
	int i;

	for (i = 0; i < AGE_STEPS; i++) {
		if (i % AGE_LIFE == 0) {
			ck_ok(fs_close(fs));
			move_on(env);
			ck_ok(workload_open(w, *env, &fs));
		}
		ck_assert(model_fs_step(m, fs, seed));
		if (i % AGE_LIFE == AGE_LIFE / 2)
			ck_ok(kv_compact(fs->kv));
	}
	ck_ok(fs_close(fs));
}

static void forget_numbers(struct model *m)
{
	int i;

	for (i = 1; i < MODEL_NODES; i++)
		m->nodes[i].ino = 0;
}

/* Goes through all of it once, and notes the states. */
static void note_states(struct workload *w, unsigned seed)
{
	static struct model m;
	struct env *env = workload_env(w);
	struct fs *fs;
	int n;

	model_copy(&m, &w->states[0]);
	ck_ok(workload_open(w, env, &fs));
	for (n = 1; n <= WORKLOAD_STEPS; n++) {
		w->seeds[n] = seed;
		ck_assert(model_fs_step(&m, fs, &seed));
		model_copy(&w->states[n], &m);
		forget_numbers(&w->states[n]);
	}
	ck_ok(fs_close(fs));
	env_free(env);
	model_fini(&m);
}

static void count_calls(struct workload *w)
{
	struct env *env = workload_env(w);
	struct outcome out;

	workload_run(w, env, &out);
	ck_assert_int_eq(out.synced, WORKLOAD_STEPS);
	w->calls = env_mem_calls(env);
	env_free(env);
}

void workload_init(struct workload *w, enum workload_kind kind, unsigned seed)
{
	w->kind = kind;
	model_init(&w->states[0]);
	ck_ok(env_mem_new(&w->base, seed));
	if (kind != WORKLOAD_FRESH)
		age(w, &w->base, &w->states[0], &seed);
	move_on(&w->base);
	note_states(w, seed);
	count_calls(w);
}

void workload_fini(struct workload *w)
{
	int n;

	for (n = 0; n <= WORKLOAD_STEPS; n++)
		model_fini(&w->states[n]);
	env_free(w->base);
}

struct env *workload_env(const struct workload *w)
{
	struct env *env;

	ck_ok(env_mem_cut(w->base, ENV_MEM_LOSE_NOTHING, 1, &env));
	return env;
}

/* --------------------------------------------------------- its outcomes -- */

struct fs *workload_open_sound(const struct workload *w, struct env *env,
			       const char *what)
{
	struct check_counts counts = { 0 };
	struct fs *fs;

	expect(workload_open(w, env, &fs), what, "fs_open_env");
	expect(fs_check(fs->kv, &counts), what, "fs_check");
	expect(kv_verify(fs->kv), what, "kv_verify");
	ck_assert_uint_eq(counts.orphans, 0);
	ck_assert_uint_eq(counts.inodes, atomic_load(&fs->inodes));
	ck_assert_uint_eq(counts.data_bytes, atomic_load(&fs->data_bytes));
	return fs;
}

/* The newest step that @fs may be as after; @m becomes its state. */
static int find_state(const struct workload *w, struct fs *fs, int low,
		      int high, struct model *m, const char *what)
{
	char why[200] = "", first_why[200] = "";
	int n;

	for (n = high; n >= low; n--) {
		model_copy(m, &w->states[n]);
		if (model_fs_same_whole(m, fs, why, sizeof(why)))
			return n;
		model_fini(m);
		if (n == high)
			memcpy(first_why, why, sizeof(why));
	}
	ck_abort_msg("%s: as after none of the steps %d to %d: %s; %s", what,
		     low, high, first_why, why);
	return -1;
}

void workload_check(const struct workload *w, struct env *env, int low,
		    int high, const char *what)
{
	static struct model m;
	char why[200];
	struct fs *fs;
	int n, last;

	fs = workload_open_sound(w, env, what);
	n = find_state(w, fs, low, high, &m, what);
	last = n + MORE < WORKLOAD_STEPS ? n + MORE : WORKLOAD_STEPS;
	while (n < last)
		ck_assert_msg(workload_step(w, &m, fs, ++n),
			      "%s: step %d after it fails", what, n);
	expect(fs_close(fs), what, "fs_close");

	move_on(&env);
	fs = workload_open_sound(w, env, what);
	ck_assert_msg(model_fs_same_whole(&m, fs, why, sizeof(why)),
		      "%s: after going on: %s", what, why);
	expect(fs_close(fs), what, "fs_close, again");
	env_free(env);
	model_fini(&m);
}
