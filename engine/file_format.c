#include "engine/file_format.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/base/coding.h"
#include "engine/base/error.h"
#include "engine/base/hash.h"

static const uint8_t magic[8] = { 0x89, 'L', 'O', 'A', 'M', 0x0d, 0x0a, 0x1a };

static const char *const suffixes[] = {
	[FILE_MANIFEST] = "manifest",
	[FILE_WAL] = "wal",
	[FILE_SST] = "sst",
	[FILE_BLOB] = "blob",
};

#define CHECKSUM_XXH3 1

void file_name(char out[ENV_NAME_MAX + 1], enum file_kind kind, uint64_t number)
{
	if (kind == FILE_SUPER)
		snprintf(out, ENV_NAME_MAX + 1, "%s", FILE_SUPER_NAME);
	else
		snprintf(out, ENV_NAME_MAX + 1, "%06" PRIu64 ".%s", number,
			 suffixes[kind]);
}

bool file_name_parse(const char *name, enum file_kind *kind, uint64_t *number)
{
	uint64_t n = 0;
	const char *p;
	size_t i;

	for (p = name; *p >= '0' && *p <= '9'; p++) {
		if (n > (UINT64_MAX - 9) / 10)
			return false;
		n = n * 10 + (uint64_t)(*p - '0');
	}
	if (p - name < 6 || *p != '.')
		return false;

	for (i = FILE_MANIFEST; i < ARRAY_SIZE(suffixes); i++) {
		if (strcmp(p + 1, suffixes[i]) == 0) {
			*kind = (enum file_kind)i;
			*number = n;
			return true;
		}
	}
	return false;
}

void file_header_encode(const struct file_header *h,
			uint8_t out[FILE_HEADER_SIZE])
{
	memset(out, 0, FILE_HEADER_SIZE);
	memcpy(out, magic, sizeof(magic));
	put_le16(out + 8, FILE_FORMAT_MAJOR);
	put_le16(out + 10, FILE_FORMAT_MINOR);
	out[12] = (uint8_t)h->kind;
	out[13] = CHECKSUM_XXH3;
	put_le16(out + 14, h->flags);
	put_le64(out + 16, h->number);
	memcpy(out + 24, h->store_id, sizeof(h->store_id));
	put_le64(out + 40, h->created_ns);
	put_le64(out + 48, h->salt);
	put_le64(out + 56, checksum(0, out, 56));
}

static uint16_t known_flags(enum file_kind kind)
{
	switch (kind) {
	case FILE_BLOB:
		return FILE_BLOB_MOVED;
	case FILE_WAL:
		return FILE_WAL_SIGNED;
	default:
		return 0;
	}
}

/* What every file of a kind has that is made now. */
static uint16_t new_flags(enum file_kind kind)
{
	return kind == FILE_WAL ? FILE_WAL_SIGNED : 0;
}

static int header_decode(const char *name, const struct file_header *want,
			 const uint8_t in[FILE_HEADER_SIZE],
			 struct file_header *out)
{
	static const uint8_t any[16];
	unsigned major = get_le16(in + 8);

	if (memcmp(in, magic, sizeof(magic)) != 0)
		return error_set(-EUCLEAN, "%s: no loamfs file", name);
	if (get_le64(in + 56) != checksum(0, in, 56))
		return error_set(-EBADMSG, "%s: header: bad checksum", name);
	if (major != FILE_FORMAT_MAJOR)
		return error_set(-EPROTONOSUPPORT,
				 "%s: format %u is newer than this program, "
				 "which reads format %d",
				 name, major, FILE_FORMAT_MAJOR);
	if (in[13] != CHECKSUM_XXH3 ||
	    (get_le16(in + 14) & ~known_flags(in[12])) != 0)
		return error_set(-EPROTONOSUPPORT,
				 "%s: needs a feature that this program has "
				 "not: checksum %u, flags %#x",
				 name, in[13], get_le16(in + 14));
	if (in[12] != want->kind || get_le64(in + 16) != want->number)
		return error_set(-EUCLEAN, "%s: header of another file", name);
	if (memcmp(want->store_id, any, sizeof(any)) != 0 &&
	    memcmp(want->store_id, in + 24, sizeof(any)) != 0)
		return error_set(-EUCLEAN, "%s: file of another store", name);

