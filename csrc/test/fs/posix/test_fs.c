/* test/fs/posix/test_fs.c - the primitives that need no walk, as their users see them: results,
 * errors and the paths they name, special files, and how many system calls the hot ones make.
 */
#include "fs/posix/commit.h"
#include "fs/posix/io.h"

#include "test/scene.h"

#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

static mhq_calls calls;
static mhq_fs fs;

#define DO(kind, ...) scene_do(&fs, MHQ_##kind, __VA_ARGS__)
#define FAILS(kind, ...) scene_fails(&fs, __LINE__, MHQ_##kind, __VA_ARGS__)

static int exists(int kind, const char *path)
{
    mhq_run run = scene_run(&fs, kind, path, NULL, NULL, 0);
    return run.error ? -1 : run.exists;
}

static int writes(const char *path, const char *bytes, size_t n)
{
    return scene_run(&fs, MHQ_FILE_WRITE, path, NULL, bytes, n).error;
}

/* ---- exists, create, delete, rename ---- */

static void test_exists(void)
{
    char name[300];
    memset(name, 'n', sizeof name);
    name[299] = 0;
    put_text("file", "");
    REQUIRE(mkdir("dir", 0755) == 0 && mkfifo("fifo", 0644) == 0);
    REQUIRE(symlink("dir", "to-dir") == 0 && symlink("file", "to-file") == 0);
    REQUIRE(symlink("nowhere", "dangling") == 0 && symlink("loop", "loop") == 0);
    CHECK_INT(exists(MHQ_FILE_EXISTS, "file"), 1);
    CHECK_INT(exists(MHQ_FILE_EXISTS, "fifo"), 1);
    CHECK_INT(exists(MHQ_FILE_EXISTS, "to-file"), 1);
    CHECK_INT(exists(MHQ_FILE_EXISTS, "dir"), 0);
    CHECK_INT(exists(MHQ_FILE_EXISTS, "to-dir"), 0);
    CHECK_INT(exists(MHQ_DIRECTORY_EXISTS, "dir"), 1);
    CHECK_INT(exists(MHQ_DIRECTORY_EXISTS, "to-dir/"), 1);
    CHECK_INT(exists(MHQ_DIRECTORY_EXISTS, "file"), 0);
    const char *none[] = {"", "missing", "file/x", "dangling", "loop", name};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        CHECK_INT(exists(MHQ_FILE_EXISTS, none[i]), 0);
        CHECK_INT(exists(MHQ_DIRECTORY_EXISTS, none[i]), 0);
    }
    fault_none();
    fault.nth = 1, fault.error = EACCES;
    FAILS(FILE_EXISTS, "file", NULL, EACCES, MHQ_AT_PATH);
    fault_none();
    (void)exists(MHQ_FILE_EXISTS, "file");
    CHECK_INT(fault.count, 1);
}

static void test_create_delete(void)
{
    struct stat st;
    mode_t mask = umask(027);
    CHECK_INT(DO(FILE_CREATE, "file", NULL), 0);
    CHECK_INT(DO(DIRECTORY_CREATE, "dir", NULL), 0);
    umask(mask);
    CHECK(stat("file", &st) == 0 && (st.st_mode & 07777) == 0640 && st.st_size == 0);
    CHECK(stat("dir", &st) == 0 && (st.st_mode & 0777) == 0750);
    FAILS(FILE_CREATE, "file", NULL, EEXIST, MHQ_AT_PATH);
    FAILS(FILE_CREATE, "dir", NULL, EEXIST, MHQ_AT_PATH);
    FAILS(FILE_CREATE, "no/file", NULL, ENOENT, MHQ_AT_PATH);
    FAILS(DIRECTORY_CREATE, "file", NULL, EEXIST, MHQ_AT_PATH);
    FAILS(DIRECTORY_CREATE, "no/dir", NULL, ENOENT, MHQ_AT_PATH);
    FAILS(FILE_DELETE, "dir", NULL, EISDIR, MHQ_AT_PATH);
    FAILS(FILE_DELETE, "missing", NULL, ENOENT, MHQ_AT_PATH);
    REQUIRE(symlink("file", "link") == 0 && symlink("dir", "to-dir") == 0);
    CHECK_INT(DO(FILE_DELETE, "link", NULL), 0);
    CHECK_INT(DO(FILE_DELETE, "to-dir", NULL), 0);
    CHECK(there("file") && there("dir"));
    CHECK_INT(DO(FILE_DELETE, "file", NULL), 0);
    CHECK(!there("file"));
}

