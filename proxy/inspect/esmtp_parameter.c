// SPDX-License-Identifier: MIT
#include "inspect/esmtp_parameter.h"

#include "base/text.h"

// ── forms ───────────────────────────────────────────────────────────────────────────────────────

static bool is_digits(struct slice value, size_t max) {
    for (size_t i = 0; i < value.len; i++) {
        if (!text_is_digit(value.data[i])) {
            return false;
        }
    }
    return value.len > 0 && value.len <= max;
}

static bool is_upper_hex(uint8_t byte) {
    return text_hex_value(byte) >= 0 && text_upper(byte) == byte;
}

// RFC 3461 4: printable ASCII but `+` and `=`, which are written as +HH, upper case.
static bool is_xtext(struct slice value) {
    for (size_t i = 0; i < value.len; i++) {
        uint8_t byte = value.data[i];
        if (byte < '!' || byte > '~' || byte == '=') {
            return false;
        }
        if (byte != '+') {
            continue;
        }
        if (i + 2 >= value.len || !is_upper_hex(value.data[i + 1]) ||
            !is_upper_hex(value.data[i + 2])) {
            return false;
        }
        i += 2;
    }
    return !slice_is_null(value);
}

static bool is_size(struct slice value) { // RFC 1870 3
    return is_digits(value, 20);
}

static bool is_body(struct slice value) { // RFC 6152 2, RFC 3030 3
    return slice_is_nocase(value, "7BIT") || slice_is_nocase(value, "8BITMIME") ||
           slice_is_nocase(value, "BINARYMIME");
}

static bool is_ret(struct slice value) { // RFC 3461 4.3
    return slice_is_nocase(value, "FULL") || slice_is_nocase(value, "HDRS");
}

static bool is_envid(struct slice value) { // RFC 3461 4.4
    return value.len > 0 && value.len <= 100 && is_xtext(value);
}

static bool is_notify(struct slice value) { // RFC 3461 4.1
    if (slice_is_nocase(value, "NEVER")) {
        return true;
    }
    while (!slice_is_null(value)) {
        struct slice word = slice_split(&value, ',');
        if (!slice_is_nocase(word, "SUCCESS") && !slice_is_nocase(word, "FAILURE") &&
            !slice_is_nocase(word, "DELAY")) {
            return false;
        }
        if (slice_is_null(value)) {
            return true;
        }
    }
    return false;
}

// utf-8-addr-unitext (RFC 6533 3): UTF-8 and \x{HEX} beside xtext.
static bool is_unitext(struct slice value) {
    for (size_t i = 0; i < value.len; i++) {
        if (value.data[i] <= ' ' || value.data[i] == 0x7f) {
            return false;
        }
    }
    return value.len > 0;
}

static bool is_orcpt(struct slice value) { // RFC 3461 4.2: addr-type ";" xtext
    struct slice type = slice_split(&value, ';');
    if (type.len == 0 || slice_is_null(value) || value.len == 0) {
        return false;
    }
    for (size_t i = 0; i < type.len; i++) {
        if (type.data[i] <= ' ' || type.data[i] >= 0x7f) {
            return false;
        }
    }
    return slice_is_nocase(type, "utf-8") ? is_unitext(value) : is_xtext(value);
}

static bool is_auth(struct slice value) { // RFC 4954 5
    return slice_is(value, "<>") || (value.len > 0 && is_xtext(value));
}

// RFC 2852 4: [-]1*9DIGIT ";" ("N" / "R") ["T"]; with R the time must be above zero.
static bool is_by(struct slice value) {
    struct slice time = slice_split(&value, ';');
    bool negative = slice_starts_with(time, SLICE("-"));
    if (time.len > 0 && (time.data[0] == '-' || time.data[0] == '+')) {
        time = slice_from(time, 1);
    }
    uint64_t seconds;
    bool returns = slice_is_nocase(value, "R") || slice_is_nocase(value, "RT");
    bool notifies = slice_is_nocase(value, "N") || slice_is_nocase(value, "NT");
    return is_digits(time, 9) && text_parse_u64(&seconds, time, UINT64_MAX) &&
           (notifies || (returns && !negative && seconds > 0));
}

static bool is_holdfor(struct slice value) { // RFC 4865 4: its first digit is no 0
    return is_digits(value, 9) && value.data[0] != '0';
}

