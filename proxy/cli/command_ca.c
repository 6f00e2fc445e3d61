// SPDX-License-Identifier: MIT
#include "base/clock.h"
#include "base/limits.h"
#include "base/memory.h"
#include "certs/authority.h"
#include "certs/bundle.h"
#include "certs/environment.h"
#include "cli/ca_place.h"
#include "cli/commands.h"
#include "cli/console.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const enum bundle_format formats[] = {
    [CA_FORMAT_PEM] = BUNDLE_PEM,
    [CA_FORMAT_DER] = BUNDLE_DER,
    [CA_FORMAT_P12] = BUNDLE_P12,
    [CA_FORMAT_JKS] = BUNDLE_JKS,
};

static void put_date(struct buf *out, const char *name, int64_t unix_ns) {
    buf_putf(out, "%s", name);
    clock_put_rfc3339(out, unix_ns, CLOCK_SECONDS);
    buf_put_byte(out, '\n');
}

static void put_limits(struct buf *out, const struct authority *authority) {
    struct buf hosts;
    buf_init(&hosts, CONSOLE_TEXT_MAX);
    authority_put_hosts(&hosts, authority);
    struct slice names = buf_slice(&hosts);
    if (names.len > 0) {
        buf_putf(out, "limited to   %.*s\n", (int)names.len, (const char *)names.data);
    }
    buf_cleanup(&hosts);
}

static enum err show(struct failure *failure, const struct authority *authority) {
    const struct event_certificate *facts = authority_facts(authority);
    struct buf text;
    buf_init(&text, CONSOLE_TEXT_MAX);
    buf_putf(&text, "certificate  %s\n", authority_certificate_file(authority));
    buf_putf(&text, "subject      %s\n", facts->subject);
    put_date(&text, "valid from   ", facts->not_before_unix_ns);
    put_date(&text, "valid until  ", facts->not_after_unix_ns);
    buf_putf(&text, "key          %s\n", facts->key);
    buf_putf(&text, "sha256       %s\n", facts->sha256);
    put_limits(&text, authority);
    enum err err = console_out_lines(failure, buf_slice(&text));
    buf_cleanup(&text);
    return err;
}

static bool goes_to_standard_output(const struct options *options) {
    return options->ca_out == NULL || strcmp(options->ca_out, "-") == 0;
}

// A terminal would take the bytes of a binary form for orders.
static enum err check_place(struct failure *failure, const struct options *options) {
    bool is_text = options->ca_format == CA_FORMAT_PEM;
    return is_text || !goes_to_standard_output(options) || isatty(STDOUT_FILENO) == 0
               ? OK
               : fail(failure, ERR_USAGE,
                      "ca export: this format is binary, and a terminal cannot show it; name a "
                      "file with --out FILE, or redirect it with > FILE");
}

static enum err write_certificate(struct failure *failure, const struct options *options,
                                  const struct authority *authority) {
    const struct bundle_plan plan = {
        .format = formats[options->ca_format],
        .ca_der = authority_der(authority),
        .now_unix_ns = clock_unix_ns(),
    };
    struct buf bytes;
    buf_init(&bytes, LIMIT_BUNDLE);
    enum err err = check_place(failure, options);
    if (err == OK) {
        err = bundle_put(&bytes, failure, &plan);
    }
    if (err == OK && !goes_to_standard_output(options)) {
        err = console_file(failure, options->ca_out, buf_slice(&bytes), true);
    } else if (err == OK) {
        err = console_out(failure, buf_slice(&bytes));
    }
    buf_cleanup(&bytes);
    return err;
}

static enum err env(struct failure *failure, const struct ca_place *ca) {
    struct environment *environment = NULL;
    enum err err = environment_new(&environment, failure, ca->authority, ca->dir, clock_unix_ns());
    if (err == OK) {
        struct buf text;
        buf_init(&text, CONSOLE_TEXT_MAX);
        environment_put_shell(&text, environment);
        err = console_out(failure, buf_slice(&text));
        buf_cleanup(&text);
    }
    environment_free(environment);
    return err;
}

static enum err act(struct failure *failure, const struct options *options,
                    const struct ca_place *ca) {
    switch (options->ca_action) {
    case CA_SHOW:
    case CA_RENEW:
        return show(failure, ca->authority);
    case CA_EXPORT:
        return write_certificate(failure, options, ca->authority);
    case CA_ENV:
        return env(failure, ca);
    case CA_REMOVE:
        break; // is done without opening it
    }
    return ERR_USAGE;
}

int command_ca(const struct options *options) {
    if (options->ca_action == CA_REMOVE) {
        return command_ca_remove(options);
    }
    struct ca_place ca;
    struct failure failure = {0};
    enum err err = options->ca_action == CA_RENEW ? ca_place_renew(&ca, &failure, options)
                                                  : ca_place_open(&ca, &failure, options);
    if (err == OK) {
        err = act(&failure, options, &ca);
    }
    ca_place_cleanup(&ca);
    return err == OK ? EXIT_WELL : (int)console_failure(err, &failure);
}
