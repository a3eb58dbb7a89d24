/* The memtable: order, versions, and readers beside the one writer. */
#include "tests/engine/entries.h"

#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>

#include "engine/base/coding.h"
#include "engine/base/env_mem.h"
#include "engine/base/thread.h"
#include "engine/filter.h"
#include "engine/mt.h"
#include "engine/vlog.h"

#define READERS        3
#define PUTS           100000
#define PUTS_AT_RANDOM 30000
#define RISING         (MT_TREE_WIDTH + 1) /* puts */
#define KEYS           5000                /* of them */

static bool get(struct mt *mt, struct slice key, uint64_t seq_max,
		struct entry *out)
{
	return mt_get(mt, key, filter_hash(key), seq_max, out);
}

static void put(struct mt *mt, struct entries *a, struct slice key,
		uint64_t tag, struct slice value)
{
	const struct entry e = { .key = key, .value = value, .tag = tag };

	ck_ok(mt_put(mt, &e));
	entries_add(a, key, tag, value);
}

/* Random keys, many of them prefixes of others or several times there. */
static struct mt *fill(struct entries *a, unsigned count)
{
	struct mem_rand rand = { .state = count };
	struct mt *mt = mt_new(0, NULL);
	uint8_t bytes[40];
	unsigned seq;
	size_t n, i;

	ck_assert_ptr_nonnull(mt);
	for (seq = 1; seq <= count; seq++) {
		n = 1 + mem_rand_below(&rand, seq % 2 ? 6 : sizeof(bytes));
		mem_rand_fill(&rand, bytes, n);
		for (i = 0; i < n && seq % 8; i++)
			bytes[i] &= 1;
		put(mt, a, slice_of(bytes, n), entry_tag(seq, seq % 3),
		    slice_of(bytes, seq % 3 ? n : 0));
	}
	entries_sort(a);
	return mt;
}

START_TEST(entries_are_in_order)
{
	struct entries a = { 0 };
	struct mt *mt = fill(&a, 600);
	struct source *s = mt_source(mt);

	entries_check_walks(&a, s);
	entries_check_seeks(&a, s);
	entries_check_turns(&a, s, 10000);
	ck_assert_uint_eq(mt_count(mt), 600);
	ck_assert_uint_eq(mt_seq_last(mt), 600);
	/* The source holds the table. */
	ck_assert(mt_check(mt));
	mt_unref(mt);
	entries_check_walks(&a, s);
	source_close(s);
	entries_fini(&a);
}
END_TEST

START_TEST(empty_table_has_nothing)
{
	struct entries a = { 0 };
	struct mt *mt = mt_new(0, NULL);
	struct source *s = mt_source(mt);
	struct entry e;

	entries_check_walks(&a, s);
	entries_check_seek(&a, s, slice_str("key"));
	ck_assert(!get(mt, slice_str("key"), ENTRY_SEQ_MAX, &e));
	ck_assert_uint_eq(mt_count(mt), 0);
	ck_assert_uint_eq(mt_seq_last(mt), 0);
	source_close(s);
	mt_unref(mt);
	mt_unref(NULL);
}
END_TEST

/* The newest entry of @key up to @seq_max, the slow way. */
static const struct entry *newest(const struct entries *a, struct slice key,
				  uint64_t seq_max)
{
	size_t i = entries_seek(a, key);

	for (; i < a->count && slice_eq(a->at[i].key, key); i++)
		if (entry_seq(&a->at[i]) <= seq_max)
			return &a->at[i];
	return NULL;
}

