#include "engine/base/env.h"
#include "engine/cache.h"
#include "engine/file_format.h"
#include "engine/filter.h"
#include "engine/source.h"
#include "engine/sst.h"
#include "tests/fuzz/fuzz.h"

static const uint8_t any_store[16];

void fuzz_props(struct slice in)
{
	struct buf once = { 0 }, twice = { 0 };
	struct sst_props props = { 0 };

	if (sst_props_decode(&props, in) == 0) {
		fuzz_check(sst_props_encode(&props, &once) == 0);
		sst_props_fini(&props);
		props = (struct sst_props){ 0 };
		fuzz_check(sst_props_decode(&props, buf_slice(&once)) == 0);
		fuzz_check(sst_props_encode(&props, &twice) == 0);
		fuzz_check(slice_eq(buf_slice(&once), buf_slice(&twice)));
	}
	sst_props_fini(&props);
	buf_fini(&once);
	buf_fini(&twice);
}

/* As one would who has nothing but the file. */
static int read_props(struct env_file *f, uint64_t size, uint64_t salt,
		      struct sst_props *props)
{
	struct sst_handle handle;
	size_t raw_size;
	void *raw;
	int rc;

	rc = sst_footer_read(f, size, salt, &handle);
	if (rc == 0)
		rc = sst_chunk_read(f, size, salt, handle, &raw, &raw_size);
	if (rc < 0)
		return rc;
	rc = sst_props_decode(props, slice_of(raw, raw_size));
	free(raw);
	return rc;
}

/* Both ways, by each key, and the range tombstones. */
static void walk(struct sst *sst)
{
	struct source *s = sst_source(sst, NULL);
	const struct range_dels *ranges;
	struct sst_found found;
	int rc;

	fuzz_check(s);
	for (rc = source_first(s); rc == 1; rc = source_next(s)) {
		uint64_t hash = filter_hash(s->entry.key);

		if (sst_get(sst, NULL, s->entry.key, hash, UINT64_MAX >> 8,
			    &found) == 1)
			cache_release(found.block);
	}
	for (rc = source_last(s); rc == 1; rc = source_prev(s))
		;
	source_close(s);
	(void)!sst_ranges(sst, &ranges);
}

void fuzz_table(struct slice in)
{
	const struct file_header want = { .kind = FILE_SST, .number = 1 };
	struct env *env = fuzz_env("000001.sst", in);
	struct sst_props props = { 0 };
	struct file_header header;
	struct env_file *f;
	struct sst *sst;
	int rc;

	fuzz_check(env_open(env, "000001.sst", ENV_READ, &f) == 0);
	rc = file_header_read(f, &want, &header);
	if (rc == 0)
		rc = read_props(f, in.size, header.salt, &props);
	env_close(f);
	if (rc < 0) {
		sst_props_fini(&props);
	} else {
		sst = sst_new(env, any_store, 1, in.size, &props);
		fuzz_check(sst);
		walk(sst);
		sst_unref(sst);
	}
	env_free(env);
}
