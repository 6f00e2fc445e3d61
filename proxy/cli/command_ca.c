// SPDX-License-Identifier: MIT
#include "base/clock.h"
#include "base/memory.h"
#include "certs/authority.h"
#include "cli/commands.h"
#include "cli/machinery.h"
#include "cli/say.h"

#include <stdlib.h>

static void put_date(struct buf *out, const char *name, int64_t unix_ns) {
    buf_putf(out, "%s", name);
    clock_put_rfc3339(out, unix_ns, CLOCK_SECONDS);
    buf_put_byte(out, '\n');
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
    enum err err = say_out(failure, buf_slice(&text));
    buf_cleanup(&text);
    return err;
}

static enum err act(struct failure *failure, const struct options *options,
                    const struct authority *authority) {
    switch (options->ca_action) {
    case CA_SHOW:
    case CA_RENEW:
        return show(failure, authority);
    case CA_EXPORT:
    case CA_ENV:
        break;
    }
    return fail(failure, ERR_INPUT, "this is not there yet");
}

int command_ca(const struct options *options) {
    struct authority *authority = NULL;
    struct failure failure = {0};
    enum err err = options->ca_action == CA_RENEW
                       ? machinery_renew_authority(&authority, &failure, options)
                       : machinery_open_authority(&authority, &failure, options);
    if (err == OK) {
        err = act(&failure, options, authority);
    }
    authority_free(authority);
    return err == OK ? EXIT_WELL : (int)say_failure(err, &failure);
}
