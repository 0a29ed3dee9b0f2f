/* test/fs/posix/test_copy.c - file_copy, and the parts of it that trees and moves share: contents, metadata,
 * names, commit.
 */
#include "test/scene.h"

#include "fs/posix/posix.h"

#include <limits.h>

static mhq_calls calls;
static mhq_fs fs;

static void fails(int line, const char *path, const char *path2, int error, int where)
{
    mhq_run run = scene_run(&fs, MHQ_FILE_COPY, path, path2, NULL, 0);
    if (!CHECK_INT(run.error, error) || !CHECK_INT(run.where, where))
        fprintf(stderr, "    line %d: %s %s\n", line, path, path2);
    free(run.buffer);
}
#define FAILS(...) fails(__LINE__, __VA_ARGS__)

static int copy(const char *path, const char *path2)
{
    return scene_do(&fs, MHQ_FILE_COPY, path, path2);
}

/* ---- contents ---- */

static const unsigned systems[] = {
    0,
    LACK_TMPFILE,
    LACK_PROC,
    LACK_TMPFILE | LACK_NOREPLACE,
    LACK_TMPFILE | LACK_NOREPLACE | LACK_LINK,
    LACK_LINK,
    LACK_COPY_RANGE,
    LACK_COPY_RANGE | LACK_HOLES,
    LACK_COPY_RANGE | LACK_TMPFILE | LACK_RANDOM | LACK_PROC,
};
enum { SYSTEMS = sizeof systems / sizeof *systems };

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
    /* said to be 4096 bytes, and is less */
    const char *said = "/sys/kernel/mm/transparent_hugepage/enabled";
    fd = open(said, O_RDONLY | O_CLOEXEC);
    n = fd < 0 ? -1 : read(fd, version, 4096);
    close(fd);
    for (size_t s = 0; s < SYSTEMS && n > 0; s++) {
        fault_lacking(systems[s]);
        CHECK_INT(copy(said, "said"), 0);
        CHECK(holds("said", version, (size_t)n));
        REQUIRE(unlink("said") == 0);
    }
    fault_none();
    free(version);
}

/* The source's size changes once it has been looked at. */
static off_t resize_to;
static int fstat_then_resize(int fd, struct stat *st)
{
    int result = fstat(fd, st);
    if (resize_to >= 0)
        CHECK(truncate("file", resize_to) == 0);
    resize_to = -1;
    return result;
}

static void test_changing(void)
{
    const off_t sizes[] = {0, 5, 60000, 70000, 400000, 900000};
    enum { N = sizeof sizes / sizeof *sizes };
    struct stat st;
    char *bytes = pattern(900000);
    calls.fstat = fstat_then_resize;
    for (size_t s = 0; s < SYSTEMS; s++)
        for (size_t i = 0; i < N; i++)
            for (size_t j = 0; j < N; j++)
                for (int hole = 0; hole < 2; hole++) {
                    fault_lacking(systems[s]);
                    put("file", bytes, (size_t)(hole ? 0 : sizes[i]));
                    REQUIRE(truncate("file", sizes[i]) == 0);
                    resize_to = sizes[j];
                    CHECK_INT(copy("file", "copy"), 0);
                    REQUIRE(stat("copy", &st) == 0); /* a reflink takes what has grown, too */
                    if (st.st_size != sizes[j])
                        CHECK(sizes[i] && sizes[i] < sizes[j] && st.st_size == sizes[i]);
                    CHECK(hole || holds("copy", bytes, (size_t)st.st_size) || sizes[j] > sizes[i]);
                    REQUIRE(unlink("copy") == 0);
                }
    calls = scene_calls();
    fault_none();
    free(bytes);
}

/* What the kernel does where the source is cut while it copies from the source's pages. */
static ssize_t copy_range_of_cut(int from, off_t *at, int to, off_t *at2, size_t n)
{
    static const char zeros[1024];
    ssize_t got = mhq_calls_real.copy_range(from, at, to, at2, n);
    CHECK(got == 100000 && truncate("file", 90000) == 0);
    CHECK(pwrite(to, zeros, sizeof zeros, 90000) == sizeof zeros);
    return got;
}

static void test_cut_while_copied(void)
{
    char *bytes = pattern(100000);
    calls.copy_range = copy_range_of_cut;
    put("file", bytes, 100000);
    fault_lacking(LACK_CLONE);
    CHECK_INT(copy("file", "copy"), 0);
    CHECK(holds("copy", bytes, 90000));
    calls = scene_calls();
    fault_none();
    free(bytes);
}

/* The source is cut and written anew while its bytes are copied: the first `rewrites` times that
 * the copy is at `rewrite_at` or beyond. `cut_before`: cut before the call, and written after it. */
static off_t rewrite_at, rewritten_size;
static int rewrites, cut_before;
static char *rewritten;

static void cut(off_t at)
{
    if (at >= rewrite_at && rewrites > 0 && cut_before)
        CHECK(truncate("file", at) == 0);
}

