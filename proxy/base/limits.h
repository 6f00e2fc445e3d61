// SPDX-License-Identifier: MIT
// limits: every cap and every time of the program, in one place. Whatever the peers do, what one
// session may hold is the sum of some of these lines, and what the process keeps of them is
// LIMIT_KEPT. Bytes unless the name or the comment says otherwise.
//
//   LIMIT_…      caps what peers, files and the kernel bring
//   …_MAX        is the room for a name or a sentence of the program's own; a longer one is cut
//   …_NS, …_MS   are times: how long something is waited for, or how soon it is looked at again
//
// Manuals, schemas and the help quote some; test/unit/base/limits_test.c knows where.
#ifndef SCOPE_BASE_LIMITS_H
#define SCOPE_BASE_LIMITS_H

#include <stddef.h>
#include <stdint.h>

#define KIB ((size_t)1024)
#define MIB (1024 * KIB)

#define NS_PER_US INT64_C(1000)
#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S  INT64_C(1000000000)

// What RFC 5321 allows; over these is a finding, never a refusal.
#define LIMIT_COMMAND_LINE 512   // 4.5.3.1.4, with CRLF
#define LIMIT_REPLY_LINE   512   // 4.5.3.1.5, with CRLF
#define LIMIT_TEXT_LINE    1000  // 4.5.3.1.6, with CRLF
#define LIMIT_LOCAL_PART   64    // 4.5.3.1.1
#define LIMIT_DOMAIN       255   // 4.5.3.1.2
#define LIMIT_PATH         256   // 4.5.3.1.3, with the brackets
#define LIMIT_HEADER_LINE  998   // RFC 5322 2.1.1, without CRLF
#define LIMIT_DOMAIN_LABEL 63    // RFC 1035 2.3.4
#define LIMIT_HOST_NAME    253   // RFC 1035 2.3.4, as text without the last dot
#define LIMIT_MECHANISM    20    // RFC 4422 3.1
#define LIMIT_SASL_LINE    12288 // RFC 4954 4, of a response or a challenge

// The relay.
#define LIMIT_READ        (64 * KIB)  // one read from a socket, a loop
#define LIMIT_READ_FIRST  (16 * KIB)  // … of a peer whose bytes may yet prove costly to decode
#define LIMIT_LEG_OUTPUT  (256 * KIB) // unsent wire bytes of a leg; past it the other side waits
#define LIMIT_FILTER_LINE (8 * KIB)   // of a line that a filter wants whole
// Reading from the other peer stops at LIMIT_LEG_OUTPUT, and one read adds at most LIMIT_READ to a
// leg, or a little more through TLS; the maximum of a buffer is never met, only asserted.
#define LIMIT_LEG_BUFFER (4 * MIB)
#define LIMIT_FAR_END    MIB // what a far end that is no socket says at once

// How long a client's ClientHello is waited for where only the client's first bytes can tell
// whether it speaks TLS at once: a bridged server's greeting is held back so long, and no longer.
#define RELAY_HELLO_WAIT_NS (300 * NS_PER_MS)
// The same for the embedded server on the port of implicit TLS, where no client is due to wait for
// a greeting in plain text: some take a second from the connect to their ClientHello.
#define RELAY_HELLO_WAIT_465_NS (3 * NS_PER_S)
// The same of a client that is known to begin with TLS, on a busy machine. One that falls back to
// plain text is to show it within the time of a case.
#define RELAY_HELLO_WAIT_DUE_NS (20 * NS_PER_S)
// How long a ClientHello is waited for once a client has sent plain text after the 220 to its
// STARTTLS that can go nowhere. A client that only sent it too early gets past a slow network.
#define RELAY_PLAIN_WAIT_NS (2 * NS_PER_S)
// How long a peer may take to close after the proxy has ended the session by itself.
#define RELAY_LINGER_NS (2 * NS_PER_S)
// The same at the end of --grace, after which all is closed within 0.2 s.
#define RELAY_STOP_LINGER_NS (100 * NS_PER_MS)
// How long the server may yet answer a client that is gone before the session ends.
#define RELAY_GONE_NS (500 * NS_PER_MS)
// How long a server may take nothing of what a client that is gone said before, while some of it
// is left. A closed socket's kernel has as much patience with a peer that does not read.
#define RELAY_UNREAD_NS (60 * NS_PER_S)
// Within this time after the handshake a close without a word is a verdict on the certificate.
#define SILENT_CLOSE_NS (10 * NS_PER_S)

