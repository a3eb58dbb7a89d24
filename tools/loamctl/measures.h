/*
 * measures: the numbers that fs_admin() has of a store, as they came.
 *
 * One thread.
 */
#ifndef TOOLS_LOAMCTL_MEASURES_H
#define TOOLS_LOAMCTL_MEASURES_H

#include "engine/base/buf.h"
#include "tools/loamctl/target.h"

#define MEASURES_MAX 512

struct measure_item {
	const char *group; /* both borrowed from the text */
	const char *name;
	uint64_t value;
};

/* All zero is an empty one. */
struct measures {
	struct buf text;
	struct measure_item at[MEASURES_MAX];
	size_t count;
};

/* Asks @t for them, in place of those that were there. */
int measures_get(struct measures *m, struct target *t) MUST_USE;
void measures_fini(struct measures *m);

/* Where the group that begins at @i ends. */
size_t measures_end(const struct measures *m, size_t i);

/*
 * The member of the group from @i to @end whose name is @name, or begins with
 * it and a unit; or NULL.
 */
const struct measure_item *measures_find(const struct measures *m, size_t i,
					 size_t end, const char *name);

/* That number, or 0 if there is none. */
uint64_t measures_value(const struct measures *m, const char *group,
			const char *name);

#endif
