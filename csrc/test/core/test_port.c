/* test/core/test_port.c - ports: order, capacity beside a stalled one, records, closing, and being
 * woken by a descriptor.
 */
#include <errno.h>
#include <poll.h>

#include "test/engine_fixture.h"

static mhq_port *port_open(mhq_engine *engine)
{
    mhq_port *port = NULL;
    REQUIRE(mhq_port_open(engine, &port) == 0);
    return port;
}

static void submit_to(mhq_engine *engine, mhq_port *port, item *it)
{
    mhq_job_set_port(&it->job, port);
    REQUIRE(mhq_submit(engine, &it->job, 1, 0) == MHQ_ACCEPTED);
}

/* Waits for the next batch. */
static mhq_run *next_of(mhq_port *port)
{
    mhq_run *run;
    while ((run = mhq_port_collect(port)) == NULL)
        REQUIRE(mhq_port_wait(port, -1) == 1);
    return run;
}

static void deliver(mhq_engine *engine, mhq_run *run)
{
    mhq_job *job = run->job;
    item_of(job)->delivered++;
    if (mhq_delivered(engine, run))
        mhq_job_fini(job);
}

/* Delivers `count` in order, from items[first] on, every `step`th. */
static void deliver_in_order(mhq_engine *engine, mhq_port *port, item *items, size_t first, size_t step,
                             size_t count)
{
    while (count > 0)
        for (mhq_run *run = next_of(port), *next; run != NULL; run = next) {
            next = run->next;
            CHECK(item_of(run->job) == &items[first]);
            first += step;
            count--;
            deliver(engine, run);
        }
}

static void each_port_in_order(void)
{
    race_deadline(120, "each port in order");
    enum { COUNT = 300 };
    mhq_engine *engine = engine_open(512, BUDGET, NULL);
    mhq_port *ports[] = {port_open(engine), port_open(engine)};
    item *items = items_new(COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        item_set(&items[i], MHQ_FILE_EXISTS, "there");
        if (i % 3 == 2)
            submit(engine, &items[i]);
        else
            submit_to(engine, ports[i % 3], &items[i]);
    }
    deliver_in_order(engine, ports[1], items, 1, 3, COUNT / 3);
    CHECK_INT(mhq_port_pending(ports[0]), COUNT / 3);
    deliver_in_order(engine, ports[0], items, 0, 3, COUNT / 3);
    for (size_t i = 2; i < COUNT;)
        for (mhq_run *run = mhq_collect(engine), *next; run != NULL; run = next, i += 3) {
            next = run->next;
            CHECK(item_of(run->job) == &items[i]);
            deliver(engine, run);
        }
    for (size_t i = 0; i < 2; i++) {
        CHECK_INT(mhq_port_pending(ports[i]), 0);
        CHECK_INT(mhq_port_close(ports[i], NULL), 0);
        mhq_port_drop(ports[i]);
    }
    engine_end(engine);
    free(items);
}

/* ---- a stalled port ---- */

enum { RING = 64, HELD = 48, MORE = 500 };

static struct {
    mhq_engine *engine;
    item *items;
} crowd;

static void *submit_more(void *argument)
{
    item *own = argument;
    for (size_t i = 0; i < MORE; i++) {
        item_set(&own[i], MHQ_FILE_EXISTS, "there");
        while (mhq_submit(crowd.engine, &own[i].job, 1, 0) == MHQ_RING_FULL)
            mhq_wait_capacity(crowd.engine, &own[i].job, -1); /* nothing but the engine wakes it */
    }
    return NULL;
}

/* One port holds three quarters of the ring and is not served: two producers go on beside it. */
static void a_stalled_port_leaves_the_rest_of_the_ring(void)
{
    race_deadline(240, "a stalled port leaves the rest of the ring");
    mhq_engine *engine = engine_open(RING, BUDGET, NULL);
    mhq_port *stalled = port_open(engine);
    item *held = items_new(HELD);
    for (size_t i = 0; i < HELD; i++)
        submit_to(engine, stalled, item_set(&held[i], MHQ_FILE_EXISTS, "there"));
    crowd.engine = engine;
    crowd.items = items_new(2 * MORE);
    pthread_t producers[] = {race_start(submit_more, crowd.items),
                             race_start(submit_more, crowd.items + MORE)};
    for (size_t got = 0; got < 2 * MORE;)
        for (mhq_run *run = mhq_collect(engine), *next; run != NULL; run = next, got++) {
            next = run->next;
            deliver(engine, run);
        }
    for (size_t i = 0; i < 2; i++)
        race_join(producers[i]);
    deliver_in_order(engine, stalled, held, 0, 1, HELD);
    mhq_port_close(stalled, NULL);
    mhq_port_drop(stalled);
    engine_end(engine);
    free(crowd.items);
    free(held);
}

