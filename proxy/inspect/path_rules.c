// SPDX-License-Identifier: MIT
// The paths of MAIL and RCPT (RFC 5321 3.3, 4.1.2, 4.5.3.1).
#include "base/limits.h"
#include "inspect/themes.h"

#include <string.h>

// The length of a local part without the quotes and backslashes that only wrap it.
static size_t local_len(struct slice local) {
    if (local.len < 2 || local.data[0] != '"') {
        return local.len;
    }
    size_t len = 0;
    for (size_t i = 1; i + 1 < local.len; i++, len++) {
        i += local.data[i] == '\\' && i + 2 < local.len;
    }
    return len;
}

// `<a@example.com,b@example.com>`: a comma between two @, neither in quotes. A source route has its
// first @ in front.
static bool names_several(struct slice raw) {
    bool quoted = false;
    bool at = false;
    bool comma = false;
    for (size_t i = 1; i < raw.len && raw.data[1] != '@'; i++) {
        quoted ^= raw.data[i] == '"' && raw.data[i - 1] != '\\';
        comma |= at && !quoted && (raw.data[i] == ',' || raw.data[i] == ';');
        bool here = raw.data[i] == '@' && !quoted;
        if (here && comma) {
            return true;
        }
        at |= here;
    }
    return false;
}

// The length of the quoted string that `s` begins with; 0 for none.
static size_t quoted_len(struct slice s) {
    for (size_t i = 1; i < s.len && s.data[0] == '"'; i++) {
        if (s.data[i] == '"') {
            return i + 1;
        }
        i += s.data[i] == '\\';
    }
    return 0;
}

// `MAIL FROM:Bob <bob@example.com>`, `RCPT TO:"Bob" <bob@example.net>`, `<Bob <bob@example.net>>`
static bool has_name_in_front(const struct event_command *command) {
    struct slice argument = command->command.argument;
    struct slice rest = slice_trim(slice_from(argument, slice_find_byte(argument, ':') + 1));
    size_t open = slice_find_byte(rest, '<');
    bool again = open == 0;
    if (again) { // what is quoted may hold a `<` or `@` of its own
        rest = slice_from(rest, 1);
        rest = slice_from(rest, quoted_len(rest));
        open = slice_find_byte(rest, '<');
    }
    size_t at = slice_find_byte(rest, '@');
    bool before = open != SLICE_NONE && open > 0 && (at == SLICE_NONE || open < at);
    return before && slice_find_byte(rest, '>') != SLICE_NONE;
}

// What is wrong with the path, as the end of a sentence; NULL if nothing is.
static const char *fault_of(const struct event_path *path, const char *keyword,
                            bool names_in_front) {
    static const struct slice postmaster = SLICE_INIT("postmaster");
    if (!path->present) {
        return "has no address; one in angle brackets is due, like <bob@example.com>";
    }
    if (!path->keyword) {
        return keyword;
    }
    if (path->space_before) {
        return "has a space after the colon; RFC 5321 3.3 allows none, and strict servers refuse "
               "it";
    }
    if (names_in_front) {
        return "has a name in front of the address; the address in angle brackets is all that "
               "belongs there, names go into the header";
    }
    if (!path->brackets && slice_starts_with(path->raw, SLICE("<"))) {
        return "has an address with no > after it; < and > must enclose it";
    }
    if (!path->brackets) {
        return "has an address with no angle brackets around it; < and > must enclose it";
    }
    if (path->raw.len > 1 && path->raw.data[1] == '<') { // `<<a@example.com>>`
        return "has its address in angle brackets twice; one pair is due, like <bob@example.com>";
    }
    if (names_several(path->raw)) {
        return "has several addresses in one pair of angle brackets; one is due, each further "
               "recipient in an RCPT of its own, each further author in the From header alone";
    }
    if (!slice_is_null(path->route)) {
        return "has a source route (@relay:), which is obsolete; give the address alone";
    }
    bool empty = path->address.len == 0;
    if (!empty && path->domain.len == 0 && !slice_equal_nocase(path->address, postmaster)) {
        return "has an address with no domain; user@example.com is due";
    }
    return NULL;
}

static void judge_lengths(struct analysis *analysis, const struct event_command *command) {
    const struct event_path *path = &command->command.path;
    const char *verb = command->command.verb == VERB_MAIL ? "MAIL" : "RCPT";
    size_t local = local_len(path->local);
    if (local > LIMIT_LOCAL_PART) {
        analysis_say(analysis, RULE_PATH_SYNTAX, place_of_command(command),
                     "The local part of the address in %s is %zu bytes long, where %d are allowed",
                     verb, local, LIMIT_LOCAL_PART);
    } else if (path->domain.len > LIMIT_DOMAIN) {
        analysis_say(analysis, RULE_PATH_SYNTAX, place_of_command(command),
                     "The domain of the address in %s is %zu bytes long, where %d are allowed",
                     verb, path->domain.len, LIMIT_DOMAIN);
    } else if (path->raw.len > LIMIT_PATH) {
        analysis_say(analysis, RULE_PATH_SYNTAX, place_of_command(command),
                     "The path in %s is %zu bytes long with its brackets, where %d are allowed",
                     verb, path->raw.len, LIMIT_PATH);
    }
}

void path_judge(struct analysis *analysis, const struct event *event) {
    if (event->kind != EVENT_COMMAND || event->command.continuation) {
        return;
    }
    const struct event_command *command = &event->command;
    bool mail = command->command.verb == VERB_MAIL;
    size_t colon = slice_find_byte(command->command.argument, ':');
    if (!mail && command->command.verb != VERB_RCPT) {
        return;
    }
    struct event_path path = command->command.path;
    path.keyword = path.keyword && colon == (mail ? strlen("FROM") : strlen("TO"));
    const char *fault = fault_of(&path,
                                 mail ? "has no FROM: with its colon right after it"
                                      : "has no TO: with its colon right after it",
                                 has_name_in_front(command));
    if (fault != NULL) {
        analysis_say(analysis, RULE_PATH_SYNTAX, place_of_command(command), "%s %s",
                     quote_of_command(analysis, command).text, fault);
    } else {
        judge_lengths(analysis, command);
    }
}
