# Hostile bytes for each decoder; fuzz.h says how.
FUZZ_COMMON = \
	tests/fuzz/blobs.c \
	tests/fuzz/block.c \
	tests/fuzz/checksum.c \
	tests/fuzz/fs.c \
	tests/fuzz/fuzz.h \
	tests/fuzz/log.c \
	tests/fuzz/manifest.c \
	tests/fuzz/store.c \
	tests/fuzz/table.c \
	tests/fuzz/targets.c \
	tests/fuzz/wire.c \
	src/wire.c src/wire.h
FUZZ_WRAP = -Wl,--wrap=checksum,--wrap=checksum2

check_PROGRAMS += tests/fuzz/replay tests/fuzz/seeds
TESTS += tests/fuzz/replay
EXTRA_DIST += %D%/corpus

tests_fuzz_replay_SOURCES = %D%/replay.c $(FUZZ_COMMON)
tests_fuzz_replay_LDADD = $(ENVMEM_LIBS) $(FS_LIBS)
tests_fuzz_replay_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_WRAP)

tests_fuzz_seeds_SOURCES = %D%/seeds.c %D%/checksum.c %D%/fuzz.h \
	src/wire.c src/wire.h
tests_fuzz_seeds_LDADD = $(ENVMEM_LIBS) $(FS_LIBS)
tests_fuzz_seeds_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_WRAP)

# One program for all targets, of sources compiled anew: with clang, whatever
# the rest was built with.
FUZZ_CC = clang
FUZZ_FILES = $(libengine_a_SOURCES) $(libenvmem_a_SOURCES) \
	$(libfs_a_SOURCES) $(FUZZ_COMMON) %D%/fuzzer.c
EXTRA_DIST += %D%/fuzzer.c

.PHONY: fuzz
fuzz: tests/fuzz/fuzzer
tests/fuzz/fuzzer: $(FUZZ_FILES)
	@command -v $(FUZZ_CC) >/dev/null || \
		{ echo "make fuzz needs clang" >&2; exit 1; }
	@$(MKDIR_P) tests/fuzz
	$(AM_V_GEN)$(FUZZ_CC) -std=gnu17 -g -O1 -D_GNU_SOURCE \
		-DENABLE_DEBUG=1 -fno-strict-aliasing -I. -I$(top_srcdir) \
		-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
		`for f in $^; do echo $$f; done | grep "\.c$$"` $(FUZZ_WRAP) $(LZ4_LIBS) $(XXHASH_LIBS) \
		-lpthread -o $@
CLEANFILES += tests/fuzz/fuzzer
