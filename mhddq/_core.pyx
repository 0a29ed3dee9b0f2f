# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False
# cython: auto_pickle=False, embedsignature=False, cdivision=True
# cython: freethreading_compatible=True
"""The bridge: Python references go in, C operations come out, and back again.

Guarantees
  - User code (``__fspath__``, ``__bool__``, ``__buffer__``, finalisers) runs before a ticket is
    claimed or after the record has come back, never in between.
  - The C core sees no Python object, only memory that a request holds on to until its callback has
    returned.
  - Nothing is copied that can be lent: ASCII text and paths, bytes and buffers go in as they
    are; large results are built where they were read, if the allocator is proven to take it.

Assumptions
  - What threads share changes in sections that run no Python code, see ``_shared.pxd``: the queue's
    own fields in the queue's section, all oplists in one that is theirs. Where there is a GIL it
    makes them. An object that a section puts out of its place is dropped after it.
  - The callback thread is one thread: ``Queue.deliver`` lets only one in.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.exc cimport PyErr_CheckSignals
from cpython.object cimport PyCallable_Check, PyObject, PyObject_IsTrue
from cpython.ref cimport Py_DECREF, Py_INCREF, Py_XDECREF
from cpython.unicode cimport (PyUnicode_AsUTF8AndSize, PyUnicode_AsUTF8String,
                              PyUnicode_DecodeUTF8)
from libc.stdint cimport int64_t, uint32_t, uint64_t, uint8_t, uintptr_t
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memchr, memcpy, memset, strlen

from mhddq._mhq cimport *
from mhddq._shared cimport *

import errno
import os
import sys
import time

cdef extern from "Python.h":
    ctypedef struct PyTypeObject:
        pass
    PyTypeObject PyBytes_Type
    ctypedef struct PyVarObject:
        pass
    PyVarObject *PyObject_InitVar(PyVarObject *op, PyTypeObject *type, Py_ssize_t size)
    void *PyObject_Malloc(size_t n)
    void PyObject_Free(void *p)
    ctypedef enum PyMemAllocatorDomain:
        PYMEM_DOMAIN_OBJ
    ctypedef struct PyMemAllocatorEx:
        void *ctx
    void PyMem_GetAllocator(PyMemAllocatorDomain domain, PyMemAllocatorEx *allocator)
    bint PyUnicode_IS_ASCII(object text)
    bint PyObject_CheckBuffer(object o)
    object PyOS_FSPath(object path)
    object PyUnicode_EncodeFSDefault(object text)
    object PyUnicode_DecodeFSDefaultAndSize(const char *s, Py_ssize_t n)
    object PyMemoryView_FromObject(object o)
    Py_buffer *PyMemoryView_GET_BUFFER(object view)
    bint PyBuffer_IsContiguous(const Py_buffer *view, char order)
    unsigned long PyThread_get_thread_ident()
    ctypedef PyObject *(*PyCFunction)(PyObject *, PyObject *)
    ctypedef struct PyMethodDef:
        const char *ml_name
        PyCFunction ml_meth
        int ml_flags
        const char *ml_doc
    int METH_FASTCALL, METH_KEYWORDS
    object PyCFunction_NewEx(PyMethodDef *definition, object self, object module)
    object PyObject_CallOneArg(object function, object argument)
    int PyUnicode_Compare(object a, object b) except? -1


cdef bint WINDOWS = sys.platform == "win32"
cdef str LINE_END = os.linesep


# ---- requests ----------------------------------------------------------------------------------

cdef enum:
    MAX_PARAMETERS = 3   # of an operation, its callback left out
    MOST_ARGUMENTS = 5   # of a function: oplist and callback too

cdef enum:
    BINARY = 1           # op.flags: read and write bytes, not text
    PATH_BYTES = 2       # the first path was given as bytes: so errors name it as bytes
    PATH2_BYTES = 4
    LENT = 8             # held[1] is a view of the caller's buffer

# One operation as Python handed it in. `op` comes first: a run's op is its request.
# Owner: the single job that contains it, or the chapter of an oplist (then the references are
# borrowed from the chapter's list).
cdef struct request:
    mhq_op op
    PyObject *callback
    PyObject *given[MAX_PARAMETERS]  # the caller's own objects, in the table's order
    PyObject *held[2]                # what op's pointers lead into, where it is not in `given`;
                                     # of a refused operation held[0] is the text that says why

# A job of one operation.
cdef struct single:
    mhq_job job
    request asked

# Jobs that have come back are kept for the next ones, warm: they are taken by producers and given
# back by the callback thread, which costs malloc and free far more than it costs here, lock or no
# lock.
cdef enum:
    MOST_SPARE = 4096    # the default ring's; 0.7 MiB

cdef single *spare_singles = NULL    # linked by job.run.next
cdef int spare_count = 0
cdef shared_mutex spares             # holds both


cdef single *take_single() except NULL:
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


cdef void free_single(single *s) noexcept:
    """With all that it holds: finalisers may run."""
    global spare_singles, spare_count
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


# A job of a list.
cdef struct listed:
    mhq_job job
    PyObject *frozen

# What each kind of operation is called, and its parameters' names: filled by `function`.
cdef list ACTIONS = [None] * MHQ_KINDS
cdef list NAMES = [None] * MHQ_KINDS

# Views of callers' buffers that accepted operations hold, so that a forked child, in which those
# never end, can give them back.
cdef dict lent_views = {}


cdef object adopt_path(request *r, object given, const char **pointer, int slot, int is_bytes):
    """Points *pointer at the path in the file system's encoding. Returns None, or the text that
    refuses the operation. Raises TypeError for what is no path, and what __fspath__ raises."""
    cdef object path = given if type(given) is str else PyOS_FSPath(given)
    cdef Py_ssize_t size
    cdef const char *text
    if isinstance(path, bytes):
        r.op.flags |= is_bytes
        if WINDOWS:   # whose names are no bytes
            try:
                os.fsdecode(path)
            except UnicodeDecodeError as error:
                return str(error)
    elif not PyUnicode_IS_ASCII(path):
        try:
            path = PyUnicode_EncodeFSDefault(path)
        except UnicodeEncodeError as error:
            return str(error)
    if isinstance(path, bytes):
        text = PyBytes_AS_STRING(path)
        size = PyBytes_GET_SIZE(path)
    else:
        text = PyUnicode_AsUTF8AndSize(path, &size)   # ASCII: the text's own memory
    if memchr(text, 0, <size_t>size) != NULL:
        return "embedded null byte"
    pointer[0] = text
    if path is not given:
        Py_INCREF(path)
        r.held[slot] = <PyObject *>path
    return None


cdef object adopt_text(request *r, object data):
    cdef Py_ssize_t size
    if r.op.flags & BINARY:
        return "binary mode needs bytes-like data, not '%s'" % type(data).__name__
    cdef object encoded = data
    if LINE_END != "\n":
        data = str.replace(data, "\n", LINE_END)
    if data is not encoded or not PyUnicode_IS_ASCII(data):
        try:
            encoded = PyUnicode_AsUTF8String(data)
        except UnicodeEncodeError as error:
            return str(error)
        Py_INCREF(encoded)
        r.held[1] = <PyObject *>encoded
        r.op.data = PyBytes_AS_STRING(encoded)
        r.op.size = <size_t>PyBytes_GET_SIZE(encoded)
    else:
        r.op.data = PyUnicode_AsUTF8AndSize(data, &size)
        r.op.size = <size_t>size
    return None


cdef object lend_buffer(request *r, object data):
    """Exports the caller's buffer until give_back; returns None or the text that refuses."""
    cdef object view
    try:
        view = PyMemoryView_FromObject(data)
    except (BufferError, ValueError) as error:   # ValueError: a memoryview that was released
        return str(error)
    cdef Py_buffer *buffer = PyMemoryView_GET_BUFFER(view)
    if not PyBuffer_IsContiguous(buffer, b'C'):
        return "the data's memory is not C-contiguous"
    r.op.data = <const char *>buffer.buf
    if buffer.len == 0:
        r.op.data = b""   # an empty buffer need not have a place
    r.op.size = <size_t>buffer.len
    Py_INCREF(view)
    r.held[1] = <PyObject *>view
    r.op.flags |= LENT
    return None


