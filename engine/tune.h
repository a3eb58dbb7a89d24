/*
 * tune: what can be changed of an open store; kv.h has kv_tune().  Private to
 * engine/.
 *
 * Each setting is one atomic word that is read where it matters, so that no
 * order between two of them can be relied on.
 */
#ifndef ENGINE_TUNE_H
#define ENGINE_TUNE_H

struct kv;

/* As the options say; before there are threads. */
void tune_init(struct kv *kv);

#endif