static void list_of(mhq_list *list, mhq_entry *entries, const mhq_op *op, size_t count)
{
    for (size_t i = 0; i < count; i++)
        entries[i] = (mhq_entry){.op = op};
    *list = (mhq_list){.count = count, .total = count, .depth = 1, .entries = entries};
}

static size_t deliver_all(mhq_engine *engine, mhq_run *run, int *over)
{
    size_t count = 0;
    for (mhq_run *next; run != NULL; run = next, count++) {
        next = run->next;
        *over |= mhq_delivered(engine, run);
    }
    return count;
}

/* A list has filled one port with as many records as it gets, the port is not served, and the lists
 * of two others run nevertheless. */
static void a_stalled_port_leaves_records(void)
{
    race_deadline(240, "a stalled port leaves records");
    enum { MOST = 960, COUNT = 3000 };
    static mhq_entry some[MOST], many[COUNT];
    const mhq_op op = {.kind = MHQ_FILE_EXISTS, .path = "there"};
    mhq_list first, second;
    list_of(&first, some, &op, MOST);
    list_of(&second, many, &op, COUNT);
    mhq_engine *engine = engine_open(RING, BUDGET, NULL);
    mhq_port *ports[] = {port_open(engine), port_open(engine), port_open(engine)};
    mhq_job jobs[4];
    REQUIRE(mhq_job_init_list(&jobs[0], &first) == 0);
    for (size_t i = 1; i < 4; i++)
        REQUIRE(mhq_job_init_list(&jobs[i], &second) == 0);
    for (size_t i = 0; i < 3; i++)
        mhq_job_set_port(&jobs[i], ports[i]);
    for (size_t i = 0; i < 4; i++) /* the last one is for the engine's own port */
        REQUIRE(mhq_submit(engine, &jobs[i], i ? COUNT : MOST, 0) == MHQ_ACCEPTED);
    for (size_t i = 1; i < 4; i++) {
        int over = 0;
        size_t got = 0;
        while (!over)
            got += deliver_all(engine, i < 3 ? next_of(ports[i]) : mhq_collect(engine), &over);
        CHECK_INT(got, COUNT + 1);
    }
    int over = 0;
    CHECK_INT(deliver_all(engine, next_of(ports[0]), &over), MOST + 1);
    CHECK(over);
    for (size_t i = 0; i < 4; i++)
        mhq_job_fini(&jobs[i]);
    for (size_t i = 0; i < 3; i++)
        mhq_port_drop(ports[i]);
    engine_end(engine);
}

/* The holder waits for a record of a list whose port is closed: its records come back through the engine's
 * own port, few at a time, and are announced all the same. */
static void records_of_a_closed_port_are_announced(void)
{
    race_deadline(60, "records of a closed port are announced");
    enum { MOST = 768, FEW = 192, COUNT = 1000 }; /* so many are granted to the first port; to the next */
    static mhq_entry some[MOST], many[COUNT];
    const mhq_op op = {.kind = MHQ_FILE_EXISTS, .path = "there"};
    mhq_list first, second;
    list_of(&first, some, &op, MOST);
    list_of(&second, many, &op, COUNT);
    mhq_engine *engine = engine_open(RING, BUDGET, NULL);
    mhq_port *ports[] = {port_open(engine), port_open(engine)};
    mhq_job jobs[2];
    REQUIRE(mhq_job_init_list(&jobs[0], &first) == 0 && mhq_job_init_list(&jobs[1], &second) == 0);
    for (size_t i = 0; i < 2; i++) {
        mhq_job_set_port(&jobs[i], ports[i]);
        REQUIRE(mhq_submit(engine, &jobs[i], i ? COUNT : MOST, 0) == MHQ_ACCEPTED);
    }
    while (counted(engine).completed < MOST + FEW)
        mhq_yield();
    CHECK_INT(mhq_port_close(ports[1], NULL), 1);
    int over = 0;
    size_t got = 0;
    while (!over)
        got += deliver_all(engine, mhq_collect(engine), &over);
    CHECK_INT(got, COUNT + 1);
    over = 0;
    got = 0;
    while (!over)
        got += deliver_all(engine, next_of(ports[0]), &over);
    CHECK_INT(got, MOST + 1);
    for (size_t i = 0; i < 2; i++) {
        mhq_job_fini(&jobs[i]);
        mhq_port_drop(ports[i]);
    }
    engine_end(engine);
}

