#include "engine/stats.h"

#include <pthread.h>
#include <stdlib.h>

#include "engine/kv.h"
#include "engine/version.h"

struct stats *stats_new(struct env *clock)
{
	size_t align = alignof(struct stats);
	size_t size = (sizeof(struct stats) + align - 1) / align * align;
	struct stats *s = aligned_alloc(align, size);

	if (!s)
		return NULL;
	memset(s, 0, size);
	s->clock = clock;
	return s;
}

void stats_free(struct stats *s)
{
	free(s);
}

_Thread_local struct stats_thread stats_thread = {
	.left = STATS_SAMPLE_MEAN,
	.random = 2463534242,
};

/* Shards that belong to a thread, as bits; the last one is for all others. */
static _Atomic uint32_t shards_taken;
static pthread_key_t at_exit;
static pthread_once_t at_exit_made = PTHREAD_ONCE_INIT;
static_assert(STATS_SHARDS <= 32, "a bit for each shard");

/* Whoever takes the shard next goes on with the counts as we leave them. */
static void give_back_shard(void *arg UNUSED)
{
	unsigned shard = stats_thread.shard;

	stats_thread.shard = 0;
	if (shard < STATS_SHARDS)
		atomic_fetch_and_explicit(&shards_taken,
					  ~((uint32_t)1 << (shard - 1)),
					  memory_order_release);
}

static void make_at_exit(void)
{
	if (pthread_key_create(&at_exit, give_back_shard) != 0)
		shards_taken = UINT32_MAX; /* who cannot give back must share */
}

void stats_take_shard(void)
{
	uint32_t taken;
	unsigned i;

	pthread_once(&at_exit_made, make_at_exit);
	taken = shards_taken;
	do {
		for (i = 0; i < STATS_SHARDS - 1; i++)
			if (!(taken & (uint32_t)1 << i))
				break;
	} while (i < STATS_SHARDS - 1 &&
		 !atomic_compare_exchange_weak(&shards_taken, &taken,
					       taken | (uint32_t)1 << i));
	stats_thread.shard = i + 1;
	if (i == STATS_SHARDS - 1)
		return;
	/* The value only has to be something: NULL calls no destructor. */
	if (pthread_setspecific(at_exit, &stats_thread) != 0) {
		give_back_shard(NULL);
		stats_thread.shard = STATS_SHARDS;
	}
}

/*
 * From 1 to twice the mean less 1.  The generator is Marsaglia's xorshift,
 * which never gets to 0.
 */
void stats_draw_sample(void)
{
	uint32_t r = stats_thread.random;

	r ^= r << 13;
	r ^= r >> 17;
	r ^= r << 5;
	stats_thread.random = r;
	stats_thread.left = 1 + r % (2 * STATS_SAMPLE_MEAN - 1);
}

uint64_t stats_sum(const struct stats *s, enum stats_counter counter)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < STATS_SHARDS; i++)
		sum += atomic_load_explicit(&s->shards[i].counts[counter],
					    memory_order_relaxed);
	return sum;
}

/* The table with that number on that level, or NULL. */
static const struct sst *find_table(const struct version *v,
				    const struct edit_sst *which)
{
	const struct level *l = v->levels[which->level];
	size_t i;

	for (i = 0; i < l->count; i++)
		if (l->ssts[i]->number == which->number)
			return l->ssts[i];
	return NULL;
}

static bool is_move(const struct edit *edit)
{
	return edit->removed_count == 1 && edit->added_count == 1 &&
	       edit->removed[0].number == edit->added[0].number;
}

static void count_compaction(struct stats *s, const struct version *old,
			     const struct edit *edit)
{
	uint64_t in = 0, out = 0, tombstones_in = 0, tombstones_out = 0;
	const struct sst *sst;
	size_t i;

	for (i = 0; i < edit->removed_count; i++) {
		sst = find_table(old, &edit->removed[i]);
		if (sst) {
			in += sst->size;
			tombstones_in += sst->props.tombstones;
		}
	}
	for (i = 0; i < edit->added_count; i++) {
		sst = edit->added[i].sst;
		out += sst->size;
		tombstones_out += sst->props.tombstones;
	}
	stats_add(s, STATS_COMPACTIONS, 1);
	stats_add(s, STATS_COMPACT_BYTES_IN, in);
	stats_add(s, STATS_COMPACT_BYTES_OUT, out);
	stats_add(s, STATS_COMPACT_TOMBSTONES, tombstones_in - tombstones_out);
}

