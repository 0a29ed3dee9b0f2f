/* test_result.c - where the memory of results lies. */
#include "calls.h"
#include "fs.h"
#include "race.h"

#include <stdint.h>
#include <unistd.h>

/* ---- of glibc's: behind the first, all lie where 32 divides ---- */

enum { KEPT = 8, RESULTS = 400, SMALLEST = 20000, LARGEST = 3000000 };

static char *taken[KEPT]; /* by the reader; freed by the main thread, as by the callback thread */
static _Atomic int turn;  /* whose turn it is: even, the reader's */
static unsigned odd;

static void *reader(void *argument)
{
    mhq_fs *fs = argument;
    uint32_t random = 1;
    for (int i = 0; i < RESULTS; i++) {
        RACE_UNTIL(atomic_load(&turn) % 2 == 0);
        for (int k = 0; k < 1 + i % 2; k++) {
            mhq_run run = {0};
            random = random * 1664525 + 1013904223;
            size_t bytes = SMALLEST + random % (LARGEST - SMALLEST);
            int at = (i + k) % KEPT;
            char *room = taken[at] ? NULL : mhq_result_room(fs, &run, NULL, 0, bytes);
            if (!room)
                continue;
            room[0] = room[bytes - 1] = 1;
            odd += (uintptr_t)room % 32 != 0;
            taken[at] = room;
        }
        atomic_fetch_add(&turn, 1);
    }
    return NULL;
}

static void test_even(void)
{
    mhq_fs fs;
    REQUIRE(mhq_fs_init(&fs, NULL) == 0);
    char *volatile lesson = malloc(31 << 20); /* not to map blocks below 32 MiB: the bridge's, too */
    free(lesson);
    pthread_t thread = race_start(reader, &fs);
    for (int i = 0; i < RESULTS; i++) {
        RACE_UNTIL(atomic_load(&turn) % 2 == 1);
        free(taken[i * 5 % KEPT]);
        taken[i * 5 % KEPT] = NULL;
        atomic_fetch_add(&turn, 1);
    }
    race_join(thread);
    for (int i = 0; i < KEPT; i++)
        free(taken[i]);
    mhq_fs_fini(&fs);
#ifdef __GLIBC__
    CHECK(CHECK_SANITIZED || odd == 0);
#endif
}

/* ---- an allocator that never gives such a place ---- */

enum { ASIDE = 16 };
static unsigned asked, out, fail_at;

static void *odd_alloc(size_t n)
{
    if (++asked == fail_at)
        return NULL;
    char *p = aligned_alloc(64, (n + ASIDE + 63) & ~(size_t)63);
    out += p != NULL;
    return p ? p + ASIDE : NULL;
}

static void odd_release(void *p)
{
    if (p) {
        out--;
        free((char *)p - ASIDE);
    }
}

static void test_never_even(void)
{
    mhq_calls calls = mhq_calls_real;
    mhq_run run = {0};
    mhq_fs fs;
    calls.alloc = odd_alloc, calls.release = odd_release;
    REQUIRE(mhq_fs_init(&fs, &calls) == 0);
    for (fail_at = 6; fail_at != 0; fail_at--) { /* and without memory, at each step */
        asked = 0;
        char *room = mhq_result_room(&fs, &run, NULL, 0, 100000);
        CHECK_INT(out, room != NULL);
        CHECK(asked <= 5);
        CHECK(room != NULL || asked >= fail_at);
        CHECK(fail_at <= asked || room != NULL);
        mhq_result_drop(&fs, &run, room);
        CHECK_INT(out, 0);
    }
    mhq_fs_fini(&fs);
}

int main(void)
{
    race_deadline(240, "results");
    test_even();
    test_never_even();
    return check_report("test_result");
}
