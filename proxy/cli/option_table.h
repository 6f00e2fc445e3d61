// SPDX-License-Identifier: MIT
// option_table: every option, once. The parser reads its words by it, the help prints it, a test
// holds the man page to it. Which row a word of a command means: option_lookup.
#ifndef SCOPE_CLI_OPTION_TABLE_H
#define SCOPE_CLI_OPTION_TABLE_H

#include "cli/options.h"

// How the word after an option is read, and what `struct options` keeps of it.
enum option_kind {
    OPTION_HELP,        // shows the help of the command
    OPTION_VERSION,     // shows the version
    OPTION_FLAG,        // no word: a bool
    OPTION_SET,         // no word: an enum, which becomes `min`
    OPTION_ONCE,        // no word: a session_limit of 1
    OPTION_TEXT,        // any word that is not empty: const char *
    OPTION_COUNT,       // a whole number from `min` to `max`: uint64_t
    OPTION_THREADS,     // the same: unsigned
    OPTION_BYTES,       // the same: size_t
    OPTION_SECONDS,     // a number with up to three decimals, at most `max`: uint64_t of ms
    OPTION_CHOICE,      // one of the words of `argument`: an enum in their order, from `min` on
    OPTION_NAMES,       // words between commas: struct text_list
    OPTION_RULES,       // ids of rules between commas: struct text_list
    OPTION_EXPRESSION,  // the same as OPTION_TEXT, and an expression of `check`
    OPTION_EXPECTATION, // an expression, added to a struct text_list
    OPTION_MODE,        // added to `modes`
    OPTION_FAULT,       // added to `faults`
    OPTION_PORTS,       // `ports`
    OPTION_NETWORKS,    // a `struct networks`
    OPTION_VERSIONS,    // struct tls_version_range
    OPTION_OUTPUT,      // added to `outputs`
    OPTION_ROTATE,      // `rotate_size`, `rotate_keep`
    OPTION_REPORT,      // added to `reports`
    OPTION_SIZE,        // a number of bytes, K, M or G, at least `min`: uint64_t
    OPTION_WEB,         // `web_host`, `web_port`
    OPTION_TOKEN,       // the same as OPTION_TEXT, and a token
};

// The headings of the help, in its order.
enum option_group {
    GROUP_TRAFFIC,
    GROUP_TLS,
    GROUP_FAULTS,
    GROUP_SHOWN,
    GROUP_OUTPUT,
    GROUP_WEB,
    GROUP_VERDICT,
    GROUP_AUDIT,
    GROUP_LIFE,
    GROUP_OTHER,
    GROUP_COUNT
};

struct option_row {
    const char *name;     // "verify", without its dashes
    char letter;          // 'o' for `-o`, 0 for none
    const char *argument; // as the help shows it; NULL where it takes no word
    const char *standard; // the default as the help shows it, and of a number also as it is read;
                          // NULL for none
    const char *help;     // one sentence without its full stop
    enum option_kind kind;
    enum option_group group;
    unsigned commands; // bits 1 << enum cli_command
    size_t offset;     // of what it fills, in struct options
    uint64_t min;
    uint64_t max;
};

const struct option_row *option_table(size_t *out_count);

#endif
