/* test/fs/posix/test_move.c - file_move and directory_move: by rename, and across file systems. */
#include "test/tree_fixture.h"

#include <sys/mount.h>
#include <sys/socket.h>

static void failed(answer a, int error, int where, const char *named)
{
    if (!CHECK_INT(a.error, error) || !CHECK_INT(a.where, where)
        || !(where == MHQ_AT_BOTH || CHECK_TEXT(a.path, named)))
        printf("    wanted %s, got %s\n", named, a.path);
}

static void files(void)
{
    put_text("a", "a");
    put_text("b", "b");
    make_directory("d");
    CHECK_INT(operate(MHQ_FILE_MOVE, "a", "b").error, 0);
    CHECK(!there("a") && holds_text("b", "a"));
    CHECK_INT(operate(MHQ_FILE_MOVE, "b", "b").error, 0);
    CHECK(link("b", "same") == 0);
    CHECK_INT(operate(MHQ_FILE_MOVE, "b", "same").error, 0);
    CHECK(there("b") && there("same"));
    CHECK_INT(operate(MHQ_FILE_MOVE, "b", "d").error, 0);
    CHECK(!there("b") && holds_text("d/b", "a"));
    put_text("b", "other");
    failed(operate(MHQ_FILE_MOVE, "b", "d"), EEXIST, MHQ_AT_BUFFER2, "d/b");
    failed(operate(MHQ_FILE_MOVE, "b", "d/"), EEXIST, MHQ_AT_BUFFER2, "d/b");
    failed(operate(MHQ_FILE_MOVE, "d/b", "d"), EEXIST, MHQ_AT_BUFFER2, "d/b");
    CHECK(holds_text("d/b", "a") && holds_text("b", "other"));
    failed(operate(MHQ_FILE_MOVE, "d", "e"), EISDIR, MHQ_AT_PATH, "d");
    failed(operate(MHQ_FILE_MOVE, "missing", "e"), ENOENT, MHQ_AT_PATH, "missing");
    failed(operate(MHQ_FILE_MOVE, "b/", "e"), ENOTDIR, MHQ_AT_PATH, "b/");
    failed(operate(MHQ_FILE_MOVE, "b", "e/"), ENOTDIR, MHQ_AT_BOTH, "");
    failed(operate(MHQ_FILE_MOVE, "b", "missing/e"), ENOENT, MHQ_AT_BOTH, "");
    failed(operate(MHQ_FILE_MOVE, "b", ""), ENOENT, MHQ_AT_BOTH, "");
    CHECK(symlink("nowhere", "link") == 0 && symlink("d", "to") == 0);
    CHECK_INT(operate(MHQ_FILE_MOVE, "link", "to").error, 0);
    CHECK(links_to("d/link", "nowhere") && links_to("to", "d"));
    CHECK_INT(operate(MHQ_FILE_MOVE, "b", "d/link").error, 0);
    CHECK(holds_text("d/link", "other"));
    CHECK_INT(operate(MHQ_FILE_MOVE, "to", "moved").error, 0);
    CHECK(links_to("moved", "d"));
    CHECK(unlink("moved") == 0 && unlink("same") == 0);
    CHECK_INT(operate(MHQ_DIRECTORY_DELETE, "d", NULL).error, 0);
}

/* Without the flag, inside of a directory: a name that was given, and cannot be taken back. */
static void reported(void)
{
    mhq_calls calls = scene_calls();
    make_directory("d");
    put_text("a", "a");
    fault_lacking(LACK_NOREPLACE);
    fault.which = CALL_unlinkat, fault.nth = 1, fault.forever = 1, fault.error = EROFS;
    left[0] = '\0';
    failed(operate_on(&calls, MHQ_FILE_MOVE, "a", "d/"), EROFS, MHQ_AT_BOTH, "");
    fault_none();
    CHECK_TEXT(left, "d/a");
    CHECK(holds_text("a", "a") && unlink("a") == 0);
    CHECK_INT(operate(MHQ_DIRECTORY_DELETE, "d", NULL).error, 0);
}

