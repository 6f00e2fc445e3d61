// SPDX-License-Identifier: MIT
// The header and MIME structure of a message (RFC 5322, RFC 2045). What is wrong is noted as the
// message streams by and said when it is whole: a message that was cut off is not judged.
#include "base/clock.h"
#include "base/limits.h"
#include "base/memory.h"
#include "inspect/date.h"
#include "inspect/mail_address.h"
#include "inspect/remarks.h"
#include "inspect/themes.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { SECONDS_OF_DAY = 86400 };

// The fields that may occur once (RFC 5322 3.6).
enum once {
    ONCE_DATE,
    ONCE_FROM,
    ONCE_SENDER,
    ONCE_REPLY_TO,
    ONCE_TO,
    ONCE_CC,
    ONCE_BCC,
    ONCE_MESSAGE_ID,
    ONCE_IN_REPLY_TO,
    ONCE_REFERENCES,
    ONCE_SUBJECT,
    ONCE_MIME_VERSION, // RFC 2045 3
    ONCE_CONTENT_TYPE,
    ONCE_CONTENT_TRANSFER_ENCODING,
    ONCE_COUNT
};

static const char *const once_names[ONCE_COUNT] = {
    [ONCE_DATE] = "Date",
    [ONCE_FROM] = "From",
    [ONCE_SENDER] = "Sender",
    [ONCE_REPLY_TO] = "Reply-To",
    [ONCE_TO] = "To",
    [ONCE_CC] = "Cc",
    [ONCE_BCC] = "Bcc",
    [ONCE_MESSAGE_ID] = "Message-ID",
    [ONCE_IN_REPLY_TO] = "In-Reply-To",
    [ONCE_REFERENCES] = "References",
    [ONCE_SUBJECT] = "Subject",
    [ONCE_MIME_VERSION] = "MIME-Version",
    [ONCE_CONTENT_TYPE] = "Content-Type",
    [ONCE_CONTENT_TRANSFER_ENCODING] = "Content-Transfer-Encoding",
};

struct message_notes {
    int message; // under way; EVENT_NO_MESSAGE for none
    int exchange;
    bool smtputf8;
    bool ended; // its end was seen; said after the last event that belongs to it
    bool complete;
    bool bdat;
    unsigned seen[ONCE_COUNT];
    struct remarks notes;
};

static struct message_notes *notes_of(struct analysis *analysis) {
    if (analysis->message == NULL) {
        analysis->message = mem_new(sizeof(*analysis->message));
    }
    return analysis->message;
}

static void clear(struct message_notes *notes) {
    remarks_cleanup(&notes->notes);
    *notes = (struct message_notes){.message = EVENT_NO_MESSAGE};
}

void message_notes_free(struct message_notes *notes) {
    if (notes != NULL) {
        clear(notes);
        free(notes);
    }
}

// ── fields ──────────────────────────────────────────────────────────────────────────────────────

static void note_date_off(struct analysis *analysis, const struct event *event, int64_t off_s) {
    int64_t days = (off_s > 0 ? off_s : -off_s) / SECONDS_OF_DAY;
    char text[FINDING_TEXT_MAX];
    struct buf now;
    buf_init(&now, 64);
    clock_put_rfc3339(&now, event_unix_ns(event), CLOCK_SECONDS);
    snprintf(text, sizeof(text),
             "The Date '%s' is %" PRId64 " day%s %s the time of the session, %.*s; the client's "
             "clock may be wrong",
             quote_of(analysis, event->field.raw).text, days, days == 1 ? "" : "s",
             off_s > 0 ? "ahead of" : "behind", (int)buf_len(&now),
             (const char *)buf_slice(&now).data);
    buf_cleanup(&now);
    remarks_add_mild(&analysis->message->notes, RULE_DATE_MALFORMED, text);
}