static void test_file_rename(void)
{
    put_text("a", "A");
    put_text("b", "B");
    REQUIRE(mkdir("dir", 0755) == 0 && symlink("nowhere", "link") == 0);
    CHECK_INT(DO(FILE_RENAME, "a", "b"), 0);
    CHECK(!there("a") && holds("b", "A", 1));
    CHECK_INT(DO(FILE_RENAME, "link", "link2"), 0);
    CHECK(!there("link") && there("link2"));
    FAILS(FILE_RENAME, "dir", "dir2", EISDIR, MHQ_AT_BOTH);
    FAILS(FILE_RENAME, "missing", "x", ENOENT, MHQ_AT_BOTH);
    FAILS(FILE_RENAME, "b", "dir", EISDIR, MHQ_AT_BOTH);
    FAILS(FILE_RENAME, "b", "no/b", ENOENT, MHQ_AT_BOTH);
    /* It is not known to be a file, so it is not renamed. */
    fault_none();
    fault.which = CALL_fstatat, fault.nth = 1, fault.error = EIO;
    FAILS(FILE_RENAME, "dir", "dir2", EIO, MHQ_AT_BOTH);
    fault_none();
    CHECK(there("dir") && !there("dir2") && holds("b", "A", 1));
}

static void directory_renames(unsigned lacks)
{
    fault_lacking(lacks);
    REQUIRE(mkdir("d", 0755) == 0 && mkdir("other", 0755) == 0 && symlink("d", "link") == 0);
    put_text("d/inside", "x");
    put_text("file", "");
    FAILS(DIRECTORY_RENAME, "d", "other", EEXIST, MHQ_AT_BOTH);
    FAILS(DIRECTORY_RENAME, "d", "file", EEXIST, MHQ_AT_BOTH);
    FAILS(DIRECTORY_RENAME, "d", "link", EEXIST, MHQ_AT_BOTH);
    FAILS(DIRECTORY_RENAME, "file", "new", ENOTDIR, MHQ_AT_BOTH);
    FAILS(DIRECTORY_RENAME, "link", "new", ENOTDIR, MHQ_AT_BOTH);
    FAILS(DIRECTORY_RENAME, "link/", "new", ENOTDIR, MHQ_AT_BOTH);
    FAILS(DIRECTORY_RENAME, "missing", "new", ENOENT, MHQ_AT_BOTH);
    FAILS(DIRECTORY_RENAME, "missing", "missing", ENOENT, MHQ_AT_BOTH);
    FAILS(DIRECTORY_RENAME, "missing", "d/../missing", ENOENT, MHQ_AT_BOTH);
    CHECK(!there("missing"));
    FAILS(DIRECTORY_RENAME, "d", "d/below", EINVAL, MHQ_AT_BOTH);
    /* Of two ways that do not lead there, the source's is reported. */
    FAILS(DIRECTORY_RENAME, "missing/x", "file/b", ENOENT, MHQ_AT_BOTH);
    FAILS(DIRECTORY_RENAME, "file/e", "missing/a", ENOTDIR, MHQ_AT_BOTH);
    FAILS(DIRECTORY_RENAME, "missing", "file/b", ENOTDIR, MHQ_AT_BOTH);
    fault_lacking(lacks);
    fault.which = CALL_fstatat, fault.nth = 1, fault.error = EIO;
    FAILS(DIRECTORY_RENAME, "file", "new", EIO, MHQ_AT_BOTH);
    fault_lacking(lacks);
    CHECK_INT(count_entries("d"), 1);
    CHECK(!there("new"));
    CHECK_INT(DO(DIRECTORY_RENAME, "d", "d"), 0); /* the same directory: nothing is replaced */
    CHECK_INT(DO(DIRECTORY_RENAME, "d", "new/"), 0);
    CHECK(there("new/inside") && !there("d"));
    REQUIRE(unlink("link") == 0 && unlink("file") == 0 && rmdir("other") == 0);
    REQUIRE(unlink("new/inside") == 0 && rmdir("new") == 0);
    fault_none();
}

