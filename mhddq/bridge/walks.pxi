# Walks: what directory_walk is lent and gives. Where a walk stands is the core's (mhq_traversal); a
# Resume owns it between two batches, and while a batch runs lends it to the request.

cdef enum:
    FRESH        # to be lent
    ON_LOAN      # to a request that is under way
    USED         # another Resume owns the traversal by now, or it has come to nothing


@cython.final
cdef class Resume:
    """Where a walk through a directory goes on: to be passed to the next directory_walk, once. It
    holds memory, and no descriptor."""
    cdef mhq_traversal *traversal
    cdef uint64_t runs           # the traversal's when it was lent
    cdef int state               # changes in the section of this object
    cdef object pid, queue

    def __dealloc__(self):
        if self.traversal != NULL:
            mhq_traversal_free(self.traversal)

    def __init__(self):
        raise TypeError("a Resume comes from directory_walk()")

    cdef str why_not(self, const char *path):
        """Why it cannot be lent. In the section."""
        if self.state != FRESH:
            return "resume was passed on before: each batch has its own"
        if self.pid != os.getpid():
            return "resume is another process's"
        if strcmp(mhq_traversal_path(self.traversal), path) != 0:
            return "resume is of a walk through another directory"
        return None

    cdef object lend(self, const char *path):
        """Returns None, or the exception that refuses the operation."""
        cdef shared_section section
        cdef str why
        shared_enter(&section, <PyObject *>self)
        why = self.why_not(path)
        if why is None:
            self.state = ON_LOAN
            self.runs = mhq_traversal_runs(self.traversal)
        shared_leave(&section)
        return None if why is None else ValueError(why)

    cdef void come_back(self) noexcept:
        """From a request that has ended. It is good again if that never ran."""
        cdef shared_section section
        shared_enter(&section, <PyObject *>self)
        if self.state == ON_LOAN:
            self.state = FRESH if mhq_traversal_runs(self.traversal) == self.runs else USED
        shared_leave(&section)

    cdef Resume successor(self):
        """The Resume of the next batch; None: there is none. While it is on loan."""
        cdef Resume following
        cdef shared_section section
        if mhq_traversal_ended(self.traversal):
            return None
        following = new_resume(self.queue)
        shared_enter(&section, <PyObject *>self)
        following.traversal = self.traversal
        self.traversal = NULL
        self.state = USED
        shared_leave(&section)
        return following


cdef Resume new_resume(object queue):
    cdef Resume resume = Resume.__new__(Resume)
    resume.pid = os.getpid()
    resume.queue = queue
    return resume


cdef object adopt_traversal(request *r, object given):
    """Of a request whose path is known. Returns None, or the exception that refuses it."""
    cdef Resume resume
    cdef object why
    if given is None:
        resume = new_resume(None)
        resume.traversal = mhq_traversal_new(r.op.path)
        if resume.traversal == NULL:
            raise MemoryError()
    elif type(given) is Resume:
        resume = <Resume>given
    else:
        raise TypeError("resume must be what a batch has given, or None, not '%s'"
                        % type(given).__name__)
    why = resume.lend(r.op.path)
    if why is not None:
        return why
    r.op.traversal = resume.traversal
    r.op.flags |= WALKING
    Py_INCREF(resume)
    r.held[1] = <PyObject *>resume
    return None


cdef void give_traversal_back(request *r) noexcept:
    r.op.traversal = NULL
    r.op.flags &= ~WALKING
    (<Resume>r.held[1]).come_back()


cdef object check_owner(request *r, object queue):
    """A walk goes on in the queue in which it began."""
    cdef Resume resume = <Resume>r.held[1]
    if resume.queue is None:
        resume.queue = queue
    if resume.queue is not queue:
        refuse(r, ValueError("resume is of a walk in another queue"))
    return None


# ---- what a batch gives ----

cdef inline str type_name(char letter):
    if letter == c'f':
        return "file"
    if letter == c'd':
        return "directory"
    return "link" if letter == c'l' else "other"


@cython.final
cdef class Found:
    """A batch as the core has it. Its entries are made in the thread that asks for them, while the
    next batch is read."""
    cdef char *buffer
    cdef size_t length
    cdef bint stats, as_bytes

    def __init__(self):
        raise TypeError("a batch comes from directory_walk()")

    def __dealloc__(self):
        free(self.buffer)

    def entries(self):
        return entries_in(self.buffer, self.length, self.stats, self.as_bytes)


cdef object found_of(request *r, mhq_run *run):
    """The entries, for a callback; for what iterates over batches a Found, which takes the buffer."""
    cdef bint stats = r.op.options & MHQ_STAT, as_bytes = r.op.flags & PATH_BYTES
    cdef Found found
    if not r.op.flags & FUTURE:
        return entries_in(run.buffer, run.length, stats, as_bytes)
    found = Found.__new__(Found)
    found.buffer = run.buffer
    found.length = run.length
    found.stats = stats
    found.as_bytes = as_bytes
    run.buffer = NULL
    return found


cdef list entries_in(const char *buffer, size_t length, bint stats, bint as_bytes):
    cdef const char *at = buffer
    cdef const char *end = at + length
    cdef list entries = []
    cdef mhq_status status
    cdef dict entry
    cdef str kind
    cdef Py_ssize_t n
    while at < end:
        kind = type_name(at[0])
        at += 1
        if stats:
            memcpy(&status, at, sizeof(status))
            at += sizeof(status)
        n = <Py_ssize_t>strlen(at)
        entry = {"path": at[:n] if as_bytes else PyUnicode_DecodeFSDefaultAndSize(at, n),
                 "type": kind}
        if stats:
            entry["stat"] = stat_of(&status)
        entries.append(entry)
        at += n + 1
    return entries

