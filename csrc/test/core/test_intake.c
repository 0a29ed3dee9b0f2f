/* test/core/test_intake.c - the budget of bytes on their way in. */
#include "test/engine_fixture.h"

enum { LIMIT = 65536, PRODUCERS = 6, EACH = 300 };

static const char data[4 * LIMIT];

static mhq_engine *budgeted(uint64_t ring_size)
{
    mhq_config config = {.ring_size = ring_size, .buffer_bytes = BUDGET, .write_bytes = LIMIT,
                         .head = 32, .tail = 1};
    mhq_engine *engine = NULL;
    REQUIRE(mhq_engine_open(&config, &engine) == 0);
    return engine;
}

static item *write_of(item *it, size_t size)
{
    item_set(it, MHQ_FILE_WRITE, "written");
    it->op.data = data;
    it->op.size = size;
    mhq_job_init(&it->job, &it->op);
    return it;
}

static mhq_run *deliver_one(mhq_engine *engine)
{
    static mhq_run *rest;
    if (rest == NULL)
        rest = mhq_collect(engine);
    REQUIRE(rest != NULL);
    mhq_run *run = rest;
    rest = run->next;
    CHECK_INT(run->error, 0);
    CHECK_INT(mhq_delivered(engine, run), 1);
    return run;
}

static void what_does_not_fit_waits_in_line(void)
{
    race_deadline(60, "what does not fit waits in line");
    mhq_engine *engine = budgeted(16);
    item first, second, third, small;
    submit(engine, write_of(&first, LIMIT));
    CHECK(mhq_submit(engine, &write_of(&second, LIMIT / 2)->job, 1, 0) == MHQ_RING_FULL);
    CHECK(mhq_submit(engine, &write_of(&third, LIMIT / 2)->job, 1, 0) == MHQ_RING_FULL);
    CHECK(mhq_submit(engine, &write_of(&small, 1)->job, 1, 0) == MHQ_RING_FULL);
    CHECK_INT(counted(engine).unwritten_bytes, LIMIT);
    mhq_wait_capacity(engine, &second.job, 1000000);
    CHECK(mhq_submit(engine, &second.job, 1, 0) == MHQ_RING_FULL);
    deliver_one(engine);
    /* not before its turn */
    CHECK(mhq_submit(engine, &small.job, 1, 0) == MHQ_RING_FULL);
    mhq_wait_capacity(engine, &second.job, -1);
    submit(engine, &second);
    mhq_withdraw(engine, &third.job); /* it gives up, so the next one in line is served */
    mhq_wait_capacity(engine, &small.job, -1);
    submit(engine, &small);
    CHECK_INT(counted(engine).unwritten_bytes, LIMIT / 2 + 1);
    deliver_one(engine);
    deliver_one(engine);
    /* a job larger than the whole budget passes alone; an overdraft always passes */
    submit(engine, write_of(&first, 4 * LIMIT));
    CHECK(mhq_submit(engine, &write_of(&second, LIMIT)->job, 1, 1) == MHQ_ACCEPTED);
    deliver_one(engine);
    deliver_one(engine);
    CHECK_INT(counted(engine).unwritten_bytes, 0);
    /* a list counts as a whole, when it is submitted */
    const mhq_entry entries[] = {{.op = &first.op}, {.op = &second.op}};
    const mhq_list list = {.count = 2, .total = 2, .lent = 5 * LIMIT, .depth = 1, .entries = entries};
    mhq_job job;
    REQUIRE(mhq_job_init_list(&job, &list) == 0);
    REQUIRE(mhq_submit(engine, &job, 2, 0) == MHQ_ACCEPTED);
    CHECK_INT(counted(engine).unwritten_bytes, 5 * LIMIT);
    for (int over = 0; !over;)
        for (mhq_run *run = mhq_collect(engine), *next; run != NULL; run = next) {
            next = run->next;
            over |= mhq_delivered(engine, run);
        }
    mhq_job_fini(&job);
    CHECK_INT(counted(engine).unwritten_bytes, 0);
    engine_end(engine);
}

static struct {
    mhq_engine *engine;
    _Atomic uint64_t refused;
} crowd;

static void *producer(void *argument)
{
    item *items = argument;
    for (size_t i = 0; i < EACH; i++) {
        size_t size = (i % 7 == 0 ? 3 : 1) * (size_t)LIMIT / (1 + i % 5);
        enum mhq_accepted accepted;
        write_of(&items[i], size);
        while ((accepted = mhq_submit(crowd.engine, &items[i].job, 1, 0)) == MHQ_RING_FULL)
            mhq_wait_capacity(crowd.engine, &items[i].job, -1); /* nothing but the engine wakes it */
        if (accepted == MHQ_RING_CLOSED)
            atomic_fetch_add(&crowd.refused, 1);
    }
    return NULL;
}

static void crowds(int closes)
{
    race_deadline(240, closes ? "a crowd, and a close" : "a crowd");
    crowd.engine = budgeted(closes ? 64 : 4);
    atomic_store(&crowd.refused, 0);
    item *items = items_new((size_t)PRODUCERS * EACH);
    pthread_t threads[PRODUCERS];
    for (size_t i = 0; i < PRODUCERS; i++)
        threads[i] = race_start(producer, items + i * EACH);
    uint64_t got = 0, most = 0;
    mhq_run *run;
    while (got + atomic_load(&crowd.refused) < (uint64_t)PRODUCERS * EACH
           && (run = mhq_collect(crowd.engine)) != NULL)
        for (mhq_run *next; run != NULL; run = next, got++) {
            next = run->next;
            uint64_t held = counted(crowd.engine).unwritten_bytes;
            most = held > most ? held : most;
            mhq_delivered(crowd.engine, run);
            if (closes && got == 100)
                mhq_close(crowd.engine);
        }
    for (size_t i = 0; i < PRODUCERS; i++)
        race_join(threads[i]);
    CHECK_INT(got + atomic_load(&crowd.refused), (uint64_t)PRODUCERS * EACH);
    CHECK(most <= 3 * LIMIT); /* the job that is larger than the whole budget runs alone */
    CHECK_INT(counted(crowd.engine).unwritten_bytes, 0);
    engine_end(crowd.engine);
    free(items);
}

int main(void)
{
    place_enter();
    what_does_not_fit_waits_in_line();
    crowds(0);
    crowds(1);
    const char *const files[] = {"written"};
    place_leave(files, sizeof files / sizeof *files);
    return check_report("test_intake");
}
