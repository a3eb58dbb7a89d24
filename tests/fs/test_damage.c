/*
 * Damage to each kind of file of a store: bits flipped, ends cut off, pages
 * zeroed, exchanged, or written to the wrong place, whole files exchanged or
 * gone.
 *
 * What is read is then what was written, or an error that names a file; never
 * anything else.  A store that cannot be opened says which file is to blame.
 * One that can serves what is whole: it lists, it writes, and it removes what
 * cannot be read.
 *
 *      tests/fs/test_damage [--step BYTES] [--seed S]
 *
 * damages every BYTES bytes instead of at a few places in each file.
 */
#include "tests/fs/fixture.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/base/error.h"
#include "fs/schema.h"

#define PAGE  ((size_t)512)
#define FILES 48
#define PER_PHASE                                                   \
	(FILES / 3) /* in compacted tables, in new ones, in the log \
		     */
#define DIRS     4
#define FILE_MAX ((size_t)40000)

static uint64_t step_bytes, first_seed = 1;
static struct env *base; /* the store, whole */

/* ------------------------------------------------------------ the files -- */

static uint8_t want[FILE_MAX], got[FILE_MAX + 1];

static size_t size_of(int i)
{
	static const size_t sizes[] = { 10, 700, 3000, FILE_MAX, 0, 100 };

	return sizes[(size_t)i % ARRAY_SIZE(sizes)];
}

static const char *name_in(char buf[24], const char *what, int i)
{
	snprintf(buf, 24, "%s%d", what, i);
	return buf;
}

static void make_file(int i)
{
	char buf[24];
	uint64_t dir = (uint64_t)fx_lookup(FS_ROOT_INO,
					   name_in(buf, "d", i % DIRS));
	uint64_t file = fx_mkfile(dir, name_in(buf, "f", i));

	fx_fill(want, size_of(i), (uint64_t)i);
	fx_write(file, want, size_of(i), 0);
	ck_ok(fs_setxattr(fx, file, "user.i", buf, sizeof(buf), 0));
}

static void setup(void)
{
	char buf[24];
	int i;

	fx_setup();
	for (i = 0; i < DIRS; i++)
		fx_mkdir(FS_ROOT_INO, name_in(buf, "d", i));
	for (i = 0; i < FILES; i++) {
		make_file(i);
		if (i == PER_PHASE - 1)
			ck_ok(kv_compact(fx->kv));
		if (i == 2 * PER_PHASE - 1)
			ck_ok(kv_flush(fx->kv));
	}
	ck_ok(fs_sync(fx));
	ck_ok(env_mem_cut(fx_env, ENV_MEM_LOSE_NOTHING, 1, &base));
}

static void teardown(void)
{
	env_free(base);
	fx_teardown();
}

/* ----------------------------------------------------------- the damage -- */

enum damage {
	FLIP,     /* a bit */
	ZERO,     /* a page */
	CUT,      /* the end */
	SWAP,     /* two pages of a file */
	MISPLACE, /* a page of another file lands here */
	EXCHANGE, /* two files */
	REMOVE,   /* a file */
	DAMAGES,
};

static const char *const damage_names[] = {
	"flip", "zero", "cut", "swap", "misplace", "exchange", "remove",
};

struct harm {
	enum damage what;
	const char *name;  /* of the file */
	const char *other; /* another one */
	uint64_t offset;
};

static uint64_t size_of_file(struct env *env, const char *name)
{
	struct env_file *f;
	uint64_t size;

	ck_ok(env_open(env, name, ENV_READ, &f));
	ck_ok(env_size(f, &size));
	env_close(f);
	return size;
}

static size_t read_page(struct env *env, const char *name, uint64_t offset,
			uint8_t page[PAGE])
{
	struct env_file *f;
	ssize_t n;

	memset(page, 0, PAGE);
	ck_ok(env_open(env, name, ENV_READ, &f));
	n = env_read_at(f, page, PAGE, offset);
	ck_assert_int_ge(n, 0);
	env_close(f);
	return (size_t)n;
}

