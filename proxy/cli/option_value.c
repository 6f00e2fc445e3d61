// SPDX-License-Identifier: MIT
#include "cli/option_value.h"

#include "base/memory.h"
#include "base/text.h"
#include "cli/suggest.h"
#include "inspect/rule.h"
#include "verdict/expression.h"
#include "web/guard.h"

#include <stdlib.h>
#include <string.h>

static void *member(struct options *options, const struct option_row *row) {
    return (char *)options + row->offset;
}

static enum err wrong(struct failure *failure, const struct option_row *row, const char *word,
                      const char *due) {
    return fail(failure, ERR_USAGE, "--%s: '%s' is %s", row->name, word, due);
}

// ── single values ───────────────────────────────────────────────────────────────────────────────

static enum err read_text(struct options *options, struct failure *failure,
                          const struct option_row *row, const char *word) {
    if (word[0] == '\0') {
        return wrong(failure, row, word, "empty");
    }
    memcpy(member(options, row), &word, sizeof(word));
    return OK;
}

static enum err read_number(uint64_t *out, struct failure *failure, const struct option_row *row,
                            const char *word) {
    if (!text_parse_u64(out, slice_of_string(word), row->max) || *out < row->min) {
        return fail(failure, ERR_USAGE, "--%s: '%s' is not a whole number from %llu to %llu",
                    row->name, word, (unsigned long long)row->min, (unsigned long long)row->max);
    }
    return OK;
}

static enum err read_count(struct options *options, struct failure *failure,
                           const struct option_row *row, const char *word) {
    uint64_t number = 0;
    enum err err = read_number(&number, failure, row, word);
    if (err != OK) {
        return err;
    }
    if (row->kind == OPTION_THREADS) {
        options->threads = (unsigned)number;
    } else if (row->kind == OPTION_BYTES) {
        size_t bytes = (size_t)number;
        memcpy(member(options, row), &bytes, sizeof(bytes));
    } else {
        memcpy(member(options, row), &number, sizeof(number));
    }
    return OK;
}

static enum err read_seconds(struct options *options, struct failure *failure,
                             const struct option_row *row, const char *word) {
    struct slice decimals = slice_of_string(word);
    struct slice whole = slice_split(&decimals, '.');
    uint64_t seconds = 0;
    uint64_t fraction = 0;
    bool good = text_parse_u64(&seconds, whole, row->max);
    if (!slice_is_null(decimals)) {
        good = good && decimals.len <= 3 && text_parse_u64(&fraction, decimals, 999);
        for (size_t i = decimals.len; i < 3; i++) {
            fraction *= 10;
        }
    }
    uint64_t ms = seconds * 1000 + fraction;
    if (!good || (ms == 0 && row->min > 0)) {
        return fail(failure, ERR_USAGE, "--%s: '%s' is not a number of seconds %s to %llu",
                    row->name, word, row->min > 0 ? "above 0, up" : "from 0",
                    (unsigned long long)row->max);
    }
    memcpy(member(options, row), &ms, sizeof(ms));
    return OK;
}

static enum err read_choice(struct options *options, struct failure *failure,
                            const struct option_row *row, const char *word) {
    struct slice rest = slice_of_string(row->argument);
    for (unsigned i = (unsigned)row->min; !slice_is_null(rest); i++) {
        struct slice choice = slice_split(&rest, '|');
        if (slice_is(choice, word)) {
            memcpy(member(options, row), &i, sizeof(i));
            return OK;
        }
    }
    return fail(failure, ERR_USAGE, "--%s: '%s' is not one of %s", row->name, word, row->argument);
}

static enum err read_versions(struct options *options, struct failure *failure,
                              const struct option_row *row, const char *word) {
    struct tls_version_range range;
    if (!tls_version_range_parse(&range, slice_of_string(word))) {
        return wrong(failure, row, word, "not a TLS version or a range of 1.0, 1.1, 1.2, 1.3");
    }
    memcpy(member(options, row), &range, sizeof(range));
    options->tls_client_given |= row->offset == offsetof(struct options, tls_client);
    options->tls_server_given |= row->offset == offsetof(struct options, tls_server);
    return OK;
}

static bool parse_size(uint64_t *out, struct slice word) {
    static const char units[] = "KMG";
    uint64_t unit = 1;
    for (size_t i = 0; word.len > 0 && units[i] != '\0'; i++) {
        if (text_upper(word.data[word.len - 1]) == (uint8_t)units[i]) {
            unit = UINT64_C(1) << (10 * (i + 1));
        }
    }
    struct slice number = unit > 1 ? slice_sub(word, 0, word.len - 1) : word;
    uint64_t count = 0;
    if (!text_parse_u64(&count, number, (uint64_t)INT64_MAX / unit) || count == 0) {
        return false;
    }
    *out = count * unit;
    return true;
}

