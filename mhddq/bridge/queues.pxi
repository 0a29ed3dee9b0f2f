# Queues as users see them, and the views of the same operations that return futures.

cdef uint64_t unnamed_queues = 0


@cython.final
@cython.no_gc
cdef class Queue:
    """Queue(name=None, *, ring_size=None, buffer_bytes=None, write_bytes=None, lookahead=None, \
spin_us=None, background=False)\n--\n
    An order of operations, run one at a time by two native threads of its own.

    name: shown in thread names and messages; need not be unique.
    ring_size, buffer_bytes, write_bytes, lookahead, spin_us: as the environment variables
        MHDDQ_RING_SIZE and so on; None: those, read at the first operation, else the defaults.
    background: True asks the system to serve other programs first: its threads work at the idle disk
        priority (Linux, where they are also nicer, macOS), or in the background mode (Windows). It is
        a wish: not every disk and file system regards it.
    Raises: TypeError or ValueError for a wrong setting.
    Threads: any. It starts at its first operation and costs nothing before. Closed once, it cannot be
        started again: make another. One that is collected finishes what it has accepted. All
        operations are methods, callback first, and return True (accepted) or False (closed). It
        cannot be pickled or copied.
    """
    cdef Service service
    cdef object __weakref__

    def __init__(self, name=None, *, ring_size=None, buffer_bytes=None, write_bytes=None,
                 lookahead=None, spin_us=None, background=False):
        global unnamed_queues
        if name is not None and not isinstance(name, str):
            raise TypeError("name must be str or None, not '%s'" % type(name).__name__)
        if self.service is not None:
            raise TypeError("a queue is initialised once")
        truth(background, "background")
        given = hooks.check_settings({"ring_size": ring_size, "buffer_bytes": buffer_bytes,
                                      "write_bytes": write_bytes, "lookahead": lookahead,
                                      "spin_us": spin_us})
        cdef bint is_named = name is not None
        if not is_named:
            unnamed_queues += 1
            name = "queue-%d" % unnamed_queues
        self.service = Service.__new__(Service, name, given)
        self.service.is_named = is_named
        self.service.background = background

    def __dealloc__(self):
        if self.service is not None:
            try:
                leave(self.service)
            except BaseException:   # no thread to be had: the exit stands in
                pass

    @property
    def name(self):
        """As given; or one that was made up."""
        return self.service.name

    @property
    def futures(self):
        """The same operations, without callback, returning a Future."""
        return futures_of(self, self.service, None)

    @property
    def aio(self):
        """The same operations, without callback, returning an Operation, to be awaited."""
        return aio_of(self)

    def port(self):
        """A port for the calling thread: what is enqueued through it is delivered by its deliver()."""
        return port_at(self, self.service)

    def enqueue_oplist(self, oplist, *, callback=None, control=None):
        """Puts a snapshot of an oplist into the queue, as a single operation.

        oplist: an Oplist. Its operations run one after another with nothing in between.
        callback: called once when the whole list has ended, after its operations' own, with a dict:
            'action' ('enqueue_oplist'), 'result' (True if all succeeded), 'params', and 'output'
            ({} or {'exception': the text of the first failure}). None: not called.
        control: a Control for all operations of the list, or None.
        Returns: True if it was accepted, False once the queue is closed.
        Raises: TypeError for what is no oplist, callback or control; ValueError if the list expands
            to more than 2**31 operations.
        Threads: any.
        """
        return enqueue_oplist_at(self.service, None, oplist, callback, control)

    def oplist(self, callback=None, *, on_error="continue", control=None):
        """``with queue.oplist(saved, on_error="stop") as todo: ...`` gives a new Oplist, and enqueues
        it on leaving; not if the block raised.

        callback, control: as of enqueue_oplist(). on_error: as of Oplist.
        Raises, on leaving: RuntimeError if the queue is closed.
        """
        return ListContext(self, callback, on_error, control)

    def flush(self, timeout=None):
        """Waits until everything accepted before the call has been run and delivered. It is no fsync.

        timeout: seconds to wait at most. None: as long as it takes.
        Returns: True; False when the time is up.
        Raises: RuntimeError in a callback, which cannot wait for itself; TypeError or ValueError for
            a wrong timeout.
        Threads: any; one that has ports of this queue serves them meanwhile.
        """
        return flush(self.service, moment_after(timeout))

    def pause(self):
        """Starts nothing more; a long operation under way stops at its next slice and waits. Returns:
        None, at once. Closing, and the end of the program, resume. Threads: any."""
        if shared_get(&self.service.core) == 0:
            self.service.open()
        if shared_get(&self.service.core) != 0:
            mhq_pause(<mhq_engine *>shared_get(&self.service.core))

    def resume(self):
        """Lets it go on. Returns: None. Threads: any."""
        if shared_get(&self.service.core) != 0:
            mhq_resume(<mhq_engine *>shared_get(&self.service.core))

    @property
    def paused(self):
        """Whether it is paused."""
        cdef mhq_engine *core = <mhq_engine *>shared_get(&self.service.core)
        return core != NULL and not shared_get(&self.service.closed) and mhq_is_paused(core) != 0

    @property
    def pending(self):
        """Operations accepted and not yet delivered; a list counts as one."""
        return self.service.under_way()

    @property
    def closed(self):
        """Whether it accepts nothing any more."""
        return shared_get(&self.service.closed) != 0

    def stats(self):
        """Counts what the queue has done so far in this process; the keys are those of
        mhddq.stats(). Threads: any; after closing, too."""
        return self.service.count()

    def close(self, timeout=None):
        """Accepts nothing more and waits until all is run and delivered, as shutdown() does. Resumes a
        paused queue.

        timeout: seconds to wait at most. None: as long as it takes.
        Returns: True; False when the time is up (then stderr has how many were left) or when called
            in a callback, of any queue, which does not wait.
        Raises: TypeError or ValueError for a wrong timeout.
        Threads: any, any number of times; one that has ports of this queue serves them meanwhile.
        """
        return close_and_wait(self.service, moment_after(timeout))

    def __enter__(self):
        return self

    def __exit__(self, exc_type, exc, tb):
        self.close()

    def __aenter__(self):
        return entered(self)

    def __aexit__(self, exc_type, exc, tb):
        return aio_of(self).close()

    def __reduce__(self):
        raise TypeError("a queue cannot be pickled or copied")

    def __repr__(self):
        return "<mhddq.Queue %r%s>" % (self.service.name, ", closed" if self.closed else "")