/* A target without a stat may be a directory, or a link to one. */
static void not_looked_at(void)
{
    mhq_calls calls = scene_calls();
    make_directory("d");
    put_text("a", "a");
    CHECK(symlink("d", "to") == 0);
    fault.which = CALL_fstatat, fault.nth = 2, fault.error = EIO; /* the source comes first */
    failed(operate_on(&calls, MHQ_FILE_MOVE, "a", "to"), EIO, MHQ_AT_PATH2, "to");
    fault_none();
    CHECK(holds_text("a", "a") && links_to("to", "d") && unlink("a") == 0 && unlink("to") == 0);
    CHECK_INT(operate(MHQ_DIRECTORY_DELETE, "d", NULL).error, 0);
}

static void directories(unsigned lacks)
{
    mhq_calls calls = scene_calls();
    fault_lacking(lacks);
#define MOVE(path, path2) operate_on(&calls, MHQ_DIRECTORY_MOVE, path, path2)
    make_tree("a");
    make_directory("d");
    CHECK(symlink("d", "to") == 0);
    put_text("file", "x");
    CHECK_INT(MOVE("a/", "b/").error, 0);
    CHECK(!there("a") && is_whole("b"));
    CHECK_INT(MOVE("b//", "d").error, 0);
    CHECK(!there("b") && is_whole("d/b"));
    make_directory("b");
    failed(MOVE("b", "d"), EEXIST, MHQ_AT_BUFFER2, "d/b");
    CHECK(rmdir("d/b/sub/deep") != 0 && there("b"));
    CHECK_INT(MOVE("d/b", "to/c").error, 0);
    CHECK_INT(MOVE("b", "to").error, 0);
    CHECK(is_whole("d/c") && there("d/b") && !there("b"));
    CHECK_INT(MOVE("d", "d").error, 0); /* there is nothing to do */
    CHECK_INT(MOVE("d", "d/").error, 0);
    CHECK_INT(MOVE("d", "./d").error, 0);
    CHECK_INT(MOVE("d", "p/q/r").error, 0); /* parents are made */
    CHECK(is_whole("p/q/r/c"));
    CHECK_INT(MOVE("p/q/r", "d").error, 0);
    CHECK(rmdir("p/q") == 0 && rmdir("p") == 0);
    failed(MOVE("d", "d/x"), EINVAL, MHQ_AT_BOTH, "");
    failed(MOVE("d", "d/c/x"), EINVAL, MHQ_AT_BOTH, "");
    failed(MOVE("d", "file"), EEXIST, MHQ_AT_BOTH, "");
    failed(MOVE("d", "d/p/q/x"), EINVAL, MHQ_AT_BOTH, "");
    failed(MOVE("d", "p/../x"), ENOENT, MHQ_AT_BOTH, "");
    CHECK(!there("p") && !there("d/p"));
    failed(MOVE("file", "x"), ENOTDIR, MHQ_AT_PATH, "file");
    failed(MOVE("to", "x"), ENOTDIR, MHQ_AT_PATH, "to");
    failed(MOVE("to/", "x"), ENOTDIR, MHQ_AT_PATH, "to/");
    failed(MOVE("missing", "x"), ENOENT, MHQ_AT_PATH, "missing");
    failed(MOVE("d/.", "x"), EINVAL, MHQ_AT_PATH, "d/.");
    failed(MOVE("d/..", "x"), EINVAL, MHQ_AT_PATH, "d/..");
    failed(MOVE("/", "x"), EBUSY, MHQ_AT_PATH, "/");
    CHECK(is_whole("d/c") && !there("x") && !there("d/x") && holds_text("file", "x"));
    CHECK(unlink("to") == 0 && unlink("file") == 0);
    CHECK_INT(operate(MHQ_DIRECTORY_DELETE, "d", NULL).error, 0);
    CHECK_INT(count_entries("."), 0);
#undef MOVE
    fault_none();
}

