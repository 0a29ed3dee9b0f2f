/* test/fs/posix/test_inode_order.c - who looks at every entry gets them in the order of the inodes. */
#include "test/tree_fixture.h"

#include "fs/traversal.h"

/* A directory that is made up: its batches, one after the other. */
static struct {
    char bytes[4096];
    size_t size;
} batches[4];
static size_t given;

/* A record is what the kernel's struct linux_dirent64 is, of any length. */
static void add(size_t batch, uint64_t inode, const char *name, size_t length)
{
    char *to = batches[batch].bytes + batches[batch].size;
    uint16_t length16 = (uint16_t)length;
    REQUIRE(batches[batch].size + length <= sizeof batches[batch].bytes);
    memset(to, 0, length);
    memcpy(to, &inode, sizeof inode);
    memcpy(to + 16, &length16, sizeof length16);
    to[18] = DT_REG;
    (void)snprintf(to + 19, length - 19, "%s", name);
    batches[batch].size += length;
}

static size_t asked; /* the most that a batch may have */

static ssize_t made_up_getdents(int fd, void *to, size_t n)
{
    (void)fd;
    asked = n;
    size_t size = given < 4 ? batches[given].size : 0;
    REQUIRE(size <= n);
    if (size)
        memcpy(to, batches[given++].bytes, size);
    return (ssize_t)size;
}

static void expect(mhq_fs *fs, mhq_reader *reader, const char *name)
{
    mhq_dirent entry;
    int found = mhq_read_entry(fs, reader, &entry);
    CHECK_INT(found, 1);
    CHECK_TEXT(found == 1 ? entry.name : "", name);
}

static mhq_reader begin(mhq_calls *calls, mhq_fs *fs, char *buffer, size_t size)
{
    *calls = mhq_calls_real;
    calls->getdents = made_up_getdents;
    *fs = (mhq_fs){.sys = calls};
    given = 0;
    return (mhq_reader){.fd = -1, .buffer = buffer, .size = size, .by_inode = 1};
}

static void each_batch_is_in_order(void)
{
    static _Alignas(16) char buffer[8192];
    mhq_calls calls;
    mhq_fs fs;
    mhq_dirent entry;
    memset(batches, 0, sizeof batches);
    add(0, 7, ".", 24), add(0, 30, "c", 24), add(0, 1, "..", 24), add(0, 10, "a", 24);
    add(0, UINT64_MAX, "e", 24), add(0, 20, "b", 32), add(0, 30, "d", 40);
    add(1, 5, "z", 24), add(1, 4, "y", 24), add(1, 3, "x", 24); /* it descends: it stays */
    add(2, 2, "one", 24), add(2, 9, "two", 24);
    mhq_reader reader = begin(&calls, &fs, buffer, sizeof buffer);
    CHECK(!mhq_reader_holds(&reader));
    const char *first[] = {"a", "b", "c", "d"};
    for (int i = 0; i < 2; i++)
        expect(&fs, &reader, first[i]);
    /* Two of one inode come in either order. */
    CHECK_INT(mhq_read_entry(&fs, &reader, &entry), 1);
    CHECK_INT(entry.inode, 30);
    CHECK_INT(mhq_read_entry(&fs, &reader, &entry), 1);
    CHECK_INT(entry.inode, 30);
    CHECK(mhq_reader_holds(&reader));
    expect(&fs, &reader, "e");
    CHECK(!mhq_reader_holds(&reader) && given == 1);
    const char *rest[] = {"z", "y", "x", "one", "two"};
    for (int i = 0; i < 5; i++)
        expect(&fs, &reader, rest[i]);
    CHECK_INT(mhq_read_entry(&fs, &reader, &entry), 0);
    CHECK(asked < sizeof buffer);
}

/* What comes before a broken record is given, and then the error, whatever is asked for. */
static void broken_record(void)
{
    static _Alignas(16) char buffer[8192];
    mhq_calls calls;
    mhq_fs fs;
    mhq_dirent entry;
    memset(batches, 0, sizeof batches);
    add(0, 3, "b", 24), add(0, 2, "a", 24), add(0, 4, "c", 24);
    add(0, 1, "in/side", 32), add(0, 0, "never", 32);
    mhq_reader reader = begin(&calls, &fs, buffer, sizeof buffer);
    expect(&fs, &reader, "a");
    expect(&fs, &reader, "b");
    expect(&fs, &reader, "c");
    for (int i = 0; i < 2; i++) {
        CHECK(mhq_reader_holds(&reader));
        CHECK_INT(mhq_read_entry(&fs, &reader, &entry), -EIO);
    }
}

