/* Keys and records as bytes: what must never change, and what is refused. */
#include "tests/fs/fixture.h"

#include "engine/base/coding.h"
#include "fs/dentry.h"
#include "fs/orphan.h"
#include "fs/schema.h"

START_TEST(keys_are_as_documented)
{
	static const uint8_t dentry[] = { 'd', 0, 0, 0, 0, 0, 0, 1,   2,  0,
					  0,   0, 0, 0, 0, 3, 4, 'a', 'b' };
	static const uint8_t chunk[] = { 'c', 0, 0, 0, 0, 0, 0, 0, 5,
					 0,   0, 0, 0, 0, 0, 1, 0 };
	static const uint8_t block[] = { 'c', 0, 0, 0, 0, 0, 0, 0, 5,
					 0,   0, 0, 0, 0, 0, 1, 0, 7 };
	struct schema_key key;

	schema_key_dentry(&key, 0x102, 0x304, slice_str("ab"));
	ck_assert_uint_eq(key.size, sizeof(dentry));
	ck_assert_mem_eq(key.bytes, dentry, sizeof(dentry));
	schema_key_chunk(&key, 5, 256);
	ck_assert_uint_eq(key.size, sizeof(chunk));
	ck_assert_mem_eq(key.bytes, chunk, sizeof(chunk));
	schema_key_block(&key, 5, 256, 7);
	ck_assert_uint_eq(key.size, sizeof(block));
	ck_assert_mem_eq(key.bytes, block, sizeof(block));
}
END_TEST

START_TEST(keys_sort_as_their_numbers)
{
	struct schema_key a, b;

	schema_key_chunk(&a, 1, UINT64_MAX);
	schema_key_chunk(&b, 2, 0);
	ck_assert_int_lt(slice_cmp(schema_slice(&a), schema_slice(&b)), 0);
	schema_key_chunk(&a, 2, 255);
	schema_key_block(&b, 2, 255, 0);
	ck_assert_int_lt(slice_cmp(schema_slice(&a), schema_slice(&b)), 0);
	schema_key_block(&a, 2, 255, SCHEMA_BLOCKS - 1);
	schema_key_chunk(&b, 2, 256);
	ck_assert_int_lt(slice_cmp(schema_slice(&a), schema_slice(&b)), 0);
	schema_key_dentry(&a, 1, 5, slice_str("\xff"));
	schema_key_dentry(&b, 1, 6, slice_of(NULL, 0));
	ck_assert_int_lt(slice_cmp(schema_slice(&a), schema_slice(&b)), 0);
}
END_TEST

START_TEST(keys_come_back)
{
	char longest[FS_NAME_MAX];
	struct schema_parsed p;
	struct schema_key key;

	memset(longest, 'n', sizeof(longest));
	schema_key_dentry(&key, 7, schema_name_hash(1, slice_str("x")),
			  slice_of(longest, sizeof(longest)));
	ck_assert_uint_eq(key.size, SCHEMA_KEY_MAX);
	ck_ok(schema_parse(schema_slice(&key), &p));
	ck_assert_int_eq(p.kind, SCHEMA_DENTRY);
	ck_assert_uint_eq(p.ino, 7);
	ck_assert_uint_eq(p.number, schema_name_hash(1, slice_str("x")));
	ck_assert_uint_eq(p.name.size, sizeof(longest));
	schema_key_chunk(&key, 8, 9);
	ck_ok(schema_parse(schema_slice(&key), &p));
	ck_assert_int_eq(p.kind, SCHEMA_CHUNK);
	ck_assert_uint_eq(p.ino, 8);
	ck_assert_uint_eq(p.number, 9);
	ck_assert(!p.is_block);
	schema_key_block(&key, 8, 9, 5);
	ck_ok(schema_parse(schema_slice(&key), &p));
	ck_assert_int_eq(p.kind, SCHEMA_CHUNK);
	ck_assert_uint_eq(p.number, 9);
	ck_assert(p.is_block);
	ck_assert_uint_eq(p.block, 5);
	ck_assert_uint_eq(schema_chunk_offset(&p), 9 * 32768 + 5 * 4096);
	key.bytes[17] = SCHEMA_BLOCKS;
	ck_assert_int_eq(schema_parse(schema_slice(&key), &p), -EUCLEAN);
	schema_key_kind(&key, SCHEMA_SUPER);
	ck_ok(schema_parse(schema_slice(&key), &p));
	ck_assert_int_eq(p.kind, SCHEMA_SUPER);
}
END_TEST

