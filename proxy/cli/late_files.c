// SPDX-License-Identifier: MIT
#include "cli/late_files.h"

#include "base/limits.h"
#include "base/memory.h"
#include "base/slice.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

// resolv.conf is often a link into /run, or into /mnt/wsl.
static const char *const of_machine[] = {
    "/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/gai.conf", "/etc/localtime",
};

// What the environment names: one file, or several folders with colons between them.
static const struct {
    const char *name;
    bool is_list;
    bool has_links; // its files are often links to where they really are
} variables[] = {
    {"SSL_CERT_DIR", true, true},     {"HOSTALIASES", false, false}, {"GCONV_PATH", true, false},
    {"LD_LIBRARY_PATH", true, false}, {"TZDIR", false, false},
};

struct taking {
    late_file_taker *take;
    void *context;
};

static void take_links_in(const struct taking *taking, const char *folder) {
    DIR *entries = opendir(folder);
    struct dirent *entry;
    for (size_t i = 0; entries != NULL && i < LIMIT_LATE_FILES; i++) {
        if ((entry = readdir(entries)) == NULL) {
            break;
        }
        if (entry->d_type == DT_LNK) {
            char *path = mem_format("%s/%s", folder, entry->d_name);
            taking->take(taking->context, path);
            free(path);
        }
    }
    if (entries != NULL) {
        closedir(entries);
    }
}

static void take_list(const struct taking *taking, const char *value, bool has_links) {
    struct slice rest = slice_of_string(value);
    while (!slice_is_null(rest)) {
        char *path = mem_string_of(slice_split(&rest, ':'));
        if (path[0] != '\0') {
            taking->take(taking->context, path);
        }
        if (path[0] != '\0' && has_links) {
            take_links_in(taking, path);
        }
        free(path);
    }
}

void late_files_each(late_file_taker *take, void *context) {
    const struct taking taking = {take, context};
    for (size_t i = 0; i < sizeof(of_machine) / sizeof(of_machine[0]); i++) {
        take(context, of_machine[i]);
    }
    for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
        const char *value = getenv(variables[i].name);
        if (value != NULL && variables[i].is_list) {
            take_list(&taking, value, variables[i].has_links);
        } else if (value != NULL) {
            take(context, value);
        }
    }
}

static void try_one(void *context, const char *path) {
    bool *can = context;
    bool there = access(path, F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR);
    *can = *can && (!there || access(path, R_OK) == 0);
}

bool late_files_can_be_read(void) {
    bool can = true;
    late_files_each(try_one, &can);
    return can;
}
