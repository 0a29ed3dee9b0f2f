/* mhq.h - the core as its users see it: an engine that runs file operations in order on two
 * threads of its own. The only header the bridge includes.
 *
 * Everything hangs off one handle; there is no static state. Functions return codes or fill
 * structs; none prints, aborts or calls back. Thread rules stand at each function. "The
 * callback thread" is the one thread of the caller's that collects and delivers.
 */
#ifndef MHQ_H
#define MHQ_H

#include <stddef.h>
#include <stdint.h>

#include "op.h"

typedef struct mhq_engine mhq_engine;
struct mhq_calls;

typedef struct mhq_config {
    uint64_t ring_size;        /* a power of two, 1 to 2^20 */
    uint64_t buffer_bytes;     /* budget of undelivered result bytes */
    uint32_t lookahead;        /* operations ahead that hints are given for; 0: none */
    int32_t spin_us;           /* how long a thread spins before it parks; 0: not at all */
    size_t head, tail;         /* room around the results of file_read, see fs/fs.h */
    const struct mhq_calls *calls; /* NULL: the real system */
} mhq_config;

/* Any thread. Makes an engine and starts its two threads. 0 or an errno; then nothing is left. */
int mhq_engine_open(const mhq_config *config, mhq_engine **engine);

/* After mhq_collect has returned NULL, or where nothing was ever accepted: closes, joins the
 * threads, frees. The caller makes sure that no other thread uses the engine any more, nor is
 * still inside a call: mhq_submit and mhq_close touch it after what they did shows. */
void mhq_engine_free(mhq_engine *engine);

enum mhq_accepted { MHQ_ACCEPTED, MHQ_RING_FULL, MHQ_RING_CLOSED };

/* Fills a job's own fields before its submission. `op` must outlive the job. */
void mhq_job_init(mhq_job *job, const mhq_op *op);
/* The same for a list; `list` NULL: an empty one. 0 or ENOMEM. */
int mhq_job_init_list(mhq_job *job, const mhq_list *list);
/* Before submission failed or after its delivery: frees what mhq_job_init_list allocated. */
void mhq_job_fini(mhq_job *job);

/* Any thread; never waits. MHQ_ACCEPTED: the job is the engine's until it is delivered. Else it
 * is the caller's as before. overdraw: for the callback thread, which must never wait for room
 * (and whoever else holds it up): accepted beyond the ring's size. `operations`: how many the job
 * stands for, for the counters. */
enum mhq_accepted mhq_submit(mhq_engine *engine, mhq_job *job, uint64_t operations, int overdraw);

/* Any thread: returns when there may be room, after a signal, or when the time is up. The caller
 * submits again before anything else, be it to give up afterwards: she may be the only one who was
 * woken for this room. */
void mhq_wait_room(mhq_engine *engine, int64_t timeout_ns);

/* The callback thread: 1 once mhq_collect would not wait, 0 when the time is up or a signal came
 * before. timeout_ns < 0: as long as it takes. */
int mhq_wait_done(mhq_engine *engine, int64_t timeout_ns);

/* The callback thread: waits for completions and takes all there are, in order, linked by
 * `next`. NULL: closed, drained, and the engine's threads have ended. */
mhq_run *mhq_collect(mhq_engine *engine);

/* The callback thread, once for each record, in order, after its callback has returned (read
 * run->next before). Frees the record's buffer unless it was taken (set to NULL). 1: the job has
 * come back whole and is the caller's again. */
int mhq_delivered(mhq_engine *engine, mhq_run *run);

/* Any thread, from anywhere: no job is accepted any more. What was accepted still runs. */
void mhq_close(mhq_engine *engine);
/* Any thread, from anywhere: from now on only jobs that overdraw are accepted, that is, those of
 * callbacks; and none at all once all is quiet: no job is accepted and no callback running. It is
 * the callback thread, in mhq_collect, that finds it so and closes. */
void mhq_close_when_quiet(mhq_engine *engine);
int mhq_is_closed(mhq_engine *engine);

/* Any thread: the operation that an I/O thread is running, or NULL. To be read only while the
 * caller keeps jobs from being freed. */
const mhq_op *mhq_running(mhq_engine *engine);

/* The callback thread says that it has delivered everything and will not come back. */
void mhq_stop(mhq_engine *engine);
/* Any thread: 1 once mhq_stop was called. Waits up to timeout_ns for it (0: only looks). */
int mhq_wait_stopped(mhq_engine *engine, int64_t timeout_ns);

/* The callback thread: the path of a temporary that could not be removed, to be told and then
 * freed with mhq_release; NULL if there is none (any more). */
char *mhq_take_left_behind(mhq_engine *engine);
void mhq_release(void *buffer);

typedef struct mhq_counters {
    uint64_t accepted, completed, failed;
    uint64_t thread_operations[2];
    uint64_t trades, parks, wakes;
    uint64_t ring_high_water, ring_size;
    uint64_t bytes_read, bytes_written, undelivered_bytes;
    uint64_t overlaps;         /* times two threads were at the disk at once: 0 */
    uint64_t hints;
    uint64_t retries;          /* calls made again because somebody else had the file (Windows) */
    uint64_t in_flight;        /* jobs accepted and not yet delivered */
} mhq_counters;

/* Any thread. A glance: the figures need not be of one moment. */
void mhq_count(mhq_engine *engine, mhq_counters *counters);

#endif
