/* test_engine.c - the whole engine, as its users see it: real files, two I/O threads.
 *
 * The main thread of a test is often the callback thread too. Where a test must catch the engine
 * in the middle of something, a system call waits at a gate (a wrapped table of calls): files
 * whose names begin with "gate".
 */
#include "engine_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <semaphore.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "block.h"
#include "sys.h"

static void write_file(const char *path, size_t size)
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
static void take_in_order(mhq_engine *engine, item *items, size_t *next, size_t count)
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

/* ---- singles and lists ----------------------------------------------------------------------- */

static void singles(uint64_t ring_size)
{
    race_deadline(120, "singles");
    enum { FILES = 300, STEPS = 5, COUNT = FILES * STEPS };
    mhq_engine *engine = engine_open(ring_size, BUDGET, NULL);
    item *items = items_new(COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        char path[32];
        snprintf(path, sizeof path, "single-%zu", i / STEPS);
        const enum mhq_kind steps[STEPS] = {MHQ_FILE_CREATE, MHQ_FILE_WRITE, MHQ_FILE_READ,
                                            MHQ_FILE_DELETE, MHQ_FILE_EXISTS};
        item_set(&items[i], steps[i % STEPS], path);
        items[i].op.data = items[i].path;
        items[i].op.size = strlen(items[i].path);
    }
    size_t sent = 0, next = 0;
    while (next < COUNT) {
        enum mhq_accepted accepted = MHQ_ACCEPTED;
        while (sent < COUNT) {
            accepted = mhq_submit(engine, &items[sent].job, 1, 0);
            if (accepted != MHQ_ACCEPTED)
                break;
            sent++;
        }
        CHECK(accepted != MHQ_RING_CLOSED);
        CHECK(sent - next <= ring_size);
        mhq_run *run = mhq_collect(engine);
        REQUIRE(run != NULL);
        for (mhq_run *following; run != NULL; run = following) {
            following = run->next;
            item *it = &items[next];
            CHECK(run->job == &it->job);
            CHECK_INT(it->delivered++, 0);
            CHECK_INT(run->error, 0);
            if (it->op.kind == MHQ_FILE_READ && CHECK_INT(run->length, it->op.size))
                CHECK(memcmp(run->buffer + 32, it->path, run->length) == 0);
            if (it->op.kind == MHQ_FILE_EXISTS)
                CHECK_INT(run->exists, 0); /* deleted before */
            next++;
            CHECK_INT(mhq_delivered(engine, run), 1);
        }
    }
    engine_end(engine);
    free(items);
}

/* Operations 0 to 9; numbers stand for them, so a walk is a text. */
static mhq_op digits[10];

static void digits_set(void)
{
    for (size_t i = 0; i < 10; i++)
        digits[i] = (mhq_op){.kind = MHQ_FILE_EXISTS, .path = i % 2 ? "there" : "not there"};
    write_file("there", 1);
}

