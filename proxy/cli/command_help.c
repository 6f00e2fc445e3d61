// SPDX-License-Identifier: MIT
#include "base/limits.h"
#include "cli/commands.h"
#include "cli/completion.h"
#include "cli/console.h"
#include "cli/help.h"
#include "tls/context.h"
#include "transcript/transcript_reader.h"

#include <uv.h>

int command_help(const struct options *options) {
    struct buf text;
    buf_init(&text, CONSOLE_TEXT_MAX);
    if (options->request == REQUEST_VERSION) {
        version_put(&text, &(struct library_versions){
                               .program = SCOPE_VERSION,
                               .tls = tls_library_version(),
                               .libuv = uv_version_string(),
                               .cjson = reader_library_version(),
                           });
    } else if (options->request == REQUEST_COMPLETION) {
        completion_put(&text, options->completion_words, options->completion_word_count);
    } else {
        help_put(&text, options->command);
    }
    struct failure failure = {0};
    enum err err = console_out(&failure, buf_slice(&text));
    buf_cleanup(&text);
    return err == OK ? EXIT_WELL : (int)console_failure(err, &failure);
}
