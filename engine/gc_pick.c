#include "engine/gc_pick.h"

#include <stdlib.h>

#include "engine/blob_rewrite.h"
#include "engine/live.h"
#include "engine/store.h"

/* Files are collected together up to so much. */
#define GROUP_BYTES  (64 * MIB)
#define GROUP_VALUES (256 * KIB)

static void file_fini(struct gc_file *f)
{
	blob_unref(f->blob);
	ordinals_fini(&f->ordinals);
	free(f->handles);
}

void gc_files_free(struct gc_file *files, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		file_fini(&files[i]);
	free(files);
}

bool gc_is_due(const struct blob *b, uint64_t count, uint64_t bytes,
	       unsigned percent)
{
	uint64_t size = b->size, after = blob_rewrite_size(count, bytes);

	return after < size && (size - after) * 100 > size * percent;
}

/* Sums over all files, also those that cannot be collected now. */
struct tally {
	uint64_t bytes;
	uint64_t garbage;
};

static bool too_much(const struct tally *t, unsigned percent)
{
	return t->garbage * 100 > t->bytes * percent;
}

/* Counts what is live in @vb; returns 1 and fills @f if it is a candidate. */
static int look(const struct view *view, const struct version_blob *vb,
		unsigned percent, struct tally *t, struct gc_file *f)
{
	struct blob *b = vb->blob;
	uint64_t size = b->size, entered;
	struct live live;
	int rc;

	rc = live_count(view->version, vb, &live);
	if (rc < 0)
		return rc;
	*f = (struct gc_file){
		.blob = b,
		.live_count = live.count,
		.size_after = blob_rewrite_size(live.count, live.stored_bytes),
	};
	t->bytes += size;
	if (f->size_after < size)
		t->garbage += size - f->size_after;
	return b->sealed && !b->damaged && live.count > 0 &&
	       gc_is_due(b, live.count, live.stored_bytes, percent) &&
	       blob_is_idle(b, &entered) && !view_mts_refer(view, b->id);
}

/* The largest share of garbage first: that yields most for what is written. */
static int by_share(const void *a, const void *b)
{
	const struct gc_file *x = a, *y = b;
	unsigned __int128 m = (unsigned __int128)x->size_after * y->blob->size;
	unsigned __int128 n = (unsigned __int128)y->size_after * x->blob->size;

	return m < n ? -1 : m > n;
}

static int by_id(const void *a, const void *b)
{
	const struct gc_file *x = a, *y = b;

	return x->blob->id < y->blob->id ? -1 : x->blob->id > y->blob->id;
}

/*
 * Of @count candidates, takes to the front as many as are needed, and as belong
 * together.  Returns how many, or -ENOSPC if the medium has room for none.
 */
static ssize_t take(struct kv *kv, unsigned percent, struct tally t,
		    struct gc_file *files, size_t count)
{
	uint64_t bytes = 0, values = 0;
	struct env_space space;
	size_t taken = 0, i;
	int rc;

	rc = env_space(kv->env, &space);
	if (rc < 0)
		return rc;
	for (i = 0; i < count && too_much(&t, percent); i++) {
		struct gc_file f = files[i];
		uint64_t garbage = f.blob->size - f.size_after;

		if (bytes + f.size_after > space.bytes_free)
			continue;
		bytes += f.size_after;
		values += f.live_count;
		if (taken > 0 && (bytes > GROUP_BYTES || values > GROUP_VALUES))
			break;
		t.bytes -= garbage;
		t.garbage -= garbage;
		files[i] = files[taken];
		files[taken++] = f;
	}
	return taken == 0 && count > 0 && too_much(&t, percent)
		       ? -ENOSPC
		       : (ssize_t)taken;
}

static ssize_t pick(struct kv *kv, const struct view *view, unsigned percent,
		    struct gc_file *files)
{
	const struct version *v = view->version;
	struct tally t = { 0 };
	size_t count = 0, i;
	ssize_t taken;
	int rc;

	for (i = 0; i < v->blob_count; i++) {
		rc = look(view, &v->blobs[i], percent, &t, &files[count]);
		if (rc < 0)
			return rc;
		count += rc == 1;
	}
	if (count == 0 || !too_much(&t, percent))
		return 0;
	qsort(files, count, sizeof(*files), by_share);
	taken = take(kv, percent, t, files, count);
	if (taken <= 0)
		return taken;
	qsort(files, (size_t)taken, sizeof(*files), by_id);
	for (i = 0; i < (size_t)taken; i++)
		blob_ref(files[i].blob);
	return taken;
}

int gc_pick(struct kv *kv, unsigned percent, struct gc_file **files,
	    size_t *count)
{
	struct view *view = store_view(kv);
	struct gc_file *array;
	ssize_t n = -ENOMEM;

	array = calloc(view->version->blob_count + 1, sizeof(*array));
	if (array)
		n = pick(kv, view, percent, array);
	view_unref(view);
	if (n < 0) {
		free(array);
		return (int)n;
	}
	*files = array;
	*count = (size_t)n;
	return 0;
}

/* Keeps the files that @keep says, in their order. */
static size_t filter(struct gc_file *files, size_t count,
		     bool (*keep)(struct gc_file *f, const struct view *view),
		     const struct view *view)
{
	size_t kept = 0, i;

	for (i = 0; i < count; i++) {
		if (keep(&files[i], view))
			files[kept++] = files[i];
		else
			file_fini(&files[i]);
	}
	return kept;
}

static bool is_quiet(struct gc_file *f, const struct view *view UNUSED)
{
	return blob_is_idle(f->blob, &f->entered);
}

/* It may have died since it was picked, and not be dropped yet. */
static bool is_settled(struct gc_file *f, const struct view *view)
{
	const struct version_blob *vb = version_blob(view->version,
						     f->blob->id);
	uint64_t entered;

	return vb && vb->blob == f->blob && vb->live_count > 0 &&
	       !view_mts_refer(view, f->blob->id) &&
	       blob_is_idle(f->blob, &entered) && entered == f->entered;
}

void gc_settle(struct kv *kv, struct gc_file *files, size_t *count,
	       struct version **version)
{
	struct view *view;

	*count = filter(files, *count, is_quiet, NULL);
	view = store_view(kv);
	*count = filter(files, *count, is_settled, view);
	*version = version_ref(view->version);
	view_unref(view);
}