static void files_across(void)
{
    struct stat st, st2;
    put_text("a", "a");
    CHECK(chmod("a", 04640) == 0 && (geteuid() != 0 || chown("a", 65534, 65534) == 0));
    CHECK(geteuid() != 0 || chmod("a", 04640) == 0);
    CHECK(stat("a", &st) == 0);
    put_text(in("b"), "replaced");
    CHECK_INT(operate(MHQ_FILE_MOVE, "a", in("b")).error, 0);
    CHECK(!there("a") && holds_text(in("b"), "a"));
    CHECK(stat(in("b"), &st2) == 0 && st.st_mode == st2.st_mode && st.st_uid == st2.st_uid);
    CHECK(st.st_mtim.tv_sec == st2.st_mtim.tv_sec && st.st_mtim.tv_nsec == st2.st_mtim.tv_nsec);
    put_text("b", "other");
    failed(operate(MHQ_FILE_MOVE, "b", away), EEXIST, MHQ_AT_BUFFER2, in("b"));
    CHECK(holds_text(in("b"), "a") && holds_text("b", "other"));
    failed(operate(MHQ_FILE_MOVE, "b", in("e/")), ENOTDIR, MHQ_AT_BOTH, "");
    CHECK(unlink(in("b")) == 0);
    CHECK_INT(operate(MHQ_FILE_MOVE, "b", away).error, 0);
    CHECK(!there("b") && holds_text(in("b"), "other"));
    CHECK(symlink("nowhere", "link") == 0 && mkfifo("fifo", 0600) == 0);
    CHECK_INT(operate(MHQ_FILE_MOVE, "link", in("b")).error, 0);
    CHECK(!there("link") && links_to(in("b"), "nowhere"));
    CHECK_INT(operate(MHQ_FILE_MOVE, "fifo", away).error, 0);
    CHECK(!there("fifo") && lstat(in("fifo"), &st) == 0 && S_ISFIFO(st.st_mode));
    CHECK(unlink(in("fifo")) == 0 && unlink(in("b")) == 0);
    if (mknod("null", S_IFCHR | 0600, 0x103) == 0) {
        failed(operate(MHQ_FILE_MOVE, "null", away), MHQ_ENOTREGULAR, MHQ_AT_PATH, "null");
        CHECK(there("null") && unlink("null") == 0);
    }
    CHECK_INT(count_entries(away), 0);
}

/* What is moved has no ACL of the directory that it is moved into. */
static void acls_across(void)
{
    if (!set_acl(away, ACL_DEFAULT, 7, 5)) {
        printf("ACLs across file systems: skipped: %s\n", strerror(errno));
        return;
    }
    put_text("a", "contents");
    CHECK_INT(operate(MHQ_FILE_MOVE, "a", in("b")).error, 0);
    CHECK(there(in("b")) && !has_attribute(in("b"), ACL_ACCESS));
    CHECK(unlink(in("b")) == 0 && removexattr(away, ACL_DEFAULT) == 0);
}

static void directories_across(void)
{
    make_tree("a");
    CHECK_INT(operate(MHQ_DIRECTORY_MOVE, "a/", in("b")).error, 0);
    CHECK(!there("a") && is_whole(in("b")));
    CHECK_INT(operate(MHQ_DIRECTORY_MOVE, in("b"), ".").error, 0);
    CHECK(!there(in("b")) && is_whole("b"));
    make_directory(in("b"));
    failed(operate(MHQ_DIRECTORY_MOVE, "b", away), EEXIST, MHQ_AT_BUFFER2, in("b"));
    CHECK(rmdir(in("b")) == 0);
    CHECK_INT(operate(MHQ_DIRECTORY_MOVE, "b", in("p/q/b")).error, 0); /* parents are made */
    CHECK(is_whole(in("p/q/b")) && !there("b"));
    CHECK_INT(operate(MHQ_DIRECTORY_MOVE, in("p/q/b"), "b").error, 0);
    CHECK(rmdir(in("p/q")) == 0 && rmdir(in("p")) == 0);
    put_text(in("file"), "x");
    /* The kernel answers EXDEV first. */
    CHECK_INT(operate(MHQ_DIRECTORY_MOVE, "b", in("file")).error, EEXIST);
    CHECK(is_whole("b") && holds_text(in("file"), "x") && unlink(in("file")) == 0);
    CHECK_INT(operate(MHQ_DIRECTORY_MOVE, "b", away).error, 0);
    CHECK_INT(operate(MHQ_DIRECTORY_DELETE, in("b"), NULL).error, 0);
    CHECK_INT(count_entries(away), 0);
}

static void mounts_below(void)
{
    make_tree("a");
    put_text("over", "alive");
    if (mount("over", "a/sub/deep/file", NULL, MS_BIND, NULL) != 0) {
        printf("mounts below a move: skipped: %s\n", strerror(errno));
    } else {
        failed(operate(MHQ_DIRECTORY_MOVE, "a", in("a")), EBUSY, MHQ_AT_BUFFER, "a/sub/deep/file");
        failed(operate(MHQ_FILE_MOVE, "a/sub/deep/file", away), EBUSY, MHQ_AT_PATH,
               "a/sub/deep/file");
        CHECK_INT(count_entries(away), 0);
        CHECK(umount("a/sub/deep/file") == 0);
        CHECK(mount("none", "a/sub/deep", "tmpfs", 0, NULL) == 0);
        failed(operate(MHQ_DIRECTORY_MOVE, "a", in("a")), EBUSY, MHQ_AT_BUFFER, "a/sub/deep");
        CHECK_INT(count_entries(away), 0);
        CHECK(umount("a/sub/deep") == 0);
    }
    CHECK(is_whole("a") && unlink("over") == 0);
    CHECK_INT(operate(MHQ_DIRECTORY_DELETE, "a", NULL).error, 0);
}