cdef void note_lent(request *r) noexcept:
    """The operation is about to be the core's, or the request is held here. Cannot fail: without
    memory for the note a forked child merely keeps the view."""
    try:
        lent_views[<uintptr_t>r.held[1]] = <object>r.held[1]
    except MemoryError:
        pass


cdef void forget_lent(request *r) noexcept:
    lent_views.pop(<uintptr_t>r.held[1], None)


cdef void give_back(request *r) noexcept:
    if r.op.flags & LENT:
        forget_lent(r)
        (<object>r.held[1]).release()
        r.op.flags &= ~LENT


cdef object adopt_data(request *r, object data, bint lend):
    """`lend`: export a buffer now; a list's operations do so when the list is enqueued."""
    if isinstance(data, str):
        return adopt_text(r, data)
    if not PyObject_CheckBuffer(data):
        raise TypeError("data must be str or a bytes-like object, not '%s'" % type(data).__name__)
    if not r.op.flags & BINARY:
        return "text mode needs str data, not '%s'" % type(data).__name__
    if isinstance(data, bytes):
        r.op.data = PyBytes_AS_STRING(data)
        r.op.size = <size_t>PyBytes_GET_SIZE(data)
        return None
    return lend_buffer(r, data) if lend else None


cdef int fill(request *r, Spec spec, PyObject **got, bint lend) except -1:
    """`got`: the callback, then the operation's parameters. r is zeroed. On an exception what
    was filled so far is to be let go by the caller."""
    cdef object callback = <object>got[0]
    cdef object refusal = None, why
    cdef Py_ssize_t i
    if callback is not None and not PyCallable_Check(callback):
        raise TypeError("callback must be callable or None, not '%s'" % type(callback).__name__)
    Py_INCREF(callback)
    r.callback = <PyObject *>callback
    for i in range(spec.count):
        Py_INCREF(<object>got[1 + i])
        r.given[i] = got[1 + i]
    r.op.kind = spec.kind
    if spec.binary >= 0 and PyObject_IsTrue(<object>got[1 + spec.binary]):
        r.op.flags |= BINARY
    refusal = adopt_path(r, <object>got[1 + spec.path], &r.op.path, 0, PATH_BYTES)
    if spec.path2 >= 0:
        why = adopt_path(r, <object>got[1 + spec.path2], &r.op.path2, 1, PATH2_BYTES)
        refusal = refusal if refusal is not None else why
    if spec.data >= 0:
        why = adopt_data(r, <object>got[1 + spec.data], lend)
        refusal = refusal if refusal is not None else why
    if refusal is None:
        return 0
    if r.op.kind == MHQ_FILE_EXISTS or r.op.kind == MHQ_DIRECTORY_EXISTS:
        r.op.path = b""   # no such name can exist; the empty path says so in its turn
        return 0
    refuse(r, refusal)
    return 0


cdef int refuse(request *r, object why) except -1:
    give_back(r)
    Py_XDECREF(r.held[0])
    Py_XDECREF(r.held[1])
    r.held[1] = NULL
    Py_INCREF(why)
    r.held[0] = <PyObject *>why
    r.op.refused = 1
    r.op.path = b""
    return 0


cdef void let_go(request *r) noexcept:
    """Drops what the request holds. Finalisers may run, and do anything."""
    cdef int i
    give_back(r)
    for i in range(2):
        Py_XDECREF(r.held[i])
    for i in range(MAX_PARAMETERS):
        Py_XDECREF(r.given[i])
    Py_XDECREF(r.callback)


# ---- the public functions ----------------------------------------------------------------------

cdef class Spec:
    """One public function: what it is called, what it takes, and which operation it stands for.

    Functions are made from specs at run time, as built-in functions with true names, signatures
    and docstrings: a call costs no Python frame, no tuple and no dictionary.
    """
    cdef Queue queue
    cdef bytes name
    cdef bytes doc
    cdef PyMethodDef definition
    cdef tuple names           # of all parameters, in order
    cdef tuple defaults        # of the last ones
    cdef Py_ssize_t wanted, required   # how many parameters, and how many of them have no default
    cdef Py_ssize_t count      # the operation's own
    cdef uint8_t kind
    cdef Py_ssize_t path, path2, data, binary   # places among the operation's own, or -1


# A built-in function is given its __self__ and nothing else, and only one whose __self__ is a
# module has a plain qualified name and pickles by it. So each function has an entry point of its
# own, which knows its kind; the core's table makes them.
cdef extern from *:
    """
    typedef PyObject *(*mhddq_call)(int, PyObject *const *, Py_ssize_t, PyObject *);
    static mhddq_call mhddq_enqueue, mhddq_append;
    #define ENTRY(prefix, KIND, name)                                                       \
        static PyObject *prefix##_##name(PyObject *self, PyObject *const *args,             \
                                         Py_ssize_t nargs, PyObject *kwnames)               \
        {                                                                                   \
            (void)self;                                                                     \
            return mhddq_##prefix(MHQ_##KIND, args, nargs, kwnames);                        \
        }
    #define X(KIND, name) ENTRY(enqueue, KIND, name) ENTRY(append, KIND, name)
    MHQ_OPS(X)
    #undef X
    static const PyCFunction mhddq_entries[2][MHQ_KINDS] = {
        {
    #define X(KIND, name) [MHQ_##KIND] = (PyCFunction)(void (*)(void))enqueue_##name,
        MHQ_OPS(X)
    #undef X
        },
        {
    #define X(KIND, name) [MHQ_##KIND] = (PyCFunction)(void (*)(void))append_##name,
        MHQ_OPS(X)
    #undef X
        },
    };
    """
    void *mhddq_enqueue
    void *mhddq_append
    PyCFunction mhddq_entries[2][MHQ_KINDS]

