// SPDX-License-Identifier: MIT
// json: one document of all sessions. Each is written from its record when it ends, so there is no
// state of a session here.
#include "format/format.h"
#include "spool/document_file.h"

static enum err put_document(struct buf *out, struct failure *failure, struct slice document) {
    (void)failure;
    buf_put(out, document);
    return OK;
}

static const struct framing framing = {
    .name = "json",
    .shape = SHAPE_DOCUMENT,
    .is_ours = document_is_ours,
};

const struct format_info json_format = {
    .name = "json",
    .endings = "json",
    .framing = &framing,
    .shares_messages = true,
    .takes_document = true,
    .put_document = put_document,
};
