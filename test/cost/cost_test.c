// SPDX-License-Identifier: MIT
// No input may cost more than linear in its bytes: every class of bytes, alone and in pairs, in
// every place, at so many bytes and at TIMES as many, through the decoder, the rules, the mask and
// all outputs. What is compared are counts (count.h). A shape that is linear costs four times as
// much where it is four times as long; and none may cost more than so much a byte.
//
// It runs in as many processes as there are processors:
//
//      cost_test
//          each class in every place and a part of the pairs, most of them SHORT and some LONG, and
//          a part of those that come byte by byte, LONG, as a piece costs more than what is in it;
//          where short ones say nothing, the long ones alone
//      cost_test --all
//          all pairs in every place, and all of them LONG, which takes half an hour
//      cost_test --list
//          … and says what each cost: of a byte at both sizes, and the ratio
//      cost_test PLACE [CLASS]
//          those whose place's name holds these letters; one class, alone
#include "cost_session.h"
#include "count.h"
#include "shape.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/digest.h"

enum {
    SHORT = 3 * 1024,
    LONG = 15 * 1024, // four times that is still kept whole as a line
    TIMES = 4,
    LONGEST = TIMES * LONG,
    ROUND = 4 * LONGEST, // of all that is said in one place, its frame included
    PIECE = 16 * 1024,
    BLOCKS_OF_BYTE = 5000, // an empty line is one byte, and an event of each kind
    STEP_MAX = 40,         // what a limit that is passed between the sizes may cost more
    LONG_EVERY = 13,
    TAUGHT_MANY = 1000, // secrets; to learn them costs more than all that is counted
    PAIRS_EVERY = 73,
    BYTEWISE_EVERY = 17,
    SHARES_MAX = 64,
    NUMBER_LEN = 5,
};
#define RATIO_MAX 5.0

struct options {
    const char *wanted; // a part of a place's name, or NULL
    size_t class;       // this one alone; SIZE_MAX for all
    bool all;
    bool list;
};

struct shape {
    const struct place *place;
    struct slice first;
    struct slice second; // empty where it is alone
    size_t piece;
    size_t len; // the smaller of the two that are compared
};

// ── what is said ────────────────────────────────────────────────────────────────────────────────

static void put_pattern(struct buf *out, const struct shape *shape, size_t offset, size_t len) {
    size_t period = shape->first.len + shape->second.len;
    for (size_t i = offset; i < offset + len; i++) {
        size_t at = i % period;
        bool first = at < shape->first.len;
        buf_put_byte(out,
                     first ? shape->first.data[at] : shape->second.data[at - shape->first.len]);
    }
}

static void play(struct session *session, const char *script) {
    while (*script != '\0') {
        enum side side = *script == 'C' ? SIDE_CLIENT : SIDE_SERVER;
        size_t len = strcspn(script, "\n") + 1;
        session_say(session, side, slice_of(script + 1, len - 1));
        script += len;
    }
}

static void teach(struct session *session, const struct shape *shape) {
    struct buf secret;
    struct buf line;
    buf_init(&secret, 64);
    buf_init(&line, 128);
    for (size_t i = 0; i < shape->place->taught; i++) {
        buf_clear(&secret);
        buf_clear(&line);
        buf_put(&secret, slice_of("\0tim\0", 5));
        put_pattern(&secret, shape, 0, 8);
        buf_putf(&secret, "%05zu", i);
        buf_put_string(&line, "AUTH PLAIN ");
        base64_encode(&line, buf_slice(&secret));
        buf_put_string(&line, "\r\n");
        session_say(session, SIDE_CLIENT, buf_slice(&line));
        session_say(session, SIDE_SERVER, SLICE("535 no\r\n"));
    }
    buf_cleanup(&secret);
    buf_cleanup(&line);
}

static bool is_numbered(const struct place *place) {
    return place->saying == SAID_NUMBERED || place->saying == SAID_NUMBERED_BASE64;
}

static void put_unit(struct buf *out, const struct shape *shape, size_t offset, size_t len) {
    const struct place *place = shape->place;
    struct buf unit;
    buf_init(&unit, LONGEST);
    put_pattern(&unit, shape, offset, len);
    if (is_numbered(place)) {
        buf_putf(&unit, "%0*zu", NUMBER_LEN, offset / len);
    }
    buf_put_string(out, place->begin);
    if (place->saying == SAID_BASE64 || place->saying == SAID_NUMBERED_BASE64) {
        base64_encode(out, buf_slice(&unit));
    } else {
        buf_put(out, buf_slice(&unit));
    }
    buf_put_string(out, place->end);
    buf_cleanup(&unit);
}

// About `len` bytes in the place; how many they were.
static size_t fill(struct session *session, const struct shape *shape, size_t len) {
    const struct place *place = shape->place;
    size_t unit = place->unit > 0 ? place->unit : len;
    size_t frame = place->unit > 0 ? strlen(place->begin) + strlen(place->end) : 0;
    frame += is_numbered(place) ? NUMBER_LEN : 0;
    size_t said = 0;
    struct buf out;
    buf_init(&out, ROUND);
    for (size_t offset = 0; said < len; offset += unit) {
        put_unit(&out, shape, offset, unit);
        said += unit + frame;
        if (place->answer != NULL) {
            session_say(session, place->side, buf_slice(&out));
            session_say(session, side_other(place->side), slice_of_string(place->answer));
            said += place->unit > 0 ? strlen(place->answer) : 0;
            buf_clear(&out);
        }
    }
    session_say(session, place->side, buf_slice(&out));
    buf_cleanup(&out);
    return said;
}

