/* test/core/test_load.c - many operations through the smallest rings, and many small histories.
 *
 * Load: 1 to 64 producers wait for slots in rings of 1, 2 and 4 (a setting of 3 becomes 4), while
 * the callback thread, which is the main thread here, is slow at times and enqueues in its turn.
 * Histories: a few threads enqueue a few operations each; what comes back is in one order, which
 * is that of every thread's own calls, and no operation comes before one whose call had returned
 * when its own began.
 *
 *   MHQ_LONG=1 test_load     10^6 operations for each ring and crowd, 10^5 histories
 */
#include "test/engine_fixture.h"

#include <errno.h>
#include <semaphore.h>
#include <time.h>

enum { MOST_PRODUCERS = 64 };

static mhq_engine *load_open(uint64_t ring_size, int32_t spin_us)
{
    const mhq_config config = {.ring_size = ring_size, .buffer_bytes = BUDGET, .head = 32,
                               .tail = 1, .spin_us = spin_us};
    mhq_engine *engine = NULL;
    REQUIRE(mhq_engine_open(&config, &engine) == 0);
    return engine;
}

static void load_item(item *it, uint32_t producer, uint64_t number)
{
    memset(it, 0, sizeof *it);
    it->producer = producer;
    it->number = number;
    it->op.kind = MHQ_FILE_EXISTS;
    it->op.path = "there";
    it->op.refused = number % 16 != 0; /* most without a system call, so that they come fast */
    mhq_job_init(&it->job, &it->op);
}

static void submit_waiting(mhq_engine *engine, item *it)
{
    enum mhq_accepted accepted;
    while ((accepted = mhq_submit(engine, &it->job, 1, 0)) == MHQ_RING_FULL)
        mhq_wait_capacity(engine, &it->job, -1); /* nothing but the engine wakes it */
    CHECK(accepted == MHQ_ACCEPTED);
}

/* ---- load ------------------------------------------------------------------------------------ */

static struct {
    mhq_engine *engine;
    unsigned producers;
    uint64_t each, overdrawn, total;
    item *items[MOST_PRODUCERS + 1];
    uint64_t next_of[MOST_PRODUCERS + 1], returned, reordered, doubled, out_of_sequence, renewed;
} load;

static void *load_producer(void *argument)
{
    unsigned me = *(unsigned *)argument;
    for (uint64_t i = 0; i < load.each; i++) {
        item *it = &load.items[me][i];
        load_item(it, me, i);
        submit_waiting(load.engine, it);
    }
    return NULL;
}

/* A callback that enqueues, if need be beyond the ring's capacity. */
static void overdraw(void)
{
    item *it = &load.items[load.producers][load.renewed];
    load_item(it, load.producers, load.renewed++);
    CHECK(mhq_submit(load.engine, &it->job, 1, 1) == MHQ_ACCEPTED);
}

static void be_slow(void)
{
    const struct timespec pause = {0, 200000};
    (void)nanosleep(&pause, NULL);
}

static void load_callback(mhq_run *run, uint64_t ticket)
{
    item *it = item_of(run->job);
    load.returned++;
    load.reordered += it->job.ticket != ticket;
    load.doubled += it->delivered++ != 0;
    load.out_of_sequence += it->number != load.next_of[it->producer]++;
    if (load.returned % 7 == 0)
        for (int i = 0; i < 3 && load.renewed < load.overdrawn; i++)
            overdraw();
    if (load.returned % 1000 == 0)
        be_slow();
    CHECK_INT(mhq_delivered(load.engine, run), 1);
}

static uint64_t load_lost(void)
{
    uint64_t lost = 0;
    for (unsigned i = 0; i <= load.producers; i++)
        for (uint64_t j = 0; j < (i < load.producers ? load.each : load.overdrawn); j++)
            lost += load.items[i][j].delivered == 0;
    return lost;
}

static void crowd(uint64_t ring_size, unsigned producers, int32_t spin_us, uint64_t total)
{
    static char stage[80];
    snprintf(stage, sizeof stage, "load: ring of %u, %u producers", (unsigned)ring_size, producers);
    race_deadline(7200, stage);
    memset(&load, 0, sizeof load);
    load.engine = load_open(ring_size, spin_us);
    load.producers = producers;
    load.each = (total - total / 10 + producers - 1) / producers;
    load.overdrawn = total / 10;
    load.total = load.each * producers + load.overdrawn;
    pthread_t threads[MOST_PRODUCERS];
    unsigned names[MOST_PRODUCERS];
    load.items[producers] = items_new(load.overdrawn);
    for (unsigned i = 0; i < producers; i++) {
        names[i] = i;
        load.items[i] = items_new(load.each);
        threads[i] = race_start(load_producer, &names[i]);
    }
    for (uint64_t tickets = 0; load.returned < load.total;) {
        mhq_run *run = mhq_collect(load.engine);
        REQUIRE(run != NULL);
        for (mhq_run *following; run != NULL; run = following) {
            following = run->next;
            load_callback(run, tickets++);
        }
    }
    for (unsigned i = 0; i < producers; i++)
        race_join(threads[i]);
    CHECK_INT(load.reordered, 0);
    CHECK_INT(load.doubled, 0);
    CHECK_INT(load.out_of_sequence, 0);
    CHECK_INT(load.renewed, load.overdrawn);
    CHECK_INT(load_lost(), 0);
    engine_end(load.engine);
    for (unsigned i = 0; i <= producers; i++)
        free(load.items[i]);
}

