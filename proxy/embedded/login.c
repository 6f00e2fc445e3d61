// SPDX-License-Identifier: MIT
// AUTH (RFC 4954): every credential is right, as long as it is well-formed base64.
#include "embedded/embedded_state.h"

#include "base/digest.h"

// Of the mechanisms that are offered.
static const struct {
    unsigned lines;            // that the client sends, an initial response counted
    const char *challenges[2]; // for the first and second line of the client, base64
} mechanisms[] = {
    [SASL_MECHANISM_PLAIN] = {1, {""}},
    // "Username:" and "Password:"
    [SASL_MECHANISM_LOGIN] = {2, {"VXNlcm5hbWU6", "UGFzc3dvcmQ6"}},
    // "<1.1@smtpscope.invalid>": any answer is taken, so a fixed challenge does no harm here
    [SASL_MECHANISM_CRAM_MD5] = {1, {"PDEuMUBzbXRwc2NvcGUuaW52YWxpZD4="}},
    [SASL_MECHANISM_XOAUTH2] = {1, {""}},
    [SASL_MECHANISM_OAUTHBEARER] = {1, {""}},
};

static bool is_offered(const struct embedded *embedded, struct slice name) {
    enum sasl_mechanism mechanism = sasl_mechanism_find(name);
    return mechanism < sizeof(mechanisms) / sizeof(mechanisms[0]) &&
           mechanisms[mechanism].lines > 0 && embedded_offers_mechanism(embedded, name);
}

static void leave_exchange(struct embedded *embedded) {
    embedded->mechanism = SASL_MECHANISM_UNKNOWN;
    embedded->sasl_lines = 0;
    embedded_expect(embedded, EXPECT_COMMAND);
}

static void end_exchange(struct embedded *embedded, struct buf *out, const char *reply) {
    leave_exchange(embedded);
    embedded_reply(embedded, out, reply);
}

// Every credential is right, but where the traits say otherwise.
static void end_login(struct embedded *embedded, struct buf *out) {
    const struct embedded_traits *traits = embedded->config.traits;
    struct slice own = slice_of_string(traits == NULL ? NULL : traits->login_answer);
    leave_exchange(embedded);
    embedded->logged_in = own.len == 0 || slice_starts_with(own, SLICE("235"));
    if (own.len > 0) {
        buf_put(out, own);
    } else {
        embedded_reply(embedded, out, "235 2.7.0 Authentication succeeded");
    }
}

static void challenge(struct embedded *embedded, struct buf *out) {
    const struct embedded_traits *traits = embedded->config.traits;
    bool odd = traits != NULL && traits->challenge != NULL;
    embedded_expect(embedded, EXPECT_SASL);
    buf_putf(out, "334 %s\r\n",
             odd ? traits->challenge
                 : mechanisms[embedded->mechanism].challenges[embedded->sasl_lines]);
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
    end_login(embedded, out);
}

void embedded_sasl(struct embedded *embedded, struct slice line, struct buf *out) {
    if (slice_is(line, "*")) {
        end_exchange(embedded, out, "501 5.7.0 Authentication cancelled");
        return;
    }
    take_response(embedded, line, out);
}

// Why AUTH cannot be now, or NULL.
static const char *refusal(const struct embedded *embedded, const struct command *command) {
    if (embedded->hello != HELLO_EHLO) {
        return "503 5.5.1 EHLO first";
    }
    if (!embedded_takes_auth(embedded)) {
        return "538 5.7.11 Encryption is required for authentication";
    }
    if (embedded->logged_in) {
        return "503 5.5.1 Already authenticated";
    }
    if (embedded->has_mail) {
        return "503 5.5.1 No authentication within a transaction";
    }
    if (slice_is_null(command->mechanism)) {
        return "501 5.5.4 AUTH needs a mechanism";
    }
    return is_offered(embedded, command->mechanism) ? NULL : "504 5.5.4 Mechanism not known";
}

void embedded_auth(struct embedded *embedded, const struct command *command, struct buf *out) {
    const char *no = refusal(embedded, command);
    if (no != NULL) {
        embedded_reply(embedded, out, no);
        return;
    }
    embedded->mechanism = sasl_mechanism_find(command->mechanism);
    embedded->sasl_lines = 0;
    if (slice_is_null(command->initial)) {
        challenge(embedded, out);
        return;
    }
    // RFC 4954 4: a lone `=` is an initial response of no bytes.
    take_response(embedded, slice_is(command->initial, "=") ? SLICE("") : command->initial, out);
}
