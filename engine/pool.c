#include "engine/pool.h"

#include <malloc.h>
#include <stdlib.h>

#include "engine/base/huge.h"

#define SUB_BITS 6 /* of the bins between two powers of two */

/* The header of a piece; what was asked for is behind it. */
struct piece {
	uint32_t units;  /* of all of it; 0: it is from the heap */
	uint32_t before; /* units of the piece before it, or 0 */
	uintptr_t owner; /* the user's, or FREE */
};

#define FREE ((uintptr_t)1)

struct pool_free {
	struct piece piece;
	struct pool_free *next;
	struct pool_free **at; /* where the pointer to this one is */
};

_Static_assert(sizeof(struct piece) == 16, "what is behind it is aligned");
_Static_assert(sizeof(struct pool_free) <= POOL_UNIT, "fits in any piece");
_Static_assert(sizeof(struct pool_slab) <= POOL_UNIT, "is the first unit");

void pool_init(struct pool *p, size_t slab_size)
{
	assert(slab_size == 0 ||
	       (slab_size >= POOL_SLAB_MIN && slab_size <= HUGE_SIZE));
	*p = (struct pool){ .slab_size = slab_size };
}

static struct piece *piece_of(const void *data)
{
	return (struct piece *)data - 1;
}

static struct piece *first_of(const struct pool_slab *slab)
{
	return (struct piece *)((char *)slab + POOL_UNIT);
}

static struct piece *behind(const struct piece *piece)
{
	return (struct piece *)((char *)piece + piece->units * POOL_UNIT);
}

static struct piece *before(const struct piece *piece)
{
	return (struct piece *)((char *)piece - piece->before * POOL_UNIT);
}

static struct pool_slab *slab_of(const struct pool *p,
				 const struct piece *piece)
{
	return (struct pool_slab *)((uintptr_t)piece & ~(p->slab_size - 1));
}

/* But for its header and the mark at its end. */
static uint32_t slab_units(const struct pool *p)
{
	return (uint32_t)(p->slab_size / POOL_UNIT) - 2;
}

static unsigned bin_of(uint32_t units)
{
	unsigned top;

	if (units < 1u << SUB_BITS)
		return units;
	top = 31 - (unsigned)__builtin_clz(units);
	return (top - SUB_BITS + 1) << SUB_BITS |
	       (units >> (top - SUB_BITS) & ((1u << SUB_BITS) - 1));
}

/* The first bin in which all pieces have @units. */
static unsigned bin_for(uint32_t units)
{
	unsigned top;

	if (units < 1u << SUB_BITS)
		return units;
	top = 31 - (unsigned)__builtin_clz(units);
	return bin_of(units + (1u << (top - SUB_BITS)) - 1);
}

static void put_in_bin(struct pool *p, struct piece *piece)
{
	struct pool_free *f = container_of(piece, struct pool_free, piece);
	unsigned bin = bin_of(piece->units);

	f->next = p->bins[bin];
	f->at = &p->bins[bin];
	if (f->next)
		f->next->at = &f->next;
	p->bins[bin] = f;
	p->filled[bin / 64] |= (uint64_t)1 << bin % 64;
}

static void take_from_bin(struct pool *p, struct piece *piece)
{
	struct pool_free *f = container_of(piece, struct pool_free, piece);
	unsigned bin = bin_of(piece->units);

	*f->at = f->next;
	if (f->next)
		f->next->at = f->at;
	if (!p->bins[bin])
		p->filled[bin / 64] &= ~((uint64_t)1 << bin % 64);
}

static struct piece *find_free(const struct pool *p, uint32_t units)
{
	unsigned bin = bin_for(units), word = bin / 64;
	uint64_t filled = p->filled[word] & ~(uint64_t)0 << bin % 64;