static void rewrite(off_t at)
{
    if (at < rewrite_at || rewrites == 0)
        return;
    rewrites--;
    rewritten[0]++; /* never the same again */
    put("file", rewritten, (size_t)rewritten_size);
}

static ssize_t pread_while_rewritten(int fd, void *to, size_t n, off_t at)
{
    if (n > 30000)
        n = 30000;
    if (fd == 3)
        cut(at);
    ssize_t got = scene_pread(fd, to, n, at);
    if (fd == 3)
        rewrite(at);
    return got;
}

static ssize_t copy_range_while_rewritten(int from, off_t *at, int to, off_t *at2, size_t n)
{
    off_t here = *at;
    if (!(fault.lacks & LACK_COPY_RANGE))
        cut(here);
    ssize_t got = scene_copy_range(from, at, to, at2, n < 30000 ? n : 30000);
    if (got >= 0)
        rewrite(here);
    return got;
}

static void build_rewritten(off_t size, off_t at, off_t then, int times)
{
    const struct timespec past[2] = {{1000000000, 0}, {1000000000, 0}};
    char *bytes = pattern((size_t)size);
    put("file", bytes, (size_t)size);
    REQUIRE(utimensat(AT_FDCWD, "file", past, 0) == 0);
    free(bytes);
    rewrite_at = at, rewritten_size = then, rewrites = times;
}

static void faults_while_rewritten(unsigned lacks)
{
    for (long nth = 1, count = 1; count >= nth; nth++) {
        fault_none();
        build_rewritten(200000, 60000, 65536, 1);
        fault_lacking(lacks | LACK_CLONE);
        fault.which = CALL_SYSTEM, fault.nth = nth, fault.error = EIO;
        int error = copy("file", "copy");
        count = fault.count;
        fault_none();
        if (error)
            CHECK(error == EIO && !there("copy"));
        else
            CHECK(holds("copy", rewritten, 65536) && unlink("copy") == 0);
        CHECK_INT(count_entries("."), 1);
    }
}

