// SPDX-License-Identifier: MIT
// event: the shared vocabulary. Everything that is known about a session is expressed as a sequence
// of events: the decoder and the relay make them, the rules read them, the mask takes the secrets
// out, the outputs write them. Nothing downstream looks at wire bytes again.
//
//   smtp/dialogue ─┐                    ┌─▶ text, jsonl, json
//   relay ─────────┼─▶ inspect ─▶ mask ─┼─▶ eml, pcap
//   message ───────┘   (findings)       └─▶ (show, check read them back)
//
// Lifetimes: an event and every slice in it are borrowed, valid during the call that hands them
// over. What is to be kept must be copied.
//
// Order: events of a session come in causal order. The first is EVENT_CONNECT, the last
// EVENT_CLOSE; a finding comes after the event that made it known.
#ifndef SCOPE_EVENT_EVENT_H
#define SCOPE_EVENT_EVENT_H

#include "base/digest.h"
#include "base/limits.h"
#include "base/slice.h"
#include "event/capabilities.h"
#include "event/command.h"
#include "event/session.h"

#include <limits.h>

enum { EVENT_NO_EXCHANGE = -1, EVENT_NO_MESSAGE = 0 };

#define EVENT_UNHEARD UINT_MAX

// ── lines ───────────────────────────────────────────────────────────────────────────────────────

enum line_ending { ENDING_NONE, ENDING_CRLF, ENDING_LF }; // NONE: the stream ended within the line

// A command or reply line, and what was odd about its bytes.
struct event_line {
    struct slice text; // without its line end; at most --max-line bytes of it
    size_t len;        // bytes of the whole line without its line end; > text.len where it was cut
    enum line_ending ending;
    bool has_bare_cr;
    bool has_nul;
    bool has_8bit;
    bool was_no_utf8; // before the mask rewrote it
    // Which ranges of `text` are credentials, in ascending order and apart. A span that reaches
    // text.len of a cut line covers the cut part too. The mask puts eight stars for each.
    struct span secrets[LIMIT_SPANS];
    size_t secret_count;
};

// ── what the events say ─────────────────────────────────────────────────────────────────────────

enum event_kind {
    EVENT_CONNECT,     // server connected, or not (then EVENT_CLOSE follows)
    EVENT_TLS,         // a handshake ended, well or not
    EVENT_COMMAND,     // a client line outside message text
    EVENT_REPLY,       // a whole reply of the server
    EVENT_GREETING,    // a line of the greeting that is not its last, as it comes
    EVENT_AUTH,        // a SASL exchange ended
    EVENT_TEXT,        // one line of message text, as it was sent
    EVENT_CONTENT,     // a run of message bytes, as the client meant them
    EVENT_FIELD,       // a header field, from `message`
    EVENT_FLAW,        // something wrong inside a message, from `message`
    EVENT_DATA,        // progress of a long message
    EVENT_CONTENT_END, // the message's last byte was seen, or will not come
    EVENT_MESSAGE,     // the last answer to a message, or its end without one
    EVENT_BYTES,       // the raw plaintext, in order, for `pcap`
    EVENT_WIRE,        // the raw wire bytes, for `pcapng` only; never through the mask
    EVENT_FINDING,
    EVENT_FAULT, // what the user asked the proxy to put in is put in now
    EVENT_NOTE,  // a happening worth a `### …` line in `text`, and nowhere else
    EVENT_CLOSE,
    EVENT_LOST,   // session 0: an output lost lines
    EVENT_PAUSED, // session 0: recording was off
    EVENT_KIND_COUNT,
};

struct event_connect {
    bool connected; // false: see the close's error
    bool given_up;  // not connected, since the session ended before there was an answer
};

