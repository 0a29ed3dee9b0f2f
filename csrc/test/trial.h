/* trial.h - for the tests in which calls fail: an operation goes through the engine, and its
 * outcome is recorded, printed where it is wrong, and compared with the files that were there
 * before.
 *
 * A test includes it after everything else. It must have a table of calls that fail, and define the
 * four functions that are declared here.
 */
#ifndef MHQ_TRIAL_H
#define MHQ_TRIAL_H

#include "sys/calls.h"
#include "mhq.h"
#include "test/rules.h"
#include "test/usual.h"

enum { TRIAL_PATH = 1024, TRIAL_LEFTS = 8 };

typedef struct outcome {
    int error, where;
    char named[TRIAL_PATH];             /* the path of the error */
    uint64_t digest;                    /* of the result */
    size_t length;
    int lefts;
    char left[TRIAL_LEFTS][TRIAL_PATH]; /* the reported leftovers */
} outcome;

static mhq_calls calls;
static mhq_engine *engine;
static const mhq_config trial_config = {.ring_size = 8, .buffer_bytes = 1 << 20, .head = 32,
                                        .tail = 1, .calls = &calls};
static unsigned long injected;

static char *large; /* what is written */
static size_t large_size;

static world before, done, now; /* done: without a fault; now: without what may be left */
static int changed;              /* since before */

/* The path that a name in a scenario stands for; records a path that came back; and turns a
 * recorded path into the form of a listing. */
static const char *trial_path(const char *name);
static void trial_keep(char *to, const char *path);
static void trial_list(char *to, const char *kept);
/* Prints the fault. */
static void trial_print(void);

static const char *const call_names[] = {
#define X(type, name, parameters, arguments) #name,
    MHQ_CALLS(X)
#undef X
    "thread_start",
};

/* ---- one operation through the engine ---- */

/* Of what is the same each time. */
static uint64_t digest_of(const mhq_op *op, const mhq_run *run)
{
    mhq_status status;
    switch (op->kind) {
    case MHQ_FILE_OPEN:
    case MHQ_DISK_USAGE:
        return 0;
    case MHQ_PATH_STAT:
        memcpy(&status, run->buffer, sizeof status);
        return status.mode + 65536 * (uint64_t)status.size;
    }
    return world_hash(run->buffer + (op->kind == MHQ_FILE_READ ? 32 : 0), run->length, 1);
}

static void fill(outcome *o, const mhq_op *op, const mhq_run *run)
{
    *o = (outcome){.error = run->error, .where = run->where};
    const char *named = run->where == MHQ_AT_PATH2 ? op->path2 : op->path;
    if (run->where == MHQ_AT_BUFFER || run->where == MHQ_AT_BUFFER2)
        named = run->buffer;
    trial_keep(o->named, named);
    if (!run->error && run->buffer)
        o->digest = digest_of(op, run);
    o->digest += run->exists;
    o->length = run->length;
}

static void take_leftovers(outcome *o)
{
    for (char *path; (path = mhq_take_leftover(engine)) != NULL; calls.release(path))
        if (CHECK(o->lefts < TRIAL_LEFTS))
            trial_keep(o->left[o->lefts++], path);
}

static mhq_op op_of(int kind, const char *path, const char *path2)
{
    static char room[1 << 19];
    mhq_op op = {.kind = (uint8_t)kind, .path = trial_path(path), .path2 = trial_path(path2),
                 .data = large, .size = large_size,
                 .options = usual_options(kind), .numbers = usual_numbers(kind)};
    REQUIRE(large_size <= sizeof room);
    if (kind == MHQ_FILE_READ_INTO)
        op.room = room;
    return op;
}

/* Submits, and takes what comes: exactly one completion. */
static outcome perform_op(const mhq_op *op)
{
    mhq_job job;
    outcome o;
    mhq_job_init(&job, op);
    REQUIRE(mhq_submit(engine, &job, 1, 0) == MHQ_ACCEPTED);
    mhq_run *run = mhq_collect(engine);
    REQUIRE(run == &job.run);
    CHECK(run->next == NULL && run->op == op);
    fill(&o, op, run);
    CHECK_INT(mhq_delivered(engine, run), 1);
    CHECK_INT(mhq_wait_done(engine, 0), 0); /* and nothing more */
    take_leftovers(&o);
    return o;
}

static outcome perform(int kind, const char *path, const char *path2)
{
    mhq_op op = op_of(kind, path, path2);
    return perform_op(&op);
}

/* ---- what is checked ---- */

static void complain(const scenario *s, const outcome *o, const char *what, const char *path)
{
    fprintf(stderr, "    %s: %s\n      %s '%s' '%s' ", what, path ? path : "", mhq_op_names[s->kind],
            s->path, s->path2 ? s->path2 : "");
    trial_print();
    fprintf(stderr, "; the answer was %d (%x) at %d '%s'\n", o->error, (unsigned)o->error, o->where,
            o->named);
    for (int i = 0; i < o->lefts; i++)
        fprintf(stderr, "      reported: %s\n", o->left[i]);
}

#define HOLDS(condition, what, path)         \
    do {                                     \
        if (!CHECK(condition))               \
            complain(s, o, what, path);      \
    } while (0)

/* Forgets a leftover, and the directories that were made above it. */
static void forget_made(const char *path)
{
    char shown[TRIAL_PATH];
    world_text(shown, sizeof shown, path);
    for (char *end = shown + strlen(shown); end; end = strrchr(shown, '/')) {
        *end = 0;
        if (!world_find(&before, shown))
            world_forget(&now, shown);
    }
}

/* What was reported as a leftover may be left. Where there is no memory at all nothing can be
 * reported: then a temporary is known by its name. */
static void forget_reported(const outcome *o, int without_memory)
{
    char shown[TRIAL_PATH];
    for (int i = 0; i < o->lefts; i++) {
        trial_list(shown, o->left[i]);
        forget_made(shown);
    }
    for (size_t i = now.count; i-- > 0 && without_memory;)
        if (i < now.count && strstr(now.things[i].path, ".mhddq-"))
            forget_made(now.things[i].path);
}

#endif
