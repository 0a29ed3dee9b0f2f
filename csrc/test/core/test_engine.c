/* test/core/test_engine.c - what is submitted to the engine comes back, as its users see it: single
 * operations, lists, results, with real files and two I/O threads. The main thread is the callback
 * thread, too.
 */
#include "test/engine_fixture.h"

#include "fs/block.h"

/* ---- singles and lists ----------------------------------------------------------------------- */

static void singles(uint64_t ring_size)
{
    race_deadline(240, "singles");
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

/* Operations 0 to 9; a digit stands for each, so a traversal is a text. */
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
    static const mhq_list name = {.count = sizeof name##_entries / sizeof *name##_entries,  \
                                  .total = all, .depth = levels, .entries = name##_entries}

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
    race_deadline(240, "lists");
    mhq_engine *engine = engine_open(32, BUDGET, NULL);
    static const mhq_list nothing = {.depth = 1};
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
 * waits, and goes on when records come back, however many at a time. */
static void more_operations_than_records(size_t portion)
{
    race_deadline(240, "more operations than records");
    /* All but the reserve, which only ports without records get. */
    enum { COUNT = 5000, RECORDS = 960, HALF = 512 };
    static mhq_op ops[COUNT];
    static mhq_entry entries[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        ops[i] = (mhq_op){.kind = MHQ_FILE_EXISTS, .path = "there"};
        entries[i] = (mhq_entry){.op = &ops[i]};
    }
    const mhq_list list = {.count = COUNT, .total = COUNT, .depth = 1, .entries = entries};
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
        /* The holder is notified each time half of the pool has come back. */
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
        if (portion < HALF && delivered + RECORDS < COUNT) {
            /* too few to wake the holder: more of them, until half is reached */
            while (delivered % HALF != 0 && first != NULL) {
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

enum { READS = 400, SMALL = 20000, LARGE = 300000, LIMIT = 65536 };

/* Delivers all reads one at a time. Records are collected first, and not delivered as long as
 * further ones can come; then the counters show whether reads went together that must not.
 * `last_job`: 1 where a list comes back after its operations. */
static void deliver_within_budget(mhq_engine *engine, item *items, size_t last_job)
{
    mhq_run *first = NULL, **last = &first;
    uint64_t held = 0;
    size_t next = 0, alone = 0, together = 0;
    unsigned most = 0, count = 0;
    while (next < READS + last_job) {
        /* As long as the budget allows another one, it comes without a delivery. */
        while (first == NULL
               || (held + SMALL <= LIMIT && next + count < READS
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
        CHECK_INT(mhq_delivered(engine, run), !last_job || next == READS);
        next++;
    }
    CHECK_INT(together, 0);
    CHECK_INT(alone, READS / 50);
    CHECK(most >= 3);
}

/* Reads of 20000 bytes against a budget of 65536: three fit. A large read runs alone. `as_list`:
 * the same in one list. */
static void budget(int as_list)
{
    race_deadline(240, as_list ? "budget, list" : "budget");
    write_file("small", SMALL);
    write_file("large", LARGE);
    mhq_engine *engine = engine_open(1024, LIMIT, NULL);
    item *items = items_new(READS);
    mhq_entry *entries = calloc(READS, sizeof *entries);
    REQUIRE(entries != NULL);
    for (size_t i = 0; i < READS; i++) {
        item_set(&items[i], MHQ_FILE_READ, i % 50 == 7 ? "large" : "small");
        entries[i].op = &items[i].op;
    }
    const mhq_list list = {.count = READS, .total = READS, .depth = 1, .entries = entries};
    mhq_job job;
    if (as_list) {
        REQUIRE(mhq_job_init_list(&job, &list) == 0);
        REQUIRE(mhq_submit(engine, &job, READS, 0) == MHQ_ACCEPTED);
    } else {
        for (size_t i = 0; i < READS; i++)
            submit(engine, &items[i]);
    }
    deliver_within_budget(engine, items, as_list != 0);
    if (as_list)
        mhq_job_fini(&job);
    engine_end(engine);
    free(entries);
    free(items);
}

/* ---- blocks ---------------------------------------------------------------------------------- */

/* More results at once than there are blocks; and then blocks that have been used before. */
static void small_results_go_round(void)
{
    race_deadline(240, "small results go round");
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
        /* All results exist at once, so no two can have the same memory. */
        size_t in_blocks = 0;
        for (mhq_run *run = first; run != NULL; run = run->next) {
            in_blocks += run->holds;
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

int main(void)
{
    place_enter();
    digits_set();
    singles(1);
    singles(2);
    singles(64);
    lists();
    more_operations_than_records(1);
    more_operations_than_records(512);
    more_operations_than_records(100000);
    budget(0);
    budget(1);
    small_results_go_round();
    const char *const files[] = {"there", "small", "large"};
    place_leave(files, sizeof files / sizeof *files);
    return check_report("test_engine");
}
