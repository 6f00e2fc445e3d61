// SPDX-License-Identifier: MIT
// script_facts: what a script's TLS and CLOSE lines say beyond the side, for the rules:
//
//   TLS server verify=ok expires=10 rsa=1024 sha1
//   TLS server verify=certificate-has-expired
//   TLS client version=TLSv1.0 weak no-sni shown-bad
//   TLS client failed distrusts alert=48
//   CLOSE client client-truncated server-truncated
//   CLOSE server protocol         (the session's outcome: one side does not speak SMTP)
//   CLOSE server outcome=timeout error=a sentence up to the end of the line
//   CLOSE server reset            (it did not end its stream in good order)
//   CLOSE client gone             (it closed both ways; `S:` lines behind it reach nobody)
#ifndef SCOPE_TEST_DIALOGUES_SCRIPT_FACTS_H
#define SCOPE_TEST_DIALOGUES_SCRIPT_FACTS_H

#include "event/event.h"

struct facts_certificate {
    struct event_certificate certificate;
    char version[16];
    char verify_error[64];
};

// `words` may be NULL. What `tls` points to afterwards lives in `storage`.
void facts_of_tls(struct event_tls *tls, struct facts_certificate *storage, const char *words,
                  int64_t started_unix_ns);
void facts_of_close(struct event_close *close, const char *words);

#endif
