// SPDX-License-Identifier: MIT
// pcap and pcapng judged by tshark: no setting, no warning, the conversation and the message whole.
#include "observe/output.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/memory.h"
#include "base/text.h"
#include "support/test_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#ifndef TEST_FOLDER
#error "TEST_FOLDER is the folder of starttls.wire"
#endif

static const int64_t start_ns = INT64_C(1795359791586123000);

struct talk {
    struct output_set *set;
    void *recording;
    struct event_session session;
    int64_t at_ns;
};

// ── tshark ──────────────────────────────────────────────────────────────────────────────────────

static bool have_tshark(void) {
    return system("tshark --version >/dev/null 2>&1") == 0;
}

// What tshark prints on both its outputs, but for the line about running as root.
static const char *tshark(const char *arguments) {
    const char *out = in_folder("tshark.out");
    char *command = mem_format("tshark %s 2>&1 | grep -v '^Running as user' > %s", arguments, out);
    int status = system(command);
    (void)status; // grep says 1 where nothing is printed
    free(command);
    return file_text(out);
}

static const char *ask(const char *file, const char *arguments) {
    char *all = mem_format("-r %s %s", in_folder(file), arguments);
    const char *answer = tshark(all);
    free(all);
    return answer;
}

// ── a session ───────────────────────────────────────────────────────────────────────────────────

static void talk_open(struct talk *talk, const struct format_info *format, const char *path) {
    struct failure failure;
    struct output_spec spec = {format, path};
    struct output_options options = {
        .specs = &spec, .spec_count = 1, .spool.queue_max = LIMIT_WRITER_QUEUE};
    *talk = (struct talk){.session = {.started_unix_ns = start_ns, .has_server = true}};
    assert_int_equal(output_set_open(&talk->set, &failure, &options), OK);
}

static void talk_send(struct talk *talk, struct event *event) {
    event->session = &talk->session;
    event->at_ns = talk->at_ns;
    talk->at_ns += NS_PER_MS;
    output_sink.take(talk->recording, event);
}

static void talk_begin(struct talk *talk, const char *client, const char *server, uint16_t port) {
    talk->session.id++;
    talk->session.client = (struct event_endpoint){.address = client, .port = 51234};
    talk->session.server = (struct event_endpoint){.address = server, .port = port};
    talk->session.client_local = (struct event_endpoint){.address = "127.0.0.1", .port = 2525};
    talk->session.server_local = (struct event_endpoint){.address = server, .port = 40001};
    talk->recording = output_sink.session_new(talk->set);
    struct event event = {.kind = EVENT_CONNECT, .connect = {.connected = true}};
    talk_send(talk, &event);
}

static void talk_end(struct talk *talk) {
    struct event event = {.kind = EVENT_CLOSE};
    event.close = (struct event_close){.by = PARTY_CLIENT, .outcome = OUTCOME_COMPLETED};
    talk_send(talk, &event);
    output_sink.session_free(talk->recording);
}

static void say(struct talk *talk, enum side from, const char *text) {
    struct event event = {.kind = EVENT_BYTES};
    event.bytes = (struct event_bytes){.from = from, .data = slice_of_string(text)};
    talk_send(talk, &event);
}

static void starttls(struct talk *talk) {
    const char *lines[] = {"STARTTLS\r\n", "220 2.0.0 go\r\n"};
    for (size_t i = 0; i < 2; i++) {
        struct event event = {.kind = EVENT_BYTES};
        event.bytes = (struct event_bytes){.from = i == 0 ? SIDE_CLIENT : SIDE_SERVER,
                                           .data = slice_of_string(lines[i]),
                                           .starttls = true};
        talk_send(talk, &event);
    }
}

