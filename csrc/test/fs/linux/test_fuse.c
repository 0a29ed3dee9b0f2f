/* test/fs/linux/test_fuse.c - files of a server that gives few bytes a read, and has more or fewer than the size
 * that it answers: the end is where a read brings nothing. Where this process may mount.
 */
#include "test/scene.h"

#include <linux/fuse.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mount.h>

static mhq_calls calls;
static mhq_fs fs;

/* ---- the server: one directory of a few files, read without a cache ---- */

typedef struct served {
    char name[32];
    uint64_t size;  /* as it is answered */
    uint32_t holds; /* what there is */
    uint32_t most;  /* bytes a read */
} served;

static served files[] = {
    {"half", 50, 100, 4096},      /* more than the size */
    {"move", 50, 100, 4096},
    {"slow", 20000, 20000, 100},  /* few bytes a read */
    {"less", 5000, 300, 4096},    /* fewer than the size */
    {"huge", (UINT64_C(4) << 30) + 4096, 8192, 4096}, /* of which 32 bits are what a read brings */
    {"none", 0, 70000, 1000},
};
enum { FILES = sizeof files / sizeof *files };

static int device = -1;
static char *bytes;

static void reply(uint64_t unique, int error, const void *data, size_t n)
{
    static char out[1 << 16];
    struct fuse_out_header head = {.len = (uint32_t)(sizeof head + n), .error = -error, .unique = unique};
    memcpy(out, &head, sizeof head);
    if (n)
        memcpy(out + sizeof head, data, n);
    ssize_t put = write(device, out, head.len);
    CHECK(put == (ssize_t)head.len || errno == ENOENT || errno == ENODEV); /* interrupted; unmounted */
}

static struct fuse_attr attributes(uint64_t node)
{
    struct fuse_attr attr = {.ino = node, .mode = S_IFDIR | 0755, .nlink = 2};
    if (node > 1)
        attr = (struct fuse_attr){.ino = node, .mode = S_IFREG | 0644, .nlink = 1,
                                  .size = files[node - 2].size, .blocks = files[node - 2].size / 512 + 1};
    return attr;
}

static int find(const char *name)
{
    for (int i = 0; i < FILES; i++)
        if (strcmp(files[i].name, name) == 0)
            return i;
    return -1;
}

static void serve_lookup(const struct fuse_in_header *in, const char *name)
{
    int i = find(name);
    struct fuse_entry_out out = {0};
    if (i >= 0)
        out = (struct fuse_entry_out){.nodeid = (uint64_t)i + 2, .attr = attributes((uint64_t)i + 2)};
    reply(in->unique, i < 0 ? ENOENT : 0, &out, i < 0 ? 0 : sizeof out);
}

static void serve_read(const struct fuse_in_header *in, const struct fuse_read_in *what)
{
    const served *file = &files[in->nodeid - 2];
    size_t n = what->offset < file->holds ? file->holds - (size_t)what->offset : 0;
    n = n < what->size ? n : what->size;
    n = n < file->most ? n : file->most;
    reply(in->unique, 0, bytes + what->offset, n);
}

static void serve_rename(const struct fuse_in_header *in, const char *names)
{
    int i = find(names);
    if (i >= 0)
        (void)snprintf(files[i].name, sizeof files[i].name, "%s", names + strlen(names) + 1);
    reply(in->unique, i < 0 ? ENOENT : 0, NULL, 0);
}

static void serve_unlink(const struct fuse_in_header *in, const char *name)
{
    int i = find(name);
    if (i >= 0)
        files[i].name[0] = 0;
    reply(in->unique, i < 0 ? ENOENT : 0, NULL, 0);
}

