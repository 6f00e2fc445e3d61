// SPDX-License-Identifier: MIT
// service_manager: says to the service manager that started the program what state it is in, as
// sd_notify(3) does: a datagram to the socket that $NOTIFY_SOCKET names, by its path or, with `@`
// in front, by its abstract name (unix(7)).
#ifndef SCOPE_CLI_SERVICE_MANAGER_H
#define SCOPE_CLI_SERVICE_MANAGER_H

// `state` is "READY=1" or "STOPPING=1". Does nothing where no manager asks for it; a manager that
// cannot be reached is no reason to stop.
void service_manager_notify(const char *state);

#endif
