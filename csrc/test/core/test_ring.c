/* test/core/test_ring.c - the op ring: its states one by one, then many threads at once.
 *
 *   test_ring [items per crowd]
 *
 * Items carry the thread that enqueued them and their number among its items, so loss, duplicates
 * and reordering are distinguished.
 */
#include <time.h>

#include "test/ring_fixture.h"

#include "core/baton.h"
#include "core/port.h"

/* ---- one thread ----------------------------------------------------------------------------- */

/* Fills, empties and fills again, many laps; in every lap tickets are published in another order. */
static void states(uint64_t capacity)
{
    mhq_ring ring;
    ring_open(&ring, capacity);
    item *items = items_new(capacity + 1);
    uint64_t ticket = 0;
    for (uint64_t lap = 0; lap < 5; lap++) {
        for (uint64_t i = 0; i < capacity; i++) {
            CHECK(mhq_ring_claim(&ring, &items[i].job, 0) == MHQ_CLAIMED);
            CHECK_INT(items[i].job.ticket, ticket + i);
        }
        CHECK(mhq_ring_claim(&ring, &items[capacity].job, 0) == MHQ_FULL);
        CHECK(mhq_ring_pop(&ring) == NULL); /* claimed is not published */
        CHECK(!mhq_ring_ready(&ring));
        for (uint64_t i = 0; i < capacity; i++) {
            uint64_t at = lap % 2 ? i : capacity - 1 - i;
            CHECK_INT(mhq_ring_ready(&ring), lap % 2 && i > 0);
            mhq_ring_publish(&ring, &items[at].job);
        }
        for (uint64_t i = 0; i < capacity; i++) {
            CHECK(mhq_ring_ready(&ring));
            CHECK(mhq_ring_pop(&ring) == &items[i].job);
            /* A popped job has not been returned yet: there is no free slot. */
            if (i == 0)
                CHECK(mhq_ring_claim(&ring, &items[capacity].job, 0) == MHQ_FULL);
        }
        CHECK(mhq_ring_pop(&ring) == NULL);
        CHECK(!mhq_ring_drained(&ring));
        for (uint64_t i = 0; i < capacity; i++)
            CHECK_INT(mhq_ring_return(&ring), 0); /* no thread waits */
        ticket += capacity;
    }

    CHECK(mhq_ring_claim(&ring, &items[0].job, 0) == MHQ_CLAIMED);
    CHECK(!mhq_ring_is_closed(&ring));
    mhq_ring_close(&ring);
    mhq_ring_close(&ring);
    CHECK(mhq_ring_is_closed(&ring));
    CHECK(mhq_ring_claim(&ring, &items[1].job, 0) == MHQ_CLOSED);
    CHECK(mhq_ring_claim(&ring, &items[1].job, 1) == MHQ_CLOSED);
    CHECK(!mhq_ring_drained(&ring));
    mhq_ring_publish(&ring, &items[0].job); /* accepted before: still runs */
    CHECK(!mhq_ring_drained(&ring));
    CHECK(mhq_ring_pop(&ring) == &items[0].job);
    CHECK(mhq_ring_drained(&ring));
    mhq_ring_fini(&ring, &mhq_calls_real);
    free(items);
}

/* Claims beyond the capacity; `order` decides in which order they are published. */
static void overdraft(uint64_t capacity, uint64_t beyond, unsigned order)
{
    mhq_ring ring;
    ring_open(&ring, capacity);
    uint64_t count = capacity + beyond;
    item *items = items_new(count + 1);
    for (uint64_t i = 0; i < count; i++) {
        CHECK(mhq_ring_claim(&ring, &items[i].job, 1) == MHQ_CLAIMED);
        CHECK_INT(items[i].job.ticket, i);
    }
    for (uint64_t i = 0; i < count; i++) {
        /* forwards, backwards, or in mixed order (47 has no factor in common with the counts) */
        uint64_t at = order == 0 ? i : order == 1 ? count - 1 - i : i * 47 % count;
        mhq_ring_publish(&ring, &items[at].job);
    }
    CHECK_INT(mhq_load_rlx(&ring.overflowed), beyond);
    for (uint64_t i = 0; i < count; i++) {
        CHECK(mhq_ring_claim(&ring, &items[count].job, 0) == MHQ_FULL);
        CHECK(mhq_ring_ready(&ring));
        CHECK(mhq_ring_pop(&ring) == &items[i].job);
        mhq_ring_return(&ring);
        /* others get a slot only when less than the capacity is under way */
        if (count - (i + 1) < capacity)
            break;
    }
    CHECK(mhq_ring_claim(&ring, &items[count].job, 0) == MHQ_CLAIMED);
    mhq_ring_publish(&ring, &items[count].job);
    for (uint64_t i = beyond + 1; i <= count; i++) {
        CHECK(mhq_ring_pop(&ring) == &items[i].job);
        mhq_ring_return(&ring);
    }
    CHECK(mhq_ring_pop(&ring) == NULL);
    CHECK_INT(mhq_load_rlx(&ring.overflowed), 0);
    CHECK(ring.overflow == NULL);
    mhq_ring_fini(&ring, &mhq_calls_real);
    free(items);
}