/* Two ways to one file system: EXDEV though the device is the same. */
static void bound(void)
{
    make_directory("real");
    make_directory("mount");
    if (mount("real", "mount", NULL, MS_BIND, NULL) != 0) {
        printf("moves through a bind mount: skipped: %s\n", strerror(errno));
    } else {
        put_text("real/file", "x");
        CHECK_INT(operate(MHQ_FILE_MOVE, "real/file", "mount/file").error, 0);
        CHECK(holds_text("real/file", "x")); /* it is the same file */
        failed(operate(MHQ_FILE_MOVE, "real/file", "mount"), EEXIST, MHQ_AT_BUFFER2, "mount/file");
        CHECK(holds_text("real/file", "x"));
        CHECK_INT(operate(MHQ_FILE_MOVE, "real/file", "mount/other").error, 0);
        CHECK(holds_text("real/other", "x") && !there("real/file"));
        make_tree("real/tree");
        CHECK_INT(operate(MHQ_DIRECTORY_MOVE, "real/tree", "mount/new").error, 0);
        CHECK(is_whole("real/new") && !there("real/tree"));
        failed(operate(MHQ_DIRECTORY_MOVE, "real/new", "mount/new/sub/in"), EINVAL, MHQ_AT_PATH,
               "real/new");
        CHECK(is_whole("real/new"));
        failed(operate(MHQ_DIRECTORY_MOVE, "real", "mount"), EBUSY, MHQ_AT_BOTH, "");
        CHECK(umount("mount") == 0);
    }
    CHECK_INT(operate(MHQ_DIRECTORY_DELETE, "real", NULL).error, 0);
    CHECK(rmdir("mount") == 0);
}

/* A file system that answers EXDEV before it has looked at the target's parents, which are missing. */
static int hasty;

static int hasty_renameat2(int d1, const char *p1, int d2, const char *p2, unsigned flags)
{
    if (hasty-- > 0)
        return errno = EXDEV, -1;
    return mhq_calls_real.renameat2(d1, p1, d2, p2, flags);
}

static void parents_that_were_not_looked_at(void)
{
    mhq_calls calls = mhq_calls_real;
    calls.renameat2 = hasty_renameat2;
    make_tree("a");
    hasty = 1;
    CHECK_INT(operate_on(&calls, MHQ_DIRECTORY_MOVE, "a", "p/q/b").error, 0);
    CHECK(is_whole("p/q/b") && !there("a"));
    hasty = 1;
    failed(operate_on(&calls, MHQ_DIRECTORY_MOVE, "p", "p/r/s"), EINVAL, MHQ_AT_BOTH, "");
    CHECK(is_whole("p/q/b") && count_entries("p") == 1);
    CHECK_INT(operate(MHQ_DIRECTORY_DELETE, "p", NULL).error, 0);
}

/* Somebody puts another source in the place of the one that was copied: it is not removed. */
static char swapped_from[16];

static int swapping_renameat(int d1, const char *p1, int d2, const char *p2)
{
    int result = mhq_calls_real.renameat(d1, p1, d2, p2);
    if (result == 0)
        CHECK(rename("precious", swapped_from) == 0);
    return result;
}

static int swapping_renameat2(int d1, const char *p1, int d2, const char *p2, unsigned flags)
{
    int result = mhq_calls_real.renameat2(d1, p1, d2, p2, flags);
    if (result == 0)
        CHECK(rename(swapped_from, "aside") == 0 && rename("precious", swapped_from) == 0);
    return result;
}

