/*
 * What a repair knows of the files it found.  Private to repair*.c.
 *
 * One thread.  Errors: 0 or a negative errno.
 */
#ifndef ENGINE_REPAIR_H
#define ENGINE_REPAIR_H

#include "engine/file_format.h"

struct edit;
struct kv_repair_report;

struct survey {
	struct env *env;                 /* borrowed */
	struct kv_repair_report *report; /* borrowed */
	struct env_names names;
	uint8_t store_id[16];
	uint64_t number_max;
	uint64_t manifest; /* the newest one's number; 0: there is none */

	struct sst **ssts; /* owned references; all of them verified */
	size_t sst_count;
	uint64_t seq_max; /* the newest change in them */

	struct blob **blobs; /* owned references, rising by id and number */
	size_t blob_count;

	uint64_t *logs; /* owned: their numbers, rising */
	size_t log_count;
};

/*
 * Lists the files, before anything is touched, and finds out which store they
 * belong to.  -ENOENT: none of them shows.
 */
int survey_begin(struct survey *s, struct env *env,
		 struct kv_repair_report *report) MUST_USE;

/* Reads all tables, and sets those aside that do not verify. */
int survey_read(struct survey *s) MUST_USE;
void survey_end(struct survey *s);

/* The oldest file of that blob, borrowed, or NULL. */
struct blob *survey_blob_of(const struct survey *s, uint64_t id);

/*
 * Merges all tables into new ones, added to @edit, whose numbers are taken from
 * *next_number on.
 */
int repair_merge(struct survey *s, struct edit *edit,
		 _Atomic uint64_t *next_number) MUST_USE;

#endif
