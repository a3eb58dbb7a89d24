#include "fs/icache.h"

#include <stdlib.h>

#include "engine/base/hash.h"
#include "fs/dir_marks.h"

#define BUCKETS_MIN 16

void icache_init(struct icache *cache)
{
	size_t i;

	memset(cache, 0, sizeof(*cache));
	for (i = 0; i < ICACHE_SHARDS; i++)
		mutex_init(&cache->shards[i].lock, RANK_ICACHE);
}

static void inode_free(struct inode *inode)
{
	mutex_fini(&inode->lock);
	dir_marks_free(inode->marks);
	free(inode);
}

void icache_fini(struct icache *cache)
{
	size_t i, b;

	for (i = 0; i < ICACHE_SHARDS; i++) {
		struct icache_shard *shard = &cache->shards[i];

		for (b = 0; b < shard->bucket_count; b++) {
			struct inode *inode = shard->buckets[b];

			while (inode) {
				struct inode *next = inode->next;

				inode_free(inode);
				inode = next;
			}
		}
		free(shard->buckets);
		mutex_fini(&shard->lock);
	}
}

/* Shards by the low bits of the hash, buckets by the others. */
static struct icache_shard *shard_of(struct icache *cache, uint64_t ino)
{
	return &cache->shards[hash_mix(ino, 0) % ICACHE_SHARDS];
}

static struct inode **bucket_of(struct icache_shard *shard, uint64_t ino)
{
	uint64_t hash = hash_mix(ino, 0) / ICACHE_SHARDS;

	return &shard->buckets[hash & (shard->bucket_count - 1)];
}

static struct inode *find(struct icache_shard *shard, uint64_t ino)
{
	struct inode *inode;

	if (shard->bucket_count == 0)
		return NULL;
	inode = *bucket_of(shard, ino);
	while (inode && inode->ino != ino)
		inode = inode->next;
	return inode;
}

/*
 * Keeps the buckets at one inode each on average.  A table that cannot grow
 * is slower, and works; only the first buckets are needed.
 */
static bool grow(struct icache_shard *shard)
{
	size_t old_count = shard->bucket_count;
	struct inode **old = shard->buckets;
	struct inode **buckets;
	size_t b;

	if (shard->count < old_count)
		return true;
	buckets = calloc(size_max(old_count * 2, BUCKETS_MIN),
			 sizeof(*buckets));
	if (!buckets)
		return old_count > 0;
	shard->buckets = buckets;
	shard->bucket_count = size_max(old_count * 2, BUCKETS_MIN);
	for (b = 0; b < old_count; b++) {
		struct inode *inode = old[b];

		while (inode) {
			struct inode *next = inode->next;
			struct inode **to = bucket_of(shard, inode->ino);

			inode->next = *to;
			*to = inode;
			inode = next;
		}
	}
	free(old);
	return true;
}

static struct inode *insert(struct icache_shard *shard, uint64_t ino)
{
	struct inode **bucket;
	struct inode *inode;

	if (!grow(shard))
		return NULL;
	inode = calloc(1, sizeof(*inode));
	if (!inode)
		return NULL;
	inode->ino = ino;
	mutex_init(&inode->lock, RANK_INODE);
	bucket = bucket_of(shard, ino);
	inode->next = *bucket;
	*bucket = inode;
	shard->count++;
	return inode;
}

struct inode *icache_ref(struct icache *cache, uint64_t ino)
{
	struct icache_shard *shard = shard_of(cache, ino);
	struct inode *inode;

	mutex_lock(&shard->lock);
	inode = find(shard, ino);
	if (!inode)
		inode = insert(shard, ino);
	if (inode)
		inode->refs++;
	mutex_unlock(&shard->lock);
	return inode;
}

struct inode *icache_find(struct icache *cache, uint64_t ino)
{
	struct icache_shard *shard = shard_of(cache, ino);
	struct inode *inode;

	mutex_lock(&shard->lock);
	inode = find(shard, ino);
	if (inode)
		inode->refs++;
	mutex_unlock(&shard->lock);
	return inode;
}

void icache_remember(struct icache *cache, struct inode *inode, uint64_t count)
{
	struct icache_shard *shard = shard_of(cache, inode->ino);

	mutex_lock(&shard->lock);
	inode->lookups += count;
	mutex_unlock(&shard->lock);
}

void icache_forget(struct icache *cache, struct inode *inode, uint64_t count)
{
	struct icache_shard *shard = shard_of(cache, inode->ino);

	mutex_lock(&shard->lock);
	inode->lookups -= u64_min(count, inode->lookups);
	mutex_unlock(&shard->lock);
}

static void drop(struct icache_shard *shard, struct inode *inode)
{
	struct inode **at = bucket_of(shard, inode->ino);

	while (*at != inode)
		at = &(*at)->next;
	*at = inode->next;
	shard->count--;
	inode_free(inode);
}

/*
 * Looks at the record without the inode's lock: nobody else refers to the
 * inode, and whoever did gave it back under the shard's lock, later than all
 * that was done to it.
 */
static bool must_go(const struct inode *inode)
{
	return atomic_load(&inode->loaded) && !inode->gone &&
	       inode->rec.nlink == 0;
}

bool icache_unref(struct icache *cache, struct inode *inode, bool force)
{
	struct icache_shard *shard = shard_of(cache, inode->ino);
	bool done = true;

	mutex_lock(&shard->lock);
	assert(inode->refs > 0);
	if (inode->refs > 1 || inode->lookups > 0)
		inode->refs--;
	else if (!force && must_go(inode))
		done = false;
	else
		drop(shard, inode);
	mutex_unlock(&shard->lock);
	return done;
}

size_t icache_count(struct icache *cache)
{
	size_t count = 0;
	size_t i;

	for (i = 0; i < ICACHE_SHARDS; i++) {
		mutex_lock(&cache->shards[i].lock);
		count += cache->shards[i].count;
		mutex_unlock(&cache->shards[i].lock);
	}
	return count;
}
