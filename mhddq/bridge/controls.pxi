# Controls: what cancels, pauses and watches operations, in whatever style and queue they are.
#
# The core's control is what the operations carry. It knows no Python: a progress record names it, and
# `controls` leads from there to the object. Jobs hold on to the object, so it is there while a record is.

cdef unsigned long generation = 0      # moves in a forked child, which is alone then
cdef dict controls = {}                # borrowed pointers to Controls, by the address of their core's
cdef dict existing_controls = {}       # weak references to them, by id; resumed when the program ends


cdef class Control:
    """Control(progress=None, *, interval=0.1)\n--\n
    Cancels, pauses and watches all operations that were given it as control=.

    progress: called as progress(done, total) where the operations are delivered, first at the start
        of one, then at most every `interval` seconds, and last before its completion. total is None
        while it is unknown. What it raises is printed. None: not called.
    interval: seconds, at least, between two calls.
    Raises: TypeError for a progress that is not callable, or an interval that is no number;
        ValueError for an interval that is negative, infinite or nan.
    Threads: any. A control may be given to many operations, in any style, on any queue; its figures
        are sums then. It cannot be pickled or copied.
    """
    cdef mhq_control *core
    cdef unsigned long generation
    cdef readonly object progress
    cdef readonly double interval
    cdef mhq_figures inherited         # in a forked child: what had been before
    cdef dict links                    # of futures and the like that are under way, by id
    cdef object __weakref__

    def __init__(self, progress=None, *, interval=0.1):
        if progress is not None and callback_kind(<PyObject *>progress) != MHDDQ_CALLABLE:
            raise TypeError(why_not_called(progress, "progress"))
        if isinstance(interval, bool) or not isinstance(interval, (int, float)):
            raise TypeError("interval must be a number of seconds, not '%s'"
                            % type(interval).__name__)
        if not 0 <= interval <= 1e9:
            raise ValueError("interval must be a number of seconds from 0 up, not %r" % interval)
        if self.core != NULL:
            raise TypeError("a control is initialised once")
        self.progress = progress
        self.interval = interval
        self.links = {}
        self.make()
        note_control(self)

    cdef int make(self) except -1:
        cdef int64_t ns = -1 if self.progress is None else <int64_t>(self.interval * 1e9)
        cdef mhq_control *made = mhq_control_new(ns)
        if made == NULL:
            raise MemoryError()
        self.adopt(made)
        return 0

    cdef int adopt(self, mhq_control *core) except -1:
        """Takes over the reference."""
        self.core = core
        self.generation = generation
        controls[<uintptr_t>core] = <uintptr_t><PyObject *>self
        return 0

    cdef mhq_control *now(self) except NULL:
        """The core's. That of a parent process may be locked for good: a child has a copy."""
        cdef mhq_control *parents
        if self.core == NULL:
            raise TypeError("the control was not initialised")
        if self.generation != generation:
            parents = self.core
            controls.pop(<uintptr_t>parents, None)
            self.make()
            mhq_control_figures(parents, &self.inherited)   # loads only
            self.links = {}
            if self.inherited.cancelled:
                mhq_control_cancel(self.core)
            if self.inherited.paused:
                mhq_control_pause(self.core)
        return self.core

    def __dealloc__(self):
        existing_controls.pop(<uintptr_t><PyObject *>self, None)
        if self.core != NULL:
            controls.pop(<uintptr_t>self.core, None)
            if self.generation == generation:
                mhq_control_drop(self.core)

    cdef mhq_figures figures(self) except *:
        cdef mhq_figures f
        mhq_control_figures(self.now(), &f)
        f.accepted += self.inherited.accepted
        f.finished += self.inherited.finished
        f.done += self.inherited.done
        f.files += self.inherited.files
        f.total += self.inherited.total
        if f.accepted == self.inherited.accepted:
            f.total_known = self.inherited.total_known
        return f

    def cancel(self):
        """Cancels for good: what has not started never runs; what runs is stopped where that is possible,
        and what it had begun is undone; what is given this control later is cancelled in its turn.

        Returns: None, at once. A callback is called in its turn, with a failure; a future ends at
            once, as cancelled, unless its operation runs.
        Threads: any.
        """
        cdef Link link
        mhq_control_cancel(self.now())
        for link in list(self.links.values()):
            link.cancel()

    def pause(self):
        """Holds its operations: none starts, and a long one stops at its next slice. Order is kept,
        so its queue waits with it. Closing a queue, and the end of the program, resume.

        Returns: None, at once. Threads: any.
        """
        mhq_control_pause(self.now())

    def resume(self):
        """Lets its operations go on. Returns: None. Threads: any."""
        mhq_control_resume(self.now())

    @property
    def cancelled(self):
        """Whether cancel() was called."""
        return self.figures().cancelled != 0

    @property
    def paused(self):
        """Whether it is paused."""
        return self.figures().paused != 0

    @property
    def done(self):
        """Bytes (of deletes: entries) dealt with so far."""
        return self.figures().done

    @property
    def total(self):
        """What `done` will be in the end, as far as known; None while it is not. A tree is measured
        before it is copied only if progress is called."""
        cdef mhq_figures f = self.figures()
        return f.total if f.total_known else None

    @property
    def files(self):
        """Regular files copied so far: by copies, those in trees included, and by moves to another
        file system."""
        return self.figures().files

    @property
    def entry(self):
        """Name of the entry of a tree that one of its operations is dealing with, without the
        directories that it is in: str. None: there is none now. Entries are noted from the first
        time on that this is asked, which costs each a little."""
        cdef char name[MHQ_ENTRY]
        cdef size_t length = mhq_control_entry(self.now(), name)
        return PyUnicode_DecodeFSDefaultAndSize(name, <Py_ssize_t>length) if length else None

    @property
    def accepted(self):
        """Operations that were given it."""
        return self.figures().accepted

    @property
    def finished(self):
        """Those that have ended."""
        return self.figures().finished

    def __repr__(self):
        cdef mhq_figures f
        if self.core == NULL:
            return "<mhddq.Control, not initialised>"
        f = self.figures()
        return "<mhddq.Control, %d of %d finished%s%s>" % (
            f.finished, f.accepted, ", paused" if f.paused else "",
            ", cancelled" if f.cancelled else "")

    def __reduce__(self):
        raise TypeError("a control cannot be pickled or copied")


