// SPDX-License-Identifier: MIT
// Both ends at once: a server on a loop in a thread, and the client in the test.
#include "control/control.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <uv.h>

enum { MANY = 2 * 1024 * 1024 };

struct stage {
    char folder[64]; // XDG_RUNTIME_DIR
    uv_loop_t loop;
    uv_async_t wake;
    pthread_t thread;
    struct control_server *server;
    enum control_command last;
    bool closes_within; // the handler closes the server, as `stop` may
};

static enum err answer_command(void *context, struct buf *answer, struct failure *failure,
                               enum control_command command) {
    struct stage *stage = context;
    stage->last = command;
    if (command == CONTROL_ROTATE) {
        snprintf(failure->text, sizeof(failure->text), "the disk is full");
        return ERR_SYSTEM;
    }
    if (command == CONTROL_SESSIONS) {
        for (int i = 0; i < MANY / 16; i++) {
            buf_put_string(answer, "session ........\n");
        }
    }
    if (command == CONTROL_STATUS) {
        buf_put_string(answer, "sessions: 3\n");
    }
    if (stage->closes_within) {
        buf_put_string(answer, "stopping\n");
        control_server_close(stage->server);
        stage->server = NULL;
    }
    return OK;
}

static void on_wake(uv_async_t *wake) {
    struct stage *stage = wake->data;
    control_server_close(stage->server);
    uv_close((uv_handle_t *)wake, NULL);
}

static void *run_loop(void *argument) {
    uv_run(argument, UV_RUN_DEFAULT);
    return NULL;
}

static int set_up(void **state) {
    struct stage *stage = calloc(1, sizeof(*stage));
    snprintf(stage->folder, sizeof(stage->folder), "/tmp/control_test.XXXXXX");
    *state = stage;
    return mkdtemp(stage->folder) == NULL || setenv("XDG_RUNTIME_DIR", stage->folder, 1) != 0;
}

static int tear_down(void **state) {
    struct stage *stage = *state;
    char command[128];
    snprintf(command, sizeof(command), "rm -rf '%s'", stage->folder);
    int status = system(command);
    free(stage);
    return status;
}

static enum err start(struct stage *stage, const char *path, struct failure *failure) {
    struct control_handler handler = {.command = answer_command, .context = stage};
    uv_loop_init(&stage->loop);
    enum err err = control_server_new(&stage->server, failure, &stage->loop, path, &handler);
    if (err != OK) {
        uv_run(&stage->loop, UV_RUN_DEFAULT);
        uv_loop_close(&stage->loop);
        return err;
    }
    uv_async_init(&stage->loop, &stage->wake, on_wake);
    stage->wake.data = stage;
    assert_int_equal(pthread_create(&stage->thread, NULL, run_loop, &stage->loop), 0);
    return OK;
}

static void stop(struct stage *stage) {
    uv_async_send(&stage->wake);
    pthread_join(stage->thread, NULL);
    assert_int_equal(uv_loop_close(&stage->loop), 0); // nothing is left open
}

// Asks and compares both the result and the text.
static void assert_answer(const char *path, enum control_command command,
                          enum control_result result, const char *text) {
    struct buf out;
    buf_init(&out, MANY * 2);
    assert_int_equal(control_client_ask(&out, path, command), result);
    buf_put_byte(&out, '\0');
    assert_string_equal((const char *)buf_slice(&out).data, text);
    buf_cleanup(&out);
}

