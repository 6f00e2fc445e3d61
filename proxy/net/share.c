// SPDX-License-Identifier: MIT
#include "net/share.h"

#include "base/clock.h"
#include "base/limits.h"

#define READ_MIN 512

void share_begin_turn(struct share_turn *turn) {
    turn->number++;
    turn->before = turn->busy;
    turn->busy = 0;
}

size_t share_take(struct share *share, const struct share_turn *turn) {
    if (share->turn == turn->number) {
        return 0;
    }
    share->turn = turn->number;
    share->len = share->len == 0 ? LIMIT_READ_FIRST : share->len;
    return share->len;
}

static size_t within(size_t len) {
    return len < READ_MIN ? READ_MIN : len > LIMIT_READ ? LIMIT_READ : len;
}

void share_spent(struct share *share, struct share_turn *turn, size_t read, int64_t spent_ns) {
    unsigned busy = turn->before > turn->busy ? turn->before : turn->busy;
    int64_t allowed_ns = SHARE_TURN_NS / (busy > 0 ? busy : 1);
    if (spent_ns > allowed_ns) {
        share->len = within((size_t)((double)read * (double)allowed_ns / (double)spent_ns));
    } else if (read >= share->len && spent_ns < allowed_ns / 2) {
        share->len = within(2 * share->len);
    }
    turn->busy += read >= share->len;
}