START_TEST(get_finds_the_newest_version_in_sight)
{
	struct entries a = { 0 };
	struct mt *mt = fill(&a, 400);
	const struct entry *want;
	struct entry e;
	uint64_t seq;
	size_t i;

	for (i = 0; i < a.count; i++) {
		for (seq = i % 7; seq <= 407; seq += 7) {
			want = newest(&a, a.at[i].key, seq);
			if (get(mt, a.at[i].key, seq, &e) != !!want)
				ck_abort_msg("place %zu, seq %u: %s", i,
					     (unsigned)seq,
					     want ? "missing" : "too new");
			if (want && (entry_cmp(&e, want) != 0 ||
				     !slice_eq(e.value, want->value)))
				ck_abort_msg("place %zu: wrong version", i);
		}
	}
	ck_assert(!get(mt, slice_str("\x7f"), ENTRY_SEQ_MAX, &e));
	mt_unref(mt);
	entries_fini(&a);
}
END_TEST

/* A key as those of file data are: a type, an inode, a chunk. */
static struct slice data_key(uint8_t buf[17], uint64_t i)
{
	buf[0] = 'c';
	put_be64(buf + 1, i / 256);
	put_be64(buf + 9, i % 256);
	return slice_of(buf, 17);
}

static size_t count_leaves(const struct mt *mt)
{
	struct mt_leaf leaf;
	size_t count = 1;

	mt_tree_seek(&mt->tree, slice_of(NULL, 0), &leaf);
	while (mt_tree_right(&leaf))
		count++;
	return count;
}

/*
 * The i-th of @count keys, some multiple of 1, in an order of its own: rising,
 * falling, at random, rising in 16 places at once, falling in 16, and falling
 * behind what has risen.
 */
static uint64_t rising(unsigned i, unsigned count UNUSED)
{
	return i;
}

static uint64_t falling(unsigned i, unsigned count)
{
	return count - 1 - i;
}

static uint64_t scattered(unsigned i, unsigned count)
{
	return (uint64_t)i * 7919 % count;
}

static uint64_t rising_in_16(unsigned i, unsigned count)
{
	return i % 16 * (count / 16) + i / 16;
}

static uint64_t falling_in_16(unsigned i, unsigned count)
{
	return (i % 16 + 1) * (count / 16) - 1 - i / 16;
}

static uint64_t to_the_middle(unsigned i, unsigned count)
{
	return i < count / 2 ? i : count + count / 2 - 1 - i;
}

static const struct {
	uint64_t (*key)(unsigned i, unsigned count);
	unsigned fill_min; /* keys a leaf, on average */
} orders[] = {
	{ rising, 64 },       { falling, 32 },       { scattered, 35 },
	{ rising_in_16, 60 }, { falling_in_16, 32 }, { to_the_middle, 42 },
};

START_TEST(keys_come_in_any_order)
{
	const unsigned count = 64 * 128;
	struct entries a = { 0 };
	struct mt *mt = mt_new(0, NULL);
	struct source *s = mt_source(mt);
	uint8_t key[17];
	unsigned i;
	size_t leaves;

	for (i = 0; i < count; i++)
		put(mt, &a, data_key(key, orders[_i].key(i, count)),
		    entry_tag(i + 1, ENTRY_PUT), slice_of(NULL, 0));
	entries_sort(&a);
	ck_assert(mt_check(mt));
	ck_assert_uint_eq(mt_keys(mt), count);
	entries_check_walks(&a, s);
	entries_check_seeks(&a, s);
	entries_check_turns(&a, s, 1000);
	leaves = count_leaves(mt);
	if (leaves * orders[_i].fill_min > count)
		ck_abort_msg("order %d: %zu leaves", _i, leaves);
	source_close(s);
	mt_unref(mt);
	entries_fini(&a);
}
END_TEST

