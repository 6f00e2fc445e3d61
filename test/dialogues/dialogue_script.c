// SPDX-License-Identifier: MIT
#include "dialogue_script.h"

#include "base/memory.h"
#include "base/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { BYTES_MAX = 512 * 1024 * 1024 };

void script_lines_add(struct script_lines *lines, const char *text) {
    lines->items = mem_resize(lines->items, lines->count + 1, sizeof(char *));
    lines->items[lines->count++] = mem_string(text);
}

void script_lines_free(struct script_lines *lines) {
    for (size_t i = 0; i < lines->count; i++) {
        free(lines->items[i]);
    }
    free(lines->items);
    *lines = (struct script_lines){0};
}

// ── escapes ─────────────────────────────────────────────────────────────────────────────────────

static const char *put_escape(struct buf *out, const char *at);

static const char *put_unit(struct buf *out, const char *at) {
    if (*at == '\\') {
        return put_escape(out, at + 1);
    }
    buf_put_byte(out, (uint8_t)*at);
    return at + 1;
}

// `{COUNT:text}`
static const char *put_repeated(struct buf *out, const char *at) {
    char *behind = NULL;
    unsigned long count = strtoul(at + 1, &behind, 10);
    struct buf once;
    buf_init(&once, BYTES_MAX);
    const char *end = behind + (*behind == ':');
    while (*end != '\0' && *end != '}') {
        end = put_unit(&once, end);
    }
    for (unsigned long i = 0; i < count; i++) {
        buf_put(out, buf_slice(&once));
    }
    buf_cleanup(&once);
    return *end == '}' ? end + 1 : end;
}

static const char *put_escape(struct buf *out, const char *at) {
    switch (*at) {
    case 'r':
        buf_put_byte(out, '\r');
        return at + 1;
    case 'n':
        buf_put_byte(out, '\n');
        return at + 1;
    case 't':
        buf_put_byte(out, '\t');
        return at + 1;
    case '0':
        buf_put_byte(out, 0);
        return at + 1;
    case 'x':
        buf_put_byte(
            out, (uint8_t)(text_hex_value((uint8_t)at[1]) * 16 + text_hex_value((uint8_t)at[2])));
        return at + 3;
    case '{':
        return put_repeated(out, at);
    case '\0':
        return at;
    default:
        buf_put_byte(out, (uint8_t)*at);
        return at + 1;
    }
}

static void put_unescaped(struct buf *out, const char *text) {
    while (*text != '\0') {
        text = put_unit(out, text);
    }
}

// ── lines of the file ───────────────────────────────────────────────────────────────────────────

static bool starts(const char *line, const char *prefix, const char **out_rest) {
    size_t len = strlen(prefix);
    if (strncmp(line, prefix, len) != 0) {
        return false;
    }
    *out_rest = line + len;
    return true;
}

static struct action *add_action(struct script *script, enum action_kind kind, int line,
                                 int64_t at_ns) {
    script->actions = mem_resize(script->actions, script->count + 1, sizeof(script->actions[0]));
    struct action *action = &script->actions[script->count++];
    *action = (struct action){.kind = kind, .line = line, .at_ns = at_ns};
    buf_init(&action->bytes, BYTES_MAX);
    return action;
}

static bool read_send(struct script *script, const char *line, int number, int64_t at_ns) {
    const char *rest = NULL;
    bool whole = starts(line, "C: ", &rest) || starts(line, "S: ", &rest);
    bool part = !whole && (starts(line, "C- ", &rest) || starts(line, "S- ", &rest));
    bool empty = strcmp(line, "C:") == 0 || strcmp(line, "S:") == 0;
    if (!whole && !part && !empty) {
        return false;
    }
    struct action *action = add_action(script, ACTION_SEND, number, at_ns);
    action->side = line[0] == 'C' ? SIDE_CLIENT : SIDE_SERVER;
    put_unescaped(&action->bytes, empty ? "" : rest);
    if (!part) {
        buf_put_string(&action->bytes, "\r\n");
    }
    return true;
}

static bool read_tls(struct script *script, const char *line, int number, int64_t at_ns) {
    const char *rest = NULL;
    if (!starts(line, "TLS ", &rest)) {
        return false;
    }
    bool both = strncmp(rest, "both", 4) == 0;
    bool failed = strstr(rest, " failed") != NULL;
    if (both || strncmp(rest, "client", 6) == 0) {
        struct action *action = add_action(script, ACTION_TLS, number, at_ns);
        action->side = SIDE_CLIENT;
        action->failed = failed;
        action->words = mem_string(rest);
    }
    if (both || strncmp(rest, "server", 6) == 0) {
        struct action *action = add_action(script, ACTION_TLS, number, at_ns);
        action->side = SIDE_SERVER;
        action->failed = failed;
        action->words = mem_string(rest);
    }
    return true;
}

