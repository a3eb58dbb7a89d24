#include "engine/base/env.h"
#include "engine/reclog.h"
#include "engine/wal.h"
#include "tests/fuzz/fuzz.h"

void fuzz_record(struct slice in)
{
	struct wal_record record;
	uint32_t count = 0;
	struct entry e;
	int rc;

	rc = wal_record_open(&record, in);
	while (rc == 0 && (rc = wal_record_next(&record, &e)) == 1) {
		fuzz_check((const char *)e.key.data >= (const char *)in.data);
		fuzz_check(e.key.size <= in.size && e.value.size <= in.size);
		count++;
		rc = 0;
	}
	fuzz_check(rc < 0 || count == record.count);
}

void fuzz_log(struct slice in)
{
	static const uint8_t any_store[16];
	struct env *env = fuzz_env("000001.wal", in);
	struct reclog_reader *reader;
	struct slice payload;
	int rc;

	rc = reclog_reader_open(&reader, env, FILE_WAL, 1, any_store);
	if (rc == 0) {
		do {
			while ((rc = reclog_reader_next(reader, &payload)) == 1)
				fuzz_record(payload);
			fuzz_check(reclog_reader_offset(reader) <= in.size);
			if (rc == 0)
				rc = reclog_reader_skip(reader);
			if (rc == 0)
				rc = reclog_reader_find(reader, WAL_MARK_SIZE,
							wal_is_mark, &payload);
		} while (rc == 1);
		reclog_reader_close(reader);
	}
	env_free(env);
}
