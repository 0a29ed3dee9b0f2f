/* sys/entries_macos.c - see sys/entries_macos.h.
 *
 * A record of getattrlistbulk: u32 length; five u32, the first of which has a bit for each field
 * that follows; then those fields: u32 error, the name as an i32 offset from here and a u32 length,
 * u32 type, u64 file id; somewhere in the record the name with its NUL. Fields are aligned to four.
 */
#include "sys/entries_macos.h"

#include <string.h>

enum { AT_RETURNED = 4, AT_FIELDS = 24 };
/* struct linux_dirent64: u64 inode, s64 offset, u16 length, u8 type, name. */
enum { TO_LENGTH = 16, TO_TYPE = 18, TO_NAME = 19 };

/* From the types of vnodes (none, file, directory, block and character device, link, socket, FIFO)
 * to DT_*. Where there was an error the type is unknown: a caller that needs it has to stat. */
static unsigned char type_of(uint32_t vnode_type)
{
    static const unsigned char types[] = {0, 8, 4, 6, 2, 10, 12, 1};
    return vnode_type < sizeof types ? types[vnode_type] : 0;
}

typedef struct source {
    const char *at;   /* the next field */
    size_t left;      /* bytes of the record from there on */
} source;

static const char *take(source *s, size_t n)
{
    const char *field = s->at;
    if (s->left < n)
        return NULL;
    s->at += n;
    s->left -= n;
    return field;
}

static uint32_t number(const char *field)
{
    uint32_t value;
    memcpy(&value, field, sizeof value);
    return value;
}

/* The name that the reference at `field` leads to; NULL if it is not inside the record. */
static const char *name_of(const char *record, size_t length, const char *field, size_t *bytes)
{
    int64_t at = (field - record) + (int64_t)(int32_t)number(field);
    *bytes = number(field + 4);
    if (at < 0 || at > (int64_t)length || *bytes == 0 || *bytes > length - (size_t)at)
        return NULL;
    const char *name = record + at, *end = memchr(name, 0, *bytes);
    *bytes = end ? (size_t)(end - name) + 1 : 0;
    return end && end != name ? name : NULL;
}

/* Converts one record to `to`, which is not behind it. Returns the bytes written, or 0 if the
 * record is malformed. */
static size_t convert(const char *record, size_t length, char *to)
{
    source s = {record + AT_FIELDS, length - AT_FIELDS};
    uint32_t fields = number(record + AT_RETURNED), type = 0;
    uint64_t id = 0;
    const char *reference = NULL, *field;
    size_t bytes;
    if (fields & MHQ_ENTRY_ERROR && !take(&s, 4))
        return 0;
    if (fields & MHQ_ENTRY_NAME)
        reference = take(&s, 8);
    if (!reference)
        return 0;
    if (fields & MHQ_ENTRY_TYPE) {
        if (!(field = take(&s, 4)))
            return 0;
        type = number(field);
    }
    if (fields & MHQ_ENTRY_ID) {
        if (!(field = take(&s, 8)))
            return 0;
        memcpy(&id, field, sizeof id);
    }
    const char *name = name_of(record, length, reference, &bytes);
    if (!name || TO_NAME + bytes > length || TO_NAME + bytes > UINT16_MAX)
        return 0;
    uint16_t made = (uint16_t)(TO_NAME + bytes);
    memmove(to + TO_NAME, name, bytes);
    memset(to, 0, TO_NAME);
    memcpy(to, &id, sizeof id);
    memcpy(to + TO_LENGTH, &made, sizeof made);
    to[TO_TYPE] = (char)type_of(type);
    return made;
}

size_t mhq_entries(char *buffer, size_t n, size_t count)
{
    size_t from = 0, to = 0;
    for (; count > 0; count--) {
        if (n - from < AT_FIELDS)
            return 0;
        size_t length = number(buffer + from);
        if (length < AT_FIELDS || length > n - from)
            return 0;
        size_t made = convert(buffer + from, length, buffer + to);
        if (!made)
            return 0;
        from += length;
        to += made;
    }
    return to;
}
