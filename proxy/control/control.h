// SPDX-License-Identifier: MIT
// control: `smtpscope ctl`, both ends of it. A running proxy listens on a Unix socket; a client
// connects, sends one command's name and a line end, and reads a text answer up to the end of the
// stream. The first line of an answer is `ok` or `error: SENTENCE`; the client prints what follows.
//
//   C: status\n
//   S: ok\nsessions: 12\n…        and closes
//
// Where it lives: $XDG_RUNTIME_DIR/smtpscope/PID.sock, without that variable
// /tmp/smtpscope-UID/PID.sock; the folder is 0700 and ours, the socket 0600. Or where `--control`
// says. A socket on which no process answers is removed.
#ifndef SCOPE_CONTROL_CONTROL_H
#define SCOPE_CONTROL_CONTROL_H

#include "base/buf.h"
#include "base/err.h"
#include "base/limits.h"

#include <stdbool.h>

enum control_command {
    CONTROL_STATUS,
    CONTROL_PAUSE,
    CONTROL_RESUME,
    CONTROL_ROTATE,
    CONTROL_SESSIONS,
    CONTROL_FAULTS_ON,
    CONTROL_FAULTS_OFF,
    CONTROL_STOP,
    CONTROL_COMMAND_COUNT
};

const char *control_command_name(enum control_command command); // "status"
bool control_command_parse(enum control_command *out, struct slice name);

// ── the proxy's end ─────────────────────────────────────────────────────────────────────────────

// Carries out a command and appends the text of its answer, whole lines, to `answer`: for `status`
// and `sessions` what they ask for (`NAME: VALUE` lines; a line for each session), for the others
// nothing or a sentence. ERR_… makes it `error: ` and the failure's sentence.
struct control_handler {
    enum err (*command)(void *context, struct buf *answer, struct failure *failure,
                        enum control_command command);
    // `wait`: a command that is answered when it is over. Its words have a tab in front of each:
    // milliseconds, then expectations. All three may be NULL.
    enum err (*wait_new)(void *context, void **out_wait, struct failure *failure,
                         struct slice words);
    // Whether it is over by now; then `answer` has `yes` or `no` as its first line, and a report.
    bool (*wait_look)(void *wait, struct buf *answer);
    void (*wait_free)(void *wait);
    void *context;
};

struct control_server;
struct uv_loop_s;

// Listens on `path`, or where it lives by default (NULL). ERR_SYSTEM with a sentence where it
// cannot. The handler is called on `loop`.
MUST_USE enum err control_server_new(struct control_server **out, struct failure *failure,
                                     struct uv_loop_s *loop, const char *path,
                                     const struct control_handler *handler);
const char *control_server_path(const struct control_server *server);
// Looks at all that wait, and answers those whose wait is over.
void control_server_look(struct control_server *server);
// Removes the socket, ends what waits, and closes; `server` is freed when the loop has run the last
// close callback.
void control_server_close(struct control_server *server);

// ── the user's end ──────────────────────────────────────────────────────────────────────────────

enum control_result {
    CONTROL_ANSWERED, // `out` is the answer without its first line
    CONTROL_REFUSED,  // `out` is the proxy's sentence
    CONTROL_SEVERAL,  // none was named and several run: `out` has a line for each, the socket first
    CONTROL_NONE,     // none answers: `out` lists the places searched
};

// Sends one command to the proxy at `path`, or to the only one that runs (NULL), and waits for the
// answer. Appends lines to `out`.
enum control_result control_client_ask(struct buf *out, const char *path,
                                       enum control_command command);
// The same with `wait`, `wait_ms`, and the expectations, each with a tab in front.
enum control_result control_client_wait(struct buf *out, const char *path, uint64_t wait_ms,
                                        struct slice expectations);
// What `ctl` exits with: 0, 3 (refused), 2, 3.
int control_result_status(enum control_result result);

#endif
