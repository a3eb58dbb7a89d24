/*
 * Shows a bar as loamctl does, of what takes a little more than a second.
 *
 * usage: bars bytes|things|unknown
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tools/loamctl/out.h"

#define STEPS 14

int main(int argc, char **argv)
{
	const struct timespec pause = { .tv_nsec = 100 * 1000 * 1000 };
	bool things = argc > 1 && strcmp(argv[1], "things") == 0;
	bool unknown = argc > 1 && strcmp(argv[1], "unknown") == 0;
	uint64_t step = things ? 1000 : MIB, i;

	for (i = 1; i <= STEPS; i++) {
		out_progress("at work", things, i * step,
			     unknown ? 0 : 2 * STEPS * step);
		nanosleep(&pause, NULL);
	}
	out_progress_end();
	puts("done");
	return 0;
}
