/* test/fs/posix/test_swaps.c - another thread exchanges directories, files and links in the very
 * tree that root works on: nothing outside of it is touched, nor even opened.
 *
 * The canaries outside are watched by the kernel (inotify): opening, reading or changing them leaves
 * an event. MHQ_SWAPS: exchanges to be made while each kind of operation runs; by default
 * 1,000, and 10 for the move that is a mere rename, in whose time few fit.
 */
#include "fs/traversal.h"
#include "test/tree_fixture.h"

#include <pthread.h>
#include <sys/inotify.h>

/* Pairs that are exchanged all the time, each a thing and a link to its canary. */
static const char *const pairs[][2] = {
    {"tree/a", "tree/b"},
    {"tree/sub/1", "tree/sub/a"},
    {"tree/sub/2", "tree/sub/b"},
    {"tree/sub/3", "tree/sub/c"},
    {"tree/sub/4", "tree/sub/d"},
    {"tree", "decoy"},
};
enum { PAIRS = sizeof pairs / sizeof *pairs, INSIDE = PAIRS - 1 };

static struct {
    atomic_int stop, running;
    atomic_ulong swaps; /* while an operation was running */
    size_t pairs;
} swapper;

static void *swap(void *unused)
{
    for (size_t i = 0; !atomic_load(&swapper.stop); i++) {
        const char *const *pair = pairs[i % swapper.pairs];
        int before = atomic_load(&swapper.running);
        if (mhq_calls_real.renameat2(AT_FDCWD, pair[0], AT_FDCWD, pair[1], 2) == 0
            && before && atomic_load(&swapper.running))
            atomic_fetch_add(&swapper.swaps, 1);
    }
    return unused;
}

/* Where the swapper does not come, which else would lead the making into the canary. */
static void make_swapped(void)
{
    make_directory("new");
    CHECK(symlink("../canary", "new/b") == 0);
    make_directory("new/a");
    make_directory("new/a/sub");
    put_text("new/a/sub/file", "");
    put_text("new/a/file", "");
    make_directory("new/sub");
    for (size_t i = 1; i < INSIDE; i++) {
        char path[32];
        snprintf(path, sizeof path, "new%s", pairs[i][0] + strlen("tree"));
        put_text(path, "");
        snprintf(path, sizeof path, "new%s", pairs[i][1] + strlen("tree"));
        CHECK(symlink("../../canary/file", path) == 0);
    }
    CHECK(rename("new", "tree") == 0);
}

static void make_canary(void)
{
    make_directory("canary");
    make_directory("canary/sub");
    put_text("canary/file", "alive");
    put_text("canary/sub/file", "alive");
}

static int watch_canary(void)
{
    static const char *const names[] = {"canary", "canary/sub", "canary/file", "canary/sub/file"};
    int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    REQUIRE(fd >= 0);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        REQUIRE(inotify_add_watch(fd, names[i], IN_ALL_EVENTS | IN_DONT_FOLLOW) >= 0);
    return fd;
}

static int was_touched(int fd)
{
    char events[4096] __attribute__((aligned(8)));
    ssize_t n = read(fd, events, sizeof events);
    if (n <= 0)
        return 0;
    const struct inotify_event *event = (const void *)events;
    fprintf(stderr, "    the canary: %x %s\n", event->mask, event->len ? event->name : "");
    return 1;
}

/* The swapper may have left the link under the tree's name, too. */
static void remove_tree(void)
{
    struct stat st;
    for (int tries = 0; tries < 10000 && lstat("tree", &st) == 0; tries++)
        operate(MHQ_DIRECTORY_DELETE, "tree", NULL);
    REQUIRE(!there("tree"));
}

static void put_back(const char *name)
{
    struct stat st;
    if (lstat(name, &st) == 0 && S_ISDIR(st.st_mode))
        CHECK_INT(operate(MHQ_DIRECTORY_DELETE, name, NULL).error, 0);
}

