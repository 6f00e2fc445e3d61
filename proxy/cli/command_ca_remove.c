// SPDX-License-Identifier: MIT
#include "base/limits.h"
#include "base/memory.h"
#include "certs/authority.h"
#include "certs/environment.h"
#include "certs/removal.h"
#include "cli/ca_place.h"
#include "cli/ca_trusted.h"
#include "cli/commands.h"
#include "cli/console.h"
#include "cli/trust_folder.h"

#include <stdlib.h>
#include <unistd.h>

static void put_removed(struct buf *out, struct slice paths) {
    while (paths.len > 0) {
        struct slice path = slice_split(&paths, '\n');
        buf_putf(out, "removed  %.*s\n", (int)path.len, (const char *)path.data);
    }
}

// The program cannot change the environment of the shell that started it.
static void put_variables(struct buf *out, const char *dir) {
    char *absolute = realpath(dir, NULL);
    struct buf names;
    buf_init(&names, CONSOLE_TEXT_MAX);
    environment_put_names_into(&names, absolute == NULL ? dir : absolute);
    if (buf_len(&names) > 0) {
        buf_putf(out, "left     variables of this shell: unset%.*s\n", (int)buf_len(&names),
                 (const char *)buf_slice(&names).data);
    }
    buf_cleanup(&names);
    free(absolute);
}

// What is outside the folder comes first: it is found by the certificate.
static void put_outside(struct buf *out, const char *dir) {
    char *ca_file = mem_format("%s/" AUTHORITY_CERTIFICATE_FILE, dir);
    struct buf der;
    buf_init(&der, LIMIT_PEM);
    removal_read_certificate(&der, dir);
    if (buf_len(&der) > 0) {
        ca_trusted_remove_copies(out, ca_file);
        ca_trusted_put_rest(out, ca_file, buf_slice(&der));
    }
    put_variables(out, dir);
    buf_cleanup(&der);
    free(ca_file);
}

static enum err remove_all(struct buf *out, struct failure *failure, const char *dir) {
    struct buf paths;
    struct buf outside;
    buf_init(&paths, CONSOLE_TEXT_MAX);
    buf_init(&outside, CONSOLE_TEXT_MAX);
    put_outside(&outside, dir);
    enum err err = removal_remove(&paths, failure, dir);
    bool found = buf_len(&paths) > 0;
    trust_folder_remove_left(&paths);
    put_removed(out, buf_slice(&paths));
    buf_put(out, buf_slice(&outside));
    if (err == OK && !found) {
        buf_putf(out, "there is no CA in %s\n", dir);
    } else if (err == OK && access(dir, F_OK) == 0) {
        buf_putf(out, "left     %s: it has other files in it\n", dir);
    }
    buf_cleanup(&paths);
    buf_cleanup(&outside);
    return err;
}

int command_ca_remove(const struct options *options) {
    struct failure failure = {0};
    struct buf text;
    buf_init(&text, CONSOLE_TEXT_MAX);
    char *dir = ca_place_dir(options);
    enum err err = dir == NULL ? fail(&failure, ERR_SYSTEM,
                                      "there is no home folder, so there is no CA; --ca-dir names "
                                      "another place")
                               : remove_all(&text, &failure, dir);
    struct failure unsaid = {0};
    enum err said = console_out_lines(&unsaid, buf_slice(&text)); // also what was done before
    buf_cleanup(&text);
    free(dir);
    if (err != OK) {
        return (int)console_failure(err, &failure);
    }
    return said == OK ? EXIT_WELL : (int)console_failure(said, &unsaid);
}
