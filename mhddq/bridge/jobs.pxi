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

# Jobs that have come back are kept for the next ones, warm: they are taken by producers and given
# back by the callback thread, which costs malloc and free far more than it costs here, lock or no
# lock.
cdef enum:
    MOST_SPARE = 4096    # the default ring's; 0.7 MiB

cdef single *spare_singles = NULL    # linked by job.run.next
cdef int spare_count = 0
cdef shared_mutex spares             # holds both


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


cdef void finish(mhq_engine *core, mhq_run *run) noexcept:
    """Gives the record back; with a job's last one, the job and all it holds."""
    cdef mhq_job *job = run.job
    cdef bint is_single = job.op != NULL
    if not mhq_delivered(core, run):
        return
    if is_single:
        free_single(<single *>job)
    else:
        free_listed(<listed *>job)


cdef void free_listed(listed *l) noexcept:
    mhq_job_fini(&l.job)
    Py_XDECREF(l.frozen)
    Py_XDECREF(l.callback)
    Py_XDECREF(l.given)
    Py_XDECREF(l.control)
    Py_XDECREF(l.failure)
    free(l)
