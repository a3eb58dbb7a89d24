/*
 * The directory of env_mem: its names as the process sees them, its names as
 * the disk has them for sure, and the operations in between.
 *
 * A power cut does each of those operations or leaves it out, one by one.  Two
 * rules make of that what env.h promises:
 *   - A file has one name at most: giving it a name takes it from its old one,
 *     so a rename moves a file whole or not at all.
 *   - A name that a rename has freed goes to another file only if that rename
 *     is done as well, so a file that had a name on the disk and was never
 *     removed or replaced keeps one.
 *
 * Errors: -ENOMEM, and then nothing has changed.  Not thread-safe: env_mem
 * locks.
 */
#ifndef ENGINE_BASE_MEM_DIR_H
#define ENGINE_BASE_MEM_DIR_H

#include "engine/base/env_mem.h"

struct mem_file;
struct mem_rand;

struct mem_entry {
	char name[ENV_NAME_MAX + 1];
	struct mem_file *file; /* a reference */
};

struct mem_table {
	struct mem_entry *entries; /* owned, in no order */
	size_t count;
	size_t cap;
};

struct mem_name_op {
	bool put; /* gave @name to @file, else took it */
	char name[ENV_NAME_MAX + 1];
	char from[ENV_NAME_MAX + 1]; /* a rename: the name it freed, or "" */
	struct mem_file *file;       /* a reference */
};

struct mem_dir {
	struct mem_table now;
	struct mem_table disk;
	struct mem_name_op *ops; /* owned: since the last sync, in order */
	size_t op_count;
	size_t op_cap;
};

void mem_dir_fini(struct mem_dir *dir);

/* Borrowed, or NULL if there is no such name. */
struct mem_file *mem_dir_find(const struct mem_dir *dir, const char *name);

/* Adds a name for a new file. */
int mem_dir_create(struct mem_dir *dir, const char *name,
		   struct mem_file *file) MUST_USE;

/* Both return -ENOENT if there is no such name. */
int mem_dir_rename(struct mem_dir *dir, const char *from,
		   const char *to) MUST_USE;
int mem_dir_remove(struct mem_dir *dir, const char *name) MUST_USE;

int mem_dir_sync(struct mem_dir *dir) MUST_USE;

/* The sum of the sizes of the files as the process sees them. */
uint64_t mem_dir_bytes(const struct mem_dir *dir);

/*
 * Fills the empty @out with names and files that may be found after a power
 * cut.  @out needs mem_dir_fini() after an error too.
 */
int mem_dir_cut(const struct mem_dir *dir, enum env_mem_loss loss,
		struct mem_rand *rand, struct mem_dir *out) MUST_USE;

#endif