static double cost_of_byte(const struct shape *shape, size_t len) {
    struct session *session = session_new(shape->piece);
    play(session, shape->place->before);
    teach(session, shape);
    uint64_t before = count_now();
    size_t said = fill(session, shape, len);
    play(session, shape->place->after);
    session_free(session);
    return (double)(count_now() - before) / (double)said;
}

// ── the comparison ──────────────────────────────────────────────────────────────────────────────

static void put_class(struct slice class) {
    for (size_t i = 0; i < class.len; i++) {
        bool plain = class.data[i] > ' ' && class.data[i] < 0x7F && class.data[i] != '\\';
        printf(plain ? "%c" : "\\x%02X", class.data[i]);
    }
}

static void tell(const struct shape *shape, double small, double large) {
    printf("%6.0f %6.0f  %4.1f  %s, %s: ", small, large, TIMES * large / small, shape->place->name,
           shape->piece == 1 ? "byte by byte" : "at once");
    put_class(shape->first);
    printf(shape->second.len > 0 ? " and " : "");
    put_class(shape->second);
    printf("\n");
}

static bool is_linear(const struct shape *shape, bool list) {
    double small = cost_of_byte(shape, shape->len);
    double large = cost_of_byte(shape, TIMES * shape->len);
    bool grows = TIMES * large > RATIO_MAX * small && large > small + STEP_MAX;
    bool linear = !grows && large < BLOCKS_OF_BYTE;
    if (list || !linear) {
        tell(shape, small, large);
    }
    return linear;
}

// Those of all shapes that are this process's share.
struct share {
    size_t index;
    size_t count;
    size_t seen;
    size_t chosen;
    size_t longs;
    size_t shorts;
};

// Long and short ones are shared out apart, so that each process has as much of both.
static bool is_mine(struct share *share, bool is_long) {
    return (is_long ? share->longs++ : share->shorts++) % share->count == share->index;
}

static bool is_wanted(const struct options *options, const struct shape *shape) {
    return shape->second.len == 0 && slice_equal(shape->first, class_at(options->class));
}

// A secret costs the more the more there are, up to a limit that a short one does not reach.
static bool is_long_only(const struct place *place) {
    return place->taught > TAUGHT_MANY || is_numbered(place);
}

// Of shapes that are too many, each `every`th; which ones differs from place to place.
static bool holds_for(const struct options *options, struct shape *shape, struct share *share,
                      size_t every) {
    bool one = options->class < class_count();
    bool chosen = one ? is_wanted(options, shape) : share->seen++ % (options->all ? 1 : every) == 0;
    if (!chosen) {
        return true;
    }
    bool is_long = options->all || one || shape->piece == 1 || share->chosen++ % LONG_EVERY == 0;
    shape->len = is_long ? LONG : SHORT;
    bool left_out = !is_long && is_long_only(shape->place);
    return left_out || !is_mine(share, is_long) || is_linear(shape, options->list);
}

static bool place_holds(const struct options *options, const struct place *place,
                        struct share *share) {
    bool holds = true;
    for (size_t i = 0; i < class_count(); i++) {
        for (size_t j = i; j < class_count(); j++) {
            struct shape shape = {place, class_at(i), i == j ? SLICE("") : class_at(j), PIECE,
                                  LONG};
            holds &= holds_for(options, &shape, share, i == j ? 1 : PAIRS_EVERY);
            shape.piece = 1;
            holds &= i != j || holds_for(options, &shape, share, BYTEWISE_EVERY);
        }
    }
    return holds;
}

static bool share_holds(const struct options *options, size_t index, size_t count) {
    struct share share = {.index = index, .count = count};
    bool holds = true;
    for (size_t i = 0; i < place_count(); i++) {
        const struct place *place = place_at(i);
        if (options->wanted == NULL || strstr(place->name, options->wanted) != NULL) {
            holds &= place_holds(options, place, &share);
        }
    }
    return holds;
}

int main(int argc, char **argv) {
    struct options options = {.class = SIZE_MAX};
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    size_t count = processors < 1 ? 1 : processors > SHARES_MAX ? SHARES_MAX : (size_t)processors;
    bool holds = true;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--list") == 0) {
            options.list = true;
        } else if (strcmp(argv[i], "--all") == 0) {
            options.all = true;
        } else if (options.wanted == NULL) {
            options.wanted = argv[i];
        } else {
            options.class = strtoul(argv[i], NULL, 10);
        }
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (size_t i = 0; i < count; i++) {
        if (fork() == 0) {
            exit(share_holds(&options, i, count) ? 0 : 1);
        }
    }
    for (int status = 0; wait(&status) > 0;) {
        holds &= WIFEXITED(status) && WEXITSTATUS(status) == 0;
    }
    printf(holds ? "all are linear\n" : "these are not linear\n");
    return holds ? 0 : 1;
}