mhddq_enqueue = <void *>call_enqueue
mhddq_append = <void *>call_append

cdef list SPECS = [[None] * MHQ_KINDS, [None] * MHQ_KINDS]   # to enqueue, to append


cdef int parse(Spec spec, PyObject **args, Py_ssize_t nargs, PyObject *kwnames,
               PyObject **got) except -1:
    """Puts the arguments of a vectorcall in the order of the spec's parameters."""
    cdef Py_ssize_t wanted = spec.wanted, i, j
    cdef tuple keywords
    cdef object name
    if nargs > wanted:
        raise TypeError("%s() takes %d positional arguments but %d were given"
                        % (spec.name.decode(), wanted, nargs))
    for i in range(nargs):
        got[i] = args[i]
    if nargs == wanted and kwnames == NULL:
        return 0
    for i in range(nargs, wanted):
        got[i] = NULL
    if kwnames != NULL:
        keywords = <tuple>kwnames
        for j in range(len(keywords)):
            name = keywords[j]
            for i in range(wanted):
                if spec.names[i] is name:
                    break
            else:
                for i in range(wanted):
                    if PyUnicode_Compare(spec.names[i], name) == 0:
                        break
                else:
                    raise TypeError("%s() got an unexpected keyword argument '%s'"
                                    % (spec.name.decode(), name))
            if got[i] != NULL:
                raise TypeError("%s() got multiple values for argument '%s'"
                                % (spec.name.decode(), name))
            got[i] = args[nargs + j]
    for i in range(wanted):
        if got[i] == NULL:
            if i < spec.required:
                raise TypeError("%s() missing required argument: '%s' (pos %d)"
                                % (spec.name.decode(), spec.names[i], i + 1))
            got[i] = <PyObject *>spec.defaults[i - spec.required]
    return 0


cdef object call_enqueue(int kind, PyObject **args, Py_ssize_t nargs, PyObject *kwnames):
    """file_read(callback, filename, ...): into the queue."""
    cdef Spec spec = <Spec>(<list>SPECS[0])[kind]
    cdef PyObject *got[MOST_ARGUMENTS]
    parse(spec, args, nargs, kwnames, got)
    cdef single *s = take_single()
    cdef bint accepted = False
    try:
        fill(&s.asked, spec, got, True)
        mhq_job_init(&s.job, &s.asked.op)
        accepted = spec.queue.submit(&s.job, 1, &s.asked if s.asked.op.flags & LENT else NULL)
    finally:
        if not accepted:   # else it may have been called back and freed by now
            free_single(s)
    return accepted


cdef object call_append(int kind, PyObject **args, Py_ssize_t nargs, PyObject *kwnames):
    """oplist_file_read(oplist, callback, filename, ...): into a list."""
    cdef Spec spec = <Spec>(<list>SPECS[1])[kind]
    cdef PyObject *got[MOST_ARGUMENTS]
    parse(spec, args, nargs, kwnames, got)
    the_oplist(<object>got[0]).append(spec, got + 1)
    return None


def function(Queue queue not None, str name, str doc, int kind, tuple parameters, tuple defaults,
             bint in_oplist):
    """Makes a public function. `parameters`: the operation's own, `defaults` of the last of them."""
    cdef Spec spec = Spec.__new__(Spec)
    cdef tuple first = ("oplist", "callback") if in_oplist else ("callback",)
    if not 0 <= kind < MHQ_KINDS or len(parameters) > MAX_PARAMETERS:
        raise ValueError("no such operation: %s" % name)
    spec.queue = queue
    spec.name = name.encode()
    spec.names = tuple([sys.intern(n) for n in first + parameters])
    spec.defaults = defaults
    spec.wanted = len(spec.names)
    spec.required = spec.wanted - len(defaults)
    spec.count = len(parameters)
    spec.kind = kind
    paths = [i for i, n in enumerate(parameters) if n not in ("data", "binary")]
    spec.path = paths[0]
    spec.path2 = paths[1] if len(paths) > 1 else -1
    spec.data = parameters.index("data") if "data" in parameters else -1
    spec.binary = parameters.index("binary") if "binary" in parameters else -1
    if not in_oplist:
        ACTIONS[kind] = sys.intern(name)
        NAMES[kind] = spec.names[len(first):]
    # "name(signature)\n--\n\ndoc" is how built-in functions tell their signature.
    signature = ", ".join([n if i < spec.required else "%s=%r" % (n, defaults[i - spec.required])
                           for i, n in enumerate(spec.names)])
    spec.doc = ("%s(%s)\n--\n\n%s" % (name, signature, doc)).encode()
    spec.definition.ml_name = PyBytes_AS_STRING(spec.name)
    spec.definition.ml_meth = mhddq_entries[in_oplist][kind]
    spec.definition.ml_flags = METH_FASTCALL | METH_KEYWORDS
    spec.definition.ml_doc = PyBytes_AS_STRING(spec.doc)
    Py_INCREF(spec)   # for ever: the function points into it, and may outlive its module's reload
    SPECS[in_oplist][kind] = spec
    return PyCFunction_NewEx(&spec.definition, sys.modules["mhddq"], "mhddq")


# ---- lists -------------------------------------------------------------------------------------

cdef enum:
    BLOCK = 64               # requests allocated at a time: a block never moves

cdef uint64_t MOST_OPERATIONS = 0x80000000   # no enumerator: for some compilers those are ints


# An entry of a list: an operation, or (asked NULL) a list embedded at this place.
cdef struct entry:
    request *asked
    Py_ssize_t sublist


# All oplists change, and are looked at, in one section: that of this object. One for all, because
# an embedding looks at many and a snapshot shows them as of one moment.
cdef object OPLISTS = object()


