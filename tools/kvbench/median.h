/*
 * The value in the middle: what noise in one direction does not move.
 */
#ifndef TOOLS_KVBENCH_MEDIAN_H
#define TOOLS_KVBENCH_MEDIAN_H

#include "engine/base/base.h"

/* Sorts @values, @count of them and at least one. */
double median(double *values, size_t count);

#endif
