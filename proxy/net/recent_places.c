// SPDX-License-Identifier: MIT
#include "net/recent_places.h"

#include "base/address.h"
#include "sandbox/outside.h"

#include <stdbool.h>
#include <string.h>

void recent_places_init(struct recent_places *out, struct outside *outside) {
    *out = (struct recent_places){.outside = outside};
    sock_diag_open(&out->diag); // Else with the first question, if it can be then.
}

static struct socket_place take_out(struct recent_places *recent, size_t at) {
    struct socket_place place = recent->places[at];
    recent->count--;
    memmove(&recent->places[at], &recent->places[at + 1],
            (recent->count - at) * sizeof(recent->places[0]));
    return place;
}

static void put_last(struct recent_places *recent, const struct socket_place *place) {
    if (recent->count == LIMIT_RECENT_PLACES) {
        take_out(recent, 0);
    }
    recent->places[recent->count++] = *place;
}

static void ask_for_inodes(struct socket_search *search, struct recent_places *recent,
                           struct place_query *queries, size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct place_query *query = &queries[i];
        if (sock_diag_find(&recent->diag, &query->inode, query->own, query->peer) ==
            SOCK_DIAG_OPEN) {
            search->inodes[search->inode_count++] = query->inode;
        }
    }
}

static void choose_if(struct socket_search *search, size_t *order,
                      const struct recent_places *recent, bool met) {
    for (size_t at = 0; at < recent->count && search->place_count < LIMIT_PLACE_LOOKS; at++) {
        const struct socket_place *place = &recent->places[at];
        if (socket_search_wants(search, place->inode) == met) {
            order[search->place_count] = at;
            search->places[search->place_count++] = (struct descriptor){place->pid, place->fd};
        }
    }
}

// Takes those that were looked at out of the list.
static void take_looked(struct socket_place *out, struct recent_places *recent, const size_t *order,
                        size_t looked) {
    for (size_t i = 0; i < looked; i++) {
        out[i] = recent->places[order[i]];
        recent->places[order[i]].pid = 0;
    }
    size_t left = 0;
    for (size_t at = 0; at < recent->count; at++) {
        if (recent->places[at].pid != 0) {
            recent->places[left++] = recent->places[at];
        }
    }
    recent->count = left;
}

// Where an earlier search has met a socket already is looked at first.
static size_t look(struct socket_place *out, struct recent_places *recent,
                   struct socket_search *search) {
    size_t order[LIMIT_PLACE_LOOKS] = {0};
    uint64_t inodes[LIMIT_PLACE_LOOKS] = {0};
    choose_if(search, order, recent, true);
    choose_if(search, order, recent, false);
    size_t looked = outside_search(inodes, recent->outside, search);
    take_looked(out, recent, order, looked);
    for (size_t i = 0; i < looked; i++) {
        out[i].inode = inodes[i];
        out[i].misses = inodes[i] == 0 ? out[i].misses + 1 : 0;
        out[i].ended = false;
    }
    return looked;
}

static void answer(struct place_query *queries, size_t count, struct socket_place *seen) {
    for (size_t i = 0; i < count; i++) {
        if (seen->inode != 0 && queries[i].inode == seen->inode) {
            queries[i].pid = seen->pid;
            seen->port = address_port(queries[i].own);
        }
    }
}

// A place that was looked at is the last to be looked at again: a connection that goes on there
// holds it, and one of the others has ended.
void recent_places_find(struct recent_places *recent, struct place_query *queries, size_t count) {
    struct socket_place seen[LIMIT_PLACE_LOOKS];
    struct socket_search search = {0};
    if (recent->count > 0) {
        ask_for_inodes(&search, recent, queries, count);
    }
    size_t looked = search.inode_count > 0 ? look(seen, recent, &search) : 0;
    for (size_t i = 0; i < looked; i++) {
        answer(queries, count, &seen[i]);
        if (seen[i].misses < LIMIT_PLACE_MISSES) {
            put_last(recent, &seen[i]);
        }
    }
}

void recent_places_note(struct recent_places *recent, const struct socket_place *seen) {
    for (size_t i = 0; i < recent->count; i++) {
        if (recent->places[i].pid == seen->pid && recent->places[i].fd == seen->fd) {
            take_out(recent, i);
            break;
        }
    }
    put_last(recent, seen);
}

static size_t find_port(const struct recent_places *recent, uint16_t port) {
    size_t at = 0;
    while (at < recent->count && recent->places[at].port != port) {
        at++;
    }
    return at;
}

void recent_places_ended(struct recent_places *recent, uint16_t port) {
    size_t from = find_port(recent, port);
    if (from == recent->count) {
        return;
    }
    struct socket_place place = take_out(recent, from);
    size_t at = 0;
    while (at < recent->count && recent->places[at].ended && recent->places[at].fd < place.fd) {
        at++;
    }
    memmove(&recent->places[at + 1], &recent->places[at],
            (recent->count - at) * sizeof(recent->places[0]));
    place.ended = true;
    recent->places[at] = place;
    recent->count++;
}

void recent_places_cleanup(struct recent_places *recent) {
    sock_diag_cleanup(&recent->diag);
}
