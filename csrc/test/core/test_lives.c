/* test/core/test_lives.c - engines that come and go while other threads still call, and end by
 * themselves. */
#include <dirent.h>

#include "test/engine_fixture.h"

static unsigned entries_of(const char *path)
{
    DIR *directory = opendir(path);
    REQUIRE(directory != NULL);
    unsigned count = 0;
    while (readdir(directory) != NULL)
        count++;
    closedir(directory);
    return count;
}

static unsigned usual_threads;

/* The callback thread of an engine to which no other thread has a reference: it collects all. */
typedef struct served {
    mhq_engine *engine;
    item items[4];
    _Atomic unsigned delivered;
} served;

static void *serves_to_the_last(void *argument)
{
    served *s = argument;
    mhq_run *run;
    while ((run = mhq_collect(s->engine)) != NULL)
        for (mhq_run *next; run != NULL; run = next) {
            next = run->next;
            mhq_delivered(s->engine, run);
            atomic_fetch_add(&s->delivered, 1);
        }
    mhq_stop(s->engine);
    mhq_engine_drop(s->engine);
    return NULL;
}

/* An engine that is dropped drains and ends, for its callback thread has a reference of its own. */
static void dropped_engines_drain(void)
{
    race_deadline(300, "dropped engines drain");
    static served s;
    for (unsigned round = 0; round < 2000; round++) {
        memset(&s, 0, sizeof s);
        s.engine = engine_open(16, BUDGET, NULL);
        mhq_engine_hold(s.engine);
        pthread_t thread = race_start(serves_to_the_last, &s);
        for (size_t i = 0; i < 4; i++)
            submit(s.engine, item_set(&s.items[i], MHQ_FILE_EXISTS, "there"));
        mhq_close(s.engine);
        mhq_engine_drop(s.engine); /* the callback thread's reference keeps it */
        race_join(thread);
        CHECK_INT(atomic_load(&s.delivered), 4);
    }
}

/* The last reference is dropped while an I/O thread is at any place, also at its end. */
static void the_last_reference_never_waits(void)
{
    race_deadline(300, "the last reference never waits");
    for (unsigned round = 0; round < 10000; round++) {
        mhq_engine *engine = engine_open(4, BUDGET, NULL);
        item it;
        if (round % 3 == 0) {
            mhq_port *port;
            size_t next = 0;
            REQUIRE(mhq_port_open(engine, &port) == 0);
            intptr_t descriptor;
            if (round % 2)
                REQUIRE(mhq_port_descriptor(port, 0, &descriptor) == 0);
            item_set(&it, MHQ_FILE_READ, "there");
            mhq_job_set_port(&it.job, port);
            submit(engine, &it);
            while (next == 0) {
                mhq_run *run = mhq_port_collect(port);
                if (run == NULL)
                    REQUIRE(mhq_port_wait(port, -1) == 1);
                else
                    next += (size_t)mhq_delivered(engine, run);
            }
            mhq_job_fini(&it.job);
            mhq_engine_drop(engine); /* the port keeps it */
            CHECK_INT(mhq_port_close(port, NULL), 0);
            mhq_port_drop(port);
            continue;
        }
        if (round % 3 == 1) {
            size_t next = 0;
            submit(engine, item_set(&it, MHQ_FILE_READ, "there"));
            take_in_order(engine, &it, &next, 1);
        }
        if (round % 2)
            mhq_close(engine); /* the I/O threads may be at their end */
        mhq_engine_drop(engine);
    }
}

/* Several threads call on one engine, each with a reference of its own, while it closes. */
enum { CALLERS = 4 };

static void *caller(void *argument)
{
    mhq_engine *engine = argument;
    item it;
    uint64_t accepted, under_way;
    for (unsigned i = 0; i < 100; i++) {
        item_set(&it, MHQ_FILE_EXISTS, "there");
        mhq_totals(engine, &accepted, &under_way);
        CHECK(under_way <= accepted);
        mhq_pause(engine);
        mhq_resume(engine);
        mhq_close(engine);
        CHECK(mhq_submit(engine, &it.job, 1, 0) == MHQ_RING_CLOSED);
    }
    mhq_engine_drop(engine);
    return NULL;
}

static void others_still_call(void)
{
    race_deadline(300, "others still call");
    for (unsigned round = 0; round < 500; round++) {
        mhq_engine *engine = engine_open(4, BUDGET, NULL);
        pthread_t threads[CALLERS];
        for (size_t i = 0; i < CALLERS; i++) {
            mhq_engine_hold(engine);
            threads[i] = race_start(caller, engine);
        }
        mhq_engine_drop(engine);
        for (size_t i = 0; i < CALLERS; i++)
            race_join(threads[i]);
    }
}

int main(void)
{
    place_enter();
    write_file("there", 1);
    /* a sanitizer may start a thread of its own with the first thread of the process */
    mhq_engine *first = engine_open(1, BUDGET, NULL);
    usual_threads = entries_of("/proc/self/task") - 2;
    mhq_engine_free(first);
    RACE_UNTIL(entries_of("/proc/self/task") == usual_threads);
    unsigned descriptors = entries_of("/proc/self/fd");
    dropped_engines_drain();
    the_last_reference_never_waits();
    others_still_call();
    RACE_UNTIL(entries_of("/proc/self/task") == usual_threads);
    CHECK_INT(entries_of("/proc/self/fd"), descriptors);
    const char *const files[] = {"there"};
    place_leave(files, sizeof files / sizeof *files);
    return check_report("test_lives");
}
