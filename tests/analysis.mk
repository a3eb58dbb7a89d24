# Other eyes than the compiler's: `make cppcheck`, `make tidy`, `make valgrind`.
# Each fails if it finds something; minutes each, so that none is part of check.
ANALYSED = $(libengine_a_SOURCES) $(libfs_a_SOURCES) $(loamfs_SOURCES)
ANALYSED_FLAGS = -D_GNU_SOURCE -I. -I$(top_srcdir) $(FUSE_CFLAGS)

.PHONY: cppcheck tidy valgrind

cppcheck:
	cd $(top_srcdir) && ls $(ANALYSED) | grep '\.c$$' | xargs cppcheck -q --std=c11 --error-exitcode=1 \
		--enable=warning,performance,portability \
		--suppressions-list=tests/cppcheck.suppressions \
		--suppress=missingIncludeSystem -D_GNU_SOURCE -I.

tidy:
	for f in $(ANALYSED); do echo "$(top_srcdir)/$$f"; done | \
	grep '\.c$$' | xargs -n 6 -P 2 sh -c 'clang-tidy --quiet \
		--config-file=$(top_srcdir)/.clang-tidy "$$@" -- \
		-std=gnu17 $(ANALYSED_FLAGS)' sh

# Suites that go through most of fs/ and engine/ without doing it thousands of
# times; without forks, so that what leaks is seen.
VALGRINDED = \
	tests/fs/test_namei \
	tests/fs/test_range \
	tests/fs/test_xattr \
	tests/fuzz/replay

valgrind: $(VALGRINDED)
	for t in $(VALGRINDED); do \
		echo "$$t"; \
		srcdir=$(srcdir) CK_FORK=no CK_VERBOSITY=minimal \
		valgrind -q --error-exitcode=99 --leak-check=full \
			--errors-for-leak-kinds=definite,possible \
			./$$t >valgrind.log 2>&1 || \
			{ cat valgrind.log; exit 1; }; \
	done
CLEANFILES += valgrind.log
EXTRA_DIST += .clang-tidy %D%/cppcheck.suppressions