struct event_certificate {
    const char *subject; // RFC 4514
    const char *issuer;
    const char *const *names; // DNS names and addresses of subjectAltName, in its order
    size_t name_count;
    int64_t not_before_unix_ns;
    int64_t not_after_unix_ns;
    char sha256[HEX_SHA256_LEN + 1]; // of the DER
    const char *key;                 // "EC P-256", "RSA 2048", "Ed25519"
    unsigned rsa_bits;               // 0 where the key is not RSA
    bool sha1_signature;
};

// What the handshake of one leg was; strings are NULL and numbers 0 where not known.
struct event_tls {
    enum side side;
    bool starttls;        // else implicit
    const char *version;  // "TLSv1.3"
    bool version_limited; // client side: the server chose it, and the proxy goes no higher
    const char *cipher;   // IANA name
    const char *group;    // "X25519"
    const char *sni;      // of the client's hello; on the server's side what the proxy sent
    const char *alpn;
    bool resumed;
    const char *ja3; // client side only
    const char *ja4;
    // The peer's certificate: the server's, or on the client's side what the client gave.
    const struct event_certificate *certificate;
    size_t chain_len;         // certificates the peer sent, its own included
    bool has_verify;          // the certificate was checked
    bool verify_ok;           // … and holds
    const char *verify_error; // "certificate has expired", and what was not checked; NULL for none
    bool staple;              // an OCSP response was stapled
    bool client_certificate_requested;
    bool client_certificate_given;
    const char *verify_name; // the name that was checked; NULL where none was
    // What is weak in the server's chain above its own certificate.
    unsigned issuer_rsa_bits; // an RSA key that is too small; 0 for none
    bool issuer_sha1_signature;
    // Client side, --verify mirror: what is wrong with the leaf that it was shown; NULL for
    // nothing.
    const char *shown_faults;
    bool shown_by_fault;  // … by a rule of --fault, which is `shown_faults`
    bool shown_bad;       // … and no client that checks goes on with it
    bool shown_untrusted; // … since no client knows its issuer
    // Client side, where it distrusts the certificate that the proxy shows it: that one.
    const struct event_certificate *shown;
    int64_t handshake_ns;
    const char *error;      // a sentence; NULL where the handshake ended well
    int alert;              // the alert that ended it, RFC 8446 6; -1 where there was none
    enum party alert_by;    // who sent it
    bool certificate_alert; // the client's alert, or close, says it distrusts the certificate
    bool sni_missing;       // client side: no SNI though the server has a name
    bool weak_cipher;       // CBC or no forward secrecy
};

// The replies that the client waits for. The decoder knows them; how long one was waited for, and
// whether a client may go on without it, is for the rules.
struct event_due {
    size_t count;     // the greeting's too; where it is 0 the rest says nothing
    int exchange;     // of the oldest: 0 for the greeting
    enum verb verb;   // VERB_NONE for the greeting and a SASL line
    bool final;       // it answers a message …
    int message;      // … this one; else EVENT_NO_MESSAGE
    int64_t since_ns; // when the last byte came of what it answers
};

// A 334 of the server that waits for the client's answer.
enum event_challenge {
    CHALLENGE_NONE,
    CHALLENGE_STRAY,  // of no login: what comes next may be a response all the same
    CHALLENGE_ASKS,   // for a response
    CHALLENGE_REFUSES // for an empty one: it says, in JSON, why the login failed (RFC 7628 3.2.2)
};

// How far the conversation has come, as the decoder knows it.
struct event_progress {
    struct event_due due; // what the client waits for
    enum event_challenge challenge;
    bool greeted; // a whole greeting came, good or bad
    bool quit_answered;
    bool in_text; // the client is within a message that was not given up
    bool saw_421; // the server said one, or a filter in its place
};

// The login that a reply is part of, as the decoder follows it.
struct event_login {
    struct slice mechanism; // upper case; null where it was none, or the reply is of no login
    bool name_asked_again;  // a user name came with AUTH LOGIN, and the server asked for it
};

