/*
 * A tree damaged in each way, through the store: the damage is found by each
 * mode of the check, mending mends it, and the rest stays what it was.
 */
#include "tests/fs/fixture.h"

#include <stdio.h>
#include <stdlib.h>

#include "engine/base/error.h"
#include "fs/admin.h"
#include "fs/dentry.h"
#include "fs/orphan.h"
#include "fs/schema.h"

#define FILE_BYTES  70000 /* three chunks */
#define GHOST       54321 /* a number that no inode has */
#define FUZZ_SEEDS  40
#define FUZZ_ROUNDS 10

/*
 * What is damaged:  /a, /h one file; /l -> target; /d/e/f; /d/e/empty.
 * Its numbers:
 */
static uint64_t a, l, d, e, f;
static struct kv *kv;

static void make_tree(void)
{
	static uint8_t data[FILE_BYTES];
	struct fs_entry entry;

	a = fx_mkfile(FS_ROOT_INO, "a");
	fx_fill(data, sizeof(data), 1);
	fx_write(a, data, sizeof(data), 0);
	fx_write(a, data + SCHEMA_BLOCK_BYTES, SCHEMA_BLOCK_BYTES,
		 SCHEMA_BLOCK_BYTES);
	ck_ok(fs_link(fx, a, FS_ROOT_INO, "h", &entry));
	fs_forget(fx, a, 1);
	ck_ok(fs_setxattr(fx, a, "user.x", "value", 5, 0));
	ck_ok(fs_symlink(fx, FS_ROOT_INO, "l", "target", &fx_cred, &entry));
	l = entry.ino;
	fs_forget(fx, l, 1);
	d = fx_mkdir(FS_ROOT_INO, "d");
	e = fx_mkdir(d, "e");
	f = fx_mkfile(e, "f");
	fx_write(f, "hello", 5, 0);
	fx_mkfile(e, "empty");
}

/* The store without its filesystem, as it is on the disk. */
static void open_kv(void)
{
	struct kv_options options = kv_options_default;
	struct env *env;

	options.background = false;
	ck_ok(fs_close(fx));
	fx = NULL;
	ck_ok(env_mem_cut(fx_env, ENV_MEM_LOSE_ALL, 1, &env));
	env_free(fx_env);
	fx_env = env;
	ck_ok(kv_open(&kv, fx_env, &options));
}

static void close_kv(void)
{
	struct fs_options options = fx_options();
	struct env *env;

	ck_ok(kv_close(kv));
	ck_ok(env_mem_cut(fx_env, ENV_MEM_LOSE_ALL, 1, &env));
	env_free(fx_env);
	fx_env = env;
	options.create = false;
	ck_ok(fs_open_env(&fx, fx_env, &options));
}

/* ------------------------------------------------------------- tools -- */

static void put(const struct schema_key *key, const void *value, size_t size)
{
	struct kv_batch *batch = kv_batch_new();

	kv_batch_put(batch, schema_slice(key), slice_of(value, size));
	ck_ok(kv_write(kv, batch));
	kv_batch_free(batch);
}

static void del(const struct schema_key *key)
{
	struct kv_batch *batch = kv_batch_new();
	struct kv_value value;

	ck_ok(kv_get(kv, schema_slice(key), &value));
	kv_value_release(&value);
	kv_batch_delete(batch, schema_slice(key));
	ck_ok(kv_write(kv, batch));
	kv_batch_free(batch);
}

static struct schema_key key_of(enum schema_kind kind, uint64_t ino)
{
	struct schema_key key;

	schema_key_ino(&key, kind, ino);
	return key;
}

static struct schema_key chunk_key(uint64_t ino, uint64_t chunk)
{
	struct schema_key key;

	schema_key_chunk(&key, ino, chunk);
	return key;
}

static struct schema_key block_key(uint64_t ino, uint64_t chunk, unsigned block)
{
	struct schema_key key;

	schema_key_block(&key, ino, chunk, block);
	return key;
}

static struct schema_key name_key(uint64_t dir, const char *name)
{
	struct superblock super;
	struct schema_key key;

	ck_ok(superblock_read(kv, &super));
	schema_key_dentry(&key, dir,
			  schema_name_hash(super.hash_seed, slice_str(name)),
			  slice_str(name));
	return key;
}

