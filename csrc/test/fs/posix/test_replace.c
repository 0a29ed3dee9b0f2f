/* test/fs/posix/test_replace.c - file_replace: what may be replaced, what is taken over, the order of the
 * calls. That every call fails once is in test_faults.c, that it is stopped in test_steps.c.
 */
#include "fs/handle.h"
#include "fs/posix/replace.h"

#include "test/copy_fixture.h"

static int replace(const char *path, const char *text)
{
    return scene_run(&fs, MHQ_FILE_REPLACE, path, NULL, text, strlen(text)).error;
}

static void test_contents(void)
{
    const size_t most = 3 * MHQ_SCRATCH + 77;
    size_t sizes[] = {0, 1, 4096, most};
    char *bytes = pattern(most);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int again = 0; again < 2; again++) {
            mhq_run run = scene_run(&fs, MHQ_FILE_REPLACE, "file", NULL, bytes, sizes[i]);
            CHECK_INT(run.error, 0);
            CHECK(holds("file", bytes, sizes[i]));
            CHECK_INT(count_entries("."), 1);
        }
    REQUIRE(unlink("file") == 0);
    free(bytes);
}

/* As open() has it for what is new. */
static void test_new_mode(void)
{
    struct stat st;
    mode_t before = umask(027);
    CHECK_INT(replace("file", "new"), 0);
    umask(before);
    CHECK(stat("file", &st) == 0 && (st.st_mode & 07777) == 0640);
    REQUIRE(unlink("file") == 0);
}

static void test_taken_over(void)
{
    static const mode_t modes[] = {0644, 0444, 0600, 0200, 0, 04755, 02750, 0777};
    struct stat st, now;
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        put_text("file", "old");
        int attributes = setxattr("file", "user.mine", "value", 5, 0) == 0;
        if (geteuid() == 0)
            REQUIRE(chown("file", 1234, 4321) == 0);
        REQUIRE(chmod("file", modes[i]) == 0 && stat("file", &st) == 0);
        CHECK_INT(replace("file", "new"), 0);
        REQUIRE(stat("file", &now) == 0);
        CHECK_INT(now.st_mode, st.st_mode);
        CHECK(now.st_uid == st.st_uid && now.st_gid == st.st_gid && now.st_ino != st.st_ino);
        if (attributes && geteuid() == 0) {
            char value[8];
            CHECK_INT(getxattr("file", "user.mine", value, sizeof value), 5);
        }
        REQUIRE(chmod("file", 0600) == 0);
        CHECK(holds("file", "new", 3));
        REQUIRE(unlink("file") == 0);
    }
}

/* The kernel's form: a version, then tag, permissions, id. */
static int swapped;
/* The old version may not be read, and a link takes its place in that moment. */
static int open_and_swap(int dir, const char *path, int flags, mode_t mode)
{
    if (!swapped && strcmp(path, "file") == 0 && (flags & O_NOFOLLOW)) {
        swapped = 1;
        REQUIRE(unlink("file") == 0 && symlink("elsewhere", "file") == 0);
        errno = EACCES;
        return -1;
    }
    return openat(dir, path, flags, mode);
}

static void test_taken_over_from_no_link(void)
{
    struct stat st;
    put_text("file", "old");
    REQUIRE(chmod("file", 0640) == 0);
    swapped = 0;
    calls.openat = open_and_swap;
    CHECK_INT(replace("file", "new"), 0);
    calls = scene_calls();
    CHECK(swapped && lstat("file", &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 07777) == 0640);
    REQUIRE(unlink("file") == 0);
}

static void test_acl(void)
{
    static const unsigned char acl[] = {2, 0, 0, 0, 1, 0, 6, 0, 255, 255, 255, 255,
                                        2, 0, 4, 0, 57, 48, 0, 0,
                                        4, 0, 0, 0, 255, 255, 255, 255,
                                        16, 0, 4, 0, 255, 255, 255, 255,
                                        32, 0, 0, 0, 255, 255, 255, 255};
    unsigned char now[64];
    put_text("file", "old");
    if (setxattr("file", "system.posix_acl_access", acl, sizeof acl, 0) != 0) {
        printf("test_replace: ACLs: skipped: this file system has none\n");
    } else {
        CHECK_INT(replace("file", "new"), 0);
        CHECK_INT(getxattr("file", "system.posix_acl_access", now, sizeof now), (long)sizeof acl);
        CHECK(memcmp(now, acl, sizeof acl) == 0);
    }
    REQUIRE(unlink("file") == 0);
}