START_TEST(foreign_keys_are_refused)
{
	static const char *const kinds = "sidcoz";
	struct schema_parsed p;
	struct schema_key key;
	const char *kind;

	ck_assert_int_eq(schema_parse(slice_of(NULL, 0), &p), -EUCLEAN);
	/* Every kind with a byte too many, or too few. */
	for (kind = kinds; *kind; kind++) {
		size_t right = *kind == 's' ? 1 : *kind == 'c' ? 17 : 9;

		memset(&key, 1, sizeof(key));
		key.bytes[0] = (uint8_t)*kind;
		key.size = right + (*kind == 'c' ? 2 : 1); /* 1: a block */
		ck_assert_int_eq(schema_parse(schema_slice(&key), &p),
				 -EUCLEAN);
		key.size = right - 1;
		ck_assert_int_eq(schema_parse(schema_slice(&key), &p),
				 -EUCLEAN);
	}
	schema_key_dentry(&key, 1, 5, slice_str("a/b"));
	ck_assert_int_eq(schema_parse(schema_slice(&key), &p), -EUCLEAN);
	schema_key_dentry(&key, 1, 0, slice_str("a"));
	ck_assert_int_eq(schema_parse(schema_slice(&key), &p), -EUCLEAN);
	schema_key_dentry(&key, 1, (uint64_t)1 << 55, slice_str("a"));
	ck_assert_int_eq(schema_parse(schema_slice(&key), &p), -EUCLEAN);
	schema_key_ino(&key, SCHEMA_XATTR, 1);
	ck_assert_int_eq(schema_parse(schema_slice(&key), &p), -EUCLEAN);
	schema_key_xattr(&key, 1, "a");
	ck_ok(schema_parse(schema_slice(&key), &p));
	ck_assert(slice_eq(p.name, slice_str("a")));
	key.bytes[9] = 0;
	ck_assert_int_eq(schema_parse(schema_slice(&key), &p), -EUCLEAN);
	schema_key_dentry(&key, 1, 5, slice_of("a\0b", 3));
	ck_assert_int_eq(schema_parse(schema_slice(&key), &p), -EUCLEAN);
}
END_TEST

/* The values are part of the format on disk. */
START_TEST(hashes_fit_an_offset)
{
	uint64_t hash = schema_name_hash(42, slice_str("name"));

	ck_assert_uint_eq(hash, 0x77cab27ec6cd);
	ck_assert_uint_ne(hash, schema_name_hash(43, slice_str("name")));
	ck_assert_uint_eq(hash >> 55, 0);
}
END_TEST

static const struct inode_record example = {
	.flags = INODE_PURGE,
	.mode = S_IFREG | 04755,
	.uid = 1,
	.gid = 2,
	.nlink = 3,
	.rdev_major = 4,
	.rdev_minor = 5,
	.generation = 6,
	.size = 7,
	.stored = 8,
	.atime_ns = -9,
	.mtime_ns = 10,
	.ctime_ns = 11,
	.btime_ns = INT64_MAX,
};

START_TEST(records_come_back)
{
	uint8_t bytes[INODE_FORMAT_SIZE], again[INODE_FORMAT_SIZE];
	struct inode_record rec;

	inode_format_encode(&example, bytes);
	ck_assert_uint_eq(bytes[0], 1);
	ck_assert_uint_eq(get_le32(bytes + 8), S_IFREG | 04755);
	ck_assert_uint_eq(get_le64(bytes + 32), 7);
	ck_assert_uint_eq(get_le32(bytes + 80), 6);
	ck_ok(inode_format_decode(&rec, 1, slice_of(bytes, sizeof(bytes))));
	inode_format_encode(&rec, again);
	ck_assert_mem_eq(bytes, again, sizeof(bytes));
	ck_assert_int_eq(rec.atime_ns, -9);
}
END_TEST

static int decode_changed(struct inode_record rec)
{
	uint8_t bytes[INODE_FORMAT_SIZE];

	inode_format_encode(&rec, bytes);
	return inode_format_decode(&rec, 1, slice_of(bytes, sizeof(bytes)));
}

#define WITH(field, value)                       \
	({                                       \
		struct inode_record r = example; \
		r.field = value;                 \
		decode_changed(r);               \
	})

