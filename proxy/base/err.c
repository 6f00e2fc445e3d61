// SPDX-License-Identifier: MIT
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>

const char *err_text(enum err err) {
    switch (err) {
    case OK:
        return "no error";
    case ERR_LIMIT:
        return "a limit was reached";
    case ERR_USAGE:
        return "wrong usage";
    case ERR_INPUT:
        return "the input is malformed";
    case ERR_SYSTEM:
        return "the operating system refused";
    case ERR_CRYPTO:
        return "a cryptographic operation failed";
    }
    return "unknown error";
}

enum err fail(struct failure *failure, enum err err, const char *format, ...) {
    if (failure != NULL) {
        va_list args;
        va_start(args, format);
        vsnprintf(failure->text, sizeof(failure->text), format, args);
        va_end(args);
    }
    return err;
}
