/* sys/win.c - threads, waiting on an address and the clock on Windows (8 and later). */
#include "sys/sys.h"

#include <errno.h>
#include <process.h>
#include <stdlib.h>
#include <winsock2.h>
#include <windows.h>

/* Stacks of the I/O threads, reserved, not committed. */
#define STACK_BYTES ((unsigned)512 * 1024)

_Static_assert(sizeof(mhq_mutex) == sizeof(SRWLOCK), "a slim lock is one pointer");

/* No signal interrupts this wait: a thread that has to check for Ctrl-C waits with a timeout. */
int mhq_futex_wait(_Atomic uint32_t *word, uint32_t value, int64_t timeout_ns)
{
    DWORD ms = INFINITE;
    if (timeout_ns >= 0) {
        int64_t rounded = timeout_ns / 1000000 + (timeout_ns % 1000000 != 0);
        ms = rounded < 0x7fffffff ? (DWORD)rounded : 0x7fffffff;
    }
    return WaitOnAddress((volatile void *)word, &value, sizeof value, ms) ? 0 : ETIMEDOUT;
}

void mhq_futex_wake(_Atomic uint32_t *word, int most)
{
    if (most == 1)
        WakeByAddressSingle((void *)word);
    else
        WakeByAddressAll((void *)word);
}

void mhq_advise_huge(void *memory, size_t size)
{
    (void)memory;
    (void)size;
}

void mhq_yield(void)
{
    SwitchToThread();
}

uint64_t mhq_now(void)
{
    LARGE_INTEGER now, frequency;
    QueryPerformanceCounter(&now);
    QueryPerformanceFrequency(&frequency);
    uint64_t ticks = (uint64_t)now.QuadPart, second = (uint64_t)frequency.QuadPart;
    return ticks / second * 1000000000u + ticks % second * 1000000000u / second;
}

int mhq_processors(void)
{
    DWORD_PTR ours = 0, all = 0;
    int n = 0;
    if (GetProcessAffinityMask(GetCurrentProcess(), &ours, &all))
        for (; ours; ours &= ours - 1)
            n++;
    /* A process in several processor groups has no one mask. */
    return n ? n : (int)GetActiveProcessorCount(ALL_PROCESSOR_GROUPS);
}

typedef struct start {
    void *(*main)(void *);
    void *argument;
} start;

static unsigned __stdcall begin(void *argument)
{
    start begun = *(start *)argument;
    free(argument);
    begun.main(begun.argument);
    return 0;
}

/* Windows 10 and later; on older systems threads have no name. */
static void set_name(HANDLE thread, const char *name)
{
    typedef HRESULT(WINAPI * describe)(HANDLE, const wchar_t *);
    wchar_t wide[32];
    size_t n = 0;
    for (; name[n] && n < 31; n++)
        wide[n] = (unsigned char)name[n];
    wide[n] = 0;
    FARPROC found = GetProcAddress(GetModuleHandleW(L"kernel32.dll"), "SetThreadDescription");
    if (found)
        ((describe)(void (*)(void))found)(thread, wide);
}

int mhq_thread_start(mhq_thread *thread, void *(*main)(void *), void *argument, const char *name)
{
    start *begun = malloc(sizeof *begun);
    if (begun == NULL)
        return ENOMEM;
    *begun = (start){main, argument};
    uintptr_t handle = _beginthreadex(NULL, STACK_BYTES, begin, begun,
                                      STACK_SIZE_PARAM_IS_A_RESERVATION, NULL);
    if (handle == 0) {
        int error = errno;
        free(begun);
        return error ? error : EAGAIN;
    }
    *thread = (mhq_thread)handle;
    set_name(*thread, name);
    return 0;
}

void mhq_thread_background(void)
{
    (void)SetThreadPriority(GetCurrentThread(), THREAD_MODE_BACKGROUND_BEGIN);
}

void mhq_thread_join(mhq_thread thread)
{
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
}

void mhq_thread_detach(mhq_thread thread)
{
    CloseHandle(thread);
}

int mhq_mutex_init(mhq_mutex *mutex)
{
    InitializeSRWLock((SRWLOCK *)mutex);
    return 0;
}

void mhq_mutex_fini(mhq_mutex *mutex)
{
    (void)mutex; /* it holds nothing */
}

void mhq_mutex_lock(mhq_mutex *mutex)
{
    AcquireSRWLockExclusive((SRWLOCK *)mutex);
}

void mhq_mutex_unlock(mhq_mutex *mutex)
{
    ReleaseSRWLockExclusive((SRWLOCK *)mutex);
}

/* A datagram socket that is connected to itself, on the loopback: each ring is an empty datagram. */
int mhq_bell_open(mhq_bell *bell)
{
    WSADATA ignored;
    int error = WSAStartup(MAKEWORD(2, 2), &ignored);
    if (error)
        return EIO;
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int size = sizeof here;
    u_long nonblocking = 1;
    SOCKET made = WSASocketW(AF_INET, SOCK_DGRAM, 0, NULL, 0,
                             WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT);
    if (made == INVALID_SOCKET) {
        WSACleanup();
        return EMFILE;
    }
    if (bind(made, (struct sockaddr *)&here, sizeof here) != 0
        || getsockname(made, (struct sockaddr *)&here, &size) != 0
        || connect(made, (struct sockaddr *)&here, sizeof here) != 0
        || ioctlsocket(made, (long)FIONBIO, &nonblocking) != 0) {
        closesocket(made);
        WSACleanup();
        return EIO;
    }
    *bell = (mhq_bell){(intptr_t)made, (intptr_t)made};
    return 0;
}

void mhq_bell_close(mhq_bell *bell)
{
    closesocket((SOCKET)bell->ear);
    WSACleanup();
}

void mhq_bell_ring(mhq_bell *bell)
{
    (void)send((SOCKET)bell->hammer, "", 0, 0); /* if its buffer is full the bell rings already */
}

void mhq_bell_hush(mhq_bell *bell)
{
    char rung;
    while (recv((SOCKET)bell->ear, &rung, 1, 0) != SOCKET_ERROR)
        continue;
}
