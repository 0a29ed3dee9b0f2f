/* test/fs/posix/test_tree_copy.c - directory_copy: what a copy holds, what it refuses, what it leaves. */
#include "test/tree_fixture.h"

#include <utime.h>

static int same_metadata(const char *a, const char *b)
{
    struct stat st, st2;
    if (lstat(a, &st) != 0 || lstat(b, &st2) != 0)
        return 0;
    return st.st_mode == st2.st_mode && st.st_mtim.tv_sec == st2.st_mtim.tv_sec
        && st.st_mtim.tv_nsec == st2.st_mtim.tv_nsec;
}

static void set_time(const char *path, time_t when)
{
    struct timespec ts[2] = {{when, 1111}, {when, 2222}};
    CHECK(utimensat(AT_FDCWD, path, ts, AT_SYMLINK_NOFOLLOW) == 0);
}

static void everything(void)
{
    static const char *const names[] = {"", "/file", "/link", "/fifo", "/sub", "/sub/deep",
                                        "/sub/deep/file", "/socket"};
    char a[64], b[64];
    struct stat st;
    mode_t mask = umask(077);
    make_tree("tree");
    make_socket("tree/socket");
    CHECK(link("tree/file", "tree/second") == 0);
    CHECK(chmod("tree/file", 0604) == 0 && chmod("tree/fifo", 0666) == 0);
    CHECK(chmod("tree/socket", 0776) == 0);
    CHECK(chmod("tree/sub/deep", 0555) == 0 && chmod("tree", 01755) == 0);
    for (size_t i = sizeof names / sizeof *names; i-- > 0;) {
        snprintf(a, sizeof a, "tree%s", names[i]);
        set_time(a, 1000000000 + (time_t)i);
    }
    CHECK_INT(operate(MHQ_DIRECTORY_COPY, "tree", "copy/").error, 0);
    umask(mask);
    CHECK(is_whole("copy"));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(a, sizeof a, "tree%s", names[i]);
        snprintf(b, sizeof b, "copy%s", names[i]);
        if (!CHECK(same_metadata(a, b)))
            printf("    %s\n", b);
    }
    CHECK(lstat("copy/socket", &st) == 0 && S_ISSOCK(st.st_mode));
    CHECK(lstat("copy/second", &st) == 0 && st.st_nlink == 1);
    CHECK_INT(operate(MHQ_DIRECTORY_DELETE, "copy", NULL).error, 0);
    /* A link to a directory is followed at the top, and only there. */
    CHECK(symlink("tree", "to") == 0 && symlink("sub", "tree/inner") == 0);
    CHECK_INT(operate(MHQ_DIRECTORY_COPY, "to", "copy").error, 0);
    CHECK(is_whole("copy") && links_to("copy/inner", "sub"));
    CHECK(unlink("to") == 0);
    CHECK_INT(operate(MHQ_DIRECTORY_DELETE, "copy", NULL).error, 0);
    CHECK_INT(operate(MHQ_DIRECTORY_DELETE, "tree", NULL).error, 0);
}

static void refused(const char *path, const char *path2, int error, const char *named)
{
    answer a = operate(MHQ_DIRECTORY_COPY, path, path2);
    if (!CHECK_INT(a.error, error) || !CHECK_TEXT(a.path, named))
        printf("    %s to %s: %s\n", path, path2, a.path);
}

static void refusals(void)
{
    make_tree("tree");
    make_directory("taken");
    CHECK(symlink("nowhere", "dangling") == 0);
    refused("tree", "taken", EEXIST, "taken");
    refused("tree", "taken/", EEXIST, "taken/");
    refused("tree", "tree", EEXIST, "tree");
    refused("tree", "dangling", EEXIST, "dangling");
    refused("tree", "dangling/", EEXIST, "dangling/");
    refused("tree", "dangling/x", ENOENT, "dangling/x");
    refused("tree", "tree/file/x", ENOTDIR, "tree/file/x");
    refused("tree", "", ENOENT, "");
    refused("tree", ".", EEXIST, ".");
    refused("tree", "/", EEXIST, "/");
    refused("tree", "p/../q", ENOENT, "p/../q");
    refused("missing", "p/q", ENOENT, "missing");
    refused("tree/file", "p/q", ENOTDIR, "tree/file");
    refused("tree", "tree/new", EINVAL, "tree");
    refused("tree", "tree/sub/deep/new", EINVAL, "tree");
    refused("tree", "tree/p/q/new", EINVAL, "tree");
    CHECK(symlink("tree/sub", "way") == 0);
    refused("tree", "way/new", EINVAL, "tree");
    CHECK_INT(count_entries("."), 4);
    CHECK_INT(count_entries("tree"), 4);
    CHECK_INT(count_entries("tree/sub"), 1);
    CHECK(unlink("way") == 0 && unlink("dangling") == 0 && rmdir("taken") == 0);
    if (mknod("tree/sub/deep/null", S_IFCHR | 0600, 0x103) == 0) {
        refused("tree", "p/q", MHQ_ENOTREGULAR, "tree/sub/deep/null");
        CHECK_INT(count_entries("."), 1);
    }
    CHECK_INT(operate(MHQ_DIRECTORY_DELETE, "tree", NULL).error, 0);
}

