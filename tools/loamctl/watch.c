#include "tools/loamctl/watch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tools/loamctl/measures.h"
#include "tools/loamctl/out.h"

#define LOOK_MS 500

/* What lies in the folder @path. */
static uint64_t folder_bytes(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	uint64_t bytes = 0;
	struct stat st;

	if (!dir)
		return 0;
	while ((entry = readdir(dir)))
		if (fstatat(dirfd(dir), entry->d_name, &st,
			    AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISREG(st.st_mode))
			bytes += (uint64_t)st.st_size;
	closedir(dir);
	return bytes;
}

/* What the process has read so far; 0: it is not for us to know. */
static uint64_t read_bytes(pid_t pid)
{
	char path[64];
	uint64_t bytes = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/io", (int)pid);
	f = fopen(path, "r");
	if (!f)
		return 0;
	if (fscanf(f, "rchar: %" SCNu64, &bytes) != 1)
		bytes = 0;
	fclose(f);
	return bytes;
}

/* What background work has read or written, all together. */
static uint64_t work_bytes(const struct measures *m)
{
	return measures_value(m, "work", "flushes_bytes") +
	       measures_value(m, "work", "compactions_in_bytes") +
	       measures_value(m, "work", "collections_bytes");
}

/* How far it is, of *@total; a total of 0 is not known. */
static uint64_t progress(const struct watch *w, const struct measures *m,
			 uint64_t *total)
{
	*total = 0;
	if (w->reader)
		return read_bytes(w->reader);
	if (w->folder) {
		*total = measures_value(m, "space", "disk_bytes");
		return folder_bytes(w->folder);
	}
	/* It reads all tables. */
	if (strcmp(w->verb, "compact") == 0)
		*total = measures_value(m, "space", "tables_bytes") +
			 measures_value(m, "space", "memtables_bytes");
	return work_bytes(m);
}

static int look(struct watch *w, struct measures *m)
{
	int rc = 0;

	if (w->reader)
		return 0;
	if (!w->target.fs)
		rc = target_again(&w->target);
	return rc < 0 ? rc : measures_get(m, &w->target);
}

/* Until it is time to look again; true: it is over. */
static bool wait_for_end(struct watch *w)
{
	struct timespec until;
	int rc;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += LOOK_MS * NS_PER_MS;
	until.tv_sec += until.tv_nsec / (long)NS_PER_S;
	until.tv_nsec %= (long)NS_PER_S;
	do
		rc = sem_timedwait(&w->ended, &until);
	while (rc < 0 && errno == EINTR);
	return rc == 0;
}

static void *run(void *arg)
{
	struct measures *m = calloc(1, sizeof(*m));
	uint64_t before = 0, total = 0, done, ignored;
	struct watch *w = arg;
	int rc = m ? look(w, m) : -1;

	if (rc == 0)
		before = progress(w, m, &total);
	/* A folder is empty when it is begun with. */
	if (w->folder)
		before = 0;
	while (rc == 0) {
		done = progress(w, m, &ignored) - before;
		/* It begins to count with the first. */
		out_progress(w->verb, false, done + 1, total);
		if (wait_for_end(w))
			break;
		rc = look(w, m);
	}
	if (m)
		measures_fini(m);
	free(m);
	return NULL;
}

static void begin(struct watch *w)
{
	if (!out_is_screen(STDERR_FILENO) || sem_init(&w->ended, 0, 0) < 0)
		return;
	w->runs = pthread_create(&w->thread, NULL, run, w) == 0;
	if (!w->runs)
		sem_destroy(&w->ended);
}

void watch_begin(struct watch *w, const char *verb, const struct target *t,
		 const char *folder)
{
	*w = (struct watch){ .verb = verb, .target = *t, .folder = folder };
	w->target.fd = -1;
	if (t->fs || t->fd >= 0)
		begin(w);
}

void watch_begin_reader(struct watch *w, const char *verb, pid_t reader)
{
	*w = (struct watch){ .verb = verb, .reader = reader };
	w->target.fd = -1;
	begin(w);
}

void watch_end(struct watch *w)
{
	if (!w->runs)
		return;
	sem_post(&w->ended);
	pthread_join(w->thread, NULL);
	sem_destroy(&w->ended);
	if (w->target.fd >= 0)
		close(w->target.fd);
	out_progress_end();
}