struct event_command {
    bool by_proxy;          // the proxy said it to the server
    int exchange;           // from 1
    struct command command; // verb, argument and what is in them
    struct event_line line;
    bool pipelined;    // sent before the reply to the command before it
    bool continuation; // a SASL line
    bool concealed;    // shown as nothing but a mask: verb and argument are unknown
    bool not_smtp;     // so far the client does not look like one that speaks SMTP
    bool begun;        // the server answered before the line had ended: as far as it came
    bool unread;       // to the mask alone: credentials passed that were not read
    bool in_reply;     // part of the server's reply had come when the client began it
    bool tls;          // inside TLS
    // AUTH and SASL lines: why the response is malformed (no base64, PLAIN without its two NULs),
    // in words without any of its bytes; NULL where it is not.
    const char *sasl_flaw;
    const char *sasl_doubt; // … and what may be the reason if the server refuses it
    unsigned heard;         // how many replies the client had got when it began the line
    bool after_421;         // … and one of them was a 421
    struct event_due due;   // what was due before it
    enum event_challenge answers;
    // What the client knew when it sent the line; NULL before the first EHLO reply on this layer.
    // The capabilities of the latest EHLO reply *received before the command was sent*.
    const struct capabilities *offered;
};

struct event_reply_line {
    struct event_line line;
    struct slice text; // after code and separator
    bool malformed;    // not three digits and SP, hyphen or end
    bool code_differs; // its code is not the first line's
};

struct event_reply {
    bool by_proxy;    // the proxy said it to the client
    int to;           // the exchange it answers: 0 for the greeting, EVENT_NO_EXCHANGE for none
    unsigned ordinal; // the client's first reply is 1; EVENT_UNHEARD where the client never got it
    int code;         // of the last line, 0 where no line had one
    struct slice enhanced; // "5.7.8"; null where there is none or none is read
    const struct event_reply_line *lines;
    size_t line_count;
    size_t emitted_lines;    // of the greeting, that went out as EVENT_GREETING before
    bool incomplete;         // the connection ended within it
    bool cut;                // lines past the caps were dropped
    bool final;              // the answer to a message …
    int message;             // … this one; else EVENT_NO_MESSAGE
    bool in_text;            // it came while the client was within a message
    struct slice recipient;  // LMTP: whose answer this is; null else
    enum verb verb;          // of the command answered; VERB_NONE for the greeting or none
    bool continuation_reply; // answers a SASL line
    bool proves_client;      // by what it answers, the client has shown that it speaks SMTP
    struct event_login login;
    int64_t latency_ns; // since the command's (or message's) last byte; -1 for the greeting
    bool tls;
    const struct capabilities *offered; // set on a positive reply to EHLO or LHLO, else NULL
    const struct capabilities *current; // the latest on this layer; NULL before
};

// Sent only while the client has said nothing, so no secret can be in it.
struct event_greeting {
    struct event_line line;
};

enum auth_outcome { AUTH_SUCCEEDED, AUTH_FAILED, AUTH_DEFERRED, AUTH_CANCELLED, AUTH_UNFINISHED };
const char *auth_outcome_name(enum auth_outcome outcome);

struct event_auth {
    int exchange;           // of the AUTH command
    struct slice mechanism; // as sent, upper case
    struct slice identity;  // who; null where not known. The mask hides it unless asked not to.
    enum auth_outcome outcome;
    int code; // 0 where unanswered
};

struct event_text {
    int message;
    struct event_line line; // as sent: dots still stuffed, the final dot too
    bool header;            // before the first empty line
    bool final_dot;
};

struct event_content {
    int message;
    int exchange;       // of DATA or the latest BDAT
    struct slice bytes; // dots unstuffed, chunks joined; any length, cut anywhere
};

struct event_field {
    int message;
    int exchange;       // of DATA or the first BDAT
    struct slice name;  // as sent, without the colon
    struct slice raw;   // the value unfolded: line ends taken out, trimmed
    struct slice value; // raw with RFC 2047 words decoded, UTF-8
    bool cut;           // more of it came than is kept
};