static void parents(void)
{
    make_tree("tree");
    make_directory("here");
    CHECK_INT(operate(MHQ_DIRECTORY_COPY, "tree", "here/a//b/./c/copy//").error, 0);
    CHECK(is_whole("here/a/b/c/copy"));
    CHECK_INT(count_temporaries("here/a/b/c"), 0);
    char path[512];
    snprintf(path, sizeof path, "%s/x/y/z", scene_path);
    CHECK_INT(operate(MHQ_DIRECTORY_COPY, "tree", path).error, 0);
    CHECK(is_whole("x/y/z"));
    CHECK_INT(operate(MHQ_DIRECTORY_DELETE, "x", NULL).error, 0);
    CHECK_INT(operate(MHQ_DIRECTORY_DELETE, "here", NULL).error, 0);
    CHECK_INT(operate(MHQ_DIRECTORY_DELETE, "tree", NULL).error, 0);
}

/* What is copied into a directory does not inherit its ACL; what has one, keeps it. */
static void acls(void)
{
    static const char *const names[] = {"", "/file", "/fifo", "/sub", "/sub/deep/file"};
    char path[64];
    make_tree("tree");
    make_directory("there");
    if (!set_acl("there", ACL_DEFAULT, 7, 5) || !set_acl("tree/sub/deep", ACL_ACCESS, 5, 0)
        || !set_acl("tree/sub/deep", ACL_DEFAULT, 4, 4)) {
        printf("ACLs: skipped: %s\n", strerror(errno));
    } else {
        CHECK_INT(operate(MHQ_DIRECTORY_COPY, "tree", "there/copy").error, 0);
        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
            snprintf(path, sizeof path, "there/copy%s", names[i]);
            CHECK(there(path) && !has_attribute(path, ACL_ACCESS));
            CHECK(!has_attribute(path, ACL_DEFAULT));
        }
        CHECK(has_attribute("there/copy/sub/deep", ACL_ACCESS));
        CHECK(has_attribute("there/copy/sub/deep", ACL_DEFAULT));
    }
    CHECK_INT(operate(MHQ_DIRECTORY_DELETE, "there", NULL).error, 0);
    CHECK_INT(operate(MHQ_DIRECTORY_DELETE, "tree", NULL).error, 0);
}

/* Where renameat2 does not know the flag, and where the name is taken at the last moment. */
static int late_mkdirat(int dir, const char *path, mode_t mode)
{
    int result = mhq_calls_real.mkdirat(dir, path, mode);
    if (strcmp(path, "deep") == 0)
        CHECK(mkdir("copy", 0755) == 0);
    return result;
}

static void commit(void)
{
    mhq_calls calls = scene_calls();
    make_tree("tree");
    fault_lacking(LACK_NOREPLACE);
    CHECK_INT(operate_on(&calls, MHQ_DIRECTORY_COPY, "tree", "copy").error, 0);
    CHECK(is_whole("copy") && same_metadata("tree", "copy"));
    CHECK_INT(operate(MHQ_DIRECTORY_DELETE, "copy", NULL).error, 0);
    calls.mkdirat = late_mkdirat;
    for (int lacks = 0; lacks < 2; lacks++) {
        fault_lacking(lacks ? LACK_NOREPLACE : 0);
        answer a = operate_on(&calls, MHQ_DIRECTORY_COPY, "tree", "copy");
        CHECK_INT(a.error, EEXIST);
        CHECK_TEXT(a.path, "copy");
        CHECK_INT(count_entries("copy"), 0);
        CHECK_INT(count_entries("."), 2);
        CHECK(rmdir("copy") == 0);
    }
    fault_none();
    CHECK_INT(operate(MHQ_DIRECTORY_DELETE, "tree", NULL).error, 0);
}

