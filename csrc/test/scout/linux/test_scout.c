/* test/scout/linux/test_scout.c - a scout under an engine, on an imitated disk: /sys says that every device
 * rotates, nothing is in the cache, a read of one byte takes as long as on a disk, each file lies
 * where its name says, and what is fetched is noted.
 */
#include "test/gate_fixture.h"

#include <dirent.h>
#include <linux/fiemap.h>

enum { FILES = 200, FIRST_FILES = 64, LOOKS = 4096, FOUND_OUT = 40 };

static _Atomic int probe_ns, now_cached, now_open, opened, hang_reached, refuse_descriptors;
static _Atomic int thrown_out, first_file_waits;
static _Atomic uint64_t open_limit;
static sem_t hang_ends;
static struct {
    ino_t inode;
    off_t at;
} fetched[LOOKS];
static _Atomic unsigned fetches;

/* What the scout's threads do, by their name: they are no threads of the test's. */
static int is_scout(void)
{
    char name[16] = "";
    pthread_getname_np(pthread_self(), name, sizeof name);
    return strcmp(name, "mhddq-scout") == 0 || strcmp(name, "mhddq-opener") == 0;
}

static int scouted_openat(int dir, const char *path, int flags, mode_t mode)
{
    if (strncmp(path, "/sys/dev/block/", 15) == 0)
        return strstr(path, "slaves") ? (errno = ENOENT, -1)
                                      : mhq_calls_real.openat(AT_FDCWD, "rotational", O_RDONLY, 0);
    if (strncmp(path, "/sys/fs/btrfs/", 14) == 0) /* then an id of 36 letters */
        return mhq_calls_real.openat(AT_FDCWD, path + 14 + 36 + 1, flags, 0);
    if (strcmp(path, "hangs") == 0 && is_scout()) {
        atomic_store(&hang_reached, 1);
        wait_for(&hang_ends);
    }
    if (!is_scout() && path[0] == 'f' && atomic_exchange(&first_file_waits, 0))
        RACE_UNTIL(atomic_load(&fetches) > 0);
    if (is_scout() && atomic_load(&refuse_descriptors))
        return errno = EMFILE, -1;
    int fd = is_scout() ? mhq_calls_real.openat(dir, path, flags, mode)
                        : gated_openat(dir, path, flags, mode);
    if (fd >= 0 && is_scout() && path[0] == 'f') {
        atomic_fetch_add(&now_open, 1);
        atomic_fetch_add(&opened, 1);
    }
    return fd;
}

static int scouted_close(int fd)
{
    struct stat st;
    if (is_scout() && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink < 2
        && st.st_size == 4000)
        atomic_fetch_sub(&now_open, 1);
    return mhq_calls_real.close(fd);
}

static int any_type(int fd, uint64_t *type)
{
    (void)fd;
    *type = 0xef53;
    return 0;
}

static int btrfs_type(int fd, uint64_t *type)
{
    (void)fd;
    *type = 0x9123683eu;
    return 0;
}

static int any_uuid(int fd, unsigned char uuid[16])
{
    (void)fd;
    memset(uuid, 0, 16);
    return 0;
}

static ssize_t timed_pread(int fd, void *to, size_t n, off_t at)
{
    if (n == 1 && is_scout() && probe_ns) {
        struct timespec time = {0, probe_ns};
        nanosleep(&time, NULL);
    }
    return mhq_calls_real.pread(fd, to, n, at);
}

/* What has been fetched is there, as long as nothing throws it out. */
static int imitated_cached(int fd, off_t at, off_t n)
{
    struct stat st;
    (void)at, (void)n;
    if (atomic_load(&now_cached) || fstat(fd, &st) < 0)
        return 1;
    unsigned count = atomic_load(&fetches);
    for (unsigned i = 0; i < count && !atomic_load(&thrown_out); i++)
        if (fetched[i].inode == st.st_ino)
            return 1;
    return 0;
}

/* Backwards: the later a file was made, the nearer to the beginning of the disk; in two halves, the
 * second of which lies before all the first ones. */
static uint64_t place_of(ino_t inode, off_t at)
{
    return ((uint64_t)1 << 40) - (uint64_t)inode * 8192 - (at ? (uint64_t)1 << 39 : 0);
}