	while (!filled) {
		if (++word == ARRAY_SIZE(p->filled))
			return NULL;
		filled = p->filled[word];
	}
	bin = word * 64 + (unsigned)__builtin_ctzll(filled);
	return &p->bins[bin]->piece;
}

static void set_units(struct piece *piece, uint32_t units)
{
	piece->units = units;
	behind(piece)->before = units;
}

static struct piece *add_slab(struct pool *p)
{
	struct pool_slab *slab = huge_map(p->slab_size);
	struct piece *piece;

	if (!slab)
		return NULL;
	slab->next = p->slabs;
	p->slabs = slab;
	p->bytes += p->slab_size;
	p->free += slab_units(p) * POOL_UNIT;
	p->empty++;
	piece = first_of(slab);
	piece->owner = FREE;
	/* What is behind it, all zero, is no free piece, and stays. */
	set_units(piece, slab_units(p));
	put_in_bin(p, piece);
	return piece;
}

/* Takes the first @units of a free piece. */
static void cut(struct pool *p, struct piece *piece, uint32_t units)
{
	struct pool_slab *slab = slab_of(p, piece);
	uint32_t rest = piece->units - units;
	struct piece *tail;

	take_from_bin(p, piece);
	if (rest > 0) {
		set_units(piece, units);
		tail = behind(piece);
		tail->owner = FREE;
		set_units(tail, rest);
		put_in_bin(p, tail);
	}
	piece->owner = 0;
	p->free -= units * POOL_UNIT;
	p->empty -= slab->used == 0;
	slab->used += units;
}

static size_t cost_of(struct piece *piece)
{
	if (piece->units == 0)
		return malloc_usable_size(piece) + sizeof(size_t);
	return piece->units * POOL_UNIT;
}

static void *alloc_alone(struct pool *p, size_t size)
{
	struct piece *piece = malloc(sizeof(*piece) + size);

	if (!piece)
		return NULL;
	*piece = (struct piece){ 0 };
	p->bytes += cost_of(piece);
	return piece + 1;
}

bool pool_cuts(const struct pool *p, size_t size)
{
	return size < p->slab_size / 8;
}

static uint32_t units_of(size_t size)
{
	return (uint32_t)((sizeof(struct piece) + size + POOL_UNIT - 1) /
			  POOL_UNIT);
}

bool pool_has_room(const struct pool *p, size_t size)
{
	return pool_cuts(p, size) && find_free(p, units_of(size));
}

void *pool_alloc(struct pool *p, size_t size, bool grow)
{
	struct piece *piece;
	uint32_t units;

	if (!pool_cuts(p, size))
		return alloc_alone(p, size);
	units = units_of(size);
	piece = find_free(p, units);
	if (!piece && grow)
		piece = add_slab(p);
	if (!piece)
		return NULL;
	cut(p, piece, units);
	return piece + 1;
}

size_t pool_cost(const void *data)
{
	return cost_of(piece_of(data));
}

void pool_free(struct pool *p, void *data)
{
	struct piece *piece = piece_of(data), *other;
	struct pool_slab *slab;
	uint32_t units = piece->units;

	if (units == 0) {
		p->bytes -= pool_cost(data);
		free(piece);
		return;
	}
	slab = slab_of(p, piece);
	slab->used -= units;
	p->empty += slab->used == 0;
	p->free += units * POOL_UNIT;
	other = behind(piece);
	if (other->owner == FREE) {
		if (!slab->closed)
			take_from_bin(p, other);
		units += other->units;
	}
	if (piece->before > 0 && before(piece)->owner == FREE) {
		piece = before(piece);
		if (!slab->closed)
			take_from_bin(p, piece);
		units += piece->units;
	}
	piece->owner = FREE;
	set_units(piece, units);
	if (!slab->closed)
		put_in_bin(p, piece);
}

void pool_set_owner(void *data, void *owner)
{
	piece_of(data)->owner = (uintptr_t)owner;
}

void *pool_owner(const void *data)
{
	return (void *)piece_of(data)->owner;
}

