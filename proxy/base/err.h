// SPDX-License-Identifier: MIT
// err: how a function of ours fails. What a peer does wrong is never one of these: that is data.
//
// A function that can fail returns `enum err`; where a person will read the reason it also fills a
// `struct failure` with one sentence, at the place that knows the cause. The sentence is printed
// once, at the top.
#ifndef SCOPE_BASE_ERR_H
#define SCOPE_BASE_ERR_H

#include "base/limits.h"

#define MUST_USE __attribute__((warn_unused_result))

enum err {
    OK = 0,
    ERR_LIMIT,  // more than a cap of `limits.h` allows
    ERR_USAGE,  // the command line is wrong
    ERR_INPUT,  // a file or document is not what it should be
    ERR_SYSTEM, // the operating system said no
    ERR_CRYPTO, // BoringSSL said no
};

// What `err` means in general, for when no `struct failure` says it better.
const char *err_text(enum err err);

// One sentence for a person: what happened, where, what to do. No line end, no secret.
struct failure {
    char text[FAILURE_MAX];
};

// Writes the sentence and returns `err`, so that the failing branch is one line. `failure` may be
// NULL where it is not wanted.
enum err fail(struct failure *failure, enum err err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
