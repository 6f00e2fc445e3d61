// SPDX-License-Identifier: MIT
#include "cli/trust_folder.h"

#include "base/memory.h"
#include "base/safe_file.h"

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

void trust_folder_cleanup(struct trust_folder *folder) {
    if (folder->own) {
        folder_of_files_remove(folder->path);
    }
    free(folder->path);
    folder->path = NULL;
    folder->own = false;
}