/* Records that no kernel makes are shorter than a place in the order allows for. */
static void short_records(void)
{
    enum { SIZE = 1600 };
    static _Alignas(16) char buffer[SIZE + 64];
    mhq_calls calls;
    mhq_fs fs;
    mhq_dirent entry;
    int found, n = 0;
    memset(batches, 0, sizeof batches);
    memset(buffer, '#', sizeof buffer);
    while (batches[0].size + 21 <= SIZE / 5 * 3)
        add(0, (uint64_t)(1000 - batches[0].size), "n", 21);
    mhq_reader reader = begin(&calls, &fs, buffer, SIZE);
    while ((found = mhq_read_entry(&fs, &reader, &entry)) > 0)
        n++;
    CHECK_INT(found, -EIO);
    CHECK_INT(n, SIZE / 5 * 2 / 16);
    for (int i = 0; i < 64; i++)
        CHECK(buffer[SIZE + i] == '#');
}

/* ---- the operations ---- */

enum { FILES = 200 };
static uint64_t seen[FILES];
static size_t looks;

/* As if inodes had been given in another order than that of the listing. */
static uint64_t scrambled(const char *name)
{
    return (uint64_t)strtoul(name, NULL, 10) * 7919 % 10007;
}

static ssize_t scrambled_getdents(int fd, void *to, size_t n)
{
    ssize_t got = mhq_calls_real.getdents(fd, to, n);
    for (char *at = to; got > 0 && at < (char *)to + got;) {
        uint64_t inode = scrambled(at + 19);
        uint16_t length;
        memcpy(&length, at + 16, sizeof length);
        memcpy(at, &inode, sizeof inode);
        at += length;
    }
    return got;
}

static void note(const char *name)
{
    if (name[0] >= '0' && name[0] <= '9' && looks < FILES)
        seen[looks++] = scrambled(name);
}

static int noting_unlinkat(int dir, const char *name, int flags)
{
    note(name);
    return mhq_calls_real.unlinkat(dir, name, flags);
}

static int noting_fstatat(int dir, const char *name, struct stat *st, int flags)
{
    note(name);
    return mhq_calls_real.fstatat(dir, name, st, flags);
}

static void check_order(void)
{
    CHECK_INT(looks, FILES);
    for (size_t i = 1; i < looks; i++)
        CHECK(seen[i - 1] < seen[i]);
    looks = 0;
}

static void walk_looks(const mhq_calls *calls)
{
    mhq_fs fs;
    CHECK(mhq_fs_init(&fs, NULL) == 0);
    fs.sys = calls;
    mhq_traversal *t = mhq_traversal_new("many");
    REQUIRE(t != NULL);
    mhq_numbers numbers = {.batch = 2 * FILES};
    mhq_op op = {.kind = MHQ_DIRECTORY_WALK, .path = "many", .options = MHQ_STAT, .numbers = &numbers,
                 .traversal = t};
    mhq_run run = {.op = &op};
    mhq_fs_run(&fs, &op, &run);
    CHECK_INT(run.error, 0);
    fs.sys->release(run.buffer);
    mhq_traversal_free(t);
    fs.sys = &mhq_calls_real;
    mhq_fs_fini(&fs);
}

static void operations(void)
{
    char name[32];
    mhq_calls calls = mhq_calls_real;
    calls.getdents = scrambled_getdents;
    calls.unlinkat = noting_unlinkat;
    calls.fstatat = noting_fstatat;
    make_directory("many");
    for (int i = 0; i < FILES; i++) {
        (void)snprintf(name, sizeof name, "many/%d", i);
        put_text(name, "");
    }
    walk_looks(&calls);
    check_order();
    CHECK_INT(operate_on(&calls, MHQ_DIRECTORY_DELETE, "many", NULL).error, 0);
    check_order();
}

int main(void)
{
    enter_home();
    each_batch_is_in_order();
    broken_record();
    short_records();
    operations();
    leave_home();
    return check_report("test_inode_order");
}
