# The table of operations, as the bridge reads it: what each takes and gives. The rows come from
# mhddq/_ops.py; operations, flags and numbers are bound to the core's by their names.
#
# Rows are made while mhddq is imported, live for ever, and do not change once operations run.

cdef enum:
    MAX_POSITIONAL = 3   # parameters of an operation, its callback left out

# What an operation gives when it succeeds: what stands in `output`.
cdef enum:
    GIVES_NOTHING
    GIVES_EXISTS         # {'exists': bool}
    GIVES_DATA           # {'data': str or bytes}
    GIVES_CONTENTS       # {'contents': [...]}
    GIVES_FILE           # {'file': Handle}
    GIVES_ENTRIES        # {'entries': [...], 'resume': Resume or None}
    GIVES_LENGTH         # {'length': int}
    GIVES_STAT           # {'stat': os.stat_result}
    GIVES_TARGET         # {'target': str or bytes}, as the path was given
    GIVES_USAGE          # {'total': int, 'used': int, 'free': int}

# What a parameter takes.
cdef enum:
    TAKES_PATH           # the first: op.path, the second: op.path2
    TAKES_FILE           # a path or a Handle: op.path, op.handle
    TAKES_HANDLE         # a Handle alone
    TAKES_DATA           # text or a buffer to be lent: op.data, op.size
    TAKES_FLAG           # a bit of op.options
    TAKES_NUMBER         # a field of op.numbers
    TAKES_MODE           # open()'s letters: op.numbers.mode
    TAKES_ON_ERROR       # 'stop' or 'continue': the flag `continues`
    TAKES_RESUME         # a Resume or None: op.traversal
    TAKES_TIMES          # seconds, or nanoseconds as `ns`: op.numbers.accessed and what follows
    TAKES_BUFFER         # a writable buffer to be lent: op.room, op.size

# The key in `output` of each.
cdef tuple OUTPUT_KEYS = (None, "exists", "data", "contents", "file", "entries", "length", "stat",
                          "target")

RESULT_KINDS = {"nothing": GIVES_NOTHING, "exists": GIVES_EXISTS, "data": GIVES_DATA,
                "contents": GIVES_CONTENTS, "file": GIVES_FILE, "entries": GIVES_ENTRIES,
                "length": GIVES_LENGTH, "stat": GIVES_STAT, "target": GIVES_TARGET,
                "usage": GIVES_USAGE}
# Those that may take long, in slices.
cdef tuple LASTING = ("file_move", "file_copy", "file_read", "file_write", "file_append",
                      "file_replace", "file_read_into", "directory_delete", "directory_move",
                      "directory_copy", "directory_walk")
# What operations give that only query.
cdef tuple LOOKS = ("exists", "data", "contents", "entries", "stat", "target", "usage")
PARAMETER_KINDS = {"path": TAKES_PATH, "file": TAKES_FILE, "handle": TAKES_HANDLE,
                   "data": TAKES_DATA, "flag": TAKES_FLAG, "number": TAKES_NUMBER,
                   "mode": TAKES_MODE, "times": TAKES_TIMES, "buffer": TAKES_BUFFER,
                   "on_error": TAKES_ON_ERROR, "resume": TAKES_RESUME}

# The core's own names; each leads to its place there.
OPERATIONS = {mhq_op_names[_i].decode(): _i for _i in range(MHQ_KINDS)}
FLAGS = {mhq_flag_names[_i].decode(): _i for _i in range(MHQ_FLAG_COUNT)}
NUMBERS = {mhq_number_names[_i].decode(): _i for _i in range(MHQ_NUMBER_COUNT)}

# What every call needs to know of its operation. Places are those among its positional parameters,
# -1 where there is no such parameter.
cdef struct shape:
    Py_ssize_t count               # positional parameters
    Py_ssize_t path, path2, data
    Py_ssize_t flag                # the first positional flag, and its bit
    uint32_t flag_bit
    uint32_t options               # the flags that are set unless the call changes them
    const mhq_numbers *numbers     # the numbers' defaults; NULL: it takes none
    bint is_special                # it has such options or numbers
    bint has_more                  # what goes into numbers is among its positional parameters
    bint looks                     # it changes nothing
    bint lasts                     # it may take long, and reports how far it is
    uint8_t takes                  # what its first path is
    uint8_t kind, gives
    PyObject *action               # the operation's name
    PyObject *names                # a tuple of the positional parameters' names
    PyObject **keys                # of params: 'callback' and those names


cdef extern from *:
    """
    #define mhddq_items(tuple) (((PyTupleObject *)(tuple))->ob_item)
    """
    PyObject **mhddq_items(PyObject *tuple)