static void test_directory_rename(void)
{
    directory_renames(0);
    directory_renames(LACK_NOREPLACE);
}

/* As if case did not matter, the way Linux has it: two spellings are two names of one file, and a
 * rename between such names does nothing. */
static int folded_fstatat(int dir, const char *path, struct stat *st, int flags)
{
    int result = fstatat(dir, path, st, flags);
    return result < 0 && strcmp(path, "Dir") == 0 ? fstatat(dir, "dir", st, flags) : result;
}

static int folded_renameat(int d1, const char *p1, int d2, const char *p2)
{
    return strcasecmp(p1, p2) == 0 ? 0 : scene_calls().renameat(d1, p1, d2, p2);
}

static int folded_renameat2(int d1, const char *p1, int d2, const char *p2, unsigned flags)
{
    errno = EEXIST;
    return strcasecmp(p1, p2) == 0 ? -1 : scene_renameat2(d1, p1, d2, p2, flags);
}

static int folded_mkdirat(int dir, const char *path, mode_t mode)
{
    errno = EEXIST;
    return strcmp(path, "Dir") == 0 && there("dir") ? -1 : mkdirat(dir, path, mode);
}

static void test_respelling(void)
{
    static const int kinds[] = {MHQ_DIRECTORY_RENAME, MHQ_DIRECTORY_MOVE};
    calls.fstatat = folded_fstatat;
    calls.renameat = folded_renameat;
    calls.renameat2 = folded_renameat2;
    calls.mkdirat = folded_mkdirat;
    for (int i = 0; i < 4; i++) {
        fault_lacking(i & 1 ? LACK_NOREPLACE : 0);
        REQUIRE(mkdir("dir", 0755) == 0);
        put_text("dir/inside", "x");
        CHECK_INT(scene_do(&fs, kinds[i / 2], "dir", "Dir"), 0);
        CHECK(there("Dir/inside") && !there("dir"));
        REQUIRE(there("dir") || rename("Dir", "dir") == 0);
        CHECK_INT(DO(DIRECTORY_RENAME, "dir", "dir/."), EEXIST);
        fault_none(); /* by the temporary name, and not on: it is called back */
        fault.which = CALL_renameat2, fault.nth = 2, fault.error = EIO;
        CHECK_INT(scene_do(&fs, kinds[i / 2], "dir", "Dir"), EIO);
        CHECK(there("dir/inside") && count_entries(".") == 1);
        REQUIRE(unlink("dir/inside") == 0 && rmdir("dir") == 0);
    }
    calls = scene_calls();
    fault_none();
}

static int refuse_rename(int d1, const char *p1, int d2, const char *p2)
{
    (void)d1, (void)p1, (void)d2, (void)p2;
    errno = EIO;
    return -1;
}

/* A directory is not moved to below itself, and not touched by the attempt. */
static void test_rename_below_itself(void)
{
    struct stat st2;
    for (int lacks = 0; lacks < 2; lacks++) {
        fault_lacking(lacks ? LACK_NOREPLACE : 0);
        REQUIRE(lacks || mkdir("dir", 0755) == 0);
        const struct timespec then[2] = {{1000, 1}, {1000, 2}};
        REQUIRE(utimensat(AT_FDCWD, "dir", then, 0) == 0);
        FAILS(DIRECTORY_RENAME, "dir", "dir/x", EINVAL, MHQ_AT_BOTH);
        FAILS(DIRECTORY_MOVE, "dir", "dir/x", EINVAL, MHQ_AT_BOTH);
        FAILS(DIRECTORY_MOVE, "dir", "dir/x/y/z", EINVAL, MHQ_AT_BOTH);
        REQUIRE(stat("dir", &st2) == 0);
        CHECK(st2.st_mtim.tv_sec == 1000 && st2.st_mtim.tv_nsec == 2 && count_entries("dir") == 0);
    }
    fault_none();
}