// TLS.
#define LIMIT_TLS_RECORD  16384     // RFC 8446 5.1, of plaintext
#define LIMIT_ALPN_NAME   255       // RFC 7301 3.1
#define LIMIT_JA4_COUNT   99        // the most that a JA4 fingerprint counts up to
#define LIMIT_CHAIN       32        // certificates that a peer shows
#define LIMIT_OWN_CHAIN   16        // certificates that the proxy shows to a server that asks
#define TLS_FIRST_BYTES   256       // of a peer's stream, to recognise what is no TLS
#define TLS_QUOTE_MAX     160       // of these in a sentence
#define TLS_SENTENCE_MAX  (4 * KIB) // why a handshake failed
#define LIMIT_FINGERPRINT MIB       // the lists of a ClientHello as text
#define JA4_MAX           KIB
// Above LIMIT_LEG_OUTPUT, where writing stops, there must be room for one more record and for a
// whole handshake flight with a long chain.
#define LIMIT_TLS_OUTPUT (LIMIT_LEG_OUTPUT + 256 * KIB)
// A client that leaves without a word this soon after the handshake says something by it.
#define LEFT_AT_ONCE_NS (2 * NS_PER_S)
// A thread of its own parses the machine's roots, once, and sends no notification.
#define ROOTS_LOOK_NS NS_PER_MS

// Certificates.
#define LIMIT_PEM            (64 * KIB) // a file of the CA, its certificate or its key
#define LIMIT_BUNDLE         (8 * MIB)  // of roots that is written; 1 MiB is some 700 roots
#define LIMIT_OTHERS_BUNDLE  (16 * MIB) // of roots that `doctor` reads
#define LIMIT_ROOTS          4096       // in one bundle
#define LIMIT_COMMON_NAME    64         // RFC 5280 A.1
#define LIMIT_LEAVES         1024       // certificates that are kept for clients to come
#define LIMIT_VERDICTS_KEPT  256        // on chains
#define LIMIT_FACTS_KEPT     64         // descriptions of certificates
#define VERDICT_KEPT_NS      (60 * NS_PER_S)
#define VERDICT_ERROR_MAX    384  // what is wrong with a chain
#define CERTIFICATE_NAME_MAX KIB  // a name in a certificate
#define JKS_SEAL_MAX         256  // what is hashed with a bundle: the password, a greeting
#define FOLDER_LOCK_WAIT_MS  5000 // for another process that makes the CA
#define FOLDER_LOCK_NAP_MS   20

// Tunnels (--mode connect) and SOCKS5.
#define LIMIT_HTTP_HEAD     (16 * KIB) // of a request for a tunnel
#define LIMIT_TUNNEL_ANSWER (8 * KIB) // to such a request; it has a sentence (FAILURE_MAX), escaped
#define TUNNEL_HOST_MAX     256       // a host of such a request, with its NUL

#define LIMIT_SOCKS5_METHODS (2 + 255)         // RFC 1928 3, with its head
#define LIMIT_SOCKS5_REQUEST (4 + 1 + 255 + 2) // RFC 1928 4: head, length, name, port

