#include "engine/output.h"

#include "engine/sst_writer.h"
#include "engine/store.h"

void output_fini(struct output *o)
{
	sst_writer_close(o->writer);
	buf_fini(&o->from);
}

static int begin_table(struct output *o)
{
	const struct sst_writer_options options = {
		.block_bytes = o->kv->options.block_bytes,
		.compress = o->kv->tuned.compress,
		.thread = o->kv->options.background,
		.write_bytes = o->kv->options.sst_write_bytes,
	};

	o->number = store_next_number(o->kv);
	return sst_writer_open(&o->writer, o->kv->env, o->number,
			       o->kv->store_id, &options);
}

static int finish_table(struct output *o)
{
	struct sst_props props = { 0 };
	struct sst *sst;
	uint64_t size;
	int rc;

	if (!o->writer)
		return 0;
	rc = sst_writer_finish(o->writer, &props, &size);
	if (rc < 0)
		return rc;
	sst_writer_close(o->writer);
	o->writer = NULL;
	sst = sst_new(o->kv->env, o->kv->store_id, o->number, size, &props);
	if (!sst)
		return -ENOMEM;
	rc = edit_add_sst(o->edit, o->level, sst);
	sst_unref(sst);
	return rc;
}

static bool is_full(const struct output *o)
{
	return o->writer && sst_writer_is_full(o->writer, o->bytes_max);
}

/* What is left of the next fragment; false if there is none. */
static bool next_range(const struct output *o, struct range_del *d)
{
	if (o->range_at == o->ranges->count)
		return false;
	*d = o->ranges->items[o->range_at];
	if (slice_cmp(d->from, buf_slice(&o->from)) < 0)
		d->from = buf_slice(&o->from);
	return true;
}

static int add_range(struct output *o, const struct range_del *d)
{
	int rc = 0;

	o->range_at++;
	if (o->useless(o->context, d->from, d->to, d->seq))
		return 0;
	if (!o->writer)
		rc = begin_table(o);
	return rc < 0 ? rc : sst_writer_add_range(o->writer, d);
}

/*
 * The table ends here: it gets the fragments before @end, and of those that
 * reach beyond the part before it.  They are to go on there.
 */
static int cut(struct output *o, struct slice end)
{
	struct range_del d;
	int rc = 0;

	while (rc == 0 && next_range(o, &d) && slice_cmp(d.from, end) < 0) {
		if (slice_cmp(d.to, end) > 0)
			d.to = end;
		rc = add_range(o, &d);
	}
	while (o->range_at > 0 &&
	       slice_cmp(o->ranges->items[o->range_at - 1].to, end) > 0)
		o->range_at--;
	if (rc == 0)
		rc = finish_table(o);
	return rc < 0 ? rc : buf_assign(&o->from, end);
}

/*
 * Adds the fragments that end at @key or before it; all that are left if it is
 * NULL.  Where they end, all entries so far lie behind: those of one range are
 * added together, and then a full table ends.
 */
static int pass_ranges(struct output *o, const struct slice *key)
{
	struct range_del d, next;
	int rc = 0;

	while (rc == 0 && next_range(o, &d) &&
	       (!key || slice_cmp(d.to, *key) <= 0)) {
		rc = add_range(o, &d);
		if (rc == 0 && is_full(o) &&
		    !(next_range(o, &next) && slice_cmp(next.from, d.to) < 0))
			rc = cut(o, d.to);
	}
	return rc;
}

int output_add(struct output *o, const struct entry *e)
{
	int rc = 0;

	if (unlikely(o->range_at < o->ranges->count))
		rc = pass_ranges(o, &e->key);
	if (rc == 0 && is_full(o) &&
	    !slice_eq(sst_writer_last_key(o->writer), e->key))
		rc = cut(o, e->key);
	if (rc == 0 && !o->writer)
		rc = begin_table(o);
	return rc < 0 ? rc : sst_writer_add(o->writer, e);
}

int output_finish(struct output *o)
{
	int rc = pass_ranges(o, NULL);

	return rc < 0 ? rc : finish_table(o);
}
