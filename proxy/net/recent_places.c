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

// A place that was looked at is the last to be looked at again: a connection that goes on there
// holds it, and one of the others has ended.
static bool look(struct recent_places *recent, struct socket_place *out_place, size_t at,
                 uint64_t inode) {
    struct socket_place place = take_out(recent, at);
    place.inode = outside_socket_at(recent->outside, place.pid, place.fd);
    place.misses = place.inode == 0 ? place.misses + 1 : 0;
    place.ended = false;
    *out_place = place;
    if (place.inode != inode && place.misses < LIMIT_PLACE_MISSES) {
        put_last(recent, &place);
    }
    return place.inode == inode;
}

// Where an earlier look has met it already.
static size_t find_seen(const struct recent_places *recent, uint64_t inode) {
    size_t at = 0;
    while (at < recent->count && recent->places[at].inode != inode) {
        at++;
    }
    return at;
}

static bool find_place(struct socket_place *out, struct recent_places *recent, uint64_t inode) {
    size_t looks = recent->count < LIMIT_PLACE_LOOKS ? recent->count : LIMIT_PLACE_LOOKS;
    size_t seen = find_seen(recent, inode);
    if (seen < recent->count && look(recent, out, seen, inode)) {
        return true;
    }
    for (size_t i = 0; i < looks && recent->count > 0; i++) {
        if (look(recent, out, 0, inode)) {
            return true;
        }
    }
    return false;
}

uint32_t recent_places_find(struct recent_places *recent, const struct sockaddr *own,
                            const struct sockaddr *peer) {
    struct socket_place place;
    uint64_t inode = 0;
    if (recent->count == 0 || sock_diag_find(&recent->diag, &inode, own, peer) != SOCK_DIAG_OPEN ||
        !find_place(&place, recent, inode)) {
        return 0;
    }
    place.port = address_port(own);
    put_last(recent, &place);
    return place.pid;
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