static void swapped_sources(void)
{
    mhq_calls calls = mhq_calls_real;
    calls.renameat = swapping_renameat;
    calls.renameat2 = swapping_renameat2;
    put_text("a", "a");
    put_text("precious", "gold");
    strcpy(swapped_from, "a");
    failed(operate_on(&calls, MHQ_FILE_MOVE, "a", in("a")), ESTALE, MHQ_AT_PATH, "a");
    CHECK(holds_text("a", "gold") && holds_text(in("a"), "a"));
    CHECK(unlink("a") == 0 && unlink(in("a")) == 0);
    make_tree("d");
    make_directory("precious");
    put_text("precious/file", "gold");
    strcpy(swapped_from, "d");
    failed(operate_on(&calls, MHQ_DIRECTORY_MOVE, "d", in("d")), ESTALE, MHQ_AT_PATH, "d");
    CHECK(holds_text("d/file", "gold") && is_whole("aside") && is_whole(in("d")));
    CHECK_INT(operate(MHQ_DIRECTORY_DELETE, "d", NULL).error, 0);
    CHECK_INT(operate(MHQ_DIRECTORY_DELETE, "aside", NULL).error, 0);
    CHECK_INT(operate(MHQ_DIRECTORY_DELETE, in("d"), NULL).error, 0);
}

/* Somebody writes to the source while it is being moved: what he wrote is not lost. */
static int writing_renameat(int d1, const char *p1, int d2, const char *p2)
{
    int result = mhq_calls_real.renameat(d1, p1, d2, p2);
    if (result == 0)
        put_text("a", "news");
    return result;
}

static void written(void)
{
    mhq_calls calls = mhq_calls_real;
    calls.renameat = writing_renameat;
    put_text("a", "old");
    failed(operate_on(&calls, MHQ_FILE_MOVE, "a", in("a")), ESTALE, MHQ_AT_PATH, "a");
    CHECK(holds_text("a", "news") && holds_text(in("a"), "old"));
    CHECK(unlink("a") == 0 && unlink(in("a")) == 0);
}

/* The same in a tree, once its copy is complete: what is not in the copy stays. */
static const char *late_path, *late_text;

static int late_renameat2(int d1, const char *p1, int d2, const char *p2, unsigned flags)
{
    int result = mhq_calls_real.renameat2(d1, p1, d2, p2, flags);
    if (result == 0) /* the first one is refused: it would have crossed */
        late_text ? put_text(late_path, late_text) : make_directory(late_path);
    return result;
}

static void written_below(void)
{
    static const char *const late[][2] = {
        {"a/file", "high and higher"}, {"a/file", "low!"}, {"a/new", "news"},
        {"a/sub/deep/new", "news"}, {"a/sub/new", NULL},
    };
    mhq_calls calls = mhq_calls_real;
    calls.renameat2 = late_renameat2;
    for (size_t i = 0; i < sizeof late / sizeof *late; i++) {
        struct timespec long_ago[2] = {{1000000000, 0}, {1000000000, 0}};
        make_tree("a");
        CHECK(utimensat(AT_FDCWD, "a/file", long_ago, 0) == 0);
        late_path = late[i][0];
        late_text = late[i][1];
        failed(operate_on(&calls, MHQ_DIRECTORY_MOVE, "a", in("a")), ESTALE, MHQ_AT_BUFFER,
               late_path);
        CHECK(late_text ? holds_text(late_path, late_text) : there(late_path));
        CHECK(is_whole(in("a")));
        CHECK_INT(operate(MHQ_DIRECTORY_DELETE, "a", NULL).error, 0);
        CHECK_INT(operate(MHQ_DIRECTORY_DELETE, in("a"), NULL).error, 0);
    }
}

/* Somebody who may write to the target's directory puts another name of a file in the place of
 * the node that is being made: it is not given away with it. */
static int swapping_mknodat(int dir, const char *path, mode_t mode, dev_t dev)
{
    int result = mhq_calls_real.mknodat(dir, path, mode, dev);
    CHECK(unlinkat(dir, path, 0) == 0 && link(in("victim"), in(path)) == 0);
    return result;
}

static void swapped_node(int type)
{
    mhq_calls calls = mhq_calls_real;
    struct stat st;
    calls.mknodat = swapping_mknodat;
    CHECK(mknod(in("victim"), (mode_t)type | 0600, 0) == 0 && mkfifo("fifo", 0666) == 0);
    CHECK(geteuid() != 0 || chown("fifo", 65534, 65534) == 0);
    CHECK_INT(operate_on(&calls, MHQ_FILE_MOVE, "fifo", in("fifo")).error, ESTALE);
    CHECK(stat(in("victim"), &st) == 0 && st.st_uid == geteuid() && (st.st_mode & 0777) == 0600);
    CHECK(there("fifo") && !there(in("fifo")) && unlink("fifo") == 0 && unlink(in("victim")) == 0);
    CHECK_INT(count_entries(away), 0);
}

