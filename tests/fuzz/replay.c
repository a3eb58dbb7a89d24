/* Runs each target on each file of its corpus: a crash fails the test. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>

#include "tests/fuzz/fuzz.h"

#define INPUT_MAX ((size_t)1 << 20)

static uint8_t bytes[INPUT_MAX];

/* In memory of just its size, so that ASan sees who reads on. */
static void run_file(const struct fuzz_target *t, FILE *f)
{
	size_t size = fread(bytes, 1, sizeof(bytes), f);
	uint8_t *exact = malloc(size ? size : 1);

	fuzz_check(exact);
	memcpy(exact, bytes, size);
	t->run(slice_of(exact, size));
	free(exact);
}

/* Returns how many files there are. */
static unsigned run_dir(const struct fuzz_target *t, const char *path)
{
	const struct dirent *entry;
	DIR *dir = opendir(path);
	unsigned count = 0;
	char name[4096];
	FILE *f;

	if (!dir)
		return 0;
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		f = fopen(name, "rb");
		fuzz_check(f);
		fprintf(stderr, "%s\n", name);
		run_file(t, f);
		fclose(f);
		count++;
	}
	closedir(dir);
	return count;
}

int main(int argc, char **argv)
{
	const char *srcdir = getenv("srcdir");
	char corpus[1024], path[2048];
	int rc = EXIT_SUCCESS;
	size_t i;

	if (argc > 1)
		snprintf(corpus, sizeof(corpus), "%s", argv[1]);
	else
		snprintf(corpus, sizeof(corpus), "%s/tests/fuzz/corpus",
			 srcdir ? srcdir : ".");
	for (i = 0; i < fuzz_target_count; i++) {
		unsigned count;

		snprintf(path, sizeof(path), "%s/%s", corpus,
			 fuzz_targets[i].name);
		count = run_dir(&fuzz_targets[i], path);
		printf("%s: %u inputs\n", fuzz_targets[i].name, count);
		if (count == 0)
			rc = EXIT_FAILURE;
	}
	return rc;
}