static void put_name(const struct schema_key *key, uint64_t ino, mode_t mode)
{
	uint8_t bytes[DENTRY_FORMAT_SIZE];

	dentry_encode(ino, mode, bytes);
	put(key, bytes, sizeof(bytes));
}

static struct inode_record get_record(uint64_t ino)
{
	struct schema_key key = key_of(SCHEMA_INODE, ino);
	struct inode_record rec;
	struct kv_value value;

	ck_ok(kv_get(kv, schema_slice(&key), &value));
	ck_ok(inode_format_decode(&rec, ino, value.data));
	kv_value_release(&value);
	return rec;
}

static void put_record(uint64_t ino, const struct inode_record *rec)
{
	struct schema_key key = key_of(SCHEMA_INODE, ino);
	uint8_t bytes[INODE_FORMAT_SIZE];

	inode_format_encode(rec, bytes);
	put(&key, bytes, sizeof(bytes));
}

#define CHANGE(ino, field, value)                           \
	do {                                                \
		struct inode_record rec_ = get_record(ino); \
		rec_.field = value;                         \
		put_record(ino, &rec_);                     \
	} while (0)

/* ------------------------------------------------------------ damages -- */

static void no_super(void)
{
	struct schema_key key;

	schema_key_kind(&key, SCHEMA_SUPER);
	del(&key);
}

static void bad_super(void)
{
	struct schema_key key;

	schema_key_kind(&key, SCHEMA_SUPER);
	put(&key, "nonsense", 8);
}

static void wrong_counters(void)
{
	uint8_t bytes[SUPERBLOCK_FORMAT_SIZE];
	struct superblock super;
	struct schema_key key;

	ck_ok(superblock_read(kv, &super));
	super.inodes++;
	superblock_encode(&super, bytes);
	schema_key_kind(&key, SCHEMA_SUPER);
	put(&key, bytes, sizeof(bytes));
}

static void few_numbers(void)
{
	uint8_t bytes[SUPERBLOCK_FORMAT_SIZE];
	struct superblock super;
	struct schema_key key;

	ck_ok(superblock_read(kv, &super));
	super.ino_reserved = f;
	super.incompat = 0;
	superblock_encode(&super, bytes);
	schema_key_kind(&key, SCHEMA_SUPER);
	put(&key, bytes, sizeof(bytes));
}

static void foreign_key(void)
{
	struct schema_key key = key_of(SCHEMA_INODE, 1);

	key.bytes[0] = 'z';
	put(&key, "x", 1);
}

static const uint8_t a_block[SCHEMA_BLOCK_BYTES];

#define DAMAGE(name, ...)      \
	static void name(void) \
	{                      \
		__VA_ARGS__    \
	}
#define DELETE(name, ...) \
	DAMAGE(name, struct schema_key key = __VA_ARGS__; del(&key);)
#define PUT(name, value, size, ...)                       \
	DAMAGE(name, struct schema_key key = __VA_ARGS__; \
	       put(&key, value, size);)
#define PUT_NAME(name, ino, mode, ...)                    \
	DAMAGE(name, struct schema_key key = __VA_ARGS__; \
	       put_name(&key, ino, mode);)

DELETE(no_root, key_of(SCHEMA_INODE, FS_ROOT_INO))
DELETE(no_record_of_file, key_of(SCHEMA_INODE, a))
DELETE(no_record_of_link, key_of(SCHEMA_INODE, l))
DELETE(no_record_of_dir, key_of(SCHEMA_INODE, e))
PUT(bad_record, "bad", 3, key_of(SCHEMA_INODE, f))
DELETE(no_name_of_file, name_key(e, "f"))
DELETE(no_name_of_dir, name_key(FS_ROOT_INO, "d"))
DELETE(one_name_less, name_key(FS_ROOT_INO, "h"))
DAMAGE(wrong_links, CHANGE(f, nlink, 7);)
DAMAGE(wrong_links_of_dir, CHANGE(d, nlink, 9);)
DAMAGE(wrong_size_of_dir, CHANGE(e, size, 9);)
DAMAGE(wrong_parent, CHANGE(e, parent, FS_ROOT_INO);)
DAMAGE(wrong_stored, CHANGE(a, stored, 1);)
DAMAGE(wrong_flags, CHANGE(a, flags, 0);)
DAMAGE(removed_dir_has_names, CHANGE(e, nlink, 0);)
DAMAGE(removed_file_has_names, CHANGE(f, nlink, 0);)
DAMAGE(purge_without_orphan, CHANGE(f, flags, INODE_PURGE);)
PUT(orphan_of_nobody, "\0\0\0\0\0\0\0\0\1", 9, key_of(SCHEMA_ORPHAN, GHOST))
PUT(orphan_of_living, "\0\0\0\0\0\0\0\0\1", 9, key_of(SCHEMA_ORPHAN, f))
PUT(bad_orphan, "bad", 3, key_of(SCHEMA_ORPHAN, f))
PUT(xattr_of_nobody, "v", 1, ({
	    struct schema_key k;
	    schema_key_xattr(&k, GHOST, "user.y");
	    k;
    }))
