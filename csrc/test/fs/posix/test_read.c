/* test/fs/posix/test_read.c - file_read as its users see it: what is in the file and nothing else,
 * whatever the system reports beforehand of how much that is; special files; room, budget and
 * blocks; system calls.
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
    /* its size is 4096 bytes, and it has less */
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
            CHECK(run.buffer == NULL && !run.holds);
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

static size_t charges, reports;
static void charge(void *context, mhq_run *run, size_t more)
{
    CHECK(context == &charges);
    charges += more;
    run->charged += more;
}
static void report(void *context)
{
    CHECK(context == &charges);
    reports++;
}

static void test_budget(void)
{
    char *bytes = pattern(500000);
    put("large", bytes, 500000);
    put("small", bytes, 5000);
    put("empty", bytes, 0);
    charges = reports = 0;
    fs.charge = charge, fs.lengthy = report, fs.context = &charges;
    CHECK(reads("small", bytes, 5000));
    CHECK(charges == 5000 && reports == 0);
    charges = 0;
    CHECK(reads("empty", bytes, 0));
    CHECK(charges == 0);
    CHECK(reads("large", bytes, 500000));
    CHECK(charges == 500000 && reports == 1);
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

/* ---- where the end is ---- */

/* Three calls and one for each file; and once for each device, whether its sizes are exact. */
static void test_calls(void)
{
    struct stat st;
    char *bytes = pattern(5000);
    put("file", bytes, 5000);
    REQUIRE(stat("file", &st) == 0);
    fault_none();
    for (int i = 0; i < 10; i++)
        CHECK(reads("file", bytes, 5000));
    CHECK(fs.device == (uint64_t)st.st_dev);
    CHECK_INT(fault.calls[CALL_file_system], 1);
    CHECK_INT(fault.calls[CALL_fstat], 10);
    CHECK_INT(fault.calls[CALL_pread], fs.exact ? 10 : 20);
    CHECK_INT(fault.calls[CALL_openat] + fault.calls[CALL_close], 20);
    free(bytes);
}

/* A server's: the size is what it likes to answer, and a read brings at most so much. */
static off_t stated;
static size_t most;
static int server_fstat(int fd, struct stat *st)
{
    int result = fstat(fd, st);
    st->st_size = stated;
    return result;
}

static ssize_t server_pread(int fd, void *to, size_t n, off_t at)
{
    return pread(fd, to, n < most ? n : most, at);
}

static int server_file_system(int fd, uint64_t *magic)
{
    (void)fd;
    *magic = 0x65735546;
    return 0;
}

static void be_a_server(void)
{
    calls.fstat = server_fstat;
    calls.pread = server_pread;
    calls.file_system = server_file_system;
    fs.sized = 0;
}

/* Whatever the size is, and however little a read brings, what is read is what is there. */
static void test_sizes_of_servers(void)
{
    static const off_t sizes[] = {0, 1, 50, 99, 100, 101, 5000, 300000};
    static const size_t holds[] = {0, 1, 100, 5000, 270000};
    char *bytes = pattern(300000);
    be_a_server();
    for (size_t h = 0; h < sizeof holds / sizeof *holds; h++) {
        put("file", bytes, holds[h]);
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
            for (most = 50; most <= 65536; most *= 8) {
                stated = sizes[s];
                CHECK(reads("file", bytes, holds[h]));
            }
    }
    free(bytes);
}

static void test_sizes_of_servers_in_a_block(void)
{
    in_a_block(test_sizes_of_servers);
}

int main(int argc, char **argv)
{
    static scene_test *const tests[] = {
        test_read,  test_read_proc,     test_read_changing,  test_read_failing_in_a_block,
        test_calls, test_sizes_of_servers, test_sizes_of_servers_in_a_block, test_budget,
        test_read_beyond_2_gib,
    };
    scene_all(argc, argv, &fs, &calls, tests, sizeof tests / sizeof *tests);
    return check_report("test_read");
}
