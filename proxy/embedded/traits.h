// SPDX-License-Identifier: MIT
// traits: in what an embedded server differs from a plain one, as data: a server of its own
// character is one static row, and no code. Without traits it is the server of `sink`.
//
// Here is only what no rule of --fault (fault/fault_rule.h) can do: an answer in the server's
// place, one that is late, cut, lost, or without a keyword is a rule.
//
//   220 greeting ─ EHLO ─ offer ─ STARTTLS ─ 220, and what follows it at once
//                                └ AUTH ─ challenge ─ login_answer       each reply: its form
#ifndef SCOPE_EMBEDDED_TRAITS_H
#define SCOPE_EMBEDDED_TRAITS_H

#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

enum embedded_enhanced {
    ENHANCED_USUAL,
    ENHANCED_NEVER,    // no reply has an enhanced code, and ENHANCEDSTATUSCODES is not offered
    ENHANCED_ON_EVERY, // the 354 to DATA has one too (RFC 2034 4 has none there)
};

// All-zero: a plain server. "Whole lines" go out as they are, and have their CRLFs.
struct embedded_traits {
    // In place of the usual greeting: whole lines. Where its code is not 2yz the session is refused
    // (RFC 5321 3.1): 421 ends it, and after any other each command but QUIT is answered 503.
    const char *greeting;

    // What EHLO offers.
    bool refuses_ehlo;  // 502: a server of RFC 821, with HELO
    uint64_t size_max;  // of a message, offered as SIZE and held to; 0: the usual
    const char *auth;   // in place of "AUTH PLAIN LOGIN …": "AUTH LOGIN"; "": no AUTH at all
    bool auth_in_clear; // offered, and taken, without TLS too
    const char *capabilities; // more keyword lines, an LF between two
    uint64_t flood_lines;     // so many more of them, numbered …
    uint64_t flood_line_len;  // … each of so many bytes with its CRLF, and room for its number
    uint32_t ehlo_in_tls_ms;  // inside TLS the answer comes so much later

    // Whole lines in the segment of the 220 to STARTTLS, right after it.
    const char *after_starttls;

    // AUTH.
    const char *challenge;    // in place of the base64 of each 334
    const char *login_answer; // in place of the 235: whole lines; another code refuses the login
    bool wants_login;         // MAIL without one is answered 530

    // The form of each reply; of EHLO's only the first line, and greeting, 334 and whole lines from
    // above are as they are.
    unsigned reply_lines;     // so many lines, the middle ones empty: `250-`; 0: one
    bool reply_bare;          // the code alone, no text
    unsigned reply_len;       // each line with text is filled up to so many bytes with CRLF
    struct slice reply_noise; // comes after each text; any bytes but CR and LF
    enum embedded_enhanced enhanced;
};

#endif