static void write_page(struct env *env, const char *name, uint64_t offset,
		       const uint8_t *page, size_t size)
{
	struct slice part = slice_of(page, size);
	struct env_file *f;

	ck_ok(env_open(env, name, ENV_WRITE, &f));
	ck_ok(env_write_at(f, &part, 1, offset));
	env_close(f);
}

static void cut_file(struct env *env, const char *name, uint64_t size)
{
	struct env_file *f;

	ck_ok(env_open(env, name, ENV_WRITE, &f));
	ck_ok(env_truncate(f, size));
	env_close(f);
}

static void do_harm(struct env *env, const struct harm *h)
{
	uint64_t page_at = h->offset - h->offset % PAGE;
	uint8_t here[PAGE], there[PAGE];
	size_t here_size = read_page(env, h->name, page_at, here);
	size_t n;

	switch (h->what) {
	case FLIP:
		ck_ok(env_mem_flip(env, h->name, h->offset,
				   (uint8_t)(1 << h->offset % 8)));
		break;
	case ZERO:
		memset(here, 0, PAGE);
		write_page(env, h->name, page_at, here, here_size);
		break;
	case CUT:
		cut_file(env, h->name, h->offset);
		break;
	case SWAP:
		n = read_page(env, h->name, page_at + PAGE, there);
		write_page(env, h->name, page_at, there, n);
		write_page(env, h->name, page_at + PAGE, here,
			   size_min(n, here_size));
		break;
	case MISPLACE:
		read_page(env, h->other, page_at, there);
		write_page(env, h->name, page_at, there, here_size);
		break;
	case EXCHANGE:
		ck_ok(env_rename(env, h->name, "x"));
		ck_ok(env_rename(env, h->other, h->name));
		ck_ok(env_rename(env, "x", h->other));
		break;
	default:
		ck_ok(env_remove(env, h->name));
		break;
	}
}

/* ------------------------------------------------------ what is left of it --
 */

enum verdict {
	WHOLE,   /* everything is as it was */
	TOLD,    /* some files give errors, the others are as they were */
	REFUSED, /* it cannot be opened */
	OLDER,   /* the end of the log is gone, as after a power cut */
	VERDICTS,
};

static const char *const verdict_names[] = { "whole", "told", "refused",
					     "older" };
static unsigned verdicts[DAMAGES][VERDICTS];

static char what[200]; /* is being looked at: for messages */

/* Is an error of the right kind, with words that name a file of the store. */
static void expect_told(int rc, const char *call)
{
	static const char *const kinds[] = { ".sst", ".blob", ".wal",
					     "manifest", "SUPER" };
	const char *text = error_text(rc);
	bool names = false;
	size_t i;

	ck_assert_msg(error_is_damage(rc) || rc == -EPROTONOSUPPORT ||
			      rc == -ENOENT,
		      "%s: %s: %d %s", what, call, rc, text);
	for (i = 0; !names && i < ARRAY_SIZE(kinds); i++)
		names = strstr(text, kinds[i]);
	ck_assert_msg(names, "%s: %s: names no file: %d %s", what, call, rc,
		      text);
}

/* 1: as it was, 0: it is not there, or an error. */
static int look_at(int i)
{
	char buf[24], xattr[24];
	struct fs_entry dir, file;
	ssize_t n;
	int rc;

	rc = fs_lookup(fx, FS_ROOT_INO, name_in(buf, "d", i % DIRS), &dir);
	if (rc < 0)
		return rc == -ENOENT ? 0 : rc;
	rc = fs_lookup(fx, dir.ino, name_in(buf, "f", i), &file);
	fs_forget(fx, dir.ino, 1);
	if (rc < 0)
		return rc == -ENOENT ? 0 : rc;
	n = fs_read(fx, file.ino, got, sizeof(got), 0);
	if (n >= 0) {
		size_t size = size_of(i);

		fx_fill(want, size, (uint64_t)i);
		ck_assert_msg((size_t)n == size || i >= 2 * PER_PHASE,
			      "%s: f%d has %zd bytes", what, i, n);
		ck_assert_msg(memcmp(got, want, (size_t)n) == 0,
			      "%s: f%d has wrong bytes", what, i);
		if ((size_t)n == size)
			n = fs_getxattr(fx, file.ino, "user.i", xattr,
					sizeof(xattr));
		else
			n = 0;
		if (n > 0)
			ck_assert_str_eq(xattr, buf);
		if (n == -ENODATA)
			n = 0;
	}
	fs_forget(fx, file.ino, 1);
	return n > 0 ? 1 : (int)n;
}

