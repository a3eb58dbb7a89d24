/*
 * dump: the files of a store, taken apart for people.  Private to engine/;
 * kv.h has kv_dump(), which says what it is for.
 *
 * Nothing is trusted, and nothing is told twice: each function reads one kind
 * of file from the front to the back, hands over an item for each part, and
 * goes on behind what is damaged as far as the format lets it:
 *
 *      dump.c        SUPER, and which file is what
 *      dump_log.c    logs and manifests: records are chained, so what follows a
 *                    damaged one is looked for, and told of, not taken
 *      dump_sst.c    tables: a damaged block leaves the others to be shown
 *      dump_blob.c   blob files: the next record that verifies is looked for
 *
 * One thread.
 */
#ifndef ENGINE_DUMP_H
#define ENGINE_DUMP_H

#include "engine/entry.h"
#include "engine/file_format.h"
#include "engine/kv.h"

/* One file that is being taken apart. */
struct dump {
	struct env *env;
	const char *name;
	struct env_file *file;
	uint64_t size; /* bytes of the file */
	struct file_header header;
	bool entries; /* wanted, too */
	bool damaged; /* some was told of */
	kv_dump_fn fn;
	void *arg;
};

/* Where a part lies. */
struct dump_part {
	const char *what;
	uint64_t offset; /* bytes */
	uint64_t size;   /* bytes */
};

/* Each returns 0 or what the caller's function did. */
int dump_say(struct dump *d, struct dump_part part, const char *fmt, ...)
	PRINTF(3, 4) MUST_USE;
int dump_damage(struct dump *d, struct dump_part part, int rc) MUST_USE;

/* An entry, if they are wanted; @part is what it lies in. */
int dump_entry(struct dump *d, struct dump_part part,
	       const struct entry *e) MUST_USE;

/* The file's contents behind the header; 0, or an error that ends it. */
int dump_wal(struct dump *d) MUST_USE;
int dump_manifest(struct dump *d) MUST_USE;
int dump_sst(struct dump *d) MUST_USE;
int dump_blob(struct dump *d) MUST_USE;

#endif