/* Emptied and filled again: the pointer to the end of the list must not lead to a job that has
 * left. */
static void overflow_again_and_again(void)
{
    mhq_ring ring;
    ring_open(&ring, 1);
    for (uint64_t round = 0; round < 100; round++) {
        uint64_t count = 2 + round % 5;
        item *items = items_new(count);
        for (uint64_t i = 0; i < count; i++)
            CHECK(mhq_ring_claim(&ring, &items[i].job, 1) == MHQ_CLAIMED);
        for (uint64_t i = 0; i < count; i++)
            mhq_ring_publish(&ring, &items[round % 2 ? i : count - 1 - i].job);
        for (uint64_t i = 0; i < count; i++) {
            CHECK(mhq_ring_pop(&ring) == &items[i].job);
            mhq_ring_return(&ring);
        }
        free(items);
    }
    mhq_ring_fini(&ring, &mhq_calls_real);
}

/* A callback that lists a large directory may enqueue that many at once. */
static void a_large_overdraft_is_not_slow(void)
{
    race_deadline(300, "a large overdraft");
    enum { COUNT = 200000 };
    mhq_ring ring;
    ring_open(&ring, 1024);
    item *items = items_new(COUNT);
    clock_t began = clock();
    for (size_t i = 0; i < COUNT; i++) {
        CHECK(mhq_ring_claim(&ring, &items[i].job, 1) == MHQ_CLAIMED);
        mhq_ring_publish(&ring, &items[i].job);
    }
    double took = (double)(clock() - began) / CLOCKS_PER_SEC;
    CHECK(took < 5); /* 0.05 on a slow machine; minutes if each claim passes all jobs before it */
    size_t misplaced = 0;
    for (size_t i = 0; i < COUNT; i++)
        misplaced += mhq_ring_pop(&ring) != &items[i].job;
    CHECK_INT(misplaced, 0);
    mhq_ring_fini(&ring, &mhq_calls_real);
    free(items);
}

static void peeking(void)
{
    mhq_ring ring;
    ring_open(&ring, 4);
    item items[7];
    memset(items, 0, sizeof items);
    for (size_t i = 0; i < 7; i++)
        CHECK(mhq_ring_claim(&ring, &items[i].job, 1) == MHQ_CLAIMED);
    mhq_ring_publish(&ring, &items[0].job);
    mhq_ring_publish(&ring, &items[2].job);
    CHECK(mhq_ring_peek(&ring, 0) == &items[0].job);
    CHECK(mhq_ring_peek(&ring, 1) == NULL); /* claimed only */
    CHECK(mhq_ring_peek(&ring, 2) == &items[2].job);
    CHECK(mhq_ring_peek(&ring, 3) == NULL);
    CHECK(mhq_ring_peek(&ring, 4) == NULL); /* would be the slot of 0 */
    CHECK(mhq_ring_peek(&ring, UINT64_MAX) == NULL);
    CHECK(mhq_ring_pop(&ring) == &items[0].job);
    mhq_ring_publish(&ring, &items[4].job); /* 0's slot is free for it */
    mhq_ring_publish(&ring, &items[5].job); /* overflows: 1 has not been popped */
    CHECK(mhq_ring_peek(&ring, 1) == &items[2].job);
    CHECK(mhq_ring_peek(&ring, 3) == &items[4].job);
    CHECK(mhq_ring_peek(&ring, 4) == NULL);
    mhq_ring_publish(&ring, &items[1].job);
    mhq_ring_publish(&ring, &items[3].job);
    mhq_ring_publish(&ring, &items[6].job);
    for (size_t i = 1; i < 7; i++) {
        CHECK(i == 5 || mhq_ring_peek(&ring, 0) == (i < 5 ? &items[i].job : NULL));
        CHECK(mhq_ring_pop(&ring) == &items[i].job);
    }
    mhq_ring_fini(&ring, &mhq_calls_real);
}