static int imitated_fiemap(int fd, struct fiemap *map)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return -1;
    off_t half = st.st_size / 2;
    for (unsigned i = 0; i < 2; i++) {
        off_t at = i ? half : 0;
        map->fm_extents[i] = (struct fiemap_extent){
            .fe_logical = (uint64_t)at,
            .fe_physical = place_of(st.st_ino, at),
            .fe_length = (uint64_t)(i ? st.st_size - half : half),
            .fe_flags = i ? FIEMAP_EXTENT_LAST : 0,
        };
    }
    map->fm_mapped_extents = 2;
    return 0;
}

static int noted_will_need(int fd, off_t at, off_t n)
{
    struct stat st;
    unsigned i = atomic_load(&fetches); /* one thread fetches */
    REQUIRE(i < LOOKS && fstat(fd, &st) == 0 && n > 0);
    fetched[i].inode = st.st_ino;
    fetched[i].at = at;
    atomic_store(&fetches, i + 1);
    return 0;
}

static int imitated_limit(uint64_t *limit)
{
    *limit = atomic_load(&open_limit);
    return 0;
}

static int shared_descriptors(unsigned keep)
{
    (void)keep;
    errno = ENOSYS;
    return -1;
}

static mhq_calls scouted_calls(void)
{
    mhq_calls calls = gated_calls();
    calls.openat = scouted_openat;
    calls.close = scouted_close;
    calls.file_system = any_type;
    calls.pread = timed_pread;
    calls.cached = imitated_cached;
    calls.fiemap = imitated_fiemap;
    calls.will_need = noted_will_need;
    calls.open_limit = imitated_limit;
    atomic_store(&probe_ns, 3000000);
    atomic_store(&now_cached, 0);
    atomic_store(&open_limit, 1024);
    atomic_store(&fetches, 0);
    atomic_store(&thrown_out, 0);
    atomic_store(&opened, 0);
    atomic_store(&refuse_descriptors, 0);
    return calls;
}

static mhq_engine *scouted_engine(const mhq_calls *calls, uint32_t ahead)
{
    mhq_config config = {.ring_size = 1024, .buffer_bytes = BUDGET, .head = 32, .tail = 1,
                         .calls = calls, .lookahead = ahead, .lookahead_bytes = BUDGET};
    mhq_engine *engine = NULL;
    REQUIRE(mhq_engine_open(&config, &engine) == 0);
    return engine;
}