PUT(data_of_nobody, "ghost", 5, chunk_key(GHOST, 0))
PUT(data_of_dir, "chunk", 5, chunk_key(d, 0))
PUT(chunk_past_end, "chunk", 5, chunk_key(f, 1))
PUT(chunk_across_end, "hello, world", 12, chunk_key(f, 0))
PUT(chunk_empty, "", 0, chunk_key(f, 0))
PUT(chunk_nowhere, "x", 1, chunk_key(GHOST, UINT64_MAX))
PUT(block_of_dir, a_block, sizeof(a_block), block_key(d, 0, 0))
PUT(block_past_end, a_block, sizeof(a_block), block_key(a, 2, 0))
PUT(block_too_small, a_block, 9, block_key(a, 0, 5))
PUT(block_over_little, a_block, sizeof(a_block), block_key(f, 0, 0))
DAMAGE(no_flag_of_blocks, CHANGE(a, flags, INODE_XATTRS);)
PUT_NAME(name_to_nowhere, GHOST, S_IFREG, name_key(d, "n"))
PUT_NAME(name_of_wrong_type, f, S_IFLNK, name_key(e, "f"))
PUT_NAME(second_name_of_dir, e, S_IFDIR, name_key(FS_ROOT_INO, "z"))
PUT_NAME(name_of_root, FS_ROOT_INO, S_IFDIR, name_key(d, "root"))
PUT_NAME(name_in_file, a, S_IFREG, name_key(f, "n"))
PUT_NAME(name_in_nothing, a, S_IFREG, name_key(GHOST, "n"))
PUT(bad_name, "bad", 3, name_key(e, "f"))

static void name_under_wrong_hash(void)
{
	struct schema_key key = name_key(e, "f");

	del(&key);
	schema_key_dentry(&key, e, 77, slice_str("f"));
	put_name(&key, f, S_IFREG);
}

static void name_under_two_hashes(void)
{
	struct schema_key key;

	schema_key_dentry(&key, e, 77, slice_str("f"));
	put_name(&key, a, S_IFREG);
}

static void removed_dir_unnamed(void)
{
	struct schema_key key = name_key(d, "e");

	del(&key);
	CHANGE(e, nlink, 0);
}

static void removed_without_orphan(void)
{
	no_name_of_file();
	CHANGE(f, nlink, 0);
}

/* d lies in e, which lies in d. */
static void a_loop(void)
{
	struct schema_key key = name_key(FS_ROOT_INO, "d");

	del(&key);
	key = name_key(e, "d");
	put_name(&key, d, S_IFDIR);
}

static void lost_and_found_is_lost(void)
{
	struct schema_key key = name_key(FS_ROOT_INO, "lost+found");

	put_name(&key, GHOST, S_IFDIR);
	no_name_of_file();
}

/* -------------------------------------------------------------- tests -- */

/* What is left of the tree after the damage has been mended. */
enum left {
	ALL,        /* every name and byte is where it was */
	A_ONE_NAME, /* but for the name h */
	A_BARE,     /* but for mode and xattrs' flags of a */
	F_FOUND,    /* f is in lost+found */
	F_GONE,     /* f is gone, or empty */
	D_FOUND,    /* d is in lost+found */
	GHOST_FOUND,
	ROOT_NEW, /* with names, as before */
};

