// SPDX-License-Identifier: MIT
#include "cli/places.h"

#include "base/array.h"
#include "base/memory.h"
#include "base/safe_file.h"
#include "certs/roots.h"
#include "cli/late_files.h"
#include "spool/output_path.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

// What the C library reads when it looks a name up, changes a character set or tells the time, with
// the libraries that it loads for that. Whole folders: their files are replaced by new ones.
static const char *const readable[] = {
    "/etc",
    "/usr",
    "/lib",
    "/lib32",
    "/lib64",
    "/nix/store",
    "/gnu/store",
    "/run",
    "/proc",
    "/sys/devices/system/cpu",
    "/var/db",                  // of nss-db …
    "/var/lib/misc",            // … on Debian
    "/var/lib/libvirt/dnsmasq", // the names of its guests
    "/var/lib/sss",
    "/dev/random",
    "/dev/null",
    "/dev/urandom",
};

static void add(struct places *places, const char *path, enum place_access access) {
    places->items =
        array_grown(places->items, places->count, &places->room, sizeof(struct file_place));
    places->items[places->count++] =
        (struct file_place){.path = mem_string(path), .access = access};
}

// The folder above, in place; false for the root.
static bool go_up(char *path) {
    char *slash = strrchr(path, '/');
    if (slash == NULL || path[1] == '\0') {
        return false;
    }
    slash[slash == path ? 1 : 0] = '\0';
    return true;
}

// A folder that holds far more than what is ours: the root and those in it, but not /tmp, which is
// everyone's in any case; the homes.
static bool is_broad(const char *folder) {
    static const char homes[] = "/home/";
    struct stat status;
    const char *home = getenv("HOME");
    const char *last = strrchr(folder, '/');
    bool shared = stat(folder, &status) == 0 && (status.st_mode & S_ISVTX) != 0;
    bool in_root = last == folder && !shared;
    bool is_home =
        strncmp(folder, homes, sizeof(homes) - 1) == 0 && last == folder + sizeof(homes) - 2;
    return in_root || is_home || (home != NULL && strcmp(folder, home) == 0);
}

static void add_folder_of(struct places *places, const char *path, enum place_access access) {
    char real[PATH_MAX];
    if (realpath(path, real) != NULL && go_up(real) && !is_broad(real)) {
        add(places, real, access);
    }
}

// Its own, and the one above it, so that a folder that was removed and made again is found.
static void add_own_folder(struct places *places, const char *folder) {
    add(places, folder, PLACE_WRITE);
    add_folder_of(places, folder, PLACE_WRITE);
}

// Wherever a link leads: the file, and the folder it is in, since a file is replaced by a new one.
static void add_late_file(void *context, const char *path) {
    add(context, path, PLACE_READ);
    add_folder_of(context, path, PLACE_READ);
}

// They are read once, but after the first server's handshake has begun.
static void add_roots(struct places *places) {
    struct system_roots roots = roots_find_system();
    if (roots.file != NULL) {
        add(places, roots.file, PLACE_READ);
    }
    roots_cleanup_system(&roots);
}

static bool is_stream(const char *path) {
    return strcmp(path, "-") == 0 || file_is_descriptor(path);
}

static bool is_device(const char *path) {
    return strncmp(path, "/dev/", 5) == 0 && strncmp(path, "/dev/shm/", 9) != 0;
}

// The file itself, where it is there, its folder, and where a link leads the folder of the file.
static void add_file(struct places *places, const char *path) {
    add(places, path, PLACE_WRITE);
    if (is_stream(path) || is_device(path)) {
        return;
    }
    char *folder = path_fixed_folder(path);
    add_own_folder(places, folder);
    free(folder);
    char real[PATH_MAX];
    if (realpath(path, real) != NULL && go_up(real)) {
        add(places, real, PLACE_WRITE);
    }
}

static void add_outputs(struct places *places, const struct options *options) {
    for (size_t i = 0; i < options->output_count; i++) {
        const struct output_spec *output = &options->outputs[i];
        if (output->format->framing->shape == SHAPE_FOLDER) {
            add_own_folder(places, output->path);
        }
        if (strcmp(output->path, "-") != 0) {
            add_file(places, output->path);
        }
    }
    for (size_t i = 0; i < options->report_count; i++) {
        if (options->reports[i].path != NULL) {
            add_file(places, options->reports[i].path);
        }
    }
}

static void take_system(struct places *out) {
    *out = (struct places){0};
    for (size_t i = 0; i < sizeof(readable) / sizeof(readable[0]); i++) {
        add(out, readable[i], PLACE_READ);
    }
    late_files_each(add_late_file, out);
    add_roots(out);
}

void places_of(struct places *out, const struct options *options) {
    take_system(out);
    // Standard output and error are opened again, as streams that do not block.
    add(out, "/proc/self/fd/1", PLACE_WRITE);
    add(out, "/proc/self/fd/2", PLACE_WRITE);
    add_outputs(out, options);
}

void places_of_reader(struct places *out, const struct options *options, bool opens_files) {
    take_system(out);
    for (size_t i = 0; opens_files && i < options->files.count; i++) {
        add(out, options->files.items[i], PLACE_READ);
    }
    if (opens_files) {
        add_outputs(out, options);
    }
}

void places_cleanup(struct places *places) {
    for (size_t i = 0; i < places->count; i++) {
        free((void *)(uintptr_t)places->items[i].path);
    }
    free(places->items);
    *places = (struct places){0};
}

bool places_has_files(const struct options *options) {
    bool has = false;
    for (size_t i = 0; i < options->output_count; i++) {
        has = has || strcmp(options->outputs[i].path, "-") != 0;
    }
    for (size_t i = 0; i < options->report_count; i++) {
        has = has || options->reports[i].path != NULL;
    }
    return has;
}