/* The reservation that cannot be removed is reported. */
static char leftover[64];
static void on_leftover(void *context, const char *path)
{
    (void)context;
    (void)snprintf(leftover, sizeof leftover, "%s", path);
}

static void test_left_reservation(void)
{
    REQUIRE(mkdir("dir", 0755) == 0 && mkdir("to", 0755) == 0);
    fs.report_leftover = on_leftover;
    fault_lacking(LACK_NOREPLACE);
    calls.renameat = refuse_rename;
    fault.which = CALL_unlinkat, fault.nth = 1, fault.error = EROFS;
    FAILS(DIRECTORY_RENAME, "dir", "to/x", EIO, MHQ_AT_BOTH);
    CHECK_TEXT(leftover, "to/x");
    fs.report_leftover = NULL;
    fault_none();
}

/* ---- write ---- */

static void test_write(void)
{
    char *bytes = pattern(700000);
    struct stat st;
    CHECK_INT(writes("file", bytes, 700000), 0);
    CHECK(holds("file", bytes, 700000));
    REQUIRE(chmod("file", 0600) == 0 && symlink("file", "link") == 0);
    CHECK_INT(writes("link", bytes + 1, 10), 0); /* shorter: the rest is gone */
    CHECK(holds("file", bytes + 1, 10));
    CHECK(stat("file", &st) == 0 && (st.st_mode & 0777) == 0600);
    CHECK_INT(writes("file", "", 0), 0);
    CHECK(holds("file", "", 0));
    REQUIRE(symlink("made", "dangling") == 0);
    CHECK_INT(writes("dangling", "x", 1), 0);
    CHECK(holds("made", "x", 1));
    fault_none();
    CHECK_INT(writes("file", bytes, 4096), 0);
    CHECK_INT(fault.count, 3);
    fault_none();
    REQUIRE(mkdir("dir", 0755) == 0);
    FAILS(FILE_WRITE, "dir", NULL, EISDIR, MHQ_AT_PATH);
    FAILS(FILE_WRITE, "new/", NULL, EISDIR, MHQ_AT_PATH);
    FAILS(FILE_WRITE, "no/file", NULL, ENOENT, MHQ_AT_PATH);
    FAILS(FILE_WRITE, "/dev/full", NULL, ENOSPC, MHQ_AT_PATH);
    CHECK_INT(writes("/dev/null", bytes, 700000), 0);
    free(bytes);
}

