// SPDX-License-Identifier: MIT
// app: all that a capture needs beside its sockets, made from the options in one go: the CA,
// the roots, TLS, the key log, the outputs and the judge. `proxy` and `run` share it.
#ifndef SCOPE_CLI_APP_CONTEXT_H
#define SCOPE_CLI_APP_CONTEXT_H

#include "cli/ca_place.h"
#include "cli/options.h"
#include "fault/faults.h"
#include "fault/rewrite.h"
#include "observe/output.h"
#include "observe/tally.h"
#include "observe/waits.h"
#include "relay/config.h"
#include "sandbox/rights.h"
#include "verdict/expression_tally.h"
#include "verdict/judge.h"
#include "web/html_report.h"
#include "web/web.h"

#include <stdatomic.h>

struct app_context {
    const struct user *opens_as; // who opens the outputs; NULL: who the process is
    struct ca_place ca;
    struct trust_store *trust;
    struct facts_store *facts; // what the peers' certificates say
    struct leaf_store *leaves;
    struct tls_context *accept_context;
    struct tls_context *connect_context;
    struct output_set *outputs;
    struct sink_set *sinks;
    struct tally tally;
    bool summary;        // the tally is kept, for a summary at the end
    struct web *web;     // what the page shows, and `ctl wait` looks at
    struct waits *waits; // NULL where no person watches
    struct expression *only;
    struct judge *judge;            // NULL where nothing is to be judged
    struct html_report_target html; // its report is NULL where none is asked for
    int keylog_fd;                  // -1 for none
    atomic_bool keylog_failed;
    struct rewrite_rule rewrite;
    struct faults *faults; // NULL where no rule was given
    struct relay_config relay;
};

// ERR_USAGE is exit 2, any other error exit 3, with a sentence. `out` may be cleaned up whatever
// came out.
// `out->opens_as` is set before.
MUST_USE enum err app_context_open(struct app_context *out, struct failure *failure,
                                   const struct options *options);
// What has been done to make the clients trust the CA; before the proxy starts.
void app_context_set_trust_help(struct app_context *app, enum trust_help help);
// Starts the thread that writes them.
MUST_USE enum err app_context_start_outputs(struct app_context *app, struct failure *failure);
// Flushes and closes the outputs; after the last session.
void app_context_stop_outputs(struct app_context *app);
void app_context_cleanup(struct app_context *app);

// One sentence to standard error, as "smtpscope: …".
void complain(void *context, const char *sentence);

#endif