START_TEST(nonsense_records_are_refused)
{
	uint8_t bytes[INODE_FORMAT_SIZE + 1] = { 0 };
	struct inode_record rec;
	size_t i;

	ck_ok(decode_changed(example));
	ck_assert_int_eq(WITH(flags, 512), -EUCLEAN);
	ck_assert_int_eq(WITH(flags, INODE_ACL), -EUCLEAN);
	ck_assert_int_eq(WITH(flags, INODE_ACL_DEFAULT), -EUCLEAN);
	ck_ok(WITH(flags, INODE_ACL | INODE_XATTRS));
	ck_assert_int_eq(WITH(mode, 0644), -EUCLEAN);
	ck_assert_int_eq(WITH(mode, S_IFREG | 0200000), -EUCLEAN);
	ck_assert_int_eq(WITH(mode, S_IFIFO), -EUCLEAN); /* has chunks */
	ck_assert_int_eq(WITH(mode, S_IFDIR), -EUCLEAN);
	ck_assert_int_eq(WITH(parent, 1), -EUCLEAN);
	ck_assert_int_eq(WITH(size, (uint64_t)1 << 63), -EUCLEAN);

	inode_format_encode(&example, bytes);
	for (i = 0; i <= sizeof(bytes); i++)
		if (i != INODE_FORMAT_SIZE)
			ck_assert_int_eq(inode_format_decode(
						 &rec, 1, slice_of(bytes, i)),
					 -EUCLEAN);
	bytes[0] = 2;
	ck_assert_int_eq(inode_format_decode(&rec, 1, slice_of(bytes, 96)),
			 -EUCLEAN);
}
END_TEST

START_TEST(the_superblock_comes_back)
{
	struct superblock super = { .hash_seed = 1, .ino_reserved = 2 }, back;
	uint8_t bytes[SUPERBLOCK_FORMAT_SIZE];
	struct slice s = slice_of(bytes, sizeof(bytes));

	super.clean = true;
	super.inodes = 3;
	superblock_encode(&super, bytes);
	ck_ok(superblock_decode(&back, s));
	ck_assert_mem_eq(super.uuid, back.uuid, sizeof(super.uuid));
	ck_assert_uint_eq(back.ino_reserved, 2);
	ck_assert_uint_eq(back.inodes, 3);
	ck_assert(back.clean);

	bytes[24] = 1; /* a compatible feature */
	ck_ok(superblock_decode(&back, s));
	bytes[32] = 1;
	ck_assert_int_eq(superblock_decode(&back, s), -EPROTONOSUPPORT);
	bytes[32] = 0;
	bytes[40] = 1; /* xattrs */
	ck_ok(superblock_decode(&back, s));
	ck_assert_uint_eq(back.incompat, SUPERBLOCK_XATTRS);
	bytes[40] = 0;
	bytes[47] = 1;
	ck_assert_int_eq(superblock_decode(&back, s), -EPROTONOSUPPORT);
	bytes[47] = 0;
	bytes[0] = 2;
	ck_assert_int_eq(superblock_decode(&back, s), -EPROTONOSUPPORT);
	bytes[0] = 1;
	bytes[64] = 2;
	ck_assert_int_eq(superblock_decode(&back, s), -EUCLEAN);
	s.size--;
	ck_assert_int_eq(superblock_decode(&back, s), -EUCLEAN);
}
END_TEST

START_TEST(small_values_are_checked)
{
	uint8_t bytes[10] = { 1 };
	struct dentry dentry;
	struct orphan orphan;

	ck_ok(dentry_decode(&dentry, slice_of(bytes, 9)));
	ck_assert_uint_eq(dentry.ino, 1);
	ck_assert_int_eq(dentry_decode(&dentry, slice_of(bytes, 8)), -EUCLEAN);
	ck_assert_int_eq(dentry_decode(&dentry, slice_of(bytes, 10)), -EUCLEAN);
	ck_ok(orphan_decode(&orphan, slice_of(bytes, 9)));
	ck_assert(!orphan.remove);
	ck_assert_int_eq(orphan_decode(&orphan, slice_of(bytes, 10)), -EUCLEAN);
	bytes[8] = 2;
	ck_assert_int_eq(orphan_decode(&orphan, slice_of(bytes, 9)), -EUCLEAN);
	bytes[0] = 0;
	ck_assert_int_eq(dentry_decode(&dentry, slice_of(bytes, 9)), -EUCLEAN);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("format");
	TCase *tc = suite_case(s, "format");

	tcase_add_test(tc, keys_are_as_documented);
	tcase_add_test(tc, keys_sort_as_their_numbers);
	tcase_add_test(tc, keys_come_back);
	tcase_add_test(tc, foreign_keys_are_refused);
	tcase_add_test(tc, hashes_fit_an_offset);
	tcase_add_test(tc, records_come_back);
	tcase_add_test(tc, nonsense_records_are_refused);
	tcase_add_test(tc, the_superblock_comes_back);
	tcase_add_test(tc, small_values_are_checked);
	return suite_run(s);
}
