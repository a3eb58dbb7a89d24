/* Blob files that were rewritten: the directory, and what moves. */
#include "tests/suite.h"

#include <stdio.h>

#include "engine/base/env_mem.h"
#include "engine/base/mem_rand.h"
#include "engine/blob_dir.h"
#include "engine/blob_rewrite.h"
#include "engine/cache.h"
#include "engine/file_format.h"

static const uint8_t store_id[16] = "the directory's";

#define ID   5
#define SALT 77
#define AT   128 /* where the directory begins: offset / 8 fits anything */

/* A file that is zeros up to AT, then a directory of @count records. */
struct dir {
	struct env *env;
	struct env_file *file;
	uint64_t size;
	struct blob_place *places; /* every third ordinal */
	uint32_t count;
};

static void dir_init(struct dir *d, uint32_t count)
{
	const struct blob_dir_home home = {
		.id = ID,
		.salt = SALT,
		.offset = AT,
	};
	struct buf bytes = BUF_INIT;
	uint8_t zeros[AT] = { 0 };
	struct slice parts[2];
	uint32_t i;

	ck_ok(env_mem_new(&d->env, 1));
	ck_ok(env_open(d->env, "000001.blob", ENV_CREATE, &d->file));
	d->count = count;
	d->places = calloc(count, sizeof(*d->places));
	for (i = 0; i < count; i++)
		d->places[i] = (struct blob_place){
			.ordinal = 3 * i + 1,
			.offset = i % 7 ? 64 + 8 * (uint64_t)(i * 31 % count)
					: BLOB_DIR_OFFSET_MAX,
		};
	ck_ok(blob_dir_encode(&bytes, d->places, count, &home));
	ck_assert_uint_eq(bytes.size, blob_dir_size(count));
	parts[0] = slice_of(zeros, AT);
	parts[1] = buf_slice(&bytes);
	ck_ok(env_write_at(d->file, parts, 2, 0));
	d->size = AT + bytes.size;
	buf_fini(&bytes);
}

static void dir_fini(struct dir *d)
{
	free(d->places);
	env_close(d->file);
	env_free(d->env);
}

static const uint32_t counts[] = { 1, 2, 510, 511, 512, 1022, 1023, 5000 };

START_TEST(places_are_found)
{
	struct cache *cache = cache_new(1 * MIB);
	struct blob_dir *dir;
	struct dir d;
	uint64_t at;
	uint32_t i;

	dir_init(&d, counts[_i]);
	ck_ok(blob_dir_open(&dir, d.file, d.size, SALT));
	ck_assert_uint_eq(blob_dir_id(dir), ID);
	for (i = 0; i < d.count; i++) {
		ck_ok(blob_dir_find(dir, NULL, 0, 3 * i + 1, &at));
		ck_assert_uint_eq(at, d.places[i].offset);
		ck_ok(blob_dir_find(dir, cache, 9, 3 * i + 1, &at));
		ck_assert_uint_eq(at, d.places[i].offset);
		ck_assert_int_eq(blob_dir_find(dir, cache, 9, 3 * i, &at),
				 -EUCLEAN);
		ck_assert_int_eq(blob_dir_find(dir, cache, 9, 3 * i + 2, &at),
				 -EUCLEAN);
	}
	/* Once every page is cached the disk is left alone. */
	env_mem_arm(d.env, ENV_MEM_NONE, 0, false);
	ck_ok(blob_dir_find(dir, cache, 9, 1, &at));
	ck_assert_uint_eq(env_mem_calls(d.env), 0);
	blob_dir_close(dir);
	blob_dir_close(NULL);
	cache_free(cache);
	dir_fini(&d);
}
END_TEST

/* Whether all can be found, and where it was. */
static bool reads_right(const struct dir *d)
{
	struct blob_dir *dir;
	bool right = true;
	uint64_t at;
	uint32_t i;
	int rc;

	rc = blob_dir_open(&dir, d->file, d->size, SALT);
	ck_assert(rc == 0 || rc == -EBADMSG || rc == -EUCLEAN);
	if (rc < 0)
		return false;
	for (i = 0; i < d->count; i += i + 1 < d->count ? d->count - 1 : 1) {
		rc = blob_dir_find(dir, NULL, 0, 3 * i + 1, &at);
		ck_assert(rc == 0 || rc == -EBADMSG);
		if (rc == 0)
			ck_assert_uint_eq(at, d->places[i].offset);
		right &= rc == 0;
	}
	blob_dir_close(dir);
	return right;
}

