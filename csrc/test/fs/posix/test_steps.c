/* test/fs/posix/test_steps.c - stopped at every step of every operation: there is one outcome,
 * nothing is half made, nothing is left, and the next operation runs.
 *
 * Each operation runs once without a stop, where its steps and what they report are counted; then
 * it is stopped at each of them in turn.
 */
#include "test/built_world.h"
#include "test/rules.h"

static mhq_calls calls;
static mhq_fs fs;
static char *large;

/* ---- what is tried ---- */

enum { RUNS_TO_ITS_END = -1 };

typedef struct step_case {
    scenario s;
    int64_t bytes; /* what is reported in all; -1: not compared */
    int64_t total; /* -1: none is reported */
} step_case;

/* Copies over what is there: with MHQ_REPLACE. */
static const step_case replacing[] = {
    {{MHQ_FILE_COPY, "large", "taken", AS_BEFORE, 0}, WORLD_LARGE, WORLD_LARGE},
    {{MHQ_FILE_COPY, "large", "link", AS_BEFORE, 0}, WORLD_LARGE, WORLD_LARGE},
    {{MHQ_FILE_COPY, "sparse", "@taken", AS_BEFORE, 0}, WORLD_SPARSE, WORLD_SPARSE},
};

static const step_case cases[] = {
    {{MHQ_FILE_READ, "large", NULL, AS_BEFORE, 0}, WORLD_LARGE, WORLD_LARGE},
    {{MHQ_FILE_READ, "file", NULL, AS_BEFORE, 0}, 100, 100},
    {{MHQ_FILE_READ, "/proc/self/status", NULL, AS_BEFORE, 0}, -1, 0},
    {{MHQ_FILE_WRITE, "new", NULL, ANY_TARGET, RUNS_TO_ITS_END}, WORLD_LARGE, WORLD_LARGE},
    {{MHQ_FILE_WRITE, "taken", NULL, ANY_TARGET, RUNS_TO_ITS_END}, WORLD_LARGE, WORLD_LARGE},
    {{MHQ_FILE_REPLACE, "new", NULL, AS_BEFORE, 0}, WORLD_LARGE, WORLD_LARGE},
    {{MHQ_FILE_REPLACE, "file", NULL, AS_BEFORE, 0}, WORLD_LARGE, WORLD_LARGE},
    {{MHQ_FILE_REPLACE, "link", NULL, AS_BEFORE, 0}, WORLD_LARGE, WORLD_LARGE},
    {{MHQ_FILE_APPEND, "new", NULL, ANY_TARGET, RUNS_TO_ITS_END}, WORLD_LARGE, WORLD_LARGE},
    {{MHQ_FILE_APPEND, "taken", NULL, ANY_TARGET, RUNS_TO_ITS_END}, WORLD_LARGE, WORLD_LARGE},
    {{MHQ_FILE_READ_INTO, "large", NULL, AS_BEFORE, RUNS_TO_ITS_END}, WORLD_LARGE, WORLD_LARGE},
    {{MHQ_FILE_COPY, "large", "new", AS_BEFORE, 0}, WORLD_LARGE, WORLD_LARGE},
    {{MHQ_FILE_COPY, "sparse", "@new", AS_BEFORE, 0}, WORLD_SPARSE, WORLD_SPARSE},
    {{MHQ_FILE_COPY, "file", "new", AS_BEFORE, 0}, 100, 100},
    {{MHQ_FILE_MOVE, "large", "new", AS_BEFORE, 0}, 0, -1},
    {{MHQ_FILE_MOVE, "large", "@new", AS_BEFORE, 0}, WORLD_LARGE, WORLD_LARGE},
    {{MHQ_FILE_MOVE, "large", "@taken", AS_BEFORE, 0}, WORLD_LARGE, WORLD_LARGE},
    {{MHQ_FILE_MOVE, "sparse", "@d", AS_BEFORE, 0}, WORLD_SPARSE, WORLD_SPARSE},
    {{MHQ_DIRECTORY_CONTENTS, "tree", NULL, AS_BEFORE, 0}, 0, -1},
    {{MHQ_DIRECTORY_DELETE, "tree", NULL, LESS, 0}, 8, -1},
    {{MHQ_DIRECTORY_DELETE, "chain", NULL, LESS, 0}, 12, -1},
    {{MHQ_DIRECTORY_MOVE, "tree", "new", AS_BEFORE, 0}, 0, -1},
    {{MHQ_DIRECTORY_MOVE, "tree", "@new", AS_BEFORE, 0}, 5004, 5004},
    {{MHQ_DIRECTORY_MOVE, "tree", "@p/q/new", AS_BEFORE, 0}, 5004, 5004},
    {{MHQ_DIRECTORY_MOVE, "chain", "@d", AS_BEFORE, 0}, 3, 3},
    {{MHQ_DIRECTORY_COPY, "tree", "new", AS_BEFORE, 0}, 5004, 5004},
    {{MHQ_DIRECTORY_COPY, "tree", "p/q/new", AS_BEFORE, 0}, 5004, 5004},
    {{MHQ_DIRECTORY_COPY, "chain", "@new", AS_BEFORE, 0}, 3, 3},
};