/* One producer is stopped between claim and publish. */
static void a_slow_producer_delays_nobody(void)
{
    mhq_ring ring;
    ring_open(&ring, 8);
    item items[9];
    memset(items, 0, sizeof items);
    for (size_t i = 0; i < 3; i++) {
        CHECK(mhq_ring_claim(&ring, &items[i].job, 0) == MHQ_CLAIMED);
        mhq_ring_publish(&ring, &items[i].job);
    }
    CHECK(mhq_ring_claim(&ring, &items[3].job, 0) == MHQ_CLAIMED); /* the slow one */
    for (size_t i = 4; i < 8; i++) {
        CHECK(mhq_ring_claim(&ring, &items[i].job, 0) == MHQ_CLAIMED);
        mhq_ring_publish(&ring, &items[i].job);
    }
    CHECK(mhq_ring_claim(&ring, &items[8].job, 0) == MHQ_FULL);
    for (size_t i = 0; i < 3; i++) {
        CHECK(mhq_ring_pop(&ring) == &items[i].job);
        mhq_ring_return(&ring);
    }
    CHECK(mhq_ring_pop(&ring) == NULL); /* no later job passes it either */
    CHECK(!mhq_ring_ready(&ring));
    CHECK(mhq_ring_claim(&ring, &items[8].job, 0) == MHQ_CLAIMED);
    mhq_ring_publish(&ring, &items[8].job);
    mhq_ring_close(&ring);
    CHECK(!mhq_ring_drained(&ring));
    mhq_ring_publish(&ring, &items[3].job);
    for (size_t i = 3; i < 9; i++)
        CHECK(mhq_ring_pop(&ring) == &items[i].job);
    CHECK(mhq_ring_drained(&ring));
    mhq_ring_fini(&ring, &mhq_calls_real);
}

/* ---- a crowd -------------------------------------------------------------------------------- */

#define MOST_PRODUCERS 8u

/* Producers 0 to n-1 wait for slots. Producer n is the callback thread, which overdraws: one more
 * item for every seventh that comes back, and a burst at the start. */
static struct {
    mhq_ring ring;
    mhq_baton baton;
    mhq_port done;
    _Atomic uint32_t finished;
    unsigned producers;
    uint64_t each, overdrawn, total;
    item *items[MOST_PRODUCERS + 1];
    /* only the baton holder's, so plain variables */
    uint64_t popped, out_of_order;
    unsigned inside, held_by_two;
    /* the callback thread's */
    uint64_t returned, reordered, doubled, foreign, renewed;
    uint64_t next_of[MOST_PRODUCERS + 1];
    uint64_t out_of_sequence;
} crowd;

static void *producer(void *argument)
{
    unsigned me = *(unsigned *)argument;
    for (uint64_t i = 0; i < crowd.each; i++) {
        item *it = &crowd.items[me][i];
        it->producer = me;
        it->number = i;
        it->job.run.job = &it->job;
        while (mhq_ring_claim(&crowd.ring, &it->job, 0) == MHQ_FULL)
            mhq_ring_wait_capacity(&crowd.ring, -1);
        if (i % 97 == 0)
            sched_yield(); /* between claim and publish */
        mhq_ring_publish(&crowd.ring, &it->job);
    }
    return NULL;
}

static void *consumer(void *argument)
{
    uint32_t me = *(uint32_t *)argument;
    while (mhq_baton_wait(&crowd.baton, me)) {
        unsigned turn = 1 + (unsigned)(crowd.popped % 13);
        while (turn > 0) {
            crowd.held_by_two += crowd.inside++ != 0;
            mhq_job *job = mhq_ring_pop(&crowd.ring);
            crowd.inside--;
            if (job == NULL) {
                if (parked_wait(&crowd.ring))
                    continue;
                mhq_store_sc(&crowd.finished, 1);
                mhq_baton_finish(&crowd.baton, me);
                mhq_unpark(&crowd.done.taker);
                return NULL;
            }
            crowd.out_of_order += job->ticket != crowd.popped++;
            mhq_done_push(&crowd.done, &job->run);
            mhq_unpark(&crowd.done.taker);
            turn--;
        }
        mhq_baton_pass(&crowd.baton, me);
    }
    return NULL;
}

static void overdraw_one(void)
{
    item *it = &crowd.items[crowd.producers][crowd.renewed];
    it->producer = crowd.producers;
    it->number = crowd.renewed++;
    it->job.run.job = &it->job;
    if (mhq_ring_claim(&crowd.ring, &it->job, 1) == MHQ_CLAIMED)
        mhq_ring_publish(&crowd.ring, &it->job);
}