/* When the name is given, another program has put a directory of its own in the place of what was
 * built. It is not removed in its stead. */
static int stealing_renameat2(int d1, const char *p1, int d2, const char *p2, unsigned flags)
{
    CHECK(rename(p1, "stolen") == 0 && rename("victim", p1) == 0 && mkdir("copy", 0755) == 0);
    return mhq_calls_real.renameat2(d1, p1, d2, p2, flags);
}

static void stolen(void)
{
    mhq_calls calls = mhq_calls_real;
    calls.renameat2 = stealing_renameat2;
    make_tree("tree");
    make_tree("victim");
    left[0] = '\0';
    CHECK_INT(operate_on(&calls, MHQ_DIRECTORY_COPY, "tree", "copy").error, EEXIST);
    CHECK(left[0] && is_whole(left) && is_whole("stolen"));
    CHECK(rmdir("copy") == 0);
    CHECK_INT(operate(MHQ_DIRECTORY_DELETE, left, NULL).error, 0);
    CHECK_INT(operate(MHQ_DIRECTORY_DELETE, "stolen", NULL).error, 0);
    CHECK_INT(operate(MHQ_DIRECTORY_DELETE, "tree", NULL).error, 0);
}

/* A directory that its owner may not write into, in what has to be removed again. */
static void disk_full(void)
{
    mhq_calls calls = scene_calls();
    make_tree("tree");
    CHECK(chmod("tree/sub/deep", 0500) == 0);
    for (long n = 1; n < 3; n++) {
        set_fault(CALL_pwrite, n, ENOSPC, 1);
        left[0] = '\0';
        answer a = operate_on(&calls, MHQ_DIRECTORY_COPY, "tree/", "p/q/copy");
        CHECK_INT(a.error, ENOSPC);
        CHECK_INT(a.where, MHQ_AT_BUFFER2);
        CHECK_TEXT(a.path, n == 1 ? "p/q/copy/file" : "p/q/copy/sub/deep/file");
        CHECK_TEXT(left, "");
        CHECK_INT(count_entries("."), 1);
    }
    set_fault(CALL_pread, 1, EIO, 1);
    answer a = operate_on(&calls, MHQ_DIRECTORY_COPY, "tree/", "copy");
    CHECK_INT(a.error, EIO);
    CHECK_INT(a.where, MHQ_AT_BUFFER);
    CHECK_TEXT(a.path, "tree/file");
    fault_none();
    CHECK_INT(operate(MHQ_DIRECTORY_DELETE, "tree", NULL).error, 0);
}

static int no_temporary(int dir, const char *path, mode_t mode)
{
    if (strncmp(path, ".mhddq-", 7) != 0)
        return mkdirat(dir, path, mode);
    errno = EDQUOT;
    return -1;
}

/* Made parents that cannot be removed again: the deepest is reported, which names the others. */
static void parents_left(void)
{
    static const char *const reported[] = {"p/./q", "p", ""};
    mhq_calls calls = scene_calls();
    calls.mkdirat = no_temporary;
    make_tree("tree");
    for (long n = 1; n <= 3; n++) {
        set_fault(CALL_unlinkat, n, EROFS, 1);
        left[0] = '\0';
        CHECK_INT(operate_on(&calls, MHQ_DIRECTORY_COPY, "tree", "p/./q//copy/").error, EDQUOT);
        fault_none();
        CHECK_TEXT(left, reported[n - 1]);
        CHECK(n == 3 ? !there("p") : rmdir(reported[n - 1]) == 0);
        CHECK(n > 1 || rmdir("p") == 0);
    }
    CHECK_INT(operate_on(&calls, MHQ_DIRECTORY_COPY, "tree", "tree/p/q/copy").error, EINVAL);
    CHECK(!there("tree/p"));
    CHECK_INT(operate(MHQ_DIRECTORY_DELETE, "tree", NULL).error, 0);
}

