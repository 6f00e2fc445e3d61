// SPDX-License-Identifier: MIT
#include "net/share.h"

#include "base/clock.h"
#include "base/limits.h"

#define READ_MIN       64
#define READ_FIRST_MIN 2048 // a line of a command or the head of a handshake
#define MUCH_UNREAD    4096 // more than a small mail
#define FADE           64   // rounds

void share_turn_init(struct share_turn *turn) {
    *turn = (struct share_turn){0};
    fifo_init(&turn->light);
    fifo_init(&turn->heavy);
}

void share_begin_turn(struct share_turn *turn) {
    turn->number++;
    turn->before = turn->busy;
    turn->busy = 0;
    turn->heavy_ns = 0;
    turn->light_ns = 0;
    turn->promised_ns = 0;
    turn->round += !share_turn_has_waiting(turn);
}

// ── who waits ───────────────────────────────────────────────────────────────────────────────────

static bool is_heavy(const struct share *share) {
    return share->spent_ns >= SHARE_HEAVY_FROM_NS;
}

bool share_is_late(const struct share_turn *turn) {
    return turn->light_ns >= SHARE_LATE_NS;
}

bool share_waits(const struct share *share) {
    return fifo_has(&share->waiting);
}

bool share_turn_has_waiting(const struct share_turn *turn) {
    return !fifo_is_empty(&turn->light) || !fifo_is_empty(&turn->heavy);
}

void share_forget(struct share *share) {
    fifo_remove(&share->waiting);
}

// What was spent in earlier rounds counts ever less.
static void enter_round(struct share *share, uint64_t round) {
    uint64_t rounds = round - share->round;
    share->spent_ns -= rounds < FADE ? share->spent_ns / FADE * (int64_t)rounds : share->spent_ns;
    share->round = round;
}

static void wait_for_turn(struct share *share, struct share_turn *turn) {
    enter_round(share, turn->round);
    fifo_add(is_heavy(share) ? &turn->heavy : &turn->light, &share->waiting);
}

// What heavy peers together get of this turn.
static int64_t heavy_part(const struct share_turn *turn) {
    return turn->alone_ns >= SHARE_ALONE_AFTER_NS ? SHARE_TURN_NS : SHARE_HEAVY_NS;
}

static int64_t expected_cost(const struct share *share, const struct share_turn *turn) {
    int64_t least_ns = heavy_part(turn) / SHARE_PEERS_MAX;
    if (!is_heavy(share)) {
        return 2 * least_ns; // Its reads were none, or others.
    }
    return share->next_ns > least_ns ? share->next_ns : least_ns;
}

struct share *share_go_on(struct share_turn *turn) {
    bool light = !fifo_is_empty(&turn->light);
    struct share *share = (struct share *)fifo_oldest(light ? &turn->light : &turn->heavy);
    if (share == NULL || turn->promised_ns >= heavy_part(turn)) {
        return NULL;
    }
    turn->round += !light && share->round == turn->round; // All before it had their read.
    share_forget(share);
    share->let_go_on = turn->number;
    turn->promised_ns += expected_cost(share, turn);
    return share;
}

// Whether it is heavy, and there is no room for it in this turn.
static bool must_wait(const struct share *share, const struct share_turn *turn) {
    bool room =
        fifo_is_empty(&turn->heavy) && turn->promised_ns + turn->heavy_ns < heavy_part(turn);
    return is_heavy(share) && !room;
}

// ── how much ────────────────────────────────────────────────────────────────────────────────────

static unsigned busy_peers(const struct share_turn *turn) {
    unsigned busy = turn->before > turn->busy ? turn->before : turn->busy;
    return busy > 0 ? busy : 1;
}

static size_t first_read(const struct share_turn *turn) {
    size_t len = LIMIT_READ_FIRST / busy_peers(turn);
    return len < READ_FIRST_MIN ? READ_FIRST_MIN : len;
}

static size_t next_read(const struct share *share, const struct share_turn *turn) {
    return share->len == 0 ? first_read(turn) : share->len;
}

size_t share_take(struct share *share, struct share_turn *turn, size_t unread) {
    if (share->turn == turn->number || share_waits(share)) {
        return 0;
    }
    bool goes_on = share->let_go_on == turn->number;
    bool much = share_is_late(turn) && unread >= MUCH_UNREAD;
    if (!goes_on && (much || must_wait(share, turn))) {
        wait_for_turn(share, turn);
        return 0;
    }
    size_t len = next_read(share, turn);
    share->len = goes_on && !is_heavy(share) && len > READ_FIRST_MIN ? READ_FIRST_MIN : len;
    share->turn = turn->number;
    enter_round(share, turn->round);
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
    int64_t allowed_ns = is_heavy(share) ? heavy_part(turn) / 2 : SHARE_TURN_NS / busy_peers(turn);
    if (spent_ns > allowed_ns) {
        share->len = within((size_t)((double)read * (double)allowed_ns / (double)spent_ns));
    } else if (full && spent_ns < allowed_ns / 2) {
        share->len = within(2 * share->len);
    }
    turn->busy += read >= share->len;
    turn->alone_ns = is_heavy(share) ? turn->alone_ns + spent_ns : 0;
    if (share->let_go_on != turn->number) {
        *(is_heavy(share) ? &turn->heavy_ns : &turn->light_ns) += spent_ns;
    }
    share->next_ns = (int64_t)((double)spent_ns * (double)share->len / (double)read);
    share->spent_ns += full ? counted(spent_ns) : 0;
}
