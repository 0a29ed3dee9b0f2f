/* core/ring.c - see core/ring.h for the invariants R1 to R5. */
#include "core/ring.h"

#include <errno.h>
#include <limits.h>

static uint64_t free_for(const mhq_ring *ring, uint64_t ticket)
{
    return 2 * (ticket & ~ring->mask);
}

static mhq_slot *slot_of(const mhq_ring *ring, uint64_t ticket)
{
    return &ring->slots[ticket & ring->mask];
}

int mhq_ring_init(mhq_ring *ring, uint64_t capacity, const mhq_calls *sys)
{
    *ring = (mhq_ring){.mask = capacity - 1, .capacity = capacity};
    ring->slots = sys->zeroed(capacity, sizeof *ring->slots); /* zero is free, R1 */
    if (ring->slots == NULL)
        return ENOMEM;
    int error = mhq_mutex_init(&ring->overflow_lock);
    if (error)
        sys->release(ring->slots);
    return error;
}

void mhq_ring_fini(mhq_ring *ring, const mhq_calls *sys)
{
    mhq_mutex_fini(&ring->overflow_lock);
    sys->release(ring->slots);
}

static int has_capacity(mhq_ring *ring, uint64_t tail)
{
    /* [done]: what is read here may be old, never too new. sc because after `waiters` was
     * raised this is [P2] of the wait for room. Signed: done may be behind by an overdraft,
     * and ahead of a tail that was read before it. */
    return (int64_t)(tail - mhq_load_sc(&ring->done)) < (int64_t)ring->capacity;
}

enum mhq_claim mhq_ring_claim(mhq_ring *ring, mhq_job *job, int overdraw)
{
    uint64_t tail = mhq_load_rlx(&ring->tail);
    do {
        if (tail & (overdraw ? MHQ_CLOSED_BIT : MHQ_CLOSED_BIT | MHQ_CLOSING_BIT))
            return MHQ_CLOSED;
        if (!overdraw && !has_capacity(ring, tail))
            return MHQ_FULL;
    } while (!mhq_cas_sc(&ring->tail, &tail, tail + 1));
    job->ticket = MHQ_TICKET(tail);
    return MHQ_CLAIMED;
}

static MHQ_COLD void overflow_insert(mhq_ring *ring, mhq_job *job)
{
    mhq_mutex_lock(&ring->overflow_lock);
    mhq_job **at = &ring->overflow;
    /* Nearly always behind all the others: a callback that enqueues a whole directory must not
     * walk past everything it has enqueued before. */
    if (*at && ring->overflow_last->ticket < job->ticket)
        at = &ring->overflow_last->run.behind;
    while (*at && (*at)->ticket < job->ticket)
        at = &(*at)->run.behind;
    job->run.behind = *at;
    *at = job;
    if (job->run.behind == NULL)
        ring->overflow_last = job;
    mhq_add_sc(&ring->overflowed, 1); /* [W1] of the consumer's parker */
    mhq_mutex_unlock(&ring->overflow_lock);
}

int mhq_ring_publish(mhq_ring *ring, mhq_job *job)
{
    uint64_t ticket = job->ticket;
    mhq_slot *slot = slot_of(ring, ticket);
    /* [slot-free] pairs with the release in pop: job is not overwritten before it was read. */
    if (mhq_load_acq(&slot->state) == free_for(ring, ticket)) {
        slot->job = job;
        /* [slot-full] pairs with the acquire in pop; sc: [W1] of the consumer's parker. */
        mhq_store_sc(&slot->state, free_for(ring, ticket) + 1);
    } else {
        overflow_insert(ring, job); /* R3 */
    }
    return mhq_unpark(&ring->consumer);
}

/* Ticket head if it went to the overflow list, else NULL. */
static MHQ_COLD mhq_job *overflow_search(mhq_ring *ring, uint64_t head, int remove)
{
    mhq_mutex_lock(&ring->overflow_lock);
    mhq_job *job = ring->overflow;
    if (job != NULL && job->ticket != head)
        job = NULL;
    if (job != NULL && remove) {
        ring->overflow = job->run.behind;
        mhq_sub_sc(&ring->overflowed, 1);
    }
    mhq_mutex_unlock(&ring->overflow_lock);
    return job;
}

static inline mhq_job *overflow_take(mhq_ring *ring, uint64_t head, int remove)
{
    if (mhq_load_sc(&ring->overflowed) == 0) /* [P2] */
        return NULL;
    return overflow_search(ring, head, remove);
}

mhq_job *mhq_ring_pop(mhq_ring *ring)
{
    uint64_t head = mhq_load_rlx(&ring->head);
    mhq_slot *slot = slot_of(ring, head);
    mhq_job *job;
    if (mhq_load_acq(&slot->state) == free_for(ring, head) + 1) /* [slot-full] */
        job = slot->job;
    else if ((job = overflow_take(ring, head, 1)) == NULL)
        return NULL;
    /* [slot-free] */
    mhq_store_rel(&slot->state, free_for(ring, head + ring->capacity));
    mhq_store_rel(&ring->head, head + 1);
    return job;
}

int mhq_ring_ready(mhq_ring *ring)
{
    uint64_t head = mhq_load_rlx(&ring->head);
    return mhq_load_sc(&slot_of(ring, head)->state) == free_for(ring, head) + 1 /* [P2] */
           || overflow_take(ring, head, 0) != NULL;
}

uint64_t mhq_ring_next(mhq_ring *ring)
{
    return mhq_load_rlx(&ring->head);
}

