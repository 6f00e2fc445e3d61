// SPDX-License-Identifier: MIT
// Plays a script whole, then in pieces and with each plaintext stream cut at every byte: the peers
// get the same bytes, and the transcript is the same. `--print` shows it.
#include "relay_script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Cuts of one stream; a longer one is cut at some of its bytes. RELAY_CUTS says another number.
enum { CUTS_MAX = 600 };

static size_t cuts_max(void) {
    const char *text = getenv("RELAY_CUTS");
    return text == NULL ? CUTS_MAX : strtoul(text, NULL, 10);
}

static void play_again(const struct script *script, const struct script_cut *cut,
                       struct slice whole) {
    struct buf again;
    buf_init(&again, 2 * MIB);
    script_play(script, cut, &again);
    if (!script->events_vary && !slice_equal(buf_slice(&again), whole)) {
        fprintf(
            stderr, "%s: another transcript in pieces of %zu, %s cut at %zd\n%.*s\n--- due\n%.*s",
            script->path, cut->piece, side_name(cut->side), (ssize_t)cut->at, (int)buf_len(&again),
            (const char *)buf_slice(&again).data, (int)whole.len, (const char *)whole.data);
        exit(1);
    }
    buf_cleanup(&again);
}

static void play_cut(const struct script *script, struct slice whole) {
    static const size_t pieces[] = {1, 2, 3, 7, 64};
    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        play_again(script, &(struct script_cut){.piece = pieces[i], .at = SIZE_MAX}, whole);
    }
    for (enum side side = SIDE_CLIENT; side <= SIDE_SERVER; side++) {
        size_t len = script_bytes(script, side);
        for (size_t at = 1; at < len; at += len / cuts_max() + 1) {
            play_again(script, &(struct script_cut){64 * KIB, side, at}, whole);
        }
    }
}

int main(int argc, char **argv) {
    bool print = argc == 3 && strcmp(argv[1], "--print") == 0;
    struct script script;
    struct buf whole;
    if (argc != 2 && !print) {
        fprintf(stderr, "usage: relay_script_runner [--print] FILE\n");
        return 2;
    }
    script_read(&script, argv[argc - 1]);
    buf_init(&whole, 2 * MIB);
    script_play(&script, &(struct script_cut){.piece = 64 * KIB, .at = SIZE_MAX}, &whole);
    if (print) {
        fwrite(buf_slice(&whole).data, 1, buf_len(&whole), stdout);
    } else {
        play_cut(&script, buf_slice(&whole));
    }
    buf_cleanup(&whole);
    script_cleanup(&script);
    wire_end_world();
    return 0;
}