/* Every call fails once, and from then on. There is a whole copy, or nothing but what was reported. */
static void failing_copy(void)
{
    mhq_calls calls = scene_calls();
    size_t before = count_descriptors();
    int interrupted = 0;
    make_tree("tree");
    for (int run = 0; run < 4; run++) {
        for (long n = 1; n < 1000; n++) {
            set_fault(CALL_ANY, n, run & 2 ? EINTR : EIO, run & 1);
            left[0] = '\0';
            answer a = operate_on(&calls, MHQ_DIRECTORY_COPY, "tree", "p/copy");
            int hit = fault_hit();
            fault_none();
            CHECK(a.error == 0 ? is_whole("p/copy") : !there("p/copy"));
            CHECK(a.error == 0 || left[0] || !there("p"));
            interrupted += run == 2 && a.error == EINTR;
            if (there("p")) {
                /* Without memory the name has to do. */
                CHECK(!count_temporaries("p") || strstr(left, ".mhddq-"));
                CHECK_INT(operate(MHQ_DIRECTORY_DELETE, "p", NULL).error, 0);
            }
            if (!hit)
                break;
            CHECK(n < 999);
        }
    }
    CHECK(interrupted <= 4); /* two fstats for each file, which no system interrupts */
    CHECK(is_whole("tree"));
    CHECK_INT(count_descriptors(), before);
    CHECK_INT(operate(MHQ_DIRECTORY_DELETE, "tree", NULL).error, 0);
}

/* What is listed is gone, or another one, by the time of its opening. */
static void (*meanwhile)(const char *name);

static int changing_openat(int dir, const char *path, int flags, mode_t mode)
{
    if (meanwhile && strcmp(path, "file") == 0 && !(flags & O_CREAT)) {
        meanwhile("tree/file");
        meanwhile = NULL;
    }
    return mhq_calls_real.openat(dir, path, flags, mode);
}

static ssize_t changing_getdents(int fd, void *to, size_t n)
{
    ssize_t got = mhq_calls_real.getdents(fd, to, n);
    if (meanwhile && got > 0 && memmem(to, (size_t)got, "link", 5)) { /* the top's */
        meanwhile("tree/file");
        meanwhile = NULL;
    }
    return got;
}

static void take_away(const char *name)
{
    CHECK(unlink(name) == 0);
}

static void replace(const char *name)
{
    put_text("other", "other");
    CHECK(rename("other", name) == 0);
}

static void replace_by_link(const char *name)
{
    CHECK(unlink(name) == 0 && symlink("nowhere", name) == 0);
}

static void replace_by_directory(const char *name)
{
    CHECK(unlink(name) == 0 && mkdir(name, 0700) == 0);
}

static void replace_by_fifo(const char *name)
{
    CHECK(unlink(name) == 0 && mkfifo(name, 0600) == 0);
}

static void grow(const char *name)
{
    put_text(name, "high and higher");
}

static void shrink(const char *name)
{
    CHECK(truncate(name, 1) == 0);
}

static answer copy_while(const mhq_calls *calls, void (*change)(const char *name))
{
    make_tree("tree");
    meanwhile = change;
    answer a = operate_on(calls, MHQ_DIRECTORY_COPY, "tree", "copy");
    CHECK(meanwhile == NULL && count_temporaries(".") == 0);
    CHECK_INT(operate(MHQ_DIRECTORY_DELETE, "tree", NULL).error, 0);
    return a;
}

static void copied_while(const mhq_calls *calls, void (*change)(const char *name), const char *text)
{
    CHECK_INT(copy_while(calls, change).error, 0);
    CHECK(holds_text("copy/file", text));
    CHECK_INT(operate(MHQ_DIRECTORY_DELETE, "copy", NULL).error, 0);
}

