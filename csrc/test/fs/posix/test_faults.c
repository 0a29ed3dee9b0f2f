/* test/fs/posix/test_faults.c - every system call and every allocation of an operation fails once.
 *
 * Each operation, in each of its ways, runs through the engine while the Nth call fails: once, or
 * it and all later ones; N counts up until a run meets no failure. After each run: one completion
 * came, its error is the injected one (or what the fault stands for) and names the right path,
 * no descriptor and no byte is lost, what is there is what was there or what should be there, and
 * an operation that follows works.
 *
 *   MHQ_LONG=1 test_faults     all errors in all ways; else a selection of them
 */
#include "fs/handle.h"
#include "fs/posix/commit.h"

#include "test/built_world.h"
#include "test/race.h"

#include <sys/mount.h>

#include "test/trial.h"

static size_t thorough;

/* ---- what is tried --------------------------------------------------------------------------- */

static const scenario scenarios[] = {
    {MHQ_FILE_EXISTS, "file", NULL, AS_BEFORE, 0},
    {MHQ_FILE_CREATE, "new", NULL, OR_DONE, 0},
    {MHQ_FILE_CREATE, "taken", NULL, AS_BEFORE, EEXIST},
    {MHQ_FILE_DELETE, "file", NULL, AS_BEFORE, 0},
    {MHQ_FILE_DELETE, "tree", NULL, AS_BEFORE, EISDIR},
    {MHQ_FILE_RENAME, "file", "new", AS_BEFORE, 0},
    {MHQ_FILE_RENAME, "file", "taken", AS_BEFORE, 0},
    {MHQ_FILE_MOVE, "file", "taken", AS_BEFORE, 0},
    {MHQ_FILE_MOVE, "file", "d", AS_BEFORE, 0},
    {MHQ_FILE_MOVE, "file", "@new", MOVING, 0},
    {MHQ_FILE_MOVE, "large", "@taken", MOVING, 0},
    {MHQ_FILE_MOVE, "sparse", "@d", MOVING, 0},
    {MHQ_FILE_MOVE, "link", "@new", MOVING, 0},
    {MHQ_FILE_MOVE, "fifo", "@d", MOVING, 0},
    {MHQ_FILE_COPY, "file", "new", AS_BEFORE, 0},
    {MHQ_FILE_COPY, "file", "taken", AS_BEFORE, EEXIST},
    {MHQ_FILE_COPY, "large", "d/new", AS_BEFORE, 0},
    {MHQ_FILE_COPY, "sparse", "@new", AS_BEFORE, 0},
    {MHQ_FILE_READ, "file", NULL, AS_BEFORE, 0},
    {MHQ_FILE_READ, "large", NULL, AS_BEFORE, 0},
    {MHQ_FILE_READ, "/proc/version", NULL, AS_BEFORE, 0},
    {MHQ_FILE_WRITE, "new", NULL, ANY_TARGET, 0},
    {MHQ_FILE_WRITE, "taken", NULL, ANY_TARGET, 0},
    {MHQ_FILE_REPLACE, "new", NULL, OR_DONE, 0},
    {MHQ_FILE_REPLACE, "file", NULL, OR_DONE, 0},
    {MHQ_FILE_REPLACE, "link", NULL, OR_DONE, 0},
    {MHQ_FILE_REPLACE, "fifo", NULL, AS_BEFORE, MHQ_ENOTREGULAR},
    {MHQ_DIRECTORY_EXISTS, "tree", NULL, AS_BEFORE, 0},
    {MHQ_DIRECTORY_CREATE, "new", NULL, AS_BEFORE, 0},
    {MHQ_PATH_EXISTS, "file", NULL, AS_BEFORE, 0},
    {MHQ_FILE_APPEND, "new", NULL, ANY_TARGET, 0},
    {MHQ_FILE_APPEND, "taken", NULL, ANY_TARGET, 0},
    {MHQ_FILE_TRUNCATE, "file", NULL, AS_BEFORE, 0},
    {MHQ_FILE_SYNC, "file", NULL, AS_BEFORE, 0},
    {MHQ_DIRECTORY_SYNC, "tree", NULL, AS_BEFORE, 0},
    {MHQ_PATH_RENAME, "file", "new", AS_BEFORE, 0},
    {MHQ_LINK_CREATE, "file", "new", AS_BEFORE, 0},
    {MHQ_PATH_STAT, "file", NULL, AS_BEFORE, 0},
    {MHQ_LINK_READ, "link", NULL, AS_BEFORE, 0},
    {MHQ_DISK_USAGE, "tree", NULL, AS_BEFORE, 0},
    {MHQ_PATH_CHMOD, "file", NULL, OR_DONE, 0},
    {MHQ_PATH_UTIME, "file", NULL, OR_DONE, 0},
    {MHQ_FILE_READ_INTO, "large", NULL, AS_BEFORE, 0},
    {MHQ_FILE_OPEN, "file", NULL, AS_BEFORE, 0},
    {MHQ_FILE_OPEN, "fifo", NULL, AS_BEFORE, MHQ_ENOTREGULAR},
    {MHQ_DIRECTORY_DELETE, "tree", NULL, LESS, 0},
    {MHQ_DIRECTORY_DELETE, "chain", NULL, LESS, 0},
    {MHQ_DIRECTORY_CONTENTS, "tree", NULL, AS_BEFORE, 0},
    {MHQ_DIRECTORY_RENAME, "tree", "new", AS_BEFORE, 0},
    {MHQ_DIRECTORY_RENAME, "tree", "chain", AS_BEFORE, EEXIST},
    {MHQ_DIRECTORY_RENAME, "to d/", "to d", AS_BEFORE, ENOTDIR},
    {MHQ_DIRECTORY_MOVE, "tree", "new", AS_BEFORE, 0},
    {MHQ_DIRECTORY_MOVE, "tree", "d", AS_BEFORE, 0},
    {MHQ_DIRECTORY_MOVE, "tree", "@new", MOVING, 0},
    {MHQ_DIRECTORY_MOVE, "chain", "@d", MOVING, 0},
    {MHQ_DIRECTORY_COPY, "tree", "new", AS_BEFORE, 0},
    {MHQ_DIRECTORY_COPY, "tree", "p/q/new", AS_BEFORE, 0},
    {MHQ_DIRECTORY_COPY, "chain", "@new", AS_BEFORE, 0},
};
enum { SCENARIOS = sizeof scenarios / sizeof *scenarios };

