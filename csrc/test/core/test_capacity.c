/* test/core/test_capacity.c - producers that wait for a free slot, how they are woken, and closing. */
#include "test/ring_fixture.h"

/* ---- waiting for a free slot, and closing ---------------------------------------------------- */

enum { WAITERS = 8 };

static struct waiter {
    mhq_ring *ring;
    item item;
    enum mhq_claim outcome;
    _Atomic int over;
    _Atomic long id;
} waiters[WAITERS];

static void *wait_and_claim(void *argument)
{
    struct waiter *w = argument;
    while ((w->outcome = mhq_ring_claim(w->ring, &w->item.job, 0)) == MHQ_FULL)
        mhq_ring_wait_capacity(w->ring, -1);
    if (w->outcome == MHQ_CLAIMED)
        mhq_ring_publish(w->ring, &w->item.job);
    atomic_store(&w->over, 1);
    return NULL;
}

static pthread_t waiter_start(struct waiter *w, mhq_ring *ring)
{
    memset(w, 0, sizeof *w);
    w->ring = ring;
    return race_start(wait_and_claim, w);
}

static void *wait_for_the_end(void *argument)
{
    mhq_ring *ring = argument;
    return parked_wait(ring) ? NULL : argument;
}

static void close_wakes_waiting_producers(void)
{
    race_deadline(240, "close wakes waiting producers");
    for (unsigned round = 0; round < 500; round++) {
        mhq_ring ring;
        ring_open(&ring, 1);
        item first = {0};
        CHECK(mhq_ring_claim(&ring, &first.job, 0) == MHQ_CLAIMED);
        pthread_t threads[4];
        for (size_t i = 0; i < 4; i++)
            threads[i] = waiter_start(&waiters[i], &ring);
        if (round % 2) /* else close races with the producers, which go to sleep */
            RACE_UNTIL(mhq_load_sc(&ring.waiters) == 4);
        mhq_ring_close(&ring);
        for (size_t i = 0; i < 4; i++) {
            race_join(threads[i]);
            CHECK(waiters[i].outcome == MHQ_CLOSED);
        }
        CHECK_INT(mhq_load_sc(&ring.waiters), 0);
        mhq_ring_fini(&ring, &mhq_calls_real);
    }
}

static void close_wakes_the_parked_consumer(void)
{
    race_deadline(240, "close wakes the parked consumer");
    for (unsigned round = 0; round < 1000; round++) {
        mhq_ring ring;
        ring_open(&ring, 2);
        pthread_t thread = race_start(wait_for_the_end, &ring);
        if (round % 2)
            RACE_UNTIL(mhq_is_parked(&ring.consumer));
        mhq_ring_close(&ring);
        void *ended = NULL;
        REQUIRE(pthread_join(thread, &ended) == 0);
        CHECK(ended == &ring);
        mhq_ring_fini(&ring, &mhq_calls_real);
    }
}

static void free_slots_wake(void)
{
    race_deadline(240, "free slots wake");
    for (unsigned round = 0; round < 500; round++) {
        mhq_ring ring;
        uint64_t capacity = UINT64_C(1) << round % 4;
        ring_open(&ring, capacity);
        item items[8];
        memset(items, 0, sizeof items);
        for (uint64_t i = 0; i < capacity; i++) {
            CHECK(mhq_ring_claim(&ring, &items[i].job, 0) == MHQ_CLAIMED);
            mhq_ring_publish(&ring, &items[i].job);
        }
        pthread_t thread = waiter_start(&waiters[0], &ring);
        if (round % 8 < 4)
            RACE_UNTIL(mhq_load_sc(&ring.waiters) == 1);
        /* half of the slots are enough */
        for (uint64_t i = 0; i < (capacity + 1) / 2; i++) {
            CHECK(mhq_ring_pop(&ring) == &items[i].job);
            mhq_ring_return(&ring);
        }
        race_join(thread);
        CHECK(waiters[0].outcome == MHQ_CLAIMED);
        CHECK_INT(waiters[0].item.job.ticket, capacity);
        mhq_ring_fini(&ring, &mhq_calls_real);
    }
}

/* Three jobs renew themselves, as callbacks may: each enqueues its successor before it ends. In a
 * ring of four a slot is free in between, but never half of them. A waiting thread must be woken
 * for it. */
