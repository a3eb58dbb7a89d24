/*
 * Items: numbered keys and values that can be checked.
 *
 * The item of a number always has the same key.  Its value is @value_size bytes
 * of which about half compress, taken from a pool that is made beforehand, so
 * that making values costs next to nothing; the first eight are the number, so
 * that a get can tell that it found what it looked for.  Two writes of one item
 * differ in the other bytes.
 *
 * Which numbers are used in which order comes from arrays that are made before
 * the clock starts.
 *
 * Thread safety: none; each thread has its own struct items.
 */
#ifndef TOOLS_KVBENCH_ITEMS_H
#define TOOLS_KVBENCH_ITEMS_H

#include "engine/base/slice.h"

struct target;

#define ITEM_KEY_MAX ((size_t)16) /* bytes */

/* Writes the key of @id to @buf and returns it. */
typedef struct slice (*item_key)(uint8_t buf[ITEM_KEY_MAX], uint64_t id);

struct items {
	const struct target *target;
	item_key key;
	size_t value_size; /* bytes; below eight, values have no number */

	uint8_t *pool; /* owned */
	size_t pool_at;
};

/* 16 bytes that sort as the numbers do. */
struct slice item_key_ordered(uint8_t buf[ITEM_KEY_MAX], uint64_t id);
/* As that, and no item has it, though it sorts between two that exist. */
struct slice item_key_absent(uint8_t buf[ITEM_KEY_MAX], uint64_t id);
/* "key_" and the number in decimal. */
struct slice item_key_decimal(uint8_t buf[ITEM_KEY_MAX], uint64_t id);

int items_init(struct items *items, const struct target *target, item_key key,
	       size_t value_size) MUST_USE;
void items_fini(struct items *items);

/* The next value, with the number @id; valid until the next call. */
struct slice items_value(struct items *items, uint64_t id);

/* Writes item @id alone. */
int items_put(struct items *items, void *session, uint64_t id) MUST_USE;

/* Finds item @id and checks its value; -EBADMSG if it is not what was put. */
int items_get(struct items *items, void *session, uint64_t id) MUST_USE;

/* The same for each of @ids, in that order, stopping at the first error. */
int items_put_all(struct items *items, void *session, const uint32_t *ids,
		  size_t count) MUST_USE;
int items_get_all(struct items *items, void *session, const uint32_t *ids,
		  size_t count) MUST_USE;

/* The numbers below @count: in order; shuffled.  NULL if out of memory. */
uint32_t *ids_ordered(size_t count);
uint32_t *ids_shuffled(size_t count, uint64_t seed);
/* @count numbers below @below: all alike; by Zipf's law, exponent 0.99. */
uint32_t *ids_random(size_t count, size_t below, uint64_t seed);
uint32_t *ids_zipf(size_t count, size_t below, uint64_t seed);

#endif