static void *callback_thread(void *ignored)
{
    (void)ignored;
    mhq_parker *parker = &crowd.done.taker;
    for (uint64_t i = 0; i < crowd.overdrawn / 10; i++)
        overdraw_one();
    for (;;) {
        mhq_run *run = mhq_done_take(&crowd.done);
        if (run == NULL) {
            if (mhq_load_sc(&crowd.finished) && !mhq_done_ready(&crowd.done))
                return NULL;
            mhq_park_prepare(parker);
            if (mhq_done_ready(&crowd.done) || mhq_load_sc(&crowd.finished))
                mhq_park_cancel(parker);
            else
                mhq_park_wait(parker, -1);
            continue;
        }
        for (mhq_run *following; run != NULL; run = following) {
            following = run->next;
            item *it = item_of(run->job);
            crowd.reordered += it->job.ticket != crowd.returned++;
            crowd.doubled += it->seen++ != 0;
            if (it->producer > crowd.producers)
                crowd.foreign++;
            else
                crowd.out_of_sequence += it->number != crowd.next_of[it->producer]++;
            if (crowd.returned % 7 == 0 && crowd.renewed < crowd.overdrawn)
                overdraw_one();
            mhq_ring_return(&crowd.ring);
            /* that was the last item: no other thread will close the ring */
            if (crowd.returned == crowd.total)
                mhq_ring_close(&crowd.ring);
        }
    }
}

static void a_crowd(uint64_t capacity, unsigned producers, uint64_t total)
{
    static char stage[80];
    snprintf(stage, sizeof stage, "a crowd: capacity %u, %u producers", (unsigned)capacity,
             producers);
    race_deadline(300, stage);
    memset(&crowd, 0, sizeof crowd);
    ring_open(&crowd.ring, capacity);
    crowd.producers = producers;
    crowd.overdrawn = total / 10;
    crowd.each = (total - crowd.overdrawn) / producers;
    crowd.total = crowd.each * producers + crowd.overdrawn;
    for (unsigned i = 0; i < producers; i++)
        crowd.items[i] = items_new(crowd.each);
    crowd.items[producers] = items_new(crowd.overdrawn + 1);

    pthread_t threads[MOST_PRODUCERS + 3];
    unsigned names[MOST_PRODUCERS];
    uint32_t sides[2] = {0, 1};
    size_t count = 0;
    threads[count++] = race_start(callback_thread, NULL);
    threads[count++] = race_start(consumer, &sides[0]);
    threads[count++] = race_start(consumer, &sides[1]);
    for (unsigned i = 0; i < producers; i++) {
        names[i] = i;
        threads[count++] = race_start(producer, &names[i]);
    }
    while (count > 0)
        race_join(threads[--count]);

    CHECK_INT(crowd.held_by_two, 0);
    CHECK_INT(crowd.out_of_order, 0);
    CHECK_INT(crowd.reordered, 0);
    CHECK_INT(crowd.doubled, 0);
    CHECK_INT(crowd.foreign, 0);
    CHECK_INT(crowd.out_of_sequence, 0);
    CHECK_INT(crowd.popped, crowd.total);
    CHECK_INT(crowd.returned, crowd.total);
    CHECK_INT(crowd.renewed, crowd.overdrawn);
    CHECK(crowd.ring.overflow == NULL);
    uint64_t lost = 0;
    for (unsigned i = 0; i <= producers; i++) {
        uint64_t n = i < producers ? crowd.each : crowd.overdrawn;
        for (uint64_t j = 0; j < n; j++)
            lost += crowd.items[i][j].seen == 0;
        free(crowd.items[i]);
    }
    CHECK_INT(lost, 0);
    mhq_ring_fini(&crowd.ring, &mhq_calls_real);
}

int main(int count, char **arguments)
{
    uint64_t items = count > 1 ? strtoull(arguments[1], NULL, 10) : 100000;
    race_deadline(240, "one thread");
    const uint64_t capacities[] = {1, 2, 4, 1024};
    for (size_t i = 0; i < 4; i++) {
        states(capacities[i]);
        for (unsigned order = 0; order < 3; order++) {
            overdraft(capacities[i], 1, order);
            overdraft(capacities[i], 2 * capacities[i] + 3, order);
        }
    }
    overflow_again_and_again();
    peeking();
    a_slow_producer_delays_nobody();
    a_large_overdraft_is_not_slow();
    for (size_t i = 0; i < 4; i++) {
        a_crowd(capacities[i], 1, items);
        a_crowd(capacities[i], 3, items);
        a_crowd(capacities[i], 8, items);
    }
    a_crowd(1024, 8, 10 * items);
    return check_report("test_ring");
}