START_TEST(each_flipped_byte_is_detected)
{
	struct dir d;
	uint64_t at;

	dir_init(&d, 600);
	ck_assert(reads_right(&d));
	for (at = AT; at < d.size; at++) {
		uint8_t mask = (uint8_t)(1 << at % 8);

		ck_ok(env_mem_flip(d.env, "000001.blob", at, mask));
		ck_assert_msg(!reads_right(&d), "byte %u", (unsigned)at);
		ck_ok(env_mem_flip(d.env, "000001.blob", at, mask));
	}
	dir_fini(&d);
}
END_TEST

START_TEST(directory_of_another_place_is_refused)
{
	struct blob_dir *dir;
	struct dir d;
	uint64_t size;

	dir_init(&d, 600);
	ck_assert_int_eq(blob_dir_open(&dir, d.file, d.size, SALT + 1),
			 -EBADMSG);
	/* Cut anywhere. */
	for (size = 0; size < d.size; size += 7) {
		ck_ok(env_truncate(d.file, d.size));
		ck_assert_int_lt(blob_dir_open(&dir, d.file, size, SALT), 0);
	}
	dir_fini(&d);
}
END_TEST

#define VALUES 2000

/* Blob 5 with values of all sizes, and one rewritten from every second. */
struct move {
	struct env *env;
	struct vlog vlog;
	struct blob *old; /* borrowed from the log */
	struct blob *new;
	struct blob_handle all[VALUES];
	struct blob_handle some[VALUES / 2]; /* in another order */
	uint64_t bytes;
};

static uint8_t room[40000];

static struct slice value(unsigned i)
{
	struct mem_rand rand = { .state = i };
	size_t size = i % 100 ? i % 500 : sizeof(room);

	memset(room, (int)i, size);
	if (i % 2 == 0 && i % 4)
		mem_rand_fill(&rand, room, size);
	return slice_of(room, size);
}

static void write_values(struct move *m)
{
	struct vlog_batch b = { 0 };
	uint64_t full;
	char key[32];
	unsigned i;

	for (i = 0; i < VALUES; i++) {
		snprintf(key, sizeof(key), "key %u", i);
		ck_ok(vlog_batch_add(&b, slice_str(key), value(i)));
	}
	ck_ok(vlog_reserve(&m->vlog, &b, UINT64_MAX, &full));
	ck_ok(vlog_batch_write(&m->vlog, &b));
	for (i = 0; i < VALUES; i++)
		vlog_batch_handle(&b, i, &m->all[i]);
	vlog_batch_fini(&b);
}

static int rewrite(struct move *m, uint64_t number)
{
	struct blob_rewrite *w;
	int rc;

	rc = blob_rewrite_open(&w, m->old, number, store_id, m->some,
			       ARRAY_SIZE(m->some));
	if (rc < 0)
		return rc;
	do {
		rc = blob_rewrite_step(w);
	} while (rc == 1);
	if (rc == 0)
		rc = blob_rewrite_finish(w, &m->new);
	blob_rewrite_close(w);
	return rc;
}

static void move_init(struct move *m)
{
	unsigned i;

	*m = (struct move){ 0 };
	ck_ok(env_mem_new(&m->env, 1));
	vlog_init(&m->vlog);
	ck_ok(blob_create(&m->old, m->env, 5, 5, store_id));
	ck_ok(vlog_roll(&m->vlog, 0, m->old));
	write_values(m);
	/* Runs of three neighbours, the runs from the back. */
	for (i = 0; i < VALUES / 2; i++) {
		unsigned run = VALUES / 2 / 3 - i / 3, k = run * 3 + i % 3;

		m->some[i] = m->all[k * 2 < VALUES ? k * 2 : 0];
		if (i >= 3 * (VALUES / 2 / 3))
			m->some[i] = m->all[2 * (i - 3 * (VALUES / 2 / 3))];
		m->bytes += blob_record_size(&m->some[i]);
	}
}

static void move_fini(struct move *m)
{
	blob_unref(m->new);
	blob_unref(m->old);
	vlog_fini(&m->vlog);
	env_free(m->env);
}

static void check_moved(struct blob *b, const struct move *m,
			struct cache *cache)
{
	struct cache_entry *e;
	unsigned i;
	void *data;

	for (i = 0; i < VALUES / 2; i++) {
		const struct blob_handle *h = &m->some[i];
		struct slice want = value((unsigned)h->ordinal);

		ck_ok(blob_read(b, h, &data));
		ck_assert(slice_eq(slice_of(data, h->raw_size), want));
		free(data);
		ck_ok(blob_read_cached(b, h, cache, &e));
		ck_assert(slice_eq(cache_data(e), want));
		cache_release(e);
	}
}

