#include "tools/kvbench/items.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/base/error.h"
#include "tools/kvbench/random.h"
#include "tools/kvbench/target.h"

#define POOL_BYTES     MIB
#define POOL_SEED      11
#define PIECE_MAX      ((size_t)1024) /* bytes: half random, half not */
#define POOL_STEP      ((size_t)8)    /* bytes: keeps the numbers aligned */
#define ZIPF_EXPONENT  0.99
#define ABSENT_TAIL    'x'
#define PRESENT_TAIL   '0'
#define KEY_TAIL_BYTES 8

static struct slice key_with_tail(uint8_t *buf, uint64_t id, char tail)
{
	uint64_t big_endian = __builtin_bswap64(id);

	memcpy(buf, &big_endian, sizeof(big_endian));
	memset(buf + sizeof(big_endian), tail, KEY_TAIL_BYTES);
	return slice_of(buf, sizeof(big_endian) + KEY_TAIL_BYTES);
}

struct slice item_key_ordered(uint8_t buf[ITEM_KEY_MAX], uint64_t id)
{
	return key_with_tail(buf, id, PRESENT_TAIL);
}

struct slice item_key_absent(uint8_t buf[ITEM_KEY_MAX], uint64_t id)
{
	return key_with_tail(buf, id, ABSENT_TAIL);
}

struct slice item_key_decimal(uint8_t buf[ITEM_KEY_MAX], uint64_t id)
{
	int size = snprintf((char *)buf, ITEM_KEY_MAX, "key_%u", (unsigned)id);

	return slice_of(buf, (size_t)size);
}

int items_init(struct items *items, const struct target *target, item_key key,
	       size_t value_size)
{
	size_t piece = size_max(size_min(value_size, PIECE_MAX), 2);
	struct random r = { .state = POOL_SEED };
	size_t size = POOL_BYTES + value_size;
	uint8_t *pool = malloc(size);
	size_t i;

	if (!pool)
		return -ENOMEM;
	for (i = 0; i < size; i++)
		pool[i] = i % piece < piece / 2 ? (uint8_t)random_next(&r)
						: (uint8_t)'v';
	*items = (struct items){
		.target = target,
		.key = key,
		.value_size = value_size,
		.pool = pool,
	};
	return 0;
}

void items_fini(struct items *items)
{
	free(items->pool);
	items->pool = NULL;
}

struct slice items_value(struct items *items, uint64_t id)
{
	uint8_t *value;
	size_t step;

	step = items->value_size + POOL_STEP - items->value_size % POOL_STEP;
	if (items->pool_at >= POOL_BYTES)
		items->pool_at = 0;
	value = items->pool + items->pool_at;
	items->pool_at += step;
	if (items->value_size >= sizeof(id))
		memcpy(value, &id, sizeof(id));
	return slice_of(value, items->value_size);
}

int items_put(struct items *items, void *session, uint64_t id)
{
	uint8_t buf[ITEM_KEY_MAX];
	struct target_write write = {
		.key = items->key(buf, id),
		.value = items_value(items, id),
	};

	return items->target->write(session, &write, 1);
}

int items_get(struct items *items, void *session, uint64_t id)
{
	uint8_t buf[ITEM_KEY_MAX];
	struct target_seen seen;
	int rc;

	rc = items->target->get(session, items->key(buf, id), &seen);
	if (rc < 0)
		return rc;
	if (unlikely(seen.size != items->value_size ||
		     (seen.size >= sizeof(id) && seen.head != id)))
		return error_set(-EBADMSG, "item %llu has another value",
				 (unsigned long long)id);
	return 0;
}

int items_put_all(struct items *items, void *session, const uint32_t *ids,
		  size_t count)
{
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < count; i++)
		rc = items_put(items, session, ids[i]);
	return rc;
}

int items_get_all(struct items *items, void *session, const uint32_t *ids,
		  size_t count)
{
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < count; i++)
		rc = items_get(items, session, ids[i]);
	return rc;
}

uint32_t *ids_ordered(size_t count)
{
	uint32_t *ids = calloc(count, sizeof(*ids));
	size_t i;

	for (i = 0; ids && i < count; i++)
		ids[i] = (uint32_t)i;
	return ids;
}

static void shuffle(uint32_t *ids, size_t count, struct random *r)
{
	size_t i;

	for (i = count; i > 1; i--) {
		size_t j = random_below(r, i);
		uint32_t id = ids[i - 1];

		ids[i - 1] = ids[j];
		ids[j] = id;
	}
}

uint32_t *ids_shuffled(size_t count, uint64_t seed)
{
	struct random r = { .state = seed };
	uint32_t *ids = ids_ordered(count);

	if (ids)
		shuffle(ids, count, &r);
	return ids;
}

uint32_t *ids_random(size_t count, size_t below, uint64_t seed)
{
	struct random r = { .state = seed };
	uint32_t *ids = calloc(count, sizeof(*ids));
	size_t i;

	for (i = 0; ids && i < count; i++)
		ids[i] = (uint32_t)random_below(&r, below);
	return ids;
}

/* The first rank whose share of all, with those before it, is above @unit. */
static size_t rank_at(const double *shares, size_t ranks, double unit)
{
	size_t low = 0;
	size_t high = ranks - 1;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (shares[mid] > unit)
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}

/* Ranks are dealt out to shuffled numbers: neighbours are not alike. */
uint32_t *ids_zipf(size_t count, size_t below, uint64_t seed)
{
	struct random r = { .state = seed };
	double *shares = calloc(below, sizeof(*shares));
	uint32_t *of_rank = ids_shuffled(below, seed + 1);
	uint32_t *ids = calloc(count, sizeof(*ids));
	double sum = 0;
	size_t i;

	if (!shares || !of_rank || !ids) {
		free(ids);
		ids = NULL;
		goto free_tables;
	}
	for (i = 0; i < below; i++)
		shares[i] = sum += pow((double)(i + 1), -ZIPF_EXPONENT);
	for (i = 0; i < count; i++)
		ids[i] = of_rank[rank_at(shares, below, random_unit(&r) * sum)];

free_tables:
	free(of_rank);
	free(shares);
	return ids;
}
