// SPDX-License-Identifier: MIT
// waterfall: where the time of a session went. Its timeline becomes steps, each split by who was
// waited for:
//
//   connect      ███
//   greeting        █████          server: a connection, a handshake or a reply was due
//   EHLO                 ░░██      client: nothing was due, the client had the next word
//   MAIL                     █     proxy:  what smtpscope itself answered
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
    return command.verb ?? (exchange.continuation ? 'login, next line' : command.line);
}

class Sweep {
    constructor(session) {
        this.session = session;
        this.steps = [];
        this.sums = {server: 0, client: 0, proxy: 0};
        this.mark = 0; // up to here each moment is counted
        this.due = 1; // connections, greetings and replies that the server owes
        this.ofExchange = new Map();
        this.lastHandshake = null;
    }

    // The time since the last moment is `who`'s.
    spend(who, at) {
        const from = this.mark;
        this.mark = Math.max(this.mark, at);
        this.sums[who] += this.mark - from;
        return {who, from, to: this.mark};
    }

    step(label, detail, segments) {
        const step = {label, detail, segments};
        this.steps.push(step);
        return step;
    }

    connect(at) {
        this.step('connect', this.session.server?.address ?? '', [this.spend('server', at)]);
    }

    tls(side, at, ms) {
        const start = Math.max(0, at - (ms ?? 0));
        const before = start > this.mark ? [this.spend('client', start)] : [];
        this.step(`TLS with the ${side}`, this.session.tls[side]?.version ?? 'failed',
            [...before, this.spend(side, at)]);
    }

    command(exchange) {
        const at = exchange.command.at_ms;
        const waited = this.spend(this.due > 0 ? 'server' : 'client', at);
        this.due++;
        const segments = waited.who === 'client' && waited.to > waited.from ? [waited] : [];
        const step = this.step(labelOf(exchange), '', segments);
        step.line = exchange.command.line;
        step.asked = at;
        this.ofExchange.set(exchange, step);
    }

    text(exchange, at) {
        const step = this.ofExchange.get(exchange);
        const spent = this.spend('client', at);
        this.due++;
        step?.segments.push(spent);
        if (step) {
            step.asked = at;
        }
    }

    reply(exchange, reply) {
        const who = reply.by === 'proxy' ? 'proxy' : 'server';
        this.due = Math.max(0, this.due - 1);
        const spent = this.spend(who, reply.at_ms);
        const step = this.ofExchange.get(exchange) ?? this.step(labelOf(exchange), '', []);
        this.ofExchange.set(exchange, step);
        step.segments.push({who, from: step.asked ?? spent.from, to: reply.at_ms});
        step.asked = reply.at_ms;
        step.code = reply.code;
        step.detail = String(reply.code);
    }

    close(party, at) {
        const spent = this.spend(party, at);
        if (spent.to > spent.from) {
            this.step('close', `by the ${party}`, [spent]);
        }
    }
}

function exchangeOfMessage(session, n) {
    const transfers = session.exchanges.filter(exchange => exchange.reply?.code === 354);
    return transfers[n - 1];
}

// {steps: [{label, detail, line, code, segments: [{who, from, to}]}], sums, total}, in milliseconds.
export function stepsOf(session) {
    const sweep = new Sweep(session);
    for (const [event, which, at, more] of session.timeline ?? []) {
        const exchange = session.exchanges[which];
        if (event === 'connect') {
            sweep.connect(at);
        } else if (event === 'tls') {
            sweep.tls(which, at, (more ?? session.tls[which])?.handshake_ms);
        } else if (event === 'command' && exchange) {
            sweep.command(exchange);
        } else if (event === 'reply' && exchange?.reply) {
            sweep.reply(exchange, exchange.reply);
        } else if (event === 'text' && more === 0 && exchangeOfMessage(session, which)) {
            sweep.text(exchangeOfMessage(session, which), at);
        } else if (event === 'final' && (exchange?.final_reply ?? exchange?.final_replies)) {
            sweep.reply(exchange, exchange.final_reply ?? exchange.final_replies.at(-1));
        } else if (event === 'close') {
            sweep.close(which, session.duration_ms ?? at ?? sweep.mark);
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

function number(ms) {
    return el('td', {class: 'number'}, ms > 0 ? duration(ms) : '');
}

function stepRow(step, total) {
    const bad = step.code >= 400 ? ' bad' : '';
    return el('tr', {},
        el('th', {scope: 'row', title: step.line ?? step.label}, step.label),
        el('td', {class: `code${bad}`}, step.detail),
        el('td', {class: 'bar'}, el('span', {class: 'track'}, step.segments.map(each => bar(each, total)))),
        number(step.segments[0]?.from ?? 0), number(spent(step, 'server')), number(spent(step, 'client')),
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
                head('From', 'number'), head('Server', 'number'), head('Client', 'number'), head('smtpscope', 'number'))),
                el('tbody', {}, steps.map(step => stepRow(step, total))))));
}