static int count_threads(void)
{
    int count = 0;
    DIR *tasks = opendir("/proc/self/task");
    REQUIRE(tasks != NULL);
    for (struct dirent *entry; (entry = readdir(tasks)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(tasks);
    return count;
}

static int before; /* threads, without an engine */

static char *name_of(unsigned i)
{
    static char name[16];
    snprintf(name, sizeof name, "f%u", i);
    return name;
}

/* A read, after which the device is known; a gate; and reads of all files behind it. */
static item *queue_files(mhq_engine *engine, size_t *next)
{
    item *items = items_new(FILES + 2);
    submit(engine, item_set(&items[0], MHQ_FILE_READ, "there"));
    take_in_order(engine, items, next, 1);
    submit(engine, item_set(&items[1], MHQ_FILE_WRITE, "gate-a"));
    wait_for(&gate_reached);
    open_gate();
    take_in_order(engine, items, next, 1);
    submit(engine, item_set(&items[2], MHQ_FILE_WRITE, "gate-b"));
    wait_for(&gate_reached);
    for (unsigned i = 1; i < FILES; i++)
        submit(engine, item_set(&items[2 + i], MHQ_FILE_READ, name_of(i)));
    return items;
}

static uint64_t fetched_place(unsigned i)
{
    return place_of(fetched[i].inode, fetched[i].at);
}

static uint64_t fetched_inode(unsigned i)
{
    return (uint64_t)fetched[i].inode;
}

/* Each file is fetched in so many pieces, in the order of `key`. The operations stand at a second gate
 * when the scout has been handed what is behind the first. */
static void check_order(const mhq_calls *calls, unsigned pieces, uint64_t (*key)(unsigned))
{
    mhq_engine *engine = scouted_engine(calls, 2048);
    size_t next = 0;
    item *items = items_new(FILES + 3);
    submit(engine, item_set(&items[0], MHQ_FILE_READ, "there"));
    take_in_order(engine, items, &next, 1);
    submit(engine, item_set(&items[1], MHQ_FILE_WRITE, "gate-a"));
    wait_for(&gate_reached);
    submit(engine, item_set(&items[2], MHQ_FILE_WRITE, "gate-b"));
    for (unsigned i = 0; i < FILES; i++)
        submit(engine, item_set(&items[3 + i], MHQ_FILE_READ, name_of(i)));
    open_gate();
    wait_for(&gate_reached); /* all has been handed over */
    RACE_UNTIL(counted(engine).lookahead_windows >= 2 && atomic_load(&fetches) >= pieces * FILES);
    CHECK_INT(atomic_load(&fetches), pieces * FILES);
    for (unsigned i = 1; i < pieces * FILES; i++) /* a small window first, then all others */
        CHECK(i == pieces * FIRST_FILES || key(i - 1) < key(i));
    mhq_counters c = counted(engine);
    CHECK_INT(c.lookahead_files, FILES);
    CHECK_INT(c.lookahead_bytes, FILES * 4000);
    CHECK_INT(c.lookahead_windows, 2);
    CHECK_INT(c.lookahead_passed_over, 0);
    open_gate();
    take_in_order(engine, items, &next, FILES + 2);
    RACE_UNTIL(atomic_load(&now_open) == 0);
    engine_end(engine);
    free(items);
}

static void the_disk_s_order_ahead_of_the_callers(void)
{
    race_deadline(240, "the disk's order ahead of the callers'");
    mhq_calls calls = scouted_calls();
    check_order(&calls, 2, fetched_place);
    CHECK(fetched_place(2 * FIRST_FILES - 1) > fetched_place(2 * FIRST_FILES));
}

/* A btrfs of several members reports places of its own, which are not asked for. */
static void the_order_of_the_inodes_where_places_say_nothing(void)
{
    static const char *const made[] = {"devices", "devices/sda", "devices/sda/queue", "devices/sdb",
                                       "devices/sdb/queue"};
    race_deadline(240, "the order of the inodes");
    for (size_t i = 0; i < 5; i++)
        REQUIRE(mkdir(made[i], 0700) == 0);
    REQUIRE(link("rotational", "devices/sda/queue/rotational") == 0);
    REQUIRE(link("rotational", "devices/sdb/queue/rotational") == 0);
    mhq_calls calls = scouted_calls();
    calls.file_system = btrfs_type;
    calls.btrfs_uuid = any_uuid;
    check_order(&calls, 1, fetched_inode);
    REQUIRE(unlink("devices/sda/queue/rotational") == 0);
    REQUIRE(unlink("devices/sdb/queue/rotational") == 0);
    for (size_t i = 5; i > 0; i--)
        REQUIRE(rmdir(made[i - 1]) == 0);
}

/* The same in a list, whose rest is what is ahead. */
static void a_running_list_is_looked_into(void)
{
    race_deadline(240, "a running list is looked into");
    mhq_calls calls = scouted_calls();
    mhq_engine *engine = scouted_engine(&calls, 2048);
    static item inner[FILES + 2];
    static mhq_entry entries[FILES + 1], two[2];
    item_set(&inner[0], MHQ_FILE_READ, "there");
    item_set(&inner[1], MHQ_FILE_WRITE, "gate-a");
    entries[0].op = &inner[1].op;
    for (unsigned i = 0; i < FILES; i++)
        entries[1 + i].op = &item_set(&inner[2 + i], MHQ_FILE_READ, name_of(i))->op;
    mhq_list below = {.count = FILES + 1, .total = FILES + 1, .depth = 1, .entries = entries};
    two[0].op = &inner[0].op;
    two[1].list = &below;
    mhq_list whole = {.count = 2, .total = FILES + 2, .depth = 2, .entries = two};
    mhq_job job;
    REQUIRE(mhq_job_init_list(&job, &whole) == 0);
    REQUIRE(mhq_submit(engine, &job, FILES + 2, 0) == MHQ_ACCEPTED);
    wait_for(&gate_reached);
    RACE_UNTIL(atomic_load(&fetches) >= 2 * FILES);
    CHECK_INT(counted(engine).lookahead_files, FILES);
    open_gate();
    for (size_t n = 0; n < FILES + 3;) {
        mhq_run *run = mhq_collect(engine);
        REQUIRE(run != NULL);
        for (mhq_run *following; run != NULL; run = following, n++) {
            following = run->next;
            if (n < FILES + 2)
                CHECK(run->op == &inner[n].op);
            CHECK_INT(run->error, 0);
            mhq_delivered(engine, run);
        }
    }
    mhq_job_fini(&job);
    engine_end(engine);
}

/* Reads that end while no thread looks ahead: `files` fetched, `threads` more than without. */
static void check_left_alone(const mhq_calls *calls, uint32_t ahead, int threads, const char *what)
{
    race_deadline(240, what);
    RACE_UNTIL(count_threads() == before); /* those of the scout before are ending */
    mhq_engine *engine = scouted_engine(calls, ahead);
    size_t next = 0;
    item *items = queue_files(engine, &next);
    CHECK_INT(count_threads(), before + 2 + threads);
    open_gate();
    take_in_order(engine, items, &next, FILES);
    mhq_counters c = counted(engine);
    CHECK_INT(c.lookahead_files, 0);
    CHECK_INT(c.lookahead_bytes, 0);
    CHECK_INT(c.lookahead_windows, 0);
    CHECK(c.lookahead_passed_over <= (threads ? FILES : 0));
    CHECK_INT(atomic_load(&fetches), 0);
    engine_end(engine);
    free(items);
    RACE_UNTIL(count_threads() == before);
}

static int no_rotational(int dir, const char *path, int flags, mode_t mode)
{
    if (strncmp(path, "/sys/dev/block/", 15) == 0)
        return errno = ENOENT, -1;
    return gated_openat(dir, path, flags, mode);
}

static int fuse_type(int fd, uint64_t *type)
{
    (void)fd;
    *type = 0x65735546u;
    return 0;
}

static void nothing_where_nothing_is_to_be(void)
{
    mhq_calls calls = scouted_calls();
    check_left_alone(&calls, 0, 0, "look-ahead 0");
    calls = scouted_calls();
    calls.openat = no_rotational;
    check_left_alone(&calls, 2048, 0, "a device that does not rotate");
    calls = scouted_calls();
    calls.file_system = fuse_type;
    check_left_alone(&calls, 2048, 0, "FUSE");
    calls = scouted_calls();
    atomic_store(&open_limit, 64);
    check_left_alone(&calls, 2048, 0, "few descriptors");
}

/* A disk that is fast, a cache that has it all, descriptors that are used up: found out by looking. */
static void off_after_a_look(const char *what, int ns, int cached, int refuse)
{
    race_deadline(240, what);
    mhq_calls calls = scouted_calls();
    atomic_store(&probe_ns, ns);
    atomic_store(&now_cached, cached);
    atomic_store(&refuse_descriptors, refuse);
    mhq_engine *engine = scouted_engine(&calls, 2048);
    size_t next = 0;
    item *items = items_new(FILES + 3);
    submit(engine, item_set(&items[0], MHQ_FILE_READ, "there"));
    take_in_order(engine, items, &next, 1);
    for (int round = 0; round < 10; round++) {
        next = 1;
        submit(engine, item_set(&items[1], MHQ_FILE_WRITE, "gate-a"));
        wait_for(&gate_reached);
        for (unsigned i = 0; i < FILES; i++)
            submit(engine, item_set(&items[2 + i], MHQ_FILE_READ, name_of(i)));
        open_gate();
        take_in_order(engine, items, &next, FILES + 1);
    }
    CHECK_INT(atomic_load(&fetches), 0);
    CHECK_INT(counted(engine).lookahead_files, 0);
    /* So many as are needed to find it out, and one in many. */
    CHECK(atomic_load(&opened) < FOUND_OUT + 10 * FILES / 16);
    engine_end(engine);
    free(items);
}

/* An opener hangs for ever: the others go on, and the end waits for none. */
static void a_hanging_open_delays_nobody(void)
{
    race_deadline(240, "a hanging open delays no thread");
    mhq_calls calls = scouted_calls();
    REQUIRE(sem_init(&hang_ends, 0, 0) == 0);
    atomic_store(&hang_reached, 0);
    RACE_UNTIL(count_threads() == before); /* those of the scout before are ending */
    mhq_engine *engine = scouted_engine(&calls, 2048);
    size_t next = 0;
    item *items = items_new(FILES + 3);
    submit(engine, item_set(&items[0], MHQ_FILE_READ, "there"));
    take_in_order(engine, items, &next, 1);
    submit(engine, item_set(&items[1], MHQ_FILE_WRITE, "gate-a"));
    wait_for(&gate_reached);
    submit(engine, item_set(&items[2], MHQ_FILE_WRITE, "gate-b"));
    submit(engine, item_set(&items[3], MHQ_FILE_READ, "hangs"));
    for (unsigned i = 0; i < FILES - 1; i++)
        submit(engine, item_set(&items[4 + i], MHQ_FILE_READ, name_of(i)));
    open_gate();
    wait_for(&gate_reached);
    RACE_UNTIL(atomic_load(&hang_reached) && atomic_load(&fetches) >= 2 * (FILES - 1));
    open_gate();
    take_in_order(engine, items, &next, FILES + 2);
    engine_end(engine);
    free(items);
    RACE_UNTIL(count_threads() <= before + 1); /* the one that hangs */
    CHECK_INT(sem_post(&hang_ends), 0);
    RACE_UNTIL(count_threads() == before);
}

/* A tree: two directories of a hundred files each, and links, which are not followed. */
static void a_tree_ahead_of_its_copy(void)
{
    race_deadline(240, "a tree ahead of its copy");
    char path[32];
    mhq_calls calls = scouted_calls();
    REQUIRE(mkdir("tree", 0755) == 0 && mkdir("tree/a", 0755) == 0 && mkdir("tree/b", 0755) == 0);
    REQUIRE(symlink("../../there", "tree/a/link") == 0 && symlink("..", "tree/b/up") == 0);
    for (unsigned i = 0; i < FILES; i++) {
        snprintf(path, sizeof path, "tree/%c/f%u", i & 1 ? 'a' : 'b', i);
        write_file(path, 4000);
    }
    mhq_engine *engine = scouted_engine(&calls, 2048);
    size_t next = 0;
    item *items = items_new(1);
    item_set(&items[0], MHQ_DIRECTORY_COPY, "tree");
    items[0].op.path2 = "copy";
    atomic_store(&first_file_waits, 1); /* else it may be over before the scout has begun */
    submit(engine, &items[0]);
    take_in_order(engine, items, &next, 1);
    CHECK_INT(items[0].job.run.error, 0);
    mhq_counters c = counted(engine);
    /* The copy does not wait before something was cold, so it may have been ahead for some. */
    unsigned count = atomic_load(&fetches);
    CHECK(c.lookahead_files > 0 && c.lookahead_files <= FILES);
    struct stat outside;
    REQUIRE(stat("there", &outside) == 0);
    for (unsigned i = 0; i < count; i++) {
        CHECK(fetched[i].inode != outside.st_ino);
        CHECK(i == 0 || fetched_place(i - 1) < fetched_place(i));
    }
    engine_end(engine);
    free(items);
    REQUIRE(system("rm -r tree copy") == 0);
}

/* When the last completion has come nothing of the scout's is open: but the holder waits for that for a
 * bounded time, in which a busy machine may not run an opener. In the end all is closed; where the
 * process's own table is used, too. */
static void with_descriptors_of_the_process(void)
{
    int late = 0;
    mhq_calls calls = scouted_calls();
    calls.private_descriptors = shared_descriptors;
    race_deadline(240, "descriptors of the process");
    for (int round = 0; round < 20; round++) {
        mhq_engine *engine = scouted_engine(&calls, 2048);
        atomic_store(&fetches, 0);
        size_t next = 0;
        item *items = queue_files(engine, &next);
        open_gate();
        take_in_order(engine, items, &next, FILES);
        late += atomic_load(&now_open) != 0;
        RACE_UNTIL(atomic_load(&now_open) == 0);
        engine_end(engine);
        free(items);
    }
    CHECK(late < 10);
}

/* A sanitizer starts a thread of its own with the first of ours. */
static void calls_and_threads(void)
{
    mhq_engine *engine = engine_open(8, BUDGET, NULL);
    before = count_threads() - 2;
    engine_end(engine);
}

int main(void)
{
    place_enter();
    write_file("there", 4001);
    write_file("hangs", 4002);
    int fd = open("rotational", O_WRONLY | O_CREAT, 0600);
    REQUIRE(fd >= 0 && write(fd, "1\n", 2) == 2 && close(fd) == 0);
    for (unsigned i = 0; i < FILES; i++)
        write_file(name_of(i), 4000);
    calls_and_threads();
    the_disk_s_order_ahead_of_the_callers();
    the_order_of_the_inodes_where_places_say_nothing();
    a_running_list_is_looked_into();
    nothing_where_nothing_is_to_be();
    off_after_a_look("a fast disk", 0, 0, 0);
    off_after_a_look("a warm cache", 3000000, 1, 0);
    off_after_a_look("no descriptors", 3000000, 0, 1);
    a_hanging_open_delays_nobody();
    with_descriptors_of_the_process();
    a_tree_ahead_of_its_copy();
    for (unsigned i = 0; i < FILES; i++)
        CHECK_INT(unlink(name_of(i)), 0);
    const char *const files[] = {"there", "hangs", "rotational", "gate-a", "gate-b"};
    place_leave(files, sizeof files / sizeof *files);
    return check_report("test_scout");
}
