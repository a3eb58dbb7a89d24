/* Random operations, compared with a simple model of a filesystem. */
#include "tests/fs/fixture.h"

#include "tests/fs/model_fs.h"

#define SEEDS 6
#define STEPS 1500

static void compare(struct model *m, int step)
{
	char why[200];

	ck_assert_msg(model_fs_same_whole(m, fx, why, sizeof(why)),
		      "step %d: %s", step, why);
	ck_assert_uint_eq(fx_check().orphans, 0);
}

START_TEST(random_operations_do_what_the_model_does)
{
	static struct model m;
	unsigned seed = (unsigned)_i + 1;
	int step;

	model_init(&m);
	for (step = 1; step <= STEPS; step++) {
		ck_assert(model_fs_step(&m, fx, &seed));
		if (step % 100 == 0)
			compare(&m, step);
		if (step % 500 == 0) {
			fx_reopen();
			compare(&m, step);
		}
	}
	ck_assert_uint_gt(model_count(&m), 5);
	model_fini(&m);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("model");
	TCase *tc = suite_case(s, "model");

	tcase_add_checked_fixture(tc, fx_setup, fx_teardown);
	tcase_add_loop_test(tc, random_operations_do_what_the_model_does, 0,
			    SEEDS);
	return suite_run(s);
}
