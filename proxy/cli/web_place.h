// SPDX-License-Identifier: MIT
// web_place: tells the user the address of the page.
#ifndef SCOPE_CLI_WEB_PLACE_H
#define SCOPE_CLI_WEB_PLACE_H

#include "web/web.h"

// On standard error, with a warning where it is not on loopback. Nothing where there is no page.
void web_say(const struct web *web);

#endif
