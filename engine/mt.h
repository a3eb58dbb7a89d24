/*
 * mt: the memtable, a sorted table of the newest entries in memory.
 *
 * A skiplist in an arena.  One thread at a time adds (the leader of the write
 * queue); any number read meanwhile, without locks: a node is complete before
 * it is linked, with a release store, and nothing is ever removed.  The idea is
 * LevelDB's; the list is by William Pugh, "Skip Lists: A Probabilistic
 * Alternative to Balanced Trees" (1990).
 *
 * A reader sees every entry with a sequence number up to the one that was
 * published before it began; later ones may or may not be there and are
 * filtered by the reader.
 *
 * The memtable also holds a reference to each blob file that its entries name,
 * so that whoever pins the memtable can read them.
 */
#ifndef ENGINE_MT_H
#define ENGINE_MT_H

#include "engine/source.h"

struct blob;
struct mt;

/* A table with one reference; NULL if out of memory. */
struct mt *mt_new(void);
struct mt *mt_ref(struct mt *mt);
void mt_unref(struct mt *mt); /* accepts NULL */

/* Adds an entry; key and value are copied.  Returns 0 or -ENOMEM. */
int mt_put(struct mt *mt, const struct entry *e) MUST_USE;

/*
 * Finds the newest entry of @key with a sequence number up to @seq_max.  The
 * entry is valid as long as the table.
 */
bool mt_get(const struct mt *mt, struct slice key, uint64_t seq_max,
	    struct entry *out);

/* A source that holds a reference to @mt; NULL if out of memory. */
struct source *mt_source(struct mt *mt);

/* Memory used, in bytes, and entries held; may be asked by any thread. */
size_t mt_bytes(const struct mt *mt);
uint64_t mt_count(const struct mt *mt);

/* The largest sequence number in it; of a table that is added to no more. */
uint64_t mt_seq_last(const struct mt *mt);

/* Keeps a reference to @blob, once.  Returns 0 or -ENOMEM. */
int mt_add_blob(struct mt *mt, struct blob *blob) MUST_USE;

/* The blob file with that id, borrowed from @mt; NULL if it holds none. */
struct blob *mt_blob(const struct mt *mt, uint64_t id);

#endif
