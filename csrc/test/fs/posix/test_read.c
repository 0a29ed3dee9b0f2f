/* test/fs/posix/test_read.c - file_read as its users see it: what is in the file and nothing else, whatever the
 * system says beforehand of how much that is; special files; room, budget and blocks; system calls.
 */
#include "fs/posix/io.h"

#include "test/scene.h"

static mhq_calls calls;
static mhq_fs fs;

#define FAILS(kind, ...) scene_fails(&fs, __LINE__, MHQ_##kind, __VA_ARGS__)

static int reads(const char *path, const char *bytes, size_t n)
{
    return scene_reads(&fs, path, bytes, n);
}

static void test_read(void)
{
    size_t sizes[] = {0, 1, 4095, 4096, 65537, MHQ_SCRATCH, 3 * MHQ_SCRATCH + 5};
    char *bytes = pattern(3 * MHQ_SCRATCH + 5);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        put("file", bytes, sizes[i]);
        for (int room = 0; room < 2; room++) {
            fs.head = room ? 33 : 0, fs.tail = room ? 1 : 0;
            CHECK(reads("file", bytes, sizes[i]));
        }
    }
    fs.head = fs.tail = 0;
    free(bytes);
    put_text("file", "text");
    fault_none();
    CHECK(reads("file", "text", 4));
    CHECK_INT(fault.count - fault.calls[CALL_alloc], 4);
    fault_lacking(LACK_POSITIONS);
    CHECK(reads("file", "text", 4));
    fault_none();
    REQUIRE(mkdir("dir", 0755) == 0 && mkfifo("fifo", 0644) == 0 && symlink("fifo", "link") == 0);
    make_socket("socket");
    FAILS(FILE_READ, "dir", NULL, EISDIR, MHQ_AT_PATH);
    FAILS(FILE_READ, "fifo", NULL, MHQ_ENOTREGULAR, MHQ_AT_PATH);
    FAILS(FILE_READ, "link", NULL, MHQ_ENOTREGULAR, MHQ_AT_PATH);
    FAILS(FILE_READ, "socket", NULL, MHQ_ENOTREGULAR, MHQ_AT_PATH);
    FAILS(FILE_READ, "/dev/null", NULL, MHQ_ENOTREGULAR, MHQ_AT_PATH);
    FAILS(FILE_READ, "missing", NULL, ENOENT, MHQ_AT_PATH);
}

static void test_read_proc(void)
{
    mhq_run run = scene_run(&fs, MHQ_FILE_READ, "/proc/self/maps", NULL, NULL, 0);
    CHECK(run.error == 0 && run.length > 500 && run.buffer[run.length - 1] == '\n');
    free(run.buffer);
    /* said to be 4096 bytes, and is less */
    run = scene_run(&fs, MHQ_FILE_READ, "/sys/kernel/mm/transparent_hugepage/enabled", NULL, NULL, 0);
    CHECK(run.error == ENOENT || (run.error == 0 && run.length < 4096));
    free(run.buffer);
}

/* The file's size changes between fstat and the reading. */
static off_t resize_to;
static int fstat_then_resize(int fd, struct stat *st)
{
    int result = fstat(fd, st);
    CHECK(truncate("file", resize_to) == 0);
    return result;
}

