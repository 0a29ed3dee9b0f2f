/* engine_fixture.h - what the tests of the whole engine share: an engine, and items that are jobs
 * and know who made them.
 */
#ifndef MHQ_ENGINE_FIXTURE_H
#define MHQ_ENGINE_FIXTURE_H

#include "calls.h"
#include "mhq.h"
#include "race.h"

typedef struct item {
    mhq_job job; /* first: a job is its item */
    mhq_op op;
    char path[32];
    uint32_t producer;
    uint64_t number;
    int delivered;
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

static inline item *item_set(item *it, enum mhq_kind kind, const char *path)
{
    memset(it, 0, sizeof *it);
    REQUIRE(strlen(path) < sizeof it->path);
    strcpy(it->path, path);
    it->op.kind = (uint8_t)kind;
    it->op.path = it->path;
    it->op.data = it->path; /* of which nothing is written unless a size is set */
    mhq_job_init(&it->job, &it->op);
    return it;
}

static inline mhq_engine *engine_open(uint64_t ring_size, uint64_t budget, const mhq_calls *calls)
{
    mhq_config config = {.ring_size = ring_size, .buffer_bytes = budget, .head = 32, .tail = 1,
                         .calls = calls};
    mhq_engine *engine = NULL;
    REQUIRE(mhq_engine_open(&config, &engine) == 0);
    return engine;
}

#define BUDGET ((uint64_t)64 << 20)

static inline void submit(mhq_engine *engine, item *it)
{
    REQUIRE(mhq_submit(engine, &it->job, 1, 0) == MHQ_ACCEPTED);
}

static inline mhq_counters counted(mhq_engine *engine)
{
    mhq_counters c;
    mhq_count(engine, &c);
    return c;
}

/* Closes, takes what is left, which is to be nothing, and frees. */
static inline void engine_end(mhq_engine *engine)
{
    mhq_close(engine);
    CHECK(mhq_collect(engine) == NULL);
    CHECK(mhq_collect(engine) == NULL);
    CHECK_INT(mhq_wait_stopped(engine, 0), 0);
    mhq_stop(engine);
    CHECK_INT(mhq_wait_stopped(engine, 0), 1);
    CHECK_INT(mhq_wait_stopped(engine, -1), 1);
    mhq_counters c = counted(engine);
    CHECK_INT(c.overlaps, 0);
    CHECK_INT(c.in_flight, 0);
    CHECK_INT(c.undelivered_bytes, 0);
    CHECK_INT(c.accepted, c.completed);
    mhq_engine_free(engine);
}

#endif
