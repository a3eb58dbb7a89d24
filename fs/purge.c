#include "fs/purge.h"

#include <stdlib.h>

#include "engine/base/thread.h"
#include "fs/orphan.h"

struct purger {
	/* Set by purger_new(), then constant. */
	struct fs *fs; /* borrowed */
	struct thread thread;

	struct mutex lock; /* RANK_LEAF */
	struct cond changed;

	/* Guarded by lock. */
	struct inode *waiting; /* linked by purge_next; a reference to each */
	size_t count;
	bool removing; /* some, which no longer wait */
	bool ended;
};

/*
 * Adds the removal of an inode to @batch.  One with xattrs goes at once, as
 * those have to be read, which may fail.  Returns whether @batch has it.
 */
static bool stage(struct fs *fs, struct kv_batch *batch, struct inode *inode)
{
	bool staged = false;

	mutex_lock(&inode->lock);
	assert(inode->rec.nlink == 0);
	if (inode->rec.flags & INODE_XATTRS) {
		(void)!orphan_remove(fs, inode);
	} else if (!inode->gone) {
		(void)!orphan_stage_removal(fs, batch, inode);
		inode->gone = true;
		staged = true;
	}
	mutex_unlock(&inode->lock);
	return staged;
}

/* Removes all of a list that is not empty, and gives them back. */
static void remove_all(struct fs *fs, struct inode *list)
{
	struct inode *staged[PURGE_BATCH];
	struct kv_batch *batch = kv_batch_new();
	size_t count = 0, i;
	int rc = -ENOMEM;

	while (list) {
		struct inode *inode = list;

		list = inode->purge_next;
		if (batch && stage(fs, batch, inode))
			staged[count++] = inode;
		else
			icache_unref(&fs->icache, inode, true);
	}
	if (batch) {
		kv_batch_use_reserve(batch);
		rc = inode_commit(fs, batch);
	}
	for (i = 0; i < count; i++) {
		if (rc == 0)
			orphan_count_removed(fs, staged[i]);
		icache_unref(&fs->icache, staged[i], true);
	}
}

/* Takes up to a batch of what waits. */
static struct inode *take(struct purger *p) NEEDS(p->lock)
{
	struct inode *list = p->waiting;
	struct inode **end = &p->waiting;
	size_t n;

	for (n = 0; *end && n < PURGE_BATCH; n++)
		end = &(*end)->purge_next;
	p->waiting = *end;
	*end = NULL;
	p->count -= n;
	return list;
}

/* What comes while others wait is removed with them. */
static void run(void *arg) UNCHECKED
{
	struct purger *p = arg;
	struct inode *list;

	mutex_lock(&p->lock);
	for (;;) {
		while (!p->waiting && !p->ended)
			cond_wait(&p->changed, &p->lock);
		if (!p->waiting)
			break;
		if (p->count < PURGE_BATCH && !p->ended)
			(void)cond_wait_ms(&p->changed, &p->lock,
					   PURGE_WAIT_MS);
		list = take(p);
		p->removing = true;
		mutex_unlock(&p->lock);
		remove_all(p->fs, list);
		mutex_lock(&p->lock);
		p->removing = false;
		cond_broadcast(&p->changed);
	}
	mutex_unlock(&p->lock);
}

int purger_new(struct purger **out, struct fs *fs)
{
	struct purger *p = calloc(1, sizeof(*p));
	int rc;

	if (!p)
		return -ENOMEM;
	p->fs = fs;
	mutex_init(&p->lock, RANK_LEAF);
	cond_init(&p->changed);
	rc = thread_start(&p->thread, "purge", 0, run, p);
	if (rc < 0) {
		cond_fini(&p->changed);
		mutex_fini(&p->lock);
		free(p);
		return rc;
	}
	*out = p;
	return 0;
}

void purger_free(struct purger *p)
{
	if (!p)
		return;
	mutex_lock(&p->lock);
	p->ended = true;
	cond_broadcast(&p->changed);
	mutex_unlock(&p->lock);
	thread_join(&p->thread);
	cond_fini(&p->changed);
	mutex_fini(&p->lock);
	free(p);
}

void purger_drain(struct purger *p)
{
	if (!p)
		return;
	mutex_lock(&p->lock);
	/* The thread waits for no others once it is woken. */
	cond_broadcast(&p->changed);
	while (p->waiting || p->removing)
		cond_wait(&p->changed, &p->lock);
	mutex_unlock(&p->lock);
}

/* The thread is woken by the first, and by the one that makes a batch full. */
bool purger_add(struct purger *p, struct inode *inode)
{
	bool taken;

	mutex_lock(&p->lock);
	taken = p->count < PURGE_WAITING_MAX && !p->ended;
	if (taken) {
		inode->purge_next = p->waiting;
		p->waiting = inode;
		p->count++;
		if (p->count == 1 || p->count == PURGE_BATCH)
			cond_broadcast(&p->changed);
	}
	mutex_unlock(&p->lock);
	return taken;
}
