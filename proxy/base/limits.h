// SPDX-License-Identifier: MIT
// limits: every cap of the program, in one place. Whatever the peers do, what one session may hold
// is the sum of some of these lines, and what the process keeps of them is LIMIT_KEPT. Bytes unless
// the name says otherwise.
#ifndef SCOPE_BASE_LIMITS_H
#define SCOPE_BASE_LIMITS_H

#define KIB ((size_t)1024)
#define MIB (1024 * KIB)

// What RFC 5321 allows; over these is a finding, never a refusal.
#define LIMIT_COMMAND_LINE 512  // 4.5.3.1.4, with CRLF
#define LIMIT_REPLY_LINE   512  // 4.5.3.1.5, with CRLF
#define LIMIT_TEXT_LINE    1000 // 4.5.3.1.6, with CRLF
#define LIMIT_LOCAL_PART   64   // 4.5.3.1.1
#define LIMIT_DOMAIN       255  // 4.5.3.1.2
#define LIMIT_PATH         256  // 4.5.3.1.3, with the brackets
#define LIMIT_HEADER_LINE  998  // RFC 5322 2.1.1, without CRLF

// The relay.
#define LIMIT_READ         (64 * KIB)  // one read from a socket, a loop
#define LIMIT_READ_FIRST   (16 * KIB)  // … of a peer whose bytes may yet prove costly to decode
#define LIMIT_LEG_OUTPUT   (256 * KIB) // unsent wire bytes of a leg; past it the other side waits
#define LIMIT_DEFAULTS     (64 * KIB)  // options in $SMTPSCOPE_OPTIONS, or in their file
#define LIMIT_HELD         (64 * KIB)  // bytes held while it is not yet known where they go
#define LIMIT_FILTER_LINE  (8 * KIB)   // of a line that a filter wants whole
#define LIMIT_CLIENT_HELLO (64 * KIB)  // a handshake that has not shown its ClientHello

#define LIMIT_HTTP_HEAD     (16 * KIB) // of a request for a tunnel (--mode connect)
#define LIMIT_TUNNEL_ANSWER (4 * KIB)  // to such a request; it has a sentence (FAILURE_MAX)

#define LIMIT_LOOKUPS 32 // names that are looked up at once, each on a thread; more wait

// Sockets of this machine whose processes are remembered; newer ones take the place of older ones.
#define LIMIT_SOCKET_HOLDERS 16384

// The decoder.
#define LIMIT_LINE_DEFAULT   (64 * KIB) // --max-line
#define LIMIT_LINE_MAX       (64 * MIB) // the most that --max-line may say
#define LIMIT_REPLY_LINES    1024       // lines of one reply that are kept
#define LIMIT_REPLY_BYTES    (256 * KIB)
#define LIMIT_PIPELINE       10000       // commands that wait for their replies, remembered at once
#define LIMIT_RECIPIENTS     10000       // of one message
#define LIMIT_ENVELOPE_BYTES (4 * MIB)   // addresses and parameters of one message
#define LIMIT_PIPELINE_BYTES (4 * MIB)   // those of MAILs and RCPTs whose replies are due
#define LIMIT_UNDECIDED      (256 * KIB) // client bytes whose meaning a reply that is due decides
#define LIMIT_PARAMETERS     64          // of one command
#define LIMIT_CAPABILITIES   128         // of one EHLO reply

// What an output keeps (contract, "Detail").
#define LIMIT_HEADER_BYTES  (256 * KIB)
#define LIMIT_HEADER_FIELDS 1000
#define LIMIT_BODY_BYTES    MIB
#define LIMIT_EXCHANGES     10000      // of one session in the json document
#define LIMIT_MESSAGES      1000       // of one session in the json document
#define LIMIT_DOCUMENT      (64 * MIB) // of one session's json document; past it `truncated`
#define LIMIT_OPEN_MESSAGES (8 * MIB)  // kept of one session's messages until they are answered
#define LIMIT_HELD_LINES    (64 * MIB) // of one session in one output, while it waits for --only
#define LIMIT_MESSAGE_TIMES 1000       // times that are kept for one message's lines
#define LIMIT_ODD_DOTS      1000       // lines of one message whose dot is not as it should be
#define LIMIT_CUT_LINES     100        // lines of one message that --max-line cut, remembered
// One event in one output: its line may be in it twice, escaped, and once more in base64.
#define LIMIT_EVENT_OUTPUT (16 * LIMIT_LINE_MAX)
// What one session hands to the writer at once.
#define LIMIT_CHUNK (LIMIT_HELD_LINES + LIMIT_EVENT_OUTPUT)
// What all sessions that are open may keep of these together, as memory that is reserved; past it,
// or past a fair share of it (base/budget.h), a session is cut: `truncated`, `cut`, or a line that
// says how much is left out. Bytes below the floor are kept of each session in any case.
#define LIMIT_KEPT         (128 * MIB)
#define LIMIT_KEPT_FLOOR   (16 * KIB)
#define LIMIT_WRITER_QUEUE (16 * MIB) // finished lines that wait for the disk

#define LIMIT_FLUSH       (16 * KIB)  // lines of a session that wait in one output for more
#define LIMIT_WRITE       (256 * KIB) // bytes that one write to a file gathers
#define LIMIT_FILES_OPEN  64          // of one output, by its placeholders
#define LIMIT_FILES_KNOWN 65536       // of one output; the oldest ones are forgotten
#define LIMIT_PATH_BYTES  (64 * KIB)  // a PATH with its placeholders filled in
#define LIMIT_PATH_VALUE  128         // bytes of a value in it, so that it stays a file's name
#define LIMIT_FILE_COPY   MIB        // a json file that is copied for each session where it must be
#define LIMIT_SCREEN      (64 * KIB) // lines for a stopped terminal; it gets no status line more
#define LIMIT_GATHERED    (32 * KIB) // bytes of one peer that become one flight in pcap
#define LIMIT_HANDSHAKE   (512 * KIB) // packets that wait in pcapng for the secrets of a handshake

// A recorded transcript: `show` and `check` read all of it at once.
#define LIMIT_TRANSCRIPT (4096 * MIB)
#define LIMIT_SHOWN      (4 * LIMIT_TRANSCRIPT + LIMIT_FLUSH) // one event of it as text, escaped

// A verdict.
#define LIMIT_JUDGED_FINDINGS 10000      // kept for the reports; more are only counted
#define LIMIT_FOUND_VALUES    10         // that an expectation shows
#define LIMIT_FOUND_VALUE     256        // bytes of one of them
#define LIMIT_FOUND_BYTES     (4 * KIB)  // of all of them
#define LIMIT_SENTENCE        (64 * KIB) // of a report
#define LIMIT_PATTERN_DEPTH   64         // groups in groups of an expression
#define LIMIT_PATTERN         1000       // characters of an expression, its repetitions written out

// The analysis.
#define LIMIT_FINDINGS_OF_RULE 10   // of one rule in a session; the eleventh counts the rest
#define LIMIT_SECRETS          2048 // learnt in one session; a PLAIN login is three of them
#define LIMIT_SECRET_BYTES     MIB  // of them; of one no more than SECRET_SET_SECRET_MAX
#define LIMIT_SEARCH_RESERVE   MIB  // comparisons of a session beyond 16 a byte that is searched

#endif