static void test_rewritten_while_copied(void)
{
    const off_t sizes[] = {20000, 65536, 200000};
    enum { N = sizeof sizes / sizeof *sizes };
    struct stat st;
    rewritten = pattern(200000);
    memset(rewritten, 'r', 100000);
    calls.pread = pread_while_rewritten;
    calls.copy_range = copy_range_while_rewritten;
    for (size_t s = 0; s < 2 * SYSTEMS; s++)
        for (size_t i = 0; i < N; i++)
            for (off_t at = 0; at < sizes[i]; at += 30000)
                for (size_t j = 0; j < N; j++) {
                    fault_lacking(systems[s / 2] | LACK_CLONE);
                    cut_before = s % 2;
                    build_rewritten(sizes[i], at, sizes[j], 1);
                    CHECK_INT(copy("file", "copy"), 0);
                    CHECK_INT(rewrites, 0);
                    CHECK(holds("copy", rewritten, (size_t)sizes[j]));
                    REQUIRE(stat("copy", &st) == 0);
                    CHECK(cut_before || st.st_mtim.tv_sec != 1000000000);
                    REQUIRE(unlink("copy") == 0);
                    build_rewritten(sizes[i], at, sizes[i], 1000);
                    FAILS("file", "copy", EBUSY, MHQ_AT_PATH);
                    CHECK_INT(count_entries("."), 1);
                }
    for (size_t s = 0; s < SYSTEMS; s++)
        faults_while_rewritten(systems[s]);
    calls = scene_calls();
    fault_none();
    free(rewritten);
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

/* Somebody takes the name after it was found free: his file stays. */
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

/* ---- metadata ---- */

static void test_metadata(void)
{
    struct stat st;
    char value[16];
    struct timespec times[2] = {{1000000001, 123456789}, {1000000002, 987654321}};
    put_text("file", "text");
    int attributes = setxattr("file", "user.mine", "value", 5, 0) == 0;
    (void)setxattr("file", "trusted.not", "value", 5, 0);
    mode_t mask = umask(077);
    for (size_t s = 0; s < SYSTEMS; s++) {
        fault_lacking(systems[s]);
        REQUIRE(chmod("file", 06751) == 0 && utimensat(AT_FDCWD, "file", times, 0) == 0);
        CHECK_INT(copy("file", "copy"), 0);
        REQUIRE(stat("copy", &st) == 0);
        CHECK_INT(st.st_mode & 07777, 06751);
        CHECK_INT(st.st_mtim.tv_sec, times[1].tv_sec);
        CHECK_INT(st.st_mtim.tv_nsec, times[1].tv_nsec);
        CHECK_INT(st.st_atim.tv_sec, times[0].tv_sec);
        if (attributes)
            CHECK(getxattr("copy", "user.mine", value, sizeof value) == 5);
        CHECK(getxattr("copy", "trusted.not", value, sizeof value) < 0);
        REQUIRE(unlink("copy") == 0);
    }
    umask(mask);
    fault_none();
}

/* A foreign owner: the copy is ours, and so it must not run as him; a move keeps him. */
static void test_ownership(void)
{
    struct stat st;
    int side;
    if (geteuid() != 0)
        return;
    put_text("file", "text");
    REQUIRE(chown("file", 1234, 4321) == 0 && chmod("file", 06755) == 0);
    CHECK_INT(copy("file", "copy"), 0);
    REQUIRE(stat("copy", &st) == 0);
    CHECK_INT(st.st_mode & 07777, 0755);
    CHECK_INT(st.st_uid, geteuid());
    REQUIRE(stat("file", &st) == 0);
    CHECK_INT(mhq_copy_file_at(&fs, AT_FDCWD, "file", &st, AT_FDCWD, "moved", 1, &side), 0);
    REQUIRE(stat("moved", &st) == 0);
    CHECK(st.st_uid == 1234 && st.st_gid == 4321 && (st.st_mode & 07777) == 06755);
}

static mode_t mode_of(const char *path)
{
    struct stat st;
    REQUIRE(stat(path, &st) == 0);
    return st.st_mode & 07777;
}

/* The ACL of a copy is the source's, whatever the directory would have it inherit. */
static void test_acl(void)
{
    REQUIRE(mkdir("dir", 0755) == 0);
    put_text("file", "text");
    if (!set_acl("dir", ACL_DEFAULT, 7, 5)) {
        printf("ACLs: skipped: %s\n", strerror(errno));
        return;
    }
    for (size_t s = 0; s < SYSTEMS; s++) {
        fault_lacking(systems[s]);
        REQUIRE(removexattr("file", ACL_ACCESS) == 0 && chmod("file", 0660) == 0);
        CHECK_INT(copy("file", "dir/copy"), 0);
        CHECK(!has_attribute("dir/copy", ACL_ACCESS) && mode_of("dir/copy") == 0660);
        REQUIRE(unlink("dir/copy") == 0);
        REQUIRE(set_acl("file", ACL_ACCESS, 6, 0) && mode_of("file") == 0760);
        CHECK_INT(copy("file", "dir/copy"), 0);
        CHECK(has_attribute("dir/copy", ACL_ACCESS) && mode_of("dir/copy") == 0760);
        REQUIRE(unlink("dir/copy") == 0);
        fault_lacking(systems[s]); /* without it, the mask's bits are not the group's */
        fault.which = CALL_fsetxattr, fault.nth = 1, fault.error = EOPNOTSUPP, fault.forever = 1;
        CHECK_INT(copy("file", "dir/copy"), 0);
        CHECK(!has_attribute("dir/copy", ACL_ACCESS) && mode_of("dir/copy") == 0700);
        REQUIRE(unlink("dir/copy") == 0);
        fault_lacking(systems[s]); /* refused to a first attempt, and granted to a second one */
        fault.which = CALL_fsetxattr, fault.nth = 1, fault.error = EOPNOTSUPP;
        CHECK_INT(copy("file", "dir/copy"), 0);
        CHECK(mode_of("dir/copy") == (has_attribute("dir/copy", ACL_ACCESS) ? 0760 : 0700));
        REQUIRE(unlink("dir/copy") == 0);
    }
    fault_lacking(0); /* what cannot be removed is not handed out */
    fault.which = CALL_fremovexattr, fault.nth = 1, fault.error = EPERM, fault.forever = 1;
    FAILS("file", "dir/copy", EPERM, MHQ_AT_PATH2);
    CHECK_INT(count_entries("dir"), 0);
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
static void left_behind(void *who, const char *path)
{
    (void)who;
    if (CHECK(lefts < 4))
        (void)snprintf(left[lefts++], sizeof left[0], "%s", path);
}

static void test_left_behind(void)
{
    put_text("file", "text");
    REQUIRE(mkdir("dir", 0755) == 0);
    fs.left_behind = left_behind;
    lefts = 0;
    fault_lacking(LACK_TMPFILE | LACK_NOREPLACE);
    fault.which = CALL_unlinkat, fault.nth = 1, fault.forever = 1, fault.error = EROFS;
    FAILS("file", "dir/copy", EROFS, MHQ_AT_PATH2);
    CHECK(lefts == 2 && strncmp(left[0], "dir/.mhddq-", 11) == 0 && holds(left[0], "text", 4));
    CHECK_TEXT(left[1], "dir/copy"); /* the second name of the same, which was to be undone */
    fs.left_behind = NULL;
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
        if (lefts) { /* told, so it is allowed */
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
    fs.left_behind = left_behind;
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
    fs.left_behind = NULL;
    free(bytes);
}

int main(int argc, char **argv)
{
    static scene_test *const tests[] = {
        test_contents, test_short_counts,    test_holes,    test_proc,
        test_changing, test_cut_while_copied, test_rewritten_while_copied,
        test_refusals, test_taken_meanwhile,
        test_metadata, test_ownership,       test_acl,      test_copy_file_at, test_names,
        test_left_behind, test_faults,
    };
    scene_all(argc, argv, &fs, &calls, tests, sizeof tests / sizeof *tests);
    return check_report("test_copy");
}