// Something wrong in a message, found where its bytes were read. `detail` is a value to quote.
enum event_flaw_kind {
    FLAW_HEADER_LINE,      // neither `Name: value` nor folded
    FLAW_HEADER_SPACE,     // a space before the colon
    FLAW_HEADER_8BIT,      // raw bytes over 127 in a field; `number` is the first
    FLAW_HEADER_LONG,      // a line over 998 bytes; `number` is its length
    FLAW_MIME_NO_VERSION,  // Content-Type without MIME-Version
    FLAW_MIME_NO_BOUNDARY, // multipart with no boundary parameter
    FLAW_MIME_UNCLOSED,    // a boundary that is never closed
    FLAW_MIME_BASE64,      // a part that does not decode; the detail is the byte that spoils it,
                           // null where one is missing
    FLAW_MIME_QUOTED_PRINTABLE,
    FLAW_BARE_LF, // from `smtp`: `number` is the line, from 1
    FLAW_BARE_CR,
    FLAW_NUL,
    FLAW_LINE_LONG,    // over 1000 bytes with CRLF, unstuffed; `number` is its length
    FLAW_8BIT,         // DATA without BODY=8BITMIME, BDAT without 8BITMIME or BINARYMIME
    FLAW_SMUGGLING,    // `detail` is the look-alike as "LF . CRLF"
    FLAW_DOT,          // one dot not doubled; `number` is the line
    FLAW_DOTS_DOUBLED, // BDAT: lines begin with two dots and none with one; `number` is the first
    FLAW_SMUGGLED_ANSWER, // the server answered as if the message had ended at the look-alike
    FLAW_EARLY_TEXT,      // text came before the 354 to its DATA; sent when that is here
    FLAW_INJECTION,       // plain bytes after STARTTLS in front of the handshake; no message
    FLAW_TLS_RECORD,      // TLS where lines should be, and no line after it; no message
    FLAW_KIND_COUNT
};

struct event_flaw {
    enum side side; // whose bytes they were
    int message;    // EVENT_NO_MESSAGE where it is of none
    int exchange;   // of DATA or BDAT, of STARTTLS
    enum event_flaw_kind kind;
    struct slice detail;
    uint64_t number;
};

struct event_data {
    int message;
    uint64_t bytes; // so far
};

struct event_content_end {
    int message;
    int exchange; // of DATA or the latest BDAT
    bool bdat;
    uint64_t bytes; // as the client meant it
    uint64_t lines; // LFs in it
    char sha256[HEX_SHA256_LEN + 1];
    bool complete;
    bool in_text;      // cut off while the client was within it, and had not given it up
    bool within_chunk; // cut off before the end of a chunk, so that BDAT is due no reply
    bool half_dot;     // cut off within what may have been the final dot
};

struct event_recipient {
    struct slice to; // the address, "" for <>
    const struct event_parameter *parameters;
    size_t parameter_count;
    int code; // of RCPT, or of the recipient's own final answer (LMTP); 0 if unanswered
    bool accepted;
};

struct event_message {
    int message;       // n, from 1 in the session
    int exchange;      // of DATA or of the last BDAT
    struct slice from; // null where no MAIL went before
    const struct event_parameter *from_parameters;
    size_t from_parameter_count;
    const struct event_recipient *recipients;
    size_t recipient_count;
    bool recipients_cut; // more than LIMIT_RECIPIENTS
    bool bdat;           // via BDAT, else DATA
    bool smtputf8;
    struct event_content_end content;
    int code; // 0 where unanswered
    bool accepted;
};

