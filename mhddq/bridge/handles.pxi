# Handles: open files, as the caller sees them. Each owns the core's handle of its file; an operation
# that is lent it holds the object, so what the core uses is not freed meanwhile.

cdef bint WINDOWS = sys.platform == "win32"
cdef unsigned long forks = 0   # how often this process, and those that it was forked from, were forked


cdef void note_fork() noexcept:
    """In the child. Atomic files are the parent's to end."""
    global forks
    forks += 1
    shared_forget(<PyObject *>atomic_handles)
    atomic_handles.clear()


# The handles of atomic files, by their addresses: at the end of the program nothing of those is to be
# left that are still open. It changes, and what it has is discarded, in its section.
cdef dict atomic_handles = {}


cdef void discard_atomic_files() noexcept:
    cdef shared_section section
    shared_enter(&section, <PyObject *>atomic_handles)
    for address in atomic_handles:
        mhq_handle_discard(<mhq_handle *><uintptr_t>address)
    atomic_handles.clear()
    shared_leave(&section)


cdef void forget_atomic(mhq_handle *opened) noexcept:
    cdef shared_section section
    shared_enter(&section, <PyObject *>atomic_handles)
    atomic_handles.pop(<uintptr_t>opened, None)
    shared_leave(&section)


cdef extern from *:
    """
    #ifdef MS_WINDOWS
    #include <windows.h>
    static int mhddq_duplicate(intptr_t handle, intptr_t *copy)
    {
        HANDLE process = GetCurrentProcess();
        return DuplicateHandle(process, (HANDLE)handle, process, (HANDLE *)copy, 0, FALSE,
                               DUPLICATE_SAME_ACCESS);
    }
    #else /* where a descriptor is a number already */
    static int mhddq_duplicate(intptr_t handle, intptr_t *copy)
    {
        *copy = handle;
        return 1;
    }
    #endif
    """
    bint mhddq_duplicate(intptr_t handle, intptr_t *copy)


@cython.final
cdef class Handle:
    """An open file, given by file_open() and taken by operations in place of a filename. Closed by
    file_close(), in its turn; else when it is collected, with a ResourceWarning.

    name: the filename that it was opened by. mode: as given to file_open(). closed: whether it has
        been closed.
    Threads: any, and several queues at the same time. It has no position: operations say where they
        read and write.
    Fork: a child has its own copy of the open file, and closes nothing but that.
    """
    cdef readonly object name      # str or bytes
    cdef readonly str mode
    cdef bytes encoded             # the name, as the core has it
    cdef mhq_handle *opened        # its own; NULL: none, and never any more
    cdef unsigned long forks       # when it was used last
    cdef int duplicate             # Windows: the C runtime's number of a copy of it; 0: none yet

    def __init__(self):
        raise TypeError("handles are made by file_open()")

    cdef void take(self, mhq_handle *opened) noexcept:
        self.opened = opened
        self.forks = forks

    cdef int note_atomic(self) except -1:
        atomic_handles[<uintptr_t>self.opened] = None
        return 0

    cdef mhq_handle *now(self) noexcept:
        """In a forked child it is used by no operation of the parent's."""
        cdef shared_section section
        if self.opened != NULL and self.forks != forks:
            shared_enter(&section, <PyObject *>self)
            if self.forks != forks:
                mhq_handle_forget_uses(self.opened)
                self.forks = forks
            shared_leave(&section)
        return self.opened

    cdef mhq_handle *lent(self) except NULL:
        cdef mhq_handle *opened = self.now()
        if opened == NULL:
            raise TypeError("handles are made by file_open()")
        return opened

    @property
    def closed(self):
        return self.now() == NULL or mhq_handle_descriptor(self.opened) == -1

    def fileno(self):
        """The file's descriptor. It is the handle's: do not close it.

        Raises: ValueError where the handle has been closed.
        """
        cdef intptr_t descriptor = -1 if self.now() == NULL else mhq_handle_descriptor(self.opened)
        if descriptor == -1:
            raise ValueError("the handle is closed: %r" % (self.name,))
        if not WINDOWS:
            return descriptor
        if not self.duplicate:
            import msvcrt
            if not mhddq_duplicate(descriptor, &descriptor):
                raise OSError(errno.EBADF, os.strerror(errno.EBADF), self.name)
            self.duplicate = msvcrt.open_osfhandle(descriptor, os.O_BINARY)
        return self.duplicate

    def __repr__(self):
        return "<mhddq.Handle name=%r mode=%r%s>" % (
            self.name, self.mode, " closed" if self.closed else "")

    def __reduce__(self):
        raise TypeError("a Handle cannot be pickled or copied")

    def __del__(self):
        if self.duplicate:
            os.close(self.duplicate)
            self.duplicate = 0
        try:
            if not self.closed:
                PyErr_ResourceWarning(self, 1, "unclosed file %R", <PyObject *>self)
        finally:
            self.drop()   # at once: the warning may have been kept, and this with it

    def __dealloc__(self):
        self.drop()

    cdef void drop(self) noexcept:
        """When nothing uses it any more."""
        cdef mhq_handle *opened = self.now()
        self.opened = NULL
        if opened != NULL:
            forget_atomic(opened)
            with nogil:
                mhq_handle_drop(opened)


def adopt(int descriptor, str mode, name):
    """A handle of a descriptor that was opened elsewhere, which is the handle's from then on.

    mode: the letters of open(), the kind first. name: its attribute.
    Raises: OSError; then the descriptor is the caller's as before.
    Threads: any.
    """
    cdef Handle handle = Handle.__new__(Handle)
    cdef int64_t how = OPEN_MODES[mode[0]]
    cdef intptr_t opened = descriptor
    cdef mhq_handle *own
    if "+" in mode:
        how |= MHQ_OPEN_READS | MHQ_OPEN_WRITES
    if WINDOWS:   # the number is the C runtime's, which may close what is behind it
        import msvcrt
        if not mhddq_duplicate(msvcrt.get_osfhandle(descriptor), &opened):
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    handle.name = name
    handle.encoded = os.fsencode(name) if isinstance(name, (str, bytes)) else b"%d" % name
    handle.mode = mode
    own = mhq_handle_adopt(opened, <uint32_t>how)
    if own == NULL:
        raise MemoryError
    handle.take(own)
    if WINDOWS:
        os.close(descriptor)
    return handle