START_TEST(moved_values_come_back)
{
	struct cache *cache = cache_new(1 * MIB);
	struct blob *again;
	struct move m;
	void *data;

	move_init(&m);
	ck_ok(rewrite(&m, 6));
	ck_assert_uint_eq(m.new->size, blob_rewrite_size(VALUES / 2, m.bytes));
	ck_assert_uint_eq(m.new->id, 5);
	ck_assert(m.new->sealed);
	check_moved(m.new, &m, cache);
	/* What was left behind is not there, whatever lies at its offset. */
	ck_assert_int_eq(blob_read(m.new, &m.all[1], &data), -EUCLEAN);

	/* And from the file as it is found later. */
	ck_ok(blob_open(&again, m.env, 5, 6, store_id));
	ck_assert(again->moved);
	check_moved(again, &m, cache);
	blob_unref(again);
	ck_ok(blob_open_found(&again, m.env, 6, store_id));
	ck_assert_uint_eq(again->id, 5);
	check_moved(again, &m, cache);
	blob_unref(again);
	ck_ok(blob_open_found(&again, m.env, 5, store_id));
	ck_assert_uint_eq(again->id, 5);
	blob_unref(again);
	/* It holds nothing of another blob. */
	ck_ok(blob_open(&again, m.env, 4, 6, store_id));
	ck_assert_int_eq(blob_read(again, &m.some[0], &data), -EUCLEAN);
	blob_unref(again);
	cache_free(cache);
	move_fini(&m);
}
END_TEST

/* Rewritten once more, from where the values lie by now. */
START_TEST(moved_values_move_again)
{
	struct cache *cache = cache_new(1 * MIB);
	struct blob *old;
	struct move m;
	unsigned i;

	move_init(&m);
	ck_ok(rewrite(&m, 6));
	old = m.old;
	m.old = m.new;
	for (i = 0; i < VALUES / 2; i++)
		ck_ok(blob_locate(m.old, &m.some[i], cache, &m.some[i].offset));
	ck_ok(rewrite(&m, 7));
	check_moved(m.new, &m, cache);
	blob_unref(m.new);
	m.new = m.old;
	m.old = old;
	cache_free(cache);
	move_fini(&m);
}
END_TEST

START_TEST(who_is_inside_is_inside_both)
{
	struct move m;
	uint64_t n;

	move_init(&m);
	blob_enter(m.old);
	ck_ok(rewrite(&m, 6));
	ck_assert(!blob_is_idle(m.new, &n));
	blob_leave(m.old);
	ck_assert(blob_is_idle(m.new, &n));
	blob_enter(m.new);
	ck_assert(!blob_is_idle(m.old, &n));
	blob_leave(m.new);
	move_fini(&m);
}
END_TEST

/* A value that is damaged is not passed on as if it were right. */
START_TEST(damage_is_not_moved)
{
	struct env_file *gone;
	struct move m;
	uint64_t at;

	move_init(&m);
	at = m.some[VALUES / 4].offset;
	ck_ok(env_mem_flip(m.env, "000005.blob", at + 30, 1));
	ck_assert_int_eq(rewrite(&m, 6), -EBADMSG);
	ck_assert_int_eq(env_open(m.env, "000006.blob", ENV_READ, &gone),
			 -ENOENT);
	ck_ok(env_mem_flip(m.env, "000005.blob", at + 30, 1));
	ck_ok(rewrite(&m, 7));
	move_fini(&m);
}
END_TEST

/* Each call fails in turn; what was begun is gone. */
START_TEST(errors_leave_nothing_behind)
{
	struct env_file *gone;
	struct move m;
	uint64_t kth;
	int rc;

	move_init(&m);
	for (kth = 1;; kth++) {
		uint64_t faults = env_mem_faults(m.env);

		env_mem_arm(m.env, ENV_MEM_EIO, kth, false);
		rc = rewrite(&m, 6);
		if (env_mem_faults(m.env) == faults)
			break;
		env_mem_arm(m.env, ENV_MEM_NONE, 0, false);
		if (rc == 0) {
			blob_unref(m.new);
			m.new = NULL;
			ck_ok(env_remove(m.env, "000006.blob"));
			continue;
		}
		ck_assert_int_eq(rc, -EIO);
		ck_assert_int_eq(
			env_open(m.env, "000006.blob", ENV_READ, &gone),
			-ENOENT);
	}
	ck_ok(rc);
	ck_assert_uint_gt(kth, 5);
	move_fini(&m);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("blob_dir");
	TCase *tc = suite_case(s, "directory");

	tcase_add_loop_test(tc, places_are_found, 0, ARRAY_SIZE(counts));
	tcase_add_test(tc, each_flipped_byte_is_detected);
	tcase_add_test(tc, directory_of_another_place_is_refused);

	tc = suite_case(s, "moving");
	tcase_add_test(tc, moved_values_come_back);
	tcase_add_test(tc, moved_values_move_again);
	tcase_add_test(tc, who_is_inside_is_inside_both);
	tcase_add_test(tc, damage_is_not_moved);
	tcase_add_test(tc, errors_leave_nothing_behind);
	return suite_run(s);
}
