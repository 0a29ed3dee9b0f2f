/* test/core/test_openings.c - an engine that cannot start: every allocation and every start of a
 * thread fails once, or it and all later ones. Nothing half-built is left; a second attempt works.
 */
#include "test/race.h"
#include "test/scene.h"

#include "mhq.h"

static mhq_calls calls;
static const mhq_config base_config = {.ring_size = 8, .buffer_bytes = 1 << 20, .head = 32,
                                       .tail = 1, .calls = &calls};
static unsigned long injected;

/* The threads without an engine: the main thread, and that of a sanitizer where it starts one with
 * the first thread of the process. They are counted while an engine is open: a joined thread is
 * listed in /proc for a while yet, so that a count after an engine's end may include one of its
 * threads. */
static size_t threads_without(void)
{
    mhq_engine *engine;
    REQUIRE(mhq_engine_open(&base_config, &engine) == 0);
    size_t threads = count_entries("/proc/self/task") - 2;
    mhq_engine_free(engine);
    return threads;
}

static void openings(size_t threads, uint32_t lookahead, int error, int forever)
{
    mhq_config config = base_config;
    config.lookahead = lookahead;
    size_t descriptors = count_descriptors();
    long nth = 1;
    for (;; nth++) {
        mhq_engine *new = NULL;
        fault_none();
        fault.nth = nth, fault.error = error, fault.forever = forever;
        int result = mhq_engine_open(&config, &new);
        if (fault.count < nth) {
            CHECK_INT(result, 0);
            mhq_engine_free(new);
            break;
        }
        injected++;
        CHECK_INT(result, fault.hit == CALL_THREAD ? error : ENOMEM);
        CHECK(new == NULL);
        CHECK_INT(atomic_load(&scene_blocks), 0);
        fault_none();
        CHECK_INT(mhq_engine_open(&config, &new), 0); /* a second attempt */
        mhq_engine_free(new);
        CHECK_INT(atomic_load(&scene_bytes), 0);
        CHECK_INT(count_descriptors(), descriptors);
        RACE_UNTIL(count_entries("/proc/self/task") == threads);
    }
    /* itself, its ring and pool, a scratch for each thread, the threads; of a scout nothing yet */
    CHECK_INT(nth, 1 + 7);
    fault_none();
}

int main(void)
{
    calls = scene_calls();
    race_deadline(240, "openings");
    fault_none();
    size_t threads = threads_without();
    for (int i = 0; i < 4; i++)
        openings(threads, i & 1 ? 16 : 0, EAGAIN, i >> 1);
    printf("test_openings: %lu injections\n", injected);
    return check_report("test_openings");
}
