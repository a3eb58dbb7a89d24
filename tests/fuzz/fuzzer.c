/* What libFuzzer calls: one program for all targets. */
#include <stdio.h>

#include "tests/fuzz/fuzz.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct fuzz_target *target;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char option[] = "--target=";
	int i;

	for (i = 1; i < *argc; i++)
		if (strncmp((*argv)[i], option, sizeof(option) - 1) == 0)
			target = fuzz_find((*argv)[i] + sizeof(option) - 1);
	if (!target) {
		fprintf(stderr,
			"usage: %s --target=TARGET [option]... "
			"[DIR]...\n",
			(*argv)[0]);
		exit(EXIT_FAILURE);
	}
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	target->run(slice_of(data, size));
	return 0;
}