/* ---- the descriptor ---- */

static int is_readable(intptr_t descriptor, int timeout_ms)
{
    struct pollfd one = {.fd = (int)descriptor, .events = POLLIN};
    int got = poll(&one, 1, timeout_ms);
    REQUIRE(got >= 0);
    return got;
}

static void a_descriptor_wakes(void)
{
    race_deadline(240, "a descriptor wakes");
    enum { COUNT = 3000 };
    mhq_engine *engine = engine_open(4096, BUDGET, NULL);
    mhq_port *port = port_open(engine);
    item *items = items_new(COUNT);
    intptr_t descriptor, again;
    CHECK_INT(mhq_port_descriptor(port, 0, &descriptor), 0);
    CHECK_INT(mhq_port_descriptor(port, 0, &again), 0);
    CHECK_INT(descriptor, again);
    CHECK_INT(is_readable(descriptor, 0), 0);
    /* one at a time: in about half of the rounds the holder pushes while the taker arms */
    for (size_t i = 0; i < COUNT; i++) {
        submit_to(engine, port, item_set(&items[i], MHQ_FILE_EXISTS, "there"));
        for (mhq_run *run = NULL; run == NULL;) {
            CHECK_INT(is_readable(descriptor, -1), 1);
            if ((run = mhq_port_collect(port)) != NULL) {
                CHECK(run->next == NULL);
                deliver(engine, run);
            }
            mhq_port_rest(port, 0);
        }
    }
    CHECK_INT(is_readable(descriptor, 0), 0);
    /* the taker still has records: it rings by itself */
    mhq_port_rest(port, 1);
    CHECK_INT(is_readable(descriptor, 0), 1);
    mhq_port_rest(port, 0);
    CHECK_INT(is_readable(descriptor, 0), 0);
    mhq_port_nudge(port);
    CHECK_INT(is_readable(descriptor, 0), 1);
    CHECK_INT(mhq_port_linger(port, 0), 1);
    CHECK_INT(mhq_port_wait(port, -1), 1);
    CHECK(mhq_port_collect(port) == NULL);
    mhq_port_rest(port, 0);
    CHECK_INT(is_readable(descriptor, 0), 0);
    CHECK_INT(mhq_port_wait(port, 1000000), 0);
    CHECK_INT(mhq_port_linger(port, 1000000), 0);
    mhq_port_drop(port);
    engine_end(engine);
    free(items);
}

/* ---- closing ---- */

static void what_a_closed_port_leaves_goes_to_the_engines_own(void)
{
    race_deadline(240, "what a closed port leaves");
    enum { COUNT = 200 };
    for (unsigned round = 0; round < 200; round++) {
        mhq_engine *engine = engine_open(256, BUDGET, NULL);
        mhq_port *port = port_open(engine);
        item *items = items_new(COUNT);
        size_t delivered = 0;
        for (size_t i = 0; i < COUNT; i++) {
            item_set(&items[i], i % 2 ? MHQ_FILE_EXISTS : MHQ_FILE_WRITE, i % 2 ? "there" : "written");
            items[i].op.looks = i % 2;
            submit_to(engine, port, &items[i]);
        }
        mhq_run *in_hand = next_of(port);
        if (round % 2) { /* deliver one record, and keep the others */
            mhq_run *one = in_hand;
            in_hand = one->next;
            deliver(engine, one);
            delivered++;
        }
        CHECK_INT(mhq_port_close(port, in_hand), COUNT - delivered);
        CHECK(mhq_port_is_closed(port));
        CHECK(mhq_port_collect(port) == NULL);
        CHECK_INT(mhq_port_wait(port, -1), 1);
        item late;
        item_set(&late, MHQ_FILE_EXISTS, "there");
        mhq_job_set_port(&late.job, port);
        CHECK(mhq_submit(engine, &late.job, 1, 0) == MHQ_RING_CLOSED);
        mhq_job_fini(&late.job);
        uint64_t cancelled = 0;
        while (delivered < COUNT)
            for (mhq_run *run = mhq_collect(engine), *next; run != NULL; run = next, delivered++) {
                next = run->next;
                CHECK(mhq_port_is_closed(run->job->port));
                cancelled += run->error == ECANCELED;
                CHECK(run->error == 0 || item_of(run->job)->op.looks);
                deliver(engine, run);
            }
        for (size_t i = 0; i < COUNT; i++)
            CHECK_INT(items[i].delivered, 1);
        CHECK_INT(counted(engine).skipped, cancelled);
        mhq_port_drop(port);
        engine_end(engine);
        free(items);
    }
}

