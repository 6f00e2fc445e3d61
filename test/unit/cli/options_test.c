// SPDX-License-Identifier: MIT
#include "cli/options.h"

#include "cli/option_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS_MAX = 32 };

static const struct defaults *defaults;

// Splits `line` at single spaces (`_` stands for a space within a word) and parses it.
static enum err parse(struct options *out, struct failure *failure, const char *line) {
    static char words[1000];
    static char *argv[WORDS_MAX + 2];
    argv[0] = (char[]){"smtpscope"};
    int argc = 1;
    assert_true(strlen(line) < sizeof(words));
    memcpy(words, line, strlen(line) + 1);
    for (char *word = words; word != NULL && line[0] != '\0';) {
        char *space = strchr(word, ' ');
        if (space != NULL) {
            *space++ = '\0';
        }
        for (char *at = strchr(word, '_'); at != NULL; at = strchr(at, '_')) {
            *at = ' ';
        }
        assert_true(argc <= WORDS_MAX);
        argv[argc++] = word;
        word = space;
    }
    argv[argc] = NULL;
    return options_parse(out, failure, argc, argv, defaults);
}

static struct options good(const char *line) {
    struct options options;
    struct failure failure = {0};
    enum err err = parse(&options, &failure, line);
    if (err != OK) {
        fail_msg("%s: %s", line, failure.text);
    }
    return options;
}

static void has_the_defaults_of_the_contract(void **state) {
    (void)state;
    unsetenv("SSLKEYLOGFILE");
    struct options o = good("proxy --mode sink");
    assert_int_equal(o.command, CLI_PROXY);
    assert_int_equal(o.client_tls, CLIENT_TLS_AUTO);
    assert_int_equal(o.server_tls, SERVER_TLS_MIRROR);
    assert_int_equal(o.verify, VERIFY_MIRROR);
    assert_int_equal(o.tls_client.min, TLS_VERSION_1_0);
    assert_int_equal(o.tls_client.max, TLS_VERSION_1_3);
    assert_false(o.tls_client_given);
    assert_int_equal(o.tls_server.min, TLS_VERSION_1_0);
    assert_int_equal(o.tls_server.max, TLS_VERSION_1_3);
    assert_int_equal(o.auth, AUTH_VIEW_MASK);
    assert_int_equal(o.body, BODY_HEADERS);
    assert_int_equal(o.color, COLOR_AUTO);
    assert_int_equal(o.max_line, 65536);
    assert_int_equal(o.output_count, 1);
    assert_int_equal(o.outputs[0].format, &text_format);
    assert_string_equal(o.outputs[0].path, "-");
    assert_int_equal(o.rotate_keep, 5);
    assert_int_equal(o.slow_ms, 5000);
    assert_int_equal(o.grace_ms, 5000);
    assert_int_equal(o.max_sessions, 10000);
    assert_int_equal(o.idle_timeout_ms, 600000);
    assert_int_equal(o.connect_timeout_ms, 30000);
    assert_int_equal(o.web_memory, 256 * MIB);
    assert_int_equal(o.wait_ms, 30000);
    assert_int_equal(o.audit_jobs, 1);
    assert_int_equal(o.audit_timeout_ms, 60000);
    assert_int_equal(o.threads, 0);
    assert_int_equal(o.session_limit, 0);
    assert_int_equal(o.fail_on, FAIL_ON_ERROR);
    assert_false(o.judge);
    assert_null(o.keylog);
    options_cleanup(&o);
}

static void reads_each_kind_of_value(void **state) {
    (void)state;
    struct options o = good("proxy --mode=sink@0 --verify=off --tls-client 1.0-1.2 --max-line 20 "
                            "--grace 1.5 --rotate 2K,3 --ca-hosts a.example,b.example "
                            "-o jsonl:x -otext --threads 4");
    assert_int_equal(o.verify, VERIFY_OFF);
    assert_int_equal(o.tls_client.min, TLS_VERSION_1_0);
    assert_int_equal(o.tls_client.max, TLS_VERSION_1_2);
    assert_int_equal(o.max_line, 20);
    assert_int_equal(o.grace_ms, 1500);
    assert_int_equal(o.rotate_size, 2048);
    assert_int_equal(o.rotate_keep, 3);
    assert_int_equal(o.ca_hosts.count, 2);
    assert_string_equal(o.ca_hosts.items[1], "b.example");
    assert_int_equal(o.output_count, 2);
    assert_string_equal(o.outputs[0].path, "x");
    assert_string_equal(o.outputs[1].path, "-");
    assert_int_equal(o.threads, 4);
    options_cleanup(&o);
}

