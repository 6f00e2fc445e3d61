// SPDX-License-Identifier: MIT
// waterfall: where the time of a session went. Its timeline becomes steps, each split by who was
// waited for:
//
//   connect      ███
//   greeting        █████          server: a connection, a handshake or a reply was due
//   EHLO                 ░░██      client: nothing was due, the client had the next word
//   MAIL                     █     proxy:  what smtpscope itself said
//
// Steps of pipelined commands lie over one another; the sums count each moment once. The plain text
// of `show --timing` has the same rules (format/timing.c).
import {el} from './dom.js';
import {duration} from './words.js';

// ── steps ───────────────────────────────────────────────────────────────────────────────────────

function labelOf(exchange) {
    const command = exchange.command;
    if (command === null) {
        return exchange.n === 0 ? 'greeting' : 'unasked reply';
    }
    return command.verb ?? (exchange.continuation ? 'SASL line' : command.line);
}

function finalRepliesOf(exchange) {
    return exchange.final_replies ?? (exchange.final_reply ? [exchange.final_reply] : []);
}

class Sweep {
    constructor(session) {
        this.session = session;
        this.steps = [];
        this.sums = {server: 0, client: 0, proxy: 0};
        this.mark = 0; // up to here each moment is counted
        this.due = 1; // connections, greetings and replies that the server owes
        this.ofExchange = new Map();
        this.finals = new Map(); // of an exchange: how many came
        this.sending = null; // the exchange whose text the client sends: DATA with its 354, or BDAT
    }

    // The time since the last moment is `who`'s.
    spend(who, at) {
        const from = this.mark;
        this.mark = Math.max(from, at ?? from);
        this.sums[who] += this.mark - from;
        return {who, from, to: this.mark};
    }

    waitedFor() {
        return this.due > 0 ? 'server' : 'client';
    }

    step(label, detail, segments) {
        const step = {label, detail, from: segments[0]?.from ?? this.mark, segments: []};
        segments.forEach(segment => this.extend(step, segment));
        this.steps.push(step);
        return step;
    }

    extend(step, segment) {
        const last = step.segments.at(-1);
        if (last?.who === segment.who && last.to === segment.from) {
            last.to = segment.to;
        } else if (segment.to > segment.from) {
            step.segments.push(segment);
        }
    }

    connect(at) {
        this.step('connect', '', [this.spend('server', at)]);
    }

    tls(side, at, tls) {
        const start = at - (tls?.handshake_ms ?? 0);
        this.step(`TLS with the ${side}`, tls?.version ?? 'failed', [this.spend('client', start), this.spend(side, at)]);
    }

    command(exchange) {
        const {at_ms: at, by, line} = exchange.command;
        const waited = this.spend(by ?? this.waitedFor(), at);
        const step = this.step(labelOf(exchange), '', waited.who === 'server' ? [] : [waited]);
        Object.assign(step, {line, asked: this.mark});
        this.due++;
        this.ofExchange.set(exchange, step);
        if (exchange.command.verb === 'BDAT') {
            this.sending = exchange;
        }
    }

    // Of a message whose text ends the server owes an answer; LMTP has one for each recipient.
    text(at, lines) {
        const exchange = this.sending;
        const spent = this.spend('client', at);
        const step = this.ofExchange.get(exchange);
        if (step) { // a document keeps the first 10,000 exchanges
            this.extend(step, spent);
            step.asked = this.mark;
        }
        if (lines === 0 && exchange) {
            const owed = Math.max(1, finalRepliesOf(exchange).length);
            this.due += exchange.command.verb === 'BDAT' ? owed - 1 : owed; // BDAT itself is due one
            this.sending = null;
        }
    }

    reply(exchange, reply) {
        const who = reply.by === 'proxy' ? 'proxy' : 'server';
        this.due = Math.max(0, this.due - 1);
        const spent = this.spend(who, reply.at_ms);
        const step = this.ofExchange.get(exchange) ?? Object.assign(this.step(labelOf(exchange), '', []), {from: spent.from});
        this.ofExchange.set(exchange, step);
        this.extend(step, {who, from: step.asked ?? spent.from, to: this.mark});
        Object.assign(step, {asked: this.mark, code: reply.code, detail: String(reply.code)});
        if (reply.code === 354 && exchange.command?.verb === 'DATA') {
            this.sending = exchange;
        }
    }

    final(exchange) {
        const nth = this.finals.get(exchange) ?? 0;
        this.finals.set(exchange, nth + 1);
        const reply = finalRepliesOf(exchange)[nth];
        if (reply) {
            this.reply(exchange, reply);
        }
    }

