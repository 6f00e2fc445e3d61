// SPDX-License-Identifier: MIT
// Where the time went: the page and `show --timing` say the same of sessions that are hard to read.
'use strict';
const assert = require('node:assert');
const {open, finish, openRow, showView} = require('./browser.js');
const {startView, run, write} = require('./program.js');

const reply = (code, at_ms, more) => ({code, enhanced: null, lines: ['text'], at_ms, ...more});
const command = (verb, at_ms, more) => ({verb, argument: null, line: verb, pipelined: false, at_ms, ...more});
const exchange = (n, asked, answer, more) => ({n, command: asked, reply: answer, latency_ms: null, tls: false, ...more});

function session(id, program, duration_ms, close, timeline, exchanges, more) {
    return {id, mode: 'reverse', started: '2026-11-22T15:03:11.586123Z', ended: '2026-11-22T15:03:12.586123Z', duration_ms,
        client: {address: '127.0.0.1', port: 40000, pid: null, program}, server: {host: 'mail.example.com', address: '192.0.2.7', port: 25},
        tls: {client: null, server: null}, exchanges, auth: [], messages: [], findings: [], bytes: {from_client: 0, from_server: 0},
        truncated: false, outcome: 'client-closed', error: 'The client closed.', likely: null, ...more,
        timeline: [['connect', null, 10.1], ...timeline, ['close', close, duration_ms]]};
}

const handshake = handshake_ms => ({version: 'TLSv1.3', handshake_ms});
const SESSIONS = [
    session(1, 'tls-', 100.3, 'client', [['reply', 0], ['command', 1], ['reply', 1], ['tls', 'server', 55.2], ['tls', 'client', 61.7]],
        [exchange(0, null, reply(220, 20.2)), exchange(1, command('STARTTLS', 31.4), reply(220, 42.6))],
        {tls: {server: handshake(9.3), client: handshake(19.1)}}),
    session(2, 'mixed-', 321.7, 'server', [['reply', 0], ['command', 1], ['text', 1, 44.4, 3], ['text', 1, 47.3, 0], ['reply', 1], ['command', 2],
        ['reply', 2], ['text', 2, 151.4, 0], ['final', 2], ['command', 3], ['command', 4], ['reply', 3], ['reply', 4]],
    [exchange(0, null, reply(220, 20.2)), exchange(1, command('BDAT', 31.4), reply(250, 52.6)),
        exchange(2, command('DATA', 61.1), reply(354, 71.3), {final_reply: reply(250, 171.8)}),
        exchange(3, command('MAIL', 181.2), reply(250, 201.6)), exchange(4, command('QUIT', 181.3, {pipelined: true}), reply(221, 301.9))],
    {outcome: 'completed', error: null}),
    session(3, 'lmtp-', 251.9, 'client', [['reply', 0], ['command', 1], ['reply', 1], ['text', 1, 51.3, 0], ['final', 1], ['final', 1]],
        [exchange(0, null, reply(220, 20.2)), exchange(1, command('DATA', 31.4), reply(354, 42.6),
            {final_replies: [reply(250, 101.2, {recipient: 'b@example.net'}), reply(452, 201.7, {recipient: 'c@example.net'})]})]),
    session(4, 'silent-', 90.4, null, [['reply', 0], ['command', 1], ['reply', 1]],
        [exchange(0, null, reply(220, 20.2)), exchange(1, command('EHLO', 31.4, {by: 'proxy'}), reply(502, 42.6, {by: 'proxy'}))],
        {outcome: 'timeout'}),
    session(5, 'hung-', 5001.2, 'client', [['reply', 0], ['command', 1]],
        [exchange(0, null, reply(220, 20.2)), exchange(1, command('EHLO', 31.4), null)]),
];

// {ID: rows of [step, reply, from, server, client, proxy]}, of fixed columns.
function rowsOfText(text) {
    return Object.fromEntries(text.trim().split('\n\n').map(block => {
        const [head, , , ...lines] = block.split('\n');
        return [/^Session (\d+): /.exec(head)[1], lines.map(line =>
            [[0, 20], [20, 30], [29, 38], [38, 47], [47, 56], [56, 65]].map(([from, to]) => line.slice(from, to).trim()))];
    }));
}

async function theTextSaysWhatThePageSays(browser) {
    const file = write('timing.json', JSON.stringify({schema: 'smtpscope/1', sessions: SESSIONS}));
    const text = run('show', '--timing', file);
    assert.strictEqual(text.status, 0, text.stderr);
    const said = rowsOfText(text.stdout);
    const program = await startView(file);
    const page = await open(browser, program.address);
    for (const {id, client} of SESSIONS) {
        await openRow(page, client.program);
        await showView(page, 'waterfall');
        await page.waitForFunction(number => document.querySelector('#session .id').textContent === `Session ${number}`, {}, id);
        const rows = await page.$$eval('.waterfall tbody tr', all => all.map(row =>
            [...row.querySelectorAll('th, .code, .number')].map(cell => cell.textContent)));
        assert.deepStrictEqual(rows, said[id], client.program);
        const legend = await page.$$eval('.waterfall .legend dd', all => all.map(each => each.textContent));
        assert(legend.every(each => /^[\d.]+ m?s \d+ %$/.test(each)), String(legend));
    }
    await finish(page);
    await program.stop();
}

// The steps of a session by hand: [who, ms] of each.
async function whoIsWaitedForIsTheOneWhoOwes(browser) {
    const program = await startView(write('owed.json', JSON.stringify({schema: 'smtpscope/1', sessions: SESSIONS})));
    const page = await open(browser, program.address);
    const stepsOf = each => page.evaluate(async it => {
        const {stepsOf: steps} = await import('/page/waterfall.js');
        return steps(it);
    }, each);
    const spent = (step, who) => step.segments.filter(each => each.who === who).reduce((sum, each) => sum + each.to - each.from, 0);
    const near = (value, wanted) => assert(Math.abs(value - wanted) < 1e-6, `${value}, not ${wanted}`);
    for (const each of SESSIONS) { // each moment is counted once
        const {sums, total} = await stepsOf(each);
        near(sums.server + sums.client + sums.proxy, total);
    }
    const [, , bdat, data] = (await stepsOf(SESSIONS[1])).steps;
    near(spent(bdat, 'client'), 31.4 - 20.2 + 47.3 - 31.4);
    near(spent(bdat, 'server'), 52.6 - 47.3);
    near(spent(data, 'client'), 61.1 - 52.6 + 151.4 - 71.3);
    near(spent(data, 'server'), 71.3 - 61.1 + 171.8 - 151.4);
    const lmtp = (await stepsOf(SESSIONS[2])).steps;
    near(spent(lmtp[2], 'server'), 42.6 - 31.4 + 201.7 - 51.3);
    near(spent(lmtp[3], 'client'), 251.9 - 201.7);
    near(spent((await stepsOf(SESSIONS[3])).steps.at(-1), 'client'), 90.4 - 42.6);
    near(spent((await stepsOf(SESSIONS[4])).steps.at(-1), 'server'), 5001.2 - 31.4);
    await finish(page);
    await program.stop();
}

module.exports = {theTextSaysWhatThePageSays, whoIsWaitedForIsTheOneWhoOwes};
