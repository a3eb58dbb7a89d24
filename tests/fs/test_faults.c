/*
 * Failing disks: each call of a workload fails in turn, with an error, with
 * part of a write, for want of room, or with a sync that lies; once, or from
 * then on.
 *
 * An operation then is done, or gives an error and has changed nothing: the
 * mounted tree goes on to be what was answered, and is readable.  After want
 * of room and after failed reads it goes on as if nothing had been; after
 * failed writes and syncs the store takes no more.  What is opened afterwards
 * is what was answered, with or without the one operation that failed first.
 *
 *      tests/fs/test_faults [--stride N] [--seed S]
 *
 * tries every Nth call, from another workload.
 */
#include "tests/fs/workload.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "engine/base/error.h"
#include "fs/schema.h"

static unsigned stride = 13, first_seed = 1;

struct fault {
	enum env_mem_fault fault;
	bool sticky; /* it never works again */
	const char *name;
};

static const struct fault faults[] = {
	{ ENV_MEM_EIO, false, "an error" },
	{ ENV_MEM_EIO, true, "errors for ever" },
	{ ENV_MEM_SHORT, false, "a short write" },
	{ ENV_MEM_ENOSPC, false, "no room, once" },
	{ ENV_MEM_ENOSPC, true, "no room any more" },
	{ ENV_MEM_LIE, false, "a sync that lies" },
};

/* What has failed is mended; what was answered is there. */
static void expect_state(struct model *m, struct fs *fs, const char *what)
{
	char why[200];

	ck_assert_msg(model_fs_same(m, fs, why, sizeof(why)),
		      "%s: while mounted: %s", what, why);
}

/*
 * Step @n has failed.  Returns whether it can be done after all: it must, if
 * all that was wrong is that there was no room.  With threads it may take a
 * second until the flush, too, is tried again.
 */
static bool try_again(const struct workload *w, struct fs *fs,
		      const struct fault *f, struct model *m, int n,
		      const char *what)
{
	int left_ms = w->kind == WORKLOAD_THREADS ? 20000 : 0;
	bool done;

	expect_state(m, fs, what);
	done = workload_step(w, m, fs, n);
	if (f->fault != ENV_MEM_ENOSPC)
		return done;
	for (; !done && left_ms > 0; left_ms -= 20) {
		usleep(20000);
		done = workload_step(w, m, fs, n);
	}
	ck_assert_msg(done, "%s: there is room, but not for step %d", what, n);
	return true;
}

/* Steps until one fails for good. */
static void work(const struct workload *w, struct env *env, struct fs *fs,
		 const struct fault *f, struct outcome *out, const char *what)
{
	static struct model m;
	int n;

	model_copy(&m, &w->states[0]);
	for (n = 1; n <= WORKLOAD_STEPS; n++) {
		out->begun = n;
		if (!workload_step(w, &m, fs, n)) {
			env_mem_arm(env, ENV_MEM_NONE, 0, false);
			if (!try_again(w, fs, f, &m, n, what))
				break;
		}
		out->acked = n;
		if (workload_maintain(w, fs, n, out) == -EROFS)
			break;
	}
	env_mem_arm(env, ENV_MEM_NONE, 0, false);
	expect_state(&m, fs, what);
	model_fini(&m);
}

/* Returns whether the fault has struck. */
static bool fail_once(const struct workload *w, const struct fault *f,
		      uint64_t kth)
{
	enum env_mem_loss loss = ENV_MEM_LOSE_NOTHING;
	struct env *env = workload_env(w), *after;
	struct outcome out = { 0 };
	bool struck;
	char what[100];
	struct fs *fs;
	int low, rc;

	snprintf(what, sizeof(what), "kind %d, call %" PRIu64 ": %s", w->kind,
		 kth, f->name);
	env_mem_arm(env, f->fault, kth, f->sticky);
	rc = workload_open(w, env, &fs);
	if (rc == 0) {
		work(w, env, fs, f, &out, what);
		rc = fs_close(fs);
		if (rc == 0)
			out.synced = out.acked;
	}
	struck = env_mem_faults(env) > 0;
	low = out.acked;
	if (f->fault == ENV_MEM_LIE) {
		loss = kth % 4;
		low = out.synced;
	}
	ck_ok(env_mem_cut(env, loss, kth, &after));
	env_free(env);
	workload_check(w, after, low, out.begun, what);
	return struck;
}

START_TEST(a_failing_call_loses_nothing_and_breaks_nothing)
{
	const struct fault *f = &faults[_i / WORKLOAD_KINDS];
	static struct workload w;
	uint64_t struck = 0, kth, step = stride;
	bool strikes = true;

	workload_init(&w, _i % WORKLOAD_KINDS, first_seed + (unsigned)_i);
	/* Those that wait for a thread are few, as it sleeps for a second. */
	if (f->fault == ENV_MEM_ENOSPC && w.kind == WORKLOAD_THREADS)
		step *= 128;
	/* There are not many syncs, but for those of a thread, which are
	 * as many as there is time for. */
	if (f->fault == ENV_MEM_LIE && w.kind != WORKLOAD_THREADS)
		step = 1;
	/* What is counted is the calls that can fail so. */
	for (kth = 1 + first_seed % step; strikes && kth <= w.calls;
	     kth += step) {
		strikes = fail_once(&w, f, kth);
		struck += strikes;
	}
	ck_assert_uint_gt(struck, 0);
	workload_fini(&w);
}
END_TEST

/* --------------------------------------------------------- a full disk -- */