#define OP(n) {.op = &digits[n]}
#define LIST(l) {.list = &(l)}
#define LIST_OF(name, all, levels, ...)                                                     \
    static const mhq_entry name##_entries[] = {__VA_ARGS__};                                \
    static const mhq_list name = {sizeof name##_entries / sizeof *name##_entries, all, levels, \
                                  name##_entries}

LIST_OF(one, 1, 1, OP(7));
LIST_OF(pair, 2, 1, OP(1), OP(2));
LIST_OF(nested, 6, 2, OP(3), LIST(pair), OP(4), LIST(pair));
LIST_OF(deep, 15, 3, LIST(nested), LIST(nested), OP(5), LIST(pair));

typedef struct listed {
    mhq_job job;
    const mhq_list *list;
    const char *wanted;
} listed;

static void lists(void)
{
    race_deadline(60, "lists");
    mhq_engine *engine = engine_open(32, BUDGET, NULL);
    static const mhq_list nothing = {0, 0, 1, NULL};
    listed jobs[] = {{.list = &one, .wanted = "7"},
                     {.list = &nested, .wanted = "312412"},
                     {.list = NULL, .wanted = ""},
                     {.list = &deep, .wanted = "312412312412512"},
                     {.list = &nothing, .wanted = ""},
                     {.list = &pair, .wanted = "12"},
                     {.list = &deep, .wanted = "312412312412512"}};
    enum { JOBS = sizeof jobs / sizeof *jobs };
    uint64_t operations = 0;
    for (unsigned round = 0; round < 200; round++) {
        for (size_t i = 0; i < JOBS; i++) {
            REQUIRE(mhq_job_init_list(&jobs[i].job, jobs[i].list) == 0);
            operations += strlen(jobs[i].wanted);
            REQUIRE(mhq_submit(engine, &jobs[i].job, strlen(jobs[i].wanted), 0) == MHQ_ACCEPTED);
        }
        char got[32];
        size_t length = 0, job = 0;
        while (job < JOBS) {
            mhq_run *run = mhq_collect(engine);
            REQUIRE(run != NULL);
            for (mhq_run *following; run != NULL; run = following) {
                following = run->next;
                REQUIRE(job < JOBS && length < sizeof got - 1);
                CHECK(run->job == &jobs[job].job);
                int ends = run->op == NULL;
                if (!ends) {
                    CHECK_INT(run->error, 0);
                    CHECK_INT(run->exists, (run->op - digits) % 2);
                    got[length++] = (char)('0' + (run->op - digits));
                }
                CHECK_INT(mhq_delivered(engine, run), ends);
                if (ends) {
                    got[length] = 0;
                    CHECK_TEXT(got, jobs[job].wanted);
                    mhq_job_fini(&jobs[job].job);
                    length = 0;
                    job++;
                }
            }
        }
    }
    mhq_counters c = counted(engine);
    CHECK_INT(c.completed, operations);
    engine_end(engine);
}

/* A list of more operations than there are records: the engine runs as many as it has records,
 * waits, and goes on once they come back, whatever the portions. */
static void more_operations_than_records(size_t portion)
{
    race_deadline(120, "more operations than records");
    enum { COUNT = 5000, RECORDS = 1024 };
    static mhq_op ops[COUNT];
    static mhq_entry entries[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        ops[i] = (mhq_op){.kind = MHQ_FILE_EXISTS, .path = "there"};
        entries[i] = (mhq_entry){&ops[i], NULL};
    }
    const mhq_list list = {COUNT, COUNT, 1, entries};
    mhq_engine *engine = engine_open(4, BUDGET, NULL);
    mhq_job job;
    REQUIRE(mhq_job_init_list(&job, &list) == 0);
    REQUIRE(mhq_submit(engine, &job, COUNT, 0) == MHQ_ACCEPTED);
    mhq_run *first = NULL, **last = &first;
    size_t collected = 0, delivered = 0;
    int over = 0;
    while (!over) {
        /* Everything that can come without a delivery: until all the records are here. */
        size_t can = delivered + RECORDS < COUNT ? delivered + RECORDS : COUNT + 1;
        while (collected < can) {
            *last = mhq_collect(engine);
            REQUIRE(*last != NULL);
            for (; *last != NULL; last = &(*last)->next)
                collected++;
        }
        CHECK_INT(collected, can);
        CHECK_INT(counted(engine).completed, can < COUNT ? can : COUNT);
        /* The holder hears of it each time half of the records have come back. */
        for (size_t i = 0; i < portion && first != NULL; i++) {
            mhq_run *run = first;
            first = run->next;
            if (first == NULL)
                last = &first;
            over = run->op == NULL;
            if (!over)
                CHECK(run->op == &ops[delivered++]);
            CHECK_INT(mhq_delivered(engine, run), over);
        }
        if (portion < RECORDS / 2 && delivered + RECORDS < COUNT) {
            /* too few to wake anyone: more of them, until half is reached */
            while (delivered % (RECORDS / 2) != 0) {
                mhq_run *run = first;
                first = run->next;
                CHECK(run->op == &ops[delivered++]);
                CHECK_INT(mhq_delivered(engine, run), 0);
            }
            if (first == NULL)
                last = &first;
        }
    }
    CHECK_INT(delivered, COUNT);
    mhq_job_fini(&job);
    engine_end(engine);
}

/* ---- the budget ------------------------------------------------------------------------------ */

/* Reads of 20000 bytes against a budget of 65536: three fit. The collector delivers one at a time
 * and looks each time; a large one runs alone. `as_list`: the same inside one list. */
static void budget(int as_list)
{
    race_deadline(120, as_list ? "budget, list" : "budget");
    enum { COUNT = 400, SMALL = 20000, LARGE = 300000, LIMIT = 65536 };
    write_file("small", SMALL);
    write_file("large", LARGE);
    mhq_engine *engine = engine_open(1024, LIMIT, NULL);
    item *items = items_new(COUNT);
    mhq_entry *entries = calloc(COUNT, sizeof *entries);
    REQUIRE(entries != NULL);
    for (size_t i = 0; i < COUNT; i++) {
        item_set(&items[i], MHQ_FILE_READ, i % 50 == 7 ? "large" : "small");
        entries[i].op = &items[i].op;
    }
    const mhq_list list = {COUNT, COUNT, 1, entries};
    mhq_job job;
    if (as_list) {
        REQUIRE(mhq_job_init_list(&job, &list) == 0);
        REQUIRE(mhq_submit(engine, &job, COUNT, 0) == MHQ_ACCEPTED);
    } else {
        for (size_t i = 0; i < COUNT; i++)
            submit(engine, &items[i]);
    }
    /* What has been collected and not delivered is held back for as long as more can come. */
    mhq_run *first = NULL, **last = &first;
    uint64_t held = 0;
    size_t next = 0, alone = 0, together = 0;
    unsigned most = 0, count = 0;
    while (next < COUNT + (as_list ? 1u : 0u)) {
        /* While there is room for another it comes without a delivery. */
        while (first == NULL
               || (held + SMALL <= LIMIT && next + count < COUNT
                   && items[next + count].path[0] == 's')) {
            *last = mhq_collect(engine);
            REQUIRE(*last != NULL);
            for (; *last != NULL; last = &(*last)->next)
                held += (*last)->charged, count++;
        }
        if (count > most)
            most = count;
        uint64_t undelivered = counted(engine).undelivered_bytes;
        together += undelivered > LIMIT && undelivered != LARGE;
        alone += undelivered == LARGE;
        mhq_run *run = first;
        first = run->next;
        if (first == NULL)
            last = &first;
        count--;
        held -= run->charged;
        if (run->op != NULL) {
            CHECK(run->op == &items[next].op);
            CHECK_INT(run->error, 0);
            CHECK_INT(run->length, items[next].path[0] == 's' ? SMALL : LARGE);
        }
        int whole = mhq_delivered(engine, run);
        CHECK_INT(whole, !as_list || next == COUNT);
        next++;
    }
    CHECK_INT(together, 0);
    CHECK_INT(alone, COUNT / 50);
    CHECK(most >= 3);
    if (as_list)
        mhq_job_fini(&job);
    engine_end(engine);
    free(entries);
    free(items);
}

/* ---- gates ----------------------------------------------------------------------------------- */

static sem_t gate_reached, gate_opens;
static _Atomic long gate_thread; /* whose call was the last one at a gate */

static void wait_for(sem_t *semaphore)
{
    while (sem_wait(semaphore) != 0)
        REQUIRE(errno == EINTR);
}

static int gated_openat(int dir, const char *path, int flags, mode_t mode)
{
    if (strncmp(path, "gate", 4) == 0) {
        atomic_store(&gate_thread, race_id());
        REQUIRE(sem_post(&gate_reached) == 0);
        wait_for(&gate_opens);
    }
    return mhq_calls_real.openat(dir, path, flags, mode);
}

static mhq_calls gated_calls(void)
{
    mhq_calls calls = mhq_calls_real;
    calls.openat = gated_openat;
    REQUIRE(sem_init(&gate_reached, 0, 0) == 0);
    REQUIRE(sem_init(&gate_opens, 0, 0) == 0);
    return calls;
}

static void open_gate(void)
{
    REQUIRE(sem_post(&gate_opens) == 0);
}

/* The second operation hangs in the disk: the first one's completion comes all the same (E2), and
 * without anyone looking for it: the collector sleeps when it is published (E3). */
static struct {
    mhq_engine *engine;
    _Atomic long id;
    size_t wanted, got;
    _Atomic size_t seen;
} sleeper;

static void *sleeping_collector(void *ignored)
{
    (void)ignored;
    atomic_store(&sleeper.id, race_id());
    while (sleeper.got < sleeper.wanted) {
        mhq_run *run = mhq_collect(sleeper.engine);
        REQUIRE(run != NULL);
        for (mhq_run *following; run != NULL; run = following) {
            following = run->next;
            CHECK_INT(run->error, 0);
            sleeper.got++;
            mhq_delivered(sleeper.engine, run);
            atomic_store(&sleeper.seen, sleeper.got);
        }
    }
    return NULL;
}

static pthread_t collector_start(mhq_engine *engine, size_t wanted)
{
    memset(&sleeper, 0, sizeof sleeper);
    sleeper.engine = engine;
    sleeper.wanted = wanted;
    pthread_t thread = race_start(sleeping_collector, NULL);
    RACE_UNTIL(atomic_load(&sleeper.id) != 0 && race_asleep(atomic_load(&sleeper.id)));
    return thread;
}

static void completions_come_before_the_next_call(void)
{
    race_deadline(60, "a completion is published before the next operation's call");
    mhq_calls calls = gated_calls();
    for (unsigned round = 0; round < 100; round++) {
        mhq_engine *engine = engine_open(8, BUDGET, &calls);
        pthread_t thread = collector_start(engine, 3);
        item items[3];
        item_set(&items[0], MHQ_FILE_WRITE, "gate-a");
        item_set(&items[1], MHQ_FILE_WRITE, "gate-b");
        item_set(&items[2], MHQ_FILE_EXISTS, "there");
        submit(engine, &items[0]);
        wait_for(&gate_reached);
        submit(engine, &items[1]); /* queued for certain before the first ends */
        submit(engine, &items[2]);
        RACE_UNTIL(race_asleep(atomic_load(&sleeper.id)));
        open_gate();
        wait_for(&gate_reached); /* the second is at the disk, and stays there */
        RACE_UNTIL(atomic_load(&sleeper.seen) == 1);
        open_gate();
        race_join(thread);
        engine_end(engine);
    }
}

static void completions_of_a_list_come_one_by_one(void)
{
    race_deadline(60, "a list's completions come one by one");
    mhq_calls calls = gated_calls();
    enum { COUNT = 20 };
    mhq_op op = {.kind = MHQ_FILE_WRITE, .path = "gate-a", .data = ""};
    mhq_entry entries[COUNT];
    for (size_t i = 0; i < COUNT; i++)
        entries[i] = (mhq_entry){&op, NULL};
    const mhq_list list = {COUNT, COUNT, 1, entries};
    mhq_engine *engine = engine_open(1, BUDGET, &calls);
    pthread_t thread = collector_start(engine, COUNT + 1);
    mhq_job job;
    REQUIRE(mhq_job_init_list(&job, &list) == 0);
    REQUIRE(mhq_submit(engine, &job, COUNT, 0) == MHQ_ACCEPTED);
    for (size_t i = 0; i < COUNT; i++) {
        wait_for(&gate_reached);
        RACE_UNTIL(atomic_load(&sleeper.seen) == i);
        RACE_UNTIL(race_asleep(atomic_load(&sleeper.id)));
        open_gate();
    }
    race_join(thread);
    mhq_job_fini(&job);
    engine_end(engine);
}

/* The budget is spent: before the disk waits, the parked collector hears of what is ready. */
static void a_wait_for_the_budget_wakes(void)
{
    race_deadline(60, "a wait for the budget wakes the collector");
    mhq_calls calls = gated_calls();
    write_file("gate-large", 50000);
    for (unsigned round = 0; round < 50; round++) {
        mhq_engine *engine = engine_open(8, 65536, &calls);
        pthread_t thread = collector_start(engine, 3);
        item items[3];
        for (size_t i = 0; i < 3; i++)
            submit(engine, item_set(&items[i], MHQ_FILE_READ, "gate-large"));
        for (size_t i = 0; i < 3; i++) {
            wait_for(&gate_reached);
            RACE_UNTIL(race_asleep(atomic_load(&sleeper.id)));
            open_gate();
        }
        race_join(thread);
        engine_end(engine);
    }
}

/* ---- blocks ---- */

/* More results at once than there are blocks; and then blocks that have been used before. */
static void small_results_go_round(void)
{
    race_deadline(60, "small results go round");
    enum { COUNT = 2 * MHQ_BLOCKS, SIZE = 5000 };
    write_file("small", SIZE);
    mhq_engine *engine = engine_open(1024, BUDGET, NULL);
    item *items = items_new(COUNT);
    for (int again = 0; again < 3; again++) {
        for (size_t i = 0; i < COUNT; i++)
            submit(engine, item_set(&items[i], MHQ_FILE_READ, "small"));
        mhq_run *first = NULL, **last = &first;
        for (size_t count = 0; count < COUNT;) {
            *last = mhq_collect(engine);
            REQUIRE(*last != NULL);
            for (; *last != NULL; last = &(*last)->next)
                count++;
        }
        /* All are here at once, so none can be the memory of another. */
        size_t in_blocks = 0;
        for (mhq_run *run = first; run != NULL; run = run->next) {
            in_blocks += run->in_block;
            CHECK_INT(run->length, SIZE);
            memset(run->buffer + 32, 'y', SIZE);
            *(mhq_run **)(void *)run->buffer = run;
        }
        CHECK_INT(in_blocks, MHQ_BLOCKS);
        for (mhq_run *run = first, *following; run != NULL; run = following) {
            following = run->next;
            CHECK(*(mhq_run **)(void *)run->buffer == run);
            CHECK_INT(mhq_delivered(engine, run), 1);
        }
    }
    engine_end(engine);
    free(items);
}

/* ---- turns ----------------------------------------------------------------------------------- */

static _Atomic int at_the_disk, together_at_the_disk;
static uint64_t slow_ns;

static void be_slow(void)
{
    if (atomic_fetch_add(&at_the_disk, 1) != 0)
        atomic_fetch_add(&together_at_the_disk, 1);
    for (uint64_t began = mhq_now(); mhq_now() - began < slow_ns;)
        mhq_relax();
    atomic_fetch_sub(&at_the_disk, 1);
}

static int slow_fstatat(int dir, const char *path, struct stat *st, int flags)
{
    be_slow();
    return mhq_calls_real.fstatat(dir, path, st, flags);
}

static ssize_t slow_pread(int fd, void *to, size_t n, off_t at)
{
    be_slow();
    return mhq_calls_real.pread(fd, to, n, at);
}

/* All are queued before the first has ended. Returns the counters. */
static mhq_counters turns(enum mhq_kind kind, const char *path, size_t count, uint64_t ns)
{
    mhq_calls calls = gated_calls();
    calls.fstatat = slow_fstatat;
    calls.pread = slow_pread;
    slow_ns = ns;
    atomic_store(&together_at_the_disk, 0);
    mhq_engine *engine = engine_open(1024, UINT64_C(1) << 32, &calls);
    item *items = items_new(count + 1);
    size_t next = 0;
    submit(engine, item_set(&items[0], MHQ_FILE_WRITE, "gate-a"));
    for (size_t i = 1; i <= count; i++)
        submit(engine, item_set(&items[i], kind, path));
    wait_for(&gate_reached);
    open_gate();
    take_in_order(engine, items, &next, count + 1);
    mhq_counters c = counted(engine);
    CHECK_INT(atomic_load(&together_at_the_disk), 0);
    CHECK_INT(c.overlaps, 0);
    CHECK_INT(c.thread_operations[0] + c.thread_operations[1], count + 1);
    engine_end(engine);
    free(items);
    return c;
}

static void long_operations_alternate(void)
{
    race_deadline(120, "long operations alternate");
    write_file("lengthy", 300000);
    mhq_counters c = turns(MHQ_FILE_READ, "lengthy", 300, 1500000);
    CHECK(c.thread_operations[0] >= 90);
    CHECK(c.thread_operations[1] >= 90);
    CHECK(c.trades >= 270); /* each time: they are known to be long */
    c = turns(MHQ_FILE_EXISTS, "there", 600, 1500000);
    CHECK(c.thread_operations[0] >= 180);
    CHECK(c.thread_operations[1] >= 180);
}

/* Long ones after short ones, which are not timed one by one. */
static int slow_where_long(int dir, const char *path, struct stat *st, int flags)
{
    if (strcmp(path, "long") == 0)
        be_slow();
    return mhq_calls_real.fstatat(dir, path, st, flags);
}

static void long_operations_after_short_ones_alternate(void)
{
    race_deadline(120, "long operations after short ones alternate");
    enum { SHORT = 130, LONG = 60 };
    mhq_calls calls = gated_calls();
    calls.fstatat = slow_where_long;
    slow_ns = 3000000;
    mhq_engine *engine = engine_open(1024, BUDGET, &calls);
    item *items = items_new(1 + SHORT + LONG);
    size_t next = 0;
    submit(engine, item_set(&items[0], MHQ_FILE_WRITE, "gate-a"));
    for (size_t i = 1; i <= SHORT + LONG; i++)
        submit(engine, item_set(&items[i], MHQ_FILE_EXISTS, i <= SHORT ? "short" : "long"));
    wait_for(&gate_reached);
    open_gate();
    take_in_order(engine, items, &next, 1 + SHORT + LONG);
    CHECK(counted(engine).trades >= LONG / 2);
    engine_end(engine);
    free(items);
}

/* Small operations, one at a time: the callback thread and the holder are woken, nobody else. */
static void a_lone_small_operation_wakes_no_sister(void)
{
    race_deadline(60, "a lone small operation wakes no sister");
    enum { COUNT = 500 };
    mhq_engine *engine = engine_open(16, BUDGET, NULL);
    item *items = items_new(COUNT);
    size_t next = 0;
    for (size_t i = 0; i < COUNT; i++) {
        submit(engine, item_set(&items[i], MHQ_FILE_EXISTS, "there"));
        take_in_order(engine, items, &next, 1);
    }
    mhq_counters c = counted(engine);
    CHECK_INT(c.trades, 0);
    CHECK(c.thread_operations[0] == 0 || c.thread_operations[1] == 0);
    CHECK(c.wakes <= 2 * COUNT);
    engine_end(engine);
    free(items);
}

/* The baton passes while the collector sleeps, and the sister hangs in the disk at once: the one
 * who passed it wakes the collector (E3). */
static void who_passes_the_baton_wakes(void)
{
    race_deadline(120, "who passes the baton wakes the collector");
    mhq_calls calls = gated_calls();
    calls.pread = slow_pread;
    slow_ns = 1500000;
    write_file("gate-lengthy", 300000);
    uint64_t trades = 0;
    unsigned other = 0;
    for (unsigned round = 0; round < 50; round++) {
        mhq_engine *engine = engine_open(8, BUDGET, &calls);
        pthread_t thread = collector_start(engine, 2);
        item items[2];
        submit(engine, item_set(&items[0], MHQ_FILE_READ, "gate-lengthy"));
        submit(engine, item_set(&items[1], MHQ_FILE_WRITE, "gate-b"));
        wait_for(&gate_reached);
        long first = atomic_load(&gate_thread);
        RACE_UNTIL(race_asleep(atomic_load(&sleeper.id)));
        open_gate();
        wait_for(&gate_reached);
        other += atomic_load(&gate_thread) != first;
        RACE_UNTIL(atomic_load(&sleeper.seen) == 1);
        open_gate();
        race_join(thread);
        trades += counted(engine).trades;
        engine_end(engine);
    }
    CHECK(trades >= 50);
    CHECK_INT(other, 50);
}

/* ---- beginnings and ends ---------------------------------------------------------------------- */

static void *stopped_waiter(void *argument)
{
    mhq_engine *engine = argument;
    while (!mhq_wait_stopped(engine, -1))
        continue;
    return argument;
}

static void closing_drains(void)
{
    race_deadline(60, "closing drains");
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
        mhq_wait_room(engine, -1);
    CHECK(accepted == MHQ_RING_CLOSED);
    return NULL;
}

static void closing_wakes_those_who_wait_for_room(void)
{
    race_deadline(60, "closing wakes those who wait for room");
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

/* Several submit while another closes: accepted ones come back, refused ones do not. */
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
        CHECK(c.in_flight <= 4 * RUSH); /* never less than nothing */
    } while (c.accepted < rush.close_at);
    mhq_close(rush.engine);
    return NULL;
}

