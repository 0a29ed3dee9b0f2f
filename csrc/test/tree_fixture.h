/* tree_fixture.h - for the tests of trees and moves, on top of scene.h: an operation's outcome
 * with the path that its error names, a small tree with all kinds of entries, and what was left.
 *
 * Each test program works in one fresh directory (TMPDIR, else /tmp), with relative paths.
 */
#ifndef MHQ_TREE_FIXTURE_H
#define MHQ_TREE_FIXTURE_H

#include "test/scene.h"

#include <errno.h>

/* The first leftover reported since left[0] was cleared. What is reported after it lies above
 * it. */
static char left[4096];

static void remember_left(void *context, const char *path)
{
    (void)context;
    if (!left[0])
        snprintf(left, sizeof left, "%s", path);
}

typedef struct answer {
    int error, where;
    char path[8192];
} answer;

static answer operate_on(const mhq_calls *sys, int kind, const char *path, const char *path2)
{
    mhq_fs fs;
    mhq_op op = {.kind = (uint8_t)kind, .path = path, .path2 = path2, .options = usual_options(kind)};
    mhq_run run = {.op = &op};
    answer a = {.error = 0};
    CHECK(mhq_fs_init(&fs, NULL) == 0);
    fs.sys = sys;
    fs.report_leftover = remember_left;
    mhq_fs_run(&fs, &op, &run);
    a.error = run.error;
    a.where = run.where;
    if (run.where == MHQ_AT_PATH)
        snprintf(a.path, sizeof a.path, "%s", path);
    else if (run.where == MHQ_AT_PATH2)
        snprintf(a.path, sizeof a.path, "%s", path2);
    else if (run.buffer)
        snprintf(a.path, sizeof a.path, "%s", run.buffer);
    free(run.buffer);
    fs.sys = &mhq_calls_real;
    mhq_fs_fini(&fs);
    return a;
}

static inline answer operate(int kind, const char *path, const char *path2)
{
    return operate_on(&mhq_calls_real, kind, path, path2);
}

static inline int holds_text(const char *path, const char *text)
{
    return holds(path, text, strlen(text));
}

static inline void make_directory(const char *path)
{
    CHECK(mkdir(path, 0755) == 0);
}

static inline int links_to(const char *path, const char *text)
{
    char have[256];
    ssize_t n = readlink(path, have, sizeof have);
    return n == (ssize_t)strlen(text) && memcmp(have, text, strlen(text)) == 0;
}

static inline int count_temporaries(const char *path)
{
    DIR *dir = opendir(path);
    int n = 0;
    REQUIRE(dir != NULL);
    for (struct dirent *e; (e = readdir(dir)) != NULL;)
        n += strncmp(e->d_name, ".mhddq-", 7) == 0;
    closedir(dir);
    return n;
}

/* The Nth such call from now fails, and if `forever` all after it. */
static inline void set_fault(enum scene_call which, long nth, int error, int forever)
{
    fault_none();
    fault.which = which;
    fault.nth = nth;
    fault.error = error;
    fault.forever = forever;
}

static inline int fault_hit(void)
{
    return fault.nth && fault.count >= fault.nth;
}

static inline void enter_home(void)
{
    const char *base = getenv("TMPDIR");
    scene_enter(base && *base ? base : "/tmp");
    fault_none();
}

/* Whatever the tests left, we can delete. */
static inline void leave_home(void)
{
    answer a = operate(MHQ_DIRECTORY_DELETE, scene_path, NULL);
    REQUIRE(chdir("/") == 0);
    CHECK_INT(a.error, 0);
    CHECK(!there(scene_path));
}

/* A directory on another file system than the home; empty where there is none. */
static char away[256];

static inline const char *in(const char *name)
{
    static char paths[4][512];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof *paths, "%s/%s", away, name);
    return path;
}

static inline int find_away(void)
{
    const char *const bases[] = {"/dev/shm", "/tmp", "/var/tmp"};
    struct stat here, st;
    CHECK(stat(".", &here) == 0);
    for (size_t i = 0; i < sizeof bases / sizeof *bases; i++) {
        if (stat(bases[i], &st) != 0 || st.st_dev == here.st_dev)
            continue;
        snprintf(away, sizeof away, "%s/mhq-away-XXXXXX", bases[i]);
        if (mkdtemp(away))
            return 1;
    }
    return 0;
}

/* A small tree with everything in it: 3 directories, 2 files, a link, a FIFO. */
static inline void make_tree(const char *top)
{
    char path[512];
    make_directory(top);
    snprintf(path, sizeof path, "%s/sub", top);
    make_directory(path);
    snprintf(path, sizeof path, "%s/sub/deep", top);
    make_directory(path);
    snprintf(path, sizeof path, "%s/sub/deep/file", top);
    put_text(path, "deep");
    snprintf(path, sizeof path, "%s/file", top);
    put_text(path, "high");
    snprintf(path, sizeof path, "%s/link", top);
    CHECK(symlink("nowhere", path) == 0);
    snprintf(path, sizeof path, "%s/fifo", top);
    CHECK(mkfifo(path, 0640) == 0);
}

static inline int is_whole(const char *top)
{
    char path[512];
    struct stat st;
    snprintf(path, sizeof path, "%s/sub/deep/file", top);
    int whole = holds_text(path, "deep");
    snprintf(path, sizeof path, "%s/file", top);
    whole = whole && holds_text(path, "high");
    snprintf(path, sizeof path, "%s/link", top);
    whole = whole && links_to(path, "nowhere");
    snprintf(path, sizeof path, "%s/fifo", top);
    return whole && lstat(path, &st) == 0 && S_ISFIFO(st.st_mode);
}

#endif