/* What is given more than a path. */
typedef struct given {
    scenario s;
    uint32_t options; /* those that are not as usual */
    int handle;       /* the file opened, in the path's place */
} given;

static const given unusual[] = {
    {{MHQ_PATH_RENAME, "file", "taken", AS_BEFORE, EEXIST}, MHQ_REPLACE, 0},
    {{MHQ_LINK_CREATE, "file", "new", OR_DONE, 0}, MHQ_HARD, 0},
    {{MHQ_FILE_COPY, "file", "taken", OR_DONE, 0}, MHQ_REPLACE, 0},
    {{MHQ_DIRECTORY_CREATE, "p/q/new", NULL, MORE, 0}, MHQ_PARENTS, 0},
    {{MHQ_DIRECTORY_CREATE, "tree", NULL, AS_BEFORE, 0}, MHQ_EXIST_OK, 0},
    {{MHQ_DIRECTORY_DELETE, "d", NULL, OR_DONE, 0}, MHQ_RECURSIVE, 0},
    {{MHQ_PATH_STAT, "file", NULL, AS_BEFORE, 0}, 0, 1},
    {{MHQ_PATH_CHMOD, "file", NULL, OR_DONE, 0}, 0, 1},
    {{MHQ_PATH_UTIME, "link", NULL, OR_DONE, 0}, MHQ_FOLLOW_SYMLINKS, 0},
    {{MHQ_PATH_UTIME, "file", NULL, OR_DONE, 0}, 0, 1},
    {{MHQ_FILE_READ_INTO, "large", NULL, AS_BEFORE, 0}, 0, 1},
    {{MHQ_FILE_READ, "large", NULL, AS_BEFORE, 0}, 0, 1},
    {{MHQ_FILE_WRITE, "taken", NULL, ANY_TARGET, 0}, 0, 1},
    {{MHQ_FILE_APPEND, "taken", NULL, ANY_TARGET, 0}, 0, 1},
    {{MHQ_FILE_TRUNCATE, "file", NULL, OR_DONE, 0}, 0, 1},
    {{MHQ_FILE_SYNC, "file", NULL, AS_BEFORE, 0}, 0, 1},
    {{MHQ_FILE_CLOSE, "file", NULL, AS_BEFORE, 0}, MHQ_SYNC, 1},
};
enum { UNUSUAL = sizeof unusual / sizeof *unusual };
static const given *now_given; /* NULL: no more than the scenario's paths */

