// SPDX-License-Identifier: MIT
#include "cli/web_place.h"

#include "base/limits.h"
#include "cli/console.h"

#include <stdlib.h>

void web_say(const struct web *web) {
    if (!web_has_page(web)) {
        return;
    }
    struct buf url;
    buf_init(&url, SENTENCE_MAX);
    web_put_url(&url, web);
    struct slice shown = buf_slice(&url);
    console_sayf("web page on %.*s", (int)shown.len, (const char *)shown.data);
    buf_cleanup(&url);
    char *open = web_open_address(web);
    if (open != NULL) {
        console_sayf("WARNING: the web page on %s is not on a loopback address: anyone who reaches "
                     "this machine and has the token can read the mail",
                     open);
    }
    free(open);
}
