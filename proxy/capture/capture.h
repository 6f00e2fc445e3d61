// SPDX-License-Identifier: MIT
// capture: `smtpscope run`. Starts one command under a seccomp filter and steers the TCP
// connections that its whole process tree makes to the watched ports through the proxy. Linux on
// x86-64 and aarch64. Knows no mail, no TLS and no event loop.
//
//   command ── connect(192.0.2.7:25) ──▶ kernel ── notification ──▶ supervisor thread
//      ▲                                                               │ 1 dials 192.0.2.7:25
//      │                                                               │ 2 keeps a record
//      └────────── result of connect ◀── 3 connects the command's own ─┘   {server, pid, …}
//                                          socket to 127.x.y.z:PORT
//   listener of the proxy (PORT) accepts; capture_claim(accepted socket) hands the record over
//
// The key to a record is the destination itself: x.y.z is a random number that getsockname() on the
// accepted socket gives back, so there is no race and nothing to reuse. A dial that fails never
// reaches the listener: the command sees the error, and `failed` is called.
//
// Order of use: capture_inherited_take (first thing in main), capture_listener_open, capture_start,
// capture_claim for each accepted connection, `ended`, capture_free.
#ifndef SCOPE_CAPTURE_CAPTURE_H
#define SCOPE_CAPTURE_CAPTURE_H

#include "base/err.h"
#include "base/process.h"
#include "capture/elsewhere.h"
#include "capture/port_list.h"

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/socket.h>

struct capture;

// What this process was given at its start and the command has to get unchanged, whatever the
// proxy does to itself later.
struct capture_inherited {
    sigset_t signal_mask;
    bool sigpipe_ignored;
    bool sigchld_ignored;
    struct rlimit descriptors;
};

// Call it first in main, before SIGPIPE is ignored and before any thread is made: it notes the
// above, and blocks the signals that `run` passes on (SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1,
// SIGUSR2, SIGCHLD), so that all later threads have them blocked and capture alone takes them.
void capture_inherited_take(struct capture_inherited *out);

// A command that is run by itself: in a session and process group of its own, which is ended when
// its time is over: by SIGTERM, and LIMIT_TERM_MS later by SIGKILL.
struct capture_alone {
    int input_fd;  // its standard input
    int output_fd; // its standard output and error
    int64_t time_limit_ms;
};

struct capture_options {
    struct port_list ports;         // watched, any address; borrowed
    char *const *command;           // NULL-terminated: program and arguments
    const char *const *environment; // NULL-terminated "NAME=value", over what is inherited; or NULL
    const char *trust_mount;        // a PEM bundle to mount over the system's; NULL for none
    uint16_t listener_port;         // of capture_listener_open
    bool closed;                    // no server is dialled, and nothing that cannot be led to the
                                    // listener may pass: it is refused
    int64_t connect_timeout_ms;     // --connect-timeout
    const struct capture_inherited *inherited;
    const struct capture_alone *alone; // NULL: the command shares the terminal
};

// One connection that the command asked for. Plain data; `server_fd` belongs to who got it.
struct capture_connection {
    int server_fd; // connected, non-blocking, close-on-exec; -1: dial `server` yourself
    struct sockaddr_storage server; // where the command wanted to go; v4-mapped is AF_INET
    struct process_identity client;
    int64_t asked_monotonic_ns; // when the connect was seen
    uint64_t session;           // what `before_dial` gave; else 0
};

enum { CAPTURE_DIALS_LATER = -1 };

// All but `opened` are called on threads of capture, one at a time, and from before capture_start
// returns on; none may call capture_free.
struct capture_handlers {
    // From here on connections may be claimed; called once, within capture_start, before the
    // command runs. May be NULL.
    void (*opened)(void *context, struct capture *capture);
    // Before the server is dialled; may set `session`. 0: it is dialled; CAPTURE_DIALS_LATER: the
    // connection is led to the listener without that; else an errno, which the command gets from
    // connect, and `failed` is called. May be NULL.
    int (*before_dial)(void *context, struct capture_connection *connection);
    // The server could not be dialled: `error` is what the command got from connect. To be recorded
    // as a session with the outcome `connect-failed`; `server_fd` is -1.
    void (*failed)(void *context, const struct capture_connection *connection, int error);
    // One sentence for standard error; each cause is said once.
    void (*warned)(void *context, const char *sentence);
    // A signal was passed on to the command (so SIGHUP may also reopen outputs).
    void (*signalled)(void *context, int signal_number);
    // The command and all processes that it started have ended. `status` is the exit status that
    // `run` gives: the command's, 128 + signal, 126 or 127 where it could not be executed.
    void (*ended)(void *context, int status);
    void *context;
};

// A non-blocking listener on a free port of all of 127.0.0.0/8 and ::1 and nothing else, with
// SO_REUSEPORT: call it again with the port it gave, once for each loop. `*inout_port` 0 picks a
// port. It is an IPv6 socket where there is IPv6, so names of clients are mapped addresses.
MUST_USE enum err capture_listener_open(int *out_fd, uint16_t *inout_port, struct failure *failure);

// Starts the command. When it cannot be executed that is no error here: `ended` follows with 126 or
// 127. ERR_SYSTEM with a sentence where this machine cannot capture (no seccomp notification, or a
// listener of another `run` above us).
MUST_USE enum err capture_start(struct capture **out, struct failure *failure,
                                const struct capture_options *options,
                                const struct capture_handlers *handlers);

// The record of a connection that the listener accepted. False for a connection that capture did
// not make: close it. May be called on any thread.
bool capture_claim(struct capture *capture, int accepted_fd, struct capture_connection *out);

// From now on connections pass untouched (`--sessions` reached): the command is not disturbed.
// Where it is closed they are refused.
void capture_release(struct capture *capture);

// Waits for what `ended` says, and returns the status.
int capture_wait(struct capture *capture);
// After that: whether the command was ended because its time was over, and whether it ran at all.
bool capture_timed_out(const struct capture *capture);
bool capture_was_executed(const struct capture *capture);
// … and the most memory, in bytes, that one of its processes had at once.
uint64_t capture_memory(const struct capture *capture);

// Where the command connected to that was not to be captured.
struct elsewhere capture_elsewhere(const struct capture *capture);

// After `ended`, or to leave the command to itself: its later connects then fail with ENOSYS, which
// is why a second SIGINT is the only reason to. Waits for capture's threads; closes what none
// claimed.
void capture_free(struct capture *capture);

#endif
