/* loamctl: looks after stores, mounted or not.  See loamctl.8. */
#include "config.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/base.h"
#include "fs/fs.h"
#include "tools/loamctl/loamctl.h"
#include "tools/loamctl/out.h"

bool loamctl_json;

const char *loamctl_options = "";

const char *loamctl_value;

#define LETTERS_SIZE 16

/*
 * Long names of options, and the letters they stand for; a capital is known to
 * the program alone.
 */
static const struct long_option {
	const char *name;
	char letter;
	bool has_value;
} long_options[] = {
	{ "--repair", 'y', false }, { "--keys", 'K', false },
	{ "--once", 'O', false },   { "--interval", 'I', true },
	{ "--file", 'F', true },
};

static void print_all(FILE *out)
{
	const struct command *c;

	fputs("usage: loamctl [--json] VERB TARGET [ARGUMENT]\n", out);
	for (c = loamctl_commands; c->name; c++)
		fprintf(out, "  %-12s %-19s %s\n", c->name, c->arguments,
			c->what);
	fputs("\n"
	      "TARGET is a store's folder, or anything in a mount.  VERB --help "
	      "says more.\n"
	      "Exit status: 0 done, 1 failed, 2 a wrong command line, 3 damage; "
	      "see fsck, too.\n",
	      out);
}

static void print_one(FILE *out, const struct command *c)
{
	fprintf(out,
		"usage: loamctl [--json] %s %s\n\n%s: %s.\n\n%s\n"
		"  --json         print one JSON object\n"
		"  -h, --help     print this\n",
		c->name, c->arguments, c->name, c->what, c->help);
}

static int usage(const char *what, const char *which)
{
	out_wrong("%s%s; loamctl -h prints what there is", what, which);
	return EXITS_USAGE;
}

static const struct command *find(const char *name)
{
	const struct command *c;

	for (c = loamctl_commands; c->name; c++)
		if (strcmp(name, c->name) == 0)
			return c;
	return NULL;
}

static int unknown_letter(const struct command *c, char letter)
{
	char name[] = { '-', letter, '\0' };
	const char *option = name;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(long_options); i++)
		if (isupper((unsigned char)letter) &&
		    long_options[i].letter == letter)
			option = long_options[i].name;
	out_wrong("%s: unknown option: %s; loamctl %s -h prints what there is",
		  c->name, option, c->name);
	return EXITS_USAGE;
}

static int run(int argc, char **argv)
{
	const struct command *c = find(argv[0]);
	int count = argc - 1;
	const char *letter;

	if (!c)
		return usage("no such verb: ", argv[0]);
	for (letter = loamctl_options; *letter; letter++)
		if (!strchr(c->options, *letter))
			return unknown_letter(c, *letter);
	if (count < c->arguments_min)
		return usage(c->name, ": an argument is missing");
	if (count > c->arguments_max)
		return usage(c->name, ": an argument too many");
	return c->run(c, argv + 1);
}

/* The verb, of those that there are, that the words begin with; or NULL. */
static const struct command *verb_in(char *verb, char **argv)
{
	const struct command *c = verb ? find(verb) : NULL;

	for (argv++; !c && *argv && strcmp(*argv, "--") != 0; argv++)
		if (**argv != '-')
			return find(*argv);
	return c;
}

/* Help and version are answered whatever stands beside them. */
static bool print_and_be_done(char *verb, char **argv)
{
	const struct command *c = verb_in(verb, argv);

	for (argv++; *argv && strcmp(*argv, "--") != 0; argv++) {
		if (strcmp(*argv, "-h") == 0 || strcmp(*argv, "--help") == 0) {
			if (c)
				print_one(stdout, c);
			else
				print_all(stdout);
			return true;
		}
		if (strcmp(*argv, "-V") == 0 ||
		    strcmp(*argv, "--version") == 0) {
			puts("loamctl " PACKAGE_VERSION);
			return true;
		}
	}
	return false;
}

