/*
 * loamctl: what its parts share: the verbs, and how they end.
 *
 * A verb is a row in verbs.c's table and a function in a file of its own, or of
 * its family.  It gets what is left of the command line, prints its result to
 * stdout and what went wrong, in a line, to stderr, and returns an enum exits.
 */
#ifndef TOOLS_LOAMCTL_LOAMCTL_H
#define TOOLS_LOAMCTL_LOAMCTL_H

#include <stdbool.h>

/* The exit status.  Programs rely on it: loamctl.8 has the list. */
enum exits {
	EXITS_DONE = 0,
	EXITS_FAILED = 1,
	EXITS_USAGE = 2,
	EXITS_DAMAGED = 3,
	EXITS_FSCK_USAGE = 16,
};

struct command {
	const char *name;
	const char *arguments; /* for people */
	const char *what;      /* for people: a few words */
	int arguments_min;
	int arguments_max;
	const char *options; /* letters that it takes, as -n; or "" */
	int (*run)(const struct command *c, char **arguments);
	const char *help; /* for people: what it does, and its options */
};

/* Ends with one without a name. */
extern const struct command loamctl_commands[];

/* The letters that were given of those that the verb takes. */
extern const char *loamctl_options;

/* The value of the option that has one, or NULL; a verb has one at most. */
extern const char *loamctl_value;

/* --json was given: the result is one JSON object. */
extern bool loamctl_json;

int act_run(const struct command *c, char **arguments); /* sync, ... */
int checkpoint_run(const struct command *c, char **arguments);
int du_run(const struct command *c, char **arguments);
int dump_run(const struct command *c, char **arguments);
int fsck_run(const struct command *c, char **arguments);
int info_run(const struct command *c, char **arguments);
int mkfs_run(const struct command *c, char **arguments);
int remount_run(const struct command *c, char **arguments);
int repair_run(const struct command *c, char **arguments);
int scrub_run(const struct command *c, char **arguments);
int stat_run(const struct command *c, char **arguments); /* metrics, too */
int top_run(const struct command *c, char **arguments);
int tune_run(const struct command *c, char **arguments);
int umount_run(const struct command *c, char **arguments);
int version_run(const struct command *c, char **arguments);

#endif
