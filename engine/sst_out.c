#include "engine/sst_out.h"

#include "engine/file_format.h"

int sst_out_open(struct sst_out *o, struct env *env, uint64_t number,
		 const uint8_t store_id[16], size_t write_bytes)
{
	struct file_header header;
	struct env_file *file;
	int rc;

	rc = file_create(env, FILE_SST, number, store_id, &file, &header);
	if (rc < 0)
		return rc;
	*o = (struct sst_out){
		.env = env,
		.file = file,
		.number = number,
		.salt = header.salt,
		.write_bytes = write_bytes,
		.pending_at = FILE_HEADER_SIZE,
	};
	return 0;
}

void sst_out_close(struct sst_out *o)
{
	char name[ENV_NAME_MAX + 1];

	if (!o->file)
		return;
	env_close(o->file);
	if (!o->finished) {
		file_name(name, FILE_SST, o->number);
		/* What stays behind is removed when the store is opened. */
		(void)!env_remove(o->env, name);
	}
	buf_fini(&o->pending);
	o->file = NULL;
}

uint64_t sst_out_size(const struct sst_out *o)
{
	return o->pending_at + o->pending.size;
}

static int write_pending(struct sst_out *o)
{
	struct slice part = buf_slice(&o->pending);
	int rc;

	if (part.size == 0)
		return 0;
	rc = env_write_at(o->file, &part, 1, o->pending_at);
	if (rc < 0)
		return rc;
	/* All of it is synced in the end: then little is left to do. */
	env_sync_soon(o->file, o->pending_at, part.size);
	o->pending_at += part.size;
	buf_reset(&o->pending);
	return 0;
}

int sst_out_chunk(struct sst_out *o, struct slice raw, bool compress,
		  struct sst_handle *handle)
{
	uint64_t offset = sst_out_size(o), size;
	int rc;

	rc = sst_chunk_encode(&o->pending, raw, compress, o->salt, offset,
			      &size);
	if (rc < 0)
		return rc;
	*handle = (struct sst_handle){ .offset = offset, .size = size };
	return o->pending.size >= o->write_bytes ? write_pending(o) : 0;
}

int sst_out_finish(struct sst_out *o, struct sst_handle props)
{
	uint8_t footer[SST_FOOTER_SIZE];
	int rc;

	sst_footer_encode(props, o->salt, sst_out_size(o), footer);
	rc = buf_append(&o->pending, footer, sizeof(footer));
	if (rc == 0)
		rc = write_pending(o);
	if (rc == 0)
		rc = env_sync(o->file);
	o->finished = rc == 0;
	return rc;
}
