// SPDX-License-Identifier: MIT
// service_manager: tells the service manager that started the program what state it is in, as
// sd_notify(3) does: a datagram to the socket that $NOTIFY_SOCKET names, by its path or, with `@`
// in front, by its abstract name (unix(7)).
#ifndef SCOPE_CLI_SERVICE_MANAGER_H
#define SCOPE_CLI_SERVICE_MANAGER_H

// The way to it, opened while the process may still go every way; -1 where no manager asks for it,
// or it cannot be reached: that is no reason to stop.
int service_manager_open(void);
// `state` is "READY=1" or "STOPPING=1". Does nothing where `fd` is -1.
void service_manager_notify(int fd, const char *state);

#endif