#define MEDIUM     (8 * MIB)
#define FILE_BYTES ((size_t)100000)
#define FILES_MAX  200

static uint8_t bytes[FILE_BYTES], got[FILE_BYTES];

static uint64_t free_bytes(void)
{
	struct statvfs st;

	ck_ok(fs_statfs(fx, &st));
	ck_assert_uint_eq(st.f_blocks * st.f_frsize, MEDIUM);
	ck_assert_uint_le(st.f_bavail, st.f_bfree);
	ck_assert_uint_le(st.f_bfree * st.f_frsize,
			  MEDIUM - env_mem_bytes(fx_env));
	ck_assert_uint_gt((st.f_bfree + 1) * st.f_frsize,
			  MEDIUM - env_mem_bytes(fx_env));
	return st.f_bavail * st.f_frsize;
}

/* File @i of round @round; returns what the last call did. */
static int make_file(int i, int round)
{
	struct fs_entry entry;
	char name[16];
	ssize_t n;
	int rc;

	snprintf(name, sizeof(name), "f%d", i);
	rc = fs_mknod(fx, FS_ROOT_INO, name, S_IFREG | 0644, 0, &fx_cred,
		      &entry);
	if (rc < 0)
		return rc;
	fx_fill(bytes, sizeof(bytes), (uint64_t)(i * 10 + round));
	n = fs_write(fx, entry.ino, bytes, sizeof(bytes), 0, 0, NULL);
	fs_forget(fx, entry.ino, 1);
	return n < 0 ? (int)n : 0;
}

/* Makes files until there is no room; returns how many are whole. */
static int fill(int first, int round)
{
	int i, rc = 0;

	for (i = first; rc == 0 && i < FILES_MAX; i++)
		rc = make_file(i, round);
	ck_assert_int_eq(rc, -ENOSPC);
	return i - 1;
}

static void expect_files(int first, int last, int round)
{
	char name[16];
	int i;

	for (i = first; i < last; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		fx_fill(bytes, sizeof(bytes), (uint64_t)(i * 10 + round));
		ck_assert_int_eq(fs_read(fx,
					 (uint64_t)fx_lookup(FS_ROOT_INO, name),
					 got, sizeof(got), 0),
				 sizeof(got));
		ck_assert_mem_eq(got, bytes, sizeof(got));
	}
}

static void unlink_files(int first, int last)
{
	char name[16];
	int i;

	for (i = first; i < last; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		ck_ok(fs_unlink(fx, FS_ROOT_INO, name));
	}
}

/* Takes what room is left for small things, to the last. */
static void exhaust(uint64_t pad)
{
	uint64_t at = 0;
	size_t size;

	for (size = 4000; size > 0; size /= 20) {
		fx_fill(bytes, size, size);
		while (fs_write(fx, pad, bytes, size, at, 0, NULL) > 0)
			at += size;
	}
	ck_assert_int_eq(fs_write(fx, pad, "x", 1, at, 0, NULL), -ENOSPC);
}

static void remove_all(void)
{
	char name[16];
	int i, rc;

	ck_ok(fs_unlink(fx, FS_ROOT_INO, "pad"));
	for (i = 0; i < FILES_MAX; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		rc = fs_unlink(fx, FS_ROOT_INO, name);
		ck_assert(rc == 0 || rc == -ENOENT);
	}
}

/*
 * The one that did not fit is there, empty, if its name found room.  What is
 * said to be free is free, and a full disk says that nothing is.
 */
START_TEST(a_full_disk_admits_deletes_and_serves_on)
{
	uint64_t at_first, full, pad;
	int round, count, i;

	env_mem_limit(fx_env, MEDIUM);
	fx_reopen();
	at_first = free_bytes();
	for (round = 1; round <= 4; round++) {
		pad = fx_mkfile(FS_ROOT_INO, "pad");
		count = fill(0, round);
		exhaust(pad);
		ck_assert_int_gt(count, 30);
		full = free_bytes();
		ck_assert_uint_lt(full, 4 * FILE_BYTES);
		expect_files(0, count, round);
		if (round % 2 == 0)
			fx_reopen();
		expect_files(0, count, round);

		unlink_files(0, count / 2);
		expect_files(count / 2, count, round);
		i = fill(FILES_MAX / 2, round) - FILES_MAX / 2;
		ck_assert_int_gt(i, count / 5);
		expect_files(count / 2, count, round);
		expect_files(FILES_MAX / 2, FILES_MAX / 2 + i, round);
		ck_assert_uint_lt(free_bytes(), 4 * FILE_BYTES);

		remove_all();
		ck_ok(kv_compact(fx->kv));
		ck_assert_uint_gt(free_bytes(), at_first / 10 * 8);
		fx_check();
	}
}
END_TEST

int main(int argc, char **argv)
{
	Suite *s = suite_create("faults");
	TCase *tc = suite_case(s, "each call");
	int i;

	for (i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--stride") == 0)
			stride = (unsigned)atoi(argv[i + 1]);
		else if (strcmp(argv[i], "--seed") == 0)
			first_seed = (unsigned)atoi(argv[i + 1]);
	}
	if (argc > 1)
		tcase_set_timeout(tc, 3600);
	tcase_add_loop_test(tc, a_failing_call_loses_nothing_and_breaks_nothing,
			    0, (int)(ARRAY_SIZE(faults) * WORKLOAD_KINDS));

	tc = suite_case(s, "full");
	tcase_add_checked_fixture(tc, fx_setup, fx_teardown);
	tcase_add_test(tc, a_full_disk_admits_deletes_and_serves_on);
	return suite_run(s);
}