static void answers_at_the_default_place(void **state) {
    struct stage *stage = *state;
    struct stat info;
    assert_int_equal(start(stage, NULL, NULL), OK);
    char expected[128];
    snprintf(expected, sizeof(expected), "%s/smtpscope/%d.sock", stage->folder, getpid());
    assert_string_equal(control_server_path(stage->server), expected);
    assert_int_equal(stat(expected, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
    snprintf(expected, sizeof(expected), "%s/smtpscope", stage->folder);
    assert_int_equal(stat(expected, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0700);
    assert_answer(NULL, CONTROL_STATUS, CONTROL_ANSWERED, "sessions: 3\n");
    assert_answer(NULL, CONTROL_PAUSE, CONTROL_ANSWERED, "");
    assert_int_equal(stage->last, CONTROL_PAUSE);
    assert_answer(NULL, CONTROL_ROTATE, CONTROL_REFUSED, "the disk is full\n");
    stop(stage);
    snprintf(expected, sizeof(expected), "%s/smtpscope/%d.sock", stage->folder, getpid());
    assert_int_not_equal(access(expected, F_OK), 0); // removed
}

static void answers_where_it_is_told_to(void **state) {
    struct stage *stage = *state;
    char path[128];
    snprintf(path, sizeof(path), "%s/mine", stage->folder);
    assert_int_equal(start(stage, path, NULL), OK);
    assert_answer(path, CONTROL_STATUS, CONTROL_ANSWERED, "sessions: 3\n");
    struct failure failure;
    struct stage other = {.folder = ""};
    assert_int_equal(start(&other, path, &failure), ERR_SYSTEM); // taken
    assert_non_null(strstr(failure.text, "another proxy"));
    stop(stage);
}

static void sends_long_answers_whole(void **state) {
    struct stage *stage = *state;
    struct buf out;
    buf_init(&out, MANY * 2);
    assert_int_equal(start(stage, NULL, NULL), OK);
    assert_int_equal(control_client_ask(&out, NULL, CONTROL_SESSIONS), CONTROL_ANSWERED);
    assert_int_equal(buf_len(&out), MANY / 16 * strlen("session ........\n"));
    buf_cleanup(&out);
    stop(stage);
}

static void answers_a_stop_before_it_closes(void **state) {
    struct stage *stage = *state;
    stage->closes_within = true;
    assert_int_equal(start(stage, NULL, NULL), OK);
    assert_answer(NULL, CONTROL_STOP, CONTROL_ANSWERED, "stopping\n");
    stop(stage);
}

static void refuses_what_is_no_command(void **state) {
    struct stage *stage = *state;
    static const char too_long[] = "0123456789012345678901234567890123456789012345678901234567"
                                   "89012345678901234567890123456789\n";
    static const char *const lines[] = {"nonsense\n", "\n", "status status\n", too_long};
    assert_int_equal(start(stage, NULL, NULL), OK);
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        char answer[64] = "";
        snprintf(address.sun_path, sizeof(address.sun_path), "%s",
                 control_server_path(stage->server));
        int fd = socket(AF_UNIX, SOCK_STREAM, 0);
        assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
        assert_int_equal(write(fd, lines[i], strlen(lines[i])), strlen(lines[i]));
        assert_true(read(fd, answer, sizeof(answer) - 1) > 0);
        assert_string_equal(answer, "error: unknown command\n");
        close(fd);
    }
    stop(stage);
}

static void closes_with_clients_that_say_nothing(void **state) {
    struct stage *stage = *state;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    assert_int_equal(start(stage, NULL, NULL), OK);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", control_server_path(stage->server));
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_answer(NULL, CONTROL_STATUS, CONTROL_ANSWERED, "sessions: 3\n"); // it was accepted
    stop(stage);
    close(fd);
}

struct ending {
    int listener;
    bool reads; // the question, before it closes
};

static void *accept_and_close(void *argument) {
    const struct ending *ending = argument;
    char question[64];
    int fd = accept(ending->listener, NULL, NULL);
    while (ending->reads && read(fd, question, 1) == 1 && question[0] != '\n') {
    }
    close(fd);
    return NULL;
}

// A proxy may end with a question in its queue, read by half, or read.
static void says_that_it_stopped_without_an_answer(void **state) {
    struct stage *stage = *state;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char expected[160];
    snprintf(address.sun_path, sizeof(address.sun_path), "%s/ending", stage->folder);
    snprintf(expected, sizeof(expected), "the proxy at %s has stopped\n", address.sun_path);
    struct ending ending = {.listener = socket(AF_UNIX, SOCK_STREAM, 0)};
    assert_int_equal(bind(ending.listener, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(ending.listener, 1), 0);
    for (int reads = 0; reads < 2; reads++) {
        pthread_t thread;
        ending.reads = reads == 1;
        assert_int_equal(pthread_create(&thread, NULL, accept_and_close, &ending), 0);
        assert_answer(address.sun_path, CONTROL_STATUS, CONTROL_REFUSED, expected);
        pthread_join(thread, NULL);
    }
    close(ending.listener);
}

static void says_that_too_many_ask(void **state) {
    struct stage *stage = *state;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int silent[LIMIT_CONTROL_CLIENTS];
    assert_int_equal(start(stage, NULL, NULL), OK);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", control_server_path(stage->server));
    for (size_t i = 0; i < LIMIT_CONTROL_CLIENTS; i++) {
        silent[i] = socket(AF_UNIX, SOCK_STREAM, 0);
        assert_int_equal(connect(silent[i], (struct sockaddr *)&address, sizeof(address)), 0);
    }
    assert_answer(address.sun_path, CONTROL_STATUS, CONTROL_REFUSED, "too many ask at once\n");
    for (size_t i = 0; i < LIMIT_CONTROL_CLIENTS; i++) {
        close(silent[i]);
    }
    stop(stage);
}

static void says_that_none_runs(void **state) {
    struct stage *stage = *state;
    char expected[160];
    snprintf(expected, sizeof(expected), "no proxy is running: none answers in %s/smtpscope\n",
             stage->folder);
    assert_answer(NULL, CONTROL_STATUS, CONTROL_NONE, expected);
    assert_answer("/nowhere/at-all", CONTROL_STATUS, CONTROL_NONE,
                  "no proxy is running at /nowhere/at-all\n");
}

// A socket as a killed proxy leaves it.
static void leave_stale(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    close(fd);
}

static void removes_what_dead_ones_left(void **state) {
    struct stage *stage = *state;
    char path[128];
    assert_int_equal(start(stage, NULL, NULL), OK);
    snprintf(path, sizeof(path), "%s/smtpscope/1.sock", stage->folder);
    leave_stale(path);
    assert_answer(NULL, CONTROL_STATUS, CONTROL_ANSWERED, "sessions: 3\n");
    assert_int_not_equal(access(path, F_OK), 0);
    stop(stage);
    leave_stale(path);
    assert_int_equal(start(stage, path, NULL), OK); // a new one takes its place
    assert_answer(path, CONTROL_STATUS, CONTROL_ANSWERED, "sessions: 3\n");
    stop(stage);
}

static void lists_several(void **state) {
    struct stage *stage = *state;
    struct stage other = {.folder = ""};
    char path[128];
    char expected[300];
    assert_int_equal(start(stage, NULL, NULL), OK);
    snprintf(path, sizeof(path), "%s/smtpscope/1.sock", stage->folder);
    assert_int_equal(start(&other, path, NULL), OK);
    snprintf(expected, sizeof(expected), "%s\n%s\n", path, control_server_path(stage->server));
    assert_answer(NULL, CONTROL_STATUS, CONTROL_SEVERAL, expected);
    assert_int_equal(control_result_status(CONTROL_SEVERAL), 2);
    assert_int_equal(control_result_status(CONTROL_NONE), 3);
    stop(&other);
    stop(stage);
}

static void leaves_other_files_alone(void **state) {
    struct stage *stage = *state;
    struct failure failure;
    char path[128];
    snprintf(path, sizeof(path), "%s/letter", stage->folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fclose(file);
    assert_int_equal(start(stage, path, &failure), ERR_SYSTEM);
    assert_non_null(strstr(failure.text, "in the way"));
    assert_int_equal(access(path, F_OK), 0);
    char long_path[200];
    memset(long_path, 'a', sizeof(long_path) - 1);
    long_path[sizeof(long_path) - 1] = '\0';
    assert_int_equal(start(stage, long_path, &failure), ERR_INPUT);
}

static void does_not_trust_an_open_folder(void **state) {
    struct stage *stage = *state;
    struct failure failure;
    char path[128];
    snprintf(path, sizeof(path), "%s/smtpscope", stage->folder);
    assert_int_equal(mkdir(path, 0755), 0);
    assert_int_equal(chmod(path, 0755), 0);
    assert_int_equal(start(stage, NULL, &failure), ERR_SYSTEM);
    assert_non_null(strstr(failure.text, "0700"));
}

static void names_its_commands(void **state) {
    (void)state;
    for (unsigned i = 0; i < CONTROL_COMMAND_COUNT; i++) {
        enum control_command command;
        const char *name = control_command_name((enum control_command)i);
        assert_true(control_command_parse(&command, slice_of_string(name)));
        assert_int_equal(command, i);
    }
    enum control_command command;
    assert_false(control_command_parse(&command, SLICE("Status")));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(answers_at_the_default_place),
        TEST(answers_where_it_is_told_to),
        TEST(sends_long_answers_whole),
        TEST(answers_a_stop_before_it_closes),
        TEST(refuses_what_is_no_command),
        TEST(closes_with_clients_that_say_nothing),
        TEST(says_that_it_stopped_without_an_answer),
        TEST(says_that_too_many_ask),
        TEST(says_that_none_runs),
        TEST(removes_what_dead_ones_left),
        TEST(lists_several),
        TEST(leaves_other_files_alone),
        TEST(does_not_trust_an_open_folder),
        cmocka_unit_test(names_its_commands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
