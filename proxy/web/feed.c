// SPDX-License-Identifier: MIT
#include "web/feed.h"

#include "base/array.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/lines.h"
#include "base/memory.h"
#include "format/format.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

// Lines that follow each other. Many are in one block: a block for each that is added would spread
// what a session touches over memory that the processor has not seen lately, and its own work would
// wait for it (test/bench/README.md).
struct block {
    uint8_t *bytes;
    size_t len;
    size_t room;
    uint64_t first; // counter of its first line
    uint64_t count;
};

struct feed {
    pthread_mutex_t lock; // of all below
    size_t max;
    size_t block_room; // of a usual block
    size_t bytes;
    uint64_t last;
    uint64_t cleared;     // the counter of the notice of the last clear
    struct block *blocks; // a queue: the oldest first
    size_t start;
    size_t end;
    size_t room;
};

struct feed *feed_new(size_t max) {
    struct feed *feed = mem_new(sizeof(*feed));
    pthread_mutex_init(&feed->lock, NULL);
    feed->max = max;
    feed->block_room = max / 16 < FEED_BLOCK ? max / 16 : FEED_BLOCK;
    return feed;
}

// With what the allocator needs for its bytes.
static size_t size_of(const struct block *block) {
    return sizeof(*block) + block->room + MEMORY_BLOCK_BYTES;
}

static void drop_first(struct feed *feed) {
    struct block *block = &feed->blocks[feed->start++];
    feed->bytes -= size_of(block);
    free(block->bytes);
}

void feed_free(struct feed *feed) {
    if (feed == NULL) {
        return;
    }
    while (feed->start < feed->end) {
        drop_first(feed);
    }
    free(feed->blocks);
    pthread_mutex_destroy(&feed->lock);
    free(feed);
}

static uint64_t count_lines(struct slice lines) {
    uint64_t count = 0;
    while (lines.len > 0) {
        lines_next(&lines);
        count++;
    }
    return count;
}

static void open_block(struct feed *feed, size_t room) {
    feed->blocks = array_queue_grown(feed->blocks, &feed->start, &feed->end, &feed->room,
                                     sizeof(*feed->blocks));
    struct block *block = &feed->blocks[feed->end++];
    *block = (struct block){.room = room, .first = feed->last + 1};
    block->bytes = mem_resize(NULL, room, 1);
    feed->bytes += size_of(block);
}

// The latest block if it has `len` bytes left, else a new one.
static struct block *block_for(struct feed *feed, size_t len) {
    const struct block *latest = feed->start == feed->end ? NULL : &feed->blocks[feed->end - 1];
    if (latest == NULL || latest->room - latest->len < len) {
        open_block(feed, len > feed->block_room ? len : feed->block_room);
    }
    return &feed->blocks[feed->end - 1];
}

static void add_copy(struct feed *feed, struct slice lines) {
    struct block *block = block_for(feed, lines.len);
    uint64_t count = count_lines(lines);
    memcpy(block->bytes + block->len, lines.data, lines.len);
    block->len += lines.len;
    block->count += count;
    feed->last += count;
}

void feed_add(struct feed *feed, struct slice lines) {
    if (lines.len == 0) {
        return;
    }
    pthread_mutex_lock(&feed->lock);
    add_copy(feed, lines);
    while (feed->bytes > feed->max && feed->start < feed->end) {
        drop_first(feed);
    }
    pthread_mutex_unlock(&feed->lock);
}

void feed_add_notice(struct feed *feed, const struct event *event) {
    struct buf line;
    buf_init(&line, NOTICE_MAX);
    jsonl_format.put_notice(&line, event, false);
    feed_add(feed, buf_slice(&line));
    buf_cleanup(&line);
}

void feed_clear(struct feed *feed) {
    uint64_t count = 0;
    struct buf line;
    buf_init(&line, NOTICE_MAX);
    pthread_mutex_lock(&feed->lock);
    while (feed->start < feed->end) {
        count += feed->blocks[feed->start].count;
        drop_first(feed);
    }
    const struct event lost = format_lost_event(count, "the page was cleared", clock_unix_ns());
    jsonl_format.put_notice(&line, &lost, false);
    add_copy(feed, buf_slice(&line));
    feed->cleared = feed->last;
    pthread_mutex_unlock(&feed->lock);
    buf_cleanup(&line);
}

uint64_t feed_last(struct feed *feed) {
    pthread_mutex_lock(&feed->lock);
    uint64_t last = feed->last;
    pthread_mutex_unlock(&feed->lock);
    return last;
}

static uint64_t before_oldest(const struct feed *feed) {
    return feed->start == feed->end ? feed->last : feed->blocks[feed->start].first - 1;
}

uint64_t feed_before_oldest(struct feed *feed) {
    pthread_mutex_lock(&feed->lock);
    uint64_t before = before_oldest(feed);
    pthread_mutex_unlock(&feed->lock);
    return before;
}

// ── reading ─────────────────────────────────────────────────────────────────────────────────────

static void put_event(struct buf *out, uint64_t counter, struct slice line) {
    char head[LIMIT_COUNTER];
    size_t len = jsonl_format.framing->put_counter(head, counter);
    buf_put(out, SLICE("id: "));
    buf_put_u64(out, counter);
    buf_put(out, SLICE("\ndata: "));
    buf_put(out, slice_of(head, len));
    buf_put(out, lines_text(line));
    buf_put(out, SLICE("\n\n"));
}

// Says how many lines the reader has missed; it goes on with the first that is there. The notice of
// a clear would count the same lines again.
static void put_gap(struct buf *out, const struct feed *feed, uint64_t *inout_counter) {
    uint64_t before = before_oldest(feed);
    const struct event lost = format_lost_event(
        before - *inout_counter, "this reader was too slow, or came too late", clock_unix_ns());
    struct buf line;
    buf_init(&line, NOTICE_MAX);
    jsonl_format.put_notice(&line, &lost, false);
    *inout_counter = feed->cleared == before + 1 ? feed->cleared : before;
    put_event(out, *inout_counter, buf_slice(&line));
    buf_cleanup(&line);
}

static void put_block(struct buf *out, const struct block *block, uint64_t *inout_counter,
                      size_t max) {
    struct slice rest = slice_of(block->bytes, block->len);
    for (uint64_t counter = block->first; rest.len > 0 && buf_len(out) < max; counter++) {
        struct slice line = lines_next(&rest);
        if (counter > *inout_counter) {
            put_event(out, counter, line);
            *inout_counter = counter;
        }
    }
}

static bool has_seen(const struct block *block, uint64_t counter) {
    return block->first + block->count <= counter + 1;
}

// The first block with a line after `counter`.
static size_t find(const struct feed *feed, uint64_t counter) {
    size_t low = feed->start;
    size_t high = feed->end;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (has_seen(&feed->blocks[middle], counter)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static void read_on(struct buf *out, const struct feed *feed, uint64_t *inout_counter, size_t max) {
    if (*inout_counter < before_oldest(feed)) {
        put_gap(out, feed, inout_counter);
    }
    for (size_t i = find(feed, *inout_counter); i < feed->end && buf_len(out) < max; i++) {
        put_block(out, &feed->blocks[i], inout_counter, max);
    }
}

bool feed_read(struct buf *out, struct feed *feed, uint64_t *inout_counter, size_t max) {
    size_t before = buf_len(out);
    pthread_mutex_lock(&feed->lock);
    if (*inout_counter > feed->last) { // of another run of the program
        *inout_counter = feed->last;
    }
    read_on(out, feed, inout_counter, max);
    pthread_mutex_unlock(&feed->lock);
    return buf_len(out) > before;
}