/* Whether each of the directories can be listed in full. */
static bool list_all(void)
{
	struct fs_dirent entry;
	unsigned names = 0;
	char buf[24];
	int i;

	for (i = 0; i < DIRS; i++) {
		int64_t dir = fx_lookup(FS_ROOT_INO, name_in(buf, "d", i));
		struct fs_dir *d;
		int rc;

		if (dir < 0 || fs_dir_open(fx, (uint64_t)dir, 0, &d) < 0)
			return false;
		while ((rc = fs_dir_next(d, &entry)) > 0)
			names++;
		fs_dir_close(d);
		if (rc < 0)
			return false;
	}
	return names == FILES + DIRS * 2;
}

/* What is damaged can be removed, and what is not goes on to be served. */
static void remove_damaged(const bool *damaged)
{
	char buf[24];
	int i;

	for (i = 0; i < FILES; i++) {
		int64_t dir = fx_lookup(FS_ROOT_INO,
					name_in(buf, "d", i % DIRS));

		if (damaged[i])
			ck_assert_msg(fs_unlink(fx, (uint64_t)dir,
						name_in(buf, "f", i)) == 0,
				      "%s: f%d cannot be removed: %s", what, i,
				      error_text(-EIO));
	}
	for (i = 0; i < FILES; i++)
		ck_assert_int_eq(look_at(i), !damaged[i]);
}

/* Looks at every file.  Only the log may lose something without a word. */
static enum verdict survey(const struct harm *h)
{
	bool of_log = strstr(h->name, ".wal") != NULL;
	bool damaged[FILES] = { false };
	unsigned errors = 0, missing = 0;
	int i, rc;

	for (i = 0; i < FILES; i++) {
		rc = look_at(i);
		if (rc < 0)
			expect_told(rc, "a file");
		ck_assert_msg(rc != 0 || (of_log && i >= 2 * PER_PHASE),
			      "%s: f%d is lost without a word", what, i);
		damaged[i] = rc < 0;
		errors += rc < 0;
		missing += rc == 0;
	}
	/* A record of the value log is of one file. */
	if (h->what == FLIP && strstr(h->name, ".blob") && h->offset >= 64) {
		ck_assert_msg(errors <= 1, "%s: %u files are hit", what,
			      errors);
		ck_assert_msg(list_all(), "%s: cannot be listed", what);
		remove_damaged(damaged);
		rc = fs_check(fx->kv, NULL);
		ck_assert_msg(rc == 0, "%s: removed, but: %s", what,
			      error_text(rc));
	}
	return missing ? OLDER : errors ? TOLD : WHOLE;
}

/* Something new can be written and read, whatever is damaged. */
static void expect_service(void)
{
	struct fs_entry entry;
	int rc;

	rc = fs_mknod(fx, FS_ROOT_INO, "new", S_IFREG | 0644, 0, &fx_cred,
		      &entry);
	if (rc < 0) {
		expect_told(rc, "mknod");
		return;
	}
	fx_fill(want, 5000, 99);
	fx_write(entry.ino, want, 5000, 0);
	ck_assert_int_eq(fs_read(fx, entry.ino, got, 5000, 0), 5000);
	ck_assert_mem_eq(got, want, 5000);
	fs_forget(fx, entry.ino, 1);
	rc = fs_sync(fx);
	ck_assert_msg(rc == 0, "%s: sync: %d %s", what, rc, error_text(rc));
}

