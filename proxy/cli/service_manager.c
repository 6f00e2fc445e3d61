// SPDX-License-Identifier: MIT
#include "cli/service_manager.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static bool read_address(struct sockaddr_un *out, socklen_t *out_len) {
    const char *name = getenv("NOTIFY_SOCKET");
    size_t len = name == NULL ? 0 : strlen(name);
    if (len < 2 || len >= sizeof(out->sun_path) || (name[0] != '/' && name[0] != '@')) {
        return false;
    }
    *out = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(out->sun_path, name, len);
    if (name[0] == '@') {
        out->sun_path[0] = '\0'; // the name is as long as the address says, without a NUL
    }
    *out_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
    return true;
}

int service_manager_open(void) {
    struct sockaddr_un address;
    socklen_t len = 0;
    if (!read_address(&address, &len)) {
        return -1;
    }
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, len) != 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

void service_manager_notify(int fd, const char *state) {
    if (fd >= 0) {
        (void)!send(fd, state, strlen(state), MSG_NOSIGNAL);
    }
}
