// SPDX-License-Identifier: MIT
// runner: plays dialogue files and compares what the decoder says with what they expect: whole,
// byte by byte, and cut at random, each time the same. See README.md.
//
//   dialogue_runner FILE…            test
//   dialogue_runner --print FILE     show what is said
//   dialogue_runner --accept FILE…   write what is said into the files (then read it!)
#include "play.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { RANDOM_CUTS = 1000, BIG = 100000, HUGE = 1000000 };

static void print_lines(FILE *out, const char *mark, const struct script_lines *lines, size_t from,
                        size_t to) {
    for (size_t i = from; i < to; i++) {
        fprintf(out, "%s %s\n", mark, lines->items[i]);
    }
}

// ── comparing ───────────────────────────────────────────────────────────────────────────────────

static bool same_lines(const struct script_lines *expected, const struct script_lines *found,
                       const char *what, const char *how) {
    size_t i = 0;
    while (i < expected->count && i < found->count &&
           strcmp(expected->items[i], found->items[i]) == 0) {
        i++;
    }
    if (i == expected->count && i == found->count) {
        return true;
    }
    fprintf(stderr, "  %s, %s, line %zu:\n    expected: %s\n    found:    %s\n", how, what, i + 1,
            i < expected->count ? expected->items[i] : "(nothing)",
            i < found->count ? found->items[i] : "(nothing)");
    return false;
}

// An expected finding may leave its text out, or give a part of it behind `~`.
static bool finding_fits(const char *expected, const char *found) {
    const char *part = strstr(expected, " ~ ");
    size_t len = part == NULL ? strlen(expected) : (size_t)(part - expected);
    bool starts = strncmp(expected, found, len) == 0 && (found[len] == ' ' || found[len] == '\0');
    return starts && (part == NULL || strstr(found + len, part + 3) != NULL);
}

static bool same_findings(const struct script *script, const struct record *record,
                          const char *how) {
    bool *used = mem_new_array(record->findings.count + 1, sizeof(bool));
    bool ok = true;
    for (size_t i = 0; i < script->findings.count; i++) {
        size_t at = 0;
        while (at < record->findings.count &&
               (used[at] || !finding_fits(script->findings.items[i], record->findings.items[at]))) {
            at++;
        }
        if (at == record->findings.count) {
            fprintf(stderr, "  %s: no such finding: %s\n", how, script->findings.items[i]);
            ok = false;
        } else {
            used[at] = true;
        }
    }
    for (size_t i = 0; i < record->findings.count; i++) {
        if (!used[i]) {
            fprintf(stderr, "  %s: finding not expected: %s\n", how, record->findings.items[i]);
            ok = false;
        }
    }
    free(used);
    return ok;
}

// Each part that is given stands in it, in this order. What has no fault has no cause of one, but
// where the script asks for it: no rule says how long to wait for some replies.
static bool same_likely(const struct script *script, const struct record *record, const char *how) {
    const char *found = record->likely.count > 0 ? record->likely.items[0] : "none";
    bool ok = strcmp(found, "none") == 0 || record->findings.count > 0 || script->likely.count > 0;
    const char *rest = found;
    for (size_t i = 0; ok && i < script->likely.count; i++) {
        rest = strstr(rest, script->likely.items[i]);
        ok = rest != NULL;
        rest = rest == NULL ? "" : rest + strlen(script->likely.items[i]);
    }
    if (!ok) {
        fprintf(stderr, "  %s: likely: %s\n", how, found);
    }
    return ok;
}

static bool judge_record(const struct script *script, const struct record *record,
                         const char *how) {
    bool ok = true;
    if (record->fault[0] != '\0') {
        fprintf(stderr, "  %s: %s\n", how, record->fault);
        ok = false;
    }
    if (script->events.count > 0) {
        ok = same_lines(&script->events, &record->events, "events", how) && ok;
    }
    if (script->bytes.count > 0) {
        ok = same_lines(&script->bytes, &record->bytes, "bytes", how) && ok;
    }
    if (script->findings.count > 0 || script->no_findings) {
        ok = same_findings(script, record, how) && ok;
    }
    ok = same_likely(script, record, how) && ok;
    return ok;
}

// ── one file ────────────────────────────────────────────────────────────────────────────────────

