/* test/core/test_ends.c - how an engine begins and ends: closing, freeing, and that nothing is left
 * where there is no memory or no thread to begin with.
 */
#include "test/engine_fixture.h"

#include <errno.h>
#include <grp.h>
#include <sys/resource.h>
#include <sys/wait.h>

/* ---- ends ------------------------------------------------------------------------------------ */

static void *stopped_waiter(void *argument)
{
    mhq_engine *engine = argument;
    while (!mhq_wait_stopped(engine, -1))
        continue;
    return argument;
}

static void closing_drains(void)
{
    race_deadline(240, "closing drains");
    enum { COUNT = 200 };
    mhq_engine *engine = engine_open(256, BUDGET, NULL);
    item *items = items_new(COUNT + 1);
    size_t next = 0;
    for (size_t i = 0; i <= COUNT; i++)
        item_set(&items[i], MHQ_FILE_EXISTS, "there");
    for (size_t i = 0; i < COUNT; i++)
        submit(engine, &items[i]);
    CHECK(!mhq_is_closed(engine));
    mhq_close(engine);
    CHECK(mhq_is_closed(engine));
    CHECK(mhq_submit(engine, &items[COUNT].job, 1, 0) == MHQ_RING_CLOSED);
    CHECK(mhq_submit(engine, &items[COUNT].job, 1, 1) == MHQ_RING_CLOSED);
    pthread_t waiter = race_start(stopped_waiter, engine);
    CHECK_INT(mhq_wait_stopped(engine, 1000000), 0);
    take_in_order(engine, items, &next, COUNT);
    CHECK(mhq_collect(engine) == NULL);
    mhq_stop(engine);
    race_join(waiter);
    mhq_engine_free(engine);
    free(items);
}

static void *room_or_closed(void *argument)
{
    mhq_engine *engine = argument;
    item it;
    enum mhq_accepted accepted;
    item_set(&it, MHQ_FILE_EXISTS, "there");
    while ((accepted = mhq_submit(engine, &it.job, 1, 0)) == MHQ_RING_FULL)
        mhq_wait_capacity(engine, &it.job, -1);
    CHECK(accepted == MHQ_RING_CLOSED);
    return NULL;
}

static void closing_wakes_waiting_producers(void)
{
    race_deadline(240, "closing wakes waiting producers");
    for (unsigned round = 0; round < 200; round++) {
        mhq_engine *engine = engine_open(1, BUDGET, NULL);
        item first;
        size_t next = 0;
        submit(engine, item_set(&first, MHQ_FILE_EXISTS, "there"));
        pthread_t threads[3];
        for (size_t i = 0; i < 3; i++)
            threads[i] = race_start(room_or_closed, engine);
        mhq_close(engine);
        for (size_t i = 0; i < 3; i++)
            race_join(threads[i]);
        take_in_order(engine, &first, &next, 1);
        engine_end(engine);
    }
}

/* Callbacks may go on enqueuing while the engine closes: a chain of them comes to its end, and then
 * the engine closes by itself. Threads that wait for the end see it, and other threads are refused. */
static void *collects_a_chain(void *argument)
{
    enum { LINKS = 200 };
    mhq_engine *engine = argument;
    item *links = items_new(LINKS + 1);
    size_t made = 0, back = 0;
    mhq_run *run;
    while ((run = mhq_collect(engine)) != NULL) {
        while (run != NULL) {
            mhq_run *next = run->next;
            back++;
            /* In the callback: one more, if need be beyond the ring's capacity. */
            if (made < LINKS) {
                item_set(&links[made], MHQ_FILE_EXISTS, "there");
                CHECK(mhq_submit(engine, &links[made].job, 1, 0) != MHQ_ACCEPTED
                      || !mhq_is_closed(engine));
                if (links[made].job.ticket == 0)
                    CHECK(mhq_submit(engine, &links[made].job, 1, 1) == MHQ_ACCEPTED);
                made++;
            }
            mhq_delivered(engine, run);
            run = next;
        }
    }
    CHECK_INT(made, LINKS);
    CHECK_INT(back, LINKS + 1);
    mhq_stop(engine);
    free(links);
    return NULL;
}

static void closing_when_quiet(void)
{
    race_deadline(240, "closing when quiet");
    for (unsigned round = 0; round < 200; round++) {
        mhq_engine *engine = engine_open(round % 2 ? 1 : 16, BUDGET, NULL);
        item first, refused;
        submit(engine, item_set(&first, MHQ_FILE_EXISTS, "there"));
        pthread_t callbacks = race_start(collects_a_chain, engine);
        mhq_close_when_quiet(engine);
        item_set(&refused, MHQ_FILE_EXISTS, "there");
        CHECK(mhq_submit(engine, &refused.job, 1, 0) == MHQ_RING_CLOSED);
        while (!mhq_wait_stopped(engine, -1))
            continue;
        CHECK(mhq_is_closed(engine));
        CHECK(mhq_submit(engine, &refused.job, 1, 1) == MHQ_RING_CLOSED);
        race_join(callbacks);
        mhq_engine_free(engine);
    }
}

