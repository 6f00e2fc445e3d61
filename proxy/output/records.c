// SPDX-License-Identifier: MIT
#include "output/records.h"

#include "output/capture_file.h"

#include <string.h>

const char *output_format_name(enum output_format format) {
    static const char *const names[] = {
        [OUTPUT_TEXT] = "text", [OUTPUT_JSONL] = "jsonl", [OUTPUT_JSON] = "json",
        [OUTPUT_EML] = "eml",   [OUTPUT_PCAP] = "pcap",   [OUTPUT_PCAPNG] = "pcapng",
    };
    return names[format];
}

bool records_replace(enum output_format format) {
    return format == OUTPUT_JSON || format == OUTPUT_PCAP || format == OUTPUT_PCAPNG;
}

void records_put_head(struct buf *out, enum output_format format) {
    switch (format) {
    case OUTPUT_PCAP:
        pcap_put_head(out);
        break;
    case OUTPUT_PCAPNG:
        pcapng_put_head(out);
        break;
    case OUTPUT_TEXT:
    case OUTPUT_JSONL:
    case OUTPUT_JSON: // written by document_begin, with its tail
    case OUTPUT_EML:
        break;
    }
}

// Also where a tool has laid the document out anew.
static bool is_our_document(struct slice head) {
    struct slice rest = SLICE(DOCUMENT_OURS);
    for (size_t i = 0; i < head.len && rest.len > 0; i++) {
        uint8_t byte = head.data[i];
        if (byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n') {
            continue;
        }
        if (byte != rest.data[0]) {
            return false;
        }
        rest = slice_from(rest, 1);
    }
    return rest.len == 0;
}

bool records_are_ours(enum output_format format, struct slice head) {
    switch (format) {
    case OUTPUT_JSON:
        return is_our_document(head);
    case OUTPUT_PCAP:
        return pcap_is_ours(head);
    case OUTPUT_PCAPNG:
        return pcapng_is_ours(head);
    case OUTPUT_TEXT:
    case OUTPUT_JSONL:
    case OUTPUT_EML:
        break;
    }
    return true;
}

static size_t whole_lines(struct slice bytes) {
    const uint8_t *end = bytes.len == 0 ? NULL : memrchr(bytes.data, '\n', bytes.len);
    return end == NULL ? 0 : (size_t)(end - bytes.data) + 1;
}

size_t records_whole(enum output_format format, struct slice bytes, bool at_start) {
    switch (format) {
    case OUTPUT_TEXT:
    case OUTPUT_JSONL:
        return whole_lines(bytes);
    case OUTPUT_PCAP:
        return pcap_whole_records(bytes, at_start);
    case OUTPUT_PCAPNG:
        return pcapng_whole_records(bytes);
    case OUTPUT_JSON:
    case OUTPUT_EML: // the start of a message is worth keeping, wherever it ends
        break;
    }
    return bytes.len;
}
