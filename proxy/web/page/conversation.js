// SPDX-License-Identifier: MIT
// conversation: the lines of the text output, coloured, findings below the line they speak of. Long
// replies and the text of a message are folded.
import {el} from './dom.js';
import {findingLine} from './findings.js';

const REPLY_LINES_SHOWN = 3; // of one that is folded

// ── lines ───────────────────────────────────────────────────────────────────────────────────────

// `COUNTER TIME PID SESSION WHAT`; on the page only WHAT and the time since the start are shown.
function readLine(line) {
    const found = line.match(/^\d+ (\S+) \d+ \d+ (.*)$/);
    if (found === null) {
        return null;
    }
    const what = found[2];
    const kind = what.startsWith('###') ? 'note' : what.startsWith('!!!') ? 'finding'
        : what.startsWith('C >') ? 'client' : what.startsWith('S <') ? 'server' : 'proxy';
    return {at: Date.parse(found[1]), what, kind};
}

function isMessageEnd(line) {
    return line.kind === 'client' && line.what.startsWith('C > (message ');
}

function beginsMessage(line) {
    return (line.kind !== 'client' && line.kind !== 'finding') || /^C > "(BDAT|DATA)\b/i.test(line.what);
}

// Puts the lines of a message, up to its `(message 1: …)`, together to one block.
function withMessages(lines) {
    const blocks = [];
    for (const line of lines) {
        if (!isMessageEnd(line)) {
            blocks.push(line);
            continue;
        }
        let start = blocks.length;
        while (start > 0 && !blocks[start - 1].lines && !beginsMessage(blocks[start - 1])) {
            start--;
        }
        const inside = blocks.splice(start);
        blocks.push({...line, fold: 'message', lines: inside.filter(each => each.kind === 'client')});
        blocks.push(...inside.filter(each => each.kind === 'finding'));
    }
    return blocks;
}

// Puts the lines of a long reply together.
function withReplies(blocks) {
    const folded = [];
    for (const block of blocks) {
        const last = folded.at(-1);
        const goesOn = last?.fold === 'reply' && !last.whole && block.kind === last.kind;
        if (goesOn) {
            last.lines.push(block);
            last.whole = !/^[SP] < "\d{3}-/.test(block.what);
        } else if (/^[SP] < "\d{3}-/.test(block.what)) {
            folded.push({...block, fold: 'reply', lines: [block], whole: false});
        } else {
            folded.push(block);
        }
    }
    return folded;
}

// ── elements ────────────────────────────────────────────────────────────────────────────────────

function sinceStart(at, start) {
    const ms = at - start;
    return ms < 10000 ? `${ms} ms` : `${(ms / 1000).toFixed(1)} s`;
}

const FINDING = /^!!! (error|warning|info) (\S+): (.*)$/;

function findingElement(what) {
    const [, severity, rule, rest] = what.match(FINDING) ?? [null, 'info', '', what];
    const reference = rest.match(/ \(((?:RFC|CVE)[^()]*)\)$/);
    return findingLine({
        severity, rule, reference: reference?.[1] ?? '',
        text: reference ? rest.slice(0, reference.index) : rest,
    });
}

// `C > "LINE"` without its quotes, which the colour replaces; escapes stay as they are.
function shownText(what) {
    const quoted = what.match(/^[CSP] [<>] "(.*)"( \(\d+ bytes\))?$/);
    return quoted === null ? what.replace(/^(###|[CSP] [<>]) ?/, '') : quoted[1].replace(/\\(["\\])/g, '$1') + (quoted[2] ?? '');
}

function lineElement(line, start) {
    if (line.kind === 'finding') {
        return findingElement(line.what);
    }
    const mark = line.kind === 'note' ? '' : line.what.slice(0, 3);
    const likely = line.what.startsWith('### Most likely') ? ' likely' : '';
    return el('p', {class: `line ${line.kind}${likely}`},
        el('span', {class: 'at'}, sinceStart(line.at, start)), el('span', {class: 'mark'}, mark),
        el('span', {class: 'what'}, shownText(line.what)));
}

function foldElement(block, start, key, opened) {
    const isMessage = block.fold === 'message';
    const shown = isMessage ? [] : block.lines.slice(0, REPLY_LINES_SHOWN);
    const hidden = block.lines.slice(shown.length);
    if (hidden.length === 0 || (!isMessage && hidden.length === 1)) {
        return isMessage ? lineElement(block, start) : el('div', {}, block.lines.map(line => lineElement(line, start)));
    }
    const label = isMessage
        ? lineElement(block, start)
        : el('span', {class: 'more'}, `${hidden.length} more lines of this reply`);
    // By the click, because `toggle` comes late: a view drawn anew between the two would be folded.
    const toggled = event => opened[event.currentTarget.parentElement.open ? 'delete' : 'add'](key);
    return el('div', {class: `fold ${block.fold}`}, shown.map(line => lineElement(line, start)),
        el('details', {open: opened.has(key)}, el('summary', {on: {click: toggled}}, label),
            hidden.map(line => lineElement(line, start))));
}

// `text`: the session as the text output has it. `opened`: the keys of the folds that are open, which
// outlives the view of a session that goes on.
export function conversationView(text, started, opened) {
    const lines = text.split('\n').map(readLine).filter(line => line !== null);
    const start = Math.min(Date.parse(started), lines[0]?.at ?? Infinity);
    const blocks = withReplies(withMessages(lines));
    if (blocks.length === 0) {
        return el('p', {class: 'empty'}, 'Nothing was said yet.');
    }
    return el('div', {class: 'conversation'}, blocks.map((block, index) =>
        block.fold ? foldElement(block, start, index, opened) : lineElement(block, start)));
}