static void closing_an_idle_engine_when_quiet(void)
{
    race_deadline(240, "closing an idle engine when quiet");
    mhq_engine *engine = engine_open(4, BUDGET, NULL);
    mhq_close_when_quiet(engine);
    CHECK(mhq_collect(engine) == NULL);
    CHECK(mhq_is_closed(engine));
    mhq_stop(engine);
    mhq_engine_free(engine);
}

/* Several threads submit while another closes: accepted jobs come back, refused ones do not. */
enum { RUSH = 5000 };

static struct {
    mhq_engine *engine;
    item *items[4];
    uint64_t accepted[4], close_at;
    pthread_barrier_t start;
} rush;

static void *rusher(void *argument)
{
    unsigned me = *(unsigned *)argument;
    pthread_barrier_wait(&rush.start);
    for (uint64_t i = 0; i < RUSH; i++) {
        item *it = &rush.items[me][i];
        it->producer = me;
        it->number = i;
        it->op = (mhq_op){.kind = MHQ_FILE_EXISTS, .path = "there", .refused = 1};
        mhq_job_init(&it->job, &it->op);
        enum mhq_accepted accepted = mhq_submit(rush.engine, &it->job, 1, 0);
        if (accepted == MHQ_RING_CLOSED)
            break;
        CHECK(accepted == MHQ_ACCEPTED);
        rush.accepted[me]++;
    }
    return NULL;
}

static void *closer(void *ignored)
{
    (void)ignored;
    pthread_barrier_wait(&rush.start);
    mhq_counters c;
    do {
        c = counted(rush.engine);
        CHECK(c.in_flight <= 4 * RUSH); /* never negative, which would be a huge number here */
    } while (c.accepted < rush.close_at);
    mhq_close(rush.engine);
    return NULL;
}

static void what_was_accepted_while_closing_comes_back(void)
{
    race_deadline(240, "what was accepted while closing comes back");
    for (unsigned round = 0; round < 100; round++) {
        memset(&rush, 0, sizeof rush);
        rush.engine = engine_open(32768, BUDGET, NULL);
        rush.close_at = round * 100;
        REQUIRE(pthread_barrier_init(&rush.start, NULL, 5) == 0);
        pthread_t threads[5];
        unsigned names[4];
        uint64_t next_of[4] = {0};
        for (unsigned i = 0; i < 4; i++) {
            names[i] = i;
            rush.items[i] = items_new(RUSH);
            threads[i] = race_start(rusher, &names[i]);
        }
        threads[4] = race_start(closer, NULL);
        uint64_t tickets = 0, wrong = 0;
        for (mhq_run *run; (run = mhq_collect(rush.engine)) != NULL;)
            for (mhq_run *following; run != NULL; run = following) {
                following = run->next;
                item *it = item_of(run->job);
                wrong += it->job.ticket != tickets++;
                wrong += it->number != next_of[it->producer]++;
                wrong += it->delivered++ != 0;
                mhq_delivered(rush.engine, run);
            }
        for (unsigned i = 0; i < 5; i++)
            race_join(threads[i]);
        CHECK_INT(wrong, 0);
        for (unsigned i = 0; i < 4; i++) {
            CHECK_INT(next_of[i], rush.accepted[i]);
            free(rush.items[i]);
        }
        mhq_engine_free(rush.engine);
        pthread_barrier_destroy(&rush.start);
    }
}

/* ---- beginnings ------------------------------------------------------------------------------ */

static unsigned threads_of_this_process(void)
{
    FILE *file = fopen("/proc/self/status", "re");
    REQUIRE(file != NULL);
    char line[256];
    unsigned threads = 0;
    while (fgets(line, sizeof line, file) != NULL)
        sscanf(line, "Threads: %u", &threads);
    fclose(file);
    return threads;
}

/* The threads without an engine: the main thread, and that of a sanitizer where it starts one with
 * the first thread of the process. They are counted while the first engine is open: a joined thread
 * may take a moment to leave /proc, so a count after an engine's end may include one of its
 * threads. */
static unsigned usual_threads;

static void the_first_engine(void)
{
    race_deadline(240, "the first engine");
    mhq_engine *engine = engine_open(1, BUDGET, NULL);
    usual_threads = threads_of_this_process() - 2;
    mhq_engine_free(engine);
}

static void its_threads_have_gone(void)
{
    RACE_UNTIL(threads_of_this_process() == usual_threads);
}

