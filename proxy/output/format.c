// SPDX-License-Identifier: MIT
#include "output/format.h"

#include "base/memory.h"
#include "output/jsonl.h"
#include "output/text.h"

const struct format_ops *format_ops_of(enum output_format format) {
    static const struct format_ops *const table[] = {
        [OUTPUT_TEXT] = &text_format, [OUTPUT_JSONL] = &jsonl_format,
        [OUTPUT_JSON] = NULL,         [OUTPUT_EML] = &eml_format,
        [OUTPUT_PCAP] = &pcap_format, [OUTPUT_PCAPNG] = &pcapng_format,
    };
    return table[format];
}

bool format_notice(struct buf *out, const struct output *output, const struct event *event) {
    size_t before = buf_len(out);
    struct text_writer text = {.body = output->body, .color = output->color};
    switch (output->format) {
    case OUTPUT_TEXT:
        text_put_event(out, &text, event);
        break;
    case OUTPUT_JSONL:
        jsonl_put_event(out, event, (struct slice){0}, (struct slice){0});
        break;
    case OUTPUT_JSON:
    case OUTPUT_EML:
    case OUTPUT_PCAP:
    case OUTPUT_PCAPNG:
        break;
    }
    return buf_len(out) > before;
}

void outlet_file(struct outlet *outlet, enum piece_kind kind, const char *name, uint64_t offset,
                 struct slice bytes) {
    struct piece piece = {
        .kind = kind, .output = outlet->output->index, .name = mem_string(name), .offset = offset};
    struct buf copy;
    buf_init(&copy, bytes.len);
    buf_put(&copy, bytes);
    piece.bytes = buf_take(&copy, &piece.len);
    batch_add(outlet->files, piece);
}
