// SPDX-License-Identifier: MIT
// worker: one thread and its libuv loop: the listeners' sockets of this loop, the sessions that it
// accepted, and the buffers that they share.
#ifndef SCOPE_NET_WORKER_H
#define SCOPE_NET_WORKER_H

#include "net/listener.h"
#include "net/lookup.h"
#include "net/own_listeners.h"
#include "net/owner.h"
#include "net/proxy.h"
#include "net/rate.h"
#include "net/recent_places.h"
#include "net/share.h"
#include "net/spare_memory.h"
#include "net/turn_output.h"

#include <stdatomic.h>
#include <uv.h>

// What all workers share; the atomics are the only things that change.
struct service {
    const struct proxy_options *options;
    struct owner *owner;
    struct lookups *lookups;
    struct own_listeners own_listeners;
    atomic_uint_fast64_t next_id;
    atomic_uint_fast64_t live;
    atomic_uint_fast64_t connections; // that the live sessions have or are yet to make
    atomic_uint_fast64_t ended;
    atomic_uint_fast64_t messages;
    atomic_uint_fast64_t findings;
    struct rate session_rate; // of those that ended
    struct rate message_rate;
    struct spare_memory spare_memory;
    uint64_t began_ms;                   // of uv_hrtime
    unsigned own_descriptors;            // open before the first session
    atomic_bool out_of_descriptors;      // said once
    void (*session_ended)(void *proxy);  // the limit of --sessions may be reached
    void (*wake_listeners)(void *proxy); // there is room for a session again
    void *proxy;
};

// An accepted connection, from the accept to its end. Both forms that it takes have this first.
struct live {
    const struct live_ops *ops;
    struct live *previous;
    struct live *next;
    unsigned connections; // of its room
};

struct live_ops {
    void (*stop)(struct live *live); // the grace is over
    // For `ctl sessions`; NULL for what is no session yet.
    void (*put_line)(const struct live *live, struct buf *out);
};

struct job {
    void (*run)(struct worker *worker, void *argument);
    void *argument;
    struct job *next;
};

struct worker {
    struct service *service;
    uv_loop_t loop;
    uv_thread_t thread;
    uv_async_t wake;
    uv_prepare_t turns; // a turn of the loop begins
    uv_check_t turn_ends;
    uv_idle_t waiters; // runs while heavy peers wait: what the loop does not watch cannot wake it
    struct share_turn turn;
    struct turn_outputs outputs; // of the sessions that got something in this turn
    uv_timer_t retry;            // listening again after descriptors ran out
    uv_timer_t grace;
    uv_timer_t spare; // a look at the memory that sessions have left
    uv_mutex_t mutex; // guards `jobs`
    struct job *jobs;
    struct job **jobs_end; // where the next one goes
    struct listener **listeners;
    size_t listener_count;
    struct live *first;                 // all of this loop
    char *read_buffer;                  // LIMIT_READ bytes: what a socket is read into
    struct buf scratch;                 // the plaintext of one read
    struct recent_places recent_places; // of this loop's clients
    struct identification *identifying; // the clients of this turn
    struct identification **identifying_end;
    unsigned identify_halvings; // of the time that an arrival waits for its answer
    uint64_t descriptors_max; // the limit when it was last asked for: it may be raised at any time
    bool stopping;
    bool finished;
};

// A libuv error, where nothing is to be cleaned up; or 0.
int worker_init(struct worker *worker, struct service *service);
// Takes the listening socket; a libuv error, or 0.
int worker_add_listener(struct worker *worker, const struct listen_spec *spec, int fd);
// Runs `body` with the worker on a new thread; a libuv error, or 0.
int worker_start(struct worker *worker, void (*body)(void *worker));
void worker_join(struct worker *worker);
void worker_cleanup(struct worker *worker);

// Runs something on the worker's loop; any thread. False when the worker has finished.
bool worker_post(struct worker *worker, void (*run)(struct worker *worker, void *argument),
                 void *argument);
void worker_stop(struct worker *worker); // on its own thread
void worker_cut(struct worker *worker);  // the grace of a worker that stops is over

// Room for one session more, below --max-sessions, and for so many connections (mode_connections);
// all loops share it. It is given back by the end of the session, or where none came of it.
bool worker_take_room(struct worker *worker, unsigned connections);
void worker_give_room(struct worker *worker, unsigned connections);
// For what is live, and has taken this room: into the worker's list, and out of it.
void worker_session_began(struct worker *worker, struct live *live, unsigned connections);
// The connection is a session from here: `session` has the room and the place of `arrival`.
void worker_session_replaced(struct worker *worker, struct live *arrival, struct live *session);
// `recorded`: it was a session, not only a connection that never said what it wants.
void worker_session_ended(struct worker *worker, struct live *live, bool recorded);
void worker_put_sessions(const struct worker *worker, struct buf *out);
// Whether the session that room was taken for will find a descriptor for each of its connections:
// clients alone could use up those of the servers.
bool worker_has_descriptors(struct worker *worker);

#endif
