// SPDX-License-Identifier: MIT
#include "base/clock.h"

#include "base/text.h"

#include <time.h>

struct date {
    int64_t year;
    unsigned month;
    unsigned day;
};

// Howard Hinnant, "chrono-compatible low-level date algorithms": days_from_civil, civil_from_days.
int64_t clock_days(int64_t year, unsigned month, unsigned day) {
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * ((int64_t)month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static struct date date_of_days(int64_t days) {
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t doe = days - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    unsigned month = (unsigned)(mp < 10 ? mp + 3 : mp - 9);
    return (struct date){yoe + era * 400 + (month <= 2), month,
                         (unsigned)(doy - (153 * mp + 2) / 5 + 1)};
}

static int64_t floor_div(int64_t a, int64_t b) {
    return a / b - (a % b < 0);
}

// Writes a number below 100 with two digits. Times are in each line of each output, and printf
// takes longer for one than all the rest of the line.
static void set_two(char *at, int64_t value) {
    at[0] = (char)('0' + value / 10);
    at[1] = (char)('0' + value % 10);
}

enum { DATE_LEN = 10 };

static void set_date(char *at, int64_t days) {
    struct date date = date_of_days(days);
    set_two(at, date.year / 100);
    set_two(at + 2, date.year % 100);
    set_two(at + 5, date.month);
    set_two(at + 8, date.day);
}

void clock_put_date(struct buf *out, int64_t unix_ns) {
    char text[] = "0000-00-00";
    set_date(text, floor_div(unix_ns, 86400 * NS_PER_S));
    buf_put(out, slice_of(text, DATE_LEN));
}

static void set_microseconds(char *at, int64_t us) {
    set_two(at, us / 10000);
    set_two(at + 2, us / 100 % 100);
    set_two(at + 4, us % 100);
}

void clock_put_rfc3339(struct buf *out, int64_t unix_ns, enum clock_precision precision) {
    static const size_t fraction_len[] = {
        [CLOCK_MILLISECONDS] = 4, [CLOCK_MICROSECONDS] = 7, [CLOCK_SECONDS] = 0};
    int64_t seconds = floor_div(unix_ns, NS_PER_S);
    int64_t days = floor_div(seconds, 86400);
    int64_t of_day = seconds - days * 86400;
    char text[] = "0000-00-00T00:00:00.000000Z";
    size_t len = DATE_LEN + sizeof("T00:00:00") - 1 + fraction_len[precision];
    set_date(text, days);
    set_two(text + DATE_LEN + 1, of_day / 3600);
    set_two(text + DATE_LEN + 4, of_day / 60 % 60);
    set_two(text + DATE_LEN + 7, of_day % 60);
    set_microseconds(text + DATE_LEN + 10, (unix_ns - seconds * NS_PER_S) / NS_PER_US);
    text[len] = 'Z';
    buf_put(out, slice_of(text, len + 1));
}

// Takes a number of exactly `digits` digits, and `separator` after it unless that is 0.
static bool take_number(int64_t *out, struct slice *s, size_t digits, uint8_t separator) {
    uint64_t value = 0;
    if (!text_parse_u64(&value, slice_sub(*s, 0, digits), INT64_MAX) || s->len < digits) {
        return false;
    }
    *s = slice_from(*s, digits);
    *out = (int64_t)value;
    if (separator == 0) {
        return true;
    }
    if (s->len == 0 || text_upper(s->data[0]) != separator) {
        return false;
    }
    *s = slice_from(*s, 1);
    return true;
}

static int64_t take_fraction_ns(struct slice *s) {
    int64_t fraction_ns = 0;
    int64_t unit_ns = NS_PER_S / 10;
    if (s->len == 0 || s->data[0] != '.') {
        return 0;
    }
    *s = slice_from(*s, 1);
    while (s->len > 0 && text_is_digit(s->data[0])) {
        fraction_ns += unit_ns * (s->data[0] - '0');
        unit_ns /= 10;
        *s = slice_from(*s, 1);
    }
    return fraction_ns;
}

static bool parse_offset_s(int64_t *out, struct slice s) {
    int64_t hours = 0;
    int64_t minutes = 0;
    *out = 0;
    if (slice_is_nocase(s, "Z")) {
        return true;
    }
    if (s.len == 0 || (s.data[0] != '+' && s.data[0] != '-')) {
        return false;
    }
    bool west = s.data[0] == '-';
    s = slice_from(s, 1);
    if (!take_number(&hours, &s, 2, ':') || !take_number(&minutes, &s, 2, 0) || s.len > 0) {
        return false;
    }
    *out = (hours * 3600 + minutes * 60) * (west ? -1 : 1);
    return true;
}

bool clock_parse_rfc3339(int64_t *out_unix_ns, struct slice s) {
    int64_t year, month, day, hour, minute, second, offset_s;
    if (!take_number(&year, &s, 4, '-') || !take_number(&month, &s, 2, '-') ||
        !take_number(&day, &s, 2, 'T') || !take_number(&hour, &s, 2, ':') ||
        !take_number(&minute, &s, 2, ':') || !take_number(&second, &s, 2, 0)) {
        return false;
    }
    int64_t fraction_ns = take_fraction_ns(&s);
    if (month < 1 || month > 12 || day < 1 || day > 31 || !parse_offset_s(&offset_s, s)) {
        return false;
    }
    int64_t days = clock_days(year, (unsigned)month, (unsigned)day);
    int64_t seconds = days * 86400 + hour * 3600 + minute * 60 + second - offset_s;
    if (seconds < INT64_MIN / NS_PER_S + 1 || seconds > INT64_MAX / NS_PER_S - 1) {
        return false; // nanoseconds reach from 1677 to 2262
    }
    *out_unix_ns = seconds * NS_PER_S + fraction_ns;
    return true;
}

static int64_t read_clock(clockid_t id) {
    struct timespec now;
    clock_gettime(id, &now);
    return now.tv_sec * NS_PER_S + now.tv_nsec;
}

int64_t clock_unix_ns(void) {
    return read_clock(CLOCK_REALTIME);
}

int64_t clock_monotonic_ns(void) {
    return read_clock(CLOCK_MONOTONIC);
}

uint64_t clock_monotonic_ms(void) {
    return (uint64_t)(clock_monotonic_ns() / NS_PER_MS);
}