static void test_links(void)
{
    char text[PATH_MAX], away[PATH_MAX + 8];
    struct stat st;
    REQUIRE(mkdir("d", 0755) == 0 && mkdir("d/e", 0755) == 0);
    put_text("d/e/file", "old");
    REQUIRE(link("d/e/file", "hard") == 0);
    REQUIRE(symlink("e/file", "d/one") == 0 && symlink("d/one", "two") == 0);
    (void)snprintf(away, sizeof away, "%s/d/one", scene_path);
    REQUIRE(symlink(away, "three") == 0 && symlink("d/new", "dangling") == 0);
    REQUIRE(symlink("loop", "loop") == 0 && symlink("d/", "to directory") == 0);
    CHECK_INT(replace("two", "by two"), 0);
    CHECK(holds("d/e/file", "by two", 6) && holds("hard", "old", 3));
    CHECK_INT(replace("three", "by three"), 0);
    CHECK(holds("d/e/file", "by three", 8));
    CHECK_INT(replace("dangling", "there now"), 0);
    CHECK(holds("d/new", "there now", 9));
    CHECK(readlink("two", text, sizeof text) > 0 && readlink("dangling", text, sizeof text) > 0);
    CHECK_INT(replace("loop", ""), ELOOP);
    CHECK_INT(replace("to directory", ""), EISDIR);
    CHECK(lstat("d/e/.mhddq", &st) != 0 && count_entries("d/e") == 1 && count_entries("d") == 3);
    CHECK(unlink("d/e/file") == 0 && unlink("d/one") == 0 && unlink("d/new") == 0);
    CHECK(rmdir("d/e") == 0 && rmdir("d") == 0 && unlink("hard") == 0 && unlink("two") == 0);
    CHECK(unlink("three") == 0 && unlink("dangling") == 0 && unlink("loop") == 0);
    CHECK(unlink("to directory") == 0);
}

static void test_refusals(void)
{
    put_text("file", "old");
    REQUIRE(mkdir("d", 0755) == 0 && mkfifo("fifo", 0600) == 0);
    CHECK_INT(replace("", ""), ENOENT);
    CHECK_INT(replace("no/file", ""), ENOENT);
    CHECK_INT(replace("file/file", ""), ENOTDIR);
    CHECK_INT(replace("file/", ""), EISDIR);
    CHECK_INT(replace("new/", ""), EISDIR);
    CHECK_INT(replace("d", ""), EISDIR);
    CHECK_INT(replace(".", ""), EISDIR);
    CHECK_INT(replace("/", ""), EISDIR);
    CHECK_INT(replace("fifo", ""), MHQ_ENOTREGULAR);
    CHECK_INT(replace("/dev/null", ""), MHQ_ENOTREGULAR);
    CHECK(holds("file", "old", 3) && count_entries(".") == 3);
    CHECK(unlink("file") == 0 && rmdir("d") == 0 && unlink("fifo") == 0);
}

/* Two syncs, the first before the rename; none where that is not asked for. */
static void test_syncs(void)
{
    mhq_op op = {.kind = MHQ_FILE_REPLACE, .path = "file", .data = "x", .size = 1};
    for (int durable = 0; durable < 2; durable++) {
        mhq_run run = {.error = 0};
        fault_none();
        op.options = durable ? MHQ_DURABLE : 0;
        mhq_fs_run(&fs, &op, &run);
        CHECK_INT(run.error, 0);
        CHECK_INT(fault.calls[CALL_fsync], 2 * durable);
        CHECK_INT(fault.calls[CALL_renameat], 1);
    }
    put_text("file", "old");
    for (long nth = 1; nth <= 2; nth++) {
        fault_none();
        fault.which = CALL_fsync, fault.nth = nth, fault.error = EIO;
        CHECK_INT(replace("file", "new"), EIO);
        CHECK_INT(fault.calls[CALL_renameat], nth - 1);
        CHECK(holds("file", nth == 1 ? "old" : "new", 3)); /* the directory's comes last */
        CHECK_INT(count_entries("."), 1);
    }
    fault_none();
    fault.which = CALL_fsync, fault.nth = 2, fault.error = EINVAL; /* no such thing for directories */
    CHECK_INT(replace("file", "here"), 0);
    fault_none();
    REQUIRE(unlink("file") == 0);
}

/* ---- atomic files ---- */

static int open_atomic(const char *path, int64_t mode, mhq_handle **handle)
{
    mhq_numbers numbers = {.mode = mode};
    mhq_op op = {.kind = MHQ_FILE_OPEN, .path = path, .options = MHQ_ATOMIC, .numbers = &numbers};
    mhq_run run = {.error = 0};
    mhq_fs_run(&fs, &op, &run);
    *handle = (mhq_handle *)run.buffer;
    return run.error;
}

static int with(mhq_handle *handle, int kind, const char *text, uint32_t options)
{
    mhq_op op = {.kind = (uint8_t)kind, .path = "atomic", .handle = handle, .data = text,
                 .size = strlen(text), .options = options};
    mhq_run run = {.error = 0};
    mhq_fs_run(&fs, &op, &run);
    return run.error;
}

enum { WRITES = MHQ_OPEN_WRITES | MHQ_OPEN_CREATES | MHQ_OPEN_EMPTIES,
       IS_FIRST = MHQ_OPEN_WRITES | MHQ_OPEN_CREATES | MHQ_OPEN_IS_FIRST };