// Who a client is. Sockets of this machine whose processes are remembered; newer ones take the
// place of older ones.
#define LIMIT_SOCKET_HOLDERS 16384
#define LIMIT_RECENT_HOLDERS 8    // processes that are asked first
#define LIMIT_RECENT_PLACES  64   // descriptors in which a loop's last clients held their sockets
#define LIMIT_PLACE_LOOKS    32   // … of which so many are looked at for a client
#define LIMIT_PLACE_MISSES   3    // looks in a row that find no socket, after which it is forgotten
#define LIMIT_SOCK_DIAG      8192 // one answer of the kernel's about sockets
#define LIMIT_PROC_STATUS    4096 // of /proc/PID/status
#define ADDRESS_TEXT_MAX     64   // an address with its port
#define PROCESS_PROGRAM_MAX  64   // the name of a program
// A session waits 50 ms for the name of its client, and no longer: when the first of these times is
// over the loop takes what was answered meanwhile. Where answers come late the first is halved.
#define IDENTIFY_NS           (49 * NS_PER_MS)
#define IDENTIFY_LAST_NS      NS_PER_MS
#define IDENTIFY_HALVINGS_MAX 6
// A redirected client of this machine may be this process itself, which must be known.
#define IDENTIFY_REDIRECTED_NS (5 * NS_PER_S)
// How long the process outside the sandbox is waited for, and how often in a row. A search is asked
// on a loop, where all sessions would wait with it; a thread of its own waits 5 s.
#define OUTSIDE_WAIT_MS      2
#define OUTSIDE_SEARCH_WAITS 1
#define OUTSIDE_WAITS        2500
// A balancer sends its header with its first packet; one that is lost comes again within 3 s, which
// is the least that section 3 of the PROXY protocol asks a receiver to wait.
#define PROXY_HEADER_WAIT_NS (5 * NS_PER_S)
#define PROXY_HEADER_MAX     107 // a line of it with its CRLF, the longest that is written

// Connections.
#define LIMIT_LOOKUPS        32 // names that are looked up at once, each on a thread; more wait
#define LIMIT_DIAL_ADDRESSES 16 // of one name
#define LIMIT_ACCEPTS        4  // of one listener in a turn: each makes a session
#define LIMIT_PAGE_ACCEPTS   64 // … of the page's
#define DESCRIPTORS_TO_START 16 // that must be free for a proxy to be started
#define DIAL_RETRY_NS        (100 * NS_PER_MS) // where descriptors are used up
#define ACCEPT_RETRY_MS      100               // the same
// Freed memory that the C library may keep, and how soon after a session it is looked at.
#define SPARE_MEMORY         (4 * MIB)
#define SPARE_MEMORY_LOOK_MS 3000
// A client that ends its stream closes both ways, mostly: it is looked at soon, then less often.
#define CLIENT_LOOK_FIRST_NS (10 * NS_PER_MS)
#define CLIENT_LOOK_MAX_NS   NS_PER_S
// How soon what sends no notification is looked at again: that the outputs are not congested any
// more, that a peer has got all it was sent.
#define CONN_LOOK_NS (10 * NS_PER_MS)
// What peers that fill their reads may cost together in one turn: others wait at most so long, and
// as long again where a peer turns costly within its read.
#define SHARE_TURN_NS NS_PER_MS
// A peer is heavy whose full reads lately cost so much. All heavy ones together get so much of a
// turn, as each answer of a session that others wait for may wait for that; and a whole turn where
// they have been alone for so much of their own time.
#define SHARE_HEAVY_FROM_NS  (NS_PER_MS / 4)
#define SHARE_HEAVY_NS       (NS_PER_MS / 2)
#define SHARE_ALONE_AFTER_NS (20 * NS_PER_MS)
// In a turn in which the others have cost so much already, a peer that sent much waits.
#define SHARE_LATE_NS (NS_PER_MS / 2)
// Of those that go on in one turn each is expected to cost this part of it at least.
#define SHARE_PEERS_MAX 8
// What is sent at the end of a turn waits so long at most, or for the work of one peer. Where reads
// of TURN_OUTPUT_READ bytes together wait it goes at once: it would be in no cache any more.
#define TURN_OUTPUT_NS   (5 * NS_PER_MS)
#define TURN_OUTPUT_READ LIMIT_READ_FIRST

