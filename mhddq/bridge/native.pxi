# Native threads and locks, whatever a program has made of `threading`.
#
# Programs that are patched by gevent or eventlet have greenlets for threads, and a greenlet could
# never wait for the core. And threading.Thread.start() waits until the thread has reported that it has
# begun: for ever, where the thread has no memory to do so.

cdef extern from *:
    """
    typedef struct mhddq_starting {
        PyInterpreterState *interpreter;
        PyObject *queue;            /* a reference, the new thread's */
        PyThread_type_lock begun;   /* held until the thread has begun, or could not */
        int has_begun;
    } mhddq_starting;

    /* The number of the calling thread, and whether such a thread of this process has ended: where
     * the system shows it. */
    #ifdef __linux__
    #include <errno.h>
    #include <sys/syscall.h>
    #include <unistd.h>
    #define mhddq_thread_number() ((uintptr_t)syscall(SYS_gettid))
    #define mhddq_thread_has_ended(number)                                                     \
        (syscall(SYS_tgkill, (long)getpid(), (long)(number), 0L) != 0 && errno == ESRCH)
    #else
    #define mhddq_thread_number() ((uintptr_t)0)
    #define mhddq_thread_has_ended(number) ((void)(number), 0)
    #endif

    static void (*mhddq_thread_body)(PyObject *);

    /* `argument` is on the starter's stack, which waits for `begun`. */
    static void mhddq_thread_main(void *argument)
    {
        mhddq_starting *starting = argument;
        PyObject *queue = starting->queue;
        PyThreadState *state = PyThreadState_New(starting->interpreter);
        starting->has_begun = state != NULL;
        PyThread_release_lock(starting->begun);
        if (state == NULL)
            return;
        PyEval_AcquireThread(state);
        mhddq_thread_body(queue);
        PyThreadState_Clear(state);
        PyThreadState_DeleteCurrent();
    }

    /* 0; -1 where the system has no thread for us; -2 where it has no memory for one. `begun` is
     * the caller's to keep: the new thread may still be about to leave it. */
    static int mhddq_thread_start(PyObject *queue, PyThread_type_lock begun)
    {
        mhddq_starting starting = {PyInterpreterState_Get(), queue, begun, 0};
        unsigned long ident;
        Py_BEGIN_ALLOW_THREADS
        PyThread_acquire_lock(begun, WAIT_LOCK);
        ident = PyThread_start_new_thread(mhddq_thread_main, &starting);
        if (ident != PYTHREAD_INVALID_THREAD_ID)
            PyThread_acquire_lock(begun, WAIT_LOCK);
        PyThread_release_lock(begun);
        Py_END_ALLOW_THREADS
        if (ident == PYTHREAD_INVALID_THREAD_ID)
            return -1;
        return starting.has_begun ? 0 : -2;
    }
    """
    uintptr_t mhddq_thread_number() nogil
    int mhddq_thread_has_ended(uintptr_t number) nogil
    ctypedef void *PyThread_type_lock
    PyThread_type_lock PyThread_allocate_lock()
    void PyThread_free_lock(PyThread_type_lock lock)
    int PyThread_acquire_lock(PyThread_type_lock lock, int wait) nogil
    void PyThread_release_lock(PyThread_type_lock lock)
    int PyThread_acquire_lock_timed(PyThread_type_lock lock, long long microseconds, int interrupted) nogil
    enum: WAIT_LOCK
    void (*mhddq_thread_body)(PyObject *) noexcept
    int mhddq_thread_start(PyObject *queue, PyThread_type_lock begun)


cdef int start_native(object queue, PyThread_type_lock *begun) except -1:
    """begun: the queue's, made where it is NULL."""
    cdef int started
    if begun[0] == NULL:
        begun[0] = PyThread_allocate_lock()
        if begun[0] == NULL:
            raise MemoryError()
    Py_INCREF(queue)
    started = mhddq_thread_start(<PyObject *>queue, begun[0])
    if started == 0:
        return 0
    Py_DECREF(queue)
    if started == -1:
        raise RuntimeError("mhddq: cannot start the callback thread")
    raise MemoryError("mhddq: no memory for the callback thread")


@cython.final
cdef class ReentrantLock:
    """A lock that the thread which holds it may take again. A native one, as above: with greenlets
    that of `threading` may be something else. Forked children inherit it as it is."""
    cdef PyThread_type_lock lock
    cdef shared_word owner
    cdef int depth    # the owner's

    def __cinit__(self):
        self.lock = PyThread_allocate_lock()
        if self.lock == NULL:
            raise MemoryError()

    def __dealloc__(self):
        if self.lock != NULL:
            PyThread_free_lock(self.lock)

    def acquire(self):
        cdef unsigned long me = PyThread_get_thread_ident()
        if shared_get(&self.owner) != me:
            with nogil:
                PyThread_acquire_lock(self.lock, WAIT_LOCK)
            shared_set(&self.owner, me)
        self.depth += 1

    def release(self):
        self.depth -= 1
        if self.depth == 0:
            shared_set(&self.owner, 0)
            PyThread_release_lock(self.lock)