static enum err read_size(struct options *options, struct failure *failure,
                          const struct option_row *row, const char *word) {
    uint64_t size = 0;
    if (!parse_size(&size, slice_of_string(word))) {
        return wrong(failure, row, word, "not a SIZE: a number of bytes, K, M or G");
    }
    if (size < row->min) {
        return fail(failure, ERR_USAGE, "--%s: '%s' is less than %llu bytes", row->name, word,
                    (unsigned long long)row->min);
    }
    memcpy(member(options, row), &size, sizeof(size));
    return OK;
}

static enum err read_web(struct options *options, struct failure *failure,
                         const struct option_row *row, const char *word) {
    struct failure why;
    free(options->web_host);
    options->web_host = NULL;
    enum err err =
        listen_place_parse(&options->web_host, &options->web_port, &why, slice_of_string(word));
    return err == OK ? OK : fail(failure, err, "--%s: '%s", row->name, why.text);
}

static enum err read_token(struct options *options, struct failure *failure,
                           const struct option_row *row, const char *word) {
    struct failure why;
    enum err err = guard_check_token(&why, word);
    return err == OK ? read_text(options, failure, row, word)
                     : fail(failure, err, "--%s: %s", row->name, why.text);
}

static enum err read_rotate(struct options *options, struct failure *failure,
                            const struct option_row *row, const char *word) {
    struct slice keep = slice_of_string(word);
    struct slice size = slice_split(&keep, ',');
    uint64_t count = options->rotate_keep;
    if (!slice_is_null(keep) && (!text_parse_u64(&count, keep, 9999) || count == 0)) {
        return wrong(failure, row, word, "not a SIZE[,KEEP]: KEEP is a number from 1 to 9999");
    }
    if (!parse_size(&options->rotate_size, size)) {
        return wrong(failure, row, word, "not a SIZE[,KEEP]: SIZE is a number of bytes, K, M or G");
    }
    options->rotate_keep = (unsigned)count;
    return OK;
}

// ── lists ───────────────────────────────────────────────────────────────────────────────────────

void text_list_add(struct text_list *list, struct slice text) {
    list->items = mem_resize(list->items, list->count + 1, sizeof(list->items[0]));
    list->items[list->count++] = mem_string_of(text);
}

static enum err read_names(struct options *options, struct failure *failure,
                           const struct option_row *row, const char *word) {
    struct slice rest = slice_of_string(word);
    while (!slice_is_null(rest)) {
        struct slice name = slice_split(&rest, ',');
        if (name.len == 0) {
            return wrong(failure, row, word, "not a list of names between commas");
        }
        text_list_add(member(options, row), name);
    }
    return OK;
}

static enum err read_rules(struct options *options, struct failure *failure,
                           const struct option_row *row, const char *word) {
    struct slice rest = slice_of_string(word);
    while (!slice_is_null(rest)) {
        struct slice id = slice_split(&rest, ',');
        if (rule_find(id) == RULE_COUNT) {
            return fail(failure, ERR_USAGE,
                        "--%s: '%.*s' is not a rule; smtpscope check --rules lists them", row->name,
                        (int)id.len, (const char *)id.data);
        }
        text_list_add(member(options, row), id);
    }
    return OK;
}

static enum err read_expression(struct options *options, struct failure *failure,
                                const struct option_row *row, const char *word) {
    struct expression *expression = NULL;
    struct failure why = {0};
    bool only = row->kind == OPTION_EXPRESSION;
    enum expression_use use = only ? EXPRESSION_ONLY : EXPRESSION_CHECK;
    enum err err = expression_parse(&expression, &why, word, use);
    expression_free(expression);
    if (err != OK) {
        return fail(failure, ERR_USAGE, "--%s: %s", row->name, why.text);
    }
    if (only) {
        return read_text(options, failure, row, word);
    }
    text_list_add(member(options, row), slice_of_string(word));
    return OK;
}

static void add_mode(struct options *options, struct mode_spec mode) { // takes it
    options->modes = mem_resize(options->modes, options->mode_count + 1, sizeof(mode));
    options->modes[options->mode_count++] = mode;
}

static enum err read_mode(struct options *options, struct failure *failure, const char *word) {
    struct mode_spec mode;
    enum err err = mode_parse(&mode, failure, word);
    if (err == OK) {
        add_mode(options, mode);
    }
    return err;
}

static enum err read_fault(struct options *options, struct failure *failure, const char *word) {
    struct fault_rule rule;
    struct failure reason;
    enum err err = fault_rule_parse(&rule, &reason, word);
    if (err != OK) {
        return fail(failure, err, "--fault: %s", reason.text);
    }
    options->faults =
        mem_resize(options->faults, options->fault_count + 1, sizeof(options->faults[0]));
    options->faults[options->fault_count++] = rule;
    return OK;
}

