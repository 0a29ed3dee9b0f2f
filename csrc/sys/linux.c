/* sys/linux.c - futexes, processors and threads' names on Linux; see sys/sys.h. */
#include "sys/posix.h"

#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* The size on most processors; on others it is a multiple or a fraction of this. */
#define HUGE_PAGE ((uintptr_t)2 << 20)

int mhq_futex_wait(_Atomic uint32_t *word, uint32_t value, int64_t timeout_ns)
{
    struct timespec ts, *until = NULL;
    if (timeout_ns >= 0) {
        ts.tv_sec = (time_t)(timeout_ns / 1000000000);
        ts.tv_nsec = (long)(timeout_ns % 1000000000);
        until = &ts;
    }
    if (syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, until, NULL, 0) == 0)
        return 0;
    return errno;
}

void mhq_futex_wake(_Atomic uint32_t *word, int most)
{
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, most, NULL, NULL, 0);
}

int mhq_processors(void)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) == 0) {
        int n = CPU_COUNT(&set);
        return n > 0 ? n : 1;
    }
    /* There are more processors than a cpu_set_t has bits. */
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 && n < 1 << 20 ? (int)n : 1;
}

void mhq_advise_huge(void *memory, size_t size)
{
#ifdef MADV_HUGEPAGE
    uintptr_t begin = ((uintptr_t)memory + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1);
    uintptr_t end = ((uintptr_t)memory + size) & ~(HUGE_PAGE - 1);
    if (begin < end)
        (void)madvise((void *)begin, end - begin, MADV_HUGEPAGE); /* only advice: it may fail */
#else
    (void)memory;
    (void)size;
#endif
}

int mhq_thread_start(mhq_thread *thread, void *(*main)(void *), void *argument, const char *name)
{
    int error = mhq_thread_create(thread, main, argument);
    if (!error)
        pthread_setname_np(*thread, name);
    return error;
}

/* Idle at the disk, as far as its scheduler knows classes (BFQ, mq-deadline): see ioprio_set(2). Niceness
 * is each thread's own on Linux. */
void mhq_thread_background(void)
{
    enum { THIS_THREAD = 1, IDLE = 3 << 13, NICE = 10 };
    (void)syscall(SYS_ioprio_set, THIS_THREAD, 0, IDLE);
    errno = 0;
    int now = getpriority(PRIO_PROCESS, 0);
    if (errno == 0 && now < NICE)
        (void)setpriority(PRIO_PROCESS, 0, NICE);
}

int mhq_bell_open(mhq_bell *bell)
{
    int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (fd < 0)
        return errno;
    *bell = (mhq_bell){fd, fd};
    return 0;
}

void mhq_bell_close(mhq_bell *bell)
{
    close((int)bell->ear);
}

void mhq_bell_ring(mhq_bell *bell)
{
    uint64_t one = 1;
    while (write((int)bell->hammer, &one, sizeof one) < 0 && errno == EINTR)
        continue;
}

void mhq_bell_hush(mhq_bell *bell)
{
    uint64_t rung;
    while (read((int)bell->ear, &rung, sizeof rung) < 0 && errno == EINTR)
        continue;
}
