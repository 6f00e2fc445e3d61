// SPDX-License-Identifier: MIT
// mails: what the tests send. What is hostile calls alert() or asks evil.example where it gets out.
'use strict';

const field = (subject, type = 'text/plain; charset=utf-8') => ['From: a@example.com', 'To: b@example.net',
    'Date: Sat, 28 Nov 2026 12:00:00 +0000', 'Message-ID: <1@example.com>', `Subject: ${subject}`,
    'MIME-Version: 1.0', `Content-Type: ${type}`];

const mail = (subject, body, type) => [...field(subject, type), '', body].join('\r\n');

const ESCAPES = '</script><script>alert(1)</script><!--<img src=http://evil.example/a onerror=alert(2)>';
const HOSTILE_SUBJECT = `hostile ${ESCAPES}`;

// Four remote addresses (import, picture, frame, background), two scripts (element, onload and onerror
// are three in all).
const HTML = '<html><head><style>@import url(http://evil.example/x.css);</style><script>document.title="owned";alert(3)</script>' +
    '</head><body onload="alert(4)" background="http://evil.example/b.png"><p style="color:red">Hello HTML</p>' +
    '<img src="http://evil.example/pixel.png"><img src=x onerror="alert(5)"><iframe src="http://evil.example/"></iframe>' +
    '<form action="http://evil.example/"><button>Go</button></form><a href="javascript:alert(6)">link</a></body></html>';

const ATTACHED = Buffer.from([0, 1, 2, 250, 251, 252, 13, 10, 0]);
const ATTACHMENT_NAME = '../<b>evil"name.bin';
const hostile = mail(HOSTILE_SUBJECT, ['--X', 'Content-Type: text/plain; charset=utf-8', '', `text ${ESCAPES}`,
    '--X', 'Content-Type: text/html; charset=utf-8', '', HTML,
    '--X', `Content-Type: application/octet-stream; name="${ATTACHMENT_NAME.replaceAll('"', '\\"')}"`,
    'Content-Disposition: attachment', 'Content-Transfer-Encoding: base64', '', ATTACHED.toString('base64'), '--X--'].join('\r\n'),
'multipart/mixed; boundary=X');

module.exports = {mail, hostile, HOSTILE_SUBJECT, ESCAPES, ATTACHED, ATTACHMENT_NAME};
