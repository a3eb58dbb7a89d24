/* mkfs: makes a store with an empty filesystem, without mounting it. */
#include <errno.h>
#include <unistd.h>

#include "engine/base/error.h"
#include "fs/fs.h"
#include "tools/loamctl/loamctl.h"
#include "tools/loamctl/out.h"

/* Nothing that is there is ever made anew, not even by request. */
static int check_absent(const char *path)
{
	struct fs_options options = fs_options_default;
	struct fs *fs;
	int rc;

	options.create = false;
	options.background = false;
	rc = fs_open(&fs, path, &options);
	if (rc == -ENOENT)
		return 0;
	if (rc < 0)
		return rc;
	rc = fs_close(fs);
	return rc < 0 ? rc
		      : error_set(-EEXIST, "a filesystem is there "
					   "already");
}

static int make(const char *path)
{
	struct fs_options options = fs_options_default;
	struct fs *fs;
	int rc;

	rc = check_absent(path);
	if (rc < 0)
		return rc;
	options.background = false;
	options.root_uid = getuid();
	options.root_gid = getgid();
	rc = fs_open(&fs, path, &options);
	return rc < 0 ? rc : fs_close(fs);
}

int mkfs_run(const struct command *c, char **arguments)
{
	int rc = make(arguments[0]);

	if (rc < 0) {
		out_failed(c->name, arguments[0], rc);
		return EXITS_FAILED;
	}
	if (loamctl_json) {
		out_json_begin();
		out_json_string("store", arguments[0]);
		out_json_bool("done", true);
		out_json_end();
	}
	return EXITS_DONE;
}