static const struct damage {
	const char *words;
	void (*make)(void);
	enum left left;
} damages[] = {
	{ "there is no superblock", no_super, ALL },
	{ "superblock: nonsense", bad_super, ALL },
	{ "superblock: counts", wrong_counters, ALL },
	{ "never given out", few_numbers, ALL },
	{ "key", foreign_key, ALL },
	{ "there is no root", no_root, ROOT_NEW },
	{ "data without a record", no_record_of_file, A_BARE },
	{ "data without a record", no_record_of_link, ALL },
	{ "a directory without a record", no_record_of_dir, ALL },
	{ "3 bytes", bad_record, ALL },
	{ "no name leads to it", no_name_of_file, F_FOUND },
	{ "no name leads to it", no_name_of_dir, D_FOUND },
	{ "links 2, should be 1", one_name_less, A_ONE_NAME },
	{ "links 7, should be 1", wrong_links, ALL },
	{ "links 9, should be 3", wrong_links_of_dir, ALL },
	{ "size 9, should be 2", wrong_size_of_dir, ALL },
	{ "parent 1, should be", wrong_parent, ALL },
	{ "stored bytes 1, should be 70000", wrong_stored, ALL },
	{ "flags of xattrs 0, should be 2", wrong_flags, ALL },
	{ "leads to a removed directory", removed_dir_has_names, ALL },
	{ "the directory is removed", removed_dir_unnamed, D_FOUND },
	{ "links 0, should be 1", removed_file_has_names, ALL },
	{ "no orphan record", purge_without_orphan, ALL },
	{ "no orphan record", removed_without_orphan, F_GONE },
	{ "no such inode", orphan_of_nobody, ALL },
	{ "an orphan record, and is none", orphan_of_living, ALL },
	{ "nonsense", bad_orphan, ALL },
	{ "xattr of 54321: no such inode", xattr_of_nobody, ALL },
	{ "54321: data without a record", data_of_nobody, GHOST_FOUND },
	{ "no such file", data_of_dir, ALL },
	{ "past the end", chunk_past_end, ALL },
	{ "past the end", chunk_across_end, ALL },
	{ "0 bytes", chunk_empty, F_GONE },
	{ "no such file", chunk_nowhere, ALL },
	{ "no such file", block_of_dir, ALL },
	{ "past the end", block_past_end, ALL },
	{ "not its size", block_too_small, ALL },
	{ "past the end", block_over_little, ALL },
	{ "blocks without a flag", no_flag_of_blocks, ALL },
	{ "leads to no inode", name_to_nowhere, ALL },
	{ "wrong type", name_of_wrong_type, ALL },
	{ "a second name of a directory", second_name_of_dir, ALL },
	{ "leads to the root", name_of_root, ALL },
	{ "no such directory", name_in_file, ALL },
	{ "54321: a directory without a record", name_in_nothing, GHOST_FOUND },
	{ "nonsense", bad_name, F_FOUND },
	{ "wrong hash", name_under_wrong_hash, ALL },
	{ "wrong hash", name_under_two_hashes, ALL },
	{ "its own ancestor", a_loop, D_FOUND },
	{ "leads to no inode", lost_and_found_is_lost, F_FOUND },
};

static bool told;
static unsigned tellings;
static char last_words[200];

static void tell(void *arg, const char *words)
{
	const char *expected = arg;

	tellings++;
	snprintf(last_words, sizeof(last_words), "%s", words);
	if (expected && strstr(words, expected))
		told = true;
}

static struct check_counts check(enum check_mode mode, const char *expected)
{
	const struct check_options options = {
		.mode = mode,
		.env = fx_env,
		.problem = tell,
		.arg = (void *)expected,
	};
	struct check_counts counts;
	int rc;

	told = false;
	tellings = 0;
	rc = fs_check_with(kv, &options, &counts);
	ck_assert_msg(rc == 0, "fs_check_with: %d %s", rc, error_text(rc));
	ck_assert_uint_eq(counts.problems, tellings);
	return counts;
}

/* A number that changes with any key or value. */
static uint64_t contents(void)
{
	struct slice none = slice_of(NULL, 0), value;
	uint64_t sum = 0;
	struct kv_iter *it;
	int rc;

	ck_ok(kv_iter_open(&it, kv, none, none));
	for (rc = kv_iter_first(it); rc > 0; rc = kv_iter_next(it)) {
		ck_ok(kv_iter_value(it, &value));
		sum = sum * 31 + schema_name_hash(1, kv_iter_key(it));
		sum = sum * 31 + schema_name_hash(2, value);
	}
	ck_ok(rc);
	kv_iter_close(it);
	return sum;
}

static uint64_t must_lookup(uint64_t dir, const char *name)
{
	int64_t ino = fx_lookup(dir, name);

	ck_assert_msg(ino > 0, "%s: %d", name, (int)ino);
	return (uint64_t)ino;
}

