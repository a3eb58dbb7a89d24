/* What flush and compaction keep, against what readers can see. */
#include "tests/suite.h"

#include "engine/keep.h"
#include "tests/engine/model.h"

#define KEYS     6u
#define VERSIONS 40u
#define ROUNDS   3000

static const char letters[] = "abcdefg";

static struct slice letter(unsigned i)
{
	return slice_of(&letters[i], 1);
}

/* Changes 1 to VERSIONS: each is a put to one key, or a range delete. */
struct history {
	struct {
		bool range;
		unsigned from, to; /* the key is from */
	} changes[VERSIONS + 1];
	uint64_t readers[4]; /* three snapshots, rising, and the newest state */
};

static void make_history(struct history *h, uint64_t *random)
{
	unsigned i;

	for (i = 1; i <= VERSIONS; i++) {
		h->changes[i].range = model_random(random) % 6 == 0;
		h->changes[i].from = (unsigned)(model_random(random) % KEYS);
		h->changes[i].to = h->changes[i].from + 1 +
				   (unsigned)(model_random(random) %
					      (KEYS - h->changes[i].from));
	}
	for (i = 0; i < 3; i++)
		h->readers[i] = (i ? h->readers[i - 1] : 0) +
				model_random(random) % 15;
	h->readers[3] = UINT64_MAX;
}

/* Whether a reader up to @reader gets @key from change @seq. */
static bool sees(const struct history *h, uint64_t reader, unsigned key,
		 unsigned seq)
{
	unsigned i;

	if (seq > reader)
		return false;
	for (i = seq + 1; i <= VERSIONS && i <= reader; i++)
		if (h->changes[i].range ? key >= h->changes[i].from &&
						  key < h->changes[i].to
					: key == h->changes[i].from)
			return false;
	return true;
}

static bool anybody_sees(const struct history *h, unsigned key, unsigned seq)
{
	unsigned i;

	for (i = 0; i < ARRAY_SIZE(h->readers); i++)
		if (sees(h, h->readers[i], key, seq))
			return true;
	return false;
}

START_TEST(what_somebody_sees_is_kept_and_nothing_else)
{
	uint64_t random = 3;
	struct history h;
	unsigned n, key, i;
	char byte;

	for (n = 0; n < ROUNDS; n++) {
		struct range_dels ranges;
		struct keep keep = { .snapshots = h.readers,
				     .snapshot_count = 3,
				     .ranges = &ranges,
				     .lasting = n % 2 };

		make_history(&h, &random);
		range_dels_init(&ranges);
		for (i = 1; i <= VERSIONS; i++) {
			struct range_del r = { letter(h.changes[i].from),
					       letter(h.changes[i].to), i };

			if (h.changes[i].range)
				ck_ok(range_dels_add(&ranges, &r));
		}
		ck_ok(range_dels_fragment(&ranges, h.readers, 3));
		for (key = 0; key < KEYS; key++)
			for (i = VERSIONS; i > 0; i--) {
				struct entry e = {
					.key = keep.lasting
						       ? letter(key)
						       : slice_of(&byte, 1),
					.tag = entry_tag(i, ENTRY_PUT),
				};

				if (h.changes[i].range ||
				    h.changes[i].from != key)
					continue;
				byte = letters[key];
				ck_assert_int_eq(keep_entry(&keep, &e),
						 anybody_sees(&h, key, i));
			}
		keep_fini(&keep);
		range_dels_fini(&ranges);
	}
}
END_TEST

START_TEST(all_see_what_is_older_than_every_snapshot)
{
	const uint64_t snapshots[] = { 5, 9 };
	struct keep keep = { .snapshots = snapshots, .snapshot_count = 2 };
	struct keep none = { 0 };

	ck_assert(keep_all_see(&keep, 5));
	ck_assert(!keep_all_see(&keep, 6));
	ck_assert(keep_all_see(&none, UINT64_MAX));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("keep");
	TCase *tc = suite_case(s, "keep");

	tcase_add_test(tc, what_somebody_sees_is_kept_and_nothing_else);
	tcase_add_test(tc, all_see_what_is_older_than_every_snapshot);
	return suite_run(s);
}