/* Quickly: those before EIO; call by call, the first stands for one of the last in turn. Else: all
 * but the first. */
enum { FAULT_IN_TURN = -2, IN_TURN = 4 };
static const int errors[] = {FAULT_IN_TURN, EINTR, FAULT_SHORT, FAULT_ZERO, EIO,  ENOSPC,
                             EACCES,        EDQUOT, EMFILE,     EROFS,      ENOMEM, EPERM};
enum { ERRORS = sizeof errors / sizeof *errors };

static int error_of(int error, long nth)
{
    return error == FAULT_IN_TURN ? errors[IN_TURN + nth % (ERRORS - IN_TURN)] : error;
}

/* Sanitizers are slow, and look for other things: one kind takes them all ways. */
#define QUICK_ERRORS (CHECK_SANITIZED ? 1 : IN_TURN)
#define QUICK_SYSTEMS (CHECK_SANITIZED ? 1 : SYSTEMS)

/* Systems that lack something, so that the ways round it meet their faults too. */
static const unsigned systems[] = {
    0,
    LACK_TMPFILE | LACK_NOREPLACE,
    LACK_TMPFILE | LACK_NOREPLACE | LACK_LINK | LACK_COPY_RANGE,
    LACK_PROC | LACK_RANDOM | LACK_CLONE,
    LACK_COPY_RANGE | LACK_HOLES | LACK_CLONE,
};
enum { SYSTEMS = sizeof systems / sizeof *systems };

/* ---- the world ------------------------------------------------------------------------------- */

static void build(void)
{
    world_build(large);
}

/* ---- paths ----------------------------------------------------------------------------------- */

static char home[PATH_MAX];

static void absolute(char *to, size_t room, const char *path)
{
    world_text(to, room, path[0] == '/' ? "" : home);
    size_t n = strlen(to);
    to[n] = '/';
    world_text(to + n + 1, room - n - 1, path);
    for (char *slash; (slash = strstr(to, "//")) != NULL;)
        memmove(slash, slash + 1, strlen(slash));
}

static const char *trial_path(const char *name)
{
    return world_path(name);
}

static void trial_keep(char *to, const char *path)
{
    absolute(to, TRIAL_PATH, path);
}

static void trial_list(char *to, const char *kept)
{
    size_t n = strlen(home), m = strlen(world_away);
    to[0] = 0;
    if (strncmp(kept, home, n) == 0)
        world_text(to, TRIAL_PATH, kept + n + 1);
    else if (CHECK(m && strncmp(kept, world_away, m) == 0))
        (void)snprintf(to, TRIAL_PATH, "@%s", kept + m + 1);
}

static void trial_print(void)
{
    fprintf(stderr, "lacking %x: call %ld%s, %s '%s', answered %d", fault.lacks, fault.nth,
            fault.forever ? " and on" : "", call_names[fault.hit], fault.spot, fault.error);
}

/* ---- what is checked ------------------------------------------------------------------------- */

/* What was moved and is neither here nor there. */
static const char *lost(const scenario *s)
{
    static char top[PATH_MAX], source[2 * PATH_MAX];
    int inside = world_find(&before, s->path2) != NULL;
    (void)snprintf(top, sizeof top, inside ? "%s/%s" : "%s", s->path2, s->path);
    for (size_t i = 0; i < done.count; i++) {
        const char *path = done.things[i].path;
        if (!world_below(path, top) || world_find(&now, path))
            continue;
        (void)snprintf(source, sizeof source, "%s%s", s->path, path + strlen(top));
        if (!world_find(&now, source))
            return source;
    }
    return NULL;
}

