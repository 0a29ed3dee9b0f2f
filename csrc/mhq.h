/* mhq.h - the core as its users see it: engines that run file operations in order, each on two
 * threads of its own; ports, where completions are collected; controls and fates, by which
 * operations are cancelled, paused and watched. The only header the bridge includes.
 *
 * There is no static state. Functions return codes or fill structs; none prints, aborts or calls
 * back. Thread rules stand at each function. "The taker" of a port is the one thread that collects
 * from it and delivers at a time; an engine has a port of its own, whose taker is called the
 * callback thread.
 *
 * Lifetimes. What is opened or made here is counted: the opener has one reference, `hold` adds one,
 * `drop` gives one up. A call may be made on a thing only by a thread that has a reference to it.
 */
#ifndef MHQ_H
#define MHQ_H

#include <stddef.h>
#include <stdint.h>

#include "op.h"

struct mhq_calls;

typedef struct mhq_config {
    uint64_t ring_size;        /* a power of two, 1 to 2^20 */
    uint64_t buffer_bytes;     /* budget of undelivered result bytes */
    uint64_t write_bytes;      /* budget of bytes on their way in (mhq_job.lent); 0: none */
    uint32_t lookahead;        /* files ahead that may be read ahead on disks that rotate; 0: none */
    uint64_t lookahead_bytes;  /* at most so many bytes that are not read yet */
    int32_t spin_us;           /* how long a thread spins before it parks; 0: not at all */
    const char *name;          /* begins the names of its threads; read by mhq_engine_open only.
                                * NULL: "mhddq" */
    int background;            /* its threads ask the system to serve others first */
    size_t head, tail;         /* space around the results of file_read, see fs/fs.h */
    const struct mhq_calls *calls; /* NULL: the real system */
} mhq_config;

/* ---- engines ------------------------------------------------------------------------------ */

/* Any thread. Makes an engine with one reference and starts its two threads. 0 or an errno; then
 * nothing is left. */
int mhq_engine_open(const mhq_config *config, mhq_engine **engine);

/* Any thread. */
void mhq_engine_hold(mhq_engine *engine);
/* Any thread; never waits for an operation. With the last reference the engine is closed; when its
 * threads have run what was accepted, its memory is freed. Records that no thread has collected by then are not
 * given back: so takers have references of their own, and so do callers whose jobs are under way. */
void mhq_engine_drop(mhq_engine *engine);

/* For the only reference, after mhq_collect has returned NULL or where nothing was ever accepted:
 * closes, waits until the threads have ended, drops. */
void mhq_engine_free(mhq_engine *engine);

/* Any thread, from anywhere: no job is accepted any more. What was accepted still runs; from here
 * on pauses are ignored, the engine's own and those of controls. */
void mhq_close(mhq_engine *engine);
/* Any thread, from anywhere: from now on only jobs that overdraw are accepted, that is, those of
 * callbacks; and none at all once all is quiet: no job is accepted and no callback running. It is
 * the callback thread, in mhq_collect, that finds it so and closes. Pauses are ignored from here on. */
void mhq_close_when_quiet(mhq_engine *engine);
int mhq_is_closed(mhq_engine *engine);

/* Any thread: does the device `device` (st_dev), on which `path` lies, rotate (1) as far as reading ahead is
 * concerned, or not (0)? -1: the path does not lead there, or may not be opened. */
int mhq_rotates(const char *path, uint64_t device);

/* Any thread: the operation that an I/O thread is running, or NULL. To be read only while the
 * caller keeps jobs from being freed. */
const mhq_op *mhq_running(mhq_engine *engine);

/* Any thread. Paused: no operation starts, but those that are cancelled; a long one that runs waits
 * at its next slice. Returns at once. */
void mhq_pause(mhq_engine *engine);
void mhq_resume(mhq_engine *engine);
int mhq_is_paused(mhq_engine *engine);

/* Any thread. How many jobs were ever accepted, and how many of those have not been delivered yet
 * (their callbacks may be running). The second is read first: if it is 0, and the first is what it
 * was before, nothing was under way in between. Several engines are at rest together when a pass
 * over all finds nothing under way and the totals that the pass before found. */
