/* test/fs/posix/test_listed_twice.c - directories that list names twice, as tmpfs does while others rename in
 * them: copies, moves, deletes and listings are what they are elsewhere.
 */
#include "test/built_world.h"

static mhq_calls calls;
static mhq_fs fs;
static char *large;

/* Each directory lists its last batch once more, the first time that it comes to its end. */
static struct {
    ino_t inode;
    ssize_t size;
    char bytes[512];
} last;
static ino_t repeated[64];
static size_t repeats;

static int was_repeated(ino_t inode)
{
    for (size_t i = 0; i < repeats; i++)
        if (repeated[i] == inode)
            return 1;
    return 0;
}

static ssize_t getdents_twice(int fd, void *to, size_t n)
{
    struct stat st;
    ssize_t got = mhq_calls_real.getdents(fd, to, n < sizeof last.bytes ? n : sizeof last.bytes);
    REQUIRE(fstat(fd, &st) == 0);
    if (got > 0) {
        memcpy(last.bytes, to, (size_t)got);
        last.size = got;
        last.inode = st.st_ino;
    } else if (got == 0 && last.inode == st.st_ino && !was_repeated(st.st_ino)) {
        REQUIRE(repeats < sizeof repeated / sizeof *repeated);
        repeated[repeats++] = st.st_ino;
        got = last.size;
        memcpy(to, last.bytes, (size_t)got);
    }
    return got;
}

static void start(void)
{
    calls = scene_calls();
    calls.getdents = getdents_twice;
    last.inode = 0;
    repeats = 0;
    fault_none();
    world_build(large);
}

static void compare(const char *what, const world *a, const world *b)
{
    const char *path = world_differs(a, b);
    if (!CHECK(path == NULL))
        fprintf(stderr, "    %s: %s\n", what, path);
}

/* The world after the operation is the same whether names are listed twice or not. */
static void same_as_once(int kind, const char *path, const char *path2)
{
    static world once, twice;
    start();
    calls = scene_calls();
    CHECK_INT(scene_do(&fs, kind, world_path(path), world_path(path2)), 0);
    world_look(&once);
    start();
    CHECK_INT(scene_do(&fs, kind, world_path(path), world_path(path2)), 0);
    CHECK(repeats > 0);
    world_look(&twice);
    compare(path, &twice, &once);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void contents_once(void)
{
    enum { FILES = 300 };
    char name[32];
    const char *found[FILES + 8];
    size_t n = 0;
    start();
    REQUIRE(mkdir("many", 0755) == 0);
    for (int i = 0; i < FILES; i++) {
        (void)snprintf(name, sizeof name, "many/%0*d", 1 + i % 20, i);
        put_text(name, "");
    }
    mhq_run run = scene_run(&fs, MHQ_DIRECTORY_CONTENTS, "many", NULL, NULL, 0);
    CHECK_INT(run.error, 0);
    for (size_t at = 0; at < run.length && n < FILES + 8; at += strlen(run.buffer + at) + 1)
        found[n++] = run.buffer + at + 1;
    CHECK_INT(n, FILES);
    qsort(found, n, sizeof *found, by_text);
    for (size_t i = 1; i < n; i++)
        CHECK(strcmp(found[i - 1], found[i]) != 0);
    fs.sys->release(run.buffer);
}

/* Two names that the target takes for one are two files: one of them would be lost. */
static int folding_openat(int dir, const char *path, int flags, mode_t mode)
{
    if ((flags & O_CREAT) && strcmp(path, "FILE") == 0)
        path = "file";
    return openat(dir, path, flags, mode);
}

static void folding_target(void)
{
    static world now, before;
    start();
    put_text("tree/FILE", "another");
    world_look(&before);
    calls = scene_calls();
    calls.openat = folding_openat;
    if (scene_do(&fs, MHQ_DIRECTORY_COPY, "tree", "new") == 0) /* the other one came first */
        CHECK(there("new/file"));
    else
        world_look(&now), compare("a target that folds case", &now, &before);
}

int main(void)
{
    static const struct { int kind; const char *path, *path2; } operations[] = {
        {MHQ_DIRECTORY_COPY, "tree", "new"},   {MHQ_DIRECTORY_COPY, "chain", "@new"},
        {MHQ_DIRECTORY_MOVE, "tree", "@new"},  {MHQ_DIRECTORY_MOVE, "chain", "@p/new"},
        {MHQ_DIRECTORY_DELETE, "tree", NULL}, {MHQ_DIRECTORY_DELETE, "chain", NULL},
    };
    calls = scene_calls();
    fault_none();
    scene_enter(access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm" : "/tmp");
    int two = world_find_away();
    large = pattern(WORLD_LARGE);
    REQUIRE(mhq_fs_init(&fs, &calls) == 0);
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
        if (two || !operations[i].path2 || operations[i].path2[0] != '@')
            same_as_once(operations[i].kind, operations[i].path, operations[i].path2);
    contents_once();
    folding_target();
    mhq_fs_fini(&fs);
    world_clear();
    (void)umount(world_away);
    CHECK(!world_away[0] || rmdir(world_away) == 0);
    scene_leave();
    free(large);
    return check_report("test_listed_twice");
}