    // Who closes is not who was waited for: a client gives up on a server that owes a reply, and a
    // server on a client that says nothing. After QUIT all is said, and it is up to who closes.
    close(by, at) {
        const isOver = this.session.outcome === 'completed' && this.due === 0;
        const spent = this.spend(isOver && by === 'server' ? by : this.waitedFor(), at);
        if (spent.to > spent.from) {
            this.step('close', by ? `by ${by}` : '', [spent]);
        }
    }
}

// {steps: [{label, detail, line, code, segments: [{who, from, to}]}], sums, total}, in milliseconds.
export function stepsOf(session) {
    const sweep = new Sweep(session);
    for (const [event, which, at, more] of session.timeline ?? []) {
        const exchange = session.exchanges[which];
        if (event === 'connect') {
            sweep.connect(at);
        } else if (event === 'tls') {
            sweep.tls(which, at, more ?? session.tls[which]);
        } else if (event === 'command' && exchange?.command) {
            sweep.command(exchange);
        } else if (event === 'reply' && exchange?.reply) {
            sweep.reply(exchange, exchange.reply);
        } else if (event === 'text') {
            sweep.text(at, more);
        } else if (event === 'final' && exchange) {
            sweep.final(exchange);
        } else if (event === 'close') {
            sweep.close(which, at ?? session.duration_ms);
        }
    }
    return {steps: sweep.steps, sums: sweep.sums, total: Math.max(session.duration_ms ?? 0, sweep.mark)};
}

// ── the picture ─────────────────────────────────────────────────────────────────────────────────

const NAMES = {server: 'the server', client: 'the client', proxy: 'smtpscope'};

function spent(step, who) {
    return step.segments.filter(segment => segment.who === who)
        .reduce((sum, segment) => sum + segment.to - segment.from, 0);
}

function bar(segment, total) {
    const piece = el('span', {class: `piece ${segment.who}`,
        title: `${NAMES[segment.who]}, ${duration(segment.to - segment.from)}`});
    piece.style.left = `${100 * segment.from / total}%`;
    piece.style.width = `${100 * (segment.to - segment.from) / total}%`;
    return piece;
}

function number(ms, isShown = ms > 0) {
    return el('td', {class: 'number'}, isShown ? duration(ms) : '');
}

function stepRow(step, total) {
    const bad = step.code >= 400 ? ' bad' : '';
    return el('tr', {},
        el('th', {scope: 'row', class: `step${bad}`, title: step.line ?? step.label}, step.label),
        el('td', {class: `code${bad}`}, step.detail),
        el('td', {class: 'bar'}, el('span', {class: 'track'}, step.segments.map(each => bar(each, total)))),
        number(step.from, true), number(spent(step, 'server')), number(spent(step, 'client')),
        number(spent(step, 'proxy')));
}

// 1, 2 or 5 times a power of ten: about five of them in `total`.
function tickStep(total) {
    const power = 10 ** Math.floor(Math.log10(total / 4));
    return [1, 2, 5, 10].map(factor => factor * power).find(step => total / step <= 5) ?? total;
}

function axis(total) {
    const step = tickStep(total);
    const ticks = [];
    for (let at = 0; at <= total * 0.92; at += step) {
        const label = at < 1000 ? `${Number(at.toPrecision(3))} ms` : `${Number((at / 1000).toPrecision(3))} s`;
        const tick = el('span', {class: 'tick'}, label);
        tick.style.left = `${100 * at / total}%`;
        ticks.push(tick);
    }
    return el('span', {class: 'axis', 'aria-hidden': 'true'}, ticks);
}

function legend(sums, total) {
    return el('dl', {class: 'legend'}, ['server', 'client', 'proxy'].map(who => el('div', {class: who},
        el('dt', {}, who === 'proxy' ? 'smtpscope itself' : `waiting for ${NAMES[who]}`),
        el('dd', {}, sums[who] > 0 ? duration(sums[who]) : '0 ms',
            el('span', {class: 'share'}, total > 0 ? ` ${Math.round(100 * sums[who] / total)} %` : '')))));
}

export function waterfallView(session) {
    const {steps, sums, total} = stepsOf(session);
    if (steps.length === 0 || total <= 0) {
        return el('p', {class: 'empty'}, 'Nothing has happened in this session that takes time.');
    }
    const head = (title, name) => el('th', {scope: 'col', class: name}, title);
    return el('div', {class: 'waterfall'}, legend(sums, total),
        el('div', {class: 'scrolls', tabindex: '0', role: 'region', 'aria-label': 'Waterfall'},
            el('table', {},
                el('caption', {class: 'unseen'}, 'Each step, when it began and who was waited for'),
                el('thead', {}, el('tr', {}, head('Step'), head('Reply'), el('th', {scope: 'col', class: 'bar'},
                    el('span', {class: 'unseen'}, 'Time line'), axis(total)),
                head('Start', 'number'), head('Server', 'number'), head('Client', 'number'), head('Proxy', 'number'))),
                el('tbody', {}, steps.map(step => stepRow(step, total))))));
}
