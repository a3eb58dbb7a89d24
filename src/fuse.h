/*
 * libfuse's low-level API, at the one version that src/ is written for.
 */
#ifndef SRC_FUSE_H
#define SRC_FUSE_H

#define FUSE_USE_VERSION 312

#include <fuse_lowlevel.h>

#endif
