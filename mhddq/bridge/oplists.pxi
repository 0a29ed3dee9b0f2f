# Oplists: their entries, and the objects that the caller sees.

cdef enum:
    MOST_IN_A_BLOCK = 64     # requests allocated at a time, after 1, 2, 4, ...: a block never moves

# An entry of a list: an operation, or (asked NULL) a list embedded at this place.
cdef struct entry:
    request *asked
    Py_ssize_t sublist


# All oplists are changed and read in one section: that of this object. There is one for all,
# because an embedding reads many lists, and a snapshot shows them as they are at one moment.
cdef object OPLISTS = object()


cdef inline bint is_lent_later(request *r) noexcept:
    """A list's operation whose data is exported each time the list is enqueued."""
    return r.op.flags & LENT_LATER and not r.op.refused


cdef void *grow(void *memory, Py_ssize_t capacity, size_t size) except NULL:
    cdef void *more = realloc(memory, <size_t>capacity * size)
    if more == NULL:
        raise MemoryError()
    return more


@cython.final
cdef class Segment:
    """The entries of an oplist since it was made or cleared. It only ever grows, so a snapshot is
    this object and a count. References are kept in plain lists, where the garbage collector
    sees them; the requests borrow from there. Requests never move and never change, so they may be
    read outside the section; all other fields are read and changed inside it."""
    cdef list references
    cdef list sublists
    cdef request **blocks
    cdef Py_ssize_t block_count
    cdef request *next           # in the last block, where `unused` are left
    cdef Py_ssize_t unused
    cdef entry *entries
    cdef Py_ssize_t count, capacity
    cdef PyObject *last_callback # the one kept last: most lists have only one
    cdef Py_ssize_t lent_later   # requests whose data is exported at each enqueuing

    def __cinit__(self):
        self.references = []
        self.sublists = []

    def __dealloc__(self):
        cdef Py_ssize_t i
        for i in range(self.block_count):
            free(self.blocks[i])
        free(self.blocks)
        free(self.entries)

    cdef int reserve(self) except -1:
        cdef Py_ssize_t capacity
        if self.count == self.capacity:
            capacity = self.capacity * 2 if self.capacity else 1
            self.entries = <entry *>grow(self.entries, capacity, sizeof(entry))
            self.capacity = capacity
        return 0

    cdef request *next_request(self) except NULL:
        cdef Py_ssize_t block = self.block_count, count
        if self.unused == 0:
            if block & (block - 1) == 0:    # a power of two, or none yet: twice the pointers
                self.blocks = <request **>grow(self.blocks, block * 2 or 1, sizeof(void *))
            count = min(<Py_ssize_t>1 << min(block, 6), MOST_IN_A_BLOCK)
            self.blocks[block] = <request *>grow(NULL, count, sizeof(request))
            self.next = self.blocks[block]
            self.unused = count
            self.block_count += 1
        self.unused -= 1
        self.next += 1
        return self.next - 1

    cdef int keep(self, PyObject *reference) except -1:
        if reference != NULL:
            self.references.append(<object>reference)
        return 0

    cdef int append_request(self, request *filled) except -1:
        """In the section. Takes its own references; the caller keeps those of `filled`."""
        self.reserve()
        cdef request *r = self.next_request()
        cdef int i
        if filled.callback != self.last_callback:
            self.keep(filled.callback)
            self.last_callback = filled.callback
        for i in range(MAX_POSITIONAL):
            self.keep(filled.given[i])
        for i in range(2):
            self.keep(filled.held[i])
        self.keep(filled.more)
        r[0] = filled[0]
        if is_lent_later(r):
            self.lent_later += 1
        self.entries[self.count] = entry(r, 0)
        self.count += 1
        return 0

    cdef int append_sublist(self, Oplist sub) except -1:
        """In the section."""
        self.reserve()
        self.sublists.append(sub)
        self.entries[self.count] = entry(NULL, len(self.sublists) - 1)
        self.count += 1
        return 0

    cdef Py_ssize_t copy_entries(self, entry *to, Py_ssize_t count) noexcept:
        """Copies the first entries. Returns how many of all entries have data to be lent."""
        cdef shared_section section
        cdef Py_ssize_t lenders
        shared_enter(&section, <PyObject *>OPLISTS)
        if count:   # else there may be nowhere to copy from
            memcpy(to, self.entries, <size_t>count * sizeof(entry))
        lenders = self.lent_later
        shared_leave(&section)
        return lenders


