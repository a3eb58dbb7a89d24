#include "src/loop.h"

#include <errno.h>

#include "src/fuse.h"

int loop_run(struct fuse_session *session)
{
	struct fuse_loop_config *config;
	int rc;

	config = fuse_loop_cfg_create();
	if (!config)
		return -ENOMEM;
	fuse_loop_cfg_set_clone_fd(config, 0);
	rc = fuse_session_loop_mt(session, config);
	fuse_loop_cfg_destroy(config);
	/* Positive: a signal, which is no failure. */
	return rc < 0 ? rc : 0;
}
