/* test/fs/posix/test_handle.c - a handle that several threads use while one closes it: no thread uses
 * a descriptor that has been closed (H1), and it is closed once (H2).
 *
 * The descriptor is no file's here: what closes it sets a mark, at which each user looks.
 */
#include "fs/handle.h"
#include "test/race.h"

#define ROUNDS (CHECK_SANITIZED ? 2000u : 20000u)
#define NUMBER 1000000 /* no descriptor */

static _Atomic int closed; /* how often */
static mhq_calls calls;
static mhq_fs fs;
static mhq_handle *handle;
static race_pair pair;

static int counted_close(int fd)
{
    CHECK_INT(fd, NUMBER);
    atomic_fetch_add(&closed, 1);
    return 0;
}

static void *use(void *argument)
{
    (void)argument;
    for (uint64_t round = 0; round < ROUNDS; round++) {
        race_meet(&pair, 2 * round);
        while (mhq_handle_enter(handle)) {
            CHECK(atomic_load(&closed) == 0);
            CHECK_INT(mhq_handle_leave(handle), 0);
        }
        race_meet(&pair, 2 * round + 1);
    }
    return NULL;
}

static void used_while_it_is_closed(void)
{
    race_deadline(240, "used while it is closed");
    handle = mhq_handle_new(&fs, NUMBER, 0);
    pthread_t user = race_start(use, NULL);
    for (uint64_t round = 0; round < ROUNDS; round++) {
        race_meet(&pair, 2 * round);
        REQUIRE(mhq_handle_enter(handle));
        CHECK_INT(mhq_handle_shut(handle), 0);
        race_meet(&pair, 2 * round + 1);
        CHECK_INT(atomic_load(&closed), 1);
        CHECK_INT(mhq_handle_descriptor(handle), -1);
        if (round + 1 < ROUNDS) {
            atomic_store(&closed, 0);
            atomic_store(&handle->uses, 0);
        }
    }
    race_join(user);
    mhq_handle_drop(handle);
    CHECK_INT(atomic_load(&closed), 1);
}

static void dropped_open(void)
{
    atomic_store(&closed, 0);
    handle = mhq_handle_new(&fs, NUMBER, 0);
    CHECK_INT(mhq_handle_descriptor(handle), NUMBER);
    mhq_handle_drop(handle);
    CHECK_INT(atomic_load(&closed), 1);
}

/* The child of a fork in the middle of an operation. */
static void after_a_fork(void)
{
    atomic_store(&closed, 0);
    handle = mhq_handle_new(&fs, NUMBER, 0);
    REQUIRE(mhq_handle_enter(handle));
    mhq_handle_forget_uses(handle);
    CHECK_INT(mhq_handle_descriptor(handle), NUMBER);
    mhq_handle_drop(handle);
    CHECK_INT(atomic_load(&closed), 1);

    atomic_store(&closed, 0);
    handle = mhq_handle_new(&fs, NUMBER, 0);
    REQUIRE(mhq_handle_enter(handle) && mhq_handle_enter(handle));
    CHECK_INT(mhq_handle_shut(handle), 0);
    CHECK_INT(atomic_load(&closed), 0);
    mhq_handle_forget_uses(handle);
    CHECK_INT(atomic_load(&closed), 1);
    mhq_handle_drop(handle);
    CHECK_INT(atomic_load(&closed), 1);
}

int main(void)
{
    calls = mhq_calls_real;
    calls.close = counted_close;
    REQUIRE(mhq_fs_init(&fs, &calls) == 0);
    used_while_it_is_closed();
    dropped_open();
    after_a_fork();
    mhq_fs_fini(&fs);
    return check_report("test_handle");
}
