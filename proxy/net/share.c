// SPDX-License-Identifier: MIT
#include "net/share.h"

#include "base/clock.h"
#include "base/limits.h"

#define READ_MIN       512
#define READ_FIRST_MIN 2048 // a line of a command or the head of a handshake
#define FADE           64   // rounds

void share_begin_turn(struct share_turn *turn) {
    turn->number++;
    turn->before = turn->busy;
    turn->busy = 0;
    turn->heavy_ns = 0;
    turn->round += !turn->waiting;
    turn->waiting = false;
}

static bool is_heavy(const struct share *share) {
    return share->spent_ns >= SHARE_HEAVY_FROM_NS;
}

// Whether it is heavy and may not have its read in this turn.
static bool must_wait(const struct share *share, struct share_turn *turn) {
    if (!is_heavy(share) || share->round == turn->round) {
        return is_heavy(share);
    }
    turn->waiting = turn->waiting || turn->heavy_ns >= SHARE_HEAVY_NS;
    return turn->heavy_ns >= SHARE_HEAVY_NS;
}

static unsigned busy_peers(const struct share_turn *turn) {
    unsigned busy = turn->before > turn->busy ? turn->before : turn->busy;
    return busy > 0 ? busy : 1;
}

static size_t first_read(const struct share_turn *turn) {
    size_t len = LIMIT_READ_FIRST / busy_peers(turn);
    return len < READ_FIRST_MIN ? READ_FIRST_MIN : len;
}

// What was spent in earlier rounds counts ever less.
static void enter_round(struct share *share, uint64_t round) {
    uint64_t rounds = round - share->round;
    share->spent_ns -= rounds < FADE ? share->spent_ns / FADE * (int64_t)rounds : share->spent_ns;
    share->round = round;
}

size_t share_take(struct share *share, struct share_turn *turn) {
    if (share->turn == turn->number || must_wait(share, turn)) {
        return 0;
    }
    share->turn = turn->number;
    enter_round(share, turn->round);
    share->len = share->len == 0 ? first_read(turn) : share->len;
    return share->len;
}

static size_t within(size_t len) {
    return len < READ_MIN ? READ_MIN : len > LIMIT_READ ? LIMIT_READ : len;
}

// Of one read: what took long may have been another process.
static int64_t counted(int64_t spent_ns) {
    return spent_ns < SHARE_HEAVY_FROM_NS / 2 ? spent_ns : SHARE_HEAVY_FROM_NS / 2;
}

void share_spent(struct share *share, struct share_turn *turn, size_t read, int64_t spent_ns) {
    bool full = read >= share->len;
    int64_t allowed_ns = is_heavy(share) ? SHARE_HEAVY_NS / 4 : SHARE_TURN_NS / busy_peers(turn);
    if (spent_ns > allowed_ns) {
        share->len = within((size_t)((double)read * (double)allowed_ns / (double)spent_ns));
    } else if (full && spent_ns < allowed_ns / 2) {
        share->len = within(2 * share->len);
    }
    turn->busy += read >= share->len;
    turn->heavy_ns += is_heavy(share) ? spent_ns : 0;
    share->spent_ns += full ? counted(spent_ns) : 0;
}