def service_of(Queue queue not None):
    return queue.service


cdef bint enqueue_oplist_at(Service service, Port port, oplist, callback, control) except -1:
    cdef dict given = None
    the_oplist(oplist)
    the_control(control)
    if callback is not None:
        if callback_kind(<PyObject *>callback) != MHDDQ_CALLABLE:
            raise TypeError(why_not_called(callback, "callback"))
        given = {"oplist": oplist, "callback": callback}
        if control is not None:
            given["control"] = control
    if port is not None and port.is_closed():
        return False
    return enqueue_list(service, port, oplist, callback, control, None, given)


cdef class ListContext:
    """What Queue.oplist() returns."""
    cdef object place, callback, control
    cdef Oplist gathered

    def __init__(self, place, callback, on_error, control):
        self.place = place
        self.callback = callback
        self.control = the_control(control)
        self.gathered = Oplist(on_error=on_error)
        if callback is not None and callback_kind(<PyObject *>callback) != MHDDQ_CALLABLE:
            raise TypeError(why_not_called(callback, "callback"))

    def __enter__(self):
        return self.gathered

    def __exit__(self, exc_type, exc, tb):
        if exc_type is None and not self.place.enqueue_oplist(
                self.gathered, callback=self.callback, control=self.control):
            raise RuntimeError("the queue is closed: the list was not enqueued")


# -- futures --

@cython.final
@cython.no_gc
cdef class Futures:
    """The operations of a queue or port, without callback: each returns a Future. Made by
    queue.futures and port.futures."""
    cdef object queue                  # kept open by this
    cdef Service service
    cdef Port port

    def __init__(self):
        raise TypeError("made by queue.futures and port.futures")

    def enqueue_oplist(self, oplist, *, control=None):
        """Puts a snapshot of an oplist into the queue; as Queue.enqueue_oplist().

        Returns: a Future of None, with the first failure as its error.
        Raises: RuntimeError if the queue is closed; else as Queue.enqueue_oplist().
        """
        the_oplist(oplist)
        return future_of_list(self.service, self.port, oplist, the_control(control))

    def oplist(self, *, on_error="continue", control=None):
        """``with futures.oplist() as todo: a = todo.file_read("a")`` gives a FutureList, whose methods
        return futures, and enqueues it on leaving. If the block raises nothing is enqueued, and they
        are cancelled. todo.future is the list's own.

        on_error: as of Oplist. control: a Control for the whole list, or None.
        """
        cdef FutureList made = FutureList.__new__(FutureList)
        made.fill(new_future(), self.service, self.port, on_error, the_control(control))
        return made

    def directory_walk(self, dirname, *, stat=False, batch=1024, on_error="stop", control=None):
        """Everything below a directory, as the operation directory_walk: goes through its batches, and
        has the next one read while this one is looked at.

        Returns: an iterator of lists of {'path', 'type'}, with 'stat' where it is asked for.
        Raises: as the operation's future; at the call what is wrong with the arguments, else
            while it is iterated.
        """
        cdef dict more = {"stat": stat, "batch": batch, "on_error": on_error}
        if control is not None:
            more["control"] = control
        return batches(self, self._directory_walk(dirname, **more), dirname, more)

    def flush(self):
        """Returns: a Future of None, which is set when everything accepted before has been run and
        delivered. Raises: RuntimeError if the queue is closed."""
        must_be_open(self.service, self.port)
        cdef FutureBase future = new_future()
        cdef Latch latch = Latch.__new__(Latch)
        linked(future, self.service, self.port)
        future.enqueued = True
        latch.pending = future
        future.link.keep(None)
        notify_of_all(self.service, latch)
        latch()
        return future

    def __repr__(self):
        return "<mhddq.futures.Futures of %r>" % (self.queue if self.port is None else self.port)

    def __reduce__(self):
        raise TypeError("a queue cannot be pickled or copied")


