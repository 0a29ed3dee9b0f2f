/* test/fs/test_result.c - where the memory of results lies. */
#include "fs/block.h"
#include "sys/calls.h"
#include "fs/fs.h"
#include "test/race.h"

#include <stdint.h>
#include <unistd.h>

/* ---- of glibc's: behind the first, all lie where 32 divides ---- */

enum { KEPT = 8, RESULTS = 400, SMALLEST = 262144, LARGEST = 3000000 };

static char *taken[KEPT]; /* by the reader; freed by the main thread, as by the callback thread */
static _Atomic int turn;  /* whose turn it is: even, the reader's */
static void *blocks[RESULTS / 10]; /* small results, taken in between */
static unsigned odd, in_blocks;

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
            char *room = taken[at] ? NULL : mhq_result_grow(fs, &run, NULL, 0, bytes);
            if (!room)
                continue;
            room[0] = room[bytes - 1] = 1;
            /* But for mappings of their own, which begin behind malloc's head. */
            odd += (uintptr_t)(room + fs->head) % 32 != 0 && (uintptr_t)room % 4096 != 16;
            taken[at] = room;
        }
        if (i % 10 == 0) {
            mhq_run run = {0};
            blocks[i / 10] = mhq_result_grow(fs, &run, NULL, 0, 1000);
            in_blocks += run.holds;
        }
        atomic_fetch_add(&turn, 1);
    }
    return NULL;
}

/* The head of a bytes object: 32 bytes, without a GIL 48. */
static void test_even(size_t head)
{
    mhq_blocks made = {0};
    mhq_fs fs;
    REQUIRE(mhq_fs_init(&fs, NULL) == 0);
    fs.head = head, fs.tail = 1, fs.blocks = &made;
    atomic_store(&turn, 0);
    odd = in_blocks = 0;
    memset(taken, 0, sizeof taken);
    char *volatile lesson = malloc(31 << 20); /* not to map blocks below 32 MiB: the bridge's, too */
    REQUIRE(lesson != NULL);
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
    for (int i = 0; i < RESULTS / 10; i++)
        mhq_block_return(&made, blocks[i]);
    mhq_blocks_fini(&made, &mhq_calls_real);
    mhq_fs_fini(&fs);
    CHECK_INT(in_blocks, RESULTS / 10);
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

/* Tried and given up; and without memory, at each step. Only a reader that gets nothing at once gets
 * nothing: what was there is asked for again. */
static void test_never_even(void)
{
    static const unsigned asks[] = {7, 1, 7, 4, 7, 6, 7, 8}; /* by which of them fails; 0: none */
    mhq_calls calls = mhq_calls_real;
    mhq_run run = {0};
    mhq_fs fs;
    calls.alloc = odd_alloc, calls.release = odd_release;
    REQUIRE(mhq_fs_init(&fs, &calls) == 0);
    for (fail_at = 0; fail_at < sizeof asks / sizeof *asks; fail_at++) {
        asked = 0;
        char *room = mhq_result_grow(&fs, &run, NULL, 0, LARGEST);
        CHECK((room != NULL) == (fail_at != 1));
        CHECK_INT(out, room != NULL);
#ifdef __GLIBC__
        CHECK(CHECK_SANITIZED || asked == asks[fail_at]);
#endif
        mhq_result_drop(&fs, &run, room);
        CHECK_INT(out, 0);
    }
    mhq_fs_fini(&fs);
}

int main(void)
{
    race_deadline(240, "results");
    test_even(32);
    test_even(48);
    test_never_even();
    return check_report("test_result");
}
