/* core/engine.c - an engine as a whole: how it begins, what keeps it, how it ends; see core/engine.h for
 * the invariants.
 */
#include "core/engine.h"

#include <errno.h>
#include <string.h>

/* ---- opening ------------------------------------------------------------------------------- */

/* "NAME-io-0", of a long name its beginning: whole characters of UTF-8. */
static void name_thread(mhq_io *io, const char *queue)
{
    static const char end[] = "-io-0";
    size_t most = sizeof io->name - sizeof end, n = 0;
    while (queue[n] && n < most)
        n++;
    while (n > 0 && ((unsigned char)queue[n] & 0xC0) == 0x80)
        n--;
    memcpy(io->name, queue, n);
    memcpy(io->name + n, end, sizeof end);
    io->name[n + sizeof end - 2] = (char)('0' + io->me);
}

static int start_thread(mhq_engine *engine, mhq_io *io)
{
    const mhq_config *config = &engine->config;
    name_thread(io, config->name ? config->name : "mhddq");
    return config->calls->thread_start(&io->thread, mhq_io_main, io, io->name);
}

static int start(mhq_engine *engine)
{
    int error = start_thread(engine, &engine->io[0]);
    if (error)
        return error;
    error = start_thread(engine, &engine->io[1]);
    if (error) {
        mhq_ring_close(&engine->ring);
        mhq_thread_join(engine->io[0].thread);
    }
    return error;
}

static void set_up(mhq_engine *engine, const mhq_config *config, const mhq_calls *sys)
{
    memset(engine, 0, sizeof *engine);
    engine->config = *config;
    engine->config.calls = sys;
    if (mhq_processors() > 1) /* else no thread could do what the spinner waits for */
        engine->spin_ns = (uint64_t)config->spin_us * 1000;
    mhq_store_rlx(&engine->references, 1);
    mhq_store_rlx(&engine->lives, 3); /* E5 */
    mhq_port_init(&engine->own, engine);
    mhq_ahead_init(&engine->ahead, sys, config->lookahead, config->lookahead_bytes);
}

int mhq_engine_open(const mhq_config *config, mhq_engine **out)
{
    const mhq_calls *sys = config->calls ? config->calls : &mhq_calls_real;
    /* The ring's counters stand on cache lines of their own. */
    mhq_engine *engine = sys->aligned(alignof(mhq_engine), sizeof *engine);
    if (engine == NULL)
        return ENOMEM;
    set_up(engine, config, sys);
    int error = mhq_ring_init(&engine->ring, config->ring_size, sys);
    if (error)
        goto no_ring;
    if ((error = mhq_intake_init(&engine->intake, config->write_bytes)) != 0)
        goto no_intake;
    if ((error = mhq_mutex_init(&engine->ports_lock)) != 0)
        goto no_lock;
    if ((error = mhq_pool_init(&engine->pool, sys)) != 0)
        goto no_pool;
    if ((error = mhq_io_init(&engine->io[0], engine, 0)) != 0)
        goto no_io_0;
    if ((error = mhq_io_init(&engine->io[1], engine, 1)) != 0)
        goto no_io_1;
    if ((error = start(engine)) != 0)
        goto no_threads;
    *out = engine;
    return 0;
no_threads:
    mhq_io_fini(&engine->io[1]);
no_io_1:
    mhq_io_fini(&engine->io[0]);
no_io_0:
    mhq_pool_fini(&engine->pool, sys);
no_pool:
    mhq_mutex_fini(&engine->ports_lock);
no_lock:
    mhq_intake_fini(&engine->intake);
no_intake:
    mhq_ring_fini(&engine->ring, sys);
no_ring:
    sys->release_aligned(engine);
    return error;
}

/* ---- the end ------------------------------------------------------------------------------- */

static void destroy(mhq_engine *engine)
{
    const mhq_calls *sys = engine->config.calls;
    char *path;
    while ((path = mhq_take_leftover(engine)) != NULL)
        sys->release(path);
    mhq_ports_release(engine);
    mhq_ahead_fini(&engine->ahead);
    mhq_io_fini(&engine->io[1]);
    mhq_io_fini(&engine->io[0]);
    mhq_blocks_fini(&engine->blocks, sys);
    mhq_pool_fini(&engine->pool, sys);
    mhq_mutex_fini(&engine->ports_lock);
    mhq_intake_fini(&engine->intake);
    mhq_ring_fini(&engine->ring, sys);
    sys->release_aligned(engine);
}

void mhq_engine_join(mhq_engine *engine)
{
    if (!engine->joined) {
        mhq_thread_join(engine->io[0].thread);
        mhq_thread_join(engine->io[1].thread);
        engine->joined = 1;
    }
}

void mhq_engine_hold(mhq_engine *engine)
{
    mhq_add_rlx(&engine->references, 1);
}

void mhq_engine_drop(mhq_engine *engine)
{
    if (mhq_sub_ar(&engine->references, 1) != 1) /* [references] */
        return;
    mhq_close(engine);
    if (mhq_sub_ar(&engine->lives, 1) != 1) /* [lives]; E5 */
        return;
    mhq_engine_join(engine);
    destroy(engine);
}