def batches(place, future, dirname, more):
    while future is not None:
        found, resume = future.result()
        future = None if resume is None else place._directory_walk(dirname, resume=resume, **more)
        yield found.entries()


cdef Futures futures_of(Queue queue, Service service, Port port):
    cdef Futures made = Futures.__new__(Futures)
    made.queue = queue
    made.service = service
    made.port = port
    return made


cdef int must_be_open(Service service, Port port) except -1:
    if shared_get(&service.closed) or (port is not None and port.is_closed()):
        raise RuntimeError("the queue is closed" if port is None else "the port is closed")
    return 0


cdef FutureBase future_of_list(Service service, Port port, oplist, Control control):
    cdef FutureBase future = new_future()
    must_be_open(service, port)
    linked(future, service, port)
    watch(future, control)
    if not enqueue_list(service, port, oplist, future.link, control, future, None):
        raise RuntimeError("the queue is closed")
    return future


cdef int watch(Pending pending, Control control) except -1:
    """It is about to be enqueued, with this control."""
    pending.enqueued = True
    if control is not None:
        pending.own = control
        control.now()
        pending.link.control = control
        control.links[id(pending.link)] = pending.link
    return 0


cdef class PendingList:
    """What the lists of futures and operations are made of: their methods add operations and return
    what those will give."""
    cdef Service service
    cdef Port port
    cdef Oplist gathered
    cdef Control control
    cdef list members                  # their links
    cdef Pending whole                 # the list's own end

    def __init__(self):
        raise TypeError("made by oplist()")

    cdef int fill(self, Pending whole, Service service, Port port, on_error,
                  Control control) except -1:
        must_be_open(service, port)
        self.service = service
        self.port = port
        self.control = Control() if control is None else control
        self.gathered = Oplist(on_error=on_error)
        self.members = []
        if shared_get(&service.core) == 0:
            service.open()
        self.whole = whole
        linked(whole, service, port)
        whole.own = self.control
        return 0

    def __len__(self):
        return len(self.gathered)

    def __bool__(self):
        return True

    cdef list watched(self):
        """Those of the members that are still there, ready to be enqueued."""
        cdef Link link
        cdef Pending pending
        cdef list found = []
        for link in self.members:
            pending = link.target()
            if pending is not None:
                watch(pending, self.control)
                found.append(pending)
        watch(self.whole, self.control)
        return found

    cdef int enqueue(self) except -1:
        cdef list found = self.watched()
        try:
            if not enqueue_list(self.service, self.port, self.gathered, self.whole.link,
                                self.control, self.whole, None):
                raise RuntimeError("the queue is closed: the list was not enqueued")
        except BaseException:
            self.cancel_all(found)
            raise
        return 0

    cdef int drop(self) except -1:
        """It is not enqueued."""
        self.cancel_all(self.watched())
        return 0

    cdef int cancel_all(self, list found) except -1:
        cdef Pending pending
        for pending in found:
            pending.stop()
        self.whole.stop()
        return 0

    def __repr__(self):
        return "<%s.%s of %d entr%s>" % (
            type(self).__module__, type(self).__name__,
            len(self.gathered), "y" if len(self.gathered) == 1 else "ies")

    def __reduce__(self):
        raise TypeError("a list of what operations will give cannot be pickled or copied")


@cython.final
cdef class FutureList(PendingList):
    """What Futures.oplist() gives: its methods add operations and return their futures.

    future: the list's own, set after those of its operations.
    """

    @property
    def future(self):
        return self.whole

    def __enter__(self):
        return self

    def __exit__(self, exc_type, exc, tb):
        if exc_type is None:
            self.enqueue()
        else:
            self.drop()
