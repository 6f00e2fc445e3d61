// SPDX-License-Identifier: MIT
// records: what a file of each format begins with, how ours is told from a stranger's, and where
// its last whole record ends.
#ifndef SCOPE_OUTPUT_RECORDS_H
#define SCOPE_OUTPUT_RECORDS_H

#include "base/buf.h"
#include "output/output.h"

#define DOCUMENT_HEAD  "{\"schema\":\"smtpscope/1\",\"sessions\":["
#define DOCUMENT_OURS  "{\"schema\":\"smtpscope/"
#define DOCUMENT_EMPTY "]}\n"   // behind the head where there is no session
#define DOCUMENT_TAIL  "\n]}\n" // behind the last session

enum { RECORDS_HEAD_MAX = 256 }; // bytes that are enough to tell whose a file is

const char *output_format_name(enum output_format format); // "text", …
// Whether files of this format are replaced; else they are appended to.
bool records_replace(enum output_format format);
void records_put_head(struct buf *out, enum output_format format);
bool records_are_ours(enum output_format format, struct slice head);
// Bytes of whole records at the front of `bytes`, which begin at a record; `at_start`: of the file.
size_t records_whole(enum output_format format, struct slice bytes, bool at_start);

#endif
