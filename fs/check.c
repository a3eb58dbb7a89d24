#include "fs/check.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/base/error.h"
#include "fs/repair.h"

static size_t place_of(const struct check *c, uint64_t ino)
{
	size_t low = 0, high = c->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (c->seen[mid].ino < ino)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

struct seen *check_find(struct check *c, uint64_t ino)
{
	size_t at = place_of(c, ino);

	return at < c->count && c->seen[at].ino == ino ? &c->seen[at] : NULL;
}

struct seen *check_insert(struct check *c, uint64_t ino)
{
	size_t at = place_of(c, ino);
	struct seen *s;

	if (c->count == c->cap) {
		size_t cap = size_max(64, c->cap * 2);

		s = reallocarray(c->seen, cap, sizeof(*s));
		if (!s)
			return NULL;
		c->seen = s;
		c->cap = cap;
	}
	s = &c->seen[at];
	memmove(s + 1, s, (c->count - at) * sizeof(*s));
	*s = (struct seen){ .ino = ino };
	c->count++;
	return s;
}

int check_wrong(struct check *c, const char *fmt, ...)
{
	char words[ERROR_TEXT_SIZE];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(words, sizeof(words), fmt, ap);
	va_end(ap);
	c->counts.problems++;
	if (c->options->problem)
		c->options->problem(c->options->arg, words);
	if (c->options->mode == CHECK_FIRST)
		return error_set(-EUCLEAN, "%s", words);
	return 0;
}

static int check_super(struct check *c)
{
	int rc;

	rc = superblock_read(c->kv, &c->super);
	if (rc != -ENOENT && rc != -EUCLEAN)
		return rc;
	rc = check_wrong(c, rc == -ENOENT ? "there is no superblock"
					  : "superblock: nonsense");
	if (rc == 0)
		repair_make_super(c);
	return rc;
}

/* The numbers that the superblock knows of the whole. */
static int check_counters(struct check *c)
{
	struct superblock *super = &c->super;
	size_t i;
	int rc = 0;

	c->counts.inodes = c->count;
	c->counts.data_bytes = 0;
	for (i = 0; i < c->count; i++)
		if (S_ISREG(c->seen[i].rec.mode))
			c->counts.data_bytes += c->seen[i].rec.size;
	if (c->counts.xattrs > 0 && !(super->incompat & SUPERBLOCK_XATTRS)) {
		rc = check_wrong(c,
				 "superblock: says that there are no xattrs");
		super->incompat |= SUPERBLOCK_XATTRS;
	}
	/* Mending has changed what they count. */
	if (rc < 0 || !super->clean || c->counts.problems > 0)
		return rc;
	if (super->inodes != c->counts.inodes ||
	    super->data_bytes != c->counts.data_bytes)
		return check_wrong(c,
				   "superblock: counts %" PRIu64
				   " inodes, %" PRIu64
				   " bytes; there are %" PRIu64 ", %" PRIu64,
				   super->inodes, super->data_bytes,
				   c->counts.inodes, c->counts.data_bytes);
	return 0;
}

static int check_all(struct check *c)
{
	int rc;

	rc = check_super(c);
	if (rc == 0)
		rc = check_records(c);
	if (rc == 0)
		rc = check_root(c);
	/* Whoever ends at the first is told by the walk that follows. */
	if (rc == 0 && c->options->mode != CHECK_FIRST)
		rc = check_owners(c);
	if (rc == 0)
		rc = check_references(c);
	if (rc == 0)
		rc = check_inodes(c);
	if (rc == 0)
		rc = check_counters(c);
	if (rc == 0)
		rc = repair_finish(c);
	return rc;
}

int fs_check_with(struct kv *kv, const struct check_options *options,
		  struct check_counts *out)
{
	struct check c = { .kv = kv, .options = options };
	int rc;

	if (options->mode == CHECK_MEND) {
		c.batch = kv_batch_new();
		if (!c.batch)
			return -ENOMEM;
	}
	rc = check_all(&c);
	kv_batch_free(c.batch);
	free(c.seen);
	if (rc == 0 && out)
		*out = c.counts;
	return rc;
}

int fs_check(struct kv *kv, struct check_counts *out)
{
	const struct check_options options = { .mode = CHECK_FIRST };

	return fs_check_with(kv, &options, out);
}
