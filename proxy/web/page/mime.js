// SPDX-License-Identifier: MIT
// mime: the parts of a message, for a report, where no program takes it apart. As forgiving as the
// program's reader: what does not decode is shown as far as it goes.

const DEPTH = 16;
const PARTS = 500;

// ── bytes as text of one character a byte ───────────────────────────────────────────────────────

function latinOf(bytes) {
    let text = '';
    for (let at = 0; at < bytes.length; at += 8192) {
        text += String.fromCharCode(...bytes.subarray(at, at + 8192));
    }
    return text;
}

function bytesOf(latin) {
    return Uint8Array.from(latin, character => character.charCodeAt(0));
}

function fromBase64(text) {
    const clean = text.replace(/[^A-Za-z0-9+/]/g, '');
    try {
        return bytesOf(atob(clean.slice(0, clean.length - (clean.length % 4 === 1 ? 1 : 0))));
    } catch {
        return new Uint8Array();
    }
}

function fromQuotedPrintable(text) {
    return bytesOf(text.replace(/[ \t]+(\r?\n|$)/g, '$1').replace(/=\r?\n/g, '')
        .replace(/=([0-9A-Fa-f]{2})/g, (all, digits) => String.fromCharCode(parseInt(digits, 16))));
}

function decode(text, encoding) {
    switch (encoding.trim().toLowerCase()) {
    case 'base64':
        return fromBase64(text);
    case 'quoted-printable':
        return fromQuotedPrintable(text);
    }
    return bytesOf(text);
}

// ── fields ──────────────────────────────────────────────────────────────────────────────────────

function fieldsOf(header) {
    const fields = new Map();
    for (const line of header.replace(/\r?\n(?=[ \t])/g, '').split(/\r?\n/)) {
        const colon = line.indexOf(':');
        const name = line.slice(0, colon).trim().toLowerCase();
        if (colon > 0 && !fields.has(name)) {
            fields.set(name, line.slice(colon + 1).trim());
        }
    }
    return fields;
}

function parameterOf(value, name) {
    const found = value.match(new RegExp(`;\\s*${name}\\*?\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|([^;\\s]+))`, 'i'));
    const text = (found?.[1] ?? found?.[2] ?? '').replace(/\\(.)/g, '$1');
    const extended = text.match(/^utf-8'[^']*'(.*)$/i);
    try {
        return extended ? decodeURIComponent(extended[1]) : text;
    } catch {
        return text;
    }
}

function partOf(header, text) {
    const fields = fieldsOf(header);
    const type = fields.get('content-type') ?? 'text/plain';
    const disposition = fields.get('content-disposition') ?? '';
    const content = decode(text, fields.get('content-transfer-encoding') ?? '');
    return {
        type: type.split(';')[0].trim().toLowerCase(), charset: parameterOf(type, 'charset') || 'utf-8',
        name: parameterOf(disposition, 'filename') || parameterOf(type, 'name') || null,
        cid: (fields.get('content-id') ?? '').replace(/^<|>$/g, '') || null,
        disposition: disposition.split(';')[0].trim().toLowerCase() || null,
        bytes: content.length, content,
    };
}

// ── the tree, its leaves in order ───────────────────────────────────────────────────────────────

function split(text) {
    const end = text.match(/^\r?\n/) ?? text.match(/\r?\n\r?\n/);
    return end === null ? [text, ''] : [text.slice(0, end.index), text.slice(end.index + end[0].length)];
}

function pieces(text, boundary) {
    const found = [];
    let piece = null;
    for (const line of text.split(/(?<=\n)/)) {
        const bare = line.trimEnd();
        if (bare === `--${boundary}` || bare === `--${boundary}--`) {
            if (piece !== null) {
                found.push(piece.join('').replace(/\r?\n$/, ''));
            }
            piece = bare.length === boundary.length + 2 ? [] : null;
        } else if (piece !== null) {
            piece.push(line);
        }
    }
    return piece === null ? found : [...found, piece.join('')];
}

function addLeaves(leaves, header, body, depth) {
    const type = fieldsOf(header).get('content-type') ?? '';
    const boundary = /^multipart\//i.test(type) ? parameterOf(type, 'boundary') : '';
    if (boundary === '' || depth === DEPTH) {
        leaves.push(partOf(header, body));
        return;
    }
    for (const piece of pieces(body, boundary)) {
        if (leaves.length < PARTS) {
            addLeaves(leaves, ...split(piece), depth + 1);
        }
    }
}

// ── a message as json has it ────────────────────────────────────────────────────────────────────

function headerText(message) {
    const fields = message.header ?? [];
    return message.header_text ?? fields.map(({name, value, raw}) => `${name}: ${raw ?? value}\r\n`).join('');
}

// The source as far as the transcript has it.
export function messageBytes(message) {
    const encoder = new TextEncoder();
    const header = encoder.encode(headerText(message) + '\r\n');
    const body = message.body_base64 ? fromBase64(message.body_base64) : encoder.encode(message.body ?? '');
    const all = new Uint8Array(header.length + body.length);
    all.set(header);
    all.set(body, header.length);
    return all;
}

export function readMessage(message) {
    const leaves = [];
    if (message.body !== null && message.body !== undefined) {
        addLeaves(leaves, ...split(latinOf(messageBytes(message))), 0);
    }
    return {
        header: message.header ?? [],
        parts: leaves.map((part, index) => ({n: index + 1, ...part})),
    };
}
