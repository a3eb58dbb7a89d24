/*
 * A file of env_mem: its bytes as the process sees them, and as the disk has
 * them for sure.
 *
 * What differs is listed by sectors, in the order in which they were first
 * written since the last sync; a sync copies those and empties the list.  A
 * listed sector remembers the span from the first to the last byte written in
 * it, since a power cut may spoil what was being written, but not what was
 * synced before into the same sector.  Bytes that a truncation took away count
 * as written.
 *
 * Invariants
 *   - now and disk have the same capacity, a multiple of the sector, and hold
 *     zeros from their size to it.
 *   - A sector that is not listed is the same in both, unless a sync has lied.
 *
 * Errors: -ENOMEM, and then nothing has changed.  Not thread-safe: env_mem
 * locks.
 */
#ifndef ENGINE_BASE_MEM_FILE_H
#define ENGINE_BASE_MEM_FILE_H

#include "engine/base/env_mem.h"

#define MEM_SECTOR ((size_t)512) /* bytes that a disk writes as one */

struct mem_rand;

struct mem_bytes {
	uint8_t *data; /* owned, of the file's cap */
	uint64_t size; /* bytes */
};

struct mem_dirty {
	uint64_t sector;
	uint16_t from, to; /* the span written in it, bytes of the sector */
};

struct mem_file {
	_Atomic unsigned refs; /* also of other envs: env_link_from() */
	struct mem_bytes now;
	struct mem_bytes disk;
	uint64_t cap;            /* bytes of each of the two */
	struct mem_dirty *dirty; /* owned */
	size_t dirty_count;
	size_t dirty_cap;
	uint32_t *dirty_of; /* owned: sector -> 1 + index in dirty, or 0 */
};

/* An empty file with one reference, or NULL. */
struct mem_file *mem_file_new(void);
struct mem_file *mem_file_ref(struct mem_file *mf);
void mem_file_unref(struct mem_file *mf);

size_t mem_file_read(const struct mem_file *mf, void *buf, size_t size,
		     uint64_t offset);

/* Makes room for a write that ends at @end and has @size bytes. */
int mem_file_reserve(struct mem_file *mf, uint64_t size, uint64_t end) MUST_USE;

/* Writes into room that mem_file_reserve() made. */
void mem_file_write(struct mem_file *mf, struct slice bytes, uint64_t offset);

int mem_file_truncate(struct mem_file *mf, uint64_t size) MUST_USE;

void mem_file_sync(struct mem_file *mf);

/* Calls all sectors synced and leaves the disk as it is. */
void mem_file_lie(struct mem_file *mf);

/* What may be found after a power cut: a new file with one reference. */
int mem_file_cut(const struct mem_file *mf, enum env_mem_loss loss,
		 struct mem_rand *rand, struct mem_file **out) MUST_USE;

#endif
