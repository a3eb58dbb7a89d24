#include "engine/base/mem_file.h"

#include <stdlib.h>

#include "engine/base/mem_rand.h"

struct mem_file *mem_file_new(void)
{
	struct mem_file *mf = calloc(1, sizeof(*mf));

	if (mf)
		mf->refs = 1;
	return mf;
}

struct mem_file *mem_file_ref(struct mem_file *mf)
{
	mf->refs++;
	return mf;
}

void mem_file_unref(struct mem_file *mf)
{
	if (!mf || --mf->refs > 0)
		return;
	free(mf->now.data);
	free(mf->disk.data);
	free(mf->dirty);
	free(mf->dirty_of);
	free(mf);
}

size_t mem_file_read(const struct mem_file *mf, void *buf, size_t size,
		     uint64_t offset)
{
	if (size == 0 || offset >= mf->now.size)
		return 0;
	size = (size_t)u64_min(size, mf->now.size - offset);
	memcpy(buf, mf->now.data + offset, size);
	return size;
}

/* Grows *@p from @old to @new bytes, the new ones zero. */
static int grow_zeroed(void *p, uint64_t old, uint64_t new)
{
	void **data = p;
	uint8_t *grown = realloc(*data, new);

	if (!grown)
		return -ENOMEM;
	memset(grown + old, 0, new - old);
	*data = grown;
	return 0;
}

/*
 * Doubles, so that small writes do not copy the file each time.  An array that
 * has grown before another failed to is merely larger than cap says, and its
 * excess is cleared again when all three grow.
 */
static int reserve_bytes(struct mem_file *mf, uint64_t end)
{
	uint64_t cap = u64_max(mf->cap, 8 * MEM_SECTOR);
	uint64_t old = mf->cap;
	int rc;

	if (end <= old)
		return 0;
	if (end > UINT32_MAX * (uint64_t)MEM_SECTOR / 2)
		return -ENOMEM; /* dirty_of could not number its sectors */
	while (cap < end)
		cap *= 2;

	rc = grow_zeroed(&mf->now.data, old, cap);
	if (rc == 0)
		rc = grow_zeroed(&mf->disk.data, old, cap);
	if (rc == 0)
		rc = grow_zeroed(&mf->dirty_of,
				 old / MEM_SECTOR * sizeof(*mf->dirty_of),
				 cap / MEM_SECTOR * sizeof(*mf->dirty_of));
	if (rc == 0)
		mf->cap = cap;
	return rc;
}

