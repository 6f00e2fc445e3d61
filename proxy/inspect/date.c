// SPDX-License-Identifier: MIT
#include "inspect/date.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/text.h"

enum { SECONDS_OF_DAY = 86400 };

// What is still to be read. White space and comments (CFWS) may come between any two tokens.
struct date_reader {
    struct slice rest;
};

// The bytes of the comment at the start of `s`, 0 where it does not end.
static size_t comment_len(struct slice s) {
    int depth = 0;
    for (size_t i = 0; i < s.len && depth <= LIMIT_COMMENT_DEPTH; i++) {
        if (s.data[i] == '\\') {
            i++;
        } else if (s.data[i] == '(') {
            depth++;
        } else if (s.data[i] == ')' && --depth == 0) {
            return i + 1;
        }
    }
    return 0;
}

static void skip_space(struct date_reader *reader) {
    while (reader->rest.len > 0) {
        uint8_t byte = reader->rest.data[0];
        size_t len = byte == '(' ? comment_len(reader->rest) : text_is_blank(byte);
        if (len == 0) {
            return;
        }
        reader->rest = slice_from(reader->rest, len);
    }
}

static bool take_byte(struct date_reader *reader, uint8_t byte) {
    skip_space(reader);
    if (reader->rest.len == 0 || reader->rest.data[0] != byte) {
        return false;
    }
    reader->rest = slice_from(reader->rest, 1);
    return true;
}

static struct slice take_run(struct date_reader *reader, bool (*belongs)(uint8_t byte)) {
    skip_space(reader);
    size_t len = 0;
    while (len < reader->rest.len && belongs(reader->rest.data[len])) {
        len++;
    }
    struct slice run = slice_sub(reader->rest, 0, len);
    reader->rest = slice_from(reader->rest, len);
    return run;
}

// A number of `min_digits` to `max_digits` digits.
static bool take_number(struct date_reader *reader, unsigned *out, size_t min_digits,
                        size_t max_digits) {
    struct slice run = take_run(reader, text_is_digit);
    uint64_t value;
    if (run.len < min_digits || run.len > max_digits || !text_parse_u64(&value, run, 99999)) {
        return false;
    }
    *out = (unsigned)value;
    return true;
}

// The place of `word` in a list of `count` names, from 0; `count` where it is not there.
static size_t find_name(struct slice word, const char *const *names, size_t count) {
    size_t i = 0;
    while (i < count && !slice_is_nocase(word, names[i])) {
        i++;
    }
    return i;
}

static bool take_day_name(struct date_reader *reader) {
    static const char *const days[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    struct slice word = take_run(reader, text_is_alpha);
    return word.len == 0 || (find_name(word, days, 7) < 7 && take_byte(reader, ','));
}

static bool take_month(struct date_reader *reader, unsigned *out) {
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    size_t month = find_name(take_run(reader, text_is_alpha), months, 12);
    *out = (unsigned)month + 1;
    return month < 12;
}

// RFC 5322 4.3: two digits count from 2000 up to 49, else from 1900; three from 1900.
static bool take_year(struct date_reader *reader, unsigned *out) {
    skip_space(reader);
    size_t before = reader->rest.len;
    if (!take_number(reader, out, 2, 5)) {
        return false;
    }
    size_t digits = before - reader->rest.len;
    if (digits == 2) {
        *out += *out < 50 ? 2000 : 1900;
    } else if (digits == 3) {
        *out += 1900;
    }
    return *out >= 1900;
}

static unsigned days_of_month(unsigned year, unsigned month) {
    static const unsigned days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

static bool take_date(struct date_reader *reader, int64_t *out_s) {
    unsigned day;
    unsigned month;
    unsigned year;
    if (!take_number(reader, &day, 1, 2) || !take_month(reader, &month) ||
        !take_year(reader, &year) || day < 1 || day > days_of_month(year, month)) {
        return false;
    }
    *out_s = clock_days(year, month, day) * SECONDS_OF_DAY;
    return true;
}

static bool take_time(struct date_reader *reader, int64_t *out_s) {
    unsigned hour;
    unsigned minute;
    unsigned second = 0;
    if (!take_number(reader, &hour, 2, 2) || !take_byte(reader, ':') ||
        !take_number(reader, &minute, 2, 2) ||
        (take_byte(reader, ':') && !take_number(reader, &second, 2, 2))) {
        return false;
    }
    *out_s = (int64_t)hour * 3600 + (int64_t)minute * 60 + second;
    return hour < 24 && minute < 60 && second <= 60;
}

static bool take_named_zone(struct date_reader *reader, int64_t *out_s) {
    static const struct {
        const char *name;
        int hours;
    } zones[] = {{"EST", -5}, {"EDT", -4}, {"CST", -6}, {"CDT", -5},
                 {"MST", -7}, {"MDT", -6}, {"PST", -8}, {"PDT", -7}};
    struct slice word = take_run(reader, text_is_alpha);
    *out_s = 0;
    for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++) {
        if (slice_is_nocase(word, zones[i].name)) {
            *out_s = zones[i].hours * 3600;
        }
    }
    // Military letters and unknown names count as -0000 (RFC 5322 4.3); J is none.
    return word.len >= 1 && word.len <= 5 && !slice_is_nocase(word, "J");
}

static bool take_zone(struct date_reader *reader, int64_t *out_s) {
    bool minus = take_byte(reader, '-');
    if (!minus && !take_byte(reader, '+')) {
        return take_named_zone(reader, out_s);
    }
    unsigned zone;
    bool touches = reader->rest.len > 0 && text_is_digit(reader->rest.data[0]);
    if (!touches || !take_number(reader, &zone, 4, 4) || zone % 100 > 59) {
        return false;
    }
    *out_s = (int64_t)(zone / 100) * 3600 + (int64_t)(zone % 100) * 60;
    *out_s = minus ? -*out_s : *out_s;
    return true;
}

bool date_parse(int64_t *out_unix_s, struct slice text) {
    struct date_reader reader = {text};
    int64_t date_s;
    int64_t time_s;
    int64_t zone_s;
    if (!take_day_name(&reader) || !take_date(&reader, &date_s) || !take_time(&reader, &time_s) ||
        !take_zone(&reader, &zone_s)) {
        return false;
    }
    skip_space(&reader);
    *out_unix_s = date_s + time_s - zone_s;
    return reader.rest.len == 0;
}