static void test_write_special(void)
{
    char byte;
    REQUIRE(mkfifo("fifo", 0644) == 0);
    make_socket("socket");
    FAILS(FILE_WRITE, "fifo", NULL, MHQ_ENOTREGULAR, MHQ_AT_PATH);
    FAILS(FILE_WRITE, "socket", NULL, MHQ_ENOTREGULAR, MHQ_AT_PATH);
    int reader = open("fifo", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    REQUIRE(reader >= 0);
    FAILS(FILE_WRITE, "fifo", NULL, MHQ_ENOTREGULAR, MHQ_AT_PATH);
    CHECK_INT(writes("fifo", "", 0), MHQ_ENOTREGULAR);
    CHECK_INT(read(reader, &byte, 1), 0); /* nothing got in */
    close(reader);
    /* a terminal has no positions, and its buffer is small */
    int terminal = posix_openpt(O_RDWR | O_NOCTTY);
    if (terminal >= 0 && grantpt(terminal) == 0 && unlockpt(terminal) == 0) {
        char text[8] = "";
        int error = writes(ptsname(terminal), "hi\n", 3);
        CHECK(error == 0 || error == EIO); /* EIO: hung up where no other program has it open */
        CHECK(error || (read(terminal, text, 4) == 4 && memcmp(text, "hi\r\n", 4) == 0));
    }
    close(terminal);
}

static char leased_for[8];
static int break_seen;
/* As if a lease were on it: an open that must not block fails so. */
static int open_leased(int dir, const char *path, int flags, mode_t mode)
{
    if (strcmp(path, leased_for) == 0 && (flags & O_NONBLOCK)) {
        break_seen++;
        errno = EAGAIN;
        return -1;
    }
    return openat(dir, path, flags, mode);
}

static void test_leases(void)
{
    put_text("file", "old");
    REQUIRE(mkfifo("fifo", 0644) == 0);
    memcpy(leased_for, "file", 5);
    calls.openat = open_leased;
    break_seen = 0;
    CHECK(scene_reads(&fs, "file", "old", 3));
    CHECK_INT(writes("file", "newer", 5), 0);
    CHECK_INT(break_seen, 2);
    CHECK(holds("file", "newer", 5));
    memcpy(leased_for, "fifo", 5); /* does not hang whatever is answered */
    FAILS(FILE_READ, "fifo", NULL, EAGAIN, MHQ_AT_PATH);
    FAILS(FILE_WRITE, "fifo", NULL, EAGAIN, MHQ_AT_PATH);
    calls = scene_calls();
}

static int to_refuse;
/* As a device that cannot take the bytes at once. */
static ssize_t refuse_once(int fd, const void *from, size_t n, off_t at)
{
    if (to_refuse-- > 0) {
        errno = EAGAIN;
        return -1;
    }
    return pwrite(fd, from, n, at);
}

static void test_write_refused_once(void)
{
    put_text("file", "0123456789");
    mhq_numbers numbers = {.offset = 4};
    mhq_op op = {.kind = MHQ_FILE_WRITE, .path = "file", .data = "ab", .size = 2, .numbers = &numbers};
    mhq_run run = {0};
    calls.pwrite = refuse_once;
    to_refuse = 1;
    mhq_fs_run(&fs, &op, &run);
    calls = scene_calls();
    CHECK_INT(run.error, 0);
    CHECK_INT(to_refuse, -1);
    CHECK(holds("file", "0123ab6789", 10));
}

/* ---- contents ---- */

/* The type of `name` in a result, 0 where it is not there. */
static char listed(const mhq_run *run, const char *name)
{
    for (size_t at = 0; at < run->length; at += strlen(run->buffer + at) + 1)
        if (strcmp(run->buffer + at + 1, name) == 0)
            return run->buffer[at];
    return 0;
}

static void test_contents(void)
{
    char name[256];
    memset(name, 'n', 255);
    name[255] = 0;
    REQUIRE(mkdir("d", 0755) == 0 && mkdir("d/dir", 0755) == 0 && mkfifo("d/fifo", 0644) == 0);
    put_text("d/file", "");
    REQUIRE(symlink("dir", "d/to-dir") == 0 && symlink("file", "d/to-file") == 0);
    REQUIRE(symlink("nowhere", "d/dangling") == 0 && symlink("loop", "d/loop") == 0);
    REQUIRE(symlink("..", "d/...") == 0 && chdir("d") == 0);
    put_text(name, "");
    REQUIRE(chdir("..") == 0 && symlink("d", "to-d") == 0);
    mhq_run run = scene_run(&fs, MHQ_DIRECTORY_CONTENTS, "to-d", NULL, NULL, 0);
    CHECK_INT(run.error, 0);
    CHECK(listed(&run, "dir") == 'd' && listed(&run, "to-dir") == 'd' && listed(&run, "...") == 'd');
    CHECK(listed(&run, "file") == 'f' && listed(&run, "to-file") == 'f');
    CHECK(listed(&run, "dangling") == 'f' && listed(&run, "loop") == 'f');
    CHECK(listed(&run, "fifo") == 'f' && listed(&run, name) == 'f');
    CHECK(!listed(&run, ".") && !listed(&run, ".."));
    free(run.buffer);
    run = scene_run(&fs, MHQ_DIRECTORY_CONTENTS, "d/dir", NULL, NULL, 0);
    CHECK(run.error == 0 && run.length == 0);
    free(run.buffer);
    FAILS(DIRECTORY_CONTENTS, "d/file", NULL, ENOTDIR, MHQ_AT_PATH);
    FAILS(DIRECTORY_CONTENTS, "missing", NULL, ENOENT, MHQ_AT_PATH);
    FAILS(DIRECTORY_CONTENTS, "", NULL, ENOENT, MHQ_AT_PATH);
}

/* Many batches; every name once. */
static void test_contents_many(void)
{
    enum { MANY = 12000 };
    static char seen[MANY];
    char name[64];
    memset(seen, 0, sizeof seen);
    REQUIRE(mkdir("d", 0755) == 0 && chdir("d") == 0);
    for (int i = 0; i < MANY; i++) {
        (void)snprintf(name, sizeof name, "%0*d", 5 + i % 40, i);
        REQUIRE(mknod(name, S_IFREG | 0644, 0) == 0);
    }
    REQUIRE(chdir("..") == 0);
    mhq_run run = scene_run(&fs, MHQ_DIRECTORY_CONTENTS, "d", NULL, NULL, 0);
    CHECK_INT(run.error, 0);
    int count = 0;
    for (size_t at = 0; at < run.length; at += strlen(run.buffer + at) + 1, count++)
        seen[atoi(run.buffer + at + 1)]++;
    CHECK_INT(count, MANY);
    CHECK(memchr(seen, 0, MANY) == NULL);
    free(run.buffer);
}

/* ---- every call fails once ---- */

typedef struct attempt {
    int kind;
    const char *path, *path2;
} attempt;

/* The state that every attempt starts from, whatever the one before left. */
static void arrange(const char *bytes, size_t n)
{
    put("file", bytes, n);
    (void)unlink("new"), (void)rmdir("new");
    if (!there("dir") && !there("dir2"))
        REQUIRE(mkdir("dir", 0755) == 0);
    else if (!there("dir"))
        REQUIRE(rename("dir2", "dir") == 0);
    if (!there("dir/link"))
        REQUIRE(symlink("..", "dir/link") == 0);
}

static void every_call(const attempt *a, unsigned lacks, int error, int forever)
{
    enum { BYTES = 300000 };
    char *bytes = pattern(BYTES);
    long nth = 0, reached;
    do {
        arrange(bytes, BYTES);
        size_t before = count_descriptors();
        fault_lacking(lacks);
        fault.nth = ++nth, fault.error = error, fault.forever = forever;
        mhq_run run = scene_run(&fs, a->kind, a->path, a->path2, bytes, BYTES);
        reached = fault.count;
        fault_none();
        CHECK_INT(count_descriptors(), before);
        CHECK(!run.error || (!run.buffer && !run.length));
        CHECK(reached >= nth || !run.error); /* where nothing failed */
        CHECK(error || !run.error); /* short counts are no failure */
        if (a->kind == MHQ_FILE_READ && !run.error)
            CHECK(run.length == BYTES && memcmp(run.buffer, bytes, BYTES) == 0);
        if (a->kind == MHQ_FILE_WRITE && !run.error)
            CHECK(holds("new", bytes, BYTES));
        if (a->kind == MHQ_DIRECTORY_CONTENTS && !run.error && error != ENOENT)
            CHECK_INT(run.length, strlen("dlink") + 1);
        if (a->kind == MHQ_DIRECTORY_RENAME) /* never both, never none */
            CHECK(there("dir/link") + there("dir2/link") == 1);
        free(run.buffer);
        (void)rmdir("dir2"); /* a reservation that could not be removed */
    } while (reached >= nth);
    free(bytes);
}

static void test_faults(void)
{
    static const attempt attempts[] = {
        {MHQ_FILE_EXISTS, "file", NULL},    {MHQ_FILE_CREATE, "new", NULL},
        {MHQ_FILE_DELETE, "file", NULL},    {MHQ_FILE_RENAME, "file", "new"},
        {MHQ_FILE_READ, "file", NULL},      {MHQ_FILE_WRITE, "new", NULL},
        {MHQ_DIRECTORY_CREATE, "new", NULL}, {MHQ_DIRECTORY_CONTENTS, "dir", NULL},
        {MHQ_DIRECTORY_RENAME, "dir", "dir2"},
    };
    static const int errors[] = {EIO, ENOSPC, EINTR, EMFILE, EACCES, ENOENT, EAGAIN, 0};
    for (size_t a = 0; a < sizeof attempts / sizeof *attempts; a++)
        for (size_t e = 0; e < sizeof errors / sizeof *errors; e++)
            for (int variant = 0; variant < 4; variant++)
                every_call(&attempts[a], variant & 1 ? LACK_NOREPLACE : 0, errors[e], variant >> 1);
}

/* ---- what old systems lack ---- */

/* In a child, since it cannot be taken back: statx as it is where there is none. */
static void refuse_statx(unsigned error)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0 /* the call's number */),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_statx, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof code / sizeof *code, code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
        _exit(77);
}