static void *close_port(void *argument)
{
    mhq_port *port = argument;
    mhq_run *in_hand = mhq_port_collect(port);
    mhq_port_close(port, in_hand);
    return NULL;
}

/* The holder runs a list while its port is closed: what was due in it, or in hand, is delivered before
 * what comes after; so the list's end is the last of its records. */
static void a_list_ends_last_whenever_its_port_is_closed(void)
{
    race_deadline(240, "a list ends last whenever its port is closed");
    enum { COUNT = 40, ROUNDS = 3000 };
    static mhq_entry entries[COUNT];
    const mhq_op op = {.kind = MHQ_FILE_EXISTS, .path = "there"};
    mhq_list list;
    list_of(&list, entries, &op, COUNT);
    mhq_engine *engine = engine_open(RING, BUDGET, NULL);
    size_t late = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        mhq_port *port = port_open(engine);
        mhq_job job;
        REQUIRE(mhq_job_init_list(&job, &list) == 0);
        mhq_job_set_port(&job, port);
        REQUIRE(mhq_submit(engine, &job, COUNT, 0) == MHQ_ACCEPTED);
        pthread_t closer = race_start(close_port, port);
        int over = 0;
        for (size_t got = 0; got < COUNT + 1;)
            for (mhq_run *run = mhq_collect(engine), *next; run != NULL; run = next, got++) {
                next = run->next;
                late += over != 0; /* here an owner would have freed the job */
                if (run == &job.run)
                    over = 1;
                (void)mhq_delivered(engine, run);
            }
        race_join(closer);
        mhq_job_fini(&job);
        mhq_port_drop(port);
    }
    CHECK_INT(late, 0);
    engine_end(engine);
}

/* The engine has ended before a port is closed that still has something due: it is delivered all the same. */
static void what_is_due_outlives_the_end(void)
{
    race_deadline(60, "what is due outlives the end");
    for (unsigned round = 0; round < 300; round++) {
        mhq_engine *engine = engine_open(4, BUDGET, NULL);
        mhq_port *port = port_open(engine);
        item due, served;
        submit_to(engine, port, item_set(&due, MHQ_FILE_EXISTS, "there"));
        submit_to(engine, port, item_set(&served, MHQ_FILE_EXISTS, "there"));
        mhq_close(engine);
        while (counted(engine).completed < 2)
            mhq_yield();
        CHECK_INT(mhq_wait_done(engine, round % 2 ? 0 : 1000000), 0);
        mhq_run *run = next_of(port), *rest = run->next;
        deliver(engine, run);
        if (rest != NULL)
            CHECK_INT(mhq_port_close(port, rest), 1);
        pthread_t closer = race_start(close_port, port);
        run = mhq_collect(engine);
        REQUIRE(run != NULL);
        CHECK(item_of(run->job) == &served && run->next == NULL);
        deliver(engine, run);
        race_join(closer);
        mhq_port_drop(port);
        engine_end(engine);
    }
}

/* An owner that takes a port's last record closes the port and drops it at once, while the holder
 * may not yet have read the port's state. */
static void ports_come_and_go(void)
{
    race_deadline(240, "ports come and go");
    mhq_engine *engine = engine_open(4, BUDGET, NULL);
    for (unsigned round = 0; round < 10000; round++) {
        mhq_port *port = port_open(engine);
        intptr_t descriptor;
        if (round % 4 == 0)
            REQUIRE(mhq_port_descriptor(port, 0, &descriptor) == 0);
        item it;
        submit_to(engine, port, item_set(&it, MHQ_FILE_EXISTS, "there"));
        deliver(engine, next_of(port));
        CHECK_INT(mhq_port_close(port, NULL), 0);
        mhq_port_drop(port);
    }
    engine_end(engine);
}

int main(void)
{
    place_enter();
    write_file("there", 1);
    each_port_in_order();
    a_stalled_port_leaves_the_rest_of_the_ring();
    a_stalled_port_leaves_records();
    records_of_a_closed_port_are_announced();
    a_descriptor_wakes();
    what_a_closed_port_leaves_goes_to_the_engines_own();
    a_list_ends_last_whenever_its_port_is_closed();
    what_is_due_outlives_the_end();
    ports_come_and_go();
    const char *const files[] = {"there", "written"};
    place_leave(files, sizeof files / sizeof *files);
    return check_report("test_port");
}
