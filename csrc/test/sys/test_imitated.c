/* test/sys/test_imitated.c - the parts of the macOS side that need no macOS to run: directory entries from one
 * form to the other, and futexes made of mutexes and condition variables. They are built only on
 * macOS otherwise, so their sources are included here. */
#include <errno.h>
#include <sys/wait.h>
#include <time.h>

#include <pthread.h>

/* macOS has it. */
static int pthread_cond_timedwait_relative_np(pthread_cond_t *changed, pthread_mutex_t *mutex,
                                              const struct timespec *time)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += time->tv_sec + (until.tv_nsec + time->tv_nsec) / 1000000000;
    until.tv_nsec = (until.tv_nsec + time->tv_nsec) % 1000000000;
    return pthread_cond_timedwait(changed, mutex, &until);
}

#include "sys/entries_macos.c"
#include "sys/waiters_macos.c"

#include "test/check.h"
#include "test/race.h"

/* ---- entries ---- */

typedef struct made {
    char bytes[4096];
    size_t n;
} made;

static void add(made *m, const void *from, size_t n)
{
    memcpy(m->bytes + m->n, from, n);
    m->n += n;
}

static void add_number(made *m, uint32_t value)
{
    add(m, &value, sizeof value);
}

enum { USUAL = MHQ_ENTRY_NAME | MHQ_ENTRY_TYPE | MHQ_ENTRY_ID };

/* A record as the system makes it; `odd` bytes lie between the fields and the name. */
static void add_record(made *m, uint32_t fields, const char *name, uint32_t type, uint64_t id,
                       uint32_t odd)
{
    size_t start = m->n;
    add_number(m, 0);
    add_number(m, fields | MHQ_ENTRY_RETURNED);
    for (int i = 0; i < 4; i++)
        add_number(m, 0);
    if (fields & MHQ_ENTRY_ERROR)
        add_number(m, EACCES);
    size_t reference = m->n;
    if (fields & MHQ_ENTRY_NAME)
        add_number(m, 0), add_number(m, (uint32_t)strlen(name) + 1);
    if (fields & MHQ_ENTRY_TYPE)
        add_number(m, type);
    if (fields & MHQ_ENTRY_ID)
        add(m, &id, sizeof id);
    m->n += odd;
    uint32_t offset = (uint32_t)(m->n - reference);
    memcpy(m->bytes + reference, &offset, sizeof offset);
    add(m, name, strlen(name) + 1);
    m->n = (m->n + 3) / 4 * 4;
    uint32_t length = (uint32_t)(m->n - start);
    memcpy(m->bytes + start, &length, sizeof length);
}

typedef struct read_entry {
    uint64_t id;
    int type;
    const char *name;
} read_entry;

static size_t parse(const char *buffer, size_t n, read_entry *entries)
{
    size_t count = 0;
    for (size_t at = 0; at < n; count++) {
        uint16_t length;
        memcpy(&length, buffer + at + TO_LENGTH, sizeof length);
        memcpy(&entries[count].id, buffer + at, sizeof entries[count].id);
        entries[count].type = buffer[at + TO_TYPE];
        entries[count].name = buffer + at + TO_NAME;
        REQUIRE(length > TO_NAME && at + length <= n);
        at += length;
    }
    return count;
}

static void test_entries(void)
{
    static const unsigned char types[] = {0, 8, 4, 6, 2, 10, 12, 1, 0};
    char long_name[256];
    memset(long_name, 'n', 255), long_name[255] = 0;
    made m = {.n = 0};
    for (uint32_t t = 0; t < 9; t++)
        add_record(&m, USUAL, t % 2 ? "n" : long_name, t, 0x123456789abcdef0u + t, t % 3 * 4);
    add_record(&m, MHQ_ENTRY_ERROR | MHQ_ENTRY_NAME, "unreadable", 0, 0, 0);
    read_entry e[16];
    size_t n = mhq_entries(m.bytes, m.n, 10);
    CHECK(n > 0 && n <= m.n);
    REQUIRE(parse(m.bytes, n, e) == 10);
    for (uint32_t t = 0; t < 9; t++) {
        CHECK_TEXT(e[t].name, t % 2 ? "n" : long_name);
        CHECK_INT(e[t].type, types[t]);
        CHECK(e[t].id == 0x123456789abcdef0u + t);
    }
    CHECK_TEXT(e[9].name, "unreadable");
    CHECK_INT(e[9].type, 0);
}

