// SPDX-License-Identifier: MIT
#include "smtp/command_parse.h"

#include "base/lines.h"
#include "base/text.h"

static const struct slice null_slice = {0};

struct slice command_word(struct slice line) {
    struct slice rest = slice_trim_left(lines_without_crs(line));
    return slice_take_word(&rest);
}

enum verb command_verb(struct slice line) {
    return verb_find(command_word(line));
}

// ── AUTH ────────────────────────────────────────────────────────────────────────────────────────

static void parse_auth(struct command *out, struct slice line) {
    command_auth_parts(&out->mechanism, &out->initial, line);
    if (!slice_is_null(out->initial)) {
        out->initial = slice_trim_right(out->initial);
        out->initial = out->initial.len > 0 ? out->initial : null_slice;
    }
}

// ── parameters ──────────────────────────────────────────────────────────────────────────────────

// What is compared with what came before it is not to cost more with each parameter.
static void take_parameters(struct command *out, struct slice rest) {
    struct event_parameter parameter;
    size_t count = 0;
    rest = slice_trim_left(rest);
    out->parameters = rest.len > 0 ? rest : null_slice;
    while (count < LIMIT_PARAMETERS && command_next_parameter(&parameter, &rest)) {
        count++;
    }
    out->parameters.len -= rest.len;
}

// ── paths (RFC 5321 4.1.2: Path, Mailbox) ───────────────────────────────────────────────────────

// The end of the quoted string that begins at `at`; beyond the end of `s` where it is not closed.
static size_t quoted_end(struct slice s, size_t at) {
    at++;
    while (at < s.len && s.data[at] != '"') {
        at += s.data[at] == '\\' ? 2 : 1;
    }
    return at + 1;
}

// The length of a path in which a quote is never closed: it quotes nothing.
static size_t unquoted_path_len(struct slice s, bool brackets) {
    for (size_t i = 0; i < s.len; i++) {
        bool ends = brackets && s.data[i] == '>';
        if (ends || text_is_blank(s.data[i])) {
            return ends ? i + 1 : i;
        }
    }
    return s.len;
}

// The length of the path at the front of `s`. A quoted local part may hold `>` and blanks; where
// the `>` is missing, the path ends at the first blank outside quotes.
static size_t path_len(struct slice s, bool brackets) {
    size_t blank = SLICE_NONE;
    size_t i = 0;
    while (i < s.len && (brackets || blank == SLICE_NONE)) {
        uint8_t byte = s.data[i];
        if (brackets && byte == '>') {
            return i + 1;
        }
        blank = text_is_blank(byte) && blank == SLICE_NONE ? i : blank;
        i = byte == '"' ? quoted_end(s, i) : i + 1;
    }
    if (i > s.len) {
        return unquoted_path_len(s, brackets);
    }
    return blank != SLICE_NONE ? blank : s.len;
}

static size_t find_unquoted(struct slice s, uint8_t wanted, bool last) {
    size_t found = SLICE_NONE;
    size_t i = 0;
    while (i < s.len && (last || found == SLICE_NONE)) {
        found = s.data[i] == wanted ? i : found;
        i = s.data[i] == '"' ? quoted_end(s, i) : i + 1;
    }
    return found;
}

static void split_address(struct event_path *path) {
    if (path->address.len > 0 && path->address.data[0] == '@') {
        size_t colon = find_unquoted(path->address, ':', false);
        if (colon != SLICE_NONE) {
            path->route = slice_sub(path->address, 0, colon);
            path->address = slice_from(path->address, colon + 1);
        }
    }
    size_t at = find_unquoted(path->address, '@', true);
    path->local = slice_sub(path->address, 0, at);
    path->domain = at == SLICE_NONE ? null_slice : slice_from(path->address, at + 1);
}

// `FROM:` or `TO:` and the path after it. What comes after the path is returned.
static struct slice parse_path(struct event_path *path, struct slice argument,
                               struct slice keyword) {
    struct slice rest = argument;
    if (slice_starts_with_nocase(rest, keyword)) {
        struct slice after = slice_trim_left(slice_from(rest, keyword.len));
        if (after.len > 0 && after.data[0] == ':') {
            rest = slice_from(after, 1);
            path->keyword = true;
        }
    }
    struct slice start = slice_trim_left(rest);
    path->space_before = path->keyword && start.len < rest.len && start.len > 0;
    if (start.len == 0) {
        return start;
    }
    bool opened = start.data[0] == '<';
    path->present = true;
    path->raw = slice_sub(start, 0, path_len(start, opened));
    path->brackets = opened && path->raw.len >= 2 && path->raw.data[path->raw.len - 1] == '>';
    path->address = slice_from(path->raw, opened ? 1 : 0);
    path->address.len -= path->brackets ? 1 : 0;
    split_address(path);
    return slice_from(start, path->raw.len);
}

static void parse_mailbox(struct command *out, struct slice keyword) {
    if (!slice_is_null(out->argument)) {
        take_parameters(out, parse_path(&out->path, out->argument, keyword));
    }
}

// ── BDAT (RFC 3030 2): `BDAT 1000` or `BDAT 1000 LAST` ──────────────────────────────────────────

static void parse_chunk(struct command *out) {
    struct slice rest = out->argument;
    struct slice size = slice_is_null(rest) ? SLICE("") : slice_take_word(&rest);
    out->chunk_valid = text_parse_u64(&out->chunk_len, size, UINT64_MAX);
    out->chunk_last = out->chunk_valid && slice_is_nocase(slice_trim_right(rest), "LAST");
}

// BURL (RFC 4468 3): `BURL url` or `BURL url LAST`.
static void parse_burl(struct command *out) {
    struct slice rest = slice_is_null(out->argument) ? SLICE("") : out->argument;
    slice_take_word(&rest);
    out->chunk_last = slice_is_nocase(slice_trim_right(rest), "LAST");
}

// ── the line ────────────────────────────────────────────────────────────────────────────────────

static void parse_details(struct command *out, struct slice line) {
    if (out->verb == VERB_MAIL || out->verb == VERB_SEND || out->verb == VERB_SOML ||
        out->verb == VERB_SAML) {
        parse_mailbox(out, SLICE("FROM"));
    } else if (out->verb == VERB_RCPT) {
        parse_mailbox(out, SLICE("TO"));
    } else if (out->verb == VERB_BDAT) {
        parse_chunk(out);
    } else if (out->verb == VERB_BURL) {
        parse_burl(out);
    } else if (command_is_auth_like(line)) {
        parse_auth(out, line);
    } else if ((out->verb == VERB_XCLIENT || out->verb == VERB_XFORWARD) &&
               !slice_is_null(out->argument)) {
        take_parameters(out, out->argument);
    }
}

void command_parse(struct command *out, struct slice line) {
    // Of a line that ends in CR CR LF the CR is a fault of its own, and no part of the last word.
    line = lines_without_crs(line);
    struct slice rest = slice_trim_left(line);
    out->name = slice_take_word(&rest);
    out->verb = verb_find(out->name);
    rest = slice_trim_right(rest);
    out->argument = rest.len > 0 ? rest : null_slice;
    out->path = (struct event_path){0};
    out->parameters = out->mechanism = out->initial = null_slice;
    out->chunk_len = 0;
    out->chunk_last = out->chunk_valid = false;
    parse_details(out, line);
    size_t hidden = command_find_hidden_auth(line);
    if (slice_is_null(out->mechanism) && hidden != SLICE_NONE) {
        parse_auth(out, slice_from(line, hidden));
    }
}