static void a_free_slot_wakes_while_others_keep_the_ring_more_than_half_full(void)
{
    race_deadline(300, "a free slot wakes while others keep the ring more than half full");
    for (unsigned round = 0; round < 20; round++) {
        enum { ITEMS = 16 }; /* more than are ever under way */
        mhq_ring ring;
        ring_open(&ring, 4);
        item *items = items_new(ITEMS);
        size_t next = 0, popped = 0;
        for (; next < 4; next++) {
            CHECK(mhq_ring_claim(&ring, &items[next].job, 0) == MHQ_CLAIMED);
            mhq_ring_publish(&ring, &items[next].job);
        }
        pthread_t thread = waiter_start(&waiters[0], &ring);
        RACE_UNTIL(mhq_load_sc(&ring.waiters) == 1);
        CHECK(mhq_ring_pop(&ring) == &items[popped++].job);
        mhq_ring_return(&ring); /* this one has no successor: three are left */
        /* Goes on as long as the thread waits: until the deadline, if it is not woken. A thread
         * that wakes up slowly may find the ring full, and waits again. */
        while (!atomic_load(&waiters[0].over)) {
            if (mhq_ring_pop(&ring) != NULL) { /* else the waiter's comes, once published */
                mhq_job *successor = &items[next++ % ITEMS].job;
                CHECK(mhq_ring_claim(&ring, successor, 1) == MHQ_CLAIMED);
                mhq_ring_publish(&ring, successor);
                mhq_ring_return(&ring);
            }
            mhq_yield();
        }
        race_join(thread);
        CHECK(waiters[0].outcome == MHQ_CLAIMED);
        mhq_ring_fini(&ring, &mhq_calls_real);
        free(items);
    }
}

/* Eight producers wait, and one job at a time comes back: the others go on sleeping. If all were
 * woken each time, 7 + 6 + ... + 1 claims would fail. */
static _Atomic unsigned failed_claims;

static void *wait_claim_and_count(void *argument)
{
    struct waiter *w = argument;
    while ((w->outcome = mhq_ring_claim(w->ring, &w->item.job, 0)) == MHQ_FULL) {
        atomic_fetch_add(&failed_claims, 1);
        atomic_store(&w->id, race_id());
        mhq_ring_wait_capacity(w->ring, -1);
    }
    mhq_ring_publish(w->ring, &w->item.job);
    atomic_store(&w->over, 1);
    return NULL;
}

static void as_many_wake_as_slots_are_free(uint64_t capacity)
{
    race_deadline(240, "as many wake as slots are free");
    mhq_ring ring;
    ring_open(&ring, capacity);
    item first[2] = {0};
    for (uint64_t i = 0; i < capacity; i++) {
        CHECK(mhq_ring_claim(&ring, &first[i].job, 0) == MHQ_CLAIMED);
        mhq_ring_publish(&ring, &first[i].job);
    }
    atomic_store(&failed_claims, 0);
    pthread_t threads[WAITERS];
    for (size_t i = 0; i < WAITERS; i++) {
        memset(&waiters[i], 0, sizeof waiters[i]);
        waiters[i].ring = &ring;
        threads[i] = race_start(wait_claim_and_count, &waiters[i]);
        RACE_UNTIL(mhq_load_sc(&ring.waiters) == i + 1 && race_asleep(atomic_load(&waiters[i].id)));
    }
    for (unsigned over = 0; over < WAITERS; over++) {
        CHECK(mhq_ring_pop(&ring) != NULL);
        mhq_ring_return(&ring);
        RACE_UNTIL(mhq_load_sc(&ring.waiters) == WAITERS - 1 - over);
        /* one producer has claimed a slot; the loop goes on once its job is published, too */
        RACE_UNTIL(mhq_ring_ready(&ring));
    }
    for (size_t i = 0; i < WAITERS; i++) {
        race_join(threads[i]);
        CHECK(waiters[i].outcome == MHQ_CLAIMED);
    }
    CHECK(atomic_load(&failed_claims) < 2 * WAITERS); /* one each, before the wait */
    mhq_ring_fini(&ring, &mhq_calls_real);
}

int main(void)
{
    close_wakes_waiting_producers();
    close_wakes_the_parked_consumer();
    free_slots_wake();
    a_free_slot_wakes_while_others_keep_the_ring_more_than_half_full();
    as_many_wake_as_slots_are_free(1);
    as_many_wake_as_slots_are_free(2);
    return check_report("test_capacity");
}