static const unsigned systems[] = {
    0,
    LACK_TMPFILE | LACK_NOREPLACE,
    LACK_TMPFILE | LACK_NOREPLACE | LACK_LINK | LACK_COPY_RANGE | LACK_CLONE,
    LACK_COPY_RANGE | LACK_HOLES | LACK_CLONE,
};

/* ---- steps ---- */

static struct {
    long stop;     /* at this step, from 1; 0: never */
    long count;
    int goes_on;   /* this operation runs to its end whatever a step returns */
    uint64_t done;
    int64_t total;
} steps;

static int on_step(void *context, uint64_t done)
{
    CHECK(context == &steps);
    CHECK(!steps.stop || steps.count < steps.stop || steps.goes_on); /* none while it is undone */
    steps.done += done;
    return ++steps.count == steps.stop ? ECANCELED : 0;
}

static void on_total(void *context, uint64_t total)
{
    CHECK(context == &steps && steps.total < 0);
    steps.total = (int64_t)total;
}

static int lefts;
static void on_leftover(void *context, const char *path)
{
    (void)context;
    fprintf(stderr, "    leftover: %s\n", path);
    lefts++;
}

static uint32_t options; /* beside the usual ones */

static mhq_run run_stopped(const step_case *c, long stop)
{
    memset(&steps, 0, sizeof steps);
    steps.stop = stop, steps.total = -1, steps.goes_on = c->s.refusal == RUNS_TO_ITS_END;
    mhq_run run = scene_run_with(&fs, c->s.kind, world_path(c->s.path), world_path(c->s.path2), large,
                                 WORLD_LARGE, options);
    fs.sys->release(run.buffer);
    run.buffer = NULL;
    return run;
}

/* ---- each in turn ---- */

static world before, done, now;

static void build(void)
{
    static world again;
    world_build(large);
    world_look(&again);
    REQUIRE(before.count == 0 || world_differs(&again, &before) == NULL);
}

static void complain(const step_case *c, const char *what, const char *path)
{
    fprintf(stderr, "    operation %d '%s' '%s', stopped at step %ld: %s %s\n", c->s.kind, c->s.path,
            c->s.path2 ? c->s.path2 : "", steps.stop, what, path ? path : "");
}

static void check_stopped(const step_case *c, const mhq_run *run)
{
    const char *path;
    world_look(&now);
    if (c->s.refusal == RUNS_TO_ITS_END) {
        path = world_differs(&now, &done);
        if (!CHECK_INT(run->error, 0) || !CHECK(path == NULL))
            complain(c, "is not done", path);
        return;
    }
    path = rule_broken(&c->s, &before, &done, &now);
    if (!CHECK_INT(run->error, ECANCELED) || !CHECK_INT(run->where, MHQ_AT_PATH)
        || !CHECK(path == NULL))
        complain(c, "is not as it was", path);
}

static void stop_everywhere(const step_case *c, unsigned lacks)
{
    fault_lacking(lacks);
    mhq_run run = run_stopped(c, 0);
    long count = steps.count;
    if (!CHECK_INT(run.error, 0) || !CHECK(c->bytes < 0 || (int64_t)steps.done == c->bytes)
        || !CHECK_INT(steps.total, c->total))
        complain(c, "reported", "");
    CHECK(count > 0 || c->bytes == 0);
    world_look(&done);
    build();
    for (long stop = 1; stop <= count; stop++) {
        size_t descriptors = count_descriptors();
        long bytes = atomic_load(&scene_bytes);
        run = run_stopped(c, stop);
        CHECK(steps.count >= stop);
        CHECK_INT(count_descriptors(), descriptors);
        CHECK_INT(atomic_load(&scene_bytes), bytes);
        check_stopped(c, &run);
        build();
        CHECK_INT(scene_do(&fs, MHQ_FILE_EXISTS, "file", NULL), 0);
    }
}

static void stop_each(const step_case *these, size_t count, unsigned lacks)
{
    for (size_t i = 0; i < count; i++)
        if (world_away[0] || !these[i].s.path2 || these[i].s.path2[0] != '@')
            stop_everywhere(&these[i], lacks);
}

int main(void)
{
    const char *base = access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm" : "/tmp";
    calls = scene_calls();
    fault_none();
    scene_enter(base);
    if (!world_find_away())
        printf("test_steps: moves and copies across file systems: skipped: there is only one\n");
    large = pattern(WORLD_LARGE);
    REQUIRE(mhq_fs_init(&fs, &calls) == 0);
    fs.step = on_step, fs.total = on_total, fs.measure = 1, fs.context = &steps;
    fs.report_leftover = on_leftover;
    fs.slice = 8192;
    build();
    world_look(&before);
    for (size_t y = 0; y < sizeof systems / sizeof *systems; y++) {
        options = 0;
        stop_each(cases, sizeof cases / sizeof *cases, systems[y]);
        options = MHQ_REPLACE;
        stop_each(replacing, sizeof replacing / sizeof *replacing, systems[y]);
    }
    CHECK_INT(lefts, 0);
    mhq_fs_fini(&fs);
    world_clear();
    (void)umount(world_away);
    CHECK(!world_away[0] || rmdir(world_away) == 0);
    scene_leave();
    free(large);
    return check_report("test_steps");
}
