/* test/core/test_control.c - fates, controls and pauses: cancel against start, lists that stop,
 * what a pause holds back and what ignores it, progress.
 */
#include "test/gate_fixture.h"

/* ---- cancel against start ---- */

enum { CANCELLERS = 4, OPERATIONS = 20000 };

static struct {
    mhq_engine *engine;
    item *items;
    mhq_fate **fates;
    _Atomic size_t submitted, cancelled;
} race;

static void *canceller(void *argument)
{
    size_t mine = *(size_t *)argument, cancelled = 0;
    for (size_t i = mine; i < OPERATIONS; i += CANCELLERS) {
        while (atomic_load(&race.submitted) <= i)
            mhq_yield();
        /* two threads try to cancel the same one */
        cancelled += (size_t)mhq_cancel(race.engine, race.fates[i]);
        if (i > 0)
            cancelled += (size_t)mhq_cancel(race.engine, race.fates[i - 1]);
    }
    atomic_fetch_add(&race.cancelled, cancelled);
    return NULL;
}

static void *submitter(void *ignored)
{
    (void)ignored;
    for (size_t i = 0; i < OPERATIONS; i++) {
        while (mhq_submit(race.engine, &race.items[i].job, 1, 0) == MHQ_RING_FULL)
            mhq_wait_capacity(race.engine, &race.items[i].job, -1);
        atomic_store(&race.submitted, i + 1);
    }
    return NULL;
}

static void cancelled_or_run_never_both(void)
{
    race_deadline(300, "cancelled or run, never both");
    race.engine = engine_open(64, BUDGET, NULL);
    race.items = items_new(OPERATIONS);
    race.fates = calloc(OPERATIONS, sizeof *race.fates);
    REQUIRE(race.fates != NULL);
    for (size_t i = 0; i < OPERATIONS; i++) {
        item_set(&race.items[i], MHQ_FILE_EXISTS, "there");
        REQUIRE((race.fates[i] = mhq_fate_new()) != NULL);
        mhq_job_set_fate(&race.items[i].job, race.fates[i]);
    }
    pthread_t threads[CANCELLERS + 1];
    size_t names[CANCELLERS];
    for (size_t i = 0; i < CANCELLERS; i++) {
        names[i] = i;
        threads[i] = race_start(canceller, &names[i]);
    }
    threads[CANCELLERS] = race_start(submitter, NULL);
    size_t never_ran = 0, got = 0;
    while (got < OPERATIONS)
        for (mhq_run *run = mhq_collect(race.engine), *next; run != NULL; run = next, got++) {
            next = run->next;
            item *it = item_of(run->job);
            CHECK(it == &race.items[got]); /* in its turn, cancelled or not */
            CHECK(run->error == ECANCELED || (run->error == 0 && run->exists));
            never_ran += run->error == ECANCELED;
            CHECK_INT(mhq_delivered(race.engine, run), 1);
            mhq_job_fini(&it->job);
        }
    for (size_t i = 0; i <= CANCELLERS; i++)
        race_join(threads[i]);
    CHECK_INT(never_ran, atomic_load(&race.cancelled));
    CHECK_INT(counted(race.engine).cancelled, never_ran);
    for (size_t i = 0; i < OPERATIONS; i++) {
        CHECK(mhq_fate_state(race.fates[i]) == MHQ_CANCELLED || mhq_fate_state(race.fates[i]) == MHQ_ENDED);
        mhq_fate_drop(race.fates[i]);
    }
    engine_end(race.engine);
    free(race.fates);
    free(race.items);
}

/* ---- lists that stop ---- */

static mhq_op good = {.kind = MHQ_FILE_EXISTS, .path = "there"};
static mhq_op bad = {.kind = MHQ_FILE_DELETE, .path = "not there"};

