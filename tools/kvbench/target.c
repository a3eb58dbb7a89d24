#include "config.h"

#include "tools/kvbench/target.h"

const struct target *const targets[] = {
	&target_loamfs,
#ifdef HAVE_ROCKSDB
	&target_rocksdb, &target_rocksdb_blob,
#endif
#ifdef HAVE_LEVELDB
	&target_leveldb,
#endif
#ifdef HAVE_LMDB
	&target_lmdb,
#endif
};

const size_t targets_count = ARRAY_SIZE(targets);

const struct target *target_find(const char *name)
{
	size_t i;

	for (i = 0; i < targets_count; i++) {
		if (strcmp(targets[i]->name, name) == 0)
			return targets[i];
	}
	return NULL;
}
