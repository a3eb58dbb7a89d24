#include "engine/base/env.h"
#include "engine/file_format.h"
#include "engine/manifest.h"
#include "engine/version.h"
#include "tests/fuzz/fuzz.h"

static const uint8_t any_store[16];

void fuzz_edit(struct slice in)
{
	struct buf once = { 0 }, twice = { 0 };
	struct env *env = fuzz_env("x", in);
	struct edit e = { 0 }, again = { 0 };

	if (edit_decode(&e, in, env, any_store) == 0) {
		fuzz_check(edit_encode(&e, &once) == 0);
		fuzz_check(edit_decode(&again, buf_slice(&once), env,
				       any_store) == 0);
		fuzz_check(edit_encode(&again, &twice) == 0);
		fuzz_check(slice_eq(buf_slice(&once), buf_slice(&twice)));
	}
	edit_fini(&e);
	edit_fini(&again);
	buf_fini(&once);
	buf_fini(&twice);
	env_free(env);
}

/* SUPER, then the manifest that it names, whatever its number. */
void fuzz_super(struct slice in)
{
	const size_t super_size = FILE_HEADER_SIZE + SUPER_SIZE;
	char name[ENV_NAME_MAX + 1];
	_Atomic uint64_t next_number = 1;
	struct edit sum = { 0 };
	struct manifest m;
	struct env *env;

	if (in.size < super_size)
		return;
	env = fuzz_env(FILE_SUPER_NAME, slice_of(in.data, super_size));
	manifest_init(&m, env, &next_number);
	if (manifest_read_super(env, &m.super) == 0) {
		file_name(name, FILE_MANIFEST, m.super.manifest);
		fuzz_add_file(env, name,
			      slice_of((const char *)in.data + super_size,
				       in.size - super_size));
		(void)!manifest_read(&m, &sum);
		edit_fini(&sum);
	}
	manifest_fini(&m);
	env_free(env);
}