/* In a child: the answers are the same without statx. */
static int mount_ids_without_statx(unsigned error, uint64_t here, uint64_t proc)
{
    const int flags = AT_SYMLINK_NOFOLLOW;
    uint64_t again = 0;
    refuse_statx(error);
    int fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return mhq_calls_real.mount_id(AT_FDCWD, "file", flags, &again) == 0 && again == here &&
           mhq_calls_real.mount_id(fd, "", flags | AT_EMPTY_PATH, &again) == 0 && again == here &&
           mhq_calls_real.mount_id(AT_FDCWD, "/proc", flags, &again) == 0 && again == proc &&
           mhq_calls_real.mount_id(AT_FDCWD, "missing", flags, &again) < 0 && errno == ENOENT;
}

static void test_mount_id(void)
{
    static const unsigned refusals[] = {ENOSYS, EPERM, EINVAL};
    const int flags = AT_SYMLINK_NOFOLLOW;
    uint64_t here = 1, proc = 1, none;
    put_text("file", "");
    CHECK(mhq_calls_real.mount_id(AT_FDCWD, "file", flags, &here) == 0);
    CHECK(mhq_calls_real.mount_id(AT_FDCWD, "/proc", flags, &proc) == 0);
    CHECK(here != proc);
    CHECK(mhq_calls_real.mount_id(AT_FDCWD, "missing", flags, &none) < 0 && errno == ENOENT);
    fflush(NULL);
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        int status;
        pid_t child = fork();
        REQUIRE(child >= 0);
        if (child == 0)
            _exit(mount_ids_without_statx(refusals[i], here, proc) ? 0 : 1);
        REQUIRE(waitpid(child, &status, 0) == child);
        CHECK(WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 77));
    }
}

static void test_dispatch(void)
{
    mhq_op op = {.kind = MHQ_FILE_EXISTS, .refused = 1, .path = "file"};
    mhq_run run;
    memset(&run, 0, sizeof run);
    mhq_fs_run(&fs, &op, &run);
    CHECK_INT(run.error, MHQ_EREFUSED);
    memset(&run, 0, sizeof run);
    op = (mhq_op){.kind = MHQ_KINDS, .path = "file"};
    mhq_fs_run(&fs, &op, &run);
    CHECK_INT(run.error, ENOSYS);
}

int main(int argc, char **argv)
{
    static scene_test *const tests[] = {
        test_exists,   test_create_delete,   test_file_rename,       test_directory_rename,
        test_respelling, test_left_reservation, test_rename_below_itself,
        test_write,    test_write_special,   test_leases,            test_write_refused_once,
        test_contents, test_contents_many, test_mount_id,   test_dispatch,          test_faults,
    };
    scene_all(argc, argv, &fs, &calls, tests, sizeof tests / sizeof *tests);
    return check_report("test_fs");
}
