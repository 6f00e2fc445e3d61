// SPDX-License-Identifier: MIT
// AUTH (RFC 4954): every credential is right, as long as it is well-formed base64.
#include "embedded/embedded_state.h"

#include "base/digest.h"

struct mechanism_info {
    struct slice name;
    const char *challenges[2]; // for the first and second line of the client, base64
    unsigned lines;            // that the client sends, an initial response counted
};

static const struct mechanism_info mechanisms[MECHANISM_COUNT] = {
    [MECHANISM_PLAIN] = {SLICE_INIT("PLAIN"), {""}, 1},
    // "Username:" and "Password:"
    [MECHANISM_LOGIN] = {SLICE_INIT("LOGIN"), {"VXNlcm5hbWU6", "UGFzc3dvcmQ6"}, 2},
    // "<1.1@smtpscope.invalid>": any answer is taken, so a fixed challenge does no harm here
    [MECHANISM_CRAM_MD5] = {SLICE_INIT("CRAM-MD5"), {"PDEuMUBzbXRwc2NvcGUuaW52YWxpZD4="}, 1},
    [MECHANISM_XOAUTH2] = {SLICE_INIT("XOAUTH2"), {""}, 1},
    [MECHANISM_OAUTHBEARER] = {SLICE_INIT("OAUTHBEARER"), {""}, 1},
};

static enum embedded_mechanism mechanism_find(struct slice name) {
    for (int i = MECHANISM_NONE + 1; i < MECHANISM_COUNT; i++) {
        if (slice_equal_nocase(name, mechanisms[i].name)) {
            return (enum embedded_mechanism)i;
        }
    }
    return MECHANISM_NONE;
}

static void end_exchange(struct embedded *embedded, struct buf *out, const char *reply) {
    embedded->mechanism = MECHANISM_NONE;
    embedded->sasl_lines = 0;
    embedded->expects = EXPECT_COMMAND;
    embedded_reply(out, reply);
}

static void challenge(struct embedded *embedded, struct buf *out) {
    const struct mechanism_info *info = &mechanisms[embedded->mechanism];
    embedded->expects = EXPECT_SASL;
    buf_putf(out, "334 %s\r\n", info->challenges[embedded->sasl_lines]);
}

static bool is_base64(struct slice line) {
    struct buf decoded;
    buf_init(&decoded, line.len + 4);
    bool ok = base64_decode(&decoded, line);
    buf_wipe(&decoded);
    return ok;
}

static void take_response(struct embedded *embedded, struct slice response, struct buf *out) {
    if (!is_base64(response)) {
        end_exchange(embedded, out, "501 5.5.2 That is not base64");
        return;
    }
    embedded->sasl_lines++;
    if (embedded->sasl_lines < mechanisms[embedded->mechanism].lines) {
        challenge(embedded, out);
        return;
    }
    embedded->logged_in = true;
    end_exchange(embedded, out, "235 2.7.0 Authentication succeeded");
}

void embedded_sasl(struct embedded *embedded, struct slice line, struct buf *out) {
    if (slice_is(line, "*")) {
        end_exchange(embedded, out, "501 5.7.0 Authentication cancelled");
        return;
    }
    take_response(embedded, line, out);
}

// Why AUTH cannot be now, or NULL.
static const char *refusal(const struct embedded *embedded, struct slice argument) {
    if (embedded->hello != HELLO_EHLO) {
        return "503 5.5.1 EHLO first";
    }
    if (!embedded->tls) {
        return "538 5.7.11 Encryption is required for authentication";
    }
    if (embedded->logged_in) {
        return "503 5.5.1 Already authenticated";
    }
    if (embedded->has_mail) {
        return "503 5.5.1 No authentication within a transaction";
    }
    return argument.len == 0 ? "501 5.5.4 AUTH wants a mechanism" : NULL;
}

void embedded_auth(struct embedded *embedded, struct slice argument, struct buf *out) {
    const char *no = refusal(embedded, argument);
    if (no != NULL) {
        embedded_reply(out, no);
        return;
    }
    struct slice initial = argument;
    embedded->mechanism = mechanism_find(slice_split(&initial, ' '));
    initial = slice_trim(initial);
    if (embedded->mechanism == MECHANISM_NONE) {
        embedded_reply(out, "504 5.5.4 Mechanism not known");
        return;
    }
    embedded->sasl_lines = 0;
    if (initial.len == 0) {
        challenge(embedded, out);
        return;
    }
    // RFC 4954 4: a lone `=` is an initial response of no bytes.
    take_response(embedded, slice_is(initial, "=") ? SLICE("") : initial, out);
}
