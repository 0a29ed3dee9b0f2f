# Extern declarations only; mirrors csrc/mhq.h and csrc/op.h. Everything there is free of Python.

from libc.stdint cimport int32_t, int64_t, intptr_t, uint8_t, uint32_t, uint64_t


cdef extern from "mhq.h" nogil:
    ctypedef struct mhq_numbers:
        int64_t offset, length, mode, batch, accessed, accessed_ns, modified, modified_ns

    ctypedef struct mhq_handle
    ctypedef struct mhq_traversal

    ctypedef struct mhq_status:
        uint64_t mode, inode, device, links
        int64_t user, group, size
        int64_t seconds[4]
        int64_t nanoseconds[4]
        int64_t block_size, blocks
        uint64_t special, flags, generation, attributes, reparse_tag

    ctypedef struct mhq_usage:
        uint64_t total, used, free

    ctypedef struct mhq_op:
        uint8_t kind
        uint8_t refused
        uint8_t flags
        uint32_t options
        uint8_t looks
        const char *path
        const char *path2
        const char *data
        size_t size
        char *room
        const mhq_numbers *numbers
        mhq_handle *handle
        mhq_traversal *traversal

    ctypedef struct mhq_job

    ctypedef struct mhq_run:
        mhq_run *next
        const mhq_op *op
        mhq_job *job
        int32_t error
        uint8_t where
        uint8_t exists
        uint8_t holds
        uint8_t progress
        char *buffer
        size_t length
        size_t charged

    ctypedef struct mhq_list
    ctypedef struct mhq_fate
    ctypedef struct mhq_port
    ctypedef struct mhq_control

    ctypedef struct mhq_entry:
        const mhq_op *op
        const mhq_list *list     # of a sublist; else
        mhq_fate *fate           # of the operation

    ctypedef struct mhq_list:
        size_t count
        uint64_t total
        uint64_t lent
        uint32_t depth
        uint8_t stops
        const mhq_entry *entries

    ctypedef struct mhq_job:
        uint64_t ticket
        mhq_port *port
        mhq_fate *fate
        uint8_t marks
        mhq_run run

    enum: MHQ_KINDS
    enum: MHQ_FLAG_COUNT
    enum: MHQ_BINARY
    enum: MHQ_ATOMIC
    enum: MHQ_STAT
    enum: MHQ_NUMBER_COUNT
    const int64_t MHQ_ABSENT
    const char *const mhq_op_names[]
    const char *const mhq_flag_names[]
    const char *const mhq_number_names[]

    enum: MHQ_OPEN_READS
    enum: MHQ_OPEN_WRITES
    enum: MHQ_OPEN_CREATES
    enum: MHQ_OPEN_EMPTIES
    enum: MHQ_OPEN_IS_FIRST
    enum: MHQ_OPEN_APPENDS

    enum: MHQ_HOLDS_BYTES
    enum: MHQ_HOLDS_BLOCK
    enum: MHQ_HOLDS_HANDLE

    enum: MHQ_ENOTREGULAR
    enum: MHQ_EREFUSED
    enum: MHQ_WINERROR

    enum: MHQ_AT_NONE
    enum: MHQ_AT_PATH
    enum: MHQ_AT_PATH2
    enum: MHQ_AT_BOTH
    enum: MHQ_AT_BUFFER
    enum: MHQ_AT_BUFFER2

    ctypedef struct mhq_engine

    ctypedef struct mhq_config:
        uint64_t ring_size
        uint64_t buffer_bytes
        uint64_t write_bytes
        uint32_t lookahead
        uint64_t lookahead_bytes
        const char *name
        int background
        int32_t spin_us
        size_t head
        size_t tail

    ctypedef struct mhq_counters:
        uint64_t accepted, completed, failed, cancelled, skipped
        uint64_t thread_operations[2]
        uint64_t trades, parks, wakes
        uint64_t ring_high_water, ring_size
        uint64_t bytes_read, bytes_written, undelivered_bytes, unwritten_bytes
        uint64_t overlaps, retries, in_flight
        uint64_t lookahead_files, lookahead_bytes, lookahead_passed_over, lookahead_windows

    enum: MHQ_ACCEPTED
    enum: MHQ_RING_FULL
    enum: MHQ_RING_CLOSED

    int mhq_engine_open(const mhq_config *config, mhq_engine **engine)
    void mhq_engine_hold(mhq_engine *engine)
    void mhq_engine_drop(mhq_engine *engine)
    void mhq_close(mhq_engine *engine)
    void mhq_close_when_quiet(mhq_engine *engine)
    const mhq_op *mhq_running(mhq_engine *engine)
    int mhq_is_closed(mhq_engine *engine)
    void mhq_pause(mhq_engine *engine)
    void mhq_resume(mhq_engine *engine)
    int mhq_is_paused(mhq_engine *engine)
    int mhq_rotates(const char *path, uint64_t device)
    void mhq_totals(mhq_engine *engine, uint64_t *accepted, uint64_t *under_way)

    void mhq_job_init(mhq_job *job, const mhq_op *op)
    int mhq_job_init_list(mhq_job *job, const mhq_list *list)
    void mhq_job_set_port(mhq_job *job, mhq_port *port)
    void mhq_job_set_fate(mhq_job *job, mhq_fate *fate)
    int mhq_job_set_control(mhq_engine *engine, mhq_job *job, mhq_control *control)
    void mhq_job_fini(mhq_job *job)
    int mhq_submit(mhq_engine *engine, mhq_job *job, uint64_t operations, int overdraw)
    void mhq_wait_capacity(mhq_engine *engine, mhq_job *job, int64_t timeout_ns)
    void mhq_withdraw(mhq_engine *engine, mhq_job *job)

    int mhq_wait_done(mhq_engine *engine, int64_t timeout_ns)
    mhq_run *mhq_collect(mhq_engine *engine)
    int mhq_delivered(mhq_engine *engine, mhq_run *run)
    void mhq_stop(mhq_engine *engine)
    int mhq_wait_stopped(mhq_engine *engine, int64_t timeout_ns)
    char *mhq_take_leftover(mhq_engine *engine)
    void mhq_release(void *buffer)
    intptr_t mhq_handle_descriptor(mhq_handle *handle)
    mhq_handle *mhq_handle_adopt(intptr_t descriptor, uint32_t mode)
    void mhq_handle_discard(mhq_handle *handle)
    void mhq_handle_drop(mhq_handle *handle)
    void mhq_handle_forget_uses(mhq_handle *handle)

    mhq_traversal *mhq_traversal_new(const char *path)
    void mhq_traversal_free(mhq_traversal *traversal)
    const char *mhq_traversal_path(const mhq_traversal *traversal)
    uint64_t mhq_traversal_runs(const mhq_traversal *traversal)
    int mhq_traversal_ended(const mhq_traversal *traversal)

    int mhq_port_open(mhq_engine *engine, mhq_port **port)
    void mhq_port_hold(mhq_port *port)
    void mhq_port_drop(mhq_port *port)
    mhq_run *mhq_port_collect(mhq_port *port)
    int mhq_port_wait(mhq_port *port, int64_t timeout_ns)
    int mhq_port_linger(mhq_port *port, int64_t ns)
    void mhq_port_rest(mhq_port *port, int in_hand)
    int mhq_port_descriptor(mhq_port *port, int in_hand, intptr_t *descriptor)
    uint64_t mhq_port_close(mhq_port *port, mhq_run *in_hand)
    void mhq_port_nudge(mhq_port *port)
    int mhq_port_is_closed(const mhq_port *port)
    uint64_t mhq_port_pending(const mhq_port *port)

    enum mhq_state:
        MHQ_QUEUED
        MHQ_RUNNING
        MHQ_STOPPING
        MHQ_ENDED
        MHQ_CANCELLED
        MHQ_SKIPPED
    mhq_fate *mhq_fate_new()
    void mhq_fate_hold(mhq_fate *fate)
    void mhq_fate_drop(mhq_fate *fate)
    mhq_state mhq_fate_state(const mhq_fate *fate)
    int mhq_cancel(mhq_engine *engine, mhq_fate *fate)
    int mhq_skip(mhq_fate *fate)

    enum: MHQ_WATCHED

    ctypedef struct mhq_figures:
        uint64_t accepted, finished, done, total, files
        int total_known, cancelled, paused
    mhq_control *mhq_control_new(int64_t interval_ns)
    void mhq_control_hold(mhq_control *control)
    void mhq_control_drop(mhq_control *control)
    void mhq_control_cancel(mhq_control *control)
    void mhq_control_pause(mhq_control *control)
    void mhq_control_resume(mhq_control *control)
    void mhq_control_figures(mhq_control *control, mhq_figures *figures)
    enum: MHQ_ENTRY
    size_t mhq_control_entry(mhq_control *control, char *to)
    mhq_control *mhq_progress_of(mhq_run *run)

    void mhq_count(mhq_engine *engine, mhq_counters *counters)