/* Room to list all the sectors that @size bytes may touch. */
static int reserve_dirty(struct mem_file *mf, uint64_t size)
{
	size_t need = mf->dirty_count + size / MEM_SECTOR + 2;
	struct mem_dirty *grown;

	if (need <= mf->dirty_cap)
		return 0;
	need = size_max(need, 2 * mf->dirty_cap);
	grown = reallocarray(mf->dirty, need, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	mf->dirty = grown;
	mf->dirty_cap = need;
	return 0;
}

int mem_file_reserve(struct mem_file *mf, uint64_t size, uint64_t end)
{
	int rc = reserve_bytes(mf, end);

	return rc < 0 ? rc : reserve_dirty(mf, size);
}

static void mark_sector(struct mem_file *mf, uint64_t sector, size_t from,
			size_t to)
{
	uint32_t *at = &mf->dirty_of[sector];
	struct mem_dirty *d;

	if (*at == 0) {
		assert(mf->dirty_count < mf->dirty_cap);
		d = &mf->dirty[mf->dirty_count++];
		*at = (uint32_t)mf->dirty_count;
		*d = (struct mem_dirty){ sector, (uint16_t)from, (uint16_t)to };
		return;
	}
	d = &mf->dirty[*at - 1];
	d->from = (uint16_t)size_min(d->from, from);
	d->to = (uint16_t)size_max(d->to, to);
}

static void mark(struct mem_file *mf, uint64_t from, uint64_t to)
{
	assert(to <= mf->cap);
	while (from < to) {
		uint64_t start = from - from % MEM_SECTOR;
		uint64_t end = u64_min(to, start + MEM_SECTOR);

		mark_sector(mf, start / MEM_SECTOR, from - start, end - start);
		from = end;
	}
}

void mem_file_write(struct mem_file *mf, struct slice bytes, uint64_t offset)
{
	if (bytes.size == 0)
		return;
	mark(mf, offset, offset + bytes.size);
	memcpy(mf->now.data + offset, bytes.data, bytes.size);
	mf->now.size = u64_max(mf->now.size, offset + bytes.size);
}

int mem_file_truncate(struct mem_file *mf, uint64_t size)
{
	uint64_t old = mf->now.size;
	int rc;

	rc = mem_file_reserve(mf, old > size ? old - size : 0, size);
	if (rc < 0)
		return rc;
	if (size < old) {
		mark(mf, size, old);
		memset(mf->now.data + size, 0, old - size);
	}
	mf->now.size = size;
	return 0;
}

void mem_file_lie(struct mem_file *mf)
{
	size_t i;

	for (i = 0; i < mf->dirty_count; i++)
		mf->dirty_of[mf->dirty[i].sector] = 0;
	mf->dirty_count = 0;
}

void mem_file_sync(struct mem_file *mf)
{
	struct mem_bytes *disk = &mf->disk;
	size_t i;

	for (i = 0; i < mf->dirty_count; i++) {
		uint64_t at = mf->dirty[i].sector * MEM_SECTOR;

		memcpy(disk->data + at, mf->now.data + at, MEM_SECTOR);
	}
	/* Only after a lie can there be anything but zeros. */
	if (mf->now.size < disk->size)
		memset(disk->data + mf->now.size, 0, disk->size - mf->now.size);
	disk->size = mf->now.size;
	mem_file_lie(mf);
}

/* The old size, the new one, or a number of whole sectors in between. */
static uint64_t cut_size(const struct mem_file *mf, enum env_mem_loss loss,
			 struct mem_rand *rand)
{
	uint64_t lo = u64_min(mf->now.size, mf->disk.size);
	uint64_t hi = u64_max(mf->now.size, mf->disk.size);
	uint64_t first = lo / MEM_SECTOR + 1;
	uint64_t last = hi / MEM_SECTOR;

	if (loss == ENV_MEM_LOSE_ALL)
		return mf->disk.size;
	if (loss != ENV_MEM_LOSE_RANDOM)
		return mf->now.size;

	switch (mem_rand_below(rand, 3)) {
	case 0:
		return mf->disk.size;
	case 1:
		return mf->now.size;
	default:
		if (first > last)
			return lo;
		return MEM_SECTOR *
		       (first + mem_rand_below(rand, last - first + 1));
	}
}

/*
 * Writes over the old bytes of a sector, @at, what may be found of the new
 * ones, @now.  Out of 3, @keep is the chance that they are there.
 */
static void cut_sector(const struct mem_dirty *d, uint8_t *at,
		       const uint8_t *now, unsigned keep, struct mem_rand *rand)
{
	size_t size = (size_t)(d->to - d->from);

	at += d->from;
	if (mem_rand_below(rand, 3) < keep) {
		memcpy(at, now + d->from, size);
		return;
	}
	switch (mem_rand_below(rand, 3)) {
	case 0:
		break;
	case 1:
		memset(at, 0, size);
		break;
	default:
		mem_rand_fill(rand, at, size);
		break;
	}
}

static void cut_sectors(const struct mem_file *mf, enum env_mem_loss loss,
			struct mem_rand *rand, struct mem_file *out)
{
	unsigned keep = loss == ENV_MEM_LOSE_NOTHING ? 3 : 0;
	size_t i = 0;

	if (loss == ENV_MEM_LOSE_ALL)
		return;
	/* One chance for the file: else a large one would never be whole. */
	if (loss == ENV_MEM_LOSE_RANDOM)
		keep = (unsigned)mem_rand_below(rand, 4);
	if (loss == ENV_MEM_LOSE_OLDEST) {
		keep = 3;
		i = mf->dirty_count / 2;
	}
	for (; i < mf->dirty_count; i++) {
		uint64_t at = mf->dirty[i].sector * MEM_SECTOR;

		cut_sector(&mf->dirty[i], out->now.data + at, mf->now.data + at,
			   keep, rand);
	}
}

int mem_file_cut(const struct mem_file *mf, enum env_mem_loss loss,
		 struct mem_rand *rand, struct mem_file **out)
{
	struct mem_file *cut = mem_file_new();
	uint64_t size = cut_size(mf, loss, rand);

	if (!cut)
		return -ENOMEM;
	if (mem_file_reserve(cut, 0, mf->cap) < 0) {
		mem_file_unref(cut);
		return -ENOMEM;
	}
	if (mf->cap) {
		memcpy(cut->now.data, mf->disk.data, mf->cap);
		cut_sectors(mf, loss, rand, cut);
		memset(cut->now.data + size, 0, cut->cap - size);
		memcpy(cut->disk.data, cut->now.data, cut->cap);
	}
	cut->now.size = size;
	cut->disk.size = size;
	*out = cut;
	return 0;
}