/* Enough for a few levels, @prefix bytes being the same in all. */
static void check_prefix(size_t prefix)
{
	static const uint8_t tails[] = { 0, 1, 'k', 0xfe, 0xff };
	struct entries a = { 0 };
	struct mt *mt = mt_new(0, NULL);
	struct source *s = mt_source(mt);
	uint8_t key[1024];
	unsigned i, rest, seq = 0;
	size_t n;

	memset(key, prefix % 3 ? 'p' : 0xff, sizeof(key));
	for (i = 1; i < 1500; i++) {
		/* The same digits in the order of a counter, and shorter. */
		n = prefix;
		for (rest = i; rest > 0; rest /= ARRAY_SIZE(tails) + 1)
			if (rest % (ARRAY_SIZE(tails) + 1) > 0)
				key[n++] = tails[rest % 6 - 1];
		if (n == 0 ||
		    get(mt, slice_of(key, n), UINT64_MAX, &(struct entry){ 0 }))
			continue;
		seq++;
		put(mt, &a, slice_of(key, n), entry_tag(seq, ENTRY_PUT),
		    slice_of(key, i % 4));
	}
	entries_sort(&a);
	if (!mt_check(mt))
		ck_abort_msg("%zu bytes the same", prefix);
	ck_assert_uint_eq(mt_keys(mt), a.count);
	entries_check_walks(&a, s);
	entries_check_seeks(&a, s);
	source_close(s);
	mt_unref(mt);
	entries_fini(&a);
}

START_TEST(keys_share_prefixes_of_any_length)
{
	size_t prefix;

	for (prefix = 0; prefix < 36; prefix++)
		check_prefix(prefix);
	check_prefix(255);
	check_prefix(1000);
}
END_TEST

START_TEST(long_keys_are_told_apart)
{
	struct entries a = { 0 };
	struct mt *mt = mt_new(0, NULL);
	struct source *s = mt_source(mt);
	uint8_t key[1024] = { 0 };
	unsigned i;

	/* They differ in one bit each, the first ones in the last byte. */
	for (i = 0; i < sizeof(key); i++) {
		key[sizeof(key) - 1 - i] = (uint8_t)(1 << i % 8);
		put(mt, &a, slice_of(key, sizeof(key)),
		    entry_tag(i + 1, ENTRY_DELETE), slice_of(NULL, 0));
		key[sizeof(key) - 1 - i] = 0;
	}
	entries_sort(&a);
	ck_assert(mt_check(mt));
	entries_check_walks(&a, s);
	entries_check_seeks(&a, s);
	source_close(s);
	mt_unref(mt);
	entries_fini(&a);
}
END_TEST

/* Every step must be one step: 100,000 squared would not end in time. */
START_TEST(one_key_has_many_versions)
{
	const unsigned count = 100000;
	struct mt *mt = mt_new(0, NULL);
	struct source *s = mt_source(mt);
	struct entry e = { .tag = entry_tag(1, ENTRY_PUT) };
	unsigned i;
	int rc;

	e.key = slice_str("a");
	ck_ok(mt_put(mt, &e));
	e.key = slice_str("c");
	ck_ok(mt_put(mt, &e));
	e.key = slice_str("b");
	for (i = 1; i <= count; i++) {
		e.tag = entry_tag(i, ENTRY_PUT);
		e.value = slice_of(&i, sizeof(i));
		if (mt_put(mt, &e) < 0)
			ck_abort_msg("put %u failed", i);
	}
	ck_assert(mt_check(mt));
	ck_assert_uint_eq(mt_keys(mt), 3);
	ck_assert_uint_eq(mt_count(mt), count + 2);

	rc = source_seek(s, slice_str("b"));
	for (i = count; i > 0; i--, rc = source_next(s))
		if (rc != 1 || entry_seq(&s->entry) != i ||
		    memcmp(s->entry.value.data, &i, sizeof(i)) != 0)
			ck_abort_msg("forward, version %u", i);
	ck_assert(slice_eq(s->entry.key, slice_str("c")));

	rc = source_seek_before(s, slice_str("c"));
	for (i = 1; i <= count; i++, rc = source_prev(s))
		if (rc != 1 || entry_seq(&s->entry) != i)
			ck_abort_msg("backward, version %u", i);
	ck_assert(slice_eq(s->entry.key, slice_str("a")));

	for (i = 1; i <= count; i += 9973) {
		ck_assert(get(mt, slice_str("b"), i, &e));
		ck_assert_uint_eq(entry_seq(&e), i);
	}
	ck_assert(!get(mt, slice_str("b"), 0, &e));
	source_close(s);
	mt_unref(mt);
}
END_TEST

