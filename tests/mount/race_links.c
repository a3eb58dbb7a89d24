/*
 * Hard links made and removed while other threads ask for attributes.
 *
 *      race_links FILE SECONDS
 *
 * The kernel counts links on its own: it takes one off when an unlink has been
 * answered, and takes over what any attributes say that come in between.  If
 * they were made after the unlink and arrive before its answer is dealt with,
 * one link is taken off twice; a file that has one link left then passes for
 * one that has none, and link(2) fails with ENOENT for as long as nobody asks
 * again.
 *
 * Ends with 0 if every link(2) worked and every count was right in the end.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define ASKERS 3

static const char *file;
static atomic_bool stop;

/* Asks the daemon, whatever the kernel has cached. */
static void *ask(void *arg)
{
	struct statx stx;

	while (!atomic_load(&stop))
		(void)!statx(AT_FDCWD, file, AT_STATX_FORCE_SYNC, STATX_NLINK,
			     &stx);
	return arg;
}

static time_t now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

/* Returns 0 if the count is right. */
static int check_links(const char *path, nlink_t want)
{
	struct stat st;

	if (stat(path, &st) < 0 || st.st_nlink != want) {
		printf("%s: %ju links, not %ju\n", path, (uintmax_t)st.st_nlink,
		       (uintmax_t)want);
		return -1;
	}
	return 0;
}

/* Half of the names go by unlink(2), half by being replaced. */
static int make_and_remove(const char *other, const char *third, unsigned round)
{
	int fd;

	if (link(file, other) < 0) {
		printf("round %u: link: %s\n", round, strerror(errno));
		return -1;
	}
	if (round % 2 == 0)
		return unlink(other);
	fd = open(third, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	close(fd);
	return rename(third, other) == 0 ? unlink(other) : -1;
}

int main(int argc, char **argv)
{
	pthread_t askers[ASKERS];
	char other[4096], third[4096];
	unsigned round = 0;
	time_t end;
	int rc = 0;

	if (argc != 3)
		return 2;
	file = argv[1];
	end = now_s() + atoi(argv[2]);
	snprintf(other, sizeof(other), "%s.other", file);
	snprintf(third, sizeof(third), "%s.third", file);
	for (int i = 0; i < ASKERS; i++) {
		if (pthread_create(&askers[i], NULL, ask, NULL) != 0)
			return 2;
	}
	while (rc == 0 && now_s() < end) {
		rc = make_and_remove(other, third, round++);
		if (rc == 0 && round % 64 == 0)
			rc = check_links(file, 1);
	}
	atomic_store(&stop, true);
	for (int i = 0; i < ASKERS; i++)
		pthread_join(askers[i], NULL);
	if (rc == 0)
		rc = check_links(file, 1);
	printf("%u rounds\n", round);
	return rc == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
