/*
 * fsck: checks a store that nobody has mounted, and mends it; repair: the same,
 * always mending, with the exit status of all other verbs.
 *
 * Four steps, each of which needs what the ones before have found:
 *   1. the store is opened; if its manifest is lost, it is rebuilt
 * (kv_repair())
 *   2. every byte is read, and damage told of, a line a file (fs_scrub())
 *   3. the tree is checked, and mended (fs_check_with())
 *   4. what was mended is checked again
 *
 * Damaged bytes cannot be mended: their file answers EIO, and can be removed or
 * taken from a backup.
 *
 * Without leave to mend, the store is opened behind an overlay, and no byte of
 * it changes.
 *
 * The exit status is that of fsck(8), for who calls us as fsck.loamfs.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "engine/base/env_overlay.h"
#include "engine/base/error.h"
#include "fs/check.h"
#include "fs/scrub.h"
#include "fs/superblock.h"
#include "tools/loamctl/loamctl.h"
#include "tools/loamctl/out.h"
#include "tools/loamctl/target.h"
#include "tools/loamctl/watch.h"

/* As fsck(8) has them: bits. */
enum fsck_exits {
	FSCK_CLEAN = 0,
	FSCK_MENDED = 1,
	FSCK_LEFT = 4,
	FSCK_FAILED = 8,
};

struct fsck {
	const char *path;
	struct env *disk; /* owned: the store's folder */
	struct env *over; /* owned: keeps it as it is, unless mending */
	struct kv *kv;    /* owned */
	bool mend;
	bool preen;   /* leave what was closed in order alone */
	bool salvage; /* a damaged log ends there */
	bool lost;    /* bytes of files that were named are damaged */
	int status;   /* enum fsck_exits, so far */
};

static void say(const char *kind, const char *path, const char *words)
{
	out_progress_end();
	if (!loamctl_json) {
		out_text(path);
		printf("%s", *path ? ": " : "");
		out_text(words);
		putchar('\n');
		return;
	}
	out_json_item();
	out_json_string("kind", kind);
	if (*path)
		out_json_string("path", path);
	out_json_string("words", words);
	out_json_end();
}

/* ---------------------------------------------------------- the store -- */

static void free_envs(struct fsck *f)
{
	env_free(f->over);
	env_free(f->disk);
	f->over = f->disk = NULL;
}

static struct env *env_of(const struct fsck *f)
{
	return f->over ? f->over : f->disk;
}

static int open_store(struct fsck *f)
{
	struct kv_options options = kv_options_default;
	struct error_words words;
	struct watch watch;
	int rc;

	options.create = false;
	options.salvage = f->salvage;
	options.background = false;
	options.sync_interval_ms = 0;
	rc = env_posix_new(&f->disk, f->path, false);
	if (rc < 0)
		return rc;
	if (!f->mend) {
		f->over = env_overlay_new(f->disk);
		rc = f->over ? 0 : -ENOMEM;
	}
	if (rc == 0) {
		watch_begin_reader(&watch, "opening", getpid());
		rc = kv_open(&f->kv, env_of(f), &options);
		watch_end(&watch);
	}
	if (rc < 0) {
		error_take(&words);
		free_envs(f);
		error_put_back(&words);
	}
	return rc;
}

/* Says what a rebuilt store has lost. */
static void say_rebuilt(const struct kv_repair_report *report)
{
	char words[256];
	size_t i;

	snprintf(words, sizeof(words),
		 "rebuilt %s%" PRIu64 " tables; lost: %" PRIu64
		 " values, %" PRIu64 " blob files",
		 report->rebuilt ? "from " : "the superblock of the store; ",
		 report->tables, report->values_lost, report->blobs_missing);
	say("store", "", words);
	for (i = 0; i < KV_REPAIR_NAMES && report->damaged_names[i][0]; i++)
		say("store", report->damaged_names[i],
		    "damaged, or unfinished: set aside");
}

static int rebuild(struct fsck *f)
{
	struct kv_repair_report report = { 0 };
	struct watch watch;
	struct env *env;
	int rc;

	rc = env_posix_new(&env, f->path, false);
	if (rc < 0)
		return rc;
	watch_begin_reader(&watch, "rebuilding", getpid());
	rc = kv_repair(env, &report);
	watch_end(&watch);
	env_free(env);
	if (rc < 0)
		return rc;
	f->status |= FSCK_MENDED;
	say_rebuilt(&report);
	return 0;
}

/* -ENOTEMPTY: files, and none that says that this is a store. */
static bool may_be_rebuilt(int rc)
{
	return error_is_damage(rc) || rc == -ENOTEMPTY;
}

/*
 * A log is damaged, as @rc says: what is before that is all there is.  Changes
 * that were durable go, so it is not for those who only look after a boot.
 */
static int salvage(struct fsck *f, int rc)
{
	char words[ERROR_TEXT_SIZE];

	snprintf(words, sizeof(words), "%s", error_text(rc));
	f->salvage = true;
	rc = open_store(f);
	if (rc < 0)
		return rc;
	say("store", words, "what follows that in the logs is lost");
	f->status |= FSCK_MENDED;
	return 0;
}

static int open_or_rebuild(struct fsck *f)
{
	int repair_rc, rc = open_store(f);

	if (!may_be_rebuilt(rc) || !f->mend)
		return rc;
	repair_rc = rebuild(f);
	/* There is nothing of a store, or what is damaged is not for repair. */
	if (repair_rc < 0 && repair_rc != -ENOENT && repair_rc != -EEXIST)
		return repair_rc;
	rc = open_store(f);
	return error_is_damage(rc) && !f->preen ? salvage(f, rc) : rc;
}

/* ----------------------------------------------------------- the data -- */

