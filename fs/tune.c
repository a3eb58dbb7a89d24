#include "fs/tune.h"

#include <inttypes.h>
#include <stdlib.h>

#include "engine/base/error.h"
#include "fs/fs.h"
#include "fs/say.h"
#include "fs/superblock.h"
#include "fs/value.h"

void tune_divide(size_t memory_bytes, struct kv_tuning *out)
{
	out->memtable_bytes_max = memory_bytes / 8;
	out->tree_memory_bytes = memory_bytes / 4 * 3;
	out->blob_cache_bytes = memory_bytes / 4;
}

static int set_memory(struct kv_tuning *t, const char *text)
{
	uint64_t bytes;
	int rc = value_size(text, FS_MEMORY_MIN, FS_MEMORY_MAX, &bytes);

	if (rc == 0)
		tune_divide(bytes, t);
	return rc;
}

static int set_interval(struct kv_tuning *t, const char *text)
{
	uint64_t ms;
	int rc = value_ms(text, FS_SYNC_MS_MIN, FS_SYNC_MS_MAX, &ms);

	if (rc == 0)
		t->sync_interval_ms = (unsigned)ms;
	return rc;
}

static int set_compression(struct kv_tuning *t, const char *text)
{
	bool on = strcmp(text, "on") == 0;

	if (!on && strcmp(text, "off") != 0)
		return -EINVAL;
	t->compress = on;
	return 0;
}

static const struct setting {
	const char *name;
	const char *range; /* for people */
	int (*set)(struct kv_tuning *t, const char *text);
} settings[] = {
	{ "memory", FS_MEMORY_RANGE, set_memory },
	{ "sync_interval", FS_SYNC_RANGE, set_interval },
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
			 "%s: no such setting; tune without any shows "
			 "what there is",
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