/* ---- histories ------------------------------------------------------------------------------- */

enum { CALLERS = 3, CALLS = 4, ALL = CALLERS * CALLS };

static struct {
    mhq_engine *engine;
    uint64_t histories;
    sem_t begins[CALLERS], ends;
    _Atomic uint64_t clock;
    item items[CALLERS][CALLS];
    uint64_t began[CALLERS][CALLS], returned[CALLERS][CALLS];
} history;

static void wait_for(sem_t *semaphore)
{
    while (sem_wait(semaphore) != 0)
        REQUIRE(errno == EINTR);
}

static void *caller(void *argument)
{
    uint32_t me = *(uint32_t *)argument;
    for (uint64_t h = 0; h < history.histories; h++) {
        wait_for(&history.begins[me]);
        for (uint64_t i = 0; i < CALLS; i++) {
            load_item(&history.items[me][i], me, i);
            history.began[me][i] = atomic_fetch_add(&history.clock, 1);
            submit_waiting(history.engine, &history.items[me][i]);
            history.returned[me][i] = atomic_fetch_add(&history.clock, 1);
        }
        REQUIRE(sem_post(&history.ends) == 0);
    }
    return NULL;
}

/* The items in the order of their callbacks. */
static void one_history(const item *order[ALL])
{
    for (int i = 0; i < CALLERS; i++)
        REQUIRE(sem_post(&history.begins[i]) == 0);
    for (size_t came = 0; came < ALL;) {
        mhq_run *run = mhq_collect(history.engine);
        REQUIRE(run != NULL);
        for (mhq_run *following; run != NULL; run = following) {
            following = run->next;
            REQUIRE(came < ALL);
            item *it = item_of(run->job);
            CHECK_INT(it->delivered++, 0);
            order[came++] = it;
            CHECK_INT(mhq_delivered(history.engine, run), 1);
        }
    }
    for (int i = 0; i < CALLERS; i++)
        wait_for(&history.ends);
}

static int is_in_order(const item *const order[ALL])
{
    uint64_t next_of[CALLERS] = {0}, latest_began = 0;
    for (size_t i = 0; i < ALL; i++) {
        const item *it = order[i];
        if (it->number != next_of[it->producer]++
            || history.returned[it->producer][it->number] < latest_began)
            return 0;
        if (history.began[it->producer][it->number] > latest_began)
            latest_began = history.began[it->producer][it->number];
    }
    return 1;
}

static uint64_t histories(uint64_t ring_size, uint64_t count)
{
    race_deadline(7200, "histories");
    memset(&history, 0, sizeof history);
    history.engine = load_open(ring_size, 0);
    history.histories = count;
    REQUIRE(sem_init(&history.ends, 0, 0) == 0);
    pthread_t threads[CALLERS];
    uint32_t names[CALLERS];
    for (uint32_t i = 0; i < CALLERS; i++) {
        REQUIRE(sem_init(&history.begins[i], 0, 0) == 0);
        names[i] = i;
        threads[i] = race_start(caller, &names[i]);
    }
    uint64_t out_of_order = 0;
    for (uint64_t h = 0; h < count; h++) {
        const item *order[ALL];
        one_history(order);
        out_of_order += !is_in_order(order);
    }
    for (int i = 0; i < CALLERS; i++)
        race_join(threads[i]);
    CHECK_INT(out_of_order, 0);
    engine_end(history.engine);
    return count;
}

int main(void)
{
    const int is_long = getenv("MHQ_LONG") != NULL;
    const unsigned crowds[] = {1, 2, 8, 64};
    const uint64_t rings[] = {1, 2, 4}, total = is_long ? 1000000 : 5000;
    uint64_t operations = 0, tried = 0;
    const uint64_t places[] = {1, 2, 4, 4096};
    for (size_t r = 0; r < 4; r++)
        tried += histories(places[r], is_long ? 25000 : 500);
    for (size_t c = 0; c < 4; c++)
        for (size_t r = 0; r < 3; r++) {
            crowd(rings[r], crowds[c], c % 2 ? 20 : 0, total); /* with and without spinning */
            operations += load.total;
            if (is_long) /* it takes its time */
                (void)(printf("test_load: so far %lu histories, %lu operations, the last from %u\n",
                              (unsigned long)tried, (unsigned long)operations, crowds[c]),
                       fflush(stdout));
        }
    printf("test_load: %lu operations through rings of 1, 2, 4; %lu histories in order\n",
           (unsigned long)operations, (unsigned long)tried);
    return check_report("test_load");
}