static void send_mail(struct talk *talk) {
    say(talk, SIDE_SERVER, "220 smtp.example.com ESMTP\r\n");
    say(talk, SIDE_CLIENT, "EHLO client.example.com\r\n");
    say(talk, SIDE_SERVER, "250-smtp.example.com\r\n250 STARTTLS\r\n");
    starttls(talk);
    say(talk, SIDE_CLIENT, "EHLO client.example.com\r\n");
    say(talk, SIDE_SERVER, "250-smtp.example.com\r\n250 AUTH PLAIN\r\n");
    say(talk, SIDE_CLIENT, "AUTH PLAIN ********\r\n");
    say(talk, SIDE_SERVER, "235 2.7.0 ok\r\n");
    say(talk, SIDE_CLIENT, "MAIL FROM:<a@example.com>\r\n");
    say(talk, SIDE_SERVER, "250 2.1.0 ok\r\n");
    say(talk, SIDE_CLIENT, "RCPT TO:<b@example.net>\r\n");
    say(talk, SIDE_SERVER, "250 2.1.5 ok\r\n");
    say(talk, SIDE_CLIENT, "DATA\r\n");
    say(talk, SIDE_SERVER, "354 go\r\n");
    say(talk, SIDE_CLIENT, "From: a@example.com\r\nSubject: Hello\r\n");
    say(talk, SIDE_CLIENT, "\r\nfirst line\r\nlast line\r\n.\r\n");
    say(talk, SIDE_SERVER, "250 2.0.0 queued\r\n");
    say(talk, SIDE_CLIENT, "QUIT\r\n");
    say(talk, SIDE_SERVER, "221 2.0.0 bye\r\n");
}

static void record_mail(const char *path, const char *client, const char *server) {
    struct talk talk;
    talk_open(&talk, &pcap_format, path);
    talk_begin(&talk, client, server, 587);
    send_mail(&talk);
    talk_end(&talk);
    output_set_close(talk.set);
}

// ── pcap ────────────────────────────────────────────────────────────────────────────────────────

#define STRICT                                                                                     \
    "-o tcp.check_checksum:TRUE -o ip.check_checksum:TRUE -o tcp.analyze_sequence_numbers:TRUE "

static void check_mail(const char *client, const char *server) {
    record_mail(in_folder("x.pcap"), client, server);
    // Eight stars are no base64, which is all that tshark may find odd.
    assert_string_equal(ask("x.pcap", STRICT "-Y '(_ws.expert.severity >= 0x600000 && "
                                             "!(_ws.expert.message contains base64)) || "
                                             "tcp.analysis.flags'"),
                        "");
    const char *commands = ask("x.pcap", "-Y smtp.req -T fields -e smtp.req.command");
    assert_string_equal(commands, "EHLO\nEHLO\nAUTH\nMAIL\nRCPT\nDATA\nQUIT\n");
    assert_non_null(strstr(ask("x.pcap", "-V"), "********"));
    assert_null(strstr(ask("x.pcap", "-Y tls"), "TLS"));
}

static void tshark_dissects_it_as_smtp_and_has_no_complaint(void **state) {
    (void)state;
    if (!have_tshark()) {
        skip(); // tshark is not installed
    }
    check_mail("192.0.2.1", "198.51.100.2");
    check_mail("2001:db8::1", "2001:db8::2");
    check_mail("192.0.2.1", "2001:db8::2");
    check_mail("2001:db8::1", "198.51.100.2");
}

static void tshark_exports_the_message_whole(void **state) {
    (void)state;
    if (!have_tshark()) {
        skip(); // tshark is not installed
    }
    record_mail(in_folder("x.pcap"), "192.0.2.1", "198.51.100.2");
    char *arguments = mem_format("--export-objects imf,%s", in_folder("objects"));
    ask("x.pcap", arguments);
    free(arguments);
    const char *message = file_text(in_folder("objects/Hello.eml"));
    assert_non_null(message);
    assert_string_equal(message, "From: a@example.com\r\nSubject: Hello\r\n\r\n"
                                 "first line\r\nlast line\r\n");
}

static void times_and_addresses_are_real(void **state) {
    (void)state;
    if (!have_tshark()) {
        skip(); // tshark is not installed
    }
    record_mail(in_folder("x.pcap"), "192.0.2.1", "198.51.100.2");
    const char *first = ask("x.pcap", "-c 1 -T fields -e frame.time_epoch -e ip.src -e ip.dst "
                                      "-e tcp.srcport -e tcp.dstport");
    assert_string_equal(first, "1795359791.586123000\t192.0.2.1\t198.51.100.2\t51234\t587\n");
}

