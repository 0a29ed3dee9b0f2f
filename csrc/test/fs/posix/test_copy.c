/* test/fs/posix/test_copy.c - file_copy, and the parts of it that trees and moves share: contents,
 * names, commit. Files that change are in test_copy_changing.c, metadata in test_copy_metadata.c.
 */
#include "fs/posix/commit.h"
#include "fs/posix/copy.h"
#include "fs/posix/place.h"

#include "test/copy_fixture.h"

#include <limits.h>

static void test_contents(void)
{
    const size_t most = 3 * MHQ_SCRATCH + 77;
    size_t sizes[] = {0, 1, 4096, 65536, 65537, MHQ_SCRATCH, most};
    char *bytes = pattern(most);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        put("file", bytes, sizes[i]);
        for (size_t s = 0; s < SYSTEMS; s++) {
            fault_lacking(systems[s]);
            CHECK_INT(copy("file", "copy"), 0);
            CHECK(holds("copy", bytes, sizes[i]));
            FAILS("file", "copy", EEXIST, MHQ_AT_PATH2);
            CHECK_INT(count_entries("."), 2);
            REQUIRE(unlink("copy") == 0);
        }
    }
    fault_none();
    free(bytes);
}

static int short_calls_copy(enum scene_call call, long nth)
{
    fault_lacking(LACK_COPY_RANGE * (call != CALL_copy_range));
    fault.which = call, fault.nth = nth, fault.forever = 1;
    return copy("file", "copy");
}

static void test_short_counts(void)
{
    enum scene_call kinds[] = {CALL_pread, CALL_pwrite, CALL_copy_range};
    size_t sizes[] = {5000, 300000};
    char *bytes = pattern(300000);
    for (size_t i = 0; i < 2; i++)
        for (size_t k = 0; k < 3; k++) {
            put("file", bytes, sizes[i]);
            CHECK_INT(short_calls_copy(kinds[k], 1), 0);
            CHECK(holds("copy", bytes, sizes[i]));
            REQUIRE(unlink("copy") == 0);
        }
    fault_none();
    free(bytes);
}