static void damage_once(const struct harm *h)
{
	struct fs_options options = fx_options();
	enum verdict v = REFUSED;
	struct env *env;
	struct fs *fs;
	int rc;

	snprintf(what, sizeof(what), "%s of %s at %" PRIu64,
		 damage_names[h->what], h->name, h->offset);
	ck_ok(env_mem_cut(base, ENV_MEM_LOSE_NOTHING, 1, &env));
	do_harm(env, h);
	options.create = false;
	rc = fs_open_env(&fs, env, &options);
	if (rc < 0) {
		expect_told(rc, "open");
	} else {
		struct fs *saved = fx;

		fx = fs;
		v = survey(h);
		expect_service();
		fx = saved;
		(void)!fs_close(fs);
	}
	env_free(env);
	verdicts[h->what][v]++;
}

/* ------------------------------------------------------------ the sweep -- */

/* Another file of the same kind if there is one, else any. */
static const char *another(const struct env_names *names, size_t i)
{
	const char *kind = strchr(names->names[i], '.');
	size_t k;

	for (k = 0; k < names->count; k++) {
		const char *other = strchr(names->names[k], '.');

		if (k != i && kind && other && strcmp(kind, other) == 0)
			return names->names[k];
	}
	for (k = 0; k == i || strcmp(names->names[k], "LOCK") == 0; k++)
		;
	return names->names[k];
}

static void sweep_file(const struct env_names *names, size_t i)
{
	struct harm h = {
		.name = names->names[i],
		.other = another(names, i),
	};
	uint64_t size = size_of_file(base, h.name);
	uint64_t few = size / 23 + 1;
	uint64_t step = step_bytes ? step_bytes : few;

	for (; h.what < EXCHANGE; h.what++) {
		uint64_t at = first_seed * 7 % few, by = step;

		/* What is done to whole pages need not be done at each byte. */
		if (h.what != FLIP && h.what != CUT)
			by = u64_max(by, PAGE);
		for (; at < size; at += by) {
			h.offset = at;
			damage_once(&h);
		}
	}
	for (h.offset = 0; h.what < DAMAGES; h.what++)
		damage_once(&h);
}

START_TEST(damage_is_told_or_does_no_harm)
{
	struct env_names names = { 0 };
	unsigned kinds = 0, d, v;
	size_t i;

	ck_ok(env_list(base, &names));
	for (i = 0; i < names.count; i++) {
		static const char *const kind[] = { ".sst", ".blob", ".wal",
						    ".manifest", "SUPER" };
		size_t k;

		if (strcmp(names.names[i], "LOCK") == 0)
			continue;
		for (k = 0; k < ARRAY_SIZE(kind); k++)
			if (strstr(names.names[i], kind[k]))
				kinds |= 1u << k;
		sweep_file(&names, i);
	}
	ck_assert_uint_eq(kinds, 31);
	for (d = 0; step_bytes && d < DAMAGES; d++)
		for (v = 0; v < VERDICTS; v++)
			printf("%s: %u %s\n", damage_names[d], verdicts[d][v],
			       verdict_names[v]);
	ck_assert_uint_gt(verdicts[FLIP][TOLD], 10);
	ck_assert_uint_gt(verdicts[FLIP][REFUSED], 10);
	env_names_fini(&names);
}
END_TEST

int main(int argc, char **argv)
{
	Suite *s = suite_create("damage");
	TCase *tc = suite_case(s, "damage");
	int i;

	for (i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--step") == 0)
			step_bytes = strtoull(argv[i + 1], NULL, 10);
		else if (strcmp(argv[i], "--seed") == 0)
			first_seed = strtoull(argv[i + 1], NULL, 10);
	}
	if (argc > 1)
		tcase_set_timeout(tc, 3600);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, damage_is_told_or_does_no_harm);
	return suite_run(s);
}