/* The call that failed was about this path; a temporary stands for the target. */
static void spot_as_shown(const scenario *s, char *to)
{
    char *at, top[PATH_MAX];
    world_text(to, PATH_MAX, fault.spot);
    absolute(top, sizeof top, world_path(s->path));
    if (s->path2 && !world_below(to, top) && (at = strstr(to, "/.mhddq-")) != NULL) {
        char rest[PATH_MAX];
        const char *base = strrchr(s->path2, '/');
        base = base ? base + 1 : s->path2 + (s->path2[0] == '@');
        if (strcmp(base, "d") == 0) /* inside of it */
            base = strrchr(s->path, '/') ? strrchr(s->path, '/') + 1 : s->path;
        world_text(rest, sizeof rest, at + MHQ_TEMPORARY);
        (void)snprintf(at, PATH_MAX - (size_t)(at - to), "/%s%s", base, rest);
    }
}

static int names_the_spot(const scenario *s, const outcome *o)
{
    char spot[PATH_MAX], top[PATH_MAX];
    spot_as_shown(s, spot);
    size_t n = strlen(spot);
    if (n > 3 && strcmp(spot + n - 3, "/..") == 0)
        spot[n - 3] = 0;
    absolute(top, sizeof top, world_path(s->path));
    char *aside = strstr(spot, "/.mhddq-");
    if (aside && world_below(spot, top)) { /* stands for an entry of its directory */
        *aside = 0;
        return strncmp(o->named, spot, strlen(spot)) == 0;
    }
    int source = world_below(spot, top) && spot[strlen(top)];
    int target = 0;
    if (s->path2) {
        absolute(top, sizeof top, world_path(s->path2));
        target = world_below(spot, top) && spot[strlen(top)] && strcmp(s->path2, "@d") != 0
                 && strcmp(s->path2, "d") != 0;
    }
    if (!source && !target)
        return o->where != MHQ_AT_NONE;
    /* A directory above has its stat once more on the way down; then it is the lower one's. */
    return strcmp(o->named, spot) == 0 || fault.hit == CALL_fstat;
}

static int error_is_right(const scenario *s, const outcome *o)
{
    int wanted = fault.error > 0 ? fault.error : EIO;
    if (fault.error == FAULT_ZERO && o->error != EIO) /* the end of a file, or of a directory */
        return o->error == (s->rule == MOVING && o->error != ENOTEMPTY ? ESTALE : ENOTEMPTY);
    if (fault.hit == CALL_alloc || fault.hit == CALL_resize)
        wanted = ENOMEM;
    if (o->error == wanted || o->error == s->refusal)
        return 1;
    if (o->error == EEXIST && s->kind == MHQ_DIRECTORY_CREATE) /* what could not be examined */
        return fault.hit == CALL_fstatat;
    if (o->error == EEXIST && o->lefts > 0) /* one's own reservation, which could not be undone */
        return 1;
    /* A call that a system does not permit leads to another way, and that to its own errors. */
    return fault.error == EPERM || (fault.hit == CALL_fstatat && fault.error == EACCES);
}

/* A directory that ends early is believed, until its move finds more in it; so is a file unless it
 * is moved: both may have been cut meanwhile. */
static int believed(const scenario *s)
{
    return fault.error == FAULT_ZERO
           && (fault.hit == CALL_getdents || fault.forever
               || (s->rule != MOVING && (fault.hit == CALL_pread || fault.hit == CALL_read)));
}

/* Attributes, permissions and times go with a copy where that is permitted; a replacement takes over
 * attributes of what it may read. */
static int forgiven(const scenario *s)
{
    return (fault.error == EPERM || fault.error == EACCES)
           && (fault.forever
               || (s->kind == MHQ_FILE_REPLACE
                   && (fault.hit == CALL_openat || fault.hit == CALL_fstat))
               || fault.hit == CALL_flistxattr || fault.hit == CALL_fgetxattr
               || fault.hit == CALL_fsetxattr || fault.hit == CALL_fchmod
               || fault.hit == CALL_futimens || fault.hit == CALL_utimensat);
}

