/* core/op.c - the names by which the tables of op.h are bound to those of the caller. */
#include "op.h"

const char *const mhq_op_names[] = {
#define X(KIND, name) [MHQ_##KIND] = #name,
    MHQ_OPS(X)
#undef X
};

const char *const mhq_flag_names[] = {
#define X(FLAG, name) [MHQ_PLACE_OF_##FLAG] = #name,
    MHQ_FLAGS(X)
#undef X
};

const char *const mhq_number_names[] = {
#define X(name) #name,
    MHQ_NUMBERS(X)
#undef X
};