static bool two_digits(struct slice s, size_t offset, unsigned min, unsigned max) {
    uint64_t value;
    struct slice part = slice_sub(s, offset, 2);
    return part.len == 2 && text_parse_u64(&value, part, max) && value >= min;
}

// RFC 4865 4: an Internet date-time of RFC 3339, 2026-11-22T15:03:11Z, and +HH:MM.
static bool is_holduntil(struct slice value) {
    if (value.len < 20 || !is_digits(slice_sub(value, 0, 4), 4) || value.data[4] != '-' ||
        value.data[7] != '-' || text_upper(value.data[10]) != 'T' || value.data[13] != ':' ||
        value.data[16] != ':' || !two_digits(value, 5, 1, 12) || !two_digits(value, 8, 1, 31) ||
        !two_digits(value, 11, 0, 23) || !two_digits(value, 14, 0, 59) ||
        !two_digits(value, 17, 0, 60)) {
        return false;
    }
    struct slice zone = slice_from(value, 19);
    if (zone.data[0] == '.') {
        size_t digits = 1;
        while (digits < zone.len && text_is_digit(zone.data[digits])) {
            digits++;
        }
        zone = digits > 1 ? slice_from(zone, digits) : SLICE("");
    }
    bool offset = zone.len == 6 && (zone.data[0] == '+' || zone.data[0] == '-') &&
                  zone.data[3] == ':' && two_digits(zone, 1, 0, 23) && two_digits(zone, 4, 0, 59);
    return offset || slice_is_nocase(zone, "Z");
}

static bool is_priority(struct slice value) { // RFC 6710 4.1: -9 to 9
    if (value.len > 0 && value.data[0] == '-') {
        value = slice_from(value, 1);
        return value.len == 1 && value.data[0] >= '1' && value.data[0] <= '9';
    }
    return is_digits(value, 1);
}

static bool is_flag(struct slice value) {
    return slice_is_null(value);
}

// ── the table ───────────────────────────────────────────────────────────────────────────────────

static const struct parameter_info parameters[] = {
    {"SIZE", VERB_MAIL, "SIZE", is_size, "a number of 1 to 20 digits"},
    {"BODY", VERB_MAIL, "8BITMIME", is_body, "7BIT, 8BITMIME or BINARYMIME"},
    {"SMTPUTF8", VERB_MAIL, "SMTPUTF8", is_flag, "the bare word with no value"},
    {"RET", VERB_MAIL, "DSN", is_ret, "FULL or HDRS"},
    {"ENVID", VERB_MAIL, "DSN", is_envid,
     "1 to 100 printable ASCII characters, with + and = written as +2B and +3D"},
    {"NOTIFY", VERB_RCPT, "DSN", is_notify, "NEVER, or a list of SUCCESS, FAILURE and DELAY"},
    {"ORCPT", VERB_RCPT, "DSN", is_orcpt,
     "a type and an address like rfc822;bob@example.com, with + and = written as +2B and +3D"},
    {"AUTH", VERB_MAIL, "AUTH", is_auth, "<> or an address with + and = written as +2B and +3D"},
    {"BY", VERB_MAIL, "DELIVERBY", is_by,
     "seconds (above zero with R), a semicolon, and N or R, like 120;R"},
    {"HOLDFOR", VERB_MAIL, "FUTURERELEASE", is_holdfor, "a number of seconds from 1 to 999999999"},
    {"HOLDUNTIL", VERB_MAIL, "FUTURERELEASE", is_holduntil, "a time like 2026-11-22T15:03:11Z"},
    {"MT-PRIORITY", VERB_MAIL, "MT-PRIORITY", is_priority, "a number from -9 to 9"},
    {"REQUIRETLS", VERB_MAIL, "REQUIRETLS", is_flag, "the bare word with no value"},
};

const struct parameter_info *parameter_find(enum verb verb, struct slice keyword) {
    for (size_t i = 0; i < sizeof(parameters) / sizeof(parameters[0]); i++) {
        if (parameters[i].verb == verb && slice_is_nocase(keyword, parameters[i].keyword)) {
            return &parameters[i];
        }
    }
    return NULL;
}

const char *parameter_extension(const struct parameter_info *info, struct slice value) {
    bool binary =
        slice_is(slice_of_string(info->keyword), "BODY") && slice_is_nocase(value, "BINARYMIME");
    return binary ? "BINARYMIME" : info->extension;
}