static void judge_date(struct analysis *analysis, const struct event *event) {
    int64_t date_s;
    if (!date_parse(&date_s, event->field.raw)) {
        remarks_add(&analysis->message->notes, RULE_DATE_MALFORMED,
                    "The Date '%s' is no date; one like 'Sun, 22 Nov 2026 15:03:11 +0100' is due",
                    quote_of(analysis, event->field.raw).text);
        return;
    }
    int64_t off_s = date_s - event_unix_ns(event) / NS_PER_S;
    if (off_s > SECONDS_OF_DAY || off_s < -SECONDS_OF_DAY) {
        note_date_off(analysis, event, off_s);
    }
}

// The length of what begins at `at`: a quoted string, beyond the end where it is not closed, or one
// byte.
static size_t id_token_len(struct slice id, size_t at) {
    if (id.data[at] != '"') {
        return 1;
    }
    size_t end = at + 1;
    while (end < id.len && id.data[end] != '"') {
        end += id.data[end] == '\\' ? 2 : 1;
    }
    return end + 1 - at;
}

// `<left@right>`, with white space and comments around it.
static bool is_message_id(struct slice id) {
    id = slice_trim(id);
    size_t open = slice_find_byte(id, '<');
    bool comment = open != SLICE_NONE && open > 0 && id.data[0] == '(';
    if (open == SLICE_NONE || (open > 0 && !comment)) {
        return false;
    }
    id = slice_from(id, open + 1);
    size_t at = SLICE_NONE;
    for (size_t i = 0; i < id.len; i += id_token_len(id, i)) {
        uint8_t byte = id.data[i];
        if (byte == '>') {
            struct slice rest = slice_trim(slice_from(id, i + 1));
            bool clean = rest.len == 0 || rest.data[0] == '(';
            return clean && at != SLICE_NONE && at > 0 && i > at + 1;
        }
        bool second_at = byte == '@' && at != SLICE_NONE;
        if (byte <= ' ' || byte == '<' || byte == 0x7f || second_at) {
            return false;
        }
        at = byte == '@' ? i : at;
    }
    return false;
}

static void judge_message_id(struct analysis *analysis, const struct event_field *field) {
    if (!is_message_id(field->raw)) {
        remarks_add(&analysis->message->notes, RULE_MESSAGE_ID_MALFORMED,
                    "The Message-ID '%s' is not of the form <left@right>",
                    quote_of(analysis, field->raw).text);
    }
}

static void judge_bcc(struct analysis *analysis, const struct event_field *field) {
    struct buf address;
    struct slice rest = field->raw;
    buf_init(&address, LIMIT_ADDRESS);
    if (address_next(&address, &rest)) {
        remarks_add(
            &analysis->message->notes, RULE_BCC_LEAKED,
            "The message has a Bcc field that names %s; every recipient can read it, so take the "
            "field out before sending",
            quote_of(analysis, buf_slice(&address)).text);
    }
    buf_cleanup(&address);
}

static void judge_field(struct analysis *analysis, const struct event *event) {
    const struct event_field *field = &event->field;
    for (int i = 0; i < ONCE_COUNT; i++) {
        analysis->message->seen[i] += slice_is_nocase(field->name, once_names[i]);
    }
    if (field->cut) {
        return; // what is kept of it says nothing about its form
    }
    if (slice_is_nocase(field->name, "Date")) {
        judge_date(analysis, event);
    } else if (slice_is_nocase(field->name, "Message-ID")) {
        judge_message_id(analysis, field);
    } else if (slice_is_nocase(field->name, "Bcc")) {
        judge_bcc(analysis, field);
    }
}

// ── flaws ───────────────────────────────────────────────────────────────────────────────────────