enum err option_read_server(struct options *options, struct failure *failure, const char *word) {
    struct mode_spec mode;
    enum err err = mode_parse_short(&mode, failure, word);
    if (err == OK) {
        add_mode(options, mode);
    }
    return err;
}

// The first part of a list that is none by itself; the null slice where each is one.
static struct slice bad_port(struct slice list) {
    while (!slice_is_null(list)) {
        struct port_list alone = {0};
        struct slice part = slice_split(&list, ',');
        bool good = port_list_add(&alone, part);
        port_list_cleanup(&alone);
        if (!good) {
            return part;
        }
    }
    return (struct slice){0};
}

static enum err read_ports(struct options *options, struct failure *failure,
                           const struct option_row *row, const char *word) {
    if (port_list_add(&options->ports, slice_of_string(word))) {
        return OK;
    }
    struct slice bad = bad_port(slice_of_string(word));
    if (slice_is_null(bad)) {
        return wrong(failure, row, word, "a list with all in it, which must be its only word");
    }
    bool list = bad.len < strlen(word);
    return fail(failure, ERR_USAGE,
                "--%s: '%.*s'%s%s%s is not a port from 1 to 65535 or a range of them, such as "
                "8000-8999",
                row->name, (int)bad.len, (const char *)bad.data, list ? " in '" : "",
                list ? word : "", list ? "'" : "");
}

static enum err read_networks(struct options *options, struct failure *failure,
                              const struct option_row *row, const char *word) {
    struct networks *networks = member(options, row);
    return networks_add(networks, slice_of_string(word))
               ? OK
               : wrong(failure, row, word,
                       "not a list of addresses and CIDR blocks, such as 10.0.0.0/8,2001:db8::7");
}

// ── outputs and reports ─────────────────────────────────────────────────────────────────────────

// The part of `word` after its first colon, NULL where there is none.
static const char *behind_colon(const char *word) {
    const char *colon = strchr(word, ':');
    return colon == NULL ? NULL : colon + 1;
}

static const struct format_info *find_format(struct slice name) {
    const struct format_info *format = format_at(0);
    for (size_t i = 0; format != NULL && !slice_is(name, format->name); i++) {
        format = format_at(i + 1);
    }
    return format;
}

static bool has_ending(const struct format_info *format, struct slice ending) {
    struct slice known = slice_of_string(format->endings);
    while (!slice_is_null(known)) {
        if (slice_equal_nocase(slice_split(&known, '|'), ending)) {
            return true;
        }
    }
    return false;
}

// `mail.json`: a file whose name says its format. One with a colon is a FORMAT:PATH gone wrong.
static const struct format_info *format_of_file(struct slice word) {
    struct slice rest = word;
    struct slice ending = {0};
    while (!slice_is_null(rest)) {
        ending = slice_split(&rest, '.');
    }
    if (ending.len == word.len || slice_find_byte(word, ':') != SLICE_NONE) {
        return NULL;
    }
    const struct format_info *format = format_at(0);
    for (size_t i = 0; format != NULL && !has_ending(format, ending); i++) {
        format = format_at(i + 1);
    }
    return format;
}

// `yaml:FILE`, or the name of a file that does not say its format.
static enum err unknown_format(struct failure *failure, struct slice word) {
    struct slice rest = word;
    struct slice name = slice_split(&rest, ':');
    struct suggestion suggestion = suggest_for(name);
    for (size_t i = 0; format_at(i) != NULL; i++) {
        suggest_offer(&suggestion, format_at(i)->name);
    }
    bool is_file = slice_is_null(rest) &&
                   (slice_find_byte(name, '.') != SLICE_NONE ||
                    slice_find_byte(name, '/') != SLICE_NONE || suggestion.best == NULL);
    if (slice_starts_with(word, SLICE("--"))) {
        return fail(failure, ERR_USAGE,
                    "--output: the word after it is '%.*s', where FORMAT[:PATH] is expected",
                    (int)word.len, (const char *)word.data);
    }
    if (is_file) {
        return fail(failure, ERR_USAGE,
                    "--output: '%.*s' has no ending of a format; there are " FORMAT_NAMES
                    "as in json:%.*s",
                    (int)word.len, (const char *)word.data, (int)word.len, (const char *)word.data);
    }
    return fail(failure, ERR_USAGE, "--output: there are " FORMAT_NAMES "but no '%.*s'%s",
                (int)name.len, (const char *)name.data, suggest_end(&suggestion).text);
}

