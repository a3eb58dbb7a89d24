/*
 * fsops: what fsbench does to files without a program of everyone's for it.
 *
 * One command a run; what was measured is printed as one number, microseconds
 * for each file.  "time" takes the time of a program instead, in seconds, and
 * leaves its standard output to it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/fsbench/clock.h"
#include "tools/fsbench/ops.h"
#include "tools/fsbench/source.h"

#define COUNT_MAX      100000000ul /* what the names have room for */
#define SIZE_MAX_BYTES (1ul << 30)

static const char usage[] =
	"usage: fsops COMMAND [OPTION]... DIRECTORY\n"
	"       fsops time FILE PROGRAM [ARGUMENT]...\n"
	"\n"
	"  create, stat, read, list, rename, unlink\n"
	"                files of DIRECTORY; prints microseconds a file\n"
	"  tree, project makes -n files of text, or of a C program\n"
	"  time          runs PROGRAM and writes the seconds it took to FILE\n"
	"\n"
	"  -n COUNT  how many files (1)   -f FIRST   number of the first (0)\n"
	"  -d COUNT  to a directory (all) -s BYTES   size of each (0)\n"
	"  -r COUNT  only some of them    -p PREFIX  of names, a letter (f)\n"
	"  -y        fsync each new file\n";

struct command {
	const char *name;
	int (*measured)(const struct ops_set *set, double *us);
	int (*made)(uint64_t count);
};

static const struct command commands[] = {
	{ "create", ops_create, NULL }, { "stat", ops_stat, NULL },
	{ "read", ops_read, NULL },     { "list", ops_list, NULL },
	{ "rename", ops_rename, NULL }, { "unlink", ops_unlink, NULL },
	{ "tree", NULL, source_tree },  { "project", NULL, source_project },
};

static int bad_usage(void)
{
	fputs(usage, stderr);
	return -EINVAL;
}

static int parse_number(const char *text, unsigned long max, uint64_t *out)
{
	unsigned long n;
	char *end;

	errno = 0;
	n = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno != 0 || n > max) {
		fprintf(stderr, "fsops: %s: no number up to %lu\n", text, max);
		return -EINVAL;
	}
	*out = n;
	return 0;
}

static int parse_one(struct ops_set *set, int opt, const char *arg)
{
	uint64_t size;
	int rc;

	switch (opt) {
	case 'n':
		return parse_number(arg, COUNT_MAX, &set->count);
	case 'f':
		return parse_number(arg, COUNT_MAX, &set->first);
	case 'd':
		return parse_number(arg, COUNT_MAX, &set->per_dir);
	case 'r':
		return parse_number(arg, COUNT_MAX, &set->sample);
	case 's':
		rc = parse_number(arg, SIZE_MAX_BYTES, &size);
		if (rc == 0)
			set->size = size;
		return rc;
	case 'p':
		set->prefix = *arg;
		return *arg >= 'a' && *arg <= 'z' && !arg[1] ? 0 : bad_usage();
	case 'y':
		set->sync = true;
		return 0;
	default:
		return bad_usage();
	}
}

static int parse(struct ops_set *set, int argc, char **argv)
{
	int opt;
	int rc = 0;

	*set = (struct ops_set){
		.count = 1,
		.per_dir = COUNT_MAX,
		.prefix = 'f',
	};
	while (rc == 0 && (opt = getopt(argc, argv, "n:f:d:r:s:p:y")) >= 0)
		rc = parse_one(set, opt, optarg);
	if (rc < 0)
		return rc;
	if (optind + 1 != argc || set->count == 0 || set->per_dir == 0 ||
	    set->sample > set->count)
		return bad_usage();
	return 0;
}

static int run_command(const struct command *command, int argc, char **argv)
{
	struct ops_set set;
	double us;
	int rc;

	rc = parse(&set, argc, argv);
	if (rc < 0)
		return rc;
	if (chdir(argv[optind]) != 0) {
		perror(argv[optind]);
		return -EINVAL;
	}
	if (command->made)
		return command->made(set.count);

	rc = command->measured(&set, &us);
	if (rc == 0)
		printf("%.3f\n", us);
	return rc;
}

static int write_seconds(const char *path, uint64_t ns)
{
	FILE *file = fopen(path, "w");

	if (file) {
		fprintf(file, "%.6f\n", (double)ns / 1e9);
		if (fclose(file) == 0)
			return 0;
	}
	perror(path);
	return -EIO;
}

static int run_timed(int argc, char **argv)
{
	uint64_t start;
	int status;
	pid_t pid;

	if (argc < 3)
		return bad_usage();
	start = clock_ns();
	pid = fork();
	if (pid == 0) {
		execvp(argv[2], argv + 2);
		perror(argv[2]);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid) {
		perror("fsops: fork");
		return -EAGAIN;
	}
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		fprintf(stderr, "fsops: %s failed\n", argv[2]);
		return -EIO;
	}
	return write_seconds(argv[1], clock_ns() - start);
}

static int dispatch(int argc, char **argv)
{
	size_t i;

	if (argc < 2)
		return bad_usage();
	if (strcmp(argv[1], "time") == 0)
		return run_timed(argc - 1, argv + 1);
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(argv[1], commands[i].name) == 0)
			return run_command(&commands[i], argc - 1, argv + 1);
	}
	return bad_usage();
}

int main(int argc, char **argv)
{
	int rc = dispatch(argc, argv);

	if (fflush(stdout) != 0)
		rc = -EIO;
	return rc < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