/* A hole at the front, in the middle, at the end; and nothing else than a hole. */
static void test_holes(void)
{
    struct stat from, to;
    const off_t size = 40 << 20;
    for (int variant = 0; variant < 4; variant++) {
        int fd = open("file", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        REQUIRE(fd >= 0 && ftruncate(fd, size) == 0);
        if (variant & 1)
            REQUIRE(pwrite(fd, "middle", 6, 20 << 20) == 6);
        if (variant & 2)
            REQUIRE(pwrite(fd, "end", 3, size - 3) == 3);
        REQUIRE(fsync(fd) == 0 && close(fd) == 0);
        char *bytes = calloc(1, (size_t)size);
        REQUIRE(bytes != NULL);
        if (variant & 1)
            memcpy(bytes + (20 << 20), "middle", 6);
        if (variant & 2)
            memcpy(bytes + size - 3, "end", 3);
        for (size_t s = 0; s < SYSTEMS; s++) {
            if (systems[s] & LACK_TMPFILE)
                continue;
            fault_lacking(systems[s]);
            CHECK_INT(copy("file", "copy"), 0);
            CHECK(holds("copy", bytes, (size_t)size));
            REQUIRE(stat("file", &from) == 0 && stat("copy", &to) == 0);
            if (!(systems[s] & LACK_HOLES))
                CHECK(to.st_blocks <= from.st_blocks + 16);
            REQUIRE(unlink("copy") == 0);
        }
        free(bytes);
    }
    fault_none();
}

static void test_proc(void)
{
    struct stat st;
    CHECK_INT(copy("/proc/self/status", "copy"), 0);
    CHECK(stat("copy", &st) == 0 && st.st_size > 300);
    char *version = calloc(1, 4096);
    REQUIRE(version != NULL);
    int fd = open("/proc/version", O_RDONLY | O_CLOEXEC);
    ssize_t n = read(fd, version, 4096);
    close(fd);
    for (size_t s = 0; s < SYSTEMS; s++) {
        fault_lacking(systems[s]);
        CHECK_INT(copy("/proc/version", "version"), 0);
        CHECK(n > 0 && holds("version", version, (size_t)n));
        REQUIRE(unlink("version") == 0);
    }
    /* its size is 4096 bytes, and it has less */
    const char *stated = "/sys/kernel/mm/transparent_hugepage/enabled";
    fd = open(stated, O_RDONLY | O_CLOEXEC);
    n = fd < 0 ? -1 : read(fd, version, 4096);
    close(fd);
    for (size_t s = 0; s < SYSTEMS && n > 0; s++) {
        fault_lacking(systems[s]);
        CHECK_INT(copy(stated, "stated"), 0);
        CHECK(holds("stated", version, (size_t)n));
        REQUIRE(unlink("stated") == 0);
    }
    fault_none();
    free(version);
}

/* ---- what exists, what fails ---- */

static void test_refusals(void)
{
    char longest[256], path[PATH_MAX];
    put_text("file", "source");
    put_text("taken", "mine");
    REQUIRE(mkdir("dir", 0755) == 0 && mkfifo("fifo", 0644) == 0);
    REQUIRE(symlink("file", "link") == 0 && symlink("nowhere", "dangling") == 0);
    FAILS("file", "file", EEXIST, MHQ_AT_PATH2);
    FAILS("file", "taken", EEXIST, MHQ_AT_PATH2);
    FAILS("file", "taken/", EEXIST, MHQ_AT_PATH2);
    FAILS("file", "dangling", EEXIST, MHQ_AT_PATH2);
    FAILS("file", "dir", EEXIST, MHQ_AT_PATH2);
    FAILS("file", "dir/", EEXIST, MHQ_AT_PATH2);
    FAILS("file", ".", EEXIST, MHQ_AT_PATH2);
    FAILS("file", "/", EEXIST, MHQ_AT_PATH2);
    FAILS("file", "new/", EISDIR, MHQ_AT_PATH2);
    FAILS("file", "", ENOENT, MHQ_AT_PATH2);
    FAILS("file", "no/new", ENOENT, MHQ_AT_PATH2);
    FAILS("file", "taken/new", ENOTDIR, MHQ_AT_PATH2);
    FAILS("missing", "new", ENOENT, MHQ_AT_PATH);
    FAILS("missing", "taken", ENOENT, MHQ_AT_PATH);
    FAILS("dangling", "new", ENOENT, MHQ_AT_PATH);
    FAILS("dir", "new", EISDIR, MHQ_AT_PATH);
    FAILS("fifo", "new", MHQ_ENOTREGULAR, MHQ_AT_PATH);
    FAILS("/dev/null", "new", MHQ_ENOTREGULAR, MHQ_AT_PATH);
    CHECK(holds("taken", "mine", 4) && !there("new") && !there("nowhere"));
    CHECK_INT(copy("link", "new"), 0); /* what it points at */
    CHECK(holds("new", "source", 6) && readlink("new", path, 4) < 0);
    CHECK_INT(copy("file", "dir//below"), 0);
    CHECK(holds("dir/below", "source", 6));
    CHECK(snprintf(path, sizeof path, "%s/dir/absolute", scene_path) > 0);
    CHECK_INT(copy("file", path), 0);
    CHECK(holds("dir/absolute", "source", 6));
    memset(longest, 'n', 255);
    longest[255] = 0;
    for (size_t s = 0; s < SYSTEMS; s++) {
        fault_lacking(systems[s]);
        CHECK_INT(copy("file", longest), 0);
        CHECK(holds(longest, "source", 6));
        REQUIRE(unlink(longest) == 0);
    }
    fault_none();
}

/* Another process takes the name after it was found free: its file stays. */
static int fstatat_then_take(int dir, const char *path, struct stat *st, int flags)
{
    int result = fstatat(dir, path, st, flags), error = errno;
    if (result < 0 && strcmp(path, "copy") == 0)
        put_text("copy", "theirs");
    errno = error;
    return result;
}

static void test_taken_meanwhile(void)
{
    put_text("file", "ours");
    calls.fstatat = fstatat_then_take;
    for (size_t s = 0; s < SYSTEMS; s++) {
        fault_lacking(systems[s]);
        FAILS("file", "copy", EEXIST, MHQ_AT_PATH2);
        CHECK(holds("copy", "theirs", 6));
        CHECK_INT(count_entries("."), 2);
        REQUIRE(unlink("copy") == 0);
    }
    calls = scene_calls();
    fault_none();
}

/* ---- the parts ---- */

static void test_copy_file_at(void)
{
    struct stat st;
    int side = -1;
    put_text("file", "text");
    put_text("other", "text");
    REQUIRE(stat("file", &st) == 0 && symlink("file", "link") == 0);
    CHECK_INT(mhq_copy_file_at(&fs, AT_FDCWD, "file", &st, AT_FDCWD, "copy", 0, &side), 0);
    CHECK(holds("copy", "text", 4));
    CHECK_INT(mhq_copy_file_at(&fs, AT_FDCWD, "file", &st, AT_FDCWD, "copy", 0, &side), EEXIST);
    CHECK_INT(side, 1);
    CHECK_INT(mhq_copy_file_at(&fs, AT_FDCWD, "other", &st, AT_FDCWD, "new", 0, &side), ESTALE);
    CHECK_INT(side, 0);
    CHECK_INT(mhq_copy_file_at(&fs, AT_FDCWD, "link", &st, AT_FDCWD, "new", 0, &side), ELOOP);
    CHECK_INT(side, 0);
    CHECK(!there("new"));
}

static void test_names(void)
{
    char one[MHQ_TEMPORARY], two[MHQ_TEMPORARY];
    for (size_t s = 0; s < 2; s++) {
        fault_lacking(s ? LACK_RANDOM : 0);
        CHECK_INT(mhq_temporary_name(&fs, one), 0);
        CHECK_INT(mhq_temporary_name(&fs, two), 0);
        CHECK(strlen(one) == MHQ_TEMPORARY - 1 && strncmp(one, ".mhddq-", 7) == 0);
        CHECK(strcmp(one, two) != 0);
    }
    fault_none();
    static const struct { const char *path, *name; } places[] = {
        {"a", "a"}, {"a///", "a"}, {"./a", "a"}, {"/tmp", "tmp"}, {"/", "."}, {"//", "."},
        {"..//.", "."}, {"..", ".."},
    };
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        mhq_place place;
        CHECK_INT(mhq_place_open(&fs, places[i].path, &place), 0);
        CHECK(place.dir >= 0);
        CHECK_TEXT(place.name, places[i].name);
        mhq_place_close(&fs, &place);
        CHECK(place.dir == -1 && !place.storage);
    }
}

