# What threads share where there is no GIL. Where there is one it is the lock: everything here then
# compiles to plain loads and stores, and to nothing.
#
#   section   Code that excludes other threads on the same object, as the GIL does: a critical section
#             of CPython. A thread that runs Python code in it, or waits, lets other threads in
#             meanwhile, so no thread can lock itself out. No section here is meant to do either.
#   mutex     For stretches of a few C statements.
#   word      Written in a section, read anywhere: a release that pairs with the acquire [word].
#   count     Written by one thread at a time, read by others.

from cpython.object cimport PyObject
from libc.stdint cimport uint64_t, uintptr_t

cdef extern from *:
    """
    #ifdef Py_GIL_DISABLED
    #include <stdatomic.h>
    enum { SHARED_GIL = 0 };

    typedef PyCriticalSection shared_section;
    #define shared_enter(section, object) PyCriticalSection_Begin((section), (object))
    #define shared_leave(section) PyCriticalSection_End(section)
    /* In a forked child, whose only thread holds it no more than others do: a thread that is not
     * here may have been handed it while it slept. */
    #define shared_forget(object) ((void)((object)->ob_mutex = (PyMutex){0}))

    typedef PyMutex shared_mutex;
    #define shared_lock(mutex) PyMutex_Lock(mutex)
    #define shared_unlock(mutex) PyMutex_Unlock(mutex)
    #define shared_forget_lock(mutex) ((void)(*(mutex) = (PyMutex){0}))

    typedef _Atomic(uintptr_t) shared_word;
    #define shared_get(word) atomic_load_explicit(word, memory_order_acquire) /* [word] */
    #define shared_set(word, value) /* [word] */ \\
        atomic_store_explicit(word, (uintptr_t)(value), memory_order_release)

    typedef _Atomic(uint64_t) shared_count;
    #define shared_bump(count) shared_add(count, 1)
    #define shared_add(count, n) shared_put(count, shared_read(count) + (n))
    #define shared_read(count) atomic_load_explicit(count, memory_order_relaxed)
    #define shared_zero(count) shared_put(count, 0)
    #define shared_put(count, value) atomic_store_explicit(count, value, memory_order_relaxed)
    #else
    enum { SHARED_GIL = 1 };

    typedef char shared_section;
    #define shared_enter(section, object) ((void)(section))
    #define shared_leave(section) ((void)(section))
    #define shared_forget(object) ((void)(object))

    typedef char shared_mutex;
    #define shared_lock(mutex) ((void)(mutex))
    #define shared_unlock(mutex) ((void)(mutex))
    #define shared_forget_lock(mutex) ((void)(mutex))

    typedef uintptr_t shared_word;
    #define shared_get(word) (*(word))
    #define shared_set(word, value) ((void)(*(word) = (uintptr_t)(value)))

    typedef uint64_t shared_count;
    #define shared_bump(count) ((void)(*(count) += 1))
    #define shared_add(count, n) ((void)(*(count) += (n)))
    #define shared_read(count) (*(count))
    #define shared_zero(count) ((void)(*(count) = 0))
    #endif
    """
    enum: SHARED_GIL

    ctypedef struct shared_section:
        pass
    void shared_enter(shared_section *section, PyObject *object)
    void shared_leave(shared_section *section)
    void shared_forget(PyObject *object)

    ctypedef struct shared_mutex:
        pass
    void shared_lock(shared_mutex *mutex) nogil
    void shared_unlock(shared_mutex *mutex) nogil
    void shared_forget_lock(shared_mutex *mutex) nogil

    ctypedef struct shared_word:
        pass
    uintptr_t shared_get(const shared_word *word) nogil
    void shared_set(shared_word *word, uintptr_t value) nogil

    ctypedef struct shared_count:
        pass
    void shared_bump(shared_count *count) nogil
    void shared_add(shared_count *count, uint64_t n) nogil
    uint64_t shared_read(const shared_count *count) nogil
    void shared_zero(shared_count *count) nogil
