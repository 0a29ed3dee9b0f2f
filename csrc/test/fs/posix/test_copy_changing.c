/* test/fs/posix/test_copy_changing.c - file_copy of a file that changes meanwhile: a whole copy or
 * none.
 */
#include "fs/posix/io.h"

#include "test/copy_fixture.h"

/* The source's size changes after the copy's first fstat. */
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

int main(int argc, char **argv)
{
    static scene_test *const tests[] = {
        test_changing, test_cut_while_copied, test_rewritten_while_copied,
    };
    scene_all(argc, argv, &fs, &calls, tests, sizeof tests / sizeof *tests);
    return check_report("test_copy_changing");
}
