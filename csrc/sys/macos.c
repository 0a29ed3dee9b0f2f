/* sys/macos.c - futexes, processors and threads' names on macOS; see sys/sys.h.
 *
 * Since macOS 14.4 waiting on an address is public API. It is linked weakly, and where it is
 * missing mutexes and condition variables take its place (sys/waiters_macos.c).
 */
#include "sys/posix.h"

#include <errno.h>
#include <fcntl.h>
#include <os/clock.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "sys/waiters_macos.h"

/* As in <os/os_sync_wait_on_address.h>, which older SDKs do not have. */
#define WEAK __attribute__((weak_import))
extern int os_sync_wait_on_address(void *word, uint64_t value, size_t size, uint32_t flags) WEAK;
extern int os_sync_wait_on_address_with_timeout(void *word, uint64_t value, size_t size,
                                                uint32_t flags, os_clockid_t clock,
                                                uint64_t timeout_ns) WEAK;
extern int os_sync_wake_by_address_any(void *word, size_t size, uint32_t flags) WEAK;
extern int os_sync_wake_by_address_all(void *word, size_t size, uint32_t flags) WEAK;

int mhq_futex_wait(_Atomic uint32_t *word, uint32_t value, int64_t timeout_ns)
{
    int result;
    if (os_sync_wait_on_address == NULL)
        return mhq_waiters_wait(word, value, timeout_ns);
    if (timeout_ns < 0)
        result = os_sync_wait_on_address((void *)word, value, sizeof *word, 0);
    else if (timeout_ns == 0) /* the call with a timeout refuses 0 */
        return mhq_load_sc(word) == value ? ETIMEDOUT : EAGAIN;
    else
        result = os_sync_wait_on_address_with_timeout((void *)word, value, sizeof *word, 0,
                                                      OS_CLOCK_MACH_ABSOLUTE_TIME,
                                                      (uint64_t)timeout_ns);
    return result < 0 ? errno : 0;
}

void mhq_futex_wake(_Atomic uint32_t *word, int most)
{
    if (os_sync_wait_on_address == NULL)
        mhq_waiters_wake(word);
    else if (most == 1)
        (void)os_sync_wake_by_address_any((void *)word, sizeof *word, 0);
    else
        (void)os_sync_wake_by_address_all((void *)word, sizeof *word, 0);
}

void mhq_advise_huge(void *memory, size_t size)
{
    (void)memory;
    (void)size;
}

int mhq_processors(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 && n < 1 << 20 ? (int)n : 1;
}

/* A thread can only name itself. */
typedef struct beginning {
    void *(*main)(void *);
    void *argument;
    const char *name;
} beginning;

static void *begin(void *made)
{
    beginning b = *(beginning *)made;
    free(made);
    (void)pthread_setname_np(b.name);
    return b.main(b.argument);
}

int mhq_thread_start(mhq_thread *thread, void *(*main)(void *), void *argument, const char *name)
{
    beginning *made = malloc(sizeof *made);
    if (made == NULL)
        return ENOMEM;
    *made = (beginning){main, argument, name};
    int error = mhq_thread_create(thread, begin, made);
    if (error)
        free(made);
    return error;
}

void mhq_thread_background(void)
{
    (void)setiopolicy_np(IOPOL_TYPE_DISK, IOPOL_SCOPE_THREAD, IOPOL_THROTTLE);
}

static int prepare(int fd)
{
    return fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 && fcntl(fd, F_SETFL, O_NONBLOCK) == 0;
}

int mhq_bell_open(mhq_bell *bell)
{
    int ends[2];
    if (pipe(ends) != 0)
        return errno;
    *bell = (mhq_bell){ends[0], ends[1]};
    if (prepare(ends[0]) && prepare(ends[1]))
        return 0;
    int error = errno;
    mhq_bell_close(bell);
    return error;
}

void mhq_bell_close(mhq_bell *bell)
{
    close((int)bell->ear);
    close((int)bell->hammer);
}

/* If the pipe is full, the bell rings already. */
void mhq_bell_ring(mhq_bell *bell)
{
    while (write((int)bell->hammer, "", 1) < 0 && errno == EINTR)
        continue;
}

void mhq_bell_hush(mhq_bell *bell)
{
    char rung[64];
    ssize_t got;
    do
        got = read((int)bell->ear, rung, sizeof rung);
    while (got == (ssize_t)sizeof rung || (got < 0 && errno == EINTR));
}