@cython.final
cdef class Chapter:
    """What an oplist has gathered since it was made or cleared. It only ever grows, so a snapshot
    is this object and a count. References are kept in plain lists, where the garbage collector
    sees them; the requests borrow from there. Requests never move and never change, so they
    may be read outside the section; everything else is in it."""
    cdef list references
    cdef list sublists
    cdef request **blocks
    cdef Py_ssize_t requests
    cdef entry *entries
    cdef Py_ssize_t count, room
    cdef PyObject *last_callback # the one kept last: most lists have but one
    cdef Py_ssize_t lent_later   # requests whose data is exported at each enqueuing

    def __cinit__(self):
        self.references = []
        self.sublists = []

    def __dealloc__(self):
        cdef Py_ssize_t i
        for i in range((self.requests + BLOCK - 1) // BLOCK):
            free(self.blocks[i])
        free(self.blocks)
        free(self.entries)

    cdef int make_room(self) except -1:
        cdef void *more
        cdef Py_ssize_t room, block
        if self.count == self.room:
            room = self.room * 2 if self.room else 8
            more = realloc(self.entries, <size_t>room * sizeof(entry))
            if more == NULL:
                raise MemoryError()
            self.entries = <entry *>more
            self.room = room
        return 0

    cdef request *next_request(self) except NULL:
        cdef Py_ssize_t block = self.requests // BLOCK
        cdef void *more
        if self.requests % BLOCK == 0:
            if block & (block - 1) == 0:    # a power of two, or none yet: twice the pointers
                more = realloc(self.blocks, <size_t>(block * 2 if block else 1) * sizeof(void *))
                if more == NULL:
                    raise MemoryError()
                self.blocks = <request **>more
            self.blocks[block] = <request *>malloc(BLOCK * sizeof(request))
            if self.blocks[block] == NULL:
                raise MemoryError()
        self.requests += 1
        cdef request *r = &self.blocks[block][(self.requests - 1) % BLOCK]
        memset(r, 0, sizeof(request))
        return r

    cdef int keep(self, PyObject *reference) except -1:
        if reference != NULL:
            self.references.append(<object>reference)
        return 0

    cdef int append_request(self, request *filled) except -1:
        """In the section. Takes references of its own; those of `filled` stay the caller's."""
        self.make_room()
        cdef request *r = self.next_request()
        cdef int i
        if filled.callback != self.last_callback:
            self.keep(filled.callback)
            self.last_callback = filled.callback
        for i in range(MAX_PARAMETERS):
            self.keep(filled.given[i])
        for i in range(2):
            self.keep(filled.held[i])
        r[0] = filled[0]
        if r.op.kind == MHQ_FILE_WRITE and r.op.data == NULL and not r.op.refused:
            self.lent_later += 1
        self.entries[self.count] = entry(r, 0)
        self.count += 1
        return 0

    cdef int append_sublist(self, Oplist sub) except -1:
        """In the section."""
        self.make_room()
        self.sublists.append(sub)
        self.entries[self.count] = entry(NULL, len(self.sublists) - 1)
        self.count += 1
        return 0

    cdef Py_ssize_t copy_entries(self, entry *to, Py_ssize_t count) noexcept:
        """The first ones. Returns how many of all have data to be lent."""
        cdef shared_section section
        cdef Py_ssize_t lenders
        shared_enter(&section, <PyObject *>OPLISTS)
        if count:   # else there may be nowhere to copy from
            memcpy(to, self.entries, <size_t>count * sizeof(entry))
        lenders = self.lent_later
        shared_leave(&section)
        return lenders


@cython.final
cdef class Frozen:
    """A snapshot of a list, as the core reads it. Shared between parents; never changes."""
    cdef mhq_list frozen
    cdef mhq_entry *entries
    cdef list keep              # the chapter and the frozen sublists that entries lead into
    cdef request *lent          # copies of the requests whose data was exported for this snapshot
    cdef Py_ssize_t lent_count

    def __cinit__(self):
        self.keep = []

    def __dealloc__(self):
        cdef Py_ssize_t i
        for i in range(self.lent_count):
            give_back(&self.lent[i])
            Py_XDECREF(self.lent[i].held[0])
            Py_XDECREF(self.lent[i].held[1])
        free(self.lent)
        free(self.entries)

    cdef const mhq_op *lend(self, request *r) except NULL:
        """A copy of the request whose data is exported; all else is borrowed from the chapter."""
        cdef request *copy = &self.lent[self.lent_count]
        copy[0] = r[0]
        copy.held[0] = copy.held[1] = NULL
        self.lent_count += 1
        cdef object why = lend_buffer(copy, <object>copy.given[0])   # file_write's data
        if why is not None:
            refuse(copy, why)
        return &copy.op

    cdef void note_lent(self) noexcept:
        cdef Py_ssize_t i
        for i in range(self.lent_count):
            if self.lent[i].op.flags & LENT:
                note_lent(&self.lent[i])


# What a survey notes of each oplist it meets.
cdef struct sight:
    PyObject *oplist
    PyObject *chapter
    Py_ssize_t entries, sublists, at


@cython.final
cdef class Survey:
    """An oplist and everything embedded in it, each once, embedded ones first, as of one moment:
    `take` is one section. It runs no Python code and allocates no Python object."""
    cdef sight *seen
    cdef Py_ssize_t *open       # the path from the root to where the search stands
    cdef Py_ssize_t *order      # `seen`, embedded ones first
    cdef Py_ssize_t count, room, finished

    def __dealloc__(self):
        cdef Py_ssize_t i
        for i in range(self.count):
            Py_XDECREF(self.seen[i].oplist)
            Py_XDECREF(self.seen[i].chapter)
        free(self.seen)
        free(self.open)
        free(self.order)

    cdef int look_at(self, Oplist oplist, uint64_t mark) except -1:
        cdef Py_ssize_t room = self.room * 2 if self.room else 16
        if self.count == self.room:
            self.seen = <sight *>grow(self.seen, room, sizeof(sight))
            self.open = <Py_ssize_t *>grow(self.open, room, sizeof(Py_ssize_t))
            self.order = <Py_ssize_t *>grow(self.order, room, sizeof(Py_ssize_t))
            self.room = room
        oplist.mark = mark
        Py_INCREF(oplist)
        Py_INCREF(oplist.chapter)
        self.seen[self.count] = sight(<PyObject *>oplist, <PyObject *>oplist.chapter,
                                      oplist.chapter.count, len(oplist.chapter.sublists), 0)
        self.count += 1
        return 0

    cdef int take(self, Oplist root) except -1:
        """In the section."""
        global mark_now
        mark_now += 1
        cdef uint64_t mark = mark_now
        cdef Py_ssize_t level = 0, i
        cdef Oplist sub
        self.look_at(root, mark)
        self.open[0] = 0
        while level >= 0:
            i = self.open[level]
            if self.seen[i].at == self.seen[i].sublists:
                self.order[self.finished] = i
                self.finished += 1
                level -= 1
                continue
            sub = <Oplist>(<Chapter>self.seen[i].chapter).sublists[self.seen[i].at]
            self.seen[i].at += 1
            if sub.mark != mark:
                self.look_at(sub, mark)
                level += 1
                self.open[level] = self.count - 1
        return 0


cdef uint64_t mark_now = 0   # the last survey's


cdef void *grow(void *memory, Py_ssize_t room, size_t size) except NULL:
    cdef void *more = realloc(memory, <size_t>room * size)
    if more == NULL:
        raise MemoryError()
    return more


cdef Frozen freeze_one(sight *seen, dict frozen_of):
    """Freezes one oplist; those embedded in it are in frozen_of, by id, None where empty."""
    cdef Chapter chapter = <Chapter>seen.chapter
    cdef Frozen frozen = Frozen.__new__(Frozen), sub
    cdef Py_ssize_t i, n = 0
    cdef entry e
    cdef uint64_t total = 0
    cdef uint32_t depth = 0
    frozen.keep.append(chapter)
    frozen.entries = <mhq_entry *>grow(NULL, seen.entries or 1, sizeof(mhq_entry))
    # In place: an entry is read before the frozen one, of the same size, is written over it or
    # before it.
    cdef entry *entries = <entry *>frozen.entries
    cdef Py_ssize_t lenders = chapter.copy_entries(entries, seen.entries)
    if lenders:
        frozen.lent = <request *>grow(NULL, lenders, sizeof(request))
    for i in range(seen.entries):
        e = entries[i]
        frozen.entries[n] = mhq_entry(NULL, NULL)
        if e.asked == NULL:
            sub = frozen_of[id(chapter.sublists[e.sublist])]
            if sub is None:
                continue
            frozen.keep.append(sub)
            frozen.entries[n].list = &sub.frozen
            total += sub.frozen.total
            depth = max(depth, sub.frozen.depth)
        else:
            if is_lent_later(e.asked):
                frozen.entries[n].op = frozen.lend(e.asked)
            else:
                frozen.entries[n].op = &e.asked.op
            total += 1
        n += 1
        if total > MOST_OPERATIONS:
            raise ValueError("an oplist may expand to at most 2**31 operations")
    if n == 0:
        return None
    if n == 1 and frozen.entries[0].op == NULL:
        return frozen.keep[1]     # nothing but one sublist: that one will do
    frozen.frozen = mhq_list(<size_t>n, total, depth + 1, frozen.entries)
    return frozen


cdef Frozen freeze(Oplist root, list lenders):
    """The snapshot of an oplist, or None where it has no operation. lenders: those in it that
    have exported data, to be noted when it has been accepted."""
    cdef Survey survey = Survey.__new__(Survey)
    cdef shared_section section
    shared_enter(&section, <PyObject *>OPLISTS)
    try:
        survey.take(root)
    finally:
        shared_leave(&section)
    cdef dict frozen_of = {}
    cdef Frozen last = None
    cdef sight *seen
    cdef Py_ssize_t i
    for i in range(survey.finished):
        seen = &survey.seen[survey.order[i]]
        last = freeze_one(seen, frozen_of)
        frozen_of[id(<object>seen.oplist)] = last
        if last is not None and last.lent_count:
            lenders.append(last)
    return last


cdef inline bint is_lent_later(request *r) noexcept:
    """A list's operation whose data is exported each time the list is enqueued."""
    return r.op.kind == MHQ_FILE_WRITE and r.op.data == NULL and not r.op.refused


@cython.final
cdef class Oplist:
    """A list of operations that runs as one: the two I/O threads do not trade inside it.

    Made by create_empty_oplist(). len() and iteration are over its direct entries: for an
    operation {'action': ..., 'params': ...}, for an embedded list the Oplist itself.
    """
    cdef Chapter chapter
    cdef uint64_t mark
    cdef bint embedded          # was ever embedded somewhere

    def __cinit__(self):
        self.chapter = Chapter.__new__(Chapter)

    cdef int append(self, Spec spec, PyObject **got) except -1:
        cdef request r
        cdef shared_section section
        memset(&r, 0, sizeof(request))
        try:
            fill(&r, spec, got, False)
            shared_enter(&section, <PyObject *>OPLISTS)
            try:
                self.chapter.append_request(&r)
            finally:
                shared_leave(&section)
        finally:
            let_go(&r)
        return 0

    cdef Chapter now(self, Py_ssize_t *count):
        """The chapter, and how far it has come."""
        cdef shared_section section
        shared_enter(&section, <PyObject *>OPLISTS)
        cdef Chapter chapter = self.chapter
        count[0] = chapter.count
        shared_leave(&section)
        return chapter

    def __len__(self):
        cdef Py_ssize_t count
        self.now(&count)
        return count

    def __bool__(self):
        return True

    def __iter__(self):
        cdef Py_ssize_t i, count
        cdef Chapter chapter = self.now(&count)
        cdef entry *entries = <entry *>grow(NULL, count or 1, sizeof(entry))
        cdef list shown = []
        try:
            chapter.copy_entries(entries, count)
            for i in range(count):
                if entries[i].asked == NULL:
                    shown.append(chapter.sublists[entries[i].sublist])
                else:
                    shown.append({"action": ACTIONS[entries[i].asked.op.kind],
                                  "params": parameters_of(entries[i].asked)})
        finally:
            free(entries)
        return iter(shown)

    def __repr__(self):
        return "<mhddq oplist of %d entr%s>" % (len(self), "y" if len(self) == 1 else "ies")


def create_empty_oplist():
    """Makes an oplist with nothing in it.

    Returns: an Oplist, to be filled by the functions whose names begin with oplist and by
        embed_oplist(), and queued by enqueue_oplist().
    Threads: any. Several may fill one list.
    """
    return Oplist.__new__(Oplist)


def clear_oplist(oplist):
    """Empties an oplist. What was enqueued from it before is not touched.

    oplist: from create_empty_oplist().
    Returns: None.
    Raises: TypeError for what is no oplist.
    Threads: any.
    """
    cdef Oplist cleared = the_oplist(oplist)
    cdef Chapter fresh = Chapter.__new__(Chapter), old
    cdef shared_section section
    shared_enter(&section, <PyObject *>OPLISTS)
    old = cleared.chapter   # held until the section is left
    cleared.chapter = fresh
    shared_leave(&section)


def embed_oplist(oplist, sub_oplist):
    """Puts one oplist into another, at its present end, as a single operation of it.

    oplist: the list that takes in.
    sub_oplist: the list taken in, by reference: what is added to it later counts too, if it is
        added before the outer list is enqueued. A list may be embedded many times and to any depth.
    Returns: None.
    Raises: TypeError for what is no oplist; ValueError if oplist is sub_oplist, or is embedded
        somewhere in it.
    Threads: any.
    """
    cdef Oplist outer = the_oplist(oplist), inner = the_oplist(sub_oplist)
    cdef Survey survey = Survey.__new__(Survey)
    cdef bint cycle = outer is inner
    cdef shared_section section
    # Check and embed are one step.
    shared_enter(&section, <PyObject *>OPLISTS)
    try:
        if not cycle and outer.embedded:
            survey.take(inner)
            cycle = outer.mark == mark_now
        if not cycle:
            outer.chapter.append_sublist(inner)
            inner.embedded = True
    finally:
        shared_leave(&section)
    if cycle:
        raise ValueError("an oplist cannot be embedded in itself, directly or through others")


cdef Oplist the_oplist(object candidate):
    if not isinstance(candidate, Oplist):
        raise TypeError("oplist must come from create_empty_oplist(), not be of type '%s'"
                        % type(candidate).__name__)
    return candidate


# ---- results -----------------------------------------------------------------------------------

cdef enum:
    LARGE = 262144      # bytes from which on a read counts as large
    ADOPT = 32768       # bytes from which on a result is built where it was read

# The head of a bytes object: as many bytes stand before its content.
cdef extern from *:
    """
    enum { MHDDQ_BYTES_HEAD = offsetof(PyBytesObject, ob_sval) };
    """
    enum: BYTES_HEAD "MHDDQ_BYTES_HEAD"


cdef bint proven_adoptable() except -1:
    """Is memory from malloc what this build's object allocator hands out, and takes back, for
    large objects? It is where the allocator has no context (no debug hooks, no tracing) and its
    large blocks carry the head of a mapped block of glibc's malloc: page-aligned behind 16 bytes,
    the size in pages with the 'mapped' bit. Other allocators differ, and results are copied. So
    they are without a GIL: there all objects must come from heaps that the collector walks."""
    cdef PyMemAllocatorEx allocator
    cdef size_t size = 48 << 20      # beyond the largest threshold for mapping
    cdef bint proven = False
    cdef uintptr_t p
    if not SHARED_GIL or hasattr(sys, "gettotalrefcount") or "CS_GNU_LIBC_VERSION" not in getattr(
            os, "confstr_names", ()):
        return False
    PyMem_GetAllocator(PYMEM_DOMAIN_OBJ, &allocator)
    if allocator.ctx != NULL:
        return False
    p = <uintptr_t>PyObject_Malloc(size)
    if p != 0 and p % 4096 == 16 and sizeof(size_t) == 8:
        proven = (<size_t *>(p - 8))[0] == ((size + 16 + 4095) & ~<size_t>4095) | 2
    PyObject_Free(<void *>p)
    if proven:
        learn_large_results()
    return proven


cdef void learn_large_results() noexcept:
    """glibc maps and unmaps large blocks, and returns the end of a heap to the system, from sizes
    on that it learns: it raises them when a large block is freed. Here it learns from a block
    that nobody has touched what it would learn from the first results of file_read. Before it
    has, every result of a megabyte costs up to a hundred page faults, twice what reading costs."""
    PyObject_Free(PyObject_Malloc(31 << 20))   # the most it learns from is 32 MiB


cdef object bytes_of(Queue queue, mhq_run *run):
    """The bytes read: the record's own buffer made into the object, or a copy of it."""
    cdef char *buffer = run.buffer
    cdef PyObject *adopted
    cdef object result
    if queue.adopts and run.length >= ADOPT and not run.in_block:
        buffer[BYTES_HEAD + run.length] = 0
        adopted = <PyObject *>PyObject_InitVar(<PyVarObject *>buffer, &PyBytes_Type,
                                               <Py_ssize_t>run.length)
        # The hash, not yet known; it stands before the bytes, and its name is deprecated.
        (<Py_hash_t *>(buffer + BYTES_HEAD - sizeof(Py_hash_t)))[0] = -1
        run.buffer = NULL
        result = <object>adopted
        Py_DECREF(result)          # InitVar's reference is now `result`'s
        if run.length >= LARGE:
            shared_bump(&queue.uncopied)
        return result
    if run.length >= LARGE:
        shared_bump(&queue.copied)
    return PyBytes_FromStringAndSize(buffer + BYTES_HEAD, <Py_ssize_t>run.length)


cdef object text_of(mhq_run *run):
    """Strict UTF-8, then universal newlines: in this order, so that errors name places in the
    file."""
    cdef char *raw = run.buffer + BYTES_HEAD
    cdef str text = PyUnicode_DecodeUTF8(raw, <Py_ssize_t>run.length, NULL)
    if memchr(raw, 13, run.length) != NULL:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text


cdef list contents_of(mhq_run *run):
    cdef list contents = []
    cdef const char *at = run.buffer
    cdef const char *end = at + run.length
    cdef Py_ssize_t n
    while at < end:
        n = <Py_ssize_t>strlen(at + 1)
        contents.append({"name": PyUnicode_DecodeFSDefaultAndSize(at + 1, n),
                         "type": "directory" if at[0] == c'd' else "file"})
        at += n + 2
    return contents


cdef dict output_of(Queue queue, request *r, mhq_run *run):
    if r.op.kind == MHQ_FILE_EXISTS or r.op.kind == MHQ_DIRECTORY_EXISTS:
        return {"exists": True if run.exists else False}
    if r.op.kind == MHQ_FILE_READ:
        return {"data": bytes_of(queue, run) if r.op.flags & BINARY else text_of(run)}
    if r.op.kind == MHQ_DIRECTORY_CONTENTS:
        return {"contents": contents_of(run)}
    return {}


cdef object path_of(const char *path, bint as_bytes):
    cdef Py_ssize_t n = <Py_ssize_t>strlen(path)
    return path[:n] if as_bytes else PyUnicode_DecodeFSDefaultAndSize(path, n)


cdef extern from *:
    """
    #ifdef MS_WINDOWS
    #define mhddq_raise_windows_error PyErr_SetExcFromWindowsErrWithFilenameObjects
    #else /* whose errors the core never gives elsewhere */
    #define mhddq_raise_windows_error(type, code, path, path2) PyErr_SetFromErrno(type)
    #endif
    """
    object mhddq_raise_windows_error(object type, int code, object path, object path2)


cdef object windows_error(int code, object path, object path2):
    """The OSError of a Windows error code, with the system's own text."""
    try:
        mhddq_raise_windows_error(OSError, code, path, path2)
    except OSError as error:
        return error


cdef object failure_of(request *r, mhq_run *run):
    """The text of the OSError that Python's own functions would raise."""
    if run.error == MHQ_EREFUSED:
        return <object>r.held[0]
    cdef bint bytes1 = r.op.flags & PATH_BYTES, bytes2 = r.op.flags & PATH2_BYTES
    cdef object path = None, path2 = None
    if run.where == MHQ_AT_PATH or run.where == MHQ_AT_BOTH:
        path = path_of(r.op.path, bytes1)
    if run.where == MHQ_AT_BOTH:
        path2 = path_of(r.op.path2, bytes2)
    elif run.where == MHQ_AT_PATH2:
        path = path_of(r.op.path2, bytes2)
    elif run.where == MHQ_AT_BUFFER or run.where == MHQ_AT_BUFFER2:
        path = path_of(run.buffer, bytes1 if run.where == MHQ_AT_BUFFER else bytes2)
    if run.error >= MHQ_WINERROR:
        return str(windows_error(run.error - MHQ_WINERROR, path, path2))
    if run.error == MHQ_ENOTREGULAR:
        error = OSError(errno.EINVAL, "Not a regular file", path)
    else:
        error = OSError(run.error, os.strerror(run.error), path)
    if path2 is not None:   # an argument before it, None too, would count as a Windows error
        error.filename2 = path2
    return str(error)


cdef dict parameters_of(request *r):
    cdef tuple names = NAMES[r.op.kind]
    cdef dict params = {"callback": <object>r.callback}
    cdef Py_ssize_t i
    for i in range(len(names)):
        params[names[i]] = <object>r.given[i]
    return params


def at_exit(drain, interrupted):
    """Calls drain(). Ctrl-C at any moment of it, the first and the last included, calls
    interrupted() and ends the process with status 130.

    This is not Python code because that can be interrupted outside its own ``try``: the exit
    machinery would only print the KeyboardInterrupt, and go on to the end with status 0.
    """
    try:
        drain()
    except KeyboardInterrupt:
        try:
            for _ in range(100):    # pressed again and again, as people do: it is said all the same
                try:
                    interrupted()
                    break
                except KeyboardInterrupt:
                    continue
        finally:
            os._exit(130)


# ---- the queue ---------------------------------------------------------------------------------

@cython.final
cdef class Queue:
    """One engine and its callback thread; started by its first operation, closed once.

    hooks: an object with the Python side's part, see ``_callbacks.Hooks``: ``settings()``,
    ``start_thread(queue)``, ``callback_failed(args, exception)``, ``unheard(args)``,
    ``left_behind(path)``.
    """
    cdef object hooks
    cdef readonly unsigned long generation   # moves in a forked child, which is alone then
    cdef bint adopts                    # set before `core`
    cdef bint delivering                # looked at in the section only
    cdef shared_word core               # mhq_engine *; stays for good once it is there
    cdef shared_word closed             # after it was set, `core` does not change
    cdef shared_word thread_started
    cdef shared_word starter            # the thread that is starting the callback thread
    cdef shared_word callback_thread
    cdef shared_count callbacks, callback_errors, late_failures, copied, uncopied

    def __init__(self, hooks):
        self.hooks = hooks
        if MHQ_KINDS != len(ACTIONS):
            raise RuntimeError("the table of operations does not fit the core")

    # -- starting --

    cdef int open(self) except -1:
        cdef mhq_config config
        cdef mhq_engine *opened
        cdef shared_section section
        cdef int error = 0
        memset(&config, 0, sizeof(config))
        cdef dict settings = self.hooks.settings()
        config.ring_size = settings["ring_size"]
        config.buffer_bytes = settings["buffer_bytes"]
        config.lookahead = settings["lookahead"]
        config.spin_us = settings["spin_us"]
        config.head = BYTES_HEAD
        config.tail = 1
        cdef bint adopts = proven_adoptable()
        # Python code may have run until here: a signal handler may have opened or closed.
        shared_enter(&section, <PyObject *>self)
        if shared_get(&self.core) == 0 and not shared_get(&self.closed):
            error = mhq_engine_open(&config, &opened)
            if error == 0:
                self.adopts = adopts
                shared_set(&self.core, <uintptr_t>opened)
        shared_leave(&section)
        if error == errno.ENOMEM:
            raise MemoryError("mhddq: no memory for the queue")
        if error:
            raise RuntimeError("mhddq: cannot start the I/O threads: " + os.strerror(error))
        return 0

    cdef int start(self) except -1:
        """Both halves, as far as they are missing. Re-entrant: a signal handler may get here on
        the same thread while it starts the callback thread; then the queue already takes
        operations, beyond its size if need be (see submit)."""
        cdef unsigned long generation
        cdef shared_section section
        cdef bint mine, begun = False
        if shared_get(&self.core) == 0:
            self.open()
        generation = self.generation
        shared_enter(&section, <PyObject *>self)
        mine = (shared_get(&self.core) != 0 and not shared_get(&self.thread_started)
                and not shared_get(&self.starter))
        if mine:
            shared_set(&self.starter, PyThread_get_thread_ident())
        shared_leave(&section)
        if not mine:
            return 0
        try:
            self.hooks.start_thread(self)
            begun = True
        finally:
            if self.generation == generation:
                shared_enter(&section, <PyObject *>self)
                if begun:
                    shared_set(&self.thread_started, True)
                shared_set(&self.starter, 0)
                shared_leave(&section)
        return 0

    # -- enqueuing --

    cdef bint submit(self, mhq_job *job, uint64_t operations, request *lender) except -1:
        """True: the job is the core's. Waits for room; False once closed. Whatever is raised
        (a signal handler's exception, a failed start) is raised before the job is accepted.

        lender: the job's request where it has lent a view, else NULL. It is noted before it is
        offered, for afterwards it may be gone; not while it waits for room: a signal handler may
        fork then, and the child goes on with the same operation."""
        cdef int accepted
        cdef unsigned long me
        cdef mhq_engine *core
        while True:
            if not shared_get(&self.thread_started):
                if shared_get(&self.closed):
                    return False
                self.start()
                if shared_get(&self.core) == 0:
                    continue
            core = <mhq_engine *>shared_get(&self.core)
            if lender != NULL:
                note_lent(lender)
            accepted = mhq_submit(core, job, operations, False)
            if accepted == MHQ_RING_FULL:
                me = PyThread_get_thread_ident()
                if me == shared_get(&self.callback_thread) or me == shared_get(&self.starter):
                    accepted = mhq_submit(core, job, operations, True)
            if accepted == MHQ_ACCEPTED:
                return True
            if lender != NULL:
                forget_lent(lender)
            if accepted == MHQ_RING_CLOSED:
                return False
            with nogil:
                mhq_wait_room(core, 50000000)
            PyErr_CheckSignals()

    def enqueue(self, oplist):
        cdef list lenders = []
        cdef Frozen frozen = freeze(the_oplist(oplist), lenders), lender
        cdef listed *l = <listed *>calloc(1, sizeof(listed))
        if l == NULL or mhq_job_init_list(&l.job, NULL if frozen is None else &frozen.frozen):
            free(l)
            raise MemoryError()
        Py_INCREF(frozen)
        l.frozen = <PyObject *>frozen
        cdef bint accepted = False
        try:
            accepted = self.submit(&l.job, 0 if frozen is None else frozen.frozen.total, NULL)
            if accepted:
                for lender in lenders:   # which holds them: they cannot have been freed yet
                    lender.note_lent()
        finally:
            if not accepted:
                free_listed(l)
        return accepted

    # -- the callback thread --

    def deliver(self, deadline=None):
        """The callback thread's loop: until the queue is closed and drained. Returns at once where
        another thread is at it, and in a forked child, whose queue is another.

        deadline: a time.monotonic(), inf for none, for a thread that stands in for the callback
        thread while it closes the queue: it also looks for signals."""
        cdef mhq_engine *core = <mhq_engine *>shared_get(&self.core)
        cdef unsigned long generation = self.generation
        cdef shared_section section
        cdef bint mine, ended = False
        shared_enter(&section, <PyObject *>self)
        mine = not self.delivering and core != NULL
        if mine:
            self.delivering = True
            shared_set(&self.thread_started, True)
            shared_set(&self.callback_thread, PyThread_get_thread_ident())
        shared_leave(&section)
        if not mine:
            return
        try:
            while not ended and self.generation == generation:
                if deadline is None or self.has_come(core, deadline):
                    ended = self.deliver_batch(core, generation)
                elif time.monotonic() >= deadline:
                    break
        finally:
            if self.generation == generation:
                shared_enter(&section, <PyObject *>self)
                shared_set(&self.callback_thread, 0)
                if not ended:
                    self.delivering = False
                    shared_set(&self.thread_started, False)
                shared_leave(&section)

    cdef bint has_come(self, mhq_engine *core, object deadline) except -1:
        cdef int64_t ns = <int64_t>(max(0.0, min(0.05, deadline - time.monotonic())) * 1e9)
        cdef bint come
        with nogil:
            come = mhq_wait_done(core, ns)
        PyErr_CheckSignals()
        return come

    cdef bint deliver_batch(self, mhq_engine *core, unsigned long generation) except -1:
        """Everything that is ready. True: it was the last."""
        cdef mhq_run *run
        cdef mhq_run *following
        with nogil:
            run = mhq_collect(core)
        if run == NULL:
            mhq_stop(core)
            return True
        while run != NULL:
            following = run.next
            if run.op != NULL:
                self.deliver_one(run)
            if self.generation != generation:
                return False
            finish(core, run)
            if self.generation != generation:
                return False
            run = following
        self.tell_left_behind(core)
        return False

    cdef void deliver_one(self, mhq_run *run) noexcept:
        """Builds the arguments and calls back. Whatever the callback raises ends here; what goes
        wrong beyond that (no memory for the arguments) goes to sys.unraisablehook."""
        cdef request *r = <request *>run.op
        cdef object callback = <object>r.callback
        cdef bint result = run.error == 0
        cdef dict output
        if callback is None and result and r.op.kind != MHQ_FILE_READ:
            return
        try:
            output = output_of(self, r, run) if result else {"exception": failure_of(r, run)}
        except BaseException as error:      # text that is no UTF-8, or no memory for the result
            result = False
            output = {"exception": str(error) or type(error).__name__}
            shared_bump(&self.late_failures)
        if callback is None and result:
            return
        args = {"action": ACTIONS[r.op.kind], "result": result, "params": parameters_of(r),
                "output": output}
        if callback is None:
            self.hooks.unheard(args)
            return
        shared_bump(&self.callbacks)
        try:
            PyObject_CallOneArg(callback, args)
        except BaseException as error:
            shared_bump(&self.callback_errors)
            # Not `args`: the callback may have done anything to them.
            self.hooks.callback_failed({"action": ACTIONS[r.op.kind], "params": parameters_of(r)},
                                       error)

    cdef void tell_left_behind(self, mhq_engine *core) noexcept:
        cdef char *path = mhq_take_left_behind(core)
        while path != NULL:
            self.hooks.left_behind(path_of(path, False))
            mhq_release(path)
            path = mhq_take_left_behind(core)

    # -- ending --

    def close(self):
        """No operation is accepted any more. Any thread, any moment."""
        cdef shared_section section
        cdef mhq_engine *core
        shared_enter(&section, <PyObject *>self)
        shared_set(&self.closed, True)
        core = <mhq_engine *>shared_get(&self.core)
        shared_leave(&section)
        if core != NULL:
            mhq_close(core)

    def on_callback_thread(self):
        cdef unsigned long delivers = shared_get(&self.callback_thread)
        return delivers == PyThread_get_thread_ident() and delivers != 0

    def ensure_callback_thread(self):
        """Where operations were accepted while the callback thread could not be started: tries
        again. False: this very thread is starting it, further down its stack, and a signal
        handler or a finaliser has got in between."""
        if shared_get(&self.core) != 0 and not shared_get(&self.thread_started):
            self.start()
            return (shared_get(&self.thread_started) != 0
                    or shared_get(&self.starter) != PyThread_get_thread_ident())
        return True

    def stopped(self, double seconds=0.0):
        """Is everything that was accepted done, and everyone at rest? Waits for it, releasing the
        GIL, until `seconds` have passed or a signal came."""
        cdef bint closed = shared_get(&self.closed) != 0   # before `core`, see there
        cdef mhq_engine *core = <mhq_engine *>shared_get(&self.core)
        cdef int64_t ns = <int64_t>(seconds * 1e9)
        cdef bint yes
        if core == NULL:
            return closed
        with nogil:
            yes = mhq_wait_stopped(core, ns)
        PyErr_CheckSignals()
        return yes

    def pending(self):
        """Jobs accepted and not yet called back."""
        return self.count()["in_flight"]

    def after_fork(self):
        """In the child: the parent's queue is left alone, memory and all, for its threads are not
        here; a fresh one takes its place. What the parent lent stays the child's copy to free."""
        shared_forget(<PyObject *>self)
        shared_forget(<PyObject *>OPLISTS)
        shared_forget(<PyObject *>lent_views)
        shared_forget_lock(&spares)
        self.generation += 1
        self.delivering = False
        shared_set(&self.core, 0)
        shared_set(&self.closed, False)
        shared_set(&self.thread_started, False)
        shared_set(&self.starter, 0)
        shared_set(&self.callback_thread, 0)
        shared_zero(&self.callbacks)
        shared_zero(&self.callback_errors)
        shared_zero(&self.late_failures)
        shared_zero(&self.copied)
        shared_zero(&self.uncopied)
        for view in list(lent_views.values()):
            view.release()
        lent_views.clear()

    def count(self):
        cdef mhq_counters c
        memset(&c, 0, sizeof(c))
        cdef mhq_engine *core = <mhq_engine *>shared_get(&self.core)
        if core != NULL:
            mhq_count(core, &c)
        return {
            "accepted": c.accepted,
            "completed": c.completed,
            "failed": c.failed + shared_read(&self.late_failures),
            "callbacks": shared_read(&self.callbacks),
            "callback_errors": shared_read(&self.callback_errors),
            "thread_operations": [c.thread_operations[0], c.thread_operations[1]],
            "trades": c.trades,
            "parks": c.parks,
            "wakes": c.wakes,
            "ring_size": c.ring_size,
            "ring_high_water": c.ring_high_water,
            "in_flight": c.in_flight,
            "bytes_read": c.bytes_read,
            "bytes_written": c.bytes_written,
            "undelivered_bytes": c.undelivered_bytes,
            "large_reads_copied": shared_read(&self.copied),
            "large_reads_uncopied": shared_read(&self.uncopied),
            "disk_overlaps": c.overlaps,
            "hints": c.hints,
            "retries": c.retries,
        }


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
    free(l)
