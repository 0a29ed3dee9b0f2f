/* test/fs/posix/test_tree.c - directory_delete, and what all walks share: depth, width, links, mounts. */
#include "test/tree_fixture.h"

#include <sys/mount.h>
#include <sys/resource.h>

static void refusals(void)
{
    make_directory("real");
    put_text("real/file", "x");
    CHECK(symlink("real", "link") == 0);
    answer a = operate(MHQ_DIRECTORY_DELETE, "link", NULL);
    CHECK_INT(a.error, ENOTDIR);
    CHECK_TEXT(a.path, "link");
    CHECK_INT(operate(MHQ_DIRECTORY_DELETE, "link/", NULL).error, ENOTDIR);
    CHECK_INT(operate(MHQ_DIRECTORY_DELETE, "link///", NULL).error, ENOTDIR);
    CHECK_INT(operate(MHQ_DIRECTORY_DELETE, "real/file", NULL).error, ENOTDIR);
    CHECK_INT(operate(MHQ_DIRECTORY_DELETE, "missing", NULL).error, ENOENT);
    CHECK_INT(operate(MHQ_DIRECTORY_DELETE, "", NULL).error, ENOENT);
    CHECK_INT(operate(MHQ_DIRECTORY_DELETE, "/", NULL).error, EBUSY);
    CHECK_INT(operate(MHQ_DIRECTORY_DELETE, "//", NULL).error, EBUSY);
    CHECK_INT(operate(MHQ_DIRECTORY_DELETE, ".", NULL).error, EINVAL);
    CHECK_INT(operate(MHQ_DIRECTORY_DELETE, "real/.", NULL).error, EINVAL);
    CHECK_INT(operate(MHQ_DIRECTORY_DELETE, "real/./", NULL).error, EINVAL);
    CHECK_INT(operate(MHQ_DIRECTORY_DELETE, "real/..", NULL).error, EINVAL);
    CHECK_INT(operate(MHQ_DIRECTORY_DELETE, "/proc", NULL).error, EBUSY);
    CHECK(holds_text("real/file", "x"));
    CHECK_INT(operate(MHQ_DIRECTORY_DELETE, "real//", NULL).error, 0);
    CHECK(!there("real") && there("link"));
    CHECK(unlink("link") == 0);
}

static void everything_inside(void)
{
    make_directory("canary");
    put_text("canary/file", "alive");
    make_tree("tree");
    CHECK(symlink("../canary", "tree/outside") == 0);
    CHECK(symlink("../../canary/file", "tree/sub/file") == 0);
    make_directory("tree/..odd name\n\xff");
    put_text("tree/..odd name\n\xff/-rf", "");
    CHECK(chmod("tree/file", 0) == 0);
    CHECK_INT(operate(MHQ_DIRECTORY_DELETE, "tree", NULL).error, 0);
    CHECK(!there("tree"));
    CHECK(holds_text("canary/file", "alive"));
    CHECK_INT(operate(MHQ_DIRECTORY_DELETE, "canary", NULL).error, 0);
}

