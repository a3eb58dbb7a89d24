#include "engine/dump.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/base/coding.h"
#include "engine/base/error.h"
#include "engine/manifest.h"
#include "engine/vlog.h"

#define WORDS_SIZE 512 /* bytes */
#define LOCK_SIZE  64  /* bytes of it that are shown */

static int hand_over(struct dump *d, struct dump_part part, const char *words,
		     int rc, const struct entry *e)
{
	struct kv_dump_item item = {
		.file = d->name,
		.what = part.what,
		.offset = part.offset,
		.size = part.size,
		.words = words,
		.rc = rc,
	};

	if (e) {
		item.key = e->key;
		item.value = entry_kind(e) == ENTRY_PUT ? e->value
							: slice_of(NULL, 0);
		item.has_value = entry_kind(e) == ENTRY_PUT;
		item.key_end = entry_kind(e) == ENTRY_RANGE_DELETE
				       ? e->value
				       : slice_of(NULL, 0);
	}
	return d->fn(d->arg, &item);
}

int dump_say(struct dump *d, struct dump_part part, const char *fmt, ...)
{
	char words[WORDS_SIZE];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(words, sizeof(words), fmt, ap);
	va_end(ap);
	return hand_over(d, part, words, 0, NULL);
}

int dump_damage(struct dump *d, struct dump_part part, int rc)
{
	char words[WORDS_SIZE];

	if (!error_is_damage(rc) && rc != -EPROTONOSUPPORT)
		return rc;
	d->damaged = true;
	snprintf(words, sizeof(words), "%s", error_text(rc));
	return hand_over(d, part, words, rc, NULL);
}

int dump_entry(struct dump *d, struct dump_part part, const struct entry *e)
{
	static const char *const names[] = { "delete", "put", "blob",
					     "delete-range" };
	char words[WORDS_SIZE];
	struct blob_handle h;
	int n;

	if (!d->entries)
		return 0;
	part.what = "entry";
	n = snprintf(words, sizeof(words), "%s seq %" PRIu64,
		     names[entry_kind(e)], entry_seq(e));
	if (entry_kind(e) == ENTRY_BLOB &&
	    blob_handle_decode(&h, e->value) == 0)
		snprintf(words + n, sizeof(words) - (size_t)n,
			 " blob %" PRIu64 " ordinal %" PRIu64 " at %" PRIu64
			 " stored %" PRIu64 " raw %" PRIu64,
			 h.blob_id, h.ordinal, h.offset, h.stored_size,
			 h.raw_size);
	return hand_over(d, part, words, 0, e);
}

/* --------------------------------------------------------------- files -- */

static void hex(char *out, const uint8_t *bytes, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++)
		sprintf(out + 2 * i, "%02x", bytes[i]);
}

/*
 * The salt of a header that does not verify may be right all the same: then
 * what follows verifies with it.
 */
static int dump_header(struct dump *d, enum file_kind kind, uint64_t number)
{
	const struct file_header want = { .kind = kind, .number = number };
	const struct dump_part part = { "header", 0, FILE_HEADER_SIZE };
	uint8_t bytes[FILE_HEADER_SIZE];
	char id[33];
	int rc;

	rc = file_header_read(d->file, &want, &d->header);
	if (rc < 0) {
		rc = dump_damage(d, part, rc);
		if (rc == 0 && d->size >= sizeof(bytes))
			rc = env_read_full(d->file, bytes, sizeof(bytes), 0);
		if (rc < 0 || d->size < sizeof(bytes))
			return rc;
		d->header = want;
		d->header.flags = get_le16(bytes + 14);
		d->header.salt = get_le64(bytes + 48);
		return 0;
	}
	hex(id, d->header.store_id, sizeof(d->header.store_id));
	return dump_say(d, part,
			"number %" PRIu64 " flags %u store %s created_ns "
			"%" PRIu64 " salt %016" PRIx64,
			d->header.number, d->header.flags, id,
			d->header.created_ns, d->header.salt);
}

static int dump_super(struct dump *d)
{
	const struct dump_part part = { "super", FILE_HEADER_SIZE,
					SUPER_SIZE - FILE_HEADER_SIZE };
	struct super s;
	int rc;

	rc = manifest_read_super(d->env, &s);
	if (rc < 0)
		return dump_damage(d, part, rc);
	return dump_say(
		d, part,
		"manifest %" PRIu64 " manifest_size %" PRIu64 " compat %" PRIx64
		" ro_compat %" PRIx64 " incompat %" PRIx64,
		s.manifest, s.manifest_size, s.compat, s.ro_compat, s.incompat);
}

/* What is not written as the other files are: the lock says who has it. */
static int dump_other(struct dump *d)
{
	char text[LOCK_SIZE + 1];
	ssize_t n = 0;
	char *c;

	if (strcmp(d->name, FILE_LOCK_NAME) != 0)
		return dump_say(d, (struct dump_part){ "other", 0, d->size },
				"no file that the store reads");
	n = env_read_at(d->file, text, LOCK_SIZE, 0);
	if (n < 0)
		return (int)n;
	text[n] = '\0';
	for (c = text; *c > ' ' && *c <= '~'; c++)
		;
	*c = '\0';
	return dump_say(d, (struct dump_part){ "lock", 0, d->size },
			"last taken by process %s", text);
}

static int dump_contents(struct dump *d)
{
	enum file_kind kind = FILE_SUPER;
	uint64_t number = 0;
	int rc;

	if (strcmp(d->name, FILE_SUPER_NAME) != 0 &&
	    !file_name_parse(d->name, &kind, &number))
		return dump_other(d);
	rc = dump_header(d, kind, number);
	if (rc < 0 || d->size < FILE_HEADER_SIZE)
		return rc;
	switch (kind) {
	case FILE_SUPER:
		return dump_super(d);
	case FILE_MANIFEST:
		return dump_manifest(d);
	case FILE_WAL:
		return dump_wal(d);
	case FILE_SST:
		return dump_sst(d);
	default:
		return dump_blob(d);
	}
}

int kv_dump(struct env *env, const char *name, bool entries, kv_dump_fn fn,
	    void *arg)
{
	struct dump d = {
		.env = env,
		.name = name,
		.entries = entries,
		.fn = fn,
		.arg = arg,
	};
	int rc;

	if (!env_name_valid(name))
		return error_set(-EINVAL, "%s: no name of a file", name);
	rc = env_open(env, name, ENV_READ, &d.file);
	if (rc < 0)
		return error_set(rc, "%s: %s", name, strerror(-rc));
	rc = env_size(d.file, &d.size);
	if (rc == 0)
		rc = dump_contents(&d);
	env_close(d.file);
	if (rc < 0)
		return rc;
	return d.damaged ? error_set(-EUCLEAN, "%s: damaged", name) : 0;
}
