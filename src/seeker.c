#include "src/seeker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fs/fs.h"
#include "src/log.h"
#include "src/reply.h"

struct seek {
	fuse_req_t req;
	fuse_ino_t ino;
	off_t offset;
	int whence;
	struct seek *next;
};

/* NULL at the end. */
static struct seek *take(struct seeker *s)
{
	struct seek *seek;

	pthread_mutex_lock(&s->lock);
	while (!s->first && !s->ended)
		pthread_cond_wait(&s->changed, &s->lock);
	seek = s->first;
	if (seek) {
		s->first = seek->next;
		if (!s->first)
			s->last = &s->first;
	}
	pthread_mutex_unlock(&s->lock);
	return seek;
}

static void answer(struct seeker *s, const struct seek *seek)
{
	off_t found;

	/* From the first to the last page; an error leaves nothing dirty. */
	(void)fuse_lowlevel_notify_inval_inode(s->session, seek->ino, 0, 0);
	found = fs_seek(s->fs, seek->ino, seek->offset, seek->whence);
	if (found < 0)
		reply_err(seek->req, (int)found);
	else
		fuse_reply_lseek(seek->req, found);
}

static void *work(void *arg)
{
	struct seeker *s = arg;
	struct seek *seek;

	while ((seek = take(s))) {
		answer(s, seek);
		free(seek);
	}
	return NULL;
}

int seeker_begin(struct seeker *s, struct fs *fs, struct fuse_session *session)
{
	int err;

	*s = (struct seeker){ .fs = fs, .session = session };
	s->last = &s->first;
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->changed, NULL);
	err = pthread_create(&s->thread, NULL, work, s);
	if (err) {
		log_error("cannot start a thread: %s", strerror(err));
		pthread_cond_destroy(&s->changed);
		pthread_mutex_destroy(&s->lock);
	}
	return -err;
}

void seeker_end(struct seeker *s)
{
	pthread_mutex_lock(&s->lock);
	s->ended = true;
	pthread_cond_signal(&s->changed);
	pthread_mutex_unlock(&s->lock);
	pthread_join(s->thread, NULL);
	pthread_cond_destroy(&s->changed);
	pthread_mutex_destroy(&s->lock);
}

void seeker_ask(struct seeker *s, fuse_req_t req, fuse_ino_t ino, off_t offset,
		int whence)
{
	struct seek *seek = malloc(sizeof(*seek));

	if (!seek) {
		reply_err(req, -ENOMEM);
		return;
	}
	*seek = (struct seek){
		.req = req,
		.ino = ino,
		.offset = offset,
		.whence = whence,
	};
	pthread_mutex_lock(&s->lock);
	*s->last = seek;
	s->last = &seek->next;
	pthread_cond_signal(&s->changed);
	pthread_mutex_unlock(&s->lock);
}
