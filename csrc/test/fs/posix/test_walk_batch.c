/* test/fs/posix/test_walk_batch.c - directory_walk: in batches of every size a tree comes whole, once and
 * parents first, whatever is renamed and removed beside it; every call fails once; stopped at every step.
 */
#include "fs/traversal.h"

#include "test/built_world.h"

static mhq_calls calls;
static mhq_fs fs;

/* ---- a walk ---- */

enum { MOST = 4000 };

typedef struct found {
    char *paths[MOST];
    char types[MOST];
    size_t count, batches;
    int error;
    mhq_run run; /* of the last batch: its error's path */
} found;

static void forget(found *f)
{
    for (size_t i = 0; i < f->count; i++)
        free(f->paths[i]);
    calls.release(f->run.buffer);
    memset(f, 0, sizeof *f);
}

static void unpack(found *f, const mhq_run *run, int stats)
{
    if (run->length == 0) /* then there need be no buffer */
        return;
    for (const char *at = run->buffer, *end = at + run->length; at < end;) {
        REQUIRE(f->count < MOST);
        f->types[f->count] = *at++;
        if (stats) {
            mhq_status status;
            memcpy(&status, at, sizeof status);
            CHECK(status.inode != 0 && status.links != 0);
            at += sizeof status;
        }
        f->paths[f->count++] = strdup(at);
        at += strlen(at) + 1;
    }
}

/* One batch; 1: there may be more. */
static int next(found *f, mhq_traversal *t, int64_t most, uint32_t options)
{
    mhq_numbers numbers = {.batch = most};
    mhq_op op = {.kind = MHQ_DIRECTORY_WALK, .path = mhq_traversal_path(t), .options = options,
                 .numbers = &numbers, .traversal = t};
    size_t descriptors = count_descriptors();
    f->run = (mhq_run){.error = 0};
    mhq_fs_run(&fs, &op, &f->run);
    f->error = f->run.error;
    f->batches++;
    CHECK_INT(count_descriptors(), descriptors);
    if (f->error) {
        CHECK(mhq_traversal_ended(t));
        return 0;
    }
    unpack(f, &f->run, (options & MHQ_STAT) != 0);
    fs.sys->release(f->run.buffer);
    f->run.buffer = NULL;
    return !mhq_traversal_ended(t);
}

/* A traversal's own memory is the scene's, too, so that what is lost of it is counted. */
static mhq_traversal *start(const char *top)
{
    mhq_traversal *t = mhq_traversal_new(top);
    REQUIRE(t != NULL);
    return t;
}

static void walk(found *f, const char *top, int64_t most, uint32_t options)
{
    mhq_traversal *t = start(top);
    forget(f);
    while (next(f, t, most, options)) {
    }
    CHECK(f->error || f->count <= (size_t)most * f->batches);
    mhq_traversal_free(t);
}

static long place(const found *f, const char *path)
{
    for (size_t i = 0; i < f->count; i++)
        if (strcmp(f->paths[i], path) == 0)
            return (long)i;
    return -1;
}

/* ---- what comes ---- */

static found whole, seen;

static int same(const found *a, const found *b)
{
    for (size_t i = 0; i < b->count; i++) {
        long at = place(a, b->paths[i]);
        if (at < 0 || a->types[at] != b->types[i])
            return 0;
    }
    return a->count == b->count;
}

static void test_batches(const char *large)
{
    static const int64_t sizes[] = {1, 2, 3, 5, 7, 1000};
    world_build(large);
    walk(&whole, ".", 100000, 0);
    CHECK_INT(whole.error, 0);
    CHECK_INT(whole.batches, 1);
    CHECK(place(&whole, "./tree/sub/deep/file") > place(&whole, "./tree/sub/deep"));
    CHECK(place(&whole, "./tree/sub/deep") > place(&whole, "./tree/sub"));
    CHECK(place(&whole, "./tree/link") >= 0 && whole.types[place(&whole, "./tree/link")] == 'l');
    CHECK(whole.types[place(&whole, "./fifo")] == 'o' && whole.types[place(&whole, "./d")] == 'd');
    CHECK(whole.types[place(&whole, "./to d")] == 'l' && place(&whole, "./chain/c/c/c/c/c/c/c/c/c/c/c") > 0);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (uint32_t options = 0; options < 2; options++) {
            walk(&seen, ".", sizes[i], options ? MHQ_STAT : 0);
            CHECK_INT(seen.error, 0);
            CHECK(same(&whole, &seen));
        }
    walk(&seen, "tree/", 2, 0);
    CHECK(place(&seen, "tree/sub") >= 0 && seen.count == 7);
    walk(&seen, "to d", 2, 0); /* the top is followed */
    CHECK_INT(seen.error, 0);
    CHECK_INT(seen.count, 0);
}