static void judge_header_flaw(struct analysis *analysis, const struct event_flaw *flaw) {
    struct remarks *notes = &analysis->message->notes;
    if (flaw->kind == FLAW_HEADER_LINE) {
        remarks_add(
            notes, RULE_HEADER_MALFORMED,
            "The header has the line '%s', which is neither 'Name: value' nor the folded rest of "
            "a field; an empty line must separate header and body",
            quote_of(analysis, flaw->detail).text);
    } else if (flaw->kind == FLAW_HEADER_SPACE) {
        remarks_add(notes, RULE_HEADER_MALFORMED,
                    "The header field %s has a space before its colon; there may be none",
                    quote_of(analysis, flaw->detail).text);
    } else if (flaw->kind == FLAW_HEADER_8BIT && !analysis->message->smtputf8) {
        remarks_add(notes, RULE_HEADER_8BIT,
                    "The header field %s has raw bytes over 127, the first of them 0x%02X; outside "
                    "SMTPUTF8 they must be encoded as in =?UTF-8?Q?=C3=A4?= (RFC 2047)",
                    quote_of(analysis, flaw->detail).text, (unsigned)flaw->number);
    } else if (flaw->kind == FLAW_HEADER_LONG) {
        bool named = flaw->detail.len > 0;
        remarks_add(notes, RULE_HEADER_LINE_LONG,
                    "A line of the header%s%s is %" PRIu64
                    " bytes long, where 998 are allowed; fold it",
                    named ? " field " : "", named ? quote_of(analysis, flaw->detail).text : "",
                    flaw->number);
    }
}

static void join_mime(struct remarks *notes, const char *text) {
    remarks_join(notes, RULE_MIME_INCOMPLETE, "The MIME structure is not whole", text);
}

static void judge_mime_flaw(struct analysis *analysis, const struct event_flaw *flaw) {
    struct remarks *notes = &analysis->message->notes;
    struct quote value = quote_of(analysis, flaw->detail);
    char text[MIME_NOTE_MAX];
    if (flaw->kind == FLAW_MIME_NO_VERSION) {
        join_mime(notes, "the message has Content-Type but no 'MIME-Version: 1.0', so readers may "
                         "show it raw");
    } else if (flaw->kind == FLAW_MIME_NO_BOUNDARY) {
        snprintf(text, sizeof(text),
                 "a Content-Type of %s has no boundary parameter, so its parts cannot be separated "
                 "apart",
                 flaw->detail.len > 0 ? value.text : "multipart");
        join_mime(notes, text);
    } else if (flaw->kind == FLAW_MIME_UNCLOSED) {
        snprintf(text, sizeof(text), "the multipart boundary %s is never closed by --%s--",
                 value.text, value.text);
        join_mime(notes, text);
    } else if (flaw->kind == FLAW_MIME_BASE64 && flaw->detail.len == 0) {
        join_mime(notes, "a part that says base64 is no multiple of 4 characters long");
    } else if (flaw->kind == FLAW_MIME_BASE64) {
        snprintf(text, sizeof(text), "a part that says base64 is none from its byte '%s' on",
                 value.text);
        join_mime(notes, text);
    } else if (flaw->kind == FLAW_MIME_QUOTED_PRINTABLE) {
        snprintf(text, sizeof(text),
                 "a part that says quoted-printable has %s after a =, where two hex digits or a "
                 "line end are due",
                 flaw->detail.len > 0 ? value.text : "half a code");
        join_mime(notes, text);
    }
}

// ── the whole message ───────────────────────────────────────────────────────────────────────────

static void judge_missing(struct analysis *analysis, struct place place) {
    static const char without_id[] = "should have one, or filters take it for spam and replies "
                                     "cannot be threaded";
    const unsigned *seen = notes_of(analysis)->seen;
    bool id = seen[ONCE_MESSAGE_ID] > 0;
    const char *what = seen[ONCE_FROM] > 0   ? "no Date field"
                       : seen[ONCE_DATE] > 0 ? "no From field"
                                             : "no Date and no From field";
    if (seen[ONCE_DATE] == 0 || seen[ONCE_FROM] == 0) {
        analysis_say(analysis, RULE_HEADER_MISSING, place,
                     "The message has %s; both Date and From must be there%s%s", what,
                     id ? "" : "; it has no Message-ID either, and ", id ? "" : without_id);
    } else if (!id) {
        analysis_say_mild(analysis, RULE_HEADER_MISSING, place,
                          "The message has no Message-ID field; it %s", without_id);
    }
}