/* The next number whose key has a hash that begins with ten zeros. */
static unsigned next_crowded(unsigned i)
{
	while (filter_hash(slice_of(&i, sizeof(i))) >> 54 != 0)
		i++;
	return i;
}

START_TEST(crowded_hashes_are_found)
{
	struct mt *mt = mt_new(0, NULL);
	struct entry e = { 0 };
	unsigned i = 0, n;

	for (n = 1; n <= 1500; n++) {
		i = next_crowded(i + 1);
		e.key = slice_of(&i, sizeof(i));
		e.tag = entry_tag(n, ENTRY_PUT);
		ck_assert(!get(mt, e.key, ENTRY_SEQ_MAX, &(struct entry){ 0 }));
		ck_ok(mt_put(mt, &e));
		ck_assert(get(mt, e.key, ENTRY_SEQ_MAX, &(struct entry){ 0 }));
		if (n % 16 == 0) {
			e.tag++;
			ck_ok(mt_put(mt, &e));
		}
	}
	ck_assert(mt->hash.crowded);
	ck_assert(mt_check(mt));
	ck_assert_uint_eq(mt_keys(mt), 1500);
	mt_unref(mt);
}
END_TEST

START_TEST(size_is_a_guess)
{
	static const size_t guesses[] = { 0, 1, 700, 20000, 100000 };
	struct mt *mt = mt_new(guesses[_i], NULL);
	struct entry e = { 0 };
	uint8_t key[17];
	unsigned n;

	ck_assert_uint_ge(mt_bytes(mt), guesses[_i] * 64 / 5);
	for (n = 0; n < 20000; n++) {
		e.key = data_key(key, scattered(n, 20000));
		e.tag = entry_tag(n + 1, ENTRY_PUT);
		if (mt_put(mt, &e) < 0)
			ck_abort_msg("put %u failed", n);
	}
	ck_assert(mt_check(mt));
	ck_assert_uint_eq(mt_keys(mt), 20000);
	ck_assert_uint_ge(mt_bytes(mt) - mt->arena.bytes, 20000 * 64 / 5);
	mt_unref(mt);
}
END_TEST

static int number_order(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* Finds two numbers whose hashes have the same upper half. */
static void find_twins(unsigned *a, unsigned *b)
{
	const unsigned count = 300000;
	uint64_t *sorted = malloc(count * sizeof(*sorted));
	unsigned i;

	ck_assert_ptr_nonnull(sorted);
	for (i = 0; i < count; i++)
		sorted[i] = (filter_hash(slice_of(&i, sizeof(i))) &
			     ~(uint64_t)UINT32_MAX) |
			    i;
	qsort(sorted, count, sizeof(*sorted), number_order);
	for (i = 1; sorted[i] >> 32 != sorted[i - 1] >> 32; i++)
		ck_assert_uint_lt(i, count - 1);
	*a = (uint32_t)sorted[i];
	*b = (uint32_t)sorted[i - 1];
	free(sorted);
}

START_TEST(keys_with_the_same_hash_are_told_apart)
{
	struct mt *mt = mt_new(0, NULL);
	struct entry e = { .tag = entry_tag(1, ENTRY_PUT) };
	unsigned a, b;

	find_twins(&a, &b);
	e.key = slice_of(&a, sizeof(a));
	ck_ok(mt_put(mt, &e));
	ck_assert(!get(mt, slice_of(&b, sizeof(b)), ENTRY_SEQ_MAX, &e));
	e.key = slice_of(&b, sizeof(b));
	ck_ok(mt_put(mt, &e));
	ck_assert_uint_eq(mt_keys(mt), 2);
	ck_assert(mt_check(mt));
	mt_unref(mt);
}
END_TEST

/* The linker gives us the calls of these; see local.mk. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_mmap(void *at, size_t size, int prot, int flags, int fd,
		  off_t offset);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_mmap(void *at, size_t size, int prot, int flags, int fd,
		  off_t offset);

static struct {
	bool on;       /* only the test's own thread allocates then */
	unsigned left; /* allocations that work, before one that does not */
} failing;

