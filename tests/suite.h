/*
 * What every test program shares: a main that runs one suite.
 *
 * Each test runs in a process of its own (Check forks), so that a crash names
 * the test; CK_FORK=no switches that off for a debugger or a sanitizer.
 */
#ifndef TESTS_SUITE_H
#define TESTS_SUITE_H

#include <check.h>
#include <stdlib.h>

/* A test, unless its case says otherwise; with TSan, on a busy machine. */
#define SUITE_TIMEOUT_S 300

static inline int suite_run(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* A test case named @name, added to @suite, with the usual time limit. */
static inline TCase *suite_case(Suite *suite, const char *name)
{
	TCase *tc = tcase_create(name);

	tcase_set_timeout(tc, SUITE_TIMEOUT_S);
	suite_add_tcase(suite, tc);
	return tc;
}

#define ck_ok(expr) ck_assert_int_eq((expr), 0)

#endif