static void a_port_used_again_is_another_stream(void **state) {
    (void)state;
    if (!have_tshark()) {
        skip(); // tshark is not installed
    }
    struct talk talk;
    talk_open(&talk, &pcap_format, in_folder("x.pcap"));
    for (int i = 0; i < 3; i++) {
        talk_begin(&talk, "192.0.2.1", "198.51.100.2", 25);
        send_mail(&talk);
        talk_end(&talk);
    }
    output_set_close(talk.set);
    assert_string_equal(
        ask("x.pcap", "-Y 'tcp.flags.syn == 1 && tcp.flags.ack == 0' -T fields -e tcp.stream"),
        "0\n1\n2\n");
}

// ── pcapng ──────────────────────────────────────────────────────────────────────────────────────

static void wire(struct talk *talk, enum side leg, bool from_peer, struct slice data) {
    struct event event = {.kind = EVENT_WIRE};
    event.wire = (struct event_wire){leg, from_peer, data};
    talk_send(talk, &event);
}

static void wire_hex(struct talk *talk, enum side from, struct slice hex) {
    struct buf bytes;
    buf_init(&bytes, hex.len);
    for (size_t i = 0; i + 1 < hex.len; i += 2) {
        buf_put_byte(&bytes,
                     (uint8_t)(text_hex_value(hex.data[i]) * 16 + text_hex_value(hex.data[i + 1])));
    }
    // Both legs say the same; that a proxy's legs have keys of their own changes nothing here.
    wire(talk, SIDE_CLIENT, from == SIDE_CLIENT, buf_slice(&bytes));
    buf_cleanup(&bytes);
}

static void take_line(struct talk *talk, struct slice line) {
    struct slice rest = slice_from(line, 2);
    struct event event = {.kind = EVENT_TLS, .tls = {.side = SIDE_CLIENT}};
    switch (line.data[0]) {
    case 'C':
        wire_hex(talk, SIDE_CLIENT, rest);
        break;
    case 'S':
        wire_hex(talk, SIDE_SERVER, rest);
        break;
    case 'K':
        output_sink.secret(talk->recording, rest);
        break;
    case 'T':
        talk_send(talk, &event);
        break;
    case 'N':
        talk_end(talk);
        talk_begin(talk, "192.0.2.1", "198.51.100.2", 587);
        break;
    default:
        break; // a comment
    }
}

static void record_wire(void) {
    struct talk talk;
    talk_open(&talk, &pcapng_format, in_folder("x.pcapng"));
    talk_begin(&talk, "192.0.2.1", "198.51.100.2", 587);
    struct slice rest = slice_of_string(file_text(TEST_FOLDER "/starttls.wire"));
    while (rest.len > 0) {
        struct slice line = slice_split(&rest, '\n');
        if (line.len > 0) {
            take_line(&talk, line);
        }
    }
    talk_end(&talk);
    output_set_close(talk.set);
}

static void tshark_decrypts_it_with_no_setting(void **state) {
    (void)state;
    if (!have_tshark()) {
        skip(); // tshark is not installed
    }
    record_wire();
    // tshark itself shortens STARTTLS. The dissector goes by the port: the proxy's own is none of
    // SMTP's.
    const char *decode = "-d tcp.port==2525,smtp ";
    char *arguments = mem_format("%s -Y smtp.req -T fields -e smtp.req.command", decode);
    assert_string_equal(ask("x.pcapng", arguments), "EHLO\nSTAR\nEHLO\nMAIL\nQUIT\n"
                                                    "EHLO\nSTAR\nEHLO\nMAIL\nQUIT\n");
    free(arguments);
    arguments = mem_format("%s -Y '_ws.expert.severity >= 0x600000'", decode);
    assert_string_equal(ask("x.pcapng", arguments), "");
    free(arguments);
    assert_non_null(strstr(ask("x.pcapng", "-V"), "TLSv1.3"));
}

#define CAPTURE_TEST(name) cmocka_unit_test_setup_teardown(name, folder_enter, folder_leave)

int main(void) {
    const struct CMUnitTest tests[] = {
        CAPTURE_TEST(tshark_dissects_it_as_smtp_and_has_no_complaint),
        CAPTURE_TEST(tshark_exports_the_message_whole),
        CAPTURE_TEST(times_and_addresses_are_real),
        CAPTURE_TEST(a_port_used_again_is_another_stream),
        CAPTURE_TEST(tshark_decrypts_it_with_no_setting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
