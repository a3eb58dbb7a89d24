/*
 * usage: check_store [--verify] STORE
 *
 * Is the filesystem in STORE, which nobody has mounted, as it should be?  It is
 * recovered first if its daemon was killed, as a mount would do.  With
 * --verify every table and every value is read, too.
 *
 * Prints what there is.  Ends with status 1 and the first thing that is wrong.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/env.h"
#include "engine/kv.h"
#include "fs/check.h"

static int check(struct kv *kv, bool verify)
{
	struct check_counts counts;
	int rc;

	rc = fs_check(kv, &counts);
	if (rc < 0)
		return rc;
	if (verify)
		rc = kv_verify(kv);
	if (rc < 0)
		return rc;
	printf("%" PRIu64 " inodes, %" PRIu64 " bytes, %" PRIu64
	       " orphans, %" PRIu64 " xattrs\n",
	       counts.inodes, counts.data_bytes, counts.orphans, counts.xattrs);
	return 0;
}

static int fail(const char *store, int rc)
{
	fprintf(stderr, "check_store: %s: %s (%s)\n", store, kv_error_text(rc),
		strerror(-rc));
	return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	struct kv_options options = kv_options_default;
	bool verify = argc == 3 && !strcmp(argv[1], "--verify");
	const char *store = argv[argc - 1];
	struct env *env;
	struct kv *kv;
	int rc, status = EXIT_SUCCESS;

	if (argc != 2 && !verify) {
		fprintf(stderr, "usage: check_store [--verify] STORE\n");
		return EXIT_FAILURE;
	}
	options.create = false;
	options.background = false;
	rc = env_posix_new(&env, store, false);
	if (rc < 0)
		return fail(store, rc);
	rc = kv_open(&kv, env, &options);
	if (rc < 0) {
		status = fail(store, rc);
		goto free_env;
	}
	rc = check(kv, verify);
	if (rc < 0)
		status = fail(store, rc);
	rc = kv_close(kv);
	if (rc < 0)
		status = fail(store, rc);
free_env:
	env_free(env);
	return status;
}