cdef class Parameter:
    """One parameter of an operation. `default`: a tuple that holds it, or is empty."""
    cdef readonly str name
    cdef readonly bint keyword_only
    cdef readonly tuple default
    cdef uint8_t takes
    cdef int place                 # of flags and numbers: their place among the core's
    cdef bint is_numeric           # its value goes into op.numbers
    cdef bint is_absent_by_default

    def __init__(self, str name not None, str kind not None, bint keyword_only,
                 tuple default not None):
        self.name = sys.intern(name)
        self.keyword_only = keyword_only
        self.default = default
        self.takes = PARAMETER_KINDS[kind]
        self.is_numeric = self.takes in (TAKES_NUMBER, TAKES_MODE, TAKES_TIMES)
        self.is_absent_by_default = default == (None,)
        if self.takes == TAKES_FLAG:
            self.place = FLAGS[name]
        elif self.takes != TAKES_TIMES and self.is_numeric:
            self.place = NUMBERS["mode" if self.takes == TAKES_MODE else name]
        elif self.takes == TAKES_ON_ERROR:
            self.place = FLAGS["continues"]


cdef class Row:
    """One operation."""
    cdef str name
    cdef shape asked
    cdef tuple positional          # its Parameters, by position
    cdef tuple names               # of those
    cdef tuple keys                # 'callback' and those
    cdef dict keywords             # its Parameters that are keyword-only, by name
    cdef mhq_numbers numbers       # the defaults; MHQ_ABSENT for None, and for what it does not take

    def __init__(self, str name not None, str gives not None, tuple parameters not None):
        cdef Parameter p
        self.name = sys.intern(name)
        self.positional = tuple([p for p in parameters if not p.keyword_only])
        self.names = tuple([p.name for p in self.positional])
        self.keywords = {p.name: p for p in parameters if p.keyword_only}
        self.asked.kind = OPERATIONS[name]
        self.asked.gives = RESULT_KINDS[gives]
        self.asked.looks = gives in LOOKS
        self.asked.lasts = name in LASTING
        self.asked.action = <PyObject *>self.name
        self.asked.names = <PyObject *>self.names
        self.keys = (sys.intern("callback"), *self.names)
        self.asked.keys = mhddq_items(<PyObject *>self.keys)
        self.asked.count = len(self.positional)
        self.asked.path = self.asked.path2 = self.asked.data = self.asked.flag = -1
        if self.asked.count > MAX_POSITIONAL:
            raise ValueError("%s: more than %d positional parameters" % (name, MAX_POSITIONAL))
        self.place_positional()
        self.set_defaults(parameters)

    cdef int place_positional(self) except -1:
        cdef Parameter p
        cdef Py_ssize_t i
        for i, p in enumerate(self.positional):
            if self.asked.path < 0 and p.takes in (TAKES_PATH, TAKES_FILE, TAKES_HANDLE):
                self.asked.path = i
                self.asked.takes = p.takes
            elif p.takes == TAKES_PATH and self.asked.path2 < 0:
                self.asked.path2 = i
            elif self.asked.data < 0 and p.takes in (TAKES_DATA, TAKES_BUFFER):
                self.asked.data = i
            elif p.takes == TAKES_FLAG and self.asked.flag < 0:
                self.asked.flag = i
                self.asked.flag_bit = 1 << p.place
            elif p.is_numeric:
                self.asked.has_more = True
            else:
                raise ValueError("%s: no place for '%s'" % (self.name, p.name))
        if self.asked.path < 0:
            raise ValueError("%s: no path" % self.name)
        return 0

    cdef int set_defaults(self, tuple parameters) except -1:
        cdef Parameter p
        cdef int64_t *fields = <int64_t *>&self.numbers
        cdef Py_ssize_t i
        for i in range(MHQ_NUMBER_COUNT):
            fields[i] = MHQ_ABSENT
        for p in parameters:
            if p.is_numeric:
                self.asked.numbers = &self.numbers
                if p.takes == TAKES_NUMBER and p.default and p.default[0] is not None:
                    fields[p.place] = p.default[0]
            elif p.takes == TAKES_FLAG and p.keyword_only and p.default[0]:
                self.asked.options |= 1 << p.place
        self.asked.is_special = self.asked.options != 0 or self.asked.numbers != NULL
        return 0


cdef list ROWS = [None] * MHQ_KINDS
# The same, by the kind of the operation.
cdef shape *SHAPES = <shape *>calloc(MHQ_KINDS, sizeof(shape))
if SHAPES == NULL:
    raise MemoryError()


def add_row(Row row not None):
    ROWS[row.asked.kind] = row
    SHAPES[row.asked.kind] = row.asked
    Py_INCREF(row)   # for ever: shapes point into it
