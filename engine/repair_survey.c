/* Looking at every file of a store that does not open. */
#include <stdlib.h>

#include "engine/base/error.h"
#include "engine/kv.h"
#include "engine/repair.h"
#include "engine/sst.h"
#include "engine/vlog.h"

/* The bytes are wrong for good; -EIO may be another thing the next time. */
static bool is_damage(int rc)
{
	return rc == -EBADMSG || rc == -EUCLEAN;
}

static int compare_u64(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int by_number(const void *a, const void *b)
{
	return compare_u64(*(const uint64_t *)a, *(const uint64_t *)b);
}

/* Whether the header of the file shows what it should; any store's. */
static int read_header(struct survey *s, enum file_kind kind, uint64_t number,
		       struct file_header *header)
{
	static const uint8_t any[16];
	struct env_file *f;
	int rc;

	rc = file_open(s->env, kind, number, any, ENV_READ, &f, header);
	if (rc == 0)
		env_close(f);
	return rc;
}

/* The first header that verifies says whose files these are. */
static int find_store_id(struct survey *s)
{
	struct file_header header;
	enum file_kind kind;
	uint64_t number;
	size_t i;
	int rc;

	for (i = 0; i < s->names.count; i++) {
		if (!file_name_parse(s->names.names[i], &kind, &number))
			continue;
		rc = read_header(s, kind, number, &header);
		if (rc == 0) {
			memcpy(s->store_id, header.store_id, 16);
			return 0;
		}
		if (!is_damage(rc))
			return rc;
	}
	return error_set(-ENOENT, "there is no file of a store");
}

int survey_begin(struct survey *s, struct env *env,
		 struct kv_repair_report *report)
{
	enum file_kind kind;
	uint64_t number;
	size_t i;
	int rc;

	*s = (struct survey){ .env = env, .report = report };
	rc = env_list(env, &s->names);
	if (rc < 0)
		return rc;
	s->ssts = calloc(s->names.count + 1, sizeof(struct sst *));
	s->blobs = calloc(s->names.count + 1, sizeof(struct blob *));
	s->logs = calloc(s->names.count + 1, sizeof(*s->logs));
	if (!s->ssts || !s->blobs || !s->logs)
		return -ENOMEM;
	for (i = 0; i < s->names.count; i++) {
		if (!file_name_parse(s->names.names[i], &kind, &number))
			continue;
		s->number_max = u64_max(s->number_max, number);
		if (kind == FILE_MANIFEST)
			s->manifest = u64_max(s->manifest, number);
		if (kind == FILE_WAL)
			s->logs[s->log_count++] = number;
	}
	qsort(s->logs, s->log_count, sizeof(*s->logs), by_number);
	return find_store_id(s);
}

void survey_end(struct survey *s)
{
	size_t i;

	for (i = 0; i < s->sst_count; i++)
		sst_unref(s->ssts[i]);
	for (i = 0; i < s->blob_count; i++)
		blob_unref(s->blobs[i]);
	free(s->ssts);
	free(s->blobs);
	free(s->logs);
	env_names_fini(&s->names);
}

static int by_id_and_number(const void *a, const void *b)
{
	const struct blob *x = *(struct blob *const *)a;
	const struct blob *y = *(struct blob *const *)b;
	int order = compare_u64(x->id, y->id);

	return order ? order : compare_u64(x->number, y->number);
}

static int id_and_blob(const void *id, const void *blob)
{
	return compare_u64(*(const uint64_t *)id,
			   (*(struct blob *const *)blob)->id);
}

struct blob *survey_blob_of(const struct survey *s, uint64_t id)
{
	struct blob **b = bsearch(&id, s->blobs, s->blob_count,
				  sizeof(struct blob *), id_and_blob);

	while (b && b > s->blobs && b[-1]->id == id)
		b--;
	return b ? *b : NULL;
}

/* What the file says of itself. */
static int open_table(struct survey *s, uint64_t number, struct sst **out)
{
	struct sst_props props = { 0 };
	struct file_header header;
	struct sst_handle handle;
	struct env_file *f;
	void *data = NULL;
	uint64_t file_size;
	size_t size;
	int rc;

	rc = file_open(s->env, FILE_SST, number, s->store_id, ENV_READ, &f,
		       &header);
	if (rc < 0)
		return rc;
	rc = env_size(f, &file_size);
	if (rc == 0)
		rc = sst_footer_read(f, file_size, header.salt, &handle);
	if (rc == 0)
		rc = sst_chunk_read(f, file_size, header.salt, handle, &data,
				    &size);
	if (rc == 0)
		rc = sst_props_decode(&props, slice_of(data, size));
	free(data);
	env_close(f);
	if (rc < 0) {
		sst_props_fini(&props);
		return rc;
	}
	*out = sst_new(s->env, s->store_id, number, file_size, &props);
	return *out ? 0 : -ENOMEM;
}

/* Every byte that a merge will need. */
static int read_table(struct sst *sst)
{
	const struct range_dels *ranges;
	struct source *s = sst_source(sst, NULL);
	int rc = s ? source_first(s) : -ENOMEM;

	while (rc == 1)
		rc = source_next(s);
	if (rc == 0)
		rc = sst_ranges(sst, &ranges);
	source_close(s);
	return rc;
}

static int survey_table(struct survey *s, uint64_t number)
{
	struct sst *sst;
	int rc;

	rc = open_table(s, number, &sst);
	if (rc < 0)
		return rc;
	rc = read_table(sst);
	if (rc < 0) {
		sst_unref(sst);
		return rc;
	}
	s->seq_max = u64_max(s->seq_max, sst->props.seq_max);
	s->ssts[s->sst_count++] = sst;
	s->report->tables++;
	return 0;
}

static int survey_blob(struct survey *s, uint64_t number)
{
	struct blob *b;
	int rc;

	rc = blob_open_found(&b, s->env, number, s->store_id);
	if (rc < 0)
		return rc;
	s->blobs[s->blob_count++] = b;
	s->report->blob_files++;
	return 0;
}

static int set_aside(struct survey *s, const char *name)
{
	struct kv_repair_report *r = s->report;
	char to[ENV_NAME_MAX + 1];
	size_t size = strlen(name);

	memcpy(to, name, size);
	memcpy(to + size, ".damaged", sizeof(".damaged"));
	if (r->damaged < KV_REPAIR_NAMES)
		memcpy(r->damaged_names[r->damaged], name, size + 1);
	r->damaged++;
	return env_rename(s->env, name, to);
}

int survey_read(struct survey *s)
{
	enum file_kind kind;
	uint64_t number;
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < s->names.count; i++) {
		const char *name = s->names.names[i];

		if (!file_name_parse(name, &kind, &number))
			continue;
		if (kind == FILE_SST)
			rc = survey_table(s, number);
		else if (kind == FILE_BLOB)
			rc = survey_blob(s, number);
		if (is_damage(rc))
			rc = set_aside(s, name);
	}
	qsort(s->blobs, s->blob_count, sizeof(struct blob *), by_id_and_number);
	return rc;
}