static void what_was_accepted_while_closing_comes_back(void)
{
    race_deadline(120, "what was accepted while closing comes back");
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

static void opened_and_freed_again_and_again(void)
{
    race_deadline(120, "opened and freed again and again");
    unsigned before = threads_of_this_process();
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
    /* several at once, each its own */
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
    /* a thread that was joined may take a moment to leave /proc */
    RACE_UNTIL(threads_of_this_process() == before);
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

/* The sanitizers ask: shall an allocation that is too large fail, as it does without them? */
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
    race_deadline(60, "no memory");
    mhq_calls calls = mhq_calls_real;
    calls.alloc = scarce_alloc;
    calls.zeroed = scarce_zeroed;
    calls.aligned = scarce_aligned;
    calls.release = scarce_release;
    calls.release_aligned = scarce_release;
    const mhq_config config = {.ring_size = 4, .buffer_bytes = BUDGET, .calls = &calls};
    unsigned before = threads_of_this_process();
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
        CHECK_INT(threads_of_this_process(), before);
    }
    const mhq_config vast = {.ring_size = UINT64_C(1) << 58, .buffer_bytes = BUDGET};
    mhq_engine *engine = NULL;
    CHECK_INT(mhq_engine_open(&vast, &engine), ENOMEM);
    CHECK(engine == NULL);
}