struct pool_slab *pool_sparsest(const struct pool *p, uint64_t mark)
{
	struct pool_slab *slab, *least = NULL;

	for (slab = p->slabs; slab; slab = slab->next)
		if (slab->mark != mark && (!least || slab->used < least->used))
			least = slab;
	return least;
}

/* The first piece from @piece on that is in use, or is not; NULL: none. */
static struct piece *first_from(const struct pool *p, struct piece *piece,
				bool free)
{
	const char *end = (char *)slab_of(p, piece) + p->slab_size - POOL_UNIT;

	while ((char *)piece < end && (piece->owner == FREE) != free)
		piece = behind(piece);
	return (char *)piece < end ? piece : NULL;
}

void *pool_next(const struct pool *p, struct pool_slab *slab, void *data)
{
	struct piece *piece = data ? behind(piece_of(data)) : first_of(slab);

	/* The mark at the end is a piece of this slab too. */
	piece = first_from(p, piece, false);
	return piece ? piece + 1 : NULL;
}

void pool_close(struct pool *p, struct pool_slab *slab)
{
	struct piece *piece = first_from(p, first_of(slab), true);

	slab->closed = true;
	for (; piece; piece = first_from(p, behind(piece), true))
		take_from_bin(p, piece);
}

void pool_reopen(struct pool *p, struct pool_slab *slab)
{
	struct piece *piece = first_from(p, first_of(slab), true);

	slab->closed = false;
	for (; piece; piece = first_from(p, behind(piece), true))
		put_in_bin(p, piece);
}

void pool_give_back(struct pool *p, struct pool_slab *slab)
{
	struct pool_slab **at = &p->slabs;

	assert(slab->used == 0);
	if (!slab->closed)
		pool_close(p, slab);
	while (*at != slab)
		at = &(*at)->next;
	*at = slab->next;
	p->bytes -= p->slab_size;
	p->empty--;
	p->free -= slab_units(p) * POOL_UNIT;
	huge_unmap(slab, p->slab_size);
}

void pool_fini(struct pool *p)
{
	while (p->slabs)
		pool_give_back(p, p->slabs);
	assert(p->bytes == 0);
}

static void check(bool holds)
{
	if (!holds)
		abort();
}

/* Returns the bytes of its free pieces. */
static size_t check_slab(const struct pool *p, const struct pool_slab *slab)
{
	const char *end = (const char *)slab + p->slab_size - POOL_UNIT;
	const struct piece *piece = first_of(slab);
	uint32_t before = 0;
	size_t used = 0, unused = 0;
	bool was_free = false;

	for (; (const char *)piece < end; piece = behind(piece)) {
		bool free = piece->owner == FREE;

		check(piece->units > 0 && piece->before == before);
		check(!(free && was_free));
		before = piece->units;
		was_free = free;
		used += free ? 0 : piece->units;
		unused += free ? piece->units : 0;
	}
	check((const char *)piece == end && piece->before == before);
	check(used == slab->used);
	return unused * POOL_UNIT;
}

void pool_check(const struct pool *p)
{
	size_t unused = 0, binned = 0, empty = 0, bin;
	const struct pool_slab *slab;
	const struct pool_free *f;

	for (slab = p->slabs; slab; slab = slab->next) {
		unused += check_slab(p, slab);
		empty += slab->used == 0;
	}
	check(unused == p->free && empty == p->empty);
	for (bin = 0; bin < POOL_BINS; bin++) {
		check(!p->bins[bin] == !(p->filled[bin / 64] >> bin % 64 & 1));
		for (f = p->bins[bin]; f; f = f->next) {
			check(f->piece.owner == FREE);
			check(bin_of(f->piece.units) == bin);
			check(slab_of(p, &f->piece)->closed == false);
			binned += f->piece.units * POOL_UNIT;
		}
	}
	check(binned <= unused);
}