#define GOOD {.op = &good}
#define BAD {.op = &bad}
#define LIST(l) {.list = &(l)}
#define LIST_OF(name, all, levels, does_stop, ...)                                          \
    static const mhq_entry name##_entries[] = {__VA_ARGS__};                                \
    static const mhq_list name = {.count = sizeof name##_entries / sizeof *name##_entries,  \
                                  .total = all, .depth = levels, .stops = does_stop,        \
                                  .entries = name##_entries}

LIST_OF(goes_on, 3, 1, 0, GOOD, BAD, GOOD);
LIST_OF(stops, 3, 1, 1, GOOD, BAD, GOOD);
LIST_OF(outer_stops, 6, 2, 1, GOOD, LIST(goes_on), GOOD, GOOD);
LIST_OF(inner_stops, 6, 2, 0, GOOD, LIST(stops), GOOD, GOOD);
LIST_OF(both_stop, 6, 2, 1, GOOD, LIST(stops), GOOD, BAD);
LIST_OF(middle, 5, 2, 0, LIST(stops), GOOD, GOOD);
LIST_OF(three, 7, 3, 1, GOOD, LIST(middle), GOOD);

/* One character for each operation: + done, - failed, . cancelled; then that of the list. */
static void outcome_is(mhq_engine *engine, const mhq_list *list, const char *wanted)
{
    mhq_job job;
    REQUIRE(mhq_job_init_list(&job, list) == 0);
    REQUIRE(mhq_submit(engine, &job, list->total, 0) == MHQ_ACCEPTED);
    char got[32] = "";
    for (int over = 0; !over;)
        for (mhq_run *run = mhq_collect(engine), *next; run != NULL; run = next) {
            next = run->next;
            strcat(got, run->error == ECANCELED ? "." : run->error ? "-" : "+");
            over |= mhq_delivered(engine, run);
        }
    CHECK(strcmp(got, wanted) == 0);
    mhq_job_fini(&job);
}

static void lists_that_stop(void)
{
    race_deadline(60, "lists that stop");
    mhq_engine *engine = engine_open(4, BUDGET, NULL);
    outcome_is(engine, &goes_on, "+-+-");
    outcome_is(engine, &stops, "+-.-");
    outcome_is(engine, &outer_stops, "++-+..-");
    outcome_is(engine, &inner_stops, "++-.++-");
    outcome_is(engine, &both_stop, "++-...-");
    outcome_is(engine, &three, "++-.++.-");
    engine_end(engine);
}

/* ---- pauses ---- */

static void *resumer(void *control)
{
    mhq_control_resume(control);
    return NULL;
}

static void *engine_resumer(void *engine)
{
    mhq_resume(engine);
    return NULL;
}

static mhq_run *the_one(mhq_engine *engine)
{
    mhq_run *run = mhq_collect(engine);
    REQUIRE(run != NULL && run->next == NULL);
    return run;
}

static void holder_waits(mhq_engine *engine)
{
    /* it holds the first; the others stay in the ring */
    CHECK_INT(mhq_wait_done(engine, 2000000), 0);
}

static void a_pause_holds(void)
{
    race_deadline(120, "a pause holds");
    for (unsigned round = 0; round < 400; round++) {
        mhq_engine *engine = engine_open(4, BUDGET, NULL);
        mhq_control *control = mhq_control_new(-1);
        REQUIRE(control != NULL);
        int by_control = round % 2;
        if (by_control)
            mhq_control_pause(control);
        else
            mhq_pause(engine);
        item it;
        item_set(&it, MHQ_FILE_EXISTS, "there");
        if (by_control)
            REQUIRE(mhq_job_set_control(engine, &it.job, control) == 0);
        submit(engine, &it);
        if (round % 20 < 2)
            holder_waits(engine);
        pthread_t thread = race_start(by_control ? resumer : engine_resumer,
                                      by_control ? (void *)control : (void *)engine);
        mhq_run *run = the_one(engine);
        CHECK_INT(run->error, 0);
        mhq_delivered(engine, run);
        race_join(thread);
        mhq_job_fini(&it.job);
        mhq_control_drop(control);
        engine_end(engine);
    }
}

static void what_is_cancelled_ignores_pauses(void)
{
    race_deadline(120, "what is cancelled ignores pauses");
    for (unsigned round = 0; round < 300; round++) {
        mhq_engine *engine = engine_open(4, BUDGET, NULL);
        mhq_control *control = mhq_control_new(-1);
        mhq_fate *fate = mhq_fate_new();
        REQUIRE(control != NULL && fate != NULL);
        mhq_pause(engine);
        item it;
        item_set(&it, MHQ_FILE_EXISTS, "there");
        REQUIRE(mhq_job_set_control(engine, &it.job, control) == 0);
        mhq_job_set_fate(&it.job, fate);
        submit(engine, &it);
        if (round % 20 < 3)
            holder_waits(engine);
        int32_t wanted = ECANCELED;
        if (round % 3 == 0) {
            CHECK_INT(mhq_cancel(engine, fate), 1);
        } else if (round % 3 == 1) {
            mhq_control_cancel(control);
        } else { /* and what is closed does */
            mhq_close(engine);
            wanted = 0;
        }
        mhq_run *run = the_one(engine);
        CHECK_INT(run->error, wanted);
        mhq_delivered(engine, run);
        mhq_job_fini(&it.job);
        mhq_figures figures;
        mhq_control_figures(control, &figures);
        CHECK_INT(figures.accepted, 1);
        CHECK_INT(figures.finished, 1);
        mhq_fate_drop(fate);
        mhq_control_drop(control);
        engine_end(engine);
    }
}

/* A paused engine accepts until its ring is full, and what it then has comes back in order. */
static void a_paused_engine_accepts(void)
{
    race_deadline(60, "a paused engine accepts");
    enum { COUNT = 8 };
    mhq_engine *engine = engine_open(COUNT, BUDGET, NULL);
    item *items = items_new(COUNT + 1);
    mhq_pause(engine);
    CHECK(mhq_is_paused(engine));
    for (size_t i = 0; i < COUNT; i++)
        submit(engine, item_set(&items[i], MHQ_FILE_EXISTS, "there"));
    item_set(&items[COUNT], MHQ_FILE_EXISTS, "there");
    CHECK(mhq_submit(engine, &items[COUNT].job, 1, 0) == MHQ_RING_FULL);
    CHECK_INT(mhq_wait_done(engine, 2000000), 0);
    mhq_resume(engine);
    size_t next = 0;
    take_in_order(engine, items, &next, COUNT);
    engine_end(engine);
    free(items);
}

/* ---- a control, and progress ---- */

static void progress_comes_before_its_completion(void)
{
    race_deadline(120, "progress comes before its completion");
    enum { COUNT = 500 };
    mhq_engine *engine = engine_open(1024, BUDGET, NULL);
    mhq_port *port;
    REQUIRE(mhq_port_open(engine, &port) == 0);
    mhq_control *control = mhq_control_new(0);
    REQUIRE(control != NULL);
    item *items = items_new(COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        item_set(&items[i], MHQ_FILE_EXISTS, "there");
        if (i % 2)
            mhq_job_set_port(&items[i].job, port);
        REQUIRE(mhq_job_set_control(engine, &items[i].job, control) == 0);
        submit(engine, &items[i]);
    }
    mhq_figures figures;
    for (int own = 0; own < 2; own++) {
        size_t got = 0, calls = 0;
        int called_since = 0;
        while (got < COUNT / 2) {
            mhq_run *run = own ? mhq_collect(engine) : mhq_port_collect(port);
            if (run == NULL)
                REQUIRE(mhq_port_wait(port, -1) == 1);
            for (mhq_run *next; run != NULL; run = next) {
                next = run->next;
                if (run->progress) {
                    CHECK(mhq_progress_of(run) == control);
                    calls++;
                    called_since = 1;
                    continue;
                }
                CHECK(calls > 0);
                got++;
                if (got == COUNT / 2) {
                    mhq_control_figures(control, &figures);
                    CHECK(called_since);
                    CHECK(figures.finished >= COUNT / 2);
                }
                REQUIRE(mhq_delivered(engine, run) == 1);
            }
        }
        CHECK(calls <= COUNT + 1);
    }
    for (size_t i = 0; i < COUNT; i++)
        mhq_job_fini(&items[i].job);
    mhq_control_figures(control, &figures);
    CHECK_INT(figures.accepted, COUNT);
    CHECK_INT(figures.finished, COUNT);
    mhq_control_drop(control);
    mhq_port_drop(port);
    engine_end(engine);
    free(items);
}

/* One control, cancelled while two engines run its operations. */
static void a_control_cancels_all(void)
{
    race_deadline(120, "a control cancels all");
    enum { COUNT = 300 };
    mhq_calls calls = gated_calls();
    mhq_engine *engines[] = {engine_open(512, BUDGET, &calls), engine_open(512, BUDGET, NULL)};
    mhq_control *control = mhq_control_new(-1);
    REQUIRE(control != NULL);
    write_file("gate", 1);
    item *items = items_new(2 * COUNT);
    for (size_t i = 0; i < 2 * COUNT; i++) {
        mhq_engine *engine = engines[i / COUNT];
        item_set(&items[i], i == 0 ? MHQ_FILE_READ : MHQ_FILE_EXISTS, i == 0 ? "gate" : "there");
        REQUIRE(mhq_job_set_control(engine, &items[i].job, control) == 0);
        submit(engine, &items[i]);
    }
    wait_for(&gate_reached); /* the first one runs */
    mhq_control_cancel(control);
    open_gate();
    for (size_t e = 0; e < 2; e++)
        for (size_t got = 0; got < COUNT;)
            for (mhq_run *run = mhq_collect(engines[e]), *next; run != NULL; run = next, got++) {
                next = run->next;
                if (e == 0 && got > 0)
                    CHECK_INT(run->error, ECANCELED);
                mhq_delivered(engines[e], run);
            }
    for (size_t i = 0; i < 2 * COUNT; i++)
        mhq_job_fini(&items[i].job);
    mhq_figures figures;
    mhq_control_figures(control, &figures);
    CHECK_INT(figures.finished, 2 * COUNT);
    CHECK(figures.cancelled);
    mhq_control_drop(control);
    engine_end(engines[0]);
    engine_end(engines[1]);
    free(items);
}

/* ---- while one runs ---- */

/* A copy of 64 MiB, in slices of 16. If it is cancelled at its start it leaves nothing; else the
 * progress reaches its size. */
static void a_copy_is_watched_and_stopped(void)
{
    race_deadline(120, "a copy is watched and stopped");
    enum { SIZE = 64 << 20 };
    write_file("large", SIZE);
    mhq_engine *engine = engine_open(4, BUDGET, NULL);
    for (unsigned round = 0; round < 4; round++) {
        mhq_control *control = mhq_control_new(round < 2 ? -1 : 0);
        mhq_fate *fate = mhq_fate_new();
        REQUIRE(control != NULL && fate != NULL);
        item it;
        item_set(&it, MHQ_FILE_COPY, "large");
        it.op.path2 = "copy";
        REQUIRE(mhq_job_set_control(engine, &it.job, control) == 0);
        mhq_job_set_fate(&it.job, fate);
        submit(engine, &it);
        int to_stop = round % 2;
        if (to_stop) {
            while (mhq_fate_state(fate) == MHQ_QUEUED)
                mhq_yield();
            CHECK_INT(mhq_cancel(engine, fate), 0); /* it runs, or has ended */
        }
        int over = 0, calls = 0;
        mhq_figures figures;
        while (!over)
            for (mhq_run *run = mhq_collect(engine), *next; run != NULL; run = next) {
                next = run->next;
                if (run->progress) {
                    CHECK(mhq_progress_of(run) == control);
                    calls++;
                    continue;
                }
                CHECK(run->error == 0 || (to_stop && run->error == ECANCELED));
                mhq_control_figures(control, &figures);
                CHECK_INT(unlink("copy"), run->error ? -1 : 0);
                if (run->error == 0)
                    CHECK_INT(figures.done, SIZE);
                over = mhq_delivered(engine, run);
            }
        CHECK_INT(calls > 0, round >= 2);
        CHECK(mhq_fate_state(fate) == MHQ_ENDED);
        CHECK_INT(mhq_cancel(engine, fate), 0);
        mhq_job_fini(&it.job);
        mhq_fate_drop(fate);
        mhq_control_drop(control);
    }
    engine_end(engine);
}

int main(void)
{
    place_enter();
    write_file("there", 1);
    cancelled_or_run_never_both();
    lists_that_stop();
    a_pause_holds();
    what_is_cancelled_ignores_pauses();
    a_paused_engine_accepts();
    progress_comes_before_its_completion();
    a_control_cancels_all();
    a_copy_is_watched_and_stopped();
    const char *const files[] = {"there", "gate", "large"};
    place_leave(files, sizeof files / sizeof *files);
    return check_report("test_control");
}