void mhq_io_leave(mhq_io *io)
{
    mhq_engine *engine = io->engine;
    mhq_thread me = io->thread, other = engine->io[1 - io->me].thread;
    if (mhq_sub_ar(&engine->lives, 1) != 1) /* [lives]; E5 */
        return;
    mhq_thread_join(other);
    mhq_thread_detach(me);
    destroy(engine);
}

void mhq_engine_free(mhq_engine *engine)
{
    mhq_close(engine);
    mhq_engine_join(engine);
    mhq_engine_drop(engine);
}

void mhq_close(mhq_engine *engine)
{
    mhq_ring_close(&engine->ring); /* [W1] of a pause */
    mhq_intake_close(&engine->intake);
    mhq_unpark(&engine->pausing);
}

void mhq_close_when_quiet(mhq_engine *engine)
{
    mhq_ring_begin_closing(&engine->ring); /* [W1] of a pause */
    mhq_intake_close(&engine->intake);
    mhq_unpark(&engine->pausing);
    mhq_store_sc(&engine->closing, 1); /* [W1] of the callback thread's wait */
    if (mhq_unpark(&engine->own.taker))
        mhq_add_rlx(&engine->caller_wakes, 1);
}

const mhq_op *mhq_running(mhq_engine *engine)
{
    return mhq_load_acq(&engine->running); /* [running] */
}

int mhq_is_closed(mhq_engine *engine)
{
    return mhq_ring_is_closed(&engine->ring);
}

/* ---- pausing ------------------------------------------------------------------------------- */

void mhq_pause(mhq_engine *engine)
{
    mhq_store_sc(&engine->paused, 1);
}

void mhq_resume(mhq_engine *engine)
{
    mhq_store_sc(&engine->paused, 0); /* [W1] of a pause */
    mhq_unpark(&engine->pausing);
}

int mhq_is_paused(mhq_engine *engine)
{
    return mhq_load_acq(&engine->paused) != 0;
}

void mhq_release(void *buffer)
{
    mhq_calls_real.release(buffer);
}

/* ---- counters ------------------------------------------------------------------------------ */

void mhq_totals(mhq_engine *engine, uint64_t *accepted, uint64_t *under_way)
{
    uint64_t done = mhq_load_acq(&engine->ring.done); /* [done] */
    *accepted = MHQ_TICKET(mhq_load_sc(&engine->ring.tail));
    *under_way = *accepted - done;
}

static void count_lookahead(mhq_ahead *ahead, mhq_counters *c)
{
    mhq_scout_counts found;
    mhq_ahead_count(ahead, &found);
    c->lookahead_files = found.files;
    c->lookahead_bytes = found.bytes;
    c->lookahead_passed_over = found.passed_over;
    c->lookahead_windows = found.windows;
}

void mhq_count(mhq_engine *engine, mhq_counters *c)
{
    /* The tail last: `done` and `lists` follow it, so no difference falls below zero. */
    uint64_t done = mhq_load_acq(&engine->ring.done);   /* [done] */
    uint64_t lists = mhq_load_acq(&engine->lists);      /* [lists] */
    uint64_t tail = MHQ_TICKET(mhq_load_acq(&engine->ring.tail));
    *c = (mhq_counters){
        .accepted = tail - lists + mhq_load_rlx(&engine->list_operations),
        .parks = mhq_load_rlx(&engine->ring.consumer.parks)
                 + mhq_load_rlx(&engine->own.taker.parks)
                 + mhq_load_rlx(&engine->delivery.parks),
        .wakes = mhq_load_rlx(&engine->caller_wakes),
        .ring_high_water = mhq_load_rlx(&engine->high_water),
        .ring_size = engine->config.ring_size,
        .undelivered_bytes = mhq_load_rlx(&engine->undelivered),
        .unwritten_bytes = mhq_load_rlx(&engine->intake.held),
        .overlaps = mhq_load_rlx(&engine->overlaps),
        .in_flight = tail - done,
    };
    count_lookahead(&engine->ahead, c);
    for (int i = 0; i < 2; i++) {
        mhq_io *io = &engine->io[i];
        c->thread_operations[i] = mhq_load_rlx(&io->operations);
        c->completed += c->thread_operations[i];
        c->failed += mhq_load_rlx(&io->failed);
        c->cancelled += mhq_load_rlx(&io->cancelled);
        c->skipped += mhq_load_rlx(&io->skipped);
        c->bytes_read += mhq_load_rlx(&io->bytes_read);
        c->bytes_written += mhq_load_rlx(&io->bytes_written);
        c->retries += mhq_load_rlx(&io->retries);
        c->trades += mhq_load_rlx(&io->trades);
        c->wakes += mhq_load_rlx(&io->wakes);
        c->parks += mhq_load_rlx(&engine->baton.waiting[i].parks);
    }
}