// `run`: the connects of a command.
#define LIMIT_PATIENT_JOBS    1024 // that may wait for their server; past it they hurry
#define LIMIT_ERRANDS         1280 // at once; past it they queue, and the supervisor goes on
#define LIMIT_ELSEWHERE_PORTS 3    // of connects that were not captured, named when none was
#define LIMIT_NAMES_KNOWN     4096 // the oldest goes, and the kernel's answer takes its place
// The oldest goes; cookies are never used twice, so an old one is inert.
#define LIMIT_COMPLETED_CONNECTS 512
#define LIMIT_FD_INFO            512 // /proc/PID/fdinfo/N, or a line of /proc/net/tcp
// How long the dial is waited for where the caller does not wait.
#define CONNECT_NONBLOCKING_WAIT_MS 300
#define DIAL_LOOK_MS                50 // between two looks at whether to go on
// A redirected connection waits in the listener's queue until a session is free, so this is long.
// What never comes (the command was killed within its connect) must go some time all the same.
#define PENDING_CONNECT_NS    (INT64_C(30) * 60 * NS_PER_S)
#define LIMIT_TERM_MS         2000 // from SIGTERM to SIGKILL, for a command whose time is over
#define LIMIT_LEFT_RUNNING_MS 3000 // for processes that such a command leaves running
#define CLAIM_WAIT_MS         2000 // for its last connections, once a command has ended
#define SCARCE_NAP_MS         20   // before another try where descriptors are used up

// The decoder.
#define LIMIT_LINE_DEFAULT   (64 * KIB) // --max-line
#define LIMIT_LINE_MAX       (64 * MIB) // the most that --max-line may say
#define LIMIT_REPLY_LINES    1024       // lines of one reply that are kept
#define LIMIT_REPLY_BYTES    (256 * KIB)
#define LIMIT_PIPELINE       10000      // commands that wait for their replies, remembered at once
#define LIMIT_RECIPIENTS     10000      // of one message
#define LIMIT_ENVELOPE_BYTES (4 * MIB)  // addresses and parameters of one message
#define LIMIT_PIPELINE_BYTES (4 * MIB)  // those of MAILs and RCPTs whose replies are due
#define LIMIT_UNDECIDED_TEXT (64 * KIB) // bytes that may be a message, as the reply to DATA says
// Other bytes of a peer that wait for the other peer to decide what they are. What waits is decoded
// in one turn of the loop, so it is no more than a read whose cost is not known.
#define LIMIT_UNDECIDED      LIMIT_READ_FIRST
#define LIMIT_PARAMETERS     64  // of one command
#define LIMIT_CAPABILITIES   128 // of one EHLO reply
#define LIMIT_SPANS          8   // secret parts of one line
#define LIMIT_VERB           12  // a longer first word is no command's, unless the server offers it
#define LIMIT_AUTH_WORD      32  // a word that only resembles AUTH
#define LIMIT_AUTHS          64  // AUTH commands of one client whose replies are due
#define LIMIT_LOOKS_AHEAD    16  // at one line, since each costs its length
#define LIMIT_SASL_QUESTION  64  // letters of a challenge, to see what it asks for
#define LIMIT_SASL_RESPONSE  (256 * KIB) // one that is decoded
#define LIMIT_SASL_ERROR     (4 * KIB)   // the JSON of RFC 7628 3.2.2
#define LIMIT_SASL_TOKEN     (64 * KIB)  // one whose form is looked at
#define LIMIT_CHALLENGE_TEXT (4 * KIB)   // that is shown decoded
#define AUTH_MECHANISM_MAX   64
#define AUTH_IDENTITY_MAX    1024
#define CONTENT_TAIL_MAX     4   // bytes that came last, where the next one decides what they are
#define LOOK_ALIKE_MAX       16  // the name of a look-alike of the end of a message
#define NOT_SMTP_TEXT_MAX    512 // the sentence on a peer that speaks something else

#define PROGRESS_BYTES 10000000 // contract, jsonl `data`: every 10 MB of a message