static void changing(void)
{
    mhq_calls listed = mhq_calls_real, reached = mhq_calls_real;
    listed.getdents = changing_getdents;
    reached.openat = changing_openat;
    for (const mhq_calls *calls = &listed; calls; calls = calls == &listed ? &reached : NULL) {
        answer a = copy_while(calls, take_away);
        CHECK_INT(a.error, ENOENT);
        CHECK_TEXT(a.path, "tree/file");
        CHECK(!there("copy"));
        copied_while(calls, replace, "other");
        copied_while(calls, grow, "high and higher");
        copied_while(calls, shrink, "h");
    }
    /* Never followed: the link itself is copied. So are others that have taken the file's place. */
    static void (*const others[])(const char *) = {replace_by_link, replace_by_directory, replace_by_fifo};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct stat st;
        CHECK_INT(copy_while(i % 2 ? &listed : &reached, others[i]).error, 0);
        CHECK(lstat("copy/file", &st) == 0 && (i == 0   ? S_ISLNK(st.st_mode)
                                               : i == 1 ? S_ISDIR(st.st_mode)
                                                        : S_ISFIFO(st.st_mode)));
        CHECK(i != 0 || links_to("copy/file", "nowhere"));
        CHECK_INT(operate(MHQ_DIRECTORY_DELETE, "copy", NULL).error, 0);
    }
    CHECK_INT(copy_while(&listed, replace_by_link).error, 0);
    CHECK(links_to("copy/file", "nowhere"));
    CHECK_INT(operate(MHQ_DIRECTORY_DELETE, "copy", NULL).error, 0);
}

/* Others may pass where the owner may not; the copy belongs to the user who makes it. */
static void forbidding(void)
{
    char path[64] = "deep";
    struct stat st;
    if (geteuid() != 0)
        return;
    for (int i = 0; i < 12; i++) {
        make_directory(path);
        strcat(path, "/d");
    }
    CHECK(chmod("deep/d", 0055) == 0 && chmod(".", 0777) == 0 && seteuid(65534) == 0);
    CHECK_INT(operate(MHQ_DIRECTORY_COPY, "deep", "copy").error, 0);
    CHECK(seteuid(0) == 0);
    CHECK(stat("copy/d", &st) == 0 && (st.st_mode & 0777) == 0055);
    CHECK(there("copy/d/d/d/d/d/d/d/d/d/d/d"));
    CHECK_INT(operate(MHQ_DIRECTORY_DELETE, "deep", NULL).error, 0);
    CHECK_INT(operate(MHQ_DIRECTORY_DELETE, "copy", NULL).error, 0);
}

/* As a user whom permissions bind. */
static void permissions(void)
{
    if (geteuid() == 0 && (chmod(".", 0777) != 0 || seteuid(65534) != 0)) {
        printf("permissions: skipped: %s\n", strerror(errno));
        return;
    }
    make_tree("mine");
    CHECK(chmod("mine/sub/deep", 0555) == 0 && chmod("mine/sub", 0555) == 0);
    CHECK_INT(operate(MHQ_DIRECTORY_COPY, "mine", "copy").error, 0);
    CHECK(is_whole("copy") && same_metadata("mine/sub", "copy/sub"));
    answer a = operate(MHQ_DIRECTORY_DELETE, "copy", NULL);
    CHECK_INT(a.error, EACCES);
    CHECK_TEXT(a.path, "copy/sub/deep/file");
    CHECK(chmod("mine/sub/deep", 0) == 0);
    a = operate(MHQ_DIRECTORY_COPY, "mine", "other");
    CHECK_INT(a.error, EACCES);
    CHECK_TEXT(a.path, "mine/sub/deep");
    CHECK(!there("other") && count_temporaries(".") == 0);
    CHECK(chmod("mine/sub", 0755) == 0 && chmod("mine/sub/deep", 0755) == 0);
    CHECK(chmod("copy/sub", 0755) == 0 && chmod("copy/sub/deep", 0755) == 0);
    /* What was built with a forbidding mode goes away again all the same. */
    CHECK(chmod("mine/sub/deep", 0555) == 0 && chmod("mine/sub", 0555) == 0);
    mhq_calls calls = scene_calls();
    set_fault(CALL_renameat2, 1, EDQUOT, 0);
    left[0] = '\0';
    CHECK_INT(operate_on(&calls, MHQ_DIRECTORY_COPY, "mine", "other").error, EDQUOT);
    fault_none();
    CHECK_TEXT(left, "");
    CHECK(!there("other") && count_temporaries(".") == 0);
    CHECK(geteuid() == getuid() || seteuid(getuid()) == 0);
}

int main(void)
{
    enter_home();
    everything();
    refusals();
    parents();
    acls();
    commit();
    stolen();
    disk_full();
    parents_left();
    failing_copy();
    changing();
    forbidding();
    permissions();
    CHECK(chmod("mine/sub", 0755) == 0 && chmod("mine/sub/deep", 0755) == 0);
    leave_home();
    return check_report("test_tree_copy");
}
