#include "engine/sst_pipe.h"

#include "engine/sst_out.h"

void sst_pipe_init(struct sst_pipe *p, const struct sst_pipe_options *options)
{
	*p = (struct sst_pipe){
		.options = *options,
		.out_size = sst_out_size(options->out),
	};
}

static int write_block(const struct sst_pipe_options *o,
		       const struct sst_cut *cut)
{
	struct sst_handle handle;
	int rc;

	rc = sst_out_chunk(o->out, cut->block, o->compress, &handle);
	if (rc == 0)
		rc = sst_index_add(o->index, cut, handle);
	return rc;
}

/* ---------------------------------------------------------- the thread -- */

static void write_load(struct sst_pipe *p, struct sst_load *load)
{
	struct decoder d = decoder_of(buf_slice(&load->cuts));
	int rc = p->rc;

	while (rc == 0 && decoder_left(&d) > 0) {
		const struct sst_cut cut = sst_cut_get(&d);

		rc = write_block(&p->options, &cut);
	}
	buf_reset(&load->cuts);
	load->out_size = sst_out_size(p->options.out);
	if (rc < 0 && p->rc == 0) {
		error_take(&p->words);
		p->rc = rc;
	}
}

/* A load without blocks ends it. */
static void pipe_main(void *arg)
{
	struct sst_pipe *p = arg;
	struct sst_load *load;
	uint32_t turn = 0;
	bool last;

	do {
		event_wait(&p->given, turn);
		load = &p->loads[turn++ % PIPE_LOADS];
		last = load->cuts.size == 0;
		write_load(p, load);
		event_happen(&p->done);
		/* Not for each: going to sleep and waking up takes time. */
		if (turn % (PIPE_LOADS / 2) == 0)
			event_wake(&p->done);
	} while (!last);
}

/* ---------------------------------------------------------- the caller -- */

static int failed(const struct sst_pipe *p)
{
	int rc = p->rc;

	if (rc < 0)
		error_put_back(&p->words);
	return rc;
}

/* The load that is being filled. */
static struct sst_load *current(struct sst_pipe *p)
{
	return &p->loads[event_times(&p->given) % PIPE_LOADS];
}

/* Gives the current load to the thread and waits until the next one is free. */
static void hand_over(struct sst_pipe *p)
{
	struct sst_load *load = current(p);
	uint32_t given, done;

	load->bytes = load->cuts.size;
	p->waiting += load->bytes;
	event_happen(&p->given);
	event_wake(&p->given);
	given = event_times(&p->given);
	while (given - (done = event_times(&p->done)) >= PIPE_LOADS)
		event_wait(&p->done, done);

	load = current(p);
	/* In the first round nothing is in it yet. */
	if (load->bytes > 0) {
		p->waiting -= load->bytes;
		p->out_size = load->out_size;
	}
}

static void stop(struct sst_pipe *p)
{
	if (!p->running)
		return;
	if (current(p)->cuts.size > 0)
		hand_over(p);
	hand_over(p);
	thread_join(&p->thread);
	p->running = false;
	p->out_size = sst_out_size(p->options.out);
	p->waiting = 0;
}

static bool is_large(const struct sst_pipe *p)
{
	size_t large = p->options.thread_bytes;

	return large > 0 && p->bytes >= large;
}

/* Without a thread it goes on as it began. */
static void start(struct sst_pipe *p)
{
	p->running = thread_start(&p->thread, "loam-blocks", 0, pipe_main, p) ==
		     0;
	if (!p->running)
		p->options.thread_bytes = 0;
}

/* Loads are the ring's equal parts. */
static bool is_full(struct sst_pipe *p)
{
	return current(p)->cuts.size >= p->options.thread_bytes / PIPE_LOADS;
}

int sst_pipe_put(struct sst_pipe *p, const struct sst_cut *cut)
{
	int rc;

	p->bytes += cut->block.size;
	if (!p->running) {
		rc = write_block(&p->options, cut);
		p->out_size = sst_out_size(p->options.out);
		if (rc == 0 && is_large(p))
			start(p);
		return rc;
	}
	rc = failed(p);
	if (rc == 0)
		rc = sst_cut_put(&current(p)->cuts, cut);
	if (rc == 0 && is_full(p))
		hand_over(p);
	return rc;
}

uint64_t sst_pipe_size(const struct sst_pipe *p)
{
	uint32_t given = event_times(&p->given);

	return p->out_size + p->waiting +
	       p->loads[given % PIPE_LOADS].cuts.size;
}

int sst_pipe_end(struct sst_pipe *p)
{
	stop(p);
	return failed(p);
}

void sst_pipe_fini(struct sst_pipe *p)
{
	size_t i;

	stop(p);
	for (i = 0; i < PIPE_LOADS; i++)
		buf_fini(&p->loads[i].cuts);
}
