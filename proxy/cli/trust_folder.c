// SPDX-License-Identifier: MIT
#include "cli/trust_folder.h"

#include "base/memory.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

void trust_folder_init(struct trust_folder *out, const char *ca_dir) {
    char path[] = "/tmp/smtpscope-trust-XXXXXX"; // $TMPDIR may be as private as the CA's folder
    out->own = geteuid() == 0 && mkdtemp(path) != NULL;
    if (out->own && chmod(path, 0755) != 0) {
        rmdir(path);
        out->own = false;
    }
    out->path = mem_string(out->own ? path : ca_dir);
}

static void remove_files(const char *path) {
    DIR *folder = opendir(path);
    struct dirent *entry;
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        (void)unlinkat(dirfd(folder), entry->d_name, 0); // "." and ".." stay by themselves
    }
    if (folder != NULL) {
        closedir(folder);
    }
}

void trust_folder_cleanup(struct trust_folder *folder) {
    if (folder->own) {
        remove_files(folder->path);
        rmdir(folder->path);
    }
    free(folder->path);
    folder->path = NULL;
    folder->own = false;
}