// The message reader.
#define LIMIT_BOUNDARY      200        // RFC 2046 5.1.1 allows 70
#define LIMIT_MIME_DEPTH    32         // what is nested deeper is not judged
#define LIMIT_ENCODED_WORDS (64 * KIB) // decoded bytes of one run of words
#define LIMIT_ENCODED_WORD  (4 * KIB)  // one word; RFC 2047 2 allows 75 bytes

#define LIMIT_MESSAGE_PARTS 1000      // that the page shows of one message
#define LIMIT_MIME_NAME     (4 * KIB) // of a file in a message
#define LIMIT_MIME_TOKEN    100       // half of a type, a charset, a disposition
#define LIMIT_MIME_PIECES   1000      // of one parameter, RFC 2231 3

// The server of `sink`.
#define LIMIT_SINK_MESSAGE UINT64_C(1073741824) // what EHLO offers as SIZE (RFC 1870)
#define EMBEDDED_LINE_MAX  80                   // of its own text with a number in it

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
#define LIMIT_KEYWORD       64         // of an ESMTP parameter
#define VERB_TEXT_MAX       64         // no verb is that long; `line` has all of it
#define EML_NAME_MAX        48         // the name of a message's file
#define WAIT_TEXT_MAX       64         // what a session waits for
// One event in one output: its line may be in it twice, escaped, and once more in base64.
#define LIMIT_EVENT_OUTPUT (16 * LIMIT_LINE_MAX)
// What one session hands to the writer at once.
#define LIMIT_CHUNK (LIMIT_HELD_LINES + LIMIT_EVENT_OUTPUT)
// What all sessions that are open may keep of these together, as memory that is reserved; past it,
// or past a fair share of it (base/budget.h), a session is cut: `truncated`, `cut`, or a line that
// says how much is left out. Bytes below the floor are kept of each session in any case: a session
// with one small message takes 17 KiB.
#define LIMIT_KEPT         (128 * MIB)
#define LIMIT_KEPT_FLOOR   (32 * KIB)
#define LIMIT_WRITER_QUEUE (16 * MIB) // finished lines that wait for the disk

#define LIMIT_FLUSH         (16 * KIB)  // lines of a session that wait in one output for more
#define LIMIT_WRITE         (256 * KIB) // bytes that one write to a file gathers
#define LIMIT_COUNTER       48          // what numbers a line
#define LIMIT_U64_DIGITS    20          // of UINT64_MAX in decimal
#define LIMIT_FILES_OPEN    64          // of one output, by its placeholders
#define LIMIT_FILES_KNOWN   65536       // of one output; the oldest ones are forgotten
#define LIMIT_PATH_BYTES    (64 * KIB)  // a PATH with its placeholders filled in
#define LIMIT_PATH_VALUE    128         // bytes of a value in it, so that it stays a file's name
#define LIMIT_FILE_COPY     MIB // a json file that is copied for each session where it must be
#define LIMIT_SCREEN        (64 * KIB) // lines for a stopped terminal; it gets no status line more
#define LIMIT_SEGMENT       (32 * KIB) // of pcap: less than a window and an IPv4 packet
#define LIMIT_NAME_ATTEMPTS 100        // to find a name for a new file that no other has
#define LIMIT_OLD_END       64 // bytes of a file's end that are put back where a write fails
#define LIMIT_GATHERED      (32 * KIB)  // bytes of one peer that become one flight in pcap
#define LIMIT_HANDSHAKE     (512 * KIB) // packets that wait in pcapng for TLS secrets
// Getting ahead means this much within this time. A reader that takes a page now and then is as
// good as none: the mail would wait for it without bound.
#define AHEAD_BYTES         (64 * KIB)
#define AHEAD_NS            (3 * NS_PER_S)
#define LIMIT_PIECES_FLOOD  2 // times the cap of a backlog, for the small ends of messages
#define WRITER_GATHER_NS    (5 * NS_PER_MS) // after the first line, so that one write takes many
#define WRITER_GIVE_UP_NS   (2 * NS_PER_S)  // without progress, once it is to stop
#define WRITER_HANG_NS      (5 * NS_PER_S)  // without a sign of life of the thread
#define WRITER_STOP_LOOK_MS 100             // while it stops
#define FIFO_RETRY_MS       50              // how often a FIFO is tried that has no reader
#define OUTPUT_RETRY_MS     1000            // how often a failing output is tried
#define OUTPUT_RETRY_NS     (OUTPUT_RETRY_MS * NS_PER_MS)

