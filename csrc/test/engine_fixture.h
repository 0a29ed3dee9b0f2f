/* engine_fixture.h - what the tests of the whole engine share: an engine, items that are jobs with
 * the number of their producer, and a directory for the files.
 */
#ifndef MHQ_ENGINE_FIXTURE_H
#define MHQ_ENGINE_FIXTURE_H

#include <fcntl.h>
#include <sys/stat.h>

#include "sys/calls.h"
#include "mhq.h"
#include "test/race.h"

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

static inline void write_file(const char *path, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    REQUIRE(fd >= 0);
    char block[4096];
    memset(block, 'x', sizeof block);
    while (size > 0) {
        size_t n = size < sizeof block ? size : sizeof block;
        REQUIRE(write(fd, block, n) == (ssize_t)n);
        size -= n;
    }
    REQUIRE(close(fd) == 0);
}

/* Delivers singles in order until `count` more have come; items[*next] is the one expected. */
static inline void take_in_order(mhq_engine *engine, item *items, size_t *next, size_t count)
{
    size_t until = *next + count;
    while (*next < until) {
        mhq_run *run = mhq_collect(engine);
        REQUIRE(run != NULL);
        for (mhq_run *following; run != NULL; run = following) {
            following = run->next;
            item *it = item_of(run->job);
            CHECK(it == &items[*next]);
            CHECK(run->op == &it->op);
            CHECK_INT(it->delivered++, 0);
            ++*next;
            CHECK_INT(mhq_delivered(engine, run), 1);
        }
    }
}

static char place[256];

/* A new directory, to work in. */
static inline void place_enter(void)
{
    const char *base = getenv("TMPDIR");
    snprintf(place, sizeof place, "%s/mhq-engine-XXXXXX", base ? base : P_tmpdir);
    REQUIRE(mkdtemp(place) != NULL);
    REQUIRE(chdir(place) == 0);
}

/* Removes it with these files, which are to be all that it holds. */
static inline void place_leave(const char *const *files, size_t count)
{
    for (size_t i = 0; i < count; i++)
        CHECK_INT(unlink(files[i]), 0);
    REQUIRE(chdir("..") == 0);
    CHECK_INT(rmdir(place), 0);
}

#endif
