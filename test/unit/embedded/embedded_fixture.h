// SPDX-License-Identifier: MIT
// embedded_fixture: a dialogue with the embedded server, told as text: what the client sends, and
// what all the answers to it are.
#ifndef TEST_EMBEDDED_FIXTURE_H
#define TEST_EMBEDDED_FIXTURE_H

#include "base/buf.h"
#include "base/limits.h"
#include "embedded/embedded.h"

struct talk {
    struct embedded *embedded;
    struct buf answers;
};

void talk_init(struct talk *talk, bool offer_starttls);
// With a server of these traits, and what it says first in `answers`; borrowed.
void talk_init_traits(struct talk *talk, const struct embedded_traits *traits);
void talk_cleanup(struct talk *talk);

// Sends all of `bytes` in pieces of `piece` bytes.
void talk_send_pieces(struct talk *talk, struct slice bytes, size_t piece);
// Sends `bytes` and checks what is answered to them.
void talk_check(struct talk *talk, struct slice bytes, const char *answers, const char *file,
                int line);
// The same, all but the codes of the answers (the first three characters of each line, and the
// separator where it is a hyphen) left out: "250- 250".
void talk_check_codes(struct talk *talk, struct slice bytes, const char *codes, const char *file,
                      int line);

#define SAY(talk, bytes, answers) talk_check((talk), SLICE(bytes), (answers), __FILE__, __LINE__)
#define CODES(talk, bytes, codes)                                                                  \
    talk_check_codes((talk), SLICE(bytes), (codes), __FILE__, __LINE__)

#endif