// What the user asked the proxy to put in.
#define LIMIT_FAULT_TIME   (24 * 3600) // seconds of a delay, or of the span of `over N/Ss`
#define LIMIT_CERTAIN_LINE (4 * KIB)   // of a command where something must not reach the server
#define LIMIT_PACE_FULL    (64 * KIB)  // bytes that wait on their way to a peer; more are not read
#define LIMIT_PACE         MIB         // … with a reply or a header that was kept
// How long a client's line waits for the reply that says what it is, where a rule may be about it.
#define FAULT_UNDECIDED_NS (5 * NS_PER_S)
#define LIMIT_FAULT_OVER   100000 // occasions that are remembered for `over N/Ss`

// A recorded transcript: `show` and `check` read all of it at once.
#define LIMIT_TRANSCRIPT      (4096 * MIB)
#define LIMIT_TRANSCRIPT_READ MIB                                  // one read of it
#define LIMIT_SHOWN           (4 * LIMIT_TRANSCRIPT + LIMIT_FLUSH) // one event of it as text, escaped
#define FRAMING_HEAD_MAX      256  // bytes that are enough to recognise a format
#define LIMIT_READ_MS         1e11 // the longest time that is taken from one; some three years

// A verdict.
#define LIMIT_JUDGED_FINDINGS 10000      // kept for the reports; more are only counted
#define LIMIT_FOUND_VALUES    10         // that an expectation shows
#define LIMIT_FOUND_VALUE     256        // bytes of one of them
#define LIMIT_FOUND_BYTES     (4 * KIB)  // of all of them
#define LIMIT_SENTENCE        (64 * KIB) // of a report
#define LIMIT_PATTERN_DEPTH   64         // groups in groups of an expression
#define LIMIT_PATTERN         1000       // characters of an expression, its repetitions written out
#define LIMIT_AUDIT_SECRETS   (16 * MIB) // what a case of `audit` has learnt, to be masked
// The audit.
#define AUDIT_FAULTS_MAX    4           // rules of a case
#define AUDIT_RULES_MAX     8           // findings that a case looks for
#define AUDIT_SENTENCE_MAX  512         // what a client did in a case
#define AUDIT_END_MAX       64          // … how it ended
#define AUDIT_FLOOD_MEMORY  (256 * MIB) // of a client to which a server says 1.6 MB
#define AUDIT_OUTPUT_LINES  20 // of what the command wrote, in the report of a case that failed
#define LIMIT_AUDIT_INPUT   (64 * MIB) // what the command reads in each case
#define AUDIT_INPUT_WAIT_MS 2000       // for the first byte of it from a pipe
#define LIMIT_AUDIT_READ    4096       // of what the command says, at once
#define LIMIT_AUDIT_JOBS    64
#define LIMIT_AUDIT_OUTPUT  (4 * MIB)    // of what a command says in a case: the end of it
#define LIMIT_REPORT        (1024 * MIB) // the findings in it are capped in number
#define LIMIT_HTML_REPORT   (256 * MIB)  // of the sessions in an HTML report, as JSON; of its list