static void read_changing(void)
{
    char *bytes = calloc(1, 600000);
    REQUIRE(bytes != NULL);
    off_t sizes[] = {0, 1, 99, 101, 5000, 600000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (size_t from = 0; from <= 100; from += 100) {
            memset(bytes, from ? 'p' : 0, 100); /* a file grows by zeros */
            put("file", bytes, from);
            calls.fstat = fstat_then_resize;
            resize_to = sizes[i];
            CHECK(reads("file", bytes, (size_t)sizes[i]));
            calls = scene_calls();
        }
    off_t shrunk[] = {0, 5, 299999, 300000}; /* what is far too much is given back, if possible */
    for (size_t i = 0; i < 4; i++)
        for (int error = 0; error < 2; error++) {
            put("file", bytes, 600000);
            fault_none();
            fault.which = CALL_resize, fault.nth = error, fault.error = ENOMEM;
            calls.fstat = fstat_then_resize;
            resize_to = shrunk[i];
            CHECK(reads("file", bytes, (size_t)shrunk[i]));
            CHECK_INT(fault.calls[CALL_resize], i < 3);
            calls = scene_calls();
        }
    fault_none();
    free(bytes);
}

static mhq_blocks blocks;

/* Where the first room is a block, which does not grow. */
static void in_a_block(scene_test *test)
{
    fs.blocks = &blocks;
    test();
    CHECK(blocks.made == 1); /* each came back */
    mhq_blocks_fini(&blocks, fs.sys);
    memset(&blocks, 0, sizeof blocks);
    fs.blocks = NULL;
}

/* Both there and where it is malloc's. */
static void test_read_changing(void)
{
    read_changing();
    in_a_block(read_changing);
}

/* A read that fails when it has its block already: the disk, or the memory to grow into. */
static void read_failing(void)
{
    char *bytes = pattern(100);
    resize_to = 40000;
    for (int growing = 0; growing < 2; growing++)
        for (int i = 0; i < 3; i++) {
            put("file", bytes, 100);
            fault_none();
            fault.which = growing ? CALL_alloc : CALL_pread;
            fault.nth = 1;
            fault.error = growing ? ENOMEM : EIO;
            if (growing)
                calls.fstat = fstat_then_resize;
            mhq_run run = scene_run(&fs, MHQ_FILE_READ, "file", NULL, NULL, 0);
            CHECK_INT(run.error, fault.error);
            CHECK(run.buffer == NULL && !run.in_block);
            CHECK(blocks.made == 1 && blocks.spare != NULL && blocks.spare->next == NULL);
            calls = scene_calls();
        }
    fault_none();
    free(bytes);
}

static void test_read_failing_in_a_block(void)
{
    in_a_block(read_failing);
}

static size_t charges, told;
static void charge(void *who, mhq_run *run, size_t more)
{
    CHECK(who == &charges);
    charges += more;
    run->charged += more;
}
static void tell(void *who)
{
    CHECK(who == &charges);
    told++;
}

static void test_budget(void)
{
    char *bytes = pattern(500000);
    put("large", bytes, 500000);
    put("small", bytes, 5000);
    put("empty", bytes, 0);
    charges = told = 0;
    fs.charge = charge, fs.lengthy = tell, fs.who = &charges;
    for (fs.asks = 0; fs.asks < 2; fs.asks++) {
        charges = 0;
        CHECK(reads("small", bytes, 5000));
        CHECK(charges == 5000 && told == 0);
    }
    fs.asks = 0;
    charges = 0;
    CHECK(reads("empty", bytes, 0));
    CHECK(charges == 0);
    CHECK(reads("large", bytes, 500000));
    CHECK(charges == 500000 && told == 1);
    charges = 0;
    mhq_run run = scene_run(&fs, MHQ_DIRECTORY_CONTENTS, ".", NULL, NULL, 0);
    CHECK(run.charged == run.length && charges == run.length);
    free(run.buffer);
    /* What is charged already is not charged again. */
    static const size_t rooms[] = {200, 100, 150, 300};
    mhq_growing g = {NULL, 0, 0};
    memset(&run, 0, sizeof run);
    charges = 0;
    for (size_t i = 0; i < sizeof rooms / sizeof *rooms; i++)
        CHECK_INT(mhq_reserve(&fs, &run, &g, rooms[i]), 0);
    CHECK_INT(charges, 300);
    mhq_result_drop(&fs, &run, g.buffer);
    fs.charge = NULL, fs.lengthy = NULL;
    free(bytes);
}

/* Beyond what one system call moves; only where it costs no space. */
static void test_read_beyond_2_gib(void)
{
    const off_t size = ((off_t)3 << 30) + 7;
    int fd = open("huge", O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    REQUIRE(fd >= 0 && ftruncate(fd, size) == 0 && pwrite(fd, "end", 3, size - 3) == 3);
    close(fd);
    mhq_run run = scene_run(&fs, MHQ_FILE_READ, "huge", NULL, NULL, 0);
    CHECK(run.error == ENOMEM || (run.error == 0 && run.length == (size_t)size &&
                                  memcmp(run.buffer + size - 4, "\0end", 4) == 0));
    free(run.buffer);
    CHECK(unlink("huge") == 0);
}

/* ---- files that say how much there is, and are not looked at ---- */

static int said;
static int say(int fd, int *bytes)
{
    (void)fd;
    *bytes = said;
    return 0;
}

static int unread_then_resize(int fd, int *bytes)
{
    int result = mhq_calls_real.unread(fd, bytes);
    CHECK(truncate("file", resize_to) == 0);
    return result;
}

/* Three calls and a look; or the question, if it may be asked, and now and then a look again. */
static void test_looks(void)
{
    struct stat st;
    int looked = 0;
    char *bytes = pattern(300000);
    put("file", bytes, 5000);
    put("large", bytes, 300000);
    put("empty", bytes, 0);
    REQUIRE(stat("file", &st) == 0);
    fault_none();
    CHECK(reads("file", bytes, 5000));
    CHECK(fault.calls[CALL_fstat] == 1 && fault.calls[CALL_unread] == 0);
    CHECK(fs.device == (uint64_t)st.st_dev);
    fault_none();
    fs.asks = 1;
    fs.bytes_read = 0;
    for (int i = 0; i < 300; i++)
        CHECK(reads("file", bytes, 5000));
    CHECK(fs.bytes_read == 300 * 5000);
    CHECK_INT(fault.calls[CALL_fstat], 3);
    CHECK_INT(fault.calls[CALL_unread], 297);
    CHECK_INT(fault.calls[CALL_pread], 300);
    CHECK_INT(fault.calls[CALL_openat] + fault.calls[CALL_close], 600);
    fault_none();
    CHECK(reads("large", bytes, 300000)); /* one that takes long is looked at */
    CHECK_INT(fault.calls[CALL_fstat], 1);
    fault_none();
    fault.which = CALL_unread, fault.nth = 1, fault.error = ENOTTY;
    CHECK(reads("file", bytes, 5000)); /* nor is the question always allowed */
    CHECK_INT(fault.calls[CALL_fstat], 1);
    fault_none();
    for (int i = 0; i < 1000; i++) { /* that others are looked at in between is no matter */
        CHECK(reads("empty", bytes, 0));
        for (int k = 0; k < 9; k++) {
            fs.device = 0;
            CHECK(reads("file", bytes, 5000));
            looked += fs.device != 0;
        }
    }
    CHECK_INT(looked, 100);
    free(bytes);
}

/* Whatever the file says of itself, and whatever happens then, what is read is what is there. */
static void test_wrong_answers(void)
{
    static const int answers[] = {-1, 0, 1, 99, 100, 101, 5000, 5001, 262143, INT_MAX};
    static const size_t sizes[] = {0, 1, 100, 5000, 300000};
    char *bytes = pattern(300000);
    calls.unread = say;
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        for (size_t a = 0; a < sizeof answers / sizeof *answers; a++) {
            put("file", bytes, sizes[s]);
            fs.asks = 1, fs.asked = 0;
            said = answers[a];
            CHECK(reads("file", bytes, sizes[s]));
        }
    calls.unread = unread_then_resize;
    memset(bytes, 0, 300000); /* a file grows by zeros */
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        for (size_t from = 1; from <= 5001; from += 1000) {
            put("file", bytes, from);
            fs.asks = 1, fs.asked = 0;
            resize_to = (off_t)sizes[s];
            CHECK(reads("file", bytes, sizes[s]));
        }
    free(bytes);
}

static void test_wrong_answers_in_a_block(void)
{
    in_a_block(test_wrong_answers);
}

/* It has grown beyond what it said, and shrunk when it is looked at. */
static long from_the_start;
static ssize_t pread_then_cut(int fd, void *to, size_t n, off_t at)
{
    ssize_t got = pread(fd, to, n, at);
    from_the_start += at == 0;
    if (at == 0)
        CHECK(truncate("file", resize_to) == 0);
    return got;
}

static void test_grown_and_cut(void)
{
    char *bytes = pattern(200);
    calls.unread = say;
    calls.pread = pread_then_cut;
    said = 100;
    fs.asks = 1;
    for (resize_to = 0; resize_to <= 50; resize_to += 50) {
        put("file", bytes, 200);
        fault_none();
        from_the_start = 0;
        CHECK(reads("file", bytes, 101));
        CHECK_INT(from_the_start, 1);
        CHECK_INT(fault.calls[CALL_resize], 1); /* so there is room behind it */
    }
    free(bytes);
}

static ssize_t pread_counted(int fd, void *to, size_t n, off_t at)
{
    from_the_start += at == 0;
    return pread(fd, to, n, at);
}

static ssize_t pread_refused(int fd, void *to, size_t n, off_t at)
{
    (void)fd, (void)to, (void)n, (void)at;
    errno = EINVAL;
    return -1;
}

/* What is no regular file is refused whatever it answers, and loses nothing; and what some files of
 * /sys do when they are read is not to be done twice. */
static void test_special_answers(void)
{
    char text[8];
    REQUIRE(mkfifo("fifo", 0644) == 0 && mkdir("dir", 0755) == 0);
    put_text("file", "short");
    int fifo = open("fifo", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    REQUIRE(fifo >= 0 && write(fifo, "bytes", 5) == 5);
    calls.unread = say;
    calls.pread = pread_counted;
    said = 5;
    fs.asks = 1, fs.asked = 0;
    FAILS(FILE_READ, "fifo", NULL, MHQ_ENOTREGULAR, MHQ_AT_PATH);
    CHECK(read(fifo, text, sizeof text) == 5 && memcmp(text, "bytes", 5) == 0);
    close(fifo);
    FAILS(FILE_READ, "/dev/zero", NULL, MHQ_ENOTREGULAR, MHQ_AT_PATH);
    FAILS(FILE_READ, "/dev/null", NULL, MHQ_ENOTREGULAR, MHQ_AT_PATH);
    FAILS(FILE_READ, "dir", NULL, EISDIR, MHQ_AT_PATH);
    said = 4096;
    from_the_start = 0;
    CHECK(reads("file", "short", 5));
    CHECK_INT(from_the_start, 1);
    calls.pread = pread_refused;
    FAILS(FILE_READ, "dir", NULL, EISDIR, MHQ_AT_PATH);
    FAILS(FILE_READ, "/dev/zero", NULL, MHQ_ENOTREGULAR, MHQ_AT_PATH);
    FAILS(FILE_READ, "file", NULL, EINVAL, MHQ_AT_PATH);
}

/* Only the lower half of the number comes back. */
static void test_half_a_number(void)
{
    int fd = open("file", O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    REQUIRE(fd >= 0 && ftruncate(fd, ((off_t)2 << 30) + 100) == 0);
    CHECK_INT(mhq_said_unread(&fs, fd), 0);
    REQUIRE(ftruncate(fd, ((off_t)4 << 30) + 100) == 0);
    CHECK_INT(mhq_said_unread(&fs, fd), 100);
    close(fd);
}

int main(int argc, char **argv)
{
    static scene_test *const tests[] = {
        test_read,  test_read_proc,     test_read_changing,  test_read_failing_in_a_block,
        test_looks, test_wrong_answers, test_wrong_answers_in_a_block,
        test_grown_and_cut, test_special_answers, test_half_a_number, test_budget, test_read_beyond_2_gib,
    };
    scene_all(argc, argv, &fs, &calls, tests, sizeof tests / sizeof *tests);
    return check_report("test_read");
}