static void test_refusals(void)
{
    static const struct { const char *path; int error; } cases[] = {
        {"", ENOENT}, {"no", ENOENT}, {"file", ENOTDIR}, {"link", ENOENT}, {"fifo", ENOTDIR}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (uint32_t options = 0; options < 2; options++) {
            walk(&seen, cases[i].path, 10, options ? MHQ_CONTINUES : 0);
            CHECK_INT(seen.error, cases[i].error);
            CHECK_INT(seen.run.where, MHQ_AT_PATH);
        }
}

/* ---- beside others ---- */

/* After each number of batches of one: the directory goes, or becomes another one, or a link. */
static void test_removals(const char *large)
{
    enum { REMOVED, RENAMED, EXCHANGED, LINKED, KINDS };
    for (int kind = 0; kind < KINDS; kind++)
        for (size_t after = 1; after < whole.count; after++) {
            world_build(large);
            mhq_traversal *t = start(".");
            forget(&seen);
            while (seen.batches < after && next(&seen, t, 1, 0)) {
            }
            REQUIRE(rename("tree", "elsewhere") == 0);
            if (kind == EXCHANGED)
                REQUIRE(mkdir("tree", 0755) == 0 && mkdir("tree/sub", 0755) == 0
                        && mkdir("tree/sub/strange", 0755) == 0);
            if (kind == LINKED)
                REQUIRE(symlink("elsewhere", "tree") == 0);
            if (kind == REMOVED)
                CHECK_INT(scene_do(&fs, MHQ_DIRECTORY_DELETE, "elsewhere", NULL), 0);
            int inside = seen.count > 0 && strncmp(seen.paths[seen.count - 1], "./tree/", 7) == 0;
            while (next(&seen, t, 1, 0)) {
            }
            mhq_traversal_free(t);
            CHECK_INT(seen.error, 0);
            CHECK(!inside || place(&seen, "./tree/sub/strange") < 0);
            for (size_t i = 0; i < whole.count; i++) /* what was not touched is there */
                if (strncmp(whole.paths[i], "./tree", 6) != 0)
                    CHECK(place(&seen, whole.paths[i]) >= 0);
            for (size_t i = 0; i < seen.count; i++) /* nothing twice */
                CHECK_INT(place(&seen, seen.paths[i]), (long)i);
        }
    world_build(large);
}

static void test_another_top(void)
{
    REQUIRE(mkdir("top", 0755) == 0 && mkdir("top/a", 0755) == 0 && mkdir("top/b", 0755) == 0);
    mhq_traversal *t = start("top");
    forget(&seen);
    CHECK_INT(next(&seen, t, 1, 0), 1);
    REQUIRE(rename("top", "was") == 0 && mkdir("top", 0755) == 0);
    CHECK_INT(next(&seen, t, 1, 0), 0);
    CHECK_INT(seen.error, ESTALE);
    mhq_traversal_free(t);
    REQUIRE(rmdir("top") == 0 && rmdir("was/a") == 0 && rmdir("was/b") == 0 && rmdir("was") == 0);
}

/* ---- faults and steps ---- */

static struct {
    long at, count;
    uint64_t done;
} steps;

static int on_step(void *context, uint64_t done)
{
    (void)context;
    steps.done += done;
    return ++steps.count == steps.at ? ECANCELED : 0;
}

static void test_steps(void)
{
    fs.step = on_step;
    steps.at = steps.count = 0, steps.done = 0;
    walk(&seen, "tree", 3, 0);
    long count = steps.count;
    CHECK_INT(steps.done, seen.count);
    for (long at = 1; at <= count; at++) {
        steps.at = at, steps.count = 0;
        walk(&seen, "tree", 3, 0);
        CHECK_INT(seen.error, ECANCELED);
        CHECK_INT(seen.run.where, MHQ_AT_PATH);
    }
    fs.step = NULL;
}

/* Every call once. What was found before comes first. */
static void test_faults(void)
{
    static const int errors[] = {EIO, EACCES, EMFILE, ENOMEM};
    for (size_t e = 0; e < sizeof errors / sizeof *errors; e++)
        for (int memory = 0; memory < 2; memory++)
            for (uint32_t options = 0; options < 4; options++)
                for (long nth = 1;; nth++) {
                    long bytes = atomic_load(&scene_bytes);
                    fault_none();
                    fault.which = memory ? CALL_MEMORY : CALL_SYSTEM;
                    fault.nth = nth, fault.error = errors[e];
                    walk(&seen, "tree", 3, (options & 1 ? MHQ_STAT : 0)
                                               | (options & 2 ? MHQ_CONTINUES : 0));
                    int hit = fault.count >= nth;
                    fault.nth = 0;
                    if (seen.error)
                        CHECK_INT(seen.error, memory ? ENOMEM : errors[e]);
                    CHECK(hit || !seen.error);
                    CHECK(seen.error || seen.count == 7 || (hit && (options & 2) && !memory));
                    if (hit && !(options & 2) && fault.hit != CALL_close)
                        CHECK(seen.error);
                    forget(&seen);
                    CHECK_INT(atomic_load(&scene_bytes), bytes);
                    if (!hit)
                        break;
                    REQUIRE(nth < 1000);
                }
    fault_none();
}

static void test_unreadable(void)
{
    if (geteuid() == 0) {
        printf("test_walk_batch: directories without permission: skipped: root may read them\n");
        return;
    }
    REQUIRE(chmod("tree/sub", 0) == 0);
    walk(&seen, "tree", 100, MHQ_CONTINUES);
    CHECK_INT(seen.error, 0);
    CHECK(place(&seen, "tree/sub") >= 0 && place(&seen, "tree/sub/deep") < 0);
    walk(&seen, "tree", 100, 0);
    CHECK_INT(seen.error, EACCES);
    CHECK(strcmp(seen.run.buffer, "tree/sub") == 0 && place(&seen, "tree/file") >= 0);
    REQUIRE(chmod("tree/sub", 0755) == 0);
}

int main(void)
{
    const char *base = access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm" : "/tmp";
    char *large = pattern(WORLD_LARGE);
    (void)world_find_away, (void)world_look;
    calls = scene_calls();
    fault_none();
    scene_enter(base);
    REQUIRE(mhq_fs_init(&fs, &calls) == 0);
    test_batches(large);
    test_refusals();
    test_removals(large);
    test_another_top();
    test_steps();
    test_faults();
    test_unreadable();
    forget(&whole);
    forget(&seen);
    mhq_fs_fini(&fs);
    world_clear();
    scene_leave();
    free(large);
    return check_report("test_walk_batch");
}