struct event_bytes {
    enum side from;
    struct slice data;
    struct span secrets[LIMIT_SPANS]; // ranges of `data`
    size_t secret_count;
    bool secret_goes_on; // data continues a secret that an earlier event began: not shown again
    bool message_text;   // inside a message: never masked
    bool starttls;       // the STARTTLS line that was answered 220, or that 220
    bool by_proxy;       // said by the proxy in the name of `from`'s opposite; see event_command
    bool aside;          // the server's answer to what the proxy said: the client never saw it
};

struct event_wire {
    enum side leg;
    bool from_peer; // else from the proxy
    struct slice data;
};

enum severity { SEVERITY_INFO, SEVERITY_WARNING, SEVERITY_ERROR };
const char *severity_name(enum severity severity);

struct event_finding {
    const char *rule; // "bare-lf"
    enum severity severity;
    enum party side; // PARTY_NONE for null
    int exchange;    // EVENT_NO_EXCHANGE for null
    int message;     // EVENT_NO_MESSAGE for null
    struct slice text;
    const char *reference; // NULL for null
};

// A rule of --fault acts; its texts are the user's own words.
struct event_fault {
    struct slice point;
    struct slice action;
    int exchange;      // EVENT_NO_EXCHANGE for null
    struct slice rule; // as it was typed
    int64_t holds_ns;  // how long the answer is kept from the client; INT64_MAX for ever
};

struct event_note {
    struct slice text;
};

enum outcome {
    OUTCOME_COMPLETED,
    OUTCOME_CLIENT_CLOSED,
    OUTCOME_SERVER_CLOSED,
    OUTCOME_CONNECT_FAILED,
    OUTCOME_TLS_CLIENT_FAILED,
    OUTCOME_TLS_SERVER_FAILED,
    OUTCOME_TIMEOUT,
    OUTCOME_PROTOCOL,
    OUTCOME_PROXY_STOPPED
};
const char *outcome_name(enum outcome outcome); // "client-closed"

struct event_close {
    enum party by; // who closed first
    enum outcome outcome;
    struct slice error;  // a sentence; null where nothing failed
    struct slice likely; // the most probable cause, of the rules; null where nothing failed
    int64_t duration_ns;
    uint64_t bytes_from_client; // inside TLS
    uint64_t bytes_from_server;
    bool truncated; // the decoder gave up on a part; the mail did not
    // For the rules: how each side ended.
    bool client_close_notify_missing;
    bool server_close_notify_missing;
    bool client_reset;
    bool server_reset;
    bool client_gone; // it closed both ways, and what it was sent after that did not arrive
    bool turned_away; // the client was due no server
    struct event_progress progress;
};

struct event_lost {
    uint64_t count; // lines
    struct slice reason;
};

struct event_paused {
    int64_t from_unix_ns;
    int64_t to_unix_ns;
};

struct event {
    enum event_kind kind;
    const struct event_session *session; // NULL for session 0
    int64_t at_ns;                       // since the session's accept; for session 0 Unix time
    union {
        struct event_connect connect;
        struct event_tls tls;
        struct event_command command;
        struct event_reply reply;
        struct event_greeting greeting;
        struct event_auth auth;
        struct event_text text;
        struct event_content content;
        struct event_field field;
        struct event_flaw flaw;
        struct event_data data;
        struct event_content_end content_end;
        struct event_message message;
        struct event_bytes bytes;
        struct event_wire wire;
        struct event_finding finding;
        struct event_fault fault;
        struct event_note note;
        struct event_close close;
        struct event_lost lost;
        struct event_paused paused;
    };
};

// Wall-clock time of an event.
int64_t event_unix_ns(const struct event *event);
const char *event_kind_name(enum event_kind kind);  // jsonl's name; NULL for those it does not have
enum event_kind event_kind_find(struct slice name); // by that name; EVENT_KIND_COUNT for none

// What takes events: the rules, the mask, the outputs, a test.
struct event_sink {
    void (*take)(void *context, const struct event *event);
    void *context;
};

void event_send(const struct event_sink *sink, const struct event *event);

#endif