static void opened_and_freed_again_and_again(void)
{
    race_deadline(240, "opened and freed again and again");
    for (unsigned round = 0; round < 100; round++) {
        mhq_engine *engine = engine_open(UINT64_C(1) << round % 12, BUDGET, NULL);
        if (round % 2) {
            item it;
            size_t next = 0;
            submit(engine, item_set(&it, MHQ_FILE_READ, "there"));
            take_in_order(engine, &it, &next, 1);
            engine_end(engine);
        } else {
            mhq_engine_free(engine); /* nothing was ever accepted */
        }
    }
    /* several threads at once, each with an engine of its own */
    enum { ENGINES = 8, COUNT = 50 };
    mhq_engine *engines[ENGINES];
    item *items[ENGINES];
    for (size_t e = 0; e < ENGINES; e++) {
        engines[e] = engine_open(64, BUDGET, NULL);
        items[e] = items_new(COUNT);
        for (size_t i = 0; i < COUNT; i++)
            submit(engines[e], item_set(&items[e][i], MHQ_FILE_READ, "there"));
    }
    mhq_close(engines[3]);
    for (size_t e = 0; e < ENGINES; e++) {
        size_t next = 0;
        CHECK_INT(mhq_is_closed(engines[e]), e == 3);
        take_in_order(engines[e], items[e], &next, COUNT);
        CHECK_INT(counted(engines[e]).completed, COUNT);
    }
    for (size_t e = ENGINES; e-- > 0;) {
        engine_end(engines[e]);
        free(items[e]);
    }
    its_threads_have_gone();
}

static unsigned allocations_left, allocations_held;

static int no_more_memory(void)
{
    if (allocations_left == 0) {
        errno = ENOMEM;
        return 1;
    }
    allocations_left--;
    allocations_held++;
    return 0;
}

static void *scarce_alloc(size_t n)
{
    return no_more_memory() ? NULL : mhq_calls_real.alloc(n);
}

static void *scarce_zeroed(size_t count, size_t n)
{
    return no_more_memory() ? NULL : mhq_calls_real.zeroed(count, n);
}

static void *scarce_aligned(size_t alignment, size_t n)
{
    return no_more_memory() ? NULL : mhq_calls_real.aligned(alignment, n);
}

static void scarce_release(void *p)
{
    allocations_held -= p != NULL;
    mhq_calls_real.release(p);
}

/* Sanitizers call these: an allocation that is too large shall fail, as it does without them. */
const char *__asan_default_options(void);
const char *__tsan_default_options(void);

const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

const char *__tsan_default_options(void)
{
    return "allocator_may_return_null=1";
}

static void no_memory_leaves_nothing(void)
{
    race_deadline(240, "no memory");
    mhq_calls calls = mhq_calls_real;
    calls.alloc = scarce_alloc;
    calls.zeroed = scarce_zeroed;
    calls.aligned = scarce_aligned;
    calls.release = scarce_release;
    calls.release_aligned = scarce_release;
    const mhq_config config = {.ring_size = 4, .buffer_bytes = BUDGET, .calls = &calls};
    for (unsigned can = 0;; can++) {
        mhq_engine *engine = NULL;
        allocations_left = can;
        int error = mhq_engine_open(&config, &engine);
        if (error == 0) {
            CHECK_INT(can, 5); /* itself, its ring and pool, a scratch for each thread */
            mhq_engine_free(engine);
            CHECK_INT(allocations_held, 0);
            break;
        }
        CHECK_INT(error, ENOMEM);
        CHECK(engine == NULL);
        CHECK_INT(allocations_held, 0);
        its_threads_have_gone();
    }
    const mhq_config vast = {.ring_size = UINT64_C(1) << 58, .buffer_bytes = BUDGET};
    mhq_engine *engine = NULL;
    CHECK_INT(mhq_engine_open(&vast, &engine), ENOMEM);
    CHECK(engine == NULL);
}

/* In a child whose number of threads is limited: the first or the second I/O thread cannot be
 * started. */
static int scarce_threads(void)
{
    if (geteuid() == 0 && (setgroups(0, NULL) != 0 || setgid(54321) != 0 || setuid(54321) != 0))
        return 0;
    unsigned before = threads_of_this_process(), refused = 0;
    for (rlim_t can = 1; can < 200; can++) {
        struct rlimit limit = {can, 200};
        if (setrlimit(RLIMIT_NPROC, &limit) != 0)
            return 0;
        const mhq_config config = {.ring_size = 4, .buffer_bytes = BUDGET};
        mhq_engine *engine = NULL;
        int error = mhq_engine_open(&config, &engine);
        if (error == 0) {
            mhq_engine_free(engine);
            break;
        }
        refused++;
        CHECK_INT(error, EAGAIN);
        CHECK(engine == NULL);
        RACE_UNTIL(threads_of_this_process() == before);
    }
    CHECK(refused >= 2);
    return atomic_load(&check_failures) != 0;
}

static void no_threads_leave_nothing(void)
{
    race_deadline(240, "no threads");
    fflush(NULL);
    pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        race_deadline(200, "no threads, child");
        _exit(scarce_threads());
    }
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK_INT(status, 0);
}

int main(void)
{
    place_enter();
    write_file("there", 1);
    no_threads_leave_nothing(); /* first, for the child starts threads of its own */
    the_first_engine();
    no_memory_leaves_nothing();
    closing_drains();
    closing_wakes_waiting_producers();
    closing_when_quiet();
    closing_an_idle_engine_when_quiet();
    what_was_accepted_while_closing_comes_back();
    opened_and_freed_again_and_again();
    const char *const files[] = {"there"};
    place_leave(files, sizeof files / sizeof *files);
    return check_report("test_ends");
}