/* A batch for each entry, so that the way down is opened again as often. */
static int walk_through(const char *top)
{
    mhq_fs fs;
    mhq_numbers numbers = {.batch = 1};
    mhq_traversal *t = mhq_traversal_new(top);
    mhq_op op = {.kind = MHQ_DIRECTORY_WALK, .path = top, .numbers = &numbers, .traversal = t,
                 .options = MHQ_STAT};
    int error = 0;
    REQUIRE(t != NULL && mhq_fs_init(&fs, NULL) == 0);
    while (!error && !mhq_traversal_ended(t)) {
        mhq_run run = {.error = 0};
        mhq_fs_run(&fs, &op, &run);
        error = run.error;
        free(run.buffer);
    }
    mhq_traversal_free(t);
    mhq_fs_fini(&fs);
    return error == 0;
}

/* One operation on a fresh tree, and all that is left of it removed. Whether it succeeded. */
static int operated(int kind, const char *target, size_t swapped_pairs)
{
    make_swapped();
    if (swapped_pairs == PAIRS)
        CHECK(symlink("canary", "decoy") == 0);
    atomic_store(&swapper.running, 1);
    int succeeded = kind == MHQ_DIRECTORY_WALK ? walk_through("tree")
                                               : operate(kind, "tree", target).error == 0;
    atomic_store(&swapper.running, 0);
    if (swapped_pairs == PAIRS) /* whichever name the link has by now, it goes */
        while (unlink("decoy") != 0 && unlink("tree") != 0)
            REQUIRE(errno == EISDIR);
    put_back("decoy");
    remove_tree();
    put_back(target);
    return succeeded;
}

static void swapped(int kind, const char *target, size_t swapped_pairs, unsigned long rounds)
{
    unsigned long done = 0, tried = 0;
    pthread_t thread;
    make_canary();
    int watch = watch_canary();
    memset(&swapper, 0, sizeof swapper);
    swapper.pairs = swapped_pairs;
    REQUIRE(pthread_create(&thread, NULL, swap, NULL) == 0);
    for (; tried < 50 || atomic_load(&swapper.swaps) < rounds; tried++) {
        done += (unsigned long)operated(kind, target, swapped_pairs);
        if (!CHECK(!was_touched(watch)))
            break;
    }
    atomic_store(&swapper.stop, 1);
    pthread_join(thread, NULL);
    /* How many succeed is the machine's to say; without a swapper each does. */
    CHECK(operated(kind, target, swapped_pairs));
    CHECK(!was_touched(watch));
    close(watch);
    CHECK_INT(count_temporaries("."), 0);
    CHECK(holds_text("canary/file", "alive") && holds_text("canary/sub/file", "alive"));
    CHECK_INT(operate(MHQ_DIRECTORY_DELETE, "canary", NULL).error, 0);
    printf("swaps: %lu during %lu operations, %lu of which succeeded\n",
           atomic_load(&swapper.swaps), tried, done);
    fflush(stdout);
}

int main(void)
{
    const char *text = getenv("MHQ_SWAPS");
    unsigned long rounds = text ? strtoul(text, NULL, 10) : 1000;
    enter_home();
    printf("delete: ");
    swapped(MHQ_DIRECTORY_DELETE, "none", INSIDE, rounds);
    printf("delete, the top too: ");
    swapped(MHQ_DIRECTORY_DELETE, "none", PAIRS, rounds);
    printf("walk: ");
    swapped(MHQ_DIRECTORY_WALK, "none", INSIDE, rounds);
    printf("copy: ");
    swapped(MHQ_DIRECTORY_COPY, "copy", INSIDE, rounds);
    printf("move: ");
    swapped(MHQ_DIRECTORY_MOVE, "moved", INSIDE, text ? rounds : 10);
    if (!find_away()) {
        printf("moves across file systems: skipped: there is only one\n");
    } else {
        printf("move across: ");
        swapped(MHQ_DIRECTORY_MOVE, in("moved"), INSIDE, rounds);
        printf("move across, the top too: ");
        swapped(MHQ_DIRECTORY_MOVE, in("moved"), PAIRS, rounds);
        CHECK(rmdir(away) == 0);
    }
    leave_home();
    return check_report("test_swaps");
}