// The page (contract-web): what it keeps is bounded by --web-memory.
#define WEB_MEMORY_MIN         MIB
#define LIMIT_WITHOUT_WEB      (8 * MIB)         // kept for `ctl wait` where there is no page
#define LIMIT_WEB_FLOOR        (16 * KIB)        // that each live session may have in any case
#define LIMIT_WEB_MESSAGE      (8 * MIB)         // of one message
#define LIMIT_WEB_EVENTS       (16 * MIB)        // lines for readers to come; the oldest go first
#define FEED_BLOCK             (16 * KIB)        // lines that are kept, and go, together
#define LIMIT_WEB_CONNECTIONS  128               // at once
#define LIMIT_WEB_TURNED_AWAY  256               // more, that get an answer why
#define LIMIT_WEB_STREAMS      32                // of events, at once
#define LIMIT_WEB_HEAD         (16 * KIB)        // a request line and its header
#define LIMIT_WEB_PLAIN_ANSWER KIB               // an error without the HTTP library
#define LIMIT_WEB_POOL         (256 * KIB)       // of the HTTP library, for one connection
#define LIMIT_WEB_BODY         (64 * KIB)        // of a request
#define LIMIT_WEB_LIST         1000              // sessions in one answer
#define LIMIT_WEB_ANSWER       ((size_t)1 << 40) // what is kept bounds it
#define LIMIT_WEB_CHUNK        (64 * KIB)        // events that are handed to a reader at once
#define LIMIT_WEB_EXPECTATIONS 64                // of one wait
#define WEB_TOKEN_BYTES        16                // by chance
#define WEB_TOKEN_MIN          16
#define WEB_TOKEN_MAX          256
#define WEB_REQUEST_MS         10000 // to send a request
#define WEB_STALL_S            120   // in which a client takes nothing of its answer
#define WEB_SWEEP_MS           1000  // between two looks at who is late
#define WEB_ALIVE_MS           15000 // a stream of events is never silent for longer
#define WEB_GATHER_MS          20    // in which changes are gathered for those that wait for one
#define WEB_CLOSE_MS           500   // at the end, for answers that are under way
#define WEB_LATE_MS            100   // a loop that looks at a wait later than this was held up
#define WEB_LATE_MAX_MS        1000  // for which a wait then goes on at most
#define WEB_WAIT_DEFAULT_S     30
#define WEB_WAIT_MAX_S         600

// The analysis.
#define LIMIT_FINDINGS_OF_RULE 10   // of one rule in a session; one more counts the rest
#define LIMIT_SECRETS          2048 // learnt in one session; a PLAIN login is three of them
#define LIMIT_SECRET_BYTES     MIB  // of them; of one no more than LIMIT_SECRET
#define LIMIT_SEARCH_RESERVE   MIB  // comparisons of a session beyond 16 a byte that is searched
#define LIMIT_SECRET           1024 // of one; a longer one is known by its beginning
// A plain word this short is looked for in its own case only: a password `password` must not hide
// the `Password` of a server's ordinary sentence.
#define LIMIT_PLAIN_WORD   11
#define LIMIT_MASK_LINE    (64 * 1024)       // of a line that waits for its end
#define LIMIT_MASK_WAITING (4 * 1024 * 1024) // that, and one event after it
// A secret has at least four bytes, its stars are eight.
#define LIMIT_MASK_SEEN        (2 * LIMIT_MASK_WAITING + 64)
#define LIMIT_MASK_RUN         (64 * 1024) // of one SASL line that is learnt
#define LIMIT_MASK_LOOKS       16          // at one that is still under way
#define LIMIT_SASL_NAME_LINE   128         // a line that says no more than who logs in
#define LIMIT_ADDRESS          512         // in the form by which addresses are compared
#define LIMIT_HEADER_ADDRESSES 4096        // kept of one session, each at most LIMIT_ADDRESS bytes
#define LIMIT_ADDRESSES_NAMED  3           // by one finding
#define LIMIT_COMMENT_DEPTH    32          // comments in comments of a header field
#define LIMIT_REMARKS          24          // on one message
#define LIMIT_COMPARED         (64 * 1024) // the start of a message, to find a repeated one
#define LIMIT_SENT_MESSAGES    64          // that are compared
#define LIMIT_AUTH_ATTEMPTS    64          // refused in one session, to find one that is repeated
#define FINDING_TEXT_MAX       2048
#define LIMIT_SAID             8  // causes that a screen names, remembered so as not to repeat them
#define SAID_RULE_MAX          32 // the id of a rule
#define LIST_TEXT_MAX          512             // a list of words in it
#define LIKELY_TEXT_MAX        4096            // the likely cause
#define REFUSAL_TEXT_MAX       4096            // a reply, to see what it refuses
#define HELLO_NAME_MAX         1700            // the name of a client in a finding
#define MIME_NOTE_MAX          2048            // what is wrong with the MIME structure
#define QUOTE_MAX              160             // of what a peer said
#define STEP_NAME_MAX          64              // of a command, or of what took its place
#define IDLE_NS                (30 * NS_PER_S) // of silence, which may explain a refusal
#define SILENCE_NS             (5 * NS_PER_S)  // after which a peer that does not go on is named
#define CHUNK_SILENCE_NS       NS_PER_S        // … within a chunk that the server gives up

