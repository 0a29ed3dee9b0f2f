# The callback thread, from its first step to its last.

def start_native_thread(Service service not None):
    """Starts the callback thread of a queue. Raises RuntimeError or MemoryError where there is no
    thread to be had; then nothing is left."""
    start_native(service, &service.begun)


cdef void callback_thread(PyObject *given) noexcept:
    """The thread's body. No Python code of ours runs in it but in `attempt`: so a trace function
    that raises, or an exception that another thread sets in this one, meets a callback, whose
    failure it is, or a report, which is made again."""
    cdef Service service = <Service>given
    cdef object hooks = service.hooks
    cdef unsigned long begun_in = generation
    Py_DECREF(service)   # the starter's
    attempt(hooks, "thread_begins", service)
    trace_as_threading_does()
    while generation == begun_in:
        try:
            deliver(service)
            break
        except BaseException:   # between two deliveries: nothing is lost, and it goes on
            continue
    if generation != begun_in:
        # A callback forked, and this is the child: its only thread is about to end, and the
        # process with it. What the child itself enqueued is drained first, as at any exit.
        attempt(hooks, "child_ends")
    attempt(hooks, "thread_ends")

mhddq_thread_body = callback_thread


cdef void trace_as_threading_does() noexcept:
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
