#include "src/flusher.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "src/log.h"
#include "src/reply.h"

/* NULL at the end. */
static struct flusher_job *take(struct flusher *f)
{
	struct flusher_job *job;

	pthread_mutex_lock(&f->lock);
	while (!f->first && !f->ended)
		pthread_cond_wait(&f->changed, &f->lock);
	job = f->first;
	if (job) {
		f->first = job->next;
		if (!f->first)
			f->last = &f->first;
	}
	pthread_mutex_unlock(&f->lock);
	return job;
}

static void *work(void *arg)
{
	struct flusher *f = arg;
	struct flusher_job *job;

	while ((job = take(f))) {
		/* From the first to the last page; an error leaves nothing
		 * dirty. */
		(void)fuse_lowlevel_notify_inval_inode(f->session, job->ino, 0,
						       0);
		job->answer(f->fs, job);
		free(job);
	}
	return NULL;
}

int flusher_begin(struct flusher *f, struct fs *fs,
		  struct fuse_session *session)
{
	int err;

	*f = (struct flusher){ .fs = fs, .session = session };
	f->last = &f->first;
	pthread_mutex_init(&f->lock, NULL);
	pthread_cond_init(&f->changed, NULL);
	err = pthread_create(&f->thread, NULL, work, f);
	if (err) {
		log_error("cannot start a thread: %s", strerror(err));
		pthread_cond_destroy(&f->changed);
		pthread_mutex_destroy(&f->lock);
	}
	return -err;
}

void flusher_end(struct flusher *f)
{
	pthread_mutex_lock(&f->lock);
	f->ended = true;
	pthread_cond_signal(&f->changed);
	pthread_mutex_unlock(&f->lock);
	pthread_join(f->thread, NULL);
	pthread_cond_destroy(&f->changed);
	pthread_mutex_destroy(&f->lock);
}

void flusher_ask(struct flusher *f, const struct flusher_job *asked)
{
	struct flusher_job *job = malloc(sizeof(*job));

	if (!job) {
		reply_err(asked->req, -ENOMEM);
		return;
	}
	*job = *asked;
	job->next = NULL;
	pthread_mutex_lock(&f->lock);
	*f->last = job;
	f->last = &job->next;
	pthread_cond_signal(&f->changed);
	pthread_mutex_unlock(&f->lock);
}
