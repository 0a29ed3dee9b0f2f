/* sys/entries_macos.h - a directory's entries, from the form of getattrlistbulk(2) to getdents'.
 *
 * No Apple header is needed: both forms are spelled out, so that this is tested anywhere.
 */
#ifndef MHQ_SYS_ENTRIES_MACOS_H
#define MHQ_SYS_ENTRIES_MACOS_H

#include <stddef.h>
#include <stdint.h>

/* The attributes that are requested, as ATTR_CMN_*: the returned set, an error, name, type, file
 * id. */
enum { MHQ_ENTRY_NAME = 0x00000001, MHQ_ENTRY_TYPE = 0x00000008, MHQ_ENTRY_ID = 0x02000000,
       MHQ_ENTRY_ERROR = 0x20000000 };
#define MHQ_ENTRY_RETURNED 0x80000000u

/* Rewrites the first `count` records in the buffer of n bytes, in place: what getdents would return
 * is never longer. Returns the length of the result in bytes, or 0 if a record is malformed. */
size_t mhq_entries(char *buffer, size_t n, size_t count);

#endif