	*out = (struct file_header){
		.kind = want->kind,
		.flags = get_le16(in + 14),
		.number = want->number,
		.created_ns = get_le64(in + 40),
		.salt = get_le64(in + 48),
	};
	memcpy(out->store_id, in + 24, sizeof(out->store_id));
	return 0;
}

int file_header_read(struct env_file *file, const struct file_header *want,
		     struct file_header *out)
{
	uint8_t bytes[FILE_HEADER_SIZE];
	int rc = env_read_full(file, bytes, sizeof(bytes), 0);

	if (rc == -EUCLEAN)
		return error_set(rc, "%s: too short for a header", file->name);
	if (rc < 0)
		return rc;
	return header_decode(file->name, want, bytes, out);
}

/* Puts a fresh header in front of @file. */
static int write_header(struct env *env, struct env_file *file,
			enum file_kind kind, uint16_t flags, uint64_t number,
			const uint8_t store_id[16], struct file_header *out)
{
	struct file_header h = { .kind = kind,
				 .flags = flags,
				 .number = number };
	uint8_t bytes[FILE_HEADER_SIZE];
	struct slice part = slice_of(bytes, sizeof(bytes));
	int rc;

	memcpy(h.store_id, store_id, sizeof(h.store_id));
	h.created_ns = env_realtime_ns(env);
	env_random(env, &h.salt, sizeof(h.salt));
	file_header_encode(&h, bytes);
	rc = env_write_at(file, &part, 1, 0);
	if (rc == 0)
		*out = h;
	return rc;
}

int file_create_flagged(struct env *env, enum file_kind kind, uint16_t flags,
			uint64_t number, const uint8_t store_id[16],
			struct env_file **file, struct file_header *header)
{
	char name[ENV_NAME_MAX + 1];
	struct env_file *f;
	int rc;

	file_name(name, kind, number);
	rc = env_open(env, name, ENV_CREATE, &f);
	if (rc < 0)
		return rc;
	rc = write_header(env, f, kind, flags, number, store_id, header);
	if (rc < 0) {
		env_close(f);
		/* Without a header nobody will ever take it for ours. */
		(void)!env_remove(env, name);
		return rc;
	}
	*file = f;
	return 0;
}

int file_create(struct env *env, enum file_kind kind, uint64_t number,
		const uint8_t store_id[16], struct env_file **file,
		struct file_header *header)
{
	return file_create_flagged(env, kind, new_flags(kind), number, store_id,
				   file, header);
}

int file_reuse(struct env *env, enum file_kind kind, uint64_t old,
	       uint64_t number, const uint8_t store_id[16],
	       struct env_file **file, struct file_header *header)
{
	char from[ENV_NAME_MAX + 1], to[ENV_NAME_MAX + 1];
	struct env_file *f;
	int rc;

	file_name(from, kind, old);
	file_name(to, kind, number);
	rc = env_open(env, from, ENV_WRITE, &f);
	if (rc < 0)
		return rc;
	rc = write_header(env, f, kind, new_flags(kind), number, store_id,
			  header);
	if (rc == 0)
		rc = env_sync(f);
	if (rc == 0)
		rc = env_rename(env, from, to);
	if (rc < 0) {
		env_close(f);
		return rc;
	}
	*file = f;
	return 0;
}

int file_open(struct env *env, enum file_kind kind, uint64_t number,
	      const uint8_t store_id[16], enum env_mode mode,
	      struct env_file **file, struct file_header *header)
{
	struct file_header want = { .kind = kind, .number = number };
	char name[ENV_NAME_MAX + 1];
	struct env_file *f;
	int rc;

	file_name(name, kind, number);
	rc = env_open(env, name, mode, &f);
	if (rc == -ENOENT)
		return error_set(-EUCLEAN, "%s: file is missing", name);
	if (rc < 0)
		return rc;

	memcpy(want.store_id, store_id, sizeof(want.store_id));
	rc = file_header_read(f, &want, header);
	if (rc < 0) {
		env_close(f);
		return rc;
	}
	*file = f;
	return 0;
}