static void reads_what_the_proxy_is_to_put_in(void **state) {
    (void)state;
    struct options o = good("proxy --mode sink --mode socks5@0 --fault connect:_refuse");
    assert_int_equal(o.fault_count, 1);
    assert_int_equal(o.fault_seed, FAULT_SEED_NONE);
    options_cleanup(&o);
    o = good("run --fault-seed 0 --fault connect:_refuse --fault RCPT_50%:_550_no -- true");
    assert_int_equal(o.fault_count, 2);
    assert_int_equal(o.fault_seed, 0);
    options_cleanup(&o);
    o = good("proxy --mode sink --dry-run --rewrite-to a@b --keep-to c --fault message:_550_no");
    assert_true(o.dry_run);
    assert_string_equal(o.rewrite_to, "a@b");
    options_cleanup(&o);
}

static void keeps_the_command_of_run(void **state) {
    (void)state;
    struct options o = good("run --ports 25,26 --ports 8000-8999 --once -- curl --help -o x");
    assert_int_equal(o.command, CLI_RUN);
    assert_int_equal(o.request, REQUEST_COMMAND);
    assert_string_equal(o.run_command[0], "curl");
    assert_string_equal(o.run_command[1], "--help");
    assert_null(o.run_command[4]);
    assert_int_equal(o.ports.count, 3);
    assert_true(port_list_has(&o.ports, 26) && port_list_has(&o.ports, 8500));
    assert_false(port_list_has(&o.ports, 587)); // the default is for no --ports at all
    assert_int_equal(o.session_limit, 1);
    options_cleanup(&o);
    o = good("run --once curl --help -o x"); // needs no -- where it begins with no dash
    assert_string_equal(o.run_command[0], "curl");
    assert_string_equal(o.run_command[1], "--help");
    assert_null(o.run_command[4]);
    assert_int_equal(o.session_limit, 1);
    options_cleanup(&o);
    o = good("run -- true");
    assert_int_equal(o.ports.count, 4);
    assert_true(port_list_has(&o.ports, 2525));
    options_cleanup(&o);
}

static void reads_the_other_commands(void **state) {
    (void)state;
    struct options o = good("ca export --format jks --out x");
    assert_int_equal(o.ca_action, CA_EXPORT);
    assert_int_equal(o.ca_format, CA_FORMAT_JKS);
    options_cleanup(&o);
    o = good("proxy --mode sink --ignore bare-lf,no-quit --ignore tls-weak");
    assert_int_equal(o.ignored.count, 3);
    assert_string_equal(o.ignored.items[2], "tls-weak");
    assert_false(o.judge);
    options_cleanup(&o);
    o = good("check - --fail-on warning --expect messages_=_1 --report junit:r.xml --report json");
    assert_int_equal(o.files.count, 1);
    assert_string_equal(o.files.items[0], "-");
    assert_int_equal(o.fail_on, FAIL_ON_WARNING);
    assert_string_equal(o.expectations.items[0], "messages = 1");
    assert_int_equal(o.report_count, 2);
    assert_int_equal(o.reports[0].kind, REPORT_JUNIT);
    assert_string_equal(o.reports[0].path, "r.xml");
    assert_null(o.reports[1].path);
    options_cleanup(&o);
    o = good("audit --report html -- true");
    assert_int_equal(o.reports[0].kind, REPORT_HTML);
    assert_null(o.reports[0].path);
    options_cleanup(&o);
    o = good("ctl --control /x pause");
    assert_string_equal(o.ctl_word, "pause");
    options_cleanup(&o);
    o = good("show -- --odd");
    assert_string_equal(o.files.items[0], "--odd");
    options_cleanup(&o);
    o = good("check a.json - b.jsonl");
    assert_int_equal(o.files.count, 3);
    assert_string_equal(o.files.items[2], "b.jsonl");
    options_cleanup(&o);
    o = good("check --rules");
    assert_true(o.rules);
    options_cleanup(&o);
}

static void judges_only_when_asked(void **state) {
    (void)state;
    struct options o = good("proxy --mode sink --slow 1");
    assert_false(o.judge);
    options_cleanup(&o);
    o = good("proxy --mode sink --fail-on never");
    assert_true(o.judge);
    options_cleanup(&o);
}

static void takes_the_key_log_of_the_environment(void **state) {
    (void)state;
    setenv("SSLKEYLOGFILE", "/x/keys", 1);
    struct options o = good("proxy --mode sink");
    assert_string_equal(o.keylog, "/x/keys");
    options_cleanup(&o);
    o = good("proxy --mode sink --keylog mine");
    assert_string_equal(o.keylog, "mine");
    options_cleanup(&o);
    unsetenv("SSLKEYLOGFILE");
}

