#include "fs/purge.h"

#include <stdlib.h>

#include "engine/base/thread.h"
#include "fs/orphan.h"

struct purger {
	/* Set by purger_new(), then constant. */
	struct fs *fs; /* borrowed */
	unsigned wait_ms;
	struct thread thread;

	struct mutex lock; /* RANK_LEAF */
	struct cond changed;

	/* Guarded by lock. */
	struct inode *first; /* of what waits, by purge_next; references */
	struct inode **last; /* where the next is linked to */
	uint64_t added, taken, removed; /* inodes, ever */
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

/* Takes up to a batch of what waits, the oldest; something does. */
static struct inode *take(struct purger *p) NEEDS(p->lock)
{
	struct inode *list = p->first;
	struct inode **end = &p->first;
	size_t n;

	for (n = 0; *end && n < PURGE_BATCH; n++)
		end = &(*end)->purge_next;
	p->first = *end;
	*end = NULL;
	if (!p->first)
		p->last = &p->first;
	p->taken += n;
	return list;
}

/* What comes while others wait is removed with them. */
static void run(void *arg) UNCHECKED
{
	struct purger *p = arg;
	struct inode *list;

	mutex_lock(&p->lock);
	for (;;) {
		while (!p->first && !p->ended)
			cond_wait(&p->changed, &p->lock);
		if (!p->first)
			break;
		if (p->added - p->taken < PURGE_BATCH && !p->ended &&
		    p->wait_ms > 0)
			(void)cond_wait_ms(&p->changed, &p->lock, p->wait_ms);
		list = take(p);
		mutex_unlock(&p->lock);
		remove_all(p->fs, list);
		mutex_lock(&p->lock);
		p->removed = p->taken;
		cond_broadcast(&p->changed);
	}
	mutex_unlock(&p->lock);
}

int purger_new(struct purger **out, struct fs *fs, unsigned wait_ms)
{
	struct purger *p = calloc(1, sizeof(*p));
	int rc;

	if (!p)
		return -ENOMEM;
	p->fs = fs;
	p->last = &p->first;
	p->wait_ms = wait_ms;
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
	uint64_t until;

	if (!p)
		return;
	mutex_lock(&p->lock);
	until = p->added;
	/* The thread waits for no others once it is woken. */
	cond_broadcast(&p->changed);
	while (p->removed < until)
		cond_wait(&p->changed, &p->lock);
	mutex_unlock(&p->lock);
}

/* The thread is woken by the first, and by the one that makes a batch full. */
bool purger_add(struct purger *p, struct inode *inode)
{
	uint64_t waiting;
	bool taken;

	mutex_lock(&p->lock);
	waiting = p->added - p->taken;
	taken = waiting < PURGE_WAITING_MAX && !p->ended;
	if (taken) {
		inode->purge_next = NULL;
		*p->last = inode;
		p->last = &inode->purge_next;
		p->added++;
		if (waiting == 0 || waiting + 1 == PURGE_BATCH)
			cond_broadcast(&p->changed);
	}
	mutex_unlock(&p->lock);
	return taken;
}