/* Another program saves the source by a rename, in between its last check and its removal. */
static const char *saved;
static int saves;

static void save(void)
{
    put_text("saving", "new");
    CHECK(rename("saving", saved) == 0);
    saves++;
}

static int save_before_aside(int d1, const char *p1, int d2, const char *p2)
{
    if (saves == 0 && strncmp(p2, ".mhddq-", 7) == 0)
        save();
    return renameat(d1, p1, d2, p2);
}

static int save_before_unlink(int dir, const char *path, int flags)
{
    if (saves == 0 && strncmp(path, ".mhddq-", 7) == 0 && !there(saved))
        save();
    return unlinkat(dir, path, flags);
}

static void saved_meanwhile(int kind)
{
    int file = kind == MHQ_FILE_MOVE;
    saved = file ? "a" : "a/file";
    for (int late = 0; late < 2; late++) {
        mhq_calls calls = mhq_calls_real;
        if (late)
            calls.unlinkat = save_before_unlink;
        else
            calls.renameat = save_before_aside;
        file ? put_text("a", "a") : make_tree("a");
        saves = 0;
        left[0] = '\0';
        int error = operate_on(&calls, kind, "a", in("b")).error;
        CHECK_INT(saves, 1);
        CHECK(error == ESTALE || (file && late && error == 0));
        CHECK(holds_text(saved, "new"));
        CHECK(file ? holds_text(in("b"), "a") : is_whole(in("b")));
        CHECK(!left[0] && count_temporaries(".") == 0 && count_temporaries(away) == 0);
        CHECK_INT(file ? unlink("a") : operate(MHQ_DIRECTORY_DELETE, "a", NULL).error, 0);
        CHECK_INT(file ? unlink(in("b")) : operate(MHQ_DIRECTORY_DELETE, in("b"), NULL).error, 0);
    }
}

/* Every call fails, once and from then on: nothing is lost. */
static void failing_moves(int kind)
{
    mhq_calls calls = scene_calls();
    size_t before = count_descriptors();
    for (int forever = 0; forever < 2; forever++) {
        for (long n = 1; n < 1000; n++) {
            kind == MHQ_FILE_MOVE ? put_text("a", "a") : make_tree("a");
            set_fault(CALL_ANY, n, ENOSPC, forever);
            left[0] = '\0';
            answer a = operate_on(&calls, kind, "a", in("b"));
            int hit = fault_hit();
            fault_none();
            int here = kind == MHQ_FILE_MOVE ? holds_text("a", "a") : there("a") && is_whole("a");
            int gone = kind == MHQ_FILE_MOVE ? holds_text(in("b"), "a") : is_whole(in("b"));
            CHECK(a.error || (gone && !there("a")));
            CHECK(gone || (here && !there(in("b"))));
            CHECK(!count_temporaries(away) || left[0]);
            if (there("a"))
                (void)(kind == MHQ_FILE_MOVE ? CHECK(unlink("a") == 0)
                       : CHECK_INT(operate(MHQ_DIRECTORY_DELETE, "a", NULL).error, 0));
            CHECK_INT(operate(MHQ_DIRECTORY_DELETE, away, NULL).error, 0);
            make_directory(away);
            if (!hit)
                break;
            CHECK(n < 999);
        }
    }
    CHECK_INT(count_descriptors(), before);
}

int main(void)
{
    enter_home();
    files();
    reported();
    not_looked_at();
    directories(0);
    directories(LACK_NOREPLACE);
    bound();
    parents_that_were_not_looked_at();
    if (!find_away()) {
        printf("moves across file systems: skipped: there is only one\n");
    } else {
        files_across();
        acls_across();
        directories_across();
        mounts_below();
        swapped_sources();
        written();
        written_below();
        swapped_node(S_IFREG);
        swapped_node(S_IFIFO);
        saved_meanwhile(MHQ_FILE_MOVE);
        saved_meanwhile(MHQ_DIRECTORY_MOVE);
        failing_moves(MHQ_FILE_MOVE);
        failing_moves(MHQ_DIRECTORY_MOVE);
        CHECK(rmdir(away) == 0);
    }
    leave_home();
    return check_report("test_move");
}
