// SPDX-License-Identifier: MIT
// source: where sessions come from. The page asks one object with the calls of /api/v1, and does not
// know whether a program answers or the data that a report carries.
import {readMessage, messageBytes} from './mime.js';

export class SourceError extends Error {
    constructor(status, text) {
        super(text);
        this.status = status;
    }
}

// ── a program ───────────────────────────────────────────────────────────────────────────────────

async function errorOf(response) {
    const text = await response.text();
    try {
        return new SourceError(response.status, JSON.parse(text).error);
    } catch {
        return new SourceError(response.status, text || response.statusText);
    }
}

export function liveSource(token) {
    const api = new URL('api/v1/', document.baseURI).pathname;

    async function ask(path, options = {}) {
        const response = await fetch(api + path, {
            cache: 'no-store', ...options,
            headers: {Authorization: `Bearer ${token}`, ...options.headers},
        });
        if (!response.ok) {
            throw await errorOf(response);
        }
        return response;
    }

    async function json(path) {
        return (await ask(path)).json();
    }

    return {
        live: true,
        records: true, // until its status says that these are recorded sessions
        async status() {
            const status = await json('status');
            this.records = typeof status.recording === 'boolean';
            return status;
        },
        // What `view` was given of `audit --report json`, or null.
        audit: () => json('audit'),
        sessions: query => json(`sessions?${new URLSearchParams(query)}`),
        session: id => json(`sessions/${id}`),
        text: async id => (await ask(`sessions/${id}.txt`)).text(),
        file: async (id, ending) => (await ask(`sessions/${id}.${ending}`)).blob(),
        message: (id, n) => json(`sessions/${id}/messages/${n}`),
        eml: async (id, n) => (await ask(`sessions/${id}/messages/${n}.eml`)).blob(),
        part: async (id, n, p) => {
            const response = await ask(`sessions/${id}/messages/${n}/parts/${p}`);
            return {type: response.headers.get('Content-Type') ?? '', blob: await response.blob()};
        },
        events: after => ask(`events?after=${after}`),
        record: on => ask('recording', {
            method: 'POST', body: JSON.stringify({on}), headers: {'Content-Type': 'application/json'},
        }),
        clear: () => ask('sessions', {method: 'DELETE'}),
    };
}

// ── a report ────────────────────────────────────────────────────────────────────────────────────

function linesOfSessions(text) {
    const lines = new Map();
    for (const line of text.split('\n')) {
        const id = line.split(' ', 4)[3];
        lines.set(id, (lines.get(id) ?? '') + line + '\n');
    }
    return lines;
}

// Whether each of the words is in the session's line of the list, in any case.
export function hasWords(summary, words) {
    const text = JSON.stringify(summary).toLowerCase();
    return words.every(word => text.includes(word));
}

// `data`: {verdict or audit, document, summaries, text, files, left_out}: what `check --report json` or
// `audit --report json` says, a json document, the list and the text of all its sessions.
export function recordedSource(data) {
    const sessions = new Map(data.document.sessions.map(session => [session.id, {...session, file: data.files?.[session.id]}]));
    const summaries = [...data.summaries].sort((a, b) => a.id - b.id);
    const lines = linesOfSessions(data.text ?? '');
    const messageOf = (id, n) => sessions.get(id).messages.find(message => message.n === n);

    async function need(id) {
        if (!sessions.has(id)) {
            throw new SourceError(404, `This report has no session ${id}.`);
        }
        return sessions.get(id);
    }

    return {
        live: false,
        records: false,
        verdict: data.verdict,
        audit: data.audit,
        leftOut: data.left_out ?? 0,
        status: async () => ({}),
        sessions: async () => ({more: false, sessions: summaries}),
        session: need,
        text: async id => lines.get(String(id)) ?? '',
        file: async (id, ending) => new Blob([ending === 'txt' ? lines.get(String(id)) ?? ''
            : JSON.stringify({schema: data.document.schema, sessions: [await need(id)]}, null, 1)]),
        message: async (id, n) => readMessage(messageOf(id, n)),
        eml: async (id, n) => new Blob([messageBytes(messageOf(id, n))]),
        part: async (id, n, p) => {
            const part = readMessage(messageOf(id, n)).parts.find(each => each.n === p);
            return {type: `${part.type}; charset=${part.charset}`, blob: new Blob([part.content])};
        },
    };
}
