/*
 * Fuzzing: hostile bytes for each decoder.
 *
 * A target is a function that takes any bytes and must come back: no crash, no
 * endless loop, nothing read or written beyond what is there.  Where a decoder
 * accepts them, the target also checks that what it made keeps its promises,
 * for instance that it can be encoded and decoded again to the same.
 *
 *      make fuzz                                 with clang
 *      tests/fuzz/fuzzer --target=block DIR...   libFuzzer's other options too
 *      tests/fuzz/replay [CORPUS]                any compiler; in make check
 *
 * In these programs every checksum is 0 (checksum.c), so that no mutation is
 * stopped by one: a checksum keeps out accidents, not somebody who can compute
 * it.
 *
 * corpus/TARGET/ holds a few inputs of each.  Those named seed-* were made by
 * tests/fuzz/seeds from a real store; the others were found by fuzzing, or were
 * failures once.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "engine/base/slice.h"

struct env;

struct fuzz_target {
	const char *name;
	void (*run)(struct slice in);
};

extern const struct fuzz_target fuzz_targets[];
extern const size_t fuzz_target_count;

/* Or NULL. */
const struct fuzz_target *fuzz_find(const char *name);

/* Promises that the decoders keep; a macro, to say where. */
#define fuzz_check(condition)     \
	do {                      \
		if (!(condition)) \
			abort();  \
	} while (0)

/* A new env, in memory, that holds one file. */
struct env *fuzz_env(const char *name, struct slice bytes);

/* Adds another. */
void fuzz_add_file(struct env *env, const char *name, struct slice bytes);

/* Files of a store, decoded in whole. */
void fuzz_log(struct slice in);   /* a write-ahead log and its records */
void fuzz_table(struct slice in); /* an SST: all its parts */
void fuzz_blobs(struct slice in); /* a blob file: records, directory */
void fuzz_super(struct slice in); /* 184 bytes SUPER, then the manifest */

/* Parts of them. */
void fuzz_block(struct slice in);    /* of an SST */
void fuzz_props(struct slice in);    /* of an SST: what its footer leads to */
void fuzz_edit(struct slice in);     /* of the manifest */
void fuzz_record(struct slice in);   /* of a log */
void fuzz_ordinals(struct slice in); /* of a blob file, a table refers to */

/* Keys and values of fs/. */
void fuzz_key(struct slice in);
void fuzz_superblock(struct slice in);
void fuzz_inode(struct slice in);
void fuzz_dentry(struct slice in);
void fuzz_orphan(struct slice in);
void fuzz_acl(struct slice in);

/* A whole store, one file of which the input has changed; see store.c. */
void fuzz_store(struct slice in); /* opened, read, checked, written to */
void fuzz_dump(struct slice in);  /* the file, taken apart for people */

/* The control socket: a packet, and what a daemon makes of the request. */
void fuzz_wire(struct slice in);

#endif