static void test_atomic(void)
{
    mhq_handle *handle;
    put_text("file", "old");
    CHECK_INT(open_atomic("file", WRITES, &handle), 0);
    CHECK_INT(with(handle, MHQ_FILE_WRITE, "new", 0), 0);
    CHECK(holds("file", "old", 3));
    CHECK_INT(with(handle, MHQ_FILE_CLOSE, "", 0), 0);
    CHECK(holds("file", "new", 3));
    CHECK_INT(with(handle, MHQ_FILE_CLOSE, "", 0), 0);
    mhq_handle_drop(handle);
    CHECK_INT(open_atomic("file", IS_FIRST, &handle), EEXIST);
    CHECK_INT(open_atomic("new", IS_FIRST, &handle), 0);
    put_text("new", "first");
    CHECK_INT(with(handle, MHQ_FILE_CLOSE, "", 0), EEXIST);
    mhq_handle_drop(handle);
    CHECK(holds("new", "first", 5));
    for (int never = 0; never < 2; never++) { /* discarded, never closed */
        CHECK_INT(open_atomic("file", WRITES, &handle), 0);
        CHECK_INT(with(handle, MHQ_FILE_WRITE, "lost", 0), 0);
        if (!never)
            CHECK_INT(with(handle, MHQ_FILE_CLOSE, "", MHQ_DISCARD), 0);
        mhq_handle_drop(handle);
        CHECK(holds("file", "new", 3));
    }
    CHECK_INT(count_entries("."), 2);
    CHECK(unlink("file") == 0 && unlink("new") == 0);
}

/* A write that failed, and one that never ran, spoil it; so does a close that never ran. */
static void test_spoiled(void)
{
    mhq_handle *handle;
    put_text("file", "old");
    for (int which = 0; which < 3; which++) {
        mhq_op op = {.kind = which == 1 ? MHQ_FILE_WRITE : MHQ_FILE_CLOSE, .path = "file", .data = "x",
                     .size = 1};
        mhq_run run = {.error = 0};
        CHECK_INT(open_atomic("file", WRITES, &handle), 0);
        op.handle = handle;
        if (which == 0) {
            fault.which = CALL_pwrite, fault.nth = fault.count = 0, fault.nth = 1, fault.error = ENOSPC;
            CHECK_INT(with(handle, MHQ_FILE_WRITE, "new", 0), ENOSPC);
            fault_none();
        } else {
            mhq_fs_pass_over(&fs, &op, &run);
            CHECK_INT(run.error, ECANCELED);
        }
        CHECK_INT(with(handle, MHQ_FILE_CLOSE, "", 0), which == 0 ? ENOSPC : which == 1 ? ECANCELED : 0);
        CHECK_INT(mhq_handle_descriptor(handle), -1);
        mhq_handle_drop(handle);
        CHECK(holds("file", "old", 3));
        CHECK_INT(count_entries("."), 1);
    }
    REQUIRE(unlink("file") == 0);
}

/* Every call of a file that is opened, written and closed fails once. */
static void test_atomic_faults(void)
{
    static const int errors[] = {ENOSPC, EDQUOT, EIO, EACCES, ENOMEM};
    put_text("file", "old");
    for (size_t e = 0; e < sizeof errors / sizeof *errors; e++)
        for (int memory = 0; memory < 2; memory++)
            for (long nth = 1;; nth++) {
                size_t descriptors = count_descriptors();
                long bytes = atomic_load(&scene_bytes);
                mhq_handle *handle;
                put_text("file", "old");
                fault_none();
                fault.which = memory ? CALL_MEMORY : CALL_SYSTEM, fault.nth = nth, fault.error = errors[e];
                int error = open_atomic("file", WRITES, &handle);
                if (!error) {
                    int written = with(handle, MHQ_FILE_WRITE, "new", 0);
                    error = with(handle, MHQ_FILE_CLOSE, "", 0);
                    CHECK(!written || error == written);
                    mhq_handle_drop(handle);
                }
                int hit = fault.count >= nth, last = (fault.hit == CALL_fsync || fault.hit == CALL_fstat) && fault.calls[CALL_renameat];
                fault_none();
                CHECK(!error || hit);
                CHECK(holds("file", error && !last ? "old" : "new", 3));
                CHECK_INT(count_entries("."), 1);
                CHECK_INT(count_descriptors(), descriptors);
                CHECK_INT(atomic_load(&scene_bytes), bytes);
                if (!hit)
                    break;
                REQUIRE(nth < 200);
            }
    REQUIRE(unlink("file") == 0);
}

int main(void)
{
    static const char *const bases[] = {"/tmp", "/dev/shm"};
    for (size_t i = 0; i < sizeof bases / sizeof *bases; i++) {
        if (access(bases[i], W_OK | X_OK) != 0)
            continue;
        calls = scene_calls();
        fault_none();
        scene_enter(bases[i]);
        REQUIRE(mhq_fs_init(&fs, &calls) == 0);
        test_contents();
        test_new_mode();
        test_taken_over();
        test_taken_over_from_no_link();
        test_acl();
        test_links();
        test_refusals();
        test_syncs();
        test_atomic();
        test_spoiled();
        test_atomic_faults();
        mhq_fs_fini(&fs);
        scene_leave();
    }
    return check_report("test_replace");
}
