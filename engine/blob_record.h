/*
 * What blob.c (reading) and vlog.c (writing) share of a record's layout, which
 * vlog.h describes.
 */
#ifndef ENGINE_BLOB_RECORD_H
#define ENGINE_BLOB_RECORD_H

#define BLOB_ALIGN 8 /* bytes; records begin at multiples of it */

enum blob_codec {
	BLOB_STORED = 0,
	BLOB_LZ4 = 1,
};

#endif