static void check_success(const scenario *s, const outcome *o, const outcome *clean)
{
    HOLDS(o->error == clean->error, "the error", "");
    HOLDS(o->lefts == 0 || clean->error, "a leftover, in spite of success", o->left[0]);
    const char *path = NULL;
    if (believed(s)) {
        if (s->rule == AS_BEFORE && (s->kind == MHQ_FILE_COPY || s->kind == MHQ_DIRECTORY_COPY))
            path = world_beyond(&before, &now, 1);
        if (s->rule == MOVING)
            path = lost(s);
        HOLDS(path == NULL, "what was there", path);
        return;
    }
    HOLDS(o->digest == clean->digest || fault.hit == CALL_fstatat, "the result", "");
    const world *right = s->refusal ? &before : &done;
    path = forgiven(s) ? world_beyond(&now, right, 0) : world_differs(&now, right);
    HOLDS(path == NULL, "what is there", path);
}

/* fstat, lseek and the like are interrupted by no system. */
static int interruptible(void)
{
    return fault.hit != CALL_fstat && fault.hit != CALL_lseek && fault.hit != CALL_fcntl_setfl
           && fault.hit != CALL_alloc && fault.hit != CALL_resize && fault.hit != CALL_fstatat;
}

static void check(const scenario *s, const outcome *o, const outcome *clean)
{
    const char *path;
    int hit = fault.count >= fault.nth;
    world_look(&now);
    changed = world_differs(&now, &before) != NULL;
    if (!o->error || !hit || o->error == s->refusal) {
        check_success(s, o, clean);
        return;
    }
    HOLDS(fault.error != FAULT_SHORT, "a short count is no failure", "");
    HOLDS(fault.error != EINTR || fault.forever || !interruptible(), "an interruption is none", "");
    HOLDS(error_is_right(s, o), "the error", "");
    if (!fault.forever && o->error == fault.error)
        HOLDS(names_the_spot(s, o), "the path of the error", "");
    if (believed(s) && (o->error == ENOTEMPTY || o->error == ESTALE)) {
        path = s->rule == MOVING ? lost(s) : NULL;
        HOLDS(path == NULL, "nowhere", path);
        return;
    }
    forget_reported(o, fault.which == CALL_MEMORY && fault.forever);
    path = rule_broken(s, &before, &done, &now);
    HOLDS(path == NULL, "what is there", path);
}

/* ---- performing --------------------------------------------------------------------------------- */

/* The handle is opened and closed by calls that do not fail. */
static outcome perform_scenario(const scenario *s)
{
    mhq_op op = op_of(s->kind, s->path, s->path2);
    int opened = now_given != NULL && now_given->handle;
    if (now_given != NULL)
        op.options ^= now_given->options;
    if (opened) {
        int fd = open(op.path, O_RDWR | O_CLOEXEC);
        REQUIRE(fd >= 0);
        op.handle = mhq_handle_adopt(fd, MHQ_OPEN_READS | MHQ_OPEN_WRITES);
        REQUIRE(op.handle != NULL);
    }
    outcome o = perform_op(&op);
    if (opened)
        mhq_handle_drop(op.handle);
    return o;
}

/* ---- counting up ----------------------------------------------------------------------------- */

static void follows(const scenario *s, const outcome *o)
{
    fault_none();
    outcome next = perform(MHQ_FILE_READ, "/proc/version", NULL);
    HOLDS(next.error == 0 && next.length > 0 && next.lefts == 0, "the operation that follows", "");
}

static void restore(void)
{
    static world again;
    if (!changed)
        return;
    build();
    world_look(&again);
    REQUIRE(world_differs(&again, &before) == NULL);
}

static void count_up(const scenario *s, unsigned lacks, enum scene_call which, int error,
                     int forever, const outcome *clean)
{
    for (long nth = 1;; nth++) {
        size_t descriptors = count_descriptors();
        long bytes = atomic_load(&scene_bytes), blocks = atomic_load(&scene_blocks);
        fault_lacking(lacks);
        fault.which = which, fault.nth = nth, fault.forever = forever;
        fault.error = error_of(error, nth);
        race_deadline(240, "an operation with a fault");
        outcome result = perform_scenario(s), *o = &result;
        struct scene_fault had = fault;
        fault.lacks = 0, fault.nth = 0; /* no more */
        HOLDS(count_descriptors() == descriptors, "a descriptor", "");
        HOLDS(atomic_load(&scene_bytes) == bytes, "bytes", "");
        HOLDS(atomic_load(&scene_blocks) == blocks, "blocks", "");
        fault = had;
        check(s, o, clean);
        follows(s, o);
        restore();
        if (had.count < nth)
            return;
        injected++;
        REQUIRE(nth < 5000);
    }
}

