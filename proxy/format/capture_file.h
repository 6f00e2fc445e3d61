// SPDX-License-Identifier: MIT
// capture_file: the two file formats of packet captures, as records to append. Knows nothing of
// what is in a packet; both hold raw IP (LINKTYPE_RAW), times in microseconds, little endian.
//
//   pcap    draft-ietf-opsawg-pcap:    head │ record │ record …
//   pcapng  draft-ietf-opsawg-pcapng:  section header, interface │ secrets or packet block …
#ifndef SCOPE_FORMAT_CAPTURE_FILE_H
#define SCOPE_FORMAT_CAPTURE_FILE_H

#include "base/buf.h"

void pcap_put_head(struct buf *out);
// A packet comes in two parts, its headers and its payload.
void pcap_put_packet(struct buf *out, int64_t unix_ns, struct slice headers, struct slice payload);

void pcapng_put_head(struct buf *out);
void pcapng_put_packet(struct buf *out, int64_t unix_ns, struct slice headers,
                       struct slice payload);
// A Decryption Secrets Block with lines of an NSS key log, each with its '\n'. It must come before
// the packets that it decrypts.
void pcapng_put_secrets(struct buf *out, struct slice keylog);

// Whether `head`, the first bytes of a file, is what this program begins such a file with. The
// snapshot length of pcap and the application's name in pcapng are its own, so that a capture of
// another program is not taken for one of ours.
enum { CAPTURE_HEAD_LEN = 256 }; // bytes that are enough to recognise it
bool pcap_is_ours(struct slice head);
bool pcapng_is_ours(struct slice head);

// The length of the whole records at the front of `bytes`, which begin at a record; the head of the
// file counts as one.
size_t pcap_whole_records(struct slice bytes, bool at_start);
size_t pcapng_whole_records(struct slice bytes, bool at_start);

#endif