static void count_flush(struct stats *s, const struct edit *edit)
{
	size_t i;

	stats_add(s, STATS_FLUSHES, 1);
	for (i = 0; i < edit->added_count; i++)
		stats_add(s, STATS_FLUSH_BYTES, edit->added[i].sst->size);
}

/* A blob that is removed and added has moved to another file. */
static void count_blobs(struct stats *s, const struct edit *edit)
{
	size_t i, j;

	for (i = 0; i < edit->blobs_removed_count; i++) {
		for (j = 0; j < edit->blobs_added_count; j++)
			if (edit->blobs_added[j].id ==
			    edit->blobs_removed[i].id)
				break;
		if (j == edit->blobs_added_count)
			stats_add(s, STATS_BLOBS_DROPPED, 1);
	}
}

void stats_edit(struct stats *s, const struct version *old,
		const struct edit *edit, bool flush)
{
	if (flush)
		count_flush(s, edit);
	else if (is_move(edit))
		stats_add(s, STATS_MOVES, 1);
	else if (edit->removed_count > 0)
		count_compaction(s, old, edit);
	count_blobs(s, edit);
}

static void show_io(const struct stats_io *io, struct kv_io *out)
{
	out->reads = io->reads;
	out->read_bytes = io->read_bytes;
	out->writes = io->writes;
	out->write_bytes = io->write_bytes;
	out->syncs = io->syncs;
}

void stats_show(const struct stats *s, struct kv_stats *out)
{
	out->gets_memtable = stats_sum(s, STATS_GETS_MEMTABLE);
	out->gets_table = stats_sum(s, STATS_GETS_TABLE);
	out->gets_absent = stats_sum(s, STATS_GETS_ABSENT);
	out->blob_values = stats_sum(s, STATS_VALUES_BLOB);
	out->filter_useful = stats_sum(s, STATS_FILTER_USEFUL);
	out->filter_false = stats_sum(s, STATS_FILTER_FALSE);
	out->filter_checks = out->filter_useful + out->filter_false +
			     out->gets_table;
	out->iterators = stats_sum(s, STATS_ITERATORS);
	out->seeks = stats_sum(s, STATS_SEEKS);
	out->batches = stats_sum(s, STATS_BATCHES);
	out->batch_bytes = stats_sum(s, STATS_BATCH_BYTES);
	out->flushes = stats_sum(s, STATS_FLUSHES);
	out->flush_bytes = stats_sum(s, STATS_FLUSH_BYTES);
	out->compactions = stats_sum(s, STATS_COMPACTIONS);
	out->compact_bytes_in = stats_sum(s, STATS_COMPACT_BYTES_IN);
	out->compact_bytes_out = stats_sum(s, STATS_COMPACT_BYTES_OUT);
	out->compact_tombstones = stats_sum(s, STATS_COMPACT_TOMBSTONES);
	out->moves = stats_sum(s, STATS_MOVES);
	out->blobs_dropped = stats_sum(s, STATS_BLOBS_DROPPED);
	show_io(&s->io[FILE_SST], &out->table_io);
	show_io(&s->io[FILE_BLOB], &out->blob_io);
	show_io(&s->io[FILE_WAL], &out->log_io);
	show_io(&s->io[FILE_MANIFEST], &out->manifest_io);
}

static void show_spread(const struct histogram *h, struct kv_spread *out)
{
	struct histogram copy = { 0 };

	histogram_merge(&copy, h);
	out->count = histogram_count(&copy);
	out->sum = copy.sum;
	out->p50 = histogram_permille(&copy, 500);
	out->p90 = histogram_permille(&copy, 900);
	out->p99 = histogram_permille(&copy, 990);
	out->p999 = histogram_permille(&copy, 999);
	out->max = copy.max;
}

void stats_show_spreads(const struct stats *s, struct kv_spreads *out)
{
	const struct histogram *h = s->spreads;

	show_spread(&h[STATS_GET_NS], &out->get_ns);
	show_spread(&h[STATS_SEEK_NS], &out->seek_ns);
	show_spread(&h[STATS_WRITE_NS], &out->write_ns);
	show_spread(&h[STATS_GROUP], &out->group_batches);
	show_spread(&h[STATS_WAIT_NS], &out->wait_ns);
	show_spread(&h[STATS_SYNC_NS], &out->sync_ns);
	show_spread(&h[STATS_FLUSH_NS], &out->flush_ns);
	show_spread(&h[STATS_COMPACT_NS], &out->compact_ns);
	show_spread(&h[STATS_TABLE_READ_NS], &out->table_read_ns);
	show_spread(&h[STATS_BLOB_READ_NS], &out->blob_read_ns);
	show_spread(&h[STATS_FILE_SYNC_NS], &out->file_sync_ns);
}