@cython.final
cdef class Oplist:
    """Oplist(*, on_error='continue')\n--\n
    A list of operations that runs as one: the two I/O threads do not trade inside it.

    on_error: 'continue', or 'stop': what stands behind the first failed operation is cancelled; an
        embedded list with a failure is a failed operation of its parent.
    Raises: ValueError for another on_error.
    Threads: any; several may fill one list. All operations are methods, callback first. len() and
        iteration are over its direct entries: for an operation {'action': ..., 'params': ...}, for an
        embedded list the Oplist itself.
    """
    cdef Segment segment
    cdef uint64_t mark
    cdef bint embedded          # was ever embedded somewhere
    cdef bint stops             # on_error is 'stop'

    def __cinit__(self):
        self.segment = Segment.__new__(Segment)

    def __init__(self, *, on_error="continue"):
        if on_error != "continue" and on_error != "stop":
            raise ValueError("on_error must be 'continue' or 'stop', not %r" % (on_error,))
        self.stops = on_error == "stop"

    def embed(self, sub_oplist):
        """As embed_oplist()."""
        embed_oplist(self, sub_oplist)

    def clear(self):
        """As clear_oplist()."""
        clear_oplist(self)

    def __reduce__(self):
        raise TypeError("an oplist cannot be pickled or copied")

    cdef int append(self, request *filled) except -1:
        cdef shared_section section
        shared_enter(&section, <PyObject *>OPLISTS)
        try:
            self.segment.append_request(filled)
        finally:
            shared_leave(&section)
        return 0

    cdef Segment now(self, Py_ssize_t *count):
        """The segment, and its present number of entries."""
        cdef shared_section section
        shared_enter(&section, <PyObject *>OPLISTS)
        cdef Segment segment = self.segment
        count[0] = segment.count
        shared_leave(&section)
        return segment

    def __len__(self):
        cdef Py_ssize_t count
        self.now(&count)
        return count

    def __bool__(self):
        return True

    def __iter__(self):
        cdef Py_ssize_t i, count
        cdef Segment segment = self.now(&count)
        cdef entry *entries = <entry *>grow(NULL, count or 1, sizeof(entry))
        cdef list shown = []
        cdef const shape *asked
        try:
            segment.copy_entries(entries, count)
            for i in range(count):
                if entries[i].asked == NULL:
                    shown.append(segment.sublists[entries[i].sublist])
                else:
                    asked = &SHAPES[entries[i].asked.op.kind]
                    shown.append({"action": <object>asked.action,
                                  "params": parameters_of(asked, entries[i].asked)})
        finally:
            free(entries)
        return iter(shown)

    def __repr__(self):
        return "<mhddq oplist of %d entr%s>" % (len(self), "y" if len(self) == 1 else "ies")


def create_empty_oplist(*, on_error="continue"):
    """Makes an oplist with nothing in it.

    on_error: 'continue', or 'stop': see Oplist.
    Returns: an Oplist, to be filled by the functions whose names begin with oplist and by
        embed_oplist(), and queued by enqueue_oplist().
    Threads: any. Several may fill one list.
    """
    return Oplist(on_error=on_error)


def clear_oplist(oplist):
    """Empties an oplist. What was enqueued from it before is not touched.

    oplist: from create_empty_oplist().
    Returns: None.
    Raises: TypeError for what is no oplist.
    Threads: any.
    """
    cdef Oplist cleared = the_oplist(oplist)
    cdef Segment fresh = Segment.__new__(Segment), old
    cdef shared_section section
    shared_enter(&section, <PyObject *>OPLISTS)
    old = cleared.segment   # held until the section is left
    cleared.segment = fresh
    shared_leave(&section)


cdef Oplist the_oplist(object candidate):
    if not isinstance(candidate, Oplist):
        raise TypeError("oplist must be an Oplist, as create_empty_oplist() makes it, not '%s'"
                        % type(candidate).__name__)
    return candidate