static uint64_t number_of(const char *variable, uint64_t otherwise) {
    const char *text = getenv(variable);
    return text == NULL ? otherwise : strtoull(text, NULL, 10);
}

static bool play_and_judge(const struct script *script, const struct record *whole, enum cut cut,
                           uint64_t seed) {
    struct record record;
    char how[64];
    snprintf(how, sizeof(how), "byte by byte");
    if (cut == CUT_RANDOM) {
        snprintf(how, sizeof(how), "random cuts, DIALOGUE_SEED=%llu", (unsigned long long)seed);
    }
    play(&record, script, cut, seed);
    bool ok = judge_record(script, &record, how);
    ok = ok && same_lines(&whole->events, &record.events, "events against the whole", how) &&
         same_lines(&whole->bytes, &record.bytes, "bytes against the whole", how) &&
         same_lines(&whole->findings, &record.findings, "findings against the whole", how);
    record_free(&record);
    return ok;
}

static size_t script_bytes(const struct script *script) {
    size_t len = 0;
    for (size_t i = 0; i < script->count; i++) {
        len += buf_len(&script->actions[i].bytes);
    }
    return len;
}

static bool test_script(const struct script *script) {
    struct record whole;
    uint64_t cuts = number_of("DIALOGUE_CUTS", RANDOM_CUTS);
    uint64_t seed =
        number_of("DIALOGUE_SEED", (uint64_t)time(NULL) * 1000003u + (uint64_t)getpid());
    cuts = script_bytes(script) > BIG ? 2 : cuts;
    play(&whole, script, CUT_NOT, 0);
    bool ok = judge_record(script, &whole, "whole");
    // A byte at a time would take a minute.
    ok = ok && (script_bytes(script) > HUGE || play_and_judge(script, &whole, CUT_BYTES, 0));
    for (uint64_t i = 0; ok && i < cuts; i++) {
        ok = play_and_judge(script, &whole, CUT_RANDOM, seed + i);
    }
    record_free(&whole);
    return ok;
}

// ── writing ─────────────────────────────────────────────────────────────────────────────────────

static bool is_expectation(const char *line) {
    return strncmp(line, "= ", 2) == 0 || strncmp(line, "~ ", 2) == 0;
}

static void write_record(FILE *out, const struct script *script, const struct record *record) {
    size_t told = 0;
    size_t next = 0;
    for (size_t line = 0; line < script->source_count; line++) {
        if (is_expectation(script->source[line])) {
            continue;
        }
        fprintf(out, "%s\n", script->source[line]);
        while (next < script->count && script->actions[next].line == (int)line) {
            print_lines(out, "=", &record->events, told, record->events_after[next]);
            told = record->events_after[next] > told ? record->events_after[next] : told;
            next++;
        }
    }
    print_lines(out, "=", &record->events, told, record->events.count);
    if (script->bytes.count > 0) {
        print_lines(out, "~", &record->bytes, 0, record->bytes.count);
    }
}

static bool accept_script(const struct script *script) {
    struct record record;
    play(&record, script, CUT_NOT, 0);
    FILE *out = fopen(script->path, "w");
    if (out == NULL) {
        perror(script->path);
        return false;
    }
    write_record(out, script, &record);
    record_free(&record);
    return fclose(out) == 0;
}

static bool print_script(const struct script *script) {
    struct record record;
    play(&record, script, CUT_NOT, 0);
    print_lines(stdout, "=", &record.events, 0, record.events.count);
    print_lines(stdout, "~", &record.bytes, 0, record.bytes.count);
    print_lines(stdout, "!", &record.findings, 0, record.findings.count);
    print_lines(stdout, "likely", &record.likely, 0, record.likely.count);
    record_free(&record);
    return true;
}

int main(int argc, char **argv) {
    bool print = argc > 1 && strcmp(argv[1], "--print") == 0;
    bool accept = argc > 1 && strcmp(argv[1], "--accept") == 0;
    int failed = 0;
    for (int i = print || accept ? 2 : 1; i < argc; i++) {
        struct script script;
        bool ok = script_read(&script, argv[i]);
        ok = ok && (print    ? print_script(&script)
                    : accept ? accept_script(&script)
                             : test_script(&script));
        if (!ok) {
            fprintf(stderr, "failed: %s\n", argv[i]);
            failed++;
        }
        script_free(&script);
    }
    return failed == 0 ? 0 : 1;
}
