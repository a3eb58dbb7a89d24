/*
 * gc: collection of the value log.
 *
 * A blob file that nothing refers to is dropped.  One that is partly garbage is
 * rewritten: the records that are referred to, in the order of the tree, so
 * that neighbours lie together, go to a new file; once that is durable, one
 * edit lets the id lead there.  Handles name a value by id and ordinal and stay
 * what they are, so nothing is written to the tree.  Readers that hold the old
 * file go on reading it; it goes with the last of them.  The design is Pebble's
 * (blob file rewriting, 2025).
 *
 * Which files
 *   Garbage is what a file would lose by being rewritten.  While it is more
 *   than a share of all blob files together (20 % always, 10 % when nothing
 *   has changed for a while or it is asked for), those are rewritten that have
 *   the largest share of it, and no more of them than are needed: what is left
 *   in the others is cheaper to keep.  So blob files take at most 1.25 of what
 *   is referred to, and the least is written for it.
 *
 * Why it is safe
 *   A file is looked at only when it is sealed, nobody is inside
 *   (blob_enter()), and no memtable refers to it; and nobody may have been
 *   inside from before the view was taken that shows this until after.  Then
 *   everybody who ever wrote to the file or shared a value of it is done, so
 *   all references there are stand in the tables of that view.  New references
 *   are made by kv_batch_copy() only; a copy looks its source up again once it
 *   is inside, so it finds what a table of that view, or a later copy, refers
 *   to.  Hence the values that the view's tables refer to are all that anybody
 *   can ever refer to, and the rewritten file has each of them.  This is
 *   checked again, against the newest version, before the edit is made.  Who is
 *   inside is counted for the id, not the file, so a copy that entered before
 *   the edit keeps the new file from being found dead.
 *
 *   A crash before the edit leaves the old file, and a new one that nothing
 *   names; after it, the old one is what nothing names.  Such files are removed
 *   when the store is opened.
 *
 * What it costs
 *   Several files are collected at a time, up to 64 MiB of live values or
 *   256 Ki of them (48 bytes of memory each), so that one scan over the tables
 *   that refer to them serves all; a file that is larger is collected by
 *   itself.  Only the free space for the live part is needed, and without that
 *   a file is left out.
 *
 * Files are rewritten one to one.  A store that is opened often has a small
 * file for each time that values were written; such a file goes when all of
 * its values have gone.
 *
 * Holes are not punched into files for values that died: an iterator may still
 * read them through a view that it pinned long ago, and nothing tells when the
 * last such view is gone while the file stays.
 *
 * Thread safety: all functions may be called from several threads at once; one
 * collection runs at a time.
 */
#ifndef ENGINE_GC_H
#define ENGINE_GC_H

#include "engine/base/base.h"

#define GC_PERCENT_ALWAYS 20 /* of garbage, in all sealed files */
#define GC_PERCENT_IDLE   10

struct kv;

/* Forgets blob files that nothing refers to. */
int gc_drop_dead(struct kv *kv) MUST_USE;

/*
 * Rewrites some of the files that have the most garbage, if it is more than
 * @percent.  Returns 1 if something was rewritten, 0 if nothing was due, or an
 * error: -ENOSPC, -EBADMSG and -EUCLEAN leave everything as it was.
 */
int gc_step(struct kv *kv, unsigned percent) MUST_USE;

/* All the steps there are.  Returns 0 or the error of one. */
int gc_run(struct kv *kv, unsigned percent) MUST_USE;

/* Seals the active file if need be, drops what is dead, and all the steps. */
int gc_collect(struct kv *kv) MUST_USE;

/* For gc_scan.c: the store is being closed, so what is under way ends. */
bool gc_stopping(struct kv *kv);

#endif
