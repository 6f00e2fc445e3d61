// SPDX-License-Identifier: MIT
// document_file: the file of `json`, one document that grows by a session at a time and is valid
// JSON at every moment between two writes (contract, "Outputs").
//
//   {"schema":"smtpscope/1","sessions":[          head
//   {…},                                          each session by one write, which begins at the
//   {…}                     ◀── tail              tail and writes the tail again after itself
//   ]}                                            (swap.h: in one step for its readers)
//
// On a pipe or a terminal nothing can be taken back: there the document grows in a file without a
// name, and is copied when it is whole.
#ifndef SCOPE_SPOOL_DOCUMENT_FILE_H
#define SCOPE_SPOOL_DOCUMENT_FILE_H

#include "spool/file.h"

#define DOCUMENT_HEAD  "{\"schema\":\"smtpscope/1\",\"sessions\":["
#define DOCUMENT_EMPTY "]}\n"   // after the head where there is no session
#define DOCUMENT_TAIL  "\n]}\n" // after the last session

// Whether a file begins as ours do, also where a tool has reformatted it.
bool document_is_ours(struct slice head);

// Makes the file with an empty document in it, where its path names nothing. 0, or an errno.
MUST_USE int document_make(struct file *file);
// Begins an empty document, in the place of what was there, or goes on with the one that this
// process began. file_open calls it.
MUST_USE enum err document_begin(struct file *file, bool same_file, struct failure *failure);
// Adds one session. PROGRESS_FAILED: the document is as it was before.
MUST_USE enum progress document_add(struct file *file, struct slice session,
                                    struct failure *failure);
// At the end: moves the next part of the document from the spool to `out`. False when there is none
// left, or no spool.
bool document_spool_next(struct file *file);

#endif