static void shows_help_and_version(void **state) {
    (void)state;
    for (unsigned i = 0; i < CLI_COMMAND_COUNT; i++) {
        char line[40];
        snprintf(line, sizeof(line), "%s --help", cli_command_name((enum cli_command)i));
        struct options o = good(line);
        assert_int_equal(o.request, REQUEST_HELP);
        assert_int_equal(o.command, i);
        options_cleanup(&o);
    }
    struct options o = good("--help");
    assert_int_equal(o.request, REQUEST_HELP);
    assert_int_equal(o.command, CLI_NONE);
    options_cleanup(&o);
    o = good("help");
    assert_int_equal(o.request, REQUEST_HELP);
    assert_int_equal(o.command, CLI_NONE);
    options_cleanup(&o);
    o = good("help run");
    assert_int_equal(o.request, REQUEST_HELP);
    assert_int_equal(o.command, CLI_RUN);
    options_cleanup(&o);
    o = good("-V");
    assert_int_equal(o.request, REQUEST_VERSION);
    options_cleanup(&o);
    o = good("--version");
    assert_int_equal(o.request, REQUEST_VERSION);
    options_cleanup(&o);
}

static const struct {
    const char *line;
    const char *named;
} bad_rows[] = {
    {"", "command"},
    {"--", "command"},
    {"-- x", "'x'"},
    {"prxy", "'prxy'"},
    {"--bogus", "'--bogus'"},
    {"proxy", "--mode"},
    {"proxy extra", "'extra'"},
    {"proxy mail.example.com:0", "'0'"},
    {"help me", "'me'"},
    {"help run run", "'run'"},
    {"doctro", "did you mean doctor?"},
    {"proxy --mode sink --verfy off", "did you mean --verify?"},
    {"proxy --mode revrese", "did you mean reverse?"},
    {"proxy --mode sink --bogus", "'--bogus'"},
    {"proxy --mode sink --bogus=x", "'--bogus'"},
    {"proxy --mode sink -x", "'-x'"},
    {"proxy --mode sink --ports 25", "'--ports'"},
    {"proxy --mode sink --mod sink", "'--mod'"},
    {"proxy --mode", "--mode"},
    {"proxy --mode bogus", "'bogus'"},
    {"proxy --mode sink --mode socks5", "2525"},
    {"proxy --mode sink --verify maybe", "'maybe'"},
    {"proxy --mode sink --verify ", "''"},
    {"proxy --mode sink --once=1", "'1'"},
    {"proxy --mode sink --sessions 0", "'0'"},
    {"proxy --mode sink --sessions x", "'x'"},
    {"proxy --mode sink --sessions -1", "'-1'"},
    {"proxy --mode sink --sessions 99999999999999999999", "'99999999999999999999'"},
    {"proxy --mode sink --threads 0", "'0'"},
    {"proxy --mode sink --grace x", "'x'"},
    {"proxy --mode sink --grace 1.", "'1.'"},
    {"proxy --mode sink --grace -1", "'-1'"},
    {"proxy --mode sink --connect-timeout 0", "'0'"},
    {"proxy --mode sink --rotate 0", "'0'"},
    {"proxy --mode sink --rotate 1T", "'1T'"},
    {"proxy --mode sink --rotate 1,0", "'1,0'"},
    {"proxy --mode sink --rotate K", "'K'"},
    {"proxy --mode sink --tls-client 1.4", "'1.4'"},
    {"proxy --mode sink --tls-server 1.3-1.2", "'1.3-1.2'"},
    {"proxy --mode sink --keylog=", "--keylog"},
    {"proxy --mode sink --ca-hosts a,,b", "'a,,b'"},
    {"proxy --mode sink --only bogus=1", "'bogus'"},
    {"proxy --mode sink --expect client=1", "'client'"},
    {"proxy --mode sink --expect subject", "'subject'"},
    {"proxy --mode sink --server-key k", "--server-certificate"},
    {"proxy --mode sink --output yaml", "'yaml'"},
    {"proxy --mode sink --output eml", "'eml'"},
    {"proxy --mode sink --output eml:-", "'eml:-'"},
    {"proxy --mode sink --output text:", "'text:'"},
    {"proxy --mode sink --output pcap", "'pcap'"},
    {"proxy --mode sink --output pcapng:x", "--with-secrets"},
    {"proxy --mode sink -o text -o json", "'-'"},
    {"proxy --mode sink -o text:a -o json:./a", "'./a'"},
    {"proxy --mode sink --report xml", "'xml'"},
    {"check --report html a", "html:FILE"},
    {"proxy --mode sink --report json:a --report text:a", "'a'"},
    {"proxy --mode sink -o text:a --keylog ./a", "--keylog: './a'"},
    {"proxy --mode sink -o text:a --ready-file a", "--ready-file: 'a'"},
    {"proxy --mode sink --report json:a --ready-file a", "--ready-file: 'a'"},
    {"proxy --mode sink --control a --ready-file a", "--control: 'a'"},
    {"proxy --mode sink --fault RCPT", "'RCPT'"},
    {"proxy --mode sink --fault RCPT:_drop", "'drop'"},
    {"proxy --mode sink --fault-seed x", "'x'"},
    {"proxy --mode sink --keep-to x", "--rewrite-to"},
    {"proxy --mode sink --dry-run --fault RCPT:_rate_10", "--dry-run"},
    {"proxy --mode sink --rewrite-to a@b --fault RCPT:_rate_10", "--rewrite-to"},
    {"proxy --mode sink --dry-run --fault DATA:_451_no", "'message: 451 no'"},
    {"proxy --mode sink --dry-run --fault *:_451_no", "--dry-run"},
    {"proxy --mode sink --fault connect:_refuse", "--mode sink connects to no server"},
    {"proxy --mode sink --mode sink@0 --fault connect_~_x:_close", "would never act"},
    {"run --sink --fault connect:_delay_1s -- true", "--sink connects to no server"},
    {"run --fault tls:_plain -- true", "is for --sink and --mode sink"},
    {"run", "--"},
    {"run --", "--"},
    {"run - curl", "'-'"},
    {"run --mode sink -- true", "'--mode'"},
    {"run --ports 0 -- true", "'0'"},
    {"run --ports 25,all -- true", "'25,all'"},
    {"run --ports all --sink -- true", "--sink"},
    {"run --ports all --send-proxy-protocol v2 -- true", "--send-proxy-protocol"},
    {"run --ports 25, -- true", "'25,'"},
    {"run --ports 25,30-20 -- true", "'30-20' in '25,30-20'"},
    {"run --ports 70000 -- true", "'70000' is not a port from 1 to 65535"},
    {"run --port 25 -- true", "did you mean --ports?"},
    {"run --mode sink -- true", "--sink"},
    {"run --sessoins 1 -- true", "did you mean --sessions?"},
    {"proxy --port 25", "after @"},
    {"check --sink a", "'--sink' is an option of run, not of check"},
    {"proxy --mode sink -o jsno:x", "did you mean json?"},
    {"proxy --mode sink -o yaml:x", "but no 'yaml'"},
    {"proxy --mode sink -o mail.yaml", "as in json:mail.yaml"},
    {"ca", "show"},
    {"ca delete", "'delete'"},
    {"ca show export", "'export'"},
    {"ca export --format pkcs8", "'pkcs8'"},
    {"show", "FILE"},
    {"show a b", "'b'"},
    {"check", "FILE"},
    {"check a b ./a", "'./a'"},
    {"check - -", "'-'"},
    {"check a b --report json:b", "'b'"},
    {"check a --fail-on fatal", "'fatal'"},
    {"check a --ignore bare-lv", "'bare-lv'"},
    {"check a --ignore bare-lf,", "''"},
    {"proxy --mode sink --ignore bare-lf,no-such-rule", "'no-such-rule'"},
    {"run --ignore BARE-LF -- true", "'BARE-LF'"},
    {"check a --expect messages_~_1", "'messages ~ 1'"},
    {"check a --expect subject_~_[", "'['"},
    {"ctl", "status"},
    {"ctl halt", "'halt'"},
    {"ctl faults", "on or off"},
    {"ctl faults maybe", "'maybe'"},
    {"ctl pause faults", "'faults'"},
    {"doctor x", "'x'"},
};

static void names_what_is_wrong(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(bad_rows) / sizeof(bad_rows[0]); i++) {
        struct options options;
        struct failure failure = {0};
        assert_int_equal(parse(&options, &failure, bad_rows[i].line), ERR_USAGE);
        if (strstr(failure.text, bad_rows[i].named) == NULL || strchr(failure.text, '\n') != NULL) {
            fail_msg("%s: %s", bad_rows[i].line, failure.text);
        }
        options_cleanup(&options);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_the_defaults_of_the_contract),
        cmocka_unit_test(reads_each_kind_of_value),
        cmocka_unit_test(reads_what_the_proxy_is_to_put_in),
        cmocka_unit_test(keeps_the_command_of_run),
        cmocka_unit_test(reads_the_other_commands),
        cmocka_unit_test(judges_only_when_asked),
        cmocka_unit_test(takes_the_key_log_of_the_environment),
        cmocka_unit_test(shows_help_and_version),
        cmocka_unit_test(names_what_is_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
