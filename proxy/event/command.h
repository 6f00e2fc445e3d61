// SPDX-License-Identifier: MIT
// command: what one client line says (RFC 5321 4.1), taken apart but not judged. Slices point into
// the line. A part that the line does not have is the null slice.
//
//   MAIL FROM:<@relay:"a b"@example.com> SIZE=2345 BODY=8BITMIME
//   ──── ────────────────────────────────────────────────────────
//   verb argument        ┌──── path ────┐ └──── parameters ─────┘
//             <          @relay:  "a b" @ example.com  >
//                        route    local   domain
#ifndef SCOPE_EVENT_COMMAND_H
#define SCOPE_EVENT_COMMAND_H

#include "base/limits.h"
#include "base/slice.h"
#include "event/verb.h"

struct event_parameter {
    struct slice keyword; // as it was sent
    struct slice value;   // null for a flag
};

// The reverse-path of MAIL or the forward-path of RCPT, as lenient as a reader must be.
struct event_path {
    bool present;         // there was something where the path should be
    bool keyword;         // `FROM:` or `TO:` came before it
    bool space_before;    // white space between the colon and the path
    bool brackets;        // enclosed in < and >
    struct slice raw;     // with its brackets
    struct slice address; // without brackets and source route: "a@example.com", empty for <>
    struct slice route;   // the source route `@a,@b`, without its colon; null if none
    struct slice local;   // local part as sent, quotes kept
    struct slice domain;  // null where there is no @
};

struct command {
    enum verb verb;
    struct slice name;     // the verb as sent
    struct slice argument; // all after the verb and its space, trailing space dropped; null if none
    struct event_path path;  // MAIL, RCPT (SEND, SOML, SAML)
    struct slice parameters; // after the path, as they were sent, the first of them; null if none
    struct slice mechanism;  // AUTH: as sent
    struct slice initial;    // AUTH: the initial response; null if none
    uint64_t chunk_len;      // BDAT: bytes that follow
    bool chunk_last;         // BDAT … LAST, BURL … LAST
    bool chunk_valid;        // BDAT had a size that could be read
};

// Takes the next one off the front of a command's parameters. False where there is none. They are
// not kept in a table: an event would be five times as large for what few commands have.
bool command_next_parameter(struct event_parameter *out, struct slice *rest);
// A parameter by its keyword (ASCII case folded). False where it is not there.
bool command_parameter(struct event_parameter *out, const struct command *command,
                       const char *keyword);
bool command_has_parameter(const struct command *command, const char *keyword);

#endif