static bool add_letter(char letters[LETTERS_SIZE], char letter)
{
	size_t n = strlen(letters);

	if (n + 1 >= LETTERS_SIZE)
		return false;
	letters[n] = letter;
	letters[n + 1] = '\0';
	return true;
}

static const char unknown[] = "unknown option: ";

/*
 * Takes an option, adding a letter to @letters, and the word behind it, which
 * is then the last that was used.  NULL, or words for what is wrong.
 */
static const char *take_long(char ***argv, char letters[LETTERS_SIZE])
{
	size_t i;

	if (strcmp(**argv, "--json") == 0) {
		loamctl_json = true;
		return NULL;
	}
	for (i = 0; i < ARRAY_SIZE(long_options); i++) {
		const struct long_option *o = &long_options[i];

		if (strcmp(**argv, o->name) != 0)
			continue;
		if (o->has_value) {
			if (!(*argv)[1])
				return "no value behind ";
			loamctl_value = *++*argv;
		}
		return add_letter(letters, o->letter) ? NULL : unknown;
	}
	return unknown;
}

static const char *take_option(char ***argv, char letters[LETTERS_SIZE])
{
	const char *letter;

	if ((**argv)[1] == '-')
		return take_long(argv, letters);
	for (letter = **argv + 1; *letter; letter++)
		if (isupper((unsigned char)*letter) ||
		    !add_letter(letters, *letter))
			return unknown;
	return (**argv)[1] ? NULL : unknown;
}

static int finish(int status)
{
	if (loamctl_json)
		out_json_finish(status != EXITS_DONE);
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	out_wrong("cannot write the result");
	return EXITS_FAILED;
}

/*
 * Leaves the words of the command line in @words; returns how many, or -1.
 * umount(8) tells its @helper a type and a namespace, which are known.
 */
static int take_options(char **argv, bool helper, char **words,
			char letters[LETTERS_SIZE])
{
	const char *wrong;
	bool options = true;
	int n = 0;

	for (argv++; *argv; argv++) {
		if (!options || (*argv)[0] != '-') {
			words[n++] = *argv;
		} else if (strcmp(*argv, "--") == 0) {
			options = false;
		} else if (helper && argv[1] &&
			   (strcmp(*argv, "-t") == 0 ||
			    strcmp(*argv, "-N") == 0)) {
			argv++;
		} else if ((wrong = take_option(&argv, letters))) {
			(void)usage(wrong, *argv);
			return -1;
		}
	}
	words[n] = NULL;
	return n;
}

/* The verb of the name that we are called by, or NULL: it is in @argv. */
static char *verb_of_name(char *name)
{
	static char fsck[] = "fsck", mkfs[] = "mkfs", umount[] = "umount";

	name = basename(name);
	if (strcmp(name, "fsck.loamfs") == 0)
		return fsck;
	if (strcmp(name, "umount.loamfs") == 0 ||
	    strcmp(name, "umount.fuse.loamfs") == 0)
		return umount;
	return strcmp(name, "mkfs.loamfs") == 0 ? mkfs : NULL;
}

int main(int argc, char **argv)
{
	char *verb = argc > 0 ? verb_of_name(argv[0]) : NULL;
	char letters[LETTERS_SIZE] = "";
	int n = 0, given = verb != NULL, rc = EXITS_USAGE;
	char **words;

	umask(077);
	fs_tune_heap();
	if (argc > 0 && print_and_be_done(verb, argv))
		return finish(EXITS_DONE);
	words = calloc((size_t)argc + 2, sizeof(*words));
	if (!words) {
		out_wrong("out of memory");
		return EXITS_FAILED;
	}
	words[0] = verb;
	if (argc > 0)
		n = take_options(argv, verb && strcmp(verb, "umount") == 0,
				 words + given, letters);
	loamctl_options = letters;
	if (n >= 0 && n + given == 0)
		rc = usage("no verb", "");
	else if (n >= 0)
		rc = run(n + given, words);
	if (verb && strcmp(verb, "fsck") == 0 && rc == EXITS_USAGE)
		rc = EXITS_FSCK_USAGE;
	free(words);
	return finish(rc);
}