void mhq_totals(mhq_engine *engine, uint64_t *accepted, uint64_t *under_way);

/* ---- jobs --------------------------------------------------------------------------------- */

/* MHQ_FULL: no room in the ring, or beyond the budget of bytes on their way in. MHQ_CLOSED: the
 * engine or the job's port. */
enum mhq_accepted { MHQ_ACCEPTED, MHQ_RING_FULL, MHQ_RING_CLOSED };

/* Fills a job's own fields before its submission; `op` is complete and must outlive the job. Its
 * port is the engine's own. */
void mhq_job_init(mhq_job *job, const mhq_op *op);
/* The same for a list; `list` NULL: an empty one, which does nothing in its turn (a flush is one
 * for each port). 0 or ENOMEM. */
int mhq_job_init_list(mhq_job *job, const mhq_list *list);
/* Before submission, where wanted. The job keeps a reference to its port and its fate until it is
 * delivered. */
void mhq_job_set_port(mhq_job *job, mhq_port *port);
/* `fate` of a single operation or of a list as a whole; those of a list's operations are in its
 * entries, and the owner of the frozen list keeps references to them. */
void mhq_job_set_fate(mhq_job *job, mhq_fate *fate);
/* After mhq_job_set_port; `engine`: the one it is going to be submitted to. 0 or ENOMEM. The job keeps
 * a reference to the control. */
int mhq_job_set_control(mhq_engine *engine, mhq_job *job, mhq_control *control);
/* Before submission, after it failed, or after delivery: frees what the init and set functions took.
 * A job that was delivered and has neither list, port, fate nor control needs none. */
void mhq_job_fini(mhq_job *job);

/* Any thread; never waits. MHQ_ACCEPTED: the job is the engine's until it is delivered. Else it
 * is the caller's as before, and after MHQ_RING_FULL it has a place in the line of those that wait
 * for bytes: the caller submits it again or withdraws it. overdraw: for threads that must never
 * wait for room (takers, finalisers): accepted beyond the ring's size and the budget of bytes.
 * `operations`: how many the job stands for, for the counters. */
enum mhq_accepted mhq_submit(mhq_engine *engine, mhq_job *job, uint64_t operations, int overdraw);

/* Any thread, after MHQ_RING_FULL: returns when there may be room for the job, after a signal, or
 * when the time is up. The caller submits again before anything else, be it to give up afterwards:
 * it may be the only one that was woken for this room. */
void mhq_wait_capacity(mhq_engine *engine, mhq_job *job, int64_t timeout_ns);
/* After MHQ_RING_FULL, where the job is not submitted again: it leaves the line. */
void mhq_withdraw(mhq_engine *engine, mhq_job *job);

/* ---- the engine's own port ---------------------------------------------------------------- */

/* The callback thread: 1 once mhq_collect would not wait, 0 when the time is up or a signal came
 * before. timeout_ns < 0: as long as it takes. */
int mhq_wait_done(mhq_engine *engine, int64_t timeout_ns);

/* The callback thread: waits for completions and takes all there are, in order, linked by
 * `next`. NULL: closed, drained, all jobs have come back, those of other ports too, and the engine's
 * threads have ended. */
mhq_run *mhq_collect(mhq_engine *engine);

/* The taker, once for each record that it took from any port, in order, after its callback has
 * returned (read run->next before). Frees the record's buffer unless it was taken (set to NULL).
 * 1: the job has come back whole and is the caller's again. */
int mhq_delivered(mhq_engine *engine, mhq_run *run);

/* The callback thread reports that it has delivered everything and will not come back. */
void mhq_stop(mhq_engine *engine);
/* Any thread: 1 once mhq_stop was called. Waits up to timeout_ns for it (0: does not wait). */
int mhq_wait_stopped(mhq_engine *engine, int64_t timeout_ns);

/* The callback thread: the path of a temporary that could not be removed, to be reported and then
 * freed with mhq_release; NULL if there is none (any more). */
char *mhq_take_leftover(mhq_engine *engine);
void mhq_release(void *buffer);