static uint64_t found(uint64_t ino)
{
	char name[24];

	snprintf(name, sizeof(name), "#%llu", (unsigned long long)ino);
	return must_lookup(must_lookup(FS_ROOT_INO, "lost+found"), name);
}

static void verify_data(uint64_t ino, const void *data, size_t size)
{
	static uint8_t back[FILE_BYTES + 1];

	ck_assert_int_eq(fs_read(fx, ino, back, sizeof(back), 0),
			 (ssize_t)size);
	ck_assert_mem_eq(back, data, size);
}

static void verify_a(enum left left)
{
	static uint8_t data[FILE_BYTES];
	char value[8];

	fx_fill(data, sizeof(data), 1);
	ck_assert_uint_eq(must_lookup(FS_ROOT_INO, "a"), a);
	if (left == A_ONE_NAME)
		ck_assert_int_eq(fx_lookup(FS_ROOT_INO, "h"), -ENOENT);
	else
		ck_assert_uint_eq(must_lookup(FS_ROOT_INO, "h"), a);
	ck_assert_uint_eq(fx_stat(a).st_mode,
			  left == A_BARE ? S_IFREG | 0600 : S_IFREG | 0644);
	verify_data(a, data, sizeof(data));
	ck_assert_int_eq(fs_getxattr(fx, a, "user.x", value, 8), 5);
}

static void verify(enum left left)
{
	char target[16];

	verify_a(left);
	ck_assert_uint_eq(must_lookup(FS_ROOT_INO, "l"), l);
	ck_assert_int_eq(fs_readlink(fx, l, target, sizeof(target)), 6);
	ck_assert_mem_eq(target, "target", 6);
	if (left == D_FOUND) {
		/* Either end of the loop may be where it is cut. */
		ck_assert(found(fx_lookup(FS_ROOT_INO, "d") > 0 ? e : d));
		return;
	}
	ck_assert_uint_eq(must_lookup(FS_ROOT_INO, "d"), d);
	ck_assert_uint_eq(must_lookup(d, "e"), e);
	must_lookup(e, "empty");
	if (left == F_FOUND) {
		ck_assert_uint_eq(found(f), f);
		ck_assert_int_eq(fx_lookup(e, "f"), -ENOENT);
	}
	if (left == GHOST_FOUND)
		ck_assert_uint_eq(found(GHOST), GHOST);
	else if (left != F_FOUND)
		ck_assert_int_eq(fx_lookup(FS_ROOT_INO, "lost+found"), -ENOENT);
	if (left != F_GONE)
		verify_data(f, "hello", 5);
}

START_TEST(damage_is_found_and_mended)
{
	const struct damage *damage = &damages[_i];
	uint64_t before;

	make_tree();
	open_kv();
	ck_assert_uint_eq(check(CHECK_MEND, NULL).problems, 0);
	damage->make();

	before = contents();
	ck_assert_int_eq(fs_check(kv, NULL), -EUCLEAN);
	ck_assert_uint_gt(check(CHECK_ALL, damage->words).problems, 0);
	ck_assert_msg(told, "no word of '%s'", damage->words);
	ck_assert_uint_eq(contents(), before);

	ck_assert_uint_gt(check(CHECK_MEND, damage->words).problems, 0);
	ck_assert(told);
	ck_assert_uint_eq(check(CHECK_ALL, NULL).problems, 0);
	close_kv();
	verify(damage->left);
}
END_TEST

/* The chunk below the block is lost, or a part of it. */
START_TEST(a_block_outlives_its_chunk)
{
	static uint8_t data[FILE_BYTES], left[SCHEMA_CHUNK_BYTES];
	static const size_t sizes[] = { 0, 1, SCHEMA_CHUNK_BYTES - 1 };
	size_t size = sizes[_i];
	struct schema_key key;

	make_tree();
	open_kv();
	key = chunk_key(a, 0);
	fx_fill(data, sizeof(data), 1);
	if (size)
		put(&key, data, size);
	else
		del(&key);
	ck_assert_int_eq(fs_check(kv, NULL), -EUCLEAN);
	check(CHECK_MEND, "over no whole chunk");
	ck_assert(told);
	ck_assert_uint_eq(check(CHECK_ALL, NULL).problems, 0);
	close_kv();
	memcpy(left, data, size);
	memcpy(left + SCHEMA_BLOCK_BYTES, data + SCHEMA_BLOCK_BYTES,
	       SCHEMA_BLOCK_BYTES);
	memcpy(data, left, sizeof(left));
	verify_data(a, data, sizeof(data));
}
END_TEST

