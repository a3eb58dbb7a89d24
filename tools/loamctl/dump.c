/*
 * dump: what is in the files of a store, as they lie there: it opens no store,
 * takes no lock and writes nothing, so that it works on what does not open, and
 * beside a daemon, whose newest bytes may look torn.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/base/env.h"
#include "engine/base/error.h"
#include "engine/kv.h"
#include "fs/describe.h"
#include "src/wire.h"
#include "tools/loamctl/loamctl.h"
#include "tools/loamctl/out.h"
#include "tools/loamctl/target.h"

struct dump {
	struct env *env;
	bool keys;
	bool damaged;
	uint64_t done, total;        /* files */
	char file[ENV_NAME_MAX + 1]; /* whose heading was printed */
};

/* Words for an entry's key, its end, and its value, each with a NUL. */
static int describe(const struct kv_dump_item *item, struct buf *key,
		    struct buf *end, struct buf *value)
{
	int rc = describe_key(item->key, key);

	if (rc == 0)
		rc = buf_append(key, "", 1);
	if (rc == 0 && item->key_end.size > 0)
		rc = describe_key(item->key_end, end);
	if (rc == 0)
		rc = buf_append(end, "", 1);
	if (rc == 0 && item->has_value)
		rc = describe_value(item->key, item->value, value);
	return rc < 0 ? rc : buf_append(value, "", 1);
}

static void show_json(const struct kv_dump_item *item, const char *key,
		      const char *end, const char *value)
{
	out_json_item();
	out_json_string("file", item->file);
	out_json_string("what", item->what);
	out_json_number("offset", item->offset);
	out_json_number("size", item->size);
	out_json_string("words", item->words);
	out_json_bool("damaged", item->rc < 0);
	if (item->key.size > 0) {
		out_json_string("key", key);
		if (*end)
			out_json_string("key_end", end);
		if (*value)
			out_json_string("value", value);
	}
	out_json_end();
}

static void show_text(struct dump *d, const struct kv_dump_item *item,
		      const char *key, const char *end, const char *value)
{
	if (strcmp(d->file, item->file) != 0) {
		snprintf(d->file, sizeof(d->file), "%s", item->file);
		printf("%s%s%s\n", out_bold(), item->file, out_plain());
	}
	if (item->key.size == 0) {
		printf("%12" PRIu64 " %8" PRIu64 "  %-10s %s", item->offset,
		       item->size, item->what, item->rc < 0 ? "DAMAGED: " : "");
		out_text(item->words);
	} else {
		printf("%22s %-10s ", "", "");
		out_text(item->words);
		fputs("  ", stdout);
		out_text(key);
		if (*end) {
			fputs("  to ", stdout);
			out_text(end);
		}
		if (*value) {
			fputs("  ", stdout);
			out_text(value);
		}
	}
	putchar('\n');
}

static int show(void *arg, const struct kv_dump_item *item)
{
	struct buf key = BUF_INIT, end = BUF_INIT, value = BUF_INIT;
	struct dump *d = arg;
	int rc = 0;

	if (item->key.size > 0)
		rc = describe(item, &key, &end, &value);
	if (rc == 0)
		out_progress_end();
	if (rc == 0 && loamctl_json)
		show_json(item, (char *)key.data, (char *)end.data,
			  (char *)value.data);
	else if (rc == 0)
		show_text(d, item, (char *)key.data, (char *)end.data,
			  (char *)value.data);
	buf_fini(&key);
	buf_fini(&end);
	buf_fini(&value);
	return rc;
}

/* A file may go while we are at it: a daemon is perhaps at work. */
static int dump_file(struct dump *d, const char *name)
{
	int rc = kv_dump(d->env, name, d->keys, show, d);

	if (rc == -EUCLEAN)
		d->damaged = true;
	d->done++;
	out_progress("files", true, d->done, d->total);
	return rc == -EUCLEAN || (rc == -ENOENT && d->total > 1) ? 0 : rc;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

static int dump_files(struct dump *d)
{
	struct env_names names = { 0 };
	size_t i;
	int rc;

	rc = env_list(d->env, &names);
	if (rc < 0)
		return rc;
	d->total = names.count;
	if (names.count > 0)
		qsort(names.names, names.count, sizeof(*names.names), by_name);
	else
		rc = error_set(-ENOENT, "there is no store");
	for (i = 0; rc == 0 && i < names.count; i++)
		if (strcmp(names.names[i], WIRE_SOCKET_NAME) != 0)
			rc = dump_file(d, names.names[i]);
	env_names_fini(&names);
	return rc;
}

static int dump(struct dump *d, const char *path)
{
	char *store = NULL;
	int rc;

	rc = target_mount_of(path, &store);
	if (rc == 0)
		rc = env_posix_new(&d->env, store ? store : path, false);
	free(store);
	if (rc < 0)
		return rc;
	rc = loamctl_value ? dump_file(d, loamctl_value) : dump_files(d);
	env_free(d->env);
	return rc;
}

int dump_run(const struct command *c, char **arguments)
{
	struct dump d = { .keys = strchr(loamctl_options, 'K') };
	int rc;

	if (loamctl_json) {
		out_json_begin();
		out_json_array("parts");
	}
	rc = dump(&d, arguments[0]);
	out_progress_end();
	if (loamctl_json) {
		out_json_end();
		out_json_bool("damaged", d.damaged);
		out_json_end();
	}
	if (rc < 0)
		out_failed(c->name, arguments[0], rc);
	return rc < 0 ? EXITS_FAILED : d.damaged ? EXITS_DAMAGED : EXITS_DONE;
}