/* A chain of directories, each holding a file; as deep as no path reaches. */
static void make_chain(const char *top, int depth, const char *name)
{
    make_directory(top);
    int at = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (int i = 0; i < depth; i++) {
        REQUIRE(mkdirat(at, name, 0755) == 0);
        int fd = openat(at, "file", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
        REQUIRE(fd >= 0);
        close(fd);
        int next = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        REQUIRE(next >= 0);
        close(at);
        at = next;
    }
    close(at);
}

static int chain_length(const char *top, const char *name)
{
    int n = 0, at = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (int next; (next = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) >= 0; n++) {
        close(at);
        at = next;
    }
    close(at);
    return n;
}

static void deep(int depth, const char *name)
{
    struct rlimit old, few;
    size_t before = count_descriptors();
    CHECK(getrlimit(RLIMIT_NOFILE, &old) == 0);
    few = old;
    few.rlim_cur = 256;
    CHECK(setrlimit(RLIMIT_NOFILE, &few) == 0);
    make_chain("deep", depth, name);
    CHECK_INT(operate(MHQ_DIRECTORY_COPY, "deep", "copy").error, 0);
    CHECK_INT(chain_length("copy", name), depth);
    CHECK_INT(operate(MHQ_DIRECTORY_DELETE, "deep", NULL).error, 0);
    CHECK_INT(operate(MHQ_DIRECTORY_DELETE, "copy", NULL).error, 0);
    CHECK(!there("deep") && !there("copy"));
    CHECK_INT(count_descriptors(), before);
    CHECK(setrlimit(RLIMIT_NOFILE, &old) == 0);
}

static void wide(void)
{
    char path[64];
    make_directory("wide");
    for (int i = 0; i < 20000; i++) {
        snprintf(path, sizeof path, "wide/a file with a name of some length %d", i);
        put_text(path, "");
    }
    for (int i = 0; i < 6000; i++) {
        snprintf(path, sizeof path, "wide/a directory with such a name %d", i);
        make_directory(path);
        if (i % 10 == 0) {
            strcat(path, "/file");
            put_text(path, "");
        }
    }
    CHECK_INT(operate(MHQ_DIRECTORY_COPY, "wide", "copy").error, 0);
    CHECK_INT(count_entries("copy"), 26000);
    CHECK_INT(operate(MHQ_DIRECTORY_DELETE, "wide", NULL).error, 0);
    CHECK_INT(operate(MHQ_DIRECTORY_DELETE, "copy", NULL).error, 0);
    CHECK(!there("wide") && !there("copy"));
}

/* Many branches below the frames that were closed: each climb must find its place again. */
static void bushy(void)
{
    char path[512] = "bush";
    make_directory(path);
    for (int level = 0; level < 30; level++) {
        size_t n = strlen(path);
        for (int i = 3; i >= 0; i--) {
            snprintf(path + n, sizeof path - n, "/%d", i);
            make_directory(path);
        }
        put_text(strcat(path, "/file"), "x");
        path[strlen(path) - strlen("/file")] = '\0';
    }
    CHECK_INT(operate(MHQ_DIRECTORY_COPY, "bush", "copy").error, 0);
    CHECK_INT(operate(MHQ_DIRECTORY_DELETE, "bush", NULL).error, 0);
    memcpy(path, "copy", 4);
    CHECK(there(strcat(path, "/file")));
    CHECK_INT(operate(MHQ_DIRECTORY_DELETE, "copy", NULL).error, 0);
    CHECK(!there("bush") && !there("copy"));
}

/* The walk is inside of a deep chain when a part of it, which it left open by number only, is
 * moved away: the climb must not go on in the other place. */
static struct {
    int armed;
    const char *from, *to;
} shift;

static int shifting_unlinkat(int dir, const char *path, int flags)
{
    if (shift.armed && strcmp(path, "bottom") == 0) {
        shift.armed = 0;
        CHECK(rename(shift.from, shift.to) == 0);
    }
    return mhq_calls_real.unlinkat(dir, path, flags);
}

static void moved_away(void)
{
    char path[512] = "tree";
    make_directory("tree");
    make_directory("other");
    put_text("other/file", "alive");
    for (int i = 0; i < 20; i++)
        make_directory(strcat(path, "/d"));
    put_text(strcat(path, "/bottom"), "");
    mhq_calls calls = mhq_calls_real;
    calls.unlinkat = shifting_unlinkat;
    shift.armed = 1;
    shift.from = "tree/d/d/d";
    shift.to = "other/d";
    answer a = operate_on(&calls, MHQ_DIRECTORY_DELETE, "tree", NULL);
    CHECK_INT(a.error, ESTALE);
    CHECK_INT(a.where, MHQ_AT_BUFFER);
    CHECK_TEXT(a.path, "tree/d/d/d");
    CHECK(holds_text("other/file", "alive") && there("other/d") && there("tree/d/d"));
    CHECK_INT(operate(MHQ_DIRECTORY_DELETE, "tree", NULL).error, 0);
    CHECK_INT(operate(MHQ_DIRECTORY_DELETE, "other", NULL).error, 0);
}

static void named_errors(void)
{
    mhq_calls calls = scene_calls();
    make_tree("tree");
    set_fault(CALL_unlinkat, 1, EROFS, 1);
    answer a = operate_on(&calls, MHQ_DIRECTORY_DELETE, "./tree//", NULL);
    CHECK_INT(a.error, EROFS);
    CHECK_INT(a.where, MHQ_AT_BUFFER);
    CHECK(strncmp(a.path, "./tree//", 8) == 0 && a.path[8] != '/' && a.path[8]);
    CHECK(there(a.path));
    set_fault(CALL_openat, 3, EMFILE, 1); /* the place, the top, then `sub` */
    a = operate_on(&calls, MHQ_DIRECTORY_DELETE, "tree", NULL);
    CHECK_INT(a.error, EMFILE);
    CHECK_TEXT(a.path, "tree/sub");
    fault_none();
    CHECK_INT(operate(MHQ_DIRECTORY_DELETE, "tree", NULL).error, 0);
}

/* A broken file system's names could lead outside. */
static ssize_t misleading_getdents(int fd, void *to, size_t n)
{
    ssize_t got = mhq_calls_real.getdents(fd, to, n);
    if (got > 0) {
        char *at = memmem(to, (size_t)got, "..|canary", 9);
        if (at)
            at[2] = '/';
    }
    return got;
}

static void misleading(void)
{
    mhq_calls calls = mhq_calls_real;
    calls.getdents = misleading_getdents;
    make_directory("tree");
    put_text("canary", "alive");
    put_text("tree/..|canary", "");
    CHECK_INT(operate_on(&calls, MHQ_DIRECTORY_DELETE, "tree", NULL).error, EIO);
    CHECK_INT(operate_on(&calls, MHQ_DIRECTORY_COPY, "tree", "copy").error, EIO);
    CHECK_INT(operate_on(&calls, MHQ_DIRECTORY_CONTENTS, "tree", NULL).error, EIO);
    CHECK(holds_text("canary", "alive") && !there("copy") && unlink("canary") == 0);
    CHECK_INT(operate(MHQ_DIRECTORY_DELETE, "tree", NULL).error, 0);
}

/* Every call fails once, and from then on: nothing leaks, and it can be done again. */
static void failing_delete(void)
{
    mhq_calls calls = scene_calls();
    size_t before = count_descriptors();
    for (int for_good = 0; for_good < 2; for_good++) {
        for (long n = 1; n < 1000; n++) {
            make_tree("tree");
            set_fault(CALL_ANY, n, EIO, for_good);
            answer a = operate_on(&calls, MHQ_DIRECTORY_DELETE, "tree", NULL);
            int hit = fault_hit();
            fault_none();
            CHECK(a.error != 0 || !there("tree"));
            if (there("tree"))
                CHECK_INT(operate(MHQ_DIRECTORY_DELETE, "tree", NULL).error, 0);
            if (!hit)
                break;
            CHECK(n < 999);
        }
    }
    CHECK_INT(count_descriptors(), before);
}

/* Mounts ----------------------------------------------------------------------------------- */

static void mounts_in_the_way(void)
{
    answer a = operate(MHQ_DIRECTORY_DELETE, "top/mount", NULL);
    CHECK_INT(a.error, EBUSY);
    CHECK_TEXT(a.path, "top/mount");
    a = operate(MHQ_DIRECTORY_DELETE, "top", NULL);
    CHECK_INT(a.error, EBUSY);
    CHECK_TEXT(a.path, "top/mount");
    a = operate(MHQ_DIRECTORY_MOVE, "top/mount", "elsewhere");
    CHECK_INT(a.error, EBUSY);
    CHECK(!there("elsewhere"));
    CHECK(holds_text("top/mount/file", "alive"));
}

static void bind_mounts(void)
{
    make_directory("real");
    make_directory("real/inner");
    put_text("real/file", "alive");
    make_directory("top");
    make_directory("top/mount");
    if (mount("real", "top/mount", NULL, MS_BIND, NULL) != 0) {
        printf("bind mounts: skipped: %s\n", strerror(errno));
    } else {
        mounts_in_the_way();
        /* A copy shows what is mounted, but does not go into itself through it. */
        CHECK_INT(operate(MHQ_DIRECTORY_COPY, "top", "copy").error, 0);
        CHECK(holds_text("copy/mount/file", "alive") && there("copy/mount/inner"));
        CHECK_INT(operate(MHQ_DIRECTORY_COPY, "top", "real/new").error, EINVAL);
        CHECK_INT(operate(MHQ_DIRECTORY_COPY, "top", "real/p/q/new").error, EINVAL);
        CHECK_INT(operate(MHQ_DIRECTORY_COPY, "real", "top/mount/new").error, EINVAL);
        CHECK_INT(count_entries("real"), 2);
        CHECK(umount("top/mount") == 0);
        CHECK_INT(operate(MHQ_DIRECTORY_DELETE, "copy", NULL).error, 0);
    }
    CHECK_INT(operate(MHQ_DIRECTORY_DELETE, "top", NULL).error, 0);
    CHECK_INT(operate(MHQ_DIRECTORY_DELETE, "real", NULL).error, 0);
}

static void other_mounts(void)
{
    make_directory("top");
    make_directory("top/mount");
    put_text("top/over", "below");
    put_text("file", "alive");
    if (mount("none", "top/mount", "tmpfs", 0, NULL) != 0) {
        printf("tmpfs mounts: skipped: %s\n", strerror(errno));
    } else {
        put_text("top/mount/file", "alive");
        mounts_in_the_way();
        CHECK(umount("top/mount") == 0);
        put_text("top/over", "below"); /* gone or not: the delete stopped somewhere */
        CHECK(mount("file", "top/over", NULL, MS_BIND, NULL) == 0);
        answer a = operate(MHQ_DIRECTORY_DELETE, "top", NULL);
        CHECK_INT(a.error, EBUSY);
        CHECK_TEXT(a.path, "top/over");
        CHECK(umount("top/over") == 0);
        CHECK(holds_text("file", "alive"));
    }
    CHECK_INT(operate(MHQ_DIRECTORY_DELETE, "top", NULL).error, 0);
    CHECK(unlink("file") == 0);
}

int main(void)
{
    enter_home();
    refusals();
    everything_inside();
    deep(3000, "d");
    deep(40, "a name of some length, so that the buffers have to grow more than once on the way");
    wide();
    bushy();
    moved_away();
    named_errors();
    misleading();
    failing_delete();
    bind_mounts();
    other_mounts();
    leave_home();
    return check_report("test_tree");
}
