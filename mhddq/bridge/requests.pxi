# Requests: one operation each, as Python handed it in, made into what the core reads.
#
# What they point into is the caller's own text, bytes or buffer: a request holds on to it until it
# is let go. A buffer is lent from `lend_buffer` to `give_back`.

cdef bint WINDOWS = sys.platform == "win32"
cdef str LINE_END = os.linesep

cdef enum:
    MAX_PARAMETERS = 3   # of an operation, its callback left out

cdef enum:
    BINARY = 1           # op.flags: read and write bytes, not text
    PATH_BYTES = 2       # the first path was given as bytes: so errors name it as bytes
    PATH2_BYTES = 4
    LENT = 8             # held[1] is a view of the caller's buffer

# What a kind of operation takes. The places are those among its own parameters, or -1.
cdef struct shape:
    Py_ssize_t count
    uint8_t kind
    Py_ssize_t path, path2, data, binary

# One operation as Python handed it in. `op` comes first: a run's op is its request.
# Owner: the single job that contains it, or the chapter of an oplist (then the references are
# borrowed from the chapter's list).
cdef struct request:
    mhq_op op
    PyObject *callback
    PyObject *given[MAX_PARAMETERS]  # the caller's own objects, in the table's order
    PyObject *held[2]                # what op's pointers lead into, where it is not in `given`;
                                     # of a refused operation held[0] is the text that says why

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


cdef int fill(request *r, const shape *asked, PyObject **got, bint lend) except -1:
    """`got`: the callback, then the operation's parameters. r is zeroed. On an exception what
    was filled so far is to be let go by the caller."""
    cdef object callback = <object>got[0]
    cdef object refusal = None, why
    cdef Py_ssize_t i
    if callback is not None and not PyCallable_Check(callback):
        raise TypeError("callback must be callable or None, not '%s'" % type(callback).__name__)
    Py_INCREF(callback)
    r.callback = <PyObject *>callback
    for i in range(asked.count):
        Py_INCREF(<object>got[1 + i])
        r.given[i] = got[1 + i]
    r.op.kind = asked.kind
    if asked.binary >= 0 and PyObject_IsTrue(<object>got[1 + asked.binary]):
        r.op.flags |= BINARY
    refusal = adopt_path(r, <object>got[1 + asked.path], &r.op.path, 0, PATH_BYTES)
    if asked.path2 >= 0:
        why = adopt_path(r, <object>got[1 + asked.path2], &r.op.path2, 1, PATH2_BYTES)
        refusal = refusal if refusal is not None else why
    if asked.data >= 0:
        why = adopt_data(r, <object>got[1 + asked.data], lend)
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


cdef dict parameters_of(request *r):
    cdef tuple names = NAMES[r.op.kind]
    cdef dict params = {"callback": <object>r.callback}
    cdef Py_ssize_t i
    for i in range(len(names)):
        params[names[i]] = <object>r.given[i]
    return params