static enum err read_output(struct options *options, struct failure *failure,
                            const struct option_row *row, const char *word) {
    struct slice name = slice_of_string(word);
    const struct format_info *known = find_format(slice_split(&name, ':'));
    const char *path = behind_colon(word);
    if (known == NULL) {
        known = format_of_file(slice_of_string(word));
        path = word;
    }
    if (known == NULL) {
        return unknown_format(failure, slice_of_string(word));
    }
    if (path == NULL && known->wants_path) {
        return fail(failure, ERR_USAGE, "--output: '%s' needs a PATH: %s:PATH", word, known->name);
    }
    if (path != NULL &&
        (path[0] == '\0' || (known->framing->shape == SHAPE_FOLDER && strcmp(path, "-") == 0))) {
        return wrong(failure, row, word,
                     path[0] == '\0' ? "without a PATH after its colon" : "a folder, not '-'");
    }
    options->outputs =
        mem_resize(options->outputs, options->output_count + 1, sizeof(options->outputs[0]));
    options->outputs[options->output_count++] =
        (struct output_spec){.format = known, .path = path == NULL ? "-" : path};
    return OK;
}

const char *option_report_name(size_t index) {
    static const char *const kinds[] = {[REPORT_TEXT] = "text",
                                        [REPORT_JSON] = "json",
                                        [REPORT_JUNIT] = "junit",
                                        [REPORT_GITHUB] = "github",
                                        [REPORT_HTML] = "html"};
    return index < sizeof(kinds) / sizeof(kinds[0]) ? kinds[index] : NULL;
}

static enum err read_report(struct options *options, struct failure *failure,
                            const struct option_row *row, const char *word) {
    struct slice rest = slice_of_string(word);
    struct slice name = slice_split(&rest, ':');
    size_t kind = 0;
    while (kind <= REPORT_HTML && !slice_is(name, option_report_name(kind))) {
        kind++;
    }
    const char *path = behind_colon(word);
    if (kind > REPORT_HTML || (path != NULL && path[0] == '\0')) {
        return wrong(failure, row, word,
                     "not a KIND[:FILE] with one of text, json, junit, github, html");
    }
    // The contract: `html:FILE` here, and `text|json|junit|html[:FILE]` of audit.
    if (kind == REPORT_HTML && path == NULL && row->group != GROUP_AUDIT) {
        return fail(failure, ERR_USAGE, "--report: 'html' needs a FILE: html:FILE");
    }
    options->reports =
        mem_resize(options->reports, options->report_count + 1, sizeof(options->reports[0]));
    options->reports[options->report_count++] = (struct report_spec){
        .kind = (enum report_kind)kind,
        .path = path == NULL || strcmp(path, "-") == 0 ? NULL : path,
    };
    return OK;
}

enum err option_read(struct options *options, struct failure *failure, const struct option_row *row,
                     const char *word) {
    // What only says what is a finding (--slow, --ignore) asks for no verdict.
    options->judge = options->judge || (row->group == GROUP_VERDICT && row->kind != OPTION_COUNT &&
                                        row->kind != OPTION_RULES);
    switch (row->kind) {
    case OPTION_HELP:
    case OPTION_VERSION:
        return OK;
    case OPTION_FLAG:
        *(bool *)member(options, row) = true;
        return OK;
    case OPTION_SET: {
        unsigned value = (unsigned)row->min;
        memcpy(member(options, row), &value, sizeof(value));
        return OK;
    }
    case OPTION_ONCE:
        options->session_limit = 1;
        return OK;
    case OPTION_TEXT:
        return read_text(options, failure, row, word);
    case OPTION_COUNT:
    case OPTION_THREADS:
    case OPTION_BYTES:
        return read_count(options, failure, row, word);
    case OPTION_SECONDS:
        return read_seconds(options, failure, row, word);
    case OPTION_CHOICE:
        return read_choice(options, failure, row, word);
    case OPTION_NAMES:
        return read_names(options, failure, row, word);
    case OPTION_RULES:
        return read_rules(options, failure, row, word);
    case OPTION_EXPRESSION:
    case OPTION_EXPECTATION:
        return read_expression(options, failure, row, word);
    case OPTION_MODE:
        return read_mode(options, failure, word);
    case OPTION_FAULT:
        return read_fault(options, failure, word);
    case OPTION_PORTS:
        return read_ports(options, failure, row, word);
    case OPTION_NETWORKS:
        return read_networks(options, failure, row, word);
    case OPTION_VERSIONS:
        return read_versions(options, failure, row, word);
    case OPTION_OUTPUT:
        return read_output(options, failure, row, word);
    case OPTION_ROTATE:
        return read_rotate(options, failure, row, word);
    case OPTION_REPORT:
        return read_report(options, failure, row, word);
    case OPTION_SIZE:
        return read_size(options, failure, row, word);
    case OPTION_WEB:
        return read_web(options, failure, row, word);
    case OPTION_TOKEN:
        return read_token(options, failure, row, word);
    }
    return ERR_USAGE;
}
