# The callback thread, from its first step to its last.

def start_native_thread(Queue queue not None):
    """Starts the callback thread of a queue. Raises RuntimeError or MemoryError where there is no
    thread to be had; then nothing is left."""
    start_native(queue, &queue.begun)


cdef void callback_thread(PyObject *given) noexcept:
    """The thread's body. No Python code of ours runs in it but in `attempt`: so a trace function
    that raises, or an exception that another thread sets in this one, meets a callback, whose
    failure it is, or a report, which is made again."""
    cdef Queue queue = <Queue>given
    cdef object hooks = queue.hooks
    cdef unsigned long generation = queue.generation
    Py_DECREF(queue)   # the starter's
    attempt(hooks, "thread_begins")
    trace_as_threading_says()
    while queue.generation == generation:
        try:
            queue.deliver()
            break
        except BaseException:   # between two deliveries: nothing is lost, and it goes on
            continue
    if queue.generation != generation:
        # A callback forked, and this is the child: its only thread is about to end, and the
        # process with it. What the child itself enqueued is drained first, as at any exit.
        attempt(hooks, "child_ends")
    attempt(hooks, "thread_ends")

mhddq_thread_body = callback_thread


cdef void trace_as_threading_says() noexcept:
    """As threading's own threads do. Behind all else: what is set here sees callbacks only."""
    try:
        threading = sys.modules["threading"]
        profile, trace = threading.getprofile(), threading.gettrace()
        if profile is not None:
            sys.setprofile(profile)
        if trace is not None:
            sys.settrace(trace)
    except BaseException:   # the program's own `threading`, or none
        pass
