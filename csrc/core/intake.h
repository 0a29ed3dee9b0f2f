/* core/intake.h - the budget of bytes on their way in: data that callers lend until it is written and
 * delivered.
 *
 * A job holds its bytes from its submission until it is delivered. A job that does not fit goes into a
 * line, and only the first in it may take what becomes free: so those that wait are served in turn.
 * One that is larger than the whole budget passes when nothing else is held.
 *
 * Invariants:
 *  Q1  `held` is the sum of `lent` of all jobs marked MHQ_BYTES_HELD. It exceeds the limit only
 *      by overdrafts, or by one job that is larger than all of it.
 *  Q2  While a job is in line (`waiting`, counted before it looks), none passes it but overdrafts.
 *      When bytes come back the first in line is notified if it fits then; a thread that leaves the line
 *      notifies the one behind it. So none sleeps at the head of the line beside enough free bytes.
 */
#ifndef MHQ_CORE_INTAKE_H
#define MHQ_CORE_INTAKE_H

#include <stdalign.h>

#include "op.h"
#include "sys/sys.h"

typedef struct mhq_intake {
    uint64_t limit;                /* 0: none */
    alignas(MHQ_CACHE_LINE) _Atomic uint64_t held;
    _Atomic uint32_t waiting;      /* jobs in line */
    _Atomic uint32_t epoch;        /* futex: moves when the first in line may fit */
    _Atomic uint32_t closed;       /* none waits any more */
    mhq_mutex lock;                /* the line's */
    mhq_job *first, *last;
} mhq_intake;

/* 0 or an errno. */
int mhq_intake_init(mhq_intake *intake, uint64_t limit);
void mhq_intake_fini(mhq_intake *intake);

/* The caller: 1: the job's bytes are held. 0: they do not fit, and the job is in line. overdraw: never
 * 0. */
int mhq_intake_take(mhq_intake *intake, mhq_job *job, int overdraw);
/* The owner of a job of which bytes are held, or which is in line. */
void mhq_intake_give_back(mhq_intake *intake, mhq_job *job);
/* The caller of a job in line: until it may fit, a signal comes, or the time is up. */
void mhq_intake_wait(mhq_intake *intake, mhq_job *job, int64_t timeout_ns);
/* Any thread: no job waits any more. */
void mhq_intake_close(mhq_intake *intake);

#endif