static bool read_other(struct script *script, const char *line, int number, int64_t at_ns) {
    const char *rest = NULL;
    if (starts(line, "P> ", &rest)) {
        put_unescaped(&add_action(script, ACTION_PROXY_COMMAND, number, at_ns)->bytes, rest);
    } else if (starts(line, "P< ", &rest)) {
        put_unescaped(&add_action(script, ACTION_PROXY_REPLY, number, at_ns)->bytes, rest);
    } else if (starts(line, "VIEW ", &rest)) {
        add_action(script, ACTION_VIEW, number, at_ns)->view =
            strcmp(rest, "added") == 0    ? STARTTLS_ADDED
            : strcmp(rest, "hidden") == 0 ? STARTTLS_HIDDEN
                                          : STARTTLS_AS_OFFERED;
    } else if (starts(line, "CONNECT failed", &rest)) {
        add_action(script, ACTION_CONNECT, number, at_ns)->failed = true;
    } else if (starts(line, "CLOSE ", &rest)) {
        struct action *action = add_action(script, ACTION_CLOSE, number, at_ns);
        action->side = strncmp(rest, "server", 6) == 0 ? SIDE_SERVER : SIDE_CLIENT;
        action->by_proxy = strncmp(rest, "proxy", 5) == 0;
        action->words = mem_string(rest);
    } else {
        return read_tls(script, line, number, at_ns);
    }
    return true;
}

static bool read_expected(struct script *script, const char *line) {
    const char *rest = NULL;
    if (starts(line, "= ", &rest)) {
        script_lines_add(&script->events, rest);
    } else if (starts(line, "~ ", &rest)) {
        script_lines_add(&script->bytes, rest);
    } else if (starts(line, "! ", &rest)) {
        script_lines_add(&script->findings, rest);
    } else if (starts(line, "secret ", &rest)) {
        script_lines_add(&script->secrets, rest);
    } else if (starts(line, "likely ", &rest)) {
        script_lines_add(&script->likely, rest);
    } else if (strcmp(line, "findings none") == 0) {
        script->no_findings = true;
    } else {
        return false;
    }
    return true;
}

static bool read_setting(struct script *script, const char *line, int64_t *at_ns) {
    const char *rest = NULL;
    if (starts(line, "max-line ", &rest)) {
        script->max_line = strtoul(rest, NULL, 10);
    } else if (starts(line, "slow ", &rest)) {
        script->slow_ns = strtol(rest, NULL, 10) * 1000000;
    } else if (starts(line, "AT ", &rest)) {
        *at_ns = strtol(rest, NULL, 10) * 1000000;
    } else if (starts(line, "server ", &rest)) {
        sscanf(rest, "%63s %" SCNu16, script->server, &script->port);
    } else {
        return false;
    }
    return true;
}

static bool read_line(struct script *script, const char *line, int64_t *at_ns) {
    int number = (int)script->source_count;
    if (line[0] == '\0' || line[0] == '#' || read_expected(script, line) ||
        read_setting(script, line, at_ns)) {
        return true;
    }
    if (read_send(script, line, number, *at_ns) || read_other(script, line, number, *at_ns)) {
        *at_ns += 1000000;
        return true;
    }
    fprintf(stderr, "%s:%d: what is this? %s\n", script->path, number + 1, line);
    return false;
}

bool script_read(struct script *script, const char *path) {
    *script = (struct script){.path = mem_string(path),
                              .max_line = LIMIT_LINE_DEFAULT,
                              .slow_ns = 5000000000,
                              .server = "192.0.2.7",
                              .port = 25};
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        perror(path);
        return false;
    }
    char *line = NULL;
    size_t capacity = 0;
    ssize_t len = 0;
    int64_t at_ns = 1000000;
    bool ok = true;
    while ((len = getline(&line, &capacity, file)) >= 0) {
        while (len > 0 && line[len - 1] == '\n') {
            line[--len] = '\0';
        }
        ok = read_line(script, line, &at_ns) && ok;
        script->source = mem_resize(script->source, script->source_count + 1, sizeof(char *));
        script->source[script->source_count++] = mem_string(line);
    }
    free(line);
    fclose(file);
    return ok;
}

void script_free(struct script *script) {
    for (size_t i = 0; i < script->count; i++) {
        buf_cleanup(&script->actions[i].bytes);
        free(script->actions[i].words);
    }
    for (size_t i = 0; i < script->source_count; i++) {
        free(script->source[i]);
    }
    free(script->source);
    free(script->actions);
    free(script->path);
    script_lines_free(&script->events);
    script_lines_free(&script->bytes);
    script_lines_free(&script->findings);
    script_lines_free(&script->likely);
    script_lines_free(&script->secrets);
}