/* Without any fault, on each system: the same everywhere. */
static outcome run_clean(const scenario *s, unsigned lacks, int lack_error, int first)
{
    fault_lacking(lacks);
    fault.lack_error = lack_error;
    outcome result = perform_scenario(s), *o = &result;
    world_look(&now);
    changed = 1;
    if (first)
        done = now;
    const char *path = world_differs(&now, &done);
    HOLDS(result.error == s->refusal, "the error without a fault", "");
    HOLDS(path == NULL, "lacking something, what is there", path);
    fault_none();
    restore();
    return result;
}

static enum scene_call which_of(int error)
{
    return error == FAULT_SHORT || error == FAULT_ZERO ? CALL_COUNTED : CALL_SYSTEM;
}

static void sweep(const scenario *s)
{
    outcome clean = run_clean(s, 0, 0, 1);
    size_t most = !s->path2 || now_given ? 1 : thorough ? SYSTEMS : s->rule == AS_BEFORE ? QUICK_SYSTEMS : 1;
    for (size_t y = 0; y < most; y++)
        for (size_t e = thorough; e < (thorough ? ERRORS : QUICK_ERRORS); e++)
            for (int forever = 0; forever < 2; forever++)
                if (y == 0 || thorough || (e == 0 && !forever))
                    count_up(s, systems[y], which_of(errors[e]), errors[e], forever, &clean);
    for (int forever = 0; forever < 2; forever++)
        count_up(s, systems[0], CALL_MEMORY, ENOMEM, forever, &clean);
}

static void every_operation(void)
{
    for (size_t i = 0; i < SCENARIOS; i++) {
        const scenario *s = &scenarios[i];
        race_deadline(240, "an operation without a fault");
        if (world_away[0] || s->path2 == NULL || s->path2[0] != '@')
            sweep(s);
    }
    for (size_t i = 0; i < UNUSUAL; i++) {
        race_deadline(240, "an operation without a fault");
        now_given = &unusual[i];
        sweep(&unusual[i].s);
    }
    now_given = NULL;
}

/* ---- what a kernel may lack ------------------------------------------------------------------ */

/* Whatever a kernel or a sandbox answers to a call that it does not know: the results are the same. */
static void ways_round(void)
{
    static const int answers[] = {ENOSYS, EINVAL, EOPNOTSUPP, EPERM, EXDEV};
    static const unsigned lacks[] = {LACK_TMPFILE, LACK_NOREPLACE, LACK_COPY_RANGE, LACK_CLONE,
                                     LACK_HOLES, LACK_RANDOM};
    unsigned long runs = 0;
    race_deadline(300, "ways round");
    for (size_t i = 0; i < SCENARIOS; i++) {
        const scenario *s = &scenarios[i];
        if (!s->path2 || (s->path2[0] == '@' && !world_away[0]))
            continue;
        run_clean(s, 0, 0, 1);
        for (size_t l = 0; l < sizeof lacks / sizeof *lacks; l++)
            for (size_t e = 0; e < sizeof answers / sizeof *answers; e++) {
                /* EXDEV of a rename is what it is. */
                if (lacks[l] == LACK_NOREPLACE && answers[e] == EXDEV)
                    continue;
                run_clean(s, lacks[l], answers[e], 0);
                runs++;
            }
        for (size_t y = 1; y < SYSTEMS; y++, runs++)
            run_clean(s, systems[y], 0, 0);
    }
    printf("test_faults: %lu runs on systems that lack something, the same results\n", runs);
}

/* ---- lists ----------------------------------------------------------------------------------- */

/* Copies a tree, reads in it, moves it, deletes it: each operation comes back once, in order,
 * whatever became of the others. */