/* In a child that may not have more threads: the first or the second cannot be started. */
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
    race_deadline(60, "no threads");
    fflush(NULL);
    pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        race_deadline(50, "no threads, child");
        _exit(scarce_threads());
    }
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK_INT(status, 0);
}

/* ---------------------------------------------------------------------------------------------- */

int main(void)
{
    const char *base = getenv("TMPDIR");
    char place[256];
    snprintf(place, sizeof place, "%s/mhq-engine-XXXXXX", base ? base : P_tmpdir);
    REQUIRE(mkdtemp(place) != NULL);
    REQUIRE(chdir(place) == 0);
    digits_set();

    no_threads_leave_nothing(); /* first: the child is to start threads of its own */
    no_memory_leaves_nothing();
    singles(1);
    singles(2);
    singles(64);
    lists();
    more_operations_than_records(1);
    more_operations_than_records(512);
    more_operations_than_records(100000);
    budget(0);
    budget(1);
    completions_come_before_the_next_call();
    completions_of_a_list_come_one_by_one();
    a_wait_for_the_budget_wakes();
    small_results_go_round();
    who_passes_the_baton_wakes();
    long_operations_alternate();
    long_operations_after_short_ones_alternate();
    a_lone_small_operation_wakes_no_sister();
    closing_drains();
    closing_wakes_those_who_wait_for_room();
    what_was_accepted_while_closing_comes_back();
    opened_and_freed_again_and_again();

    const char *const files[] = {"there",  "small",      "large",   "gate-a",
                                 "gate-b", "gate-large", "lengthy", "gate-lengthy"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        CHECK_INT(unlink(files[i]), 0);
    REQUIRE(chdir("..") == 0);
    CHECK_INT(rmdir(place), 0); /* nothing else was left in it */
    return check_report("test_engine");
}
