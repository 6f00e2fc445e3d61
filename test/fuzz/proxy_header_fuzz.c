// SPDX-License-Identifier: MIT
// proxy_header: any bytes. Fed whole and fed byte by byte the machine must come to the same state,
// and leave the same bytes untaken; addresses that it read must be the same once they were written
// and read again.
#include "net/proxy_header.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds) {
    if (!holds) {
        abort();
    }
}

static size_t feed_bytewise(struct proxy_header *header, struct slice bytes) {
    size_t taken = 0;
    while (taken < bytes.len && proxy_header_feed(header, slice_sub(bytes, taken, 1)) == 1) {
        taken++;
    }
    return taken;
}

static void require_same_ends(const struct proxy_header *a, const struct proxy_header *b) {
    require(a->state == b->state && a->has_addresses == b->has_addresses);
    require(memcmp(&a->client, &b->client, sizeof(a->client)) == 0);
    require(memcmp(&a->server, &b->server, sizeof(a->server)) == 0);
}

static void require_written_alike(const struct proxy_header *header,
                                  enum proxy_header_version version) {
    struct buf out;
    struct proxy_header again = {0};
    buf_init(&out, PROXY_HEADER_MAX);
    proxy_header_put(&out, version, (const struct sockaddr *)&header->client,
                     (const struct sockaddr *)&header->server);
    require(proxy_header_feed(&again, buf_slice(&out)) == buf_len(&out));
    require(again.version == version);
    require_same_ends(header, &again);
    buf_cleanup(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct slice bytes = slice_of(data, size);
    struct proxy_header whole = {0};
    struct proxy_header bytewise = {0};
    size_t taken = proxy_header_feed(&whole, bytes);
    require(taken == feed_bytewise(&bytewise, bytes));
    require_same_ends(&whole, &bytewise);
    require(whole.version == bytewise.version && whole.fault == bytewise.fault);
    require(taken == size || whole.state >= PROXY_HEADER_WHOLE);
    require((whole.fault != NULL) == (whole.state == PROXY_HEADER_BROKEN));
    if (whole.has_addresses) {
        require_written_alike(&whole, PROXY_HEADER_V1);
        require_written_alike(&whole, PROXY_HEADER_V2);
    }
    return 0;
}