static void list_with(int error, int forever, enum scene_call which)
{
    static const struct { int kind; const char *path, *path2; } steps[] = {
        {MHQ_DIRECTORY_COPY, "tree", "new"},      {MHQ_FILE_READ, "new/file", NULL},
        {MHQ_DIRECTORY_CONTENTS, "new/sub", NULL}, {MHQ_FILE_COPY, "large", "new/large"},
        {MHQ_DIRECTORY_MOVE, "new", "newer"},     {MHQ_DIRECTORY_DELETE, "newer", NULL},
    };
    enum { STEPS = sizeof steps / sizeof *steps };
    mhq_op ops[STEPS];
    mhq_entry entries[STEPS];
    for (size_t i = 0; i < STEPS; i++) {
        ops[i] = (mhq_op){.kind = (uint8_t)steps[i].kind, .path = steps[i].path,
                          .path2 = steps[i].path2, .data = large,
                          .options = usual_options(steps[i].kind)};
        entries[i] = (mhq_entry){.op = &ops[i]};
    }
    const mhq_list list = {.count = STEPS, .total = STEPS, .depth = 1, .entries = entries};
    outcome none = {.error = 0};
    int hit;
    do {
        mhq_job job;
        long bytes = atomic_load(&scene_bytes), nth = fault.nth + 1;
        size_t descriptors = count_descriptors(), came = 0;
        REQUIRE(mhq_job_init_list(&job, &list) == 0);
        fault_none();
        fault.which = which, fault.nth = nth, fault.forever = forever;
        fault.error = error_of(error, nth);
        race_deadline(240, "a list with a fault");
        REQUIRE(mhq_submit(engine, &job, STEPS, 0) == MHQ_ACCEPTED);
        for (int over = 0; !over;) {
            mhq_run *run = mhq_collect(engine);
            REQUIRE(run != NULL);
            for (mhq_run *next; run != NULL; run = next) {
                next = run->next;
                CHECK(run->op == (came < STEPS ? &ops[came] : NULL));
                came++;
                over = mhq_delivered(engine, run);
            }
        }
        CHECK_INT(came, STEPS + 1);
        mhq_job_fini(&job);
        hit = fault.count >= nth;
        fault.nth = 0;
        take_leftovers(&none);
        none.lefts = 0;
        CHECK_INT(count_descriptors(), descriptors);
        CHECK_INT(atomic_load(&scene_bytes), bytes);
        injected += (unsigned)hit;
        changed = 1;
        restore();
        fault.nth = nth;
    } while (hit);
    fault_none();
}

static void lists(void)
{
    for (size_t e = thorough; e < (thorough ? ERRORS : 1); e++)
        for (int forever = 0; forever < 2; forever++)
            list_with(errors[e], forever, which_of(errors[e]));
    for (int forever = 0; forever < 2; forever++)
        list_with(ENOMEM, forever, CALL_MEMORY);
}

/* ---------------------------------------------------------------------------------------------- */

int main(void)
{
    const char *base = getenv("TMPDIR");
    thorough = getenv("MHQ_LONG") != NULL;
    calls = scene_calls();
    if (!base || !*base) /* memory is faster than what has to remember */
        base = access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm" : "/tmp";
    scene_enter(base);
    REQUIRE(getcwd(home, sizeof home) != NULL);
    if (!world_find_away())
        printf("test_faults: moves and copies across file systems: skipped: there is only one\n");
    large = pattern(WORLD_LARGE), large_size = WORLD_LARGE;
    fault_none();
    build();
    world_look(&before);
    REQUIRE(mhq_engine_open(&trial_config, &engine) == 0);
    every_operation();
    ways_round();
    lists();
    mhq_close(engine);
    CHECK(mhq_collect(engine) == NULL);
    mhq_engine_free(engine);
    CHECK_INT(atomic_load(&scene_blocks), 0);
    CHECK_INT(atomic_load(&scene_bytes), 0);
    world_clear();
    (void)umount(world_away);
    CHECK(!world_away[0] || rmdir(world_away) == 0);
    scene_leave();
    free(large);
    printf("test_faults: %lu injections\n", injected);
    return check_report("test_faults");
}
