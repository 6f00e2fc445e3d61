// SPDX-License-Identifier: MIT
// The command line: any words are taken, or refused with a sentence, and what may come next after
// them is offered in lines without control characters. The first word is also a list of networks,
// as `--allow` takes it, and an address.
#include "cli/completion.h"
#include "cli/options.h"
#include "net/networks.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { WORDS_MAX = 12, WORD_MAX = 300, OFFERED_MAX = 1024 * 1024 };

static void require(bool holds) {
    if (!holds) {
        abort();
    }
}

// The words between LFs; returns how many.
static size_t split(char *words[WORDS_MAX + 2], char room[WORDS_MAX][WORD_MAX], struct slice rest) {
    static char program[] = "smtpscope";
    size_t count = 1;
    words[0] = program;
    while (!slice_is_null(rest) && count <= WORDS_MAX) {
        struct slice word = slice_split(&rest, '\n');
        size_t len = word.len < WORD_MAX ? word.len : WORD_MAX - 1;
        char *copy = room[count - 1];
        if (len > 0) {
            memcpy(copy, word.data, len);
        }
        copy[len] = '\0';
        words[count++] = copy;
    }
    words[count] = NULL;
    return count;
}

static void check_options(char *const *words, size_t count) {
    struct options options;
    struct failure failure = {0};
    enum err err = options_parse(&options, &failure, (int)count, words, NULL);
    require(err == OK || failure.text[0] != '\0');
    options_cleanup(&options);
}

static void check_completion(char *const *words, size_t count) {
    struct buf out;
    buf_init(&out, OFFERED_MAX);
    completion_put(&out, words + 1, count - 1);
    struct slice offered = buf_slice(&out);
    for (size_t i = 0; i < offered.len; i++) {
        require(offered.data[i] >= ' ' || offered.data[i] == '\n' || offered.data[i] == '\t');
    }
    require(offered.len == 0 || offered.data[offered.len - 1] == '\n');
    buf_cleanup(&out);
}

// An address is in the list that it is, and one that is in a list stays in a longer one.
static void check_networks(const char *text) {
    struct networks networks = {0};
    struct sockaddr_in loopback = {.sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const struct sockaddr *address = (const struct sockaddr *)&loopback;
    bool good = networks_add(&networks, slice_of_string(text));
    bool had = networks_have(&networks, address);
    require(!good || networks.count > 0);
    require(networks_add(&networks, SLICE("10.0.0.0/8")));
    require(networks_have(&networks, address) == had);
    require(networks_add(&networks, SLICE("127.0.0.0/8")) && networks_have(&networks, address));
    networks_cleanup(&networks);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    char room[WORDS_MAX][WORD_MAX];
    char *words[WORDS_MAX + 2];
    size_t count = split(words, room, slice_of(data, len));
    check_options(words, count);
    if (count > 1) {
        check_completion(words, count);
        check_networks(words[1]);
    }
    return 0;
}