/* An open file, which file_open gives: the buffer of its record, and the caller's once it is taken. To
 * be lent to operations as mhq_op.handle, of any engine and at the same time. */
typedef struct mhq_handle mhq_handle;

/* Any thread. The descriptor, or Windows' HANDLE; -1 once it is closed. It may be closed meanwhile by
 * an operation under way. */
intptr_t mhq_handle_descriptor(mhq_handle *handle);

/* Its owner, when no operation uses it any more: closes it where it is open, and frees it. Leaves
 * nothing of an atomic file. */
void mhq_handle_drop(mhq_handle *handle);

/* Any thread. A handle of an open descriptor, or Windows' HANDLE, which is the handle's from then on.
 * mode: enum mhq_open_mode. NULL: no memory, and the descriptor is the caller's as before. */
mhq_handle *mhq_handle_adopt(intptr_t descriptor, uint32_t mode);

/* Any thread, at the end of the program: closes it, and leaves nothing of an atomic file. */
void mhq_handle_discard(mhq_handle *handle);

/* In a forked child, before its first use there: the parent's operations, which may have used it in the
 * moment of the fork, never end here. It commits and discards nothing. */
void mhq_handle_forget_uses(mhq_handle *handle);

/* ---- walks -------------------------------------------------------------------------------- */

/* Where a walk through a tree stands between two batches: memory, no descriptor. Lent to one operation at
 * a time, as mhq_op.traversal, which moves it on. */
typedef struct mhq_traversal mhq_traversal;

/* One that begins at `path`, which is copied. NULL: no memory. */
mhq_traversal *mhq_traversal_new(const char *path);
void mhq_traversal_free(mhq_traversal *traversal);
const char *mhq_traversal_path(const mhq_traversal *traversal);
/* How many operations have begun to move it on, and whether there is nothing more to come. */
uint64_t mhq_traversal_runs(const mhq_traversal *traversal);
int mhq_traversal_ended(const mhq_traversal *traversal);

/* ---- ports -------------------------------------------------------------------------------- */

/* Any thread. A port with one reference; it keeps one to the engine. 0 or an errno. */
int mhq_port_open(mhq_engine *engine, mhq_port **port);
/* Any thread. The last reference closes the port. */
void mhq_port_hold(mhq_port *port);
void mhq_port_drop(mhq_port *port);

/* The taker: everything that is due, in order, linked by `next`, or NULL. Never waits. Each is
 * given back with mhq_delivered. */
mhq_run *mhq_port_collect(mhq_port *port);
/* The taker, where it has nothing in hand: 1 when something is due or never will be again (closed,
 * or the engine has ended), or after a nudge; 0 when the time is up or a signal came before. timeout_ns < 0: as long
 * as it takes. */
int mhq_port_wait(mhq_port *port, int64_t timeout_ns);
/* The taker: the same, but it looks for so long without sleeping. 1: something is due, or may be. */
int mhq_port_linger(mhq_port *port, int64_t ns);
/* The taker, each time it stops delivering for now: lets threads that wait for what it has given
 * back go on, and puts the descriptor right. in_hand: it has taken records that it has not
 * delivered yet. */
void mhq_port_rest(mhq_port *port, int in_hand);
/* The taker. The descriptor (Windows: a socket) that is readable while something is due: from the
 * first call on, which makes it, at each mhq_port_rest and whenever something comes after it. Read
 * and closed by the core alone. It may be found readable once with nothing due. 0 or an errno. */
int mhq_port_descriptor(mhq_port *port, int in_hand, intptr_t *descriptor);

/* The taker, or another thread where it is no more: closes. in_hand: the records that it has taken
 * and not delivered, in order. Nothing is accepted through the port any more. What is due in it and
 * what is still to come goes to the engine's own port, whose taker finds
 * mhq_port_is_closed(run->job->port); what has not started and only looks (mhq_op.looks) is skipped.
 * Progress is not reported any more. Returns how many jobs those are; a second call, too, as it is
 * then. */
uint64_t mhq_port_close(mhq_port *port, mhq_run *in_hand);
/* Any thread: until the next mhq_port_collect the taker's waits return 1 at once, and its descriptor is
 * readable. */
