/*
 * Shows a bar as loamctl does, of what takes a little more than a second.
 *
 * usage: bars bytes|things|unknown
 *        bars reader               of what this process reads
 *        bars folder STORE DIR     of what comes to lie in DIR, as a backup
 * does
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tools/loamctl/out.h"
#include "tools/loamctl/target.h"
#include "tools/loamctl/watch.h"

#define STEPS 18

static void pause_a_little(void)
{
	const struct timespec pause = { .tv_nsec = 100 * 1000 * 1000 };

	nanosleep(&pause, NULL);
}

static void show(const char *what)
{
	bool things = strcmp(what, "things") == 0;
	bool unknown = strcmp(what, "unknown") == 0;
	uint64_t step = things ? 1000 : MIB, i;

	for (i = 1; i <= STEPS; i++) {
		out_progress("at work", things, i * step,
			     unknown ? 0 : 2 * STEPS * step);
		pause_a_little();
	}
	out_progress_end();
}

/* Copies from @from to @to, or nowhere. */
static int copy_slowly(const char *from, const char *to)
{
	static char buf[MIB / 4];
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	ssize_t n = 0;
	int i;

	for (i = 0; i < STEPS && in >= 0 && out >= 0 && n >= 0; i++) {
		n = read(in, buf, sizeof(buf));
		if (n > 0)
			n = write(out, buf, (size_t)n);
		pause_a_little();
	}
	close(in);
	close(out);
	return i == STEPS && n >= 0 ? 0 : -1;
}

static int watch_folder(const char *store, const char *dir)
{
	struct watch watch;
	struct target t;
	char file[4096];
	int rc;

	snprintf(file, sizeof(file), "%s/file", dir);
	if (target_open(&t, store) < 0)
		return -1;
	rc = target_prepare(&t, "check-point");
	if (rc == 0) {
		watch_begin(&watch, "at work", &t, dir);
		rc = copy_slowly("/dev/zero", file);
		watch_end(&watch);
	}
	return target_close(&t, rc);
}

int main(int argc, char **argv)
{
	struct watch watch;
	int rc = 0;

	if (argc == 4 && strcmp(argv[1], "folder") == 0) {
		rc = watch_folder(argv[2], argv[3]);
	} else if (argc == 2 && strcmp(argv[1], "reader") == 0) {
		watch_begin_reader(&watch, "at work", getpid());
		rc = copy_slowly("/dev/zero", "/dev/null");
		watch_end(&watch);
	} else if (argc == 2) {
		show(argv[1]);
	} else {
		return EXIT_FAILURE;
	}
	puts("done");
	return rc < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
