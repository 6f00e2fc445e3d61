// SPDX-License-Identifier: MIT
#include "base/clock.h"
#include "base/memory.h"
#include "certs/authority.h"
#include "certs/bundle.h"
#include "certs/environment.h"
#include "cli/app_context.h"
#include "cli/commands.h"
#include "cli/console.h"

#include <stdlib.h>
#include <string.h>

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
    buf_init(&hosts, MIB);
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
    buf_init(&text, MIB);
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

static enum err write_certificate(struct failure *failure, const struct options *options,
                                  const struct authority *authority) {
    const struct bundle_plan plan = {
        .format = formats[options->ca_format],
        .ca_der = authority_der(authority),
        .now_unix_ns = clock_unix_ns(),
    };
    struct buf bytes;
    buf_init(&bytes, BUNDLE_MAX);
    enum err err = bundle_put(&bytes, failure, &plan);
    if (err == OK && options->ca_out != NULL && strcmp(options->ca_out, "-") != 0) {
        err = console_file(failure, options->ca_out, buf_slice(&bytes), true);
    } else if (err == OK) {
        err = console_out(failure, buf_slice(&bytes));
    }
    buf_cleanup(&bytes);
    return err;
}

static enum err env(struct failure *failure, const struct options *options,
                    const struct authority *authority) {
    char *dir = app_context_ca_dir(options);
    struct environment *environment = NULL;
    enum err err = environment_new(&environment, failure, authority, dir, clock_unix_ns());
    if (err == OK) {
        struct buf text;
        buf_init(&text, MIB);
        environment_put_shell(&text, environment);
        err = console_out(failure, buf_slice(&text));
        buf_cleanup(&text);
    }
    environment_free(environment);
    free(dir);
    return err;
}

static enum err act(struct failure *failure, const struct options *options,
                    const struct authority *authority) {
    switch (options->ca_action) {
    case CA_SHOW:
    case CA_RENEW:
        return show(failure, authority);
    case CA_EXPORT:
        return write_certificate(failure, options, authority);
    case CA_ENV:
        return env(failure, options, authority);
    }
    return ERR_USAGE;
}

int command_ca(const struct options *options) {
    struct authority *authority = NULL;
    struct failure failure = {0};
    enum err err = options->ca_action == CA_RENEW
                       ? app_context_renew_authority(&authority, &failure, options)
                       : app_context_open_authority(&authority, &failure, options);
    if (err == OK) {
        err = act(&failure, options, authority);
    }
    authority_free(authority);
    return err == OK ? EXIT_WELL : (int)console_failure(err, &failure);
}
