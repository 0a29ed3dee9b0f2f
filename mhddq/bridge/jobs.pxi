# Jobs: what is given to the core and comes back from it, with the references that it holds.

# A job of one operation.
cdef struct single:
    mhq_job job
    request asked

# A job of a list.
cdef struct listed:
    mhq_job job
    PyObject *frozen     # each of these may be NULL:
    PyObject *callback   # what is notified of its end: a callable or a Link
    PyObject *given      # a dict, or NULL: the parameters that were passed
    PyObject *control
    PyObject *failure    # the first operation's that failed; noted where there is a callback
    int users            # calls of its operations that are kept (keep_list) and have not returned

# Jobs that have come back are kept for the next ones, warm: they are taken by producers and given
# back by the callback thread, which costs malloc and free far more than it costs here, lock or no
# lock.
cdef enum:
    MOST_SPARE = 4096    # the default ring's; less than 1 MiB

cdef single *spare_singles = NULL    # linked by job.run.next
cdef int spare_count = 0
cdef shared_mutex spares             # holds both, and the users of each list


cdef inline single *take_single() except NULL:
    """A job with a zeroed request."""
    global spare_singles, spare_count
    shared_lock(&spares)
    cdef single *s = spare_singles
    if s != NULL:
        spare_singles = <single *>s.job.run.next
        spare_count -= 1
    shared_unlock(&spares)
    if s == NULL:
        s = <single *>malloc(sizeof(single))
        if s == NULL:
            raise MemoryError()
    memset(&s.asked, 0, sizeof(request))
    return s


cdef inline void free_single(single *s) noexcept:
    """With all that it holds: finalisers may run."""
    global spare_singles, spare_count
    if s.asked.op.flags & EQUIPPED:
        mhq_job_fini(&s.job)
    let_go(&s.asked)
    shared_lock(&spares)
    if spare_count < MOST_SPARE:
        s.job.run.next = <mhq_run *>spare_singles
        spare_singles = s
        spare_count += 1
        s = NULL
    shared_unlock(&spares)
    if s != NULL:
        free(s)


cdef void finish(mhq_engine *core, mhq_run *run, object kept) noexcept:
    """Gives the record back; with a job's last one, the job and all it holds. kept: None, or a list
    that takes what is to be raised in the taker's own call."""
    cdef mhq_job *job = run.job
    cdef bint is_single = job.run.op != NULL
    cdef object callback = None
    if not mhq_delivered(core, run):
        return
    if is_single:
        free_single(<single *>job)
        return
    if (<listed *>job).callback != NULL:
        callback = <object>(<listed *>job).callback
    leave_list(<listed *>job)
    if isinstance(callback, Latch):   # what it lets go on finds nothing of this queue's under way
        open_latch(callback, kept)


cdef void open_latch(Latch latch, object kept) noexcept:
    try:
        latch()
    except BaseException as raised:
        if not is_for_the_thread(raised, kept):
            mhddq_report_plainly(b"flush", NULL)


cdef listed *keep_list(mhq_run *run) noexcept:
    """The list of this operation, or NULL. It stays until leave_list, though its end may be delivered
    before the operation's callback returns: by a deliver() inside of that, or, where that closes
    the port, by the callback thread."""
    cdef listed *l
    if run.op == NULL or run.job.run.op != NULL:
        return NULL
    l = <listed *>run.job
    shared_lock(&spares)
    l.users += 1
    shared_unlock(&spares)
    return l


cdef void leave_list(listed *l) noexcept:
    """By each that has kept it, and by its end. The last one frees it."""
    cdef int users
    shared_lock(&spares)
    users = l.users
    l.users -= 1
    shared_unlock(&spares)
    if users == 0:
        free_listed(l)


cdef void free_listed(listed *l) noexcept:
    mhq_job_fini(&l.job)
    Py_XDECREF(l.frozen)
    Py_XDECREF(l.callback)
    Py_XDECREF(l.given)
    Py_XDECREF(l.control)
    Py_XDECREF(l.failure)
    free(l)
