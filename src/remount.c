#include "src/remount.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "src/log.h"
#include "src/opts.h"

int remount_exec(const struct opts *o)
{
	char self[PATH_MAX], program[PATH_MAX + sizeof("/loamctl")];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	int err;

	if (n < 0)
		goto fail;
	self[n] = '\0';
	snprintf(program, sizeof(program), "%s/loamctl", dirname(self));
	execl(program, program, "remount", "--", o->mountpoint,
	      o->read_only ? "ro" : "rw", (char *)NULL);
fail:
	err = errno;
	log_error("cannot run loamctl remount: %s", strerror(err));
	return -err;
}