static int show_progress(void *arg UNUSED, uint64_t done, uint64_t total)
{
	out_progress("reading", false, done, total);
	return 0;
}

static int show_damaged(void *arg UNUSED, const struct scrub_damage *damage)
{
	say("damaged", damage->path, damage->words);
	return 0;
}

static int check_data(struct fsck *f)
{
	const struct scrub_sink sink = {
		.progress = show_progress,
		.damaged = show_damaged,
	};
	int rc = fs_scrub(f->kv, &sink);

	out_progress_end();
	if (rc != -EUCLEAN)
		return rc;
	f->status |= FSCK_LEFT;
	f->lost = true;
	return 0;
}

/* ----------------------------------------------------------- the tree -- */

static void show_checked(void *arg UNUSED, uint64_t keys)
{
	out_progress("checking", true, keys, 0);
}

static void show_problem(void *arg UNUSED, const char *words)
{
	say("tree", "", words);
}

static int check_tree(struct fsck *f)
{
	struct check_options options = {
		.mode = f->mend ? CHECK_MEND : CHECK_ALL,
		.env = env_of(f),
		.problem = show_problem,
		.progress = show_checked,
	};
	struct check_counts counts = { 0 };
	int rc;

	rc = fs_check_with(f->kv, &options, &counts);
	out_progress_end();
	if (rc < 0 || counts.problems == 0)
		return rc;
	if (!f->mend) {
		f->status |= FSCK_LEFT;
		return 0;
	}
	f->status |= FSCK_MENDED;
	options.mode = CHECK_ALL;
	rc = fs_check_with(f->kv, &options, &counts);
	out_progress_end();
	if (rc == 0 && counts.problems > 0)
		f->status |= FSCK_LEFT;
	return rc;
}

/* It was closed in order, by a program that has found no damage. */
static bool is_clean(struct fsck *f)
{
	struct superblock super;

	return superblock_read(f->kv, &super) == 0 && super.clean;
}

static int check(struct fsck *f)
{
	int rc, tree_rc;

	rc = open_or_rebuild(f);
	if (rc < 0)
		return rc;
	if (f->preen && f->status == FSCK_CLEAN && is_clean(f))
		return 0;
	rc = check_data(f);
	if (rc < 0)
		return rc;
	tree_rc = check_tree(f);
	/* Damage that keeps the tree from being read has been told of. */
	if (error_is_damage(tree_rc) && f->status & FSCK_LEFT)
		return 0;
	return tree_rc;
}

/* ------------------------------------------------------------ the verb -- */

static int check_unmounted(const char *path)
{
	struct target t;
	bool mounted;
	int rc;

	rc = target_open(&t, path);
	if (rc < 0)
		return rc;
	mounted = target_is_mounted(&t);
	rc = target_close(&t, 0);
	if (rc == 0 && mounted)
		rc = error_set(-EBUSY,
			       "%s: is mounted; unmount it first, or use: "
			       "loamctl scrub",
			       path);
	return rc;
}

static const char *verdict(int status)
{
	if (status & FSCK_FAILED)
		return "not checked to the end";
	if (status & FSCK_LEFT)
		return status & FSCK_MENDED ? "mended in part, damage is left"
					    : "damaged";
	return status & FSCK_MENDED ? "mended" : "clean";
}

static void fail(const struct command *c, struct fsck *f, int rc)
{
	f->status |= FSCK_FAILED;
	out_progress_end();
	out_failed(c->name, f->path, rc);
}

/* Damage that it stopped at is damage that is left. */
static void say_stopped(struct fsck *f, int rc)
{
	f->status |= FSCK_LEFT;
	say("store", "", error_text(rc));
	if (!f->kv && !f->mend)
		say("store", "", "it does not open; -y rebuilds what it can");
}

/* Returns an enum fsck_exits. */
static int run(const struct command *c, struct fsck *f)
{
	int rc, close_rc;

	rc = check_unmounted(f->path);
	if (rc < 0) {
		out_failed(c->name, f->path, rc);
		return FSCK_FAILED;
	}
	if (loamctl_json) {
		out_json_begin();
		out_json_string("store", f->path);
		out_json_array("problems");
	}
	rc = check(f);
	if (error_is_damage(rc))
		say_stopped(f, rc);
	else if (rc < 0)
		fail(c, f, rc);
	close_rc = kv_close(f->kv);
	if (close_rc < 0)
		fail(c, f, close_rc);
	free_envs(f);
	if (loamctl_json) {
		out_json_end();
		out_json_string("verdict", verdict(f->status));
		out_json_number("status", (uint64_t)f->status);
		out_json_end();
	} else if (!(f->status & FSCK_FAILED)) {
		printf("%s: %s\n", f->path, verdict(f->status));
		if (f->mend && f->lost)
			puts("what is named above cannot be mended: mount the "
			     "store, and remove it or write it anew");
	}
	return f->status;
}

int fsck_run(const struct command *c, char **arguments)
{
	struct fsck f = {
		.path = arguments[0],
		.mend = strpbrk(loamctl_options, "ypa"),
		.preen = strpbrk(loamctl_options, "pa") &&
			 !strchr(loamctl_options, 'f'),
	};

	if (strchr(loamctl_options, 'n') && f.mend) {
		out_wrong("%s: -n and -%c at a time", c->name,
			  *strpbrk(loamctl_options, "ypa"));
		return EXITS_FSCK_USAGE;
	}
	return run(c, &f);
}

int repair_run(const struct command *c, char **arguments)
{
	struct fsck f = { .path = arguments[0], .mend = true };
	int status = run(c, &f);

	if (status & FSCK_FAILED)
		return EXITS_FAILED;
	return status & FSCK_LEFT ? EXITS_DAMAGED : EXITS_DONE;
}