static char left[4][64];
static size_t lefts;
static void on_leftover(void *context, const char *path)
{
    (void)context;
    if (CHECK(lefts < 4))
        (void)snprintf(left[lefts++], sizeof left[0], "%s", path);
}

static void test_left_behind(void)
{
    put_text("file", "text");
    REQUIRE(mkdir("dir", 0755) == 0);
    fs.report_leftover = on_leftover;
    lefts = 0;
    fault_lacking(LACK_TMPFILE | LACK_NOREPLACE);
    fault.which = CALL_unlinkat, fault.nth = 1, fault.forever = 1, fault.error = EROFS;
    FAILS("file", "dir/copy", EROFS, MHQ_AT_PATH2);
    CHECK(lefts == 2 && strncmp(left[0], "dir/.mhddq-", 11) == 0 && holds(left[0], "text", 4));
    CHECK_TEXT(left[1], "dir/copy"); /* the second name of the same, which was to be undone */
    fs.report_leftover = NULL;
    fault_none();
}

/* ---- every call fails once ---- */

static void every_call(unsigned lacks, int error, int forever, const char *bytes, size_t n)
{
    size_t before = count_descriptors();
    for (long nth = 1;; nth++) {
        lefts = 0;
        fault_lacking(lacks);
        fault.nth = nth, fault.error = error, fault.forever = forever;
        int result = copy("file", "copy");
        int reached = fault.count >= nth;
        fault_none();
        CHECK_INT(count_descriptors(), before);
        CHECK(holds("file", bytes, n));
        if (lefts) { /* reported, so it is allowed */
            CHECK(result != 0);
            while (lefts)
                CHECK(unlink(left[--lefts]) == 0);
        }
        if (result) {
            CHECK(!there("copy"));
        } else {
            CHECK(holds("copy", bytes, n));
            CHECK(unlink("copy") == 0);
        }
        if (!CHECK_INT(count_entries("."), 1)) {
            fprintf(stderr, "    lacking %x, error %d from call %ld on%s\n", lacks, error, nth,
                    forever ? " for ever" : "");
            (void)unlink("copy");
            return;
        }
        if (!reached) {
            CHECK_INT(result, 0);
            return;
        }
    }
}

static void test_faults(void)
{
    static const int errors[] = {EIO, ENOSPC, EINTR, EMFILE, EACCES, EPERM, EINVAL, 0};
    char *bytes = pattern(600000);
    fs.report_leftover = on_leftover;
    for (size_t size = 100; size <= 600000; size += 599900) {
        put("file", bytes, size);
        (void)setxattr("file", "user.mine", "value", 5, 0);
        REQUIRE(chmod("file", 04755) == 0);
        for (size_t s = 0; s < SYSTEMS; s++)
            for (size_t e = 0; e < sizeof errors / sizeof *errors; e++)
                for (int forever = 0; forever < 2; forever++)
                    every_call(systems[s], errors[e], forever, bytes, size);
    }
    int fd = open("file", O_RDWR | O_CLOEXEC); /* with holes */
    REQUIRE(fd >= 0 && ftruncate(fd, 0) == 0 && pwrite(fd, bytes, 9, 300000) == 9 &&
            ftruncate(fd, 500000) == 0 && close(fd) == 0);
    memset(bytes + 9, 0, 599991);
    memmove(bytes + 300000, bytes, 9);
    memset(bytes, 0, 9);
    for (size_t e = 0; e < sizeof errors / sizeof *errors; e++)
        every_call(LACK_COPY_RANGE, errors[e], 0, bytes, 500000);
    fs.report_leftover = NULL;
    free(bytes);
}

int main(int argc, char **argv)
{
    static scene_test *const tests[] = {
        test_contents, test_short_counts, test_holes, test_proc, test_refusals,
        test_taken_meanwhile, test_copy_file_at, test_names, test_left_behind, test_faults,
    };
    scene_all(argc, argv, &fs, &calls, tests, sizeof tests / sizeof *tests);
    return check_report("test_copy");
}