static void judge_repeated(struct analysis *analysis, struct place place) {
    struct buf list;
    buf_init(&list, LIST_TEXT_MAX);
    for (int i = 0; i < ONCE_COUNT; i++) {
        unsigned times = analysis->message->seen[i];
        if (times > 1) {
            buf_putf(&list, "%s%s (%u times)", buf_len(&list) > 0 ? ", " : "", once_names[i],
                     times);
        }
    }
    struct slice text = buf_slice(&list);
    if (text.len > 0) {
        analysis_say(analysis, RULE_HEADER_REPEATED, place,
                     "The header repeats what may occur only once: %.*s", (int)text.len,
                     (const char *)text.data);
    }
    buf_cleanup(&list);
}

static void finish(struct analysis *analysis) {
    struct message_notes *notes = analysis->message;
    struct place place = {PARTY_CLIENT, notes->exchange, notes->message};
    if (notes->complete) {
        judge_missing(analysis, place);
        judge_repeated(analysis, place);
        remarks_say(&notes->notes, analysis, place);
    }
    clear(notes);
}

void message_is_cut(struct analysis *analysis) {
    remarks_drop(&notes_of(analysis)->notes, RULE_MIME_INCOMPLETE);
}

static int message_of(const struct event *event) {
    if (event->kind == EVENT_FIELD) {
        return event->field.message;
    }
    if (event->kind == EVENT_CONTENT) {
        return event->content.message;
    }
    if (event->kind == EVENT_CONTENT_END) {
        return event->content_end.message;
    }
    // Early text is reported with the 354, when the message may be over and another under way.
    bool streams = event->kind == EVENT_FLAW && event->flaw.kind != FLAW_EARLY_TEXT;
    return streams ? event->flaw.message : EVENT_NO_MESSAGE;
}

static struct message_notes *begin(struct analysis *analysis, int message) {
    struct message_notes *notes = notes_of(analysis);
    if (notes->message != message) {
        clear(notes);
        notes->message = message;
        notes->smtputf8 = analysis->facts.transaction.smtputf8;
    }
    return notes;
}

// Chunks that follow a refused MAIL or RCPT are no message, and the answer says so: it is judged in
// front of that.
static bool waits_for_answer(const struct message_notes *notes, const struct event *event) {
    bool reply = event->kind == EVENT_REPLY && event->reply.to >= notes->exchange;
    return notes->bdat && !reply && event->kind != EVENT_CLOSE &&
           message_of(event) == EVENT_NO_MESSAGE;
}

static bool is_out_of_order(const struct message_notes *notes, const struct event *event) {
    return notes->bdat && event->kind == EVENT_REPLY && event->reply.to == notes->exchange &&
           event->reply.code == 503;
}

void message_judge(struct analysis *analysis, const struct event *event) {
    struct message_notes *notes = analysis->message;
    int message = message_of(event);
    // The reader may emit its last fields and flaws on either side of the end.
    if (notes != NULL && notes->ended && message != notes->message &&
        !waits_for_answer(notes, event)) {
        notes->complete = notes->complete && !is_out_of_order(notes, event);
        finish(analysis);
    }
    if (event->kind == EVENT_MESSAGE && event->message.bdat && event->message.accepted &&
        event->message.content.complete && event->message.content.bytes == 0) {
        judge_missing(analysis, (struct place){PARTY_CLIENT, event->message.exchange,
                                               event->message.message});
    }
    if (message == EVENT_NO_MESSAGE) {
        return;
    }
    notes = begin(analysis, message);
    if (event->kind == EVENT_FIELD) {
        judge_field(analysis, event);
    } else if (event->kind == EVENT_FLAW) {
        judge_header_flaw(analysis, &event->flaw);
        judge_mime_flaw(analysis, &event->flaw);
    } else if (event->kind == EVENT_CONTENT_END) {
        notes->ended = true;
        // An empty chunk is a message only where the server takes it for one; a lone dot where no
        // recipient was taken is none (RFC 2920 3.1).
        const struct event_content_end *end = &event->content_end;
        bool nothing =
            end->bytes == 0 && (end->bdat || !facts_recipient_accepted(&analysis->facts));
        notes->complete = end->complete && !nothing;
        notes->bdat = end->bdat;
        notes->exchange = end->exchange;
    }
}