// The command line, `ctl` and the status line.
#define LIMIT_DEFAULTS          (64 * KIB) // options in $SMTPSCOPE_OPTIONS, or in their file
#define LIMIT_COMPLETION_VALUES (64 * KIB) // what may come after an option
enum { OPTION_WORD_MAX = 64 };             // `--name` and its NUL
#define LIMIT_OPTION_SECONDS  UINT64_C(1000000000) // some thirty years; in ns within int64_t
#define LIMIT_READY_FILE      (64 * KIB)
#define LIMIT_LATE_FILES      4096 // of a folder of roots, whose links a sandboxed proxy may follow
#define LIMIT_CONTROL_LINE    (16 * KIB) // `wait` with its expectations
#define LIMIT_CONTROL_CLIENTS 64         // each `ctl wait` that waits is one
#define LIMIT_CONTROL_ANSWER  (64 * MIB) // what a client takes, and a proxy gives
#define SUGGEST_WORD_MAX      32         // all words longer than this are too far from each other
#define PROBE_TEXT_MAX        256        // of a line of `doctor`
#define SENTENCE_MAX          (64 * KIB) // that the program itself says
#define STATUS_LINE_MAX       (64 * KIB)
#define SIGNAL_LIMIT_S        2    // what a second signal leaves for the end
#define STATUS_LINE_MS        250  // how often it is drawn
#define STATUS_WAIT_MS        3000 // what a session waits for so long is named
#define STATUS_WAIT_NS        (STATUS_WAIT_MS * NS_PER_MS)
#define KEYLOG_LINE_MAX       512
#define CONSOLE_SENTENCE_MAX  4096
#define CONSOLE_TEXT_MAX      MIB                                  // that a command prints
#define LIMIT_CONSOLE         (4 * LIMIT_CONTROL_ANSWER)           // lines from outside, escaped
#define CA_ENDS_SOON_NS       (INT64_C(30) * 24 * 3600 * NS_PER_S) // `doctor` says so

// The sandbox of a running proxy.
#define CALLS_PROGRAM_MAX  1024 // instructions of the seccomp program, of the kernel's 4096
#define FILTER_PROGRAM_MAX 128  // instructions of the one that `run` puts a command under

// What all of it is made of.
#define FAILURE_MAX           1024 // a sentence for a person
#define DATE_TEXT_MAX         64
#define NOTICE_MAX            (64 * KIB) // a line of an output that is about the output itself
#define MOMENT_TEXT_MAX       128        // the moment in which a session ended
#define LIMIT_ARENA_BLOCK     (64 * KIB)
#define LIMIT_WIPED           (256 * KIB) // what is larger holds no line of a credential
#define LIMIT_ESCAPES_AT_ONCE 256         // bytes of escapes that are put into a buffer in one go
#define JSON_KEY_MAX          64          // the name of a member, which is always ours
#define MEMORY_BLOCK_BYTES    16   // that the allocator takes for a block beside what it holds
#define MEMORY_CACHED_MAX     1032 // glibc caches freed blocks of at most so many bytes (tcache)

#endif