static inline const mhq_job *peek(mhq_ring *ring, uint64_t ahead)
{
    uint64_t ticket = mhq_load_rlx(&ring->head) + ahead;
    mhq_slot *slot = slot_of(ring, ticket);
    if (ahead < ring->capacity && mhq_load_acq(&slot->state) == free_for(ring, ticket) + 1)
        return slot->job;
    return NULL;
}

const mhq_job *mhq_ring_peek(mhq_ring *ring, uint64_t ahead)
{
    return peek(ring, ahead);
}

void mhq_ring_prefetch(mhq_ring *ring)
{
    const mhq_job *job = peek(ring, 0);
    if (job != NULL)
        for (size_t at = offsetof(mhq_job, ticket); at < sizeof *job + sizeof(mhq_op); at += MHQ_CACHE_LINE)
            mhq_prefetch((const char *)job + at);
}

int mhq_ring_drained(mhq_ring *ring)
{
    uint64_t tail = mhq_load_sc(&ring->tail); /* [P2] of the consumer's parker */
    return (tail & MHQ_CLOSED_BIT) && mhq_load_acq(&ring->head) == MHQ_TICKET(tail);
}

static void wake_waiters(mhq_ring *ring, int most)
{
    mhq_add_sc(&ring->capacity_epoch, 1);
    mhq_futex_wake(&ring->capacity_epoch, most);
}

int mhq_ring_unannounced(mhq_ring *ring)
{
    return mhq_load_sc(&ring->unannounced) != 0; /* [P2] */
}

int mhq_ring_announce(mhq_ring *ring)
{
    if (mhq_load_sc(&ring->unannounced) == 0 || mhq_swap_sc(&ring->unannounced, 0) == 0)
        return 0;
    int64_t taken = (int64_t)(MHQ_TICKET(mhq_load_sc(&ring->tail)) - mhq_load_sc(&ring->done));
    int64_t room = (int64_t)ring->capacity - taken;
    if (room <= 0)
        return 0;
    wake_waiters(ring, room < INT_MAX ? (int)room : INT_MAX);
    return 1;
}

int mhq_ring_return(mhq_ring *ring)
{
    uint64_t done = mhq_add_sc(&ring->done, 1) + 1; /* [done], and [W1] of the wait for room */
    if (mhq_load_sc(&ring->waiters) == 0) /* [W2] */
        return 0;
    /* Half the ring at a time: a wake-up each would cost more than the operations. Half of it is
     * free in the end if no other thread claims; if others do (callbacks that renew themselves keep
     * the ring at one level for ever), any room will do once half a ring has been given back. */
    int64_t taken = (int64_t)(MHQ_TICKET(mhq_load_rlx(&ring->tail)) - done);
    int64_t half = (int64_t)(ring->capacity / 2), room = (int64_t)ring->capacity - taken;
    int64_t unannounced = (int64_t)mhq_add_sc(&ring->unannounced, 1) + 1; /* [W1] */
    if (room <= 0 || (taken > half && unannounced < half))
        return 0;
    return mhq_ring_announce(ring); /* the others would find it full: see "Room" in core/ring.h */
}

void mhq_ring_wait_capacity(mhq_ring *ring, int64_t timeout_ns)
{
    uint32_t epoch = mhq_load_acq(&ring->capacity_epoch);
    mhq_add_sc(&ring->waiters, 1); /* [P1] */
    uint64_t tail = mhq_load_sc(&ring->tail);
    if (tail == MHQ_TICKET(tail) && !has_capacity(ring, tail)) /* [P2] */
        mhq_futex_wait(&ring->capacity_epoch, epoch, timeout_ns);
    mhq_sub_sc(&ring->waiters, 1);
}

void mhq_ring_close(mhq_ring *ring)
{
    mhq_or_sc(&ring->tail, MHQ_CLOSED_BIT); /* [W1] of both waits */
    mhq_unpark(&ring->consumer);
    if (mhq_load_sc(&ring->waiters)) /* [W2] */
        wake_waiters(ring, INT_MAX);
}

void mhq_ring_begin_closing(mhq_ring *ring)
{
    mhq_or_sc(&ring->tail, MHQ_CLOSING_BIT); /* [W1] of the wait for room */
    if (mhq_load_sc(&ring->waiters)) /* [W2] */
        wake_waiters(ring, INT_MAX);
}

int mhq_ring_is_quiet(mhq_ring *ring)
{
    uint64_t tail = mhq_load_sc(&ring->tail);
    return tail == (mhq_load_sc(&ring->done) | MHQ_CLOSING_BIT); /* [done]; [P2] */
}

void mhq_ring_close_if_quiet(mhq_ring *ring)
{
    uint64_t quiet = mhq_load_sc(&ring->done) | MHQ_CLOSING_BIT; /* [done] */
    if (mhq_cas_sc(&ring->tail, &quiet, quiet | MHQ_CLOSED_BIT)) /* [W1] of the consumer's parker */
        mhq_unpark(&ring->consumer);
}

int mhq_ring_is_all_back(mhq_ring *ring)
{
    uint64_t tail = mhq_load_sc(&ring->tail);
    return (tail & MHQ_CLOSED_BIT) && mhq_load_sc(&ring->done) == MHQ_TICKET(tail); /* [done]; [P2] */
}

int mhq_ring_is_closing(mhq_ring *ring)
{
    uint64_t tail = mhq_load_sc(&ring->tail); /* [P2] of a pause */
    return tail != MHQ_TICKET(tail);
}

int mhq_ring_is_closed(mhq_ring *ring)
{
    return (mhq_load_sc(&ring->tail) & MHQ_CLOSED_BIT) != 0;
}
