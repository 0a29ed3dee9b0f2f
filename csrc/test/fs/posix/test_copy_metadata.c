/* test/fs/posix/test_copy_metadata.c - the metadata that file_copy applies: permission bits, times, owner,
 * attributes, ACLs.
 */
#include "fs/posix/copy.h"

#include "test/copy_fixture.h"

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

/* A foreign owner: the copy is ours, and so it must not run as that owner; a move keeps it. */
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

int main(int argc, char **argv)
{
    static scene_test *const tests[] = {
        test_metadata, test_ownership, test_acl,
    };
    scene_all(argc, argv, &fs, &calls, tests, sizeof tests / sizeof *tests);
    return check_report("test_copy_metadata");
}
