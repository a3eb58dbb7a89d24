#include "fs/tune.h"

#include <inttypes.h>
#include <stdlib.h>

#include "engine/base/error.h"
#include "fs/say.h"
#include "fs/superblock.h"

#define MEMORY_MIN   ((uint64_t)16 << 20) /* bytes */
#define MEMORY_MAX   ((uint64_t)1 << 40)  /* bytes */
#define INTERVAL_MIN ((uint64_t)100)      /* ms */
#define INTERVAL_MAX ((uint64_t)3600000)  /* ms */

void tune_divide(size_t memory_bytes, struct kv_tuning *out)
{
	out->memtable_bytes_max = memory_bytes / 8;
	out->tree_memory_bytes = memory_bytes / 4 * 3;
	out->blob_cache_bytes = memory_bytes / 4;
}

/* A unit that may stand behind a number, and what it stands for. */
struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit memory_units[] = {
	{ "", 1 },
	{ "K", (uint64_t)1 << 10 },
	{ "M", (uint64_t)1 << 20 },
	{ "G", (uint64_t)1 << 30 },
	{ NULL, 0 },
};

static const struct unit time_units[] = {
	{ "", 1000 },
	{ "s", 1000 },
	{ "ms", 1 },
	{ NULL, 0 },
};

/* A number and a unit, from @min to @max. */
static int parse(const char *text, const struct unit *units, uint64_t min,
		 uint64_t max, uint64_t *out)
{
	uint64_t value = 0;
	const char *c;

	for (c = text; *c >= '0' && *c <= '9'; c++)
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*c - '0'), &value))
			return -ERANGE;
	while (c > text && units->name && strcmp(units->name, c) != 0)
		units++;
	if (c == text || !units->name ||
	    __builtin_mul_overflow(value, units->factor, &value) ||
	    value < min || value > max)
		return -ERANGE;
	*out = value;
	return 0;
}

static int set_memory(struct kv_tuning *t, const char *text)
{
	uint64_t bytes;
	int rc = parse(text, memory_units, MEMORY_MIN, MEMORY_MAX, &bytes);

	if (rc == 0)
		tune_divide(bytes, t);
	return rc;
}

static int set_interval(struct kv_tuning *t, const char *text)
{
	uint64_t ms;
	int rc = parse(text, time_units, INTERVAL_MIN, INTERVAL_MAX, &ms);

	if (rc == 0)
		t->sync_interval_ms = (unsigned)ms;
	return rc;
}

static int set_compression(struct kv_tuning *t, const char *text)
{
	bool on = strcmp(text, "on") == 0;

	if (!on && strcmp(text, "off") != 0)
		return -ERANGE;
	t->compress = on;
	return 0;
}

static const struct setting {
	const char *name;
	const char *range; /* for people */
	int (*set)(struct kv_tuning *t, const char *text);
} settings[] = {
	{ "memory", "16M to 1024G", set_memory },
	{ "sync_interval", "100ms to 3600s", set_interval },
	{ "compression", "on or off", set_compression },
};

/* "NAME=VALUE" */
static int set(struct kv_tuning *t, char *word)
{
	char *value = strchr(word, '=');
	size_t i;

	if (!value)
		return error_set(-EINVAL, "%s: not NAME=VALUE", word);
	*value++ = '\0';
	for (i = 0; i < ARRAY_SIZE(settings); i++) {
		if (strcmp(settings[i].name, word) != 0)
			continue;
		if (settings[i].set(t, value) == 0)
			return 0;
		return error_set(-EINVAL, "%s=%s: not from the range %s", word,
				 value, settings[i].range);
	}
	return error_set(-EINVAL,
			 "%s: no such setting; there are memory, "
			 "sync_interval and compression",
			 word);
}

int tune_set(struct fs *fs, const char *words)
{
	char *copy = strdup(words), *rest = copy, *word;
	struct kv_tuning t;
	int rc = copy ? 0 : -ENOMEM;

	kv_tuning(fs->kv, &t);
	while (rc == 0 && (word = strsep(&rest, " ")))
		if (*word)
			rc = set(&t, word);
	free(copy);
	return rc < 0 ? rc : kv_tune(fs->kv, &t);
}

int tune_show(struct fs *fs, const struct fs_sink *sink)
{
	struct kv_tuning t;

	kv_tuning(fs->kv, &t);
	return say(sink,
		   "memory %" PRIu64 "M %s\nsync_interval %ums %s\n"
		   "compression %s %s\n",
		   (uint64_t)(t.tree_memory_bytes + t.blob_cache_bytes) >> 20,
		   settings[0].range, t.sync_interval_ms, settings[1].range,
		   t.compress ? "on" : "off", settings[2].range);
}