/* ------------------------------------------------------------- chance -- */

static uint64_t state;

static uint32_t chance(uint32_t n)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(state >> 33) % n;
}

/* Copies the key and value at a random place of the store. */
static void pick(struct schema_key *key, uint8_t value[256], size_t *size)
{
	struct slice none = slice_of(NULL, 0), v;
	uint32_t steps = chance(24);
	struct kv_iter *it;

	ck_ok(kv_iter_open(&it, kv, none, none));
	ck_assert_int_eq(kv_iter_first(it), 1);
	while (steps-- > 0 && kv_iter_next(it) > 0)
		;
	if (steps != UINT32_MAX)
		ck_assert_int_eq(kv_iter_last(it), 1);
	key->size = kv_iter_key(it).size;
	memcpy(key->bytes, kv_iter_key(it).data, key->size);
	ck_ok(kv_iter_value(it, &v));
	*size = size_min(v.size, 256);
	memcpy(value, v.data, *size);
	kv_iter_close(it);
}

static void damage_anything(void)
{
	struct schema_key key, other;
	uint8_t value[256], other_value[256];
	size_t size, other_size;

	pick(&key, value, &size);
	pick(&other, other_value, &other_size);
	/* A superblock of a later version is not for us to mend. */
	if (key.bytes[0] == SCHEMA_SUPER) {
		del(&key);
		return;
	}
	switch (chance(5)) {
	case 0:
		del(&key);
		break;
	case 1: /* another's value */
		put(&key, other_value, other_size);
		break;
	case 2: /* a byte of the value */
		if (size > 0)
			value[chance((uint32_t)size)] ^= 1 << chance(8);
		put(&key, value, size);
		break;
	case 3: /* a byte of the key */
		key.bytes[chance((uint32_t)key.size)] ^= 1 << chance(8);
		put(&key, value, size);
		break;
	default: /* another inode's */
		if (key.size > 8)
			key.bytes[8] = (uint8_t)chance(12);
		put(&key, value, size);
	}
}

START_TEST(whatever_is_damaged_is_mended)
{
	struct check_counts mended, rest;
	int i, n;

	state = (uint64_t)_i;
	make_tree();
	open_kv();
	for (i = 0; i < FUZZ_ROUNDS; i++) {
		for (n = 1 + (int)chance(4); n > 0; n--)
			damage_anything();
		mended = check(CHECK_MEND, NULL);
		rest = check(CHECK_ALL, NULL);
		ck_assert_msg(rest.problems == 0,
			      "round %d: %d of %d problems left: %s", i,
			      (int)rest.problems, (int)mended.problems,
			      last_words);
	}
	close_kv();
	fx_check();
}
END_TEST

/* Any number of whole lines, "NAME NUMBER" each. */
static int note_directories(void *arg, const char *text, size_t size)
{
	static const char name[] = "directories ";
	const char *at = memmem(text, size, name, strlen(name));

	if (at)
		*(unsigned long *)arg = strtoul(at + strlen(name), NULL, 10);
	return 0;
}

/* Whoever walks down a tree that is not mended comes to an end. */
START_TEST(a_circle_is_walked_once)
{
	unsigned long directories = 0;
	const struct fs_sink sink = { .text = note_directories,
				      .arg = &directories };
	struct schema_key key;

	make_tree();
	open_kv();
	key = name_key(e, "circle");
	put_name(&key, d, S_IFDIR);
	close_kv();
	ck_ok(fs_admin(fx, "du", "/", &sink));
	ck_assert_uint_eq(directories, 3);
	open_kv();
	del(&key);
	close_kv();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("repair");
	TCase *tc = suite_case(s, "repair");

	tcase_add_checked_fixture(tc, fx_setup, fx_teardown);
	tcase_add_loop_test(tc, damage_is_found_and_mended, 0,
			    (int)ARRAY_SIZE(damages));
	tcase_add_test(tc, a_circle_is_walked_once);
	tcase_add_loop_test(tc, a_block_outlives_its_chunk, 0, 3);
	tcase_add_loop_test(tc, whatever_is_damaged_is_mended, 0, FUZZ_SEEDS);
	return suite_run(s);
}