cdef Control the_control(object given):
    if given is not None and not isinstance(given, Control):
        raise TypeError("control must be a Control or None, not '%s'" % type(given).__name__)
    return given


cdef void deliver_progress(object hooks, mhq_run *run, object kept) noexcept:
    """kept: None, or a list that takes what is to be raised in the taker's own call."""
    cdef mhq_control *core = mhq_progress_of(run)
    cdef Control control
    cdef mhq_figures f
    cdef PyObject *found
    try:
        address = controls.get(<uintptr_t>core)
        if address is None:
            return
        found = <PyObject *><uintptr_t>address
        control = <Control>found
        f = control.figures()
        control.progress(f.done, f.total if f.total_known else None)
    except BaseException as error:
        if kept is not None and isinstance(error, (KeyboardInterrupt, SystemExit)):
            (<list>kept).append(error)
            return
        hide_own_frames(error)
        attempt(hooks, "progress_failed", error)


cdef int note_control(Control control) except -1:
    existing_controls[<uintptr_t><PyObject *>control] = PyWeakref_NewRef(control, NULL)
    return 0


cdef list all_controls():
    cdef Control control
    cdef list found = []
    for reference in list(existing_controls.values()):
        control = reference()
        if control is not None and control.core != NULL:
            found.append(control)
    return found


cdef int resume_controls() except -1:
    cdef Control control
    for control in all_controls():
        if control.figures().paused:
            mhq_control_resume(control.now())
    return 0


cdef bint any_control_paused() except -1:
    cdef Control control
    for control in all_controls():
        if control.figures().paused:
            return True
    return False