void mhq_port_nudge(mhq_port *port);
int mhq_port_is_closed(const mhq_port *port);
/* Any thread: jobs accepted through the port and not yet delivered. */
uint64_t mhq_port_pending(const mhq_port *port);

/* ---- fates -------------------------------------------------------------------------------- */

/* A fate decides once whether an operation runs: queued -> running, or -> cancelled, or -> skipped.
 * NULL: no memory. */
mhq_fate *mhq_fate_new(void);
/* Any thread, and the fate outlives its job as long as there is a reference to it. */
void mhq_fate_hold(mhq_fate *fate);
void mhq_fate_drop(mhq_fate *fate);

enum mhq_state { MHQ_QUEUED, MHQ_RUNNING, MHQ_STOPPING, MHQ_ENDED, MHQ_CANCELLED, MHQ_SKIPPED };
enum mhq_state mhq_fate_state(const mhq_fate *fate);

/* Any thread. 1: this very call has cancelled it: it never runs, completes as cancelled in its turn
 * (ECANCELED), and its data is the caller's again now. 0: it runs, and is asked to stop, or it has
 * ended, or was cancelled before: see mhq_fate_state. */
int mhq_cancel(mhq_engine *engine, mhq_fate *fate);
/* Any thread: the last one that could have been notified is gone, and the operation only looks. 1:
 * this very call has decided that it never runs. */
int mhq_skip(mhq_fate *fate);

/* ---- controls ----------------------------------------------------------------------------- */

/* One reference. interval_ns: at least so long between two progress records of one port; negative:
 * no progress is reported. NULL: no memory. */
mhq_control *mhq_control_new(int64_t interval_ns);
void mhq_control_hold(mhq_control *control);
void mhq_control_drop(mhq_control *control);

/* Any thread. Cancelling is for good, and cancelled operations ignore every pause. */
void mhq_control_cancel(mhq_control *control);
void mhq_control_pause(mhq_control *control);
void mhq_control_resume(mhq_control *control);

typedef struct mhq_figures {
    uint64_t accepted, finished; /* operations */
    uint64_t done, total;        /* bytes, or entries of deletes and walks */
    uint64_t files;              /* regular files copied, also by moves to another file system */
    int total_known;             /* every operation that has started has reported its total */
    int cancelled, paused;
} mhq_figures;

/* Any thread. */
void mhq_control_figures(mhq_control *control, mhq_figures *figures);

/* Any thread: the name of a tree's entry that an operation of it is dealing with, in UTF-8 on Windows:
 * its length; 0: none. They are noted from the first call on. `to`: MHQ_ENTRY bytes. */
size_t mhq_control_entry(mhq_control *control, char *to);

/* The taker, for a record with `progress` set (it is no operation and no list's end; read run->next
 * before): the control whose latest figures are to be reported, read after this call. The record is
 * the core's again; mhq_delivered is not called for it. */
mhq_control *mhq_progress_of(mhq_run *run);

/* ---- counters ----------------------------------------------------------------------------- */

typedef struct mhq_counters {
    uint64_t accepted, completed, failed;
    uint64_t cancelled, skipped; /* among the completed: those that never ran */
    uint64_t thread_operations[2];
    uint64_t trades, parks, wakes;
    uint64_t ring_high_water, ring_size;
    uint64_t bytes_read, bytes_written, undelivered_bytes, unwritten_bytes;
    uint64_t overlaps;         /* times two threads were at the disk at once: 0 */
    /* Read ahead on disks that rotate, see scout/scout.h: files, bytes that were asked for, files that
     * were opened and not worth it, sweeps over the disk. */
    uint64_t lookahead_files, lookahead_bytes, lookahead_passed_over, lookahead_windows;
    uint64_t retries;          /* calls made again because another program had the file open (Windows) */
    uint64_t in_flight;        /* jobs accepted and not yet delivered */
} mhq_counters;

/* Any thread. The figures need not be of one moment. */
void mhq_count(mhq_engine *engine, mhq_counters *counters);

#endif
