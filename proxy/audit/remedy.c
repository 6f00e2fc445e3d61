// SPDX-License-Identifier: MIT
#include "audit/remedy.h"

#include <string.h>

// The more telling first: a mail that names its maker, before the name of an interpreter.
static const struct audit_runtime runtimes[] = {
    {.name = "PHPMailer",
     .agents = "PHPMailer",
     .programs = "php*",
     .endings = ".php",
     .certificate = "take verify_peer, verify_peer_name and allow_self_signed out of SMTPOptions",
     .downgrade = "set SMTPSecure to PHPMailer::ENCRYPTION_STARTTLS; SMTPAutoTLS alone goes on "
                  "without TLS where the server offers none"},
    {.name = "git send-email",
     .agents = "git-send-email",
     .programs = "git|git-send-email",
     .certificate = "set sendemail.smtpSSLCertPath to the file of the roots; an empty one switches "
                    "the check off",
     .downgrade = "set sendemail.smtpEncryption to tls or ssl"},
    {.name = "swaks",
     .agents = "swaks",
     .programs = "swaks",
     .certificate = "add --tls-verify; without it swaks checks no certificate",
     .downgrade = "use --tls instead of --tls-optional"},
    {.name = "mutt",
     .agents = "Mutt|NeoMutt",
     .programs = "mutt|neomutt",
     .certificate = "set ssl_verify_host=yes and ssl_verify_dates=yes",
     .downgrade = "set ssl_force_tls=yes and ssl_starttls=yes"},
    {.name = "nodemailer",
     .agents = "nodemailer",
     .programs = "node|nodejs",
     .endings = ".js|.mjs|.cjs",
     .certificate = "take tls.rejectUnauthorized: false out of the transport's options",
     .downgrade = "set requireTLS: true, or secure: true with port 465"},
    {.name = "curl",
     .programs = "curl",
     .certificate = "take -k (--insecure) out",
     .downgrade = "use --ssl-reqd instead of --ssl"},
    {.name = "msmtp",
     .programs = "msmtp",
     .certificate = "take tls_certcheck off out of the configuration",
     .downgrade = "set tls on"},
    {.name = "JavaMail",
     .programs = "java",
     .endings = ".jar|.java",
     .certificate = "set mail.smtp.ssl.checkserveridentity to true (mail.smtps.… with smtps), and "
                    "take mail.smtp.ssl.trust out",
     .downgrade = "set mail.smtp.starttls.required to true"},
    {.name = "Python smtplib",
     .programs = "python*",
     .endings = ".py",
     .certificate = "give a context: starttls(context=ssl.create_default_context()), or "
                    "SMTP_SSL(host, context=ssl.create_default_context()); without one smtplib "
                    "checks no certificate",
     .downgrade = "let an error of starttls() end the program, before login() and send_message()"},
    {.name = "Ruby Net::SMTP",
     .programs = "ruby*",
     .endings = ".rb",
     .certificate = "take OpenSSL::SSL::VERIFY_NONE (tls_verify: false) out",
     .downgrade = "use enable_starttls instead of enable_starttls_auto"},
    {.name = "Perl Net::SMTP",
     .programs = "perl*",
     .endings = ".pl",
     .certificate = "take SSL_verify_mode => 0 (SSL_VERIFY_NONE) out",
     .downgrade = "end where starttls() returns false"},
    {.name = "Go net/smtp",
     .programs = "go",
     .endings = ".go",
     .certificate = "take InsecureSkipVerify: true out of the tls.Config, and set its ServerName",
     .downgrade = "call StartTLS, and end on its error"},
};

enum { RUNTIME_COUNT = sizeof(runtimes) / sizeof(runtimes[0]) };

// ── which one ───────────────────────────────────────────────────────────────────────────────────

enum word_match { MATCHES_START, MATCHES_NAME, MATCHES_END };

