/* test/core/test_holder.c - what the baton holder must do: publish completions before the next
 * system call (E2), wake the callback thread before it waits itself (E3), and take turns with the
 * other I/O thread.
 */
#include "test/gate_fixture.h"

#include "sys/sys.h"

/* ---- publishing and waking ------------------------------------------------------------------- */

/* The second operation hangs at the disk. The completion of the first one is published all the same
 * (E2), and the collector, which sleeps, is woken for it (E3). */
static void completions_come_before_the_next_call(void)
{
    race_deadline(240, "a completion is published before the next operation's call");
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
        submit(engine, &items[1]); /* certainly queued before the first ends */
        submit(engine, &items[2]);
        RACE_UNTIL(race_asleep(atomic_load(&sleeper.id)));
        open_gate();
        wait_for(&gate_reached); /* the second is at the disk, and waits there */
        RACE_UNTIL(atomic_load(&sleeper.seen) == 1);
        open_gate();
        race_join(thread);
        engine_end(engine);
    }
}

static void completions_of_a_list_come_one_by_one(void)
{
    race_deadline(240, "a list's completions come one by one");
    mhq_calls calls = gated_calls();
    enum { COUNT = 20 };
    mhq_op op = {.kind = MHQ_FILE_WRITE, .path = "gate-a", .data = ""};
    mhq_entry entries[COUNT];
    for (size_t i = 0; i < COUNT; i++)
        entries[i] = (mhq_entry){.op = &op};
    const mhq_list list = {.count = COUNT, .total = COUNT, .depth = 1, .entries = entries};
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

/* The budget is spent: before the I/O thread waits, it wakes the parked collector for what is
 * ready. */
static void a_wait_for_the_budget_wakes(void)
{
    race_deadline(240, "a wait for the budget wakes the collector");
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
    race_deadline(240, "long operations alternate");
    write_file("lengthy", 300000);
    mhq_counters c = turns(MHQ_FILE_READ, "lengthy", 300, 1500000);
    CHECK(c.thread_operations[0] >= 90);
    CHECK(c.thread_operations[1] >= 90);
    CHECK(c.trades >= 270); /* after each operation, since their primitive marks them as lengthy */
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
    race_deadline(240, "long operations after short ones alternate");
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

/* Small operations, one at a time: only the callback thread and the holder are woken. */
static void a_lone_small_operation_wakes_no_other_io_thread(void)
{
    race_deadline(240, "a lone small operation wakes no other I/O thread");
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

/* The baton passes while the collector sleeps, and the thread that gets it hangs at the disk at
 * once. The thread that passed the baton wakes the collector (E3). */
static void the_thread_that_passes_the_baton_wakes(void)
{
    race_deadline(240, "the thread that passes the baton wakes the collector");
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

int main(void)
{
    place_enter();
    write_file("there", 1);
    completions_come_before_the_next_call();
    completions_of_a_list_come_one_by_one();
    a_wait_for_the_budget_wakes();
    the_thread_that_passes_the_baton_wakes();
    long_operations_alternate();
    long_operations_after_short_ones_alternate();
    a_lone_small_operation_wakes_no_other_io_thread();
    const char *const files[] = {"there",   "gate-a",  "gate-b",
                                 "gate-large", "lengthy", "gate-lengthy"};
    place_leave(files, sizeof files / sizeof *files);
    return check_report("test_holder");
}