/* Whatever comes, nothing is read or written beyond the buffer: AddressSanitizer watches. */
static void test_broken_entries(void)
{
    made whole = {.n = 0};
    add_record(&whole, USUAL, "some name", 1, 5, 4);
    for (size_t at = 0; at < whole.n; at++)
        for (int value = 0; value < 256; value += 5) {
            char *copy = malloc(whole.n);
            REQUIRE(copy != NULL);
            memcpy(copy, whole.bytes, whole.n);
            copy[at] = (char)value;
            size_t n = mhq_entries(copy, whole.n, 1);
            CHECK(n <= whole.n && (n == 0 || memchr(copy + TO_NAME, 0, n - TO_NAME)));
            free(copy);
        }
    made nameless = {.n = 0};
    add_record(&nameless, USUAL, "", 1, 5, 0);
    CHECK_INT(mhq_entries(nameless.bytes, nameless.n, 1), 0);
    CHECK_INT(mhq_entries(whole.bytes, whole.n, 2), 0);
    CHECK_INT(mhq_entries(whole.bytes, 3, 1), 0);
}

/* ---- waiters ---- */

enum { TURNS = 20000 };

static _Atomic uint32_t ball;

/* Two threads play with one ball: each waits until it has it, and passes it. A lost wake-up hangs. */
static void *play(void *side)
{
    uint32_t mine = side ? 1 : 0;
    for (uint32_t turn = 0; turn < TURNS; turn++) {
        uint32_t now;
        while ((now = mhq_load_sc(&ball)) % 2 != mine)
            mhq_waiters_wait(&ball, now, -1);
        mhq_store_sc(&ball, now + 1);
        mhq_waiters_wake(&ball);
    }
    return NULL;
}

static void test_ball(void)
{
    race_deadline(240, "ball");
    pthread_t other = race_start(play, &ball);
    play(NULL);
    race_join(other);
    CHECK_INT(mhq_load_sc(&ball), 2 * TURNS);
}

static _Atomic uint32_t gate;
static _Atomic uint32_t through;

static void *go_through(void *unused)
{
    while (mhq_load_sc(&gate) == 0)
        mhq_waiters_wait(&gate, 0, -1);
    mhq_add_sc(&through, 1);
    return unused;
}

static void test_many(void)
{
    pthread_t threads[8];
    race_deadline(240, "many");
    for (int i = 0; i < 8; i++)
        threads[i] = race_start(go_through, NULL);
    mhq_store_sc(&gate, 1);
    mhq_waiters_wake(&gate);
    for (int i = 0; i < 8; i++)
        race_join(threads[i]);
    CHECK_INT(mhq_load_sc(&through), 8);
}

static void test_times(void)
{
    _Atomic uint32_t word = 1;
    race_deadline(240, "times");
    CHECK_INT(mhq_waiters_wait(&word, 0, -1), EAGAIN);
    CHECK_INT(mhq_waiters_wait(&word, 0, 0), EAGAIN);
    CHECK_INT(mhq_waiters_wait(&word, 1, 1000000), ETIMEDOUT);
    CHECK_INT(mhq_waiters_wait(&word, 1, 0), ETIMEDOUT);
}

static atomic_int stop;

static void *hammer(void *word)
{
    while (!stop)
        mhq_waiters_wake(word);
    return NULL;
}

/* A child forked while others hold the mutexes can wait and wake. */
static void test_fork(void)
{
    _Atomic uint32_t word = 0;
    pthread_t threads[2];
    race_deadline(240, "fork");
    for (int i = 0; i < 2; i++)
        threads[i] = race_start(hammer, (void *)&word);
    for (int i = 0; i < 200; i++) {
        int status;
        fflush(NULL);
        pid_t child = fork();
        REQUIRE(child >= 0);
        if (child == 0) {
            alarm(60);
            mhq_waiters_wake(&word);
            _exit(mhq_waiters_wait(&word, 0, 0) == ETIMEDOUT ? 0 : 1);
        }
        REQUIRE(waitpid(child, &status, 0) == child);
        if (!CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0))
            break;
    }
    stop = 1;
    for (int i = 0; i < 2; i++)
        race_join(threads[i]);
}

int main(void)
{
    test_entries();
    test_broken_entries();
    test_ball();
    test_many();
    test_times();
    test_fork();
    return check_report("test_imitated");
}