static bool fails(void)
{
	return failing.on && failing.left-- == 0;
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_mmap(void *at, size_t size, int prot, int flags, int fd,
		  off_t offset)
{
	return fails() ? MAP_FAILED
		       : __real_mmap(at, size, prot, flags, fd, offset);
}

/* Returns what mt_put() does if the allocation after @left ones fails. */
static int put_failing(struct mt *mt, const struct entry *e, unsigned left)
{
	int rc;

	failing.left = left;
	failing.on = true;
	rc = mt_put(mt, e);
	failing.on = false;
	return rc;
}

START_TEST(a_failed_put_changes_nothing)
{
	const unsigned count = 100000;
	struct mt *mt = mt_new(0, NULL);
	struct entry e = { 0 };
	uint8_t key[17];
	unsigned i, left, failed = 0, splits = 0;
	bool full;

	for (i = 0; i < count; i++) {
		e.key = data_key(key, i);
		e.tag = entry_tag(i + 1, ENTRY_PUT);
		full = i > 0 && i % MT_TREE_WIDTH == 0;
		for (left = 0; put_failing(mt, &e, left) < 0; left++) {
			ck_assert_uint_eq(mt_count(mt), i);
			ck_assert(mt_check(mt));
			failed++;
			splits += full;
		}
	}
	ck_assert(mt_check(mt));
	ck_assert_uint_eq(mt_count(mt), count);
	/* A chunk may end where a key is made, or a node for it. */
	ck_assert_uint_gt(failed, 10);
	ck_assert_uint_gt(splits, 0);
	mt_unref(mt);
}
END_TEST

START_TEST(a_failed_beginning_leaves_nothing)
{
	struct mt *mt = NULL;
	struct source *s;
	unsigned left;

	/* The table itself, its hash table, the first chunk of its arena. */
	for (left = 0; !mt; left++) {
		failing.left = left;
		failing.on = true;
		mt = mt_new(0, NULL);
		failing.on = false;
	}
	ck_assert_uint_eq(left, 4);
	failing.left = 0;
	failing.on = true;
	s = mt_source(mt);
	failing.on = false;
	ck_assert_ptr_null(s);
	ck_assert_uint_eq(mt->refs, 1);
	mt_unref(mt);
}
END_TEST

START_TEST(bytes_cover_what_is_in_it)
{
	static uint8_t value[64 * 1024];
	struct mt *mt = mt_new(0, NULL);
	struct entry e = { .key = slice_str("key"),
			   .value = slice_of(value, sizeof(value)) };
	unsigned i;

	for (i = 1; i <= 40; i++) {
		e.tag = entry_tag(i, ENTRY_PUT);
		ck_ok(mt_put(mt, &e));
		ck_assert_uint_ge(mt_bytes(mt), i * sizeof(value));
	}
	ck_assert_uint_le(mt_bytes(mt), 2 * 40 * sizeof(value));
	mt_unref(mt);
}
END_TEST

START_TEST(blob_files_are_held)
{
	const uint8_t store_id[16] = "memtable's store";
	struct blob *a, *b;
	struct mt *mt = mt_new(0, NULL);
	struct env *env;

	ck_ok(env_mem_new(&env, 1));
	ck_ok(blob_create(&a, env, 1, 11, store_id));
	ck_ok(blob_create(&b, env, 1 + MT_BLOB_LISTS, 12, store_id));
	ck_ok(mt_add_blob(mt, a));
	ck_ok(mt_add_blob(mt, a));
	ck_ok(mt_add_blob(mt, b));
	ck_assert_uint_eq(a->refs, 2);
	blob_unref(a);
	blob_unref(b);
	ck_assert_ptr_eq(mt_blob(mt, 1), a);
	ck_assert_ptr_eq(mt_blob(mt, 1 + MT_BLOB_LISTS), b);
	ck_assert_ptr_null(mt_blob(mt, 2));
	ck_assert_ptr_null(mt_blob(mt, 1 + 2 * MT_BLOB_LISTS));
	mt_unref(mt);
	env_free(env);
}
END_TEST

/*
 * One writer, several readers.  Put i has sequence number i + 1 and its own
 * index as value.  Either keys come again and again, at random; or, in the
 * narrow race, each once, the first ones rising, so that they fill the first
 * leaf and begin the second one, and then falling, so that every put moves all
 * of the second leaf but its first key.  There readers look at what was put
 * last.
 */
static struct {
	struct mt *mt;
	bool narrow;
	unsigned puts;
	unsigned key[PUTS];
	unsigned again[PUTS];       /* the next put of the same key, or PUTS */
	_Atomic unsigned published; /* puts that are done */
} race;

struct reader {
	struct thread thread;
	uint64_t seed;
	unsigned wrong;
	unsigned rounds;
};

static struct slice race_key(char buf[16], unsigned key)
{
	int n = snprintf(buf, 16, "%s%06u",
			 key % 2 && !race.narrow ? "key/" : "", key);

	return slice_of(buf, (size_t)n);
}

static unsigned race_index(const struct entry *e)
{
	unsigned i;

	if (e->value.size != sizeof(i))
		return PUTS;
	memcpy(&i, e->value.data, sizeof(i));
	return i;
}

/* What is found must be the last put of its key among the first @seen. */
static bool get_is_right(unsigned i, unsigned seen)
{
	struct entry e;
	char buf[16];
	unsigned got;

	if (!get(race.mt, race_key(buf, race.key[i]), seen, &e))
		return false;
	got = race_index(&e);
	return got >= i && got < seen && entry_seq(&e) == got + 1 &&
	       race.key[got] == race.key[i] && race.again[got] >= seen;
}

/* A walk that began when @seen were there meets all of those, in order. */
static bool walk_is_right(unsigned seen, bool forward)
{
	struct source *s = mt_source(race.mt);
	struct entry last = { 0 };
	unsigned met = 0;
	bool right = true;
	int rc = forward ? source_first(s) : source_last(s);

	for (; rc == 1; rc = forward ? source_next(s) : source_prev(s)) {
		int order = last.key.data ? entry_cmp(&last, &s->entry) : 0;

		if (last.key.data && (forward ? order >= 0 : order <= 0))
			right = false;
		/* Entries live as long as the table. */
		last = s->entry;
		met += entry_seq(&s->entry) <= seen;
	}
	source_close(s);
	return right && rc == 0 && met == seen;
}

/* The last put of the key before @key, if any, then on to @key itself. */
static bool seek_is_right(unsigned i)
{
	struct source *s = mt_source(race.mt);
	char buf[16];
	struct slice key = race_key(buf, race.key[i]);
	bool right;
	int rc = source_seek(s, key);

	right = rc == 1 && slice_eq(s->entry.key, key) &&
		race_index(&s->entry) >= i;
	rc = source_seek_before(s, key);
	if (rc == 1) {
		right &= slice_cmp(s->entry.key, key) < 0;
		while (rc == 1 && slice_cmp(s->entry.key, key) < 0)
			rc = source_next(s);
		right &= rc == 1 && slice_eq(s->entry.key, key) &&
			 race_index(&s->entry) >= i;
	}
	source_close(s);
	return right;
}

/* One of the first @seen puts. */
static unsigned some_put(struct mem_rand *rand, unsigned seen)
{
	size_t choice = race.narrow ? size_min(seen, 64) : seen;

	return seen - 1 - (unsigned)mem_rand_below(rand, choice);
}

/* From the first leaf to the second, where the falling keys are. */
static bool front_is_right(unsigned seen)
{
	struct source *s = mt_source(race.mt);
	unsigned at, key, last = RISING - 2, steps;
	bool right = true;
	char buf[16];
	int rc;

	rc = source_seek(s, race_key(buf, last));
	for (steps = 0; right && steps < 100 && rc == 1; steps++) {
		at = race_index(&s->entry);
		key = at < PUTS ? race.key[at] : 0;
		if (steps == 2)
			right = key > last && key <= race.key[seen - 1];
		else
			right = key == last + (steps > 0);
		last = key;
		rc = source_next(s);
	}
	source_close(s);
	return right && (steps == 100 || (rc == 0 && last == PUTS - 1));
}

static void read_all(void *arg)
{
	struct reader *r = arg;
	struct mem_rand rand = { .state = r->seed };
	unsigned seen;

	do {
		seen = race.published;
		if (seen == 0)
			continue;
		r->wrong += !get_is_right(some_put(&rand, seen), seen);
		r->wrong += !seek_is_right(some_put(&rand, seen));
		if (race.narrow && seen > RISING)
			r->wrong += !front_is_right(seen);
		if (!race.narrow && r->rounds % 500 == 0)
			r->wrong += !walk_is_right(seen, r->rounds % 1000 != 0);
		r->rounds++;
	} while (seen < race.puts);
}

static void prepare_race(bool narrow)
{
	static unsigned last[PUTS];
	unsigned i;
	struct mem_rand rand = { .state = 9 };

	for (i = 0; i < PUTS; i++)
		last[i] = PUTS;
	race.narrow = narrow;
	race.puts = narrow ? PUTS : PUTS_AT_RANDOM;
	for (i = race.puts; i-- > 0;) {
		if (!narrow)
			race.key[i] = (unsigned)mem_rand_below(&rand, KEYS);
		else
			race.key[i] = i < RISING ? i : PUTS - 1 - (i - RISING);
		race.again[i] = last[race.key[i]];
		last[race.key[i]] = i;
	}
	race.mt = mt_new(0, NULL);
	race.published = 0;
}

START_TEST(readers_see_all_that_was_published)
{
	struct reader readers[READERS] = { 0 };
	char buf[16];
	unsigned i;

	prepare_race(_i == 1);
	for (i = 0; i < READERS; i++) {
		readers[i].seed = i + 1;
		ck_ok(thread_start(&readers[i].thread, "reader", 0, read_all,
				   &readers[i]));
	}
	for (i = 0; i < race.puts; i++) {
		const struct entry e = {
			.key = race_key(buf, race.key[i]),
			.value = slice_of(&i, sizeof(i)),
			.tag = entry_tag(i + 1, ENTRY_PUT),
		};

		if (mt_put(race.mt, &e) < 0)
			ck_abort_msg("put failed");
		race.published = i + 1;
	}
	for (i = 0; i < READERS; i++) {
		thread_join(&readers[i].thread);
		ck_assert_uint_eq(readers[i].wrong, 0);
		ck_assert_uint_gt(readers[i].rounds, 0);
	}
	ck_assert(mt_check(race.mt));
	mt_unref(race.mt);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("mt");
	TCase *tc = suite_case(s, "table");

	tcase_add_test(tc, entries_are_in_order);
	tcase_add_test(tc, empty_table_has_nothing);
	tcase_add_test(tc, get_finds_the_newest_version_in_sight);
	tcase_add_test(tc, bytes_cover_what_is_in_it);
	tcase_add_test(tc, blob_files_are_held);
	tcase_add_test(tc, keys_share_prefixes_of_any_length);
	tcase_add_test(tc, long_keys_are_told_apart);
	tcase_add_test(tc, one_key_has_many_versions);
	tcase_add_test(tc, crowded_hashes_are_found);
	tcase_add_test(tc, keys_with_the_same_hash_are_told_apart);
	tcase_add_loop_test(tc, size_is_a_guess, 0, 5);
	tcase_add_loop_test(tc, keys_come_in_any_order, 0, ARRAY_SIZE(orders));

	tc = suite_case(s, "memory");
	tcase_add_test(tc, a_failed_put_changes_nothing);
	tcase_add_test(tc, a_failed_beginning_leaves_nothing);

	tc = suite_case(s, "threads");
	tcase_add_loop_test(tc, readers_see_all_that_was_published, 0, 2);
	return suite_run(s);
}