static void serve_one(const struct fuse_in_header *in)
{
    const void *body = in + 1;
    const struct fuse_init_out init = {.major = 7, .minor = 23, .max_write = 4096};
    const struct fuse_attr_out attr = {.attr = attributes(in->nodeid)};
    const struct fuse_open_out opened = {.open_flags = FOPEN_DIRECT_IO};
    const struct fuse_statfs_out space = {.st = {.bsize = 4096, .namelen = 255}};
    switch (in->opcode) {
    case FUSE_INIT: reply(in->unique, 0, &init, sizeof init); break;
    case FUSE_LOOKUP: serve_lookup(in, body); break;
    case FUSE_GETATTR: reply(in->unique, 0, &attr, sizeof attr); break;
    case FUSE_OPEN:
    case FUSE_OPENDIR: reply(in->unique, 0, &opened, sizeof opened); break;
    case FUSE_READ: serve_read(in, body); break;
    case FUSE_STATFS: reply(in->unique, 0, &space, sizeof space); break;
    case FUSE_RENAME: serve_rename(in, (const char *)body + sizeof(struct fuse_rename_in)); break;
    case FUSE_RENAME2: serve_rename(in, (const char *)body + sizeof(struct fuse_rename2_in)); break;
    case FUSE_UNLINK: serve_unlink(in, body); break;
    case FUSE_FLUSH:
    case FUSE_RELEASE:
    case FUSE_RELEASEDIR: reply(in->unique, 0, NULL, 0); break;
    case FUSE_FORGET:
    case FUSE_BATCH_FORGET:
    case FUSE_INTERRUPT: break;
    default: reply(in->unique, ENOSYS, NULL, 0); break;
    }
}

static void *serve(void *unused)
{
    static union {
        struct fuse_in_header head;
        char room[FUSE_MIN_READ_BUFFER + 65536];
    } in;
    for (;;) {
        ssize_t got = read(device, &in, sizeof in);
        if (got >= (ssize_t)sizeof in.head)
            serve_one(&in.head);
        else if (got >= 0 || (errno != EINTR && errno != EAGAIN && errno != ENOENT))
            return unused; /* unmounted */
    }
}

/* ---- the tests ---- */

static void test_reads(void)
{
    CHECK(scene_reads(&fs, "fuse/half", bytes, 100));
    CHECK(scene_reads(&fs, "fuse/slow", bytes, 20000));
    CHECK(scene_reads(&fs, "fuse/less", bytes, 300));
    CHECK(scene_reads(&fs, "fuse/none", bytes, 70000));
    mhq_run run = scene_run(&fs, MHQ_FILE_READ, "fuse/huge", NULL, NULL, 0);
    CHECK(run.error == ENOMEM
          || (run.error == 0 && run.length == 8192 && memcmp(run.buffer, bytes, 8192) == 0));
    fs.sys->release(run.buffer);
}

static void copied(int kind, const char *path, const char *path2, size_t n)
{
    int error = scene_do(&fs, kind, path, path2);
    if (!CHECK_INT(error, 0) || !CHECK(holds(path2, bytes, n)))
        fprintf(stderr, "    %s\n", path);
}

static void test_copies(void)
{
    copied(MHQ_FILE_COPY, "fuse/half", "half", 100);
    copied(MHQ_FILE_COPY, "fuse/slow", "slow", 20000);
    copied(MHQ_FILE_COPY, "fuse/none", "none", 70000);
    copied(MHQ_FILE_MOVE, "fuse/move", "moved", 100);
    CHECK(!there("fuse/move"));
}

int main(void)
{
    char options[96];
    pthread_t server;
    alarm(120);
    device = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    calls = scene_calls();
    fault_none();
    scene_enter("/tmp");
    REQUIRE(mkdir("fuse", 0755) == 0);
    (void)snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=%u,group_id=%u", device,
                   geteuid(), getegid());
    int ours = unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_SLAVE, NULL) == 0;
    if (device < 0 || !ours
        || mount("mhddq-test", "fuse", "fuse", MS_NOSUID | MS_NODEV, options) != 0) {
        printf("test_fuse: skipped: %s\n", strerror(errno));
        scene_leave();
        return 0;
    }
    bytes = pattern(70000);
    REQUIRE(pthread_create(&server, NULL, serve, NULL) == 0);
    REQUIRE(mhq_fs_init(&fs, &calls) == 0);
    test_reads();
    test_copies();
    mhq_fs_fini(&fs);
    REQUIRE(umount2("fuse", MNT_DETACH) == 0);
    REQUIRE(pthread_join(server, NULL) == 0);
    close(device);
    free(bytes);
    scene_leave();
    return check_report("test_fuse");
}