static bool fits(struct slice word, struct slice pattern, enum word_match match) {
    bool open = pattern.len > 0 && pattern.data[pattern.len - 1] == '*';
    if (match == MATCHES_START || (match == MATCHES_NAME && open)) {
        return slice_starts_with_nocase(word,
                                        open ? slice_sub(pattern, 0, pattern.len - 1) : pattern);
    }
    return match == MATCHES_END ? slice_ends_with_nocase(word, pattern)
                                : slice_equal(word, pattern);
}

static bool is_one_of(const char *list, struct slice word, enum word_match match) {
    struct slice rest = slice_of_string(list);
    bool one = false;
    while (!slice_is_null(rest) && !slice_is_null(word) && !one) {
        one = fits(word, slice_split(&rest, '|'), match);
    }
    return one;
}

static const struct audit_runtime *find_agent(struct slice agent) {
    size_t i = 0;
    while (i < RUNTIME_COUNT && !is_one_of(runtimes[i].agents, agent, MATCHES_START)) {
        i++;
    }
    return i < RUNTIME_COUNT ? &runtimes[i] : NULL;
}

static const struct audit_runtime *find_program(struct slice program) {
    size_t i = 0;
    while (i < RUNTIME_COUNT && !is_one_of(runtimes[i].programs, program, MATCHES_NAME)) {
        i++;
    }
    return i < RUNTIME_COUNT ? &runtimes[i] : NULL;
}

static const struct audit_runtime *find_ending(struct slice word) {
    size_t i = 0;
    while (i < RUNTIME_COUNT && !is_one_of(runtimes[i].endings, word, MATCHES_END)) {
        i++;
    }
    return i < RUNTIME_COUNT ? &runtimes[i] : NULL;
}

static const struct audit_runtime *of_message(const struct audit_trial *control) {
    const struct record_message *message = audit_delivered(control);
    const struct audit_runtime *runtime = NULL;
    for (size_t i = 0; message != NULL && i < message->field_count && runtime == NULL; i++) {
        const struct record_field *field = &message->fields[i];
        if (slice_equal_nocase(field->name, SLICE("User-Agent")) ||
            slice_equal_nocase(field->name, SLICE("X-Mailer"))) {
            runtime = find_agent(slice_trim(field->value));
        }
    }
    return runtime;
}

static const struct audit_runtime *of_process(const struct audit_trial *control) {
    const struct audit_runtime *runtime = NULL;
    for (size_t i = 0; i < control->session_count && runtime == NULL; i++) {
        runtime = find_program(slice_of_string(control->sessions[i]->session.client.program));
    }
    return runtime;
}

static const struct audit_runtime *of_command(char *const *command) {
    const char *slash = strrchr(command[0], '/');
    const struct audit_runtime *runtime =
        find_program(slice_of_string(slash == NULL ? command[0] : slash + 1));
    for (size_t i = 0; command[i] != NULL && runtime == NULL; i++) {
        runtime = find_ending(slice_of_string(command[i]));
    }
    return runtime;
}

const struct audit_runtime *audit_runtime_find(char *const *command,
                                               const struct audit_trial *control) {
    const struct audit_runtime *runtime = of_message(control);
    if (runtime == NULL) {
        runtime = of_process(control);
    }
    return runtime == NULL ? of_command(command) : runtime;
}

// ── what to do ──────────────────────────────────────────────────────────────────────────────────

static bool has_bad(const struct audit_row *rows, size_t count, enum audit_group group) {
    for (size_t i = 0; i < count; i++) {
        enum audit_verdict verdict = rows[i].ruling.verdict;
        if (audit_case_group(rows[i].of) == group &&
            (verdict == AUDIT_FAIL || verdict == AUDIT_WEAK)) {
            return true;
        }
    }
    return false;
}

void audit_remedies(const struct audit_runtime *runtime, const struct audit_row *rows, size_t count,
                    void (*put)(void *context, const char *remedy), void *context) {
    if (runtime != NULL && has_bad(rows, count, AUDIT_CERTIFICATE)) {
        put(context, runtime->certificate);
    }
    if (runtime != NULL && has_bad(rows, count, AUDIT_DOWNGRADE)) {
        put(context, runtime->downgrade);
    }
}
