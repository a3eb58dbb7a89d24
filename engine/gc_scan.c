#include "engine/gc_scan.h"

#include <stdlib.h>

#include "engine/gc.h"
#include "engine/merge.h"
#include "engine/store.h"

#define ENTRIES_A_LOOK 1024 /* between looks whether to stop */

struct scan {
	struct kv *kv;
	struct gc_file *files;
	size_t count;
	struct sst **ssts; /* owned: borrowed references, level by level */
	struct source **sources; /* owned */
	size_t source_count;
};

static struct gc_file *find_file(const struct scan *s, uint64_t id)
{
	size_t lo = 0, hi = s->count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		uint64_t at = s->files[mid].blob->id;

		if (at == id)
			return &s->files[mid];
		if (at < id)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

static bool refers(const struct scan *s, const struct sst *sst)
{
	size_t i;

	for (i = 0; i < s->count; i++)
		if (blob_refs_find(&sst->props.blob_refs, s->files[i].blob->id))
			return true;
	return false;
}

/* Takes @source over; NULL is no memory. */
static int add_source(struct scan *s, struct source *source)
{
	if (!source)
		return -ENOMEM;
	s->sources[s->source_count++] = source;
	return 0;
}

/* Of one level, a source over the tables that refer to any of the files. */
static int add_level(struct scan *s, const struct level *l, bool overlapping,
		     struct sst **ssts)
{
	size_t n = 0, i;
	int rc = 0;

	for (i = 0; i < l->count; i++)
		if (refers(s, l->ssts[i]))
			ssts[n++] = l->ssts[i];
	if (!overlapping && n > 0)
		rc = add_source(s, level_source(ssts, n, NULL));
	for (i = 0; overlapping && rc == 0 && i < n; i++)
		rc = add_source(s, sst_source(ssts[i], NULL));
	return rc;
}

static int add_sources(struct scan *s, const struct version *v)
{
	size_t tables = 0, at = 0;
	unsigned level;
	int rc = 0;

	for (level = 0; level < VERSION_LEVELS; level++)
		tables += v->levels[level]->count;
	s->ssts = calloc(tables + 1, sizeof(struct sst *));
	s->sources = calloc(tables + 1, sizeof(struct source *));
	if (!s->ssts || !s->sources)
		return -ENOMEM;
	for (level = 0; rc == 0 && level < VERSION_LEVELS; level++) {
		rc = add_level(s, v->levels[level], level == 0, s->ssts + at);
		at += v->levels[level]->count;
	}
	return rc;
}

static int push(struct gc_file *f, const struct blob_handle *h)
{
	size_t cap = size_max(64, f->cap * 2);
	struct blob_handle *handles;

	if (f->count == f->cap) {
		handles = reallocarray(f->handles, cap, sizeof(*handles));
		if (!handles)
			return -ENOMEM;
		f->handles = handles;
		f->cap = cap;
	}
	f->handles[f->count++] = *h;
	f->bytes += blob_record_size(h);
	return 0;
}

/* Notes what the entry refers to, if it is in one of the files. */
static int note(const struct scan *s, const struct entry *e)
{
	struct blob_handle h;
	struct gc_file *f;
	int rc;

	rc = blob_handle_decode(&h, e->value);
	if (rc < 0)
		return rc;
	f = find_file(s, h.blob_id);
	if (!f || ordinals_has(&f->ordinals, (uint32_t)h.ordinal))
		return 0;
	rc = blob_locate(f->blob, &h, s->kv->blobs, &h.offset);
	if (rc == 0)
		rc = ordinals_add(&f->ordinals, (uint32_t)h.ordinal);
	return rc < 0 ? rc : push(f, &h);
}

static int scan_entries(const struct scan *s, struct source *source)
{
	unsigned n = 0;
	int rc;

	for (rc = source_first(source); rc == 1; rc = source_next(source)) {
		if (n++ % ENTRIES_A_LOOK == 0 && gc_stopping(s->kv))
			return -EINTR;
		if (entry_kind(&source->entry) != ENTRY_BLOB)
			continue;
		rc = note(s, &source->entry);
		if (rc < 0)
			return rc;
	}
	return rc;
}

int gc_scan(struct kv *kv, const struct version *v, struct gc_file *files,
	    size_t count)
{
	struct scan s = { .kv = kv, .files = files, .count = count };
	struct source *all;
	int rc = add_sources(&s, v);

	if (rc == 0) {
		/* It takes the sources over, also when it fails. */
		all = merge_source(s.sources, s.source_count);
		s.source_count = 0;
		rc = all ? scan_entries(&s, all) : -ENOMEM;
		source_close(all);
	}
	while (s.source_count > 0)
		source_close(s.sources[--s.source_count]);
	free(s.sources);
	free(s.ssts);
	return rc;
}
