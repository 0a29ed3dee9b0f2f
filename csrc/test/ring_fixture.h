/* ring_fixture.h - what the tests of the ring share: items that are jobs with the number of their
 * producer, and a consumer's wait for work.
 */
#ifndef MHQ_RING_FIXTURE_H
#define MHQ_RING_FIXTURE_H

#include "test/race.h"
#include "core/ring.h"

typedef struct item {
    mhq_job job; /* first: a job is its item */
    uint32_t producer;
    uint64_t number; /* among the items of this producer */
    int seen;
} item;

static inline item *item_of(mhq_job *job)
{
    return (item *)(void *)job;
}

static inline item *items_new(size_t count)
{
    item *items = calloc(count, sizeof *items);
    REQUIRE(items != NULL);
    return items;
}

static inline void ring_open(mhq_ring *ring, uint64_t capacity)
{
    REQUIRE(mhq_ring_init(ring, capacity, &mhq_calls_real) == 0);
}

static inline int parked_wait(mhq_ring *ring)
{
    while (!mhq_ring_ready(ring)) {
        if (mhq_ring_drained(ring))
            return 0;
        mhq_park_prepare(&ring->consumer);
        if (mhq_ring_ready(ring) || mhq_ring_drained(ring))
            mhq_park_cancel(&ring->consumer);
        else
            mhq_park_wait(&ring->consumer, -1);
    }
    return 1;
}

#endif
