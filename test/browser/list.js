// SPDX-License-Identifier: MIT
// The list of the sessions: what it shows as it happens, its filter, keys, switch and size.
'use strict';
const assert = require('node:assert');
const {open, finish, until, hasRows, hasRow, openRow, press, textOf, hasNoViolation} = require('./browser.js');
const {startProxy, startView, startServer, run, talk, linesOf, send, write, folder} = require('./program.js');
const {mail, ESCAPES} = require('./mails.js');

const cells = page => page.$$eval('.rows .row', rows => rows.map(row =>
    Object.fromEntries([...row.children].map(cell => [cell.className, cell.textContent]))));
const selected = page => page.$eval('.row[aria-selected=true] .subject', element => element.textContent);

async function sessionsAppearAsTheyHappen(browser) {
    const proxy = await startProxy('sink');
    const page = await open(browser, proxy.address);
    await until(page, () => /No session yet/.test(document.querySelector('#list .empty').textContent));
    await send(proxy.port, mail('first', 'Hello'));
    await hasRow(page, 'first');
    await send(proxy.port, mail('second', 'Hello'), {to: ['b@example.net', 'c@example.net', 'd@example.net']});
    await hasRow(page, 'second');
    await until(page, () => [...document.querySelectorAll('.rows .row .outcome')].every(each => each.textContent === 'completed'));
    const byPlace = (await cells(page)).sort((a, b) => a.subject < b.subject ? 1 : -1);
    const [second, first] = byPlace;
    assert.strictEqual(first.to, 'b@example.net');
    assert.strictEqual(second.to, 'b@example.net +2');
    assert.strictEqual(second.from, 'a@example.com');
    assert.strictEqual(second.tls, '–');
    assert(/^\d\d:\d\d:\d\d$/.test(second.time) && / m?s$/.test(second.took) && second.client && second.server, second);
    const tops = await page.$$eval('.rows .row', rows => rows.map(row => [row.getBoundingClientRect().top, row.textContent]));
    assert(tops.sort((a, b) => a[0] - b[0])[0][1].includes('second'), 'the newest is on top');
    await finish(page);
    await proxy.stop();
}

async function aSessionThatLivesIsShown(browser) {
    const proxy = await startProxy('sink');
    const page = await open(browser, proxy.address);
    await talk(proxy.port, ['EHLO client.example.com', 'MAIL FROM:<slow@example.com>', () => hasRow(page, 'live'), 'QUIT']);
    await hasRow(page, 'completed');
    await finish(page);
    await proxy.stop();
}

// Nothing of it became a message, and still it says who wanted to write to whom.
async function aRefusedSessionNamesItsPeople(browser) {
    const server = await startServer();
    const proxy = await startProxy(`reverse:smtp://127.0.0.1:${server.port}`);
    const page = await open(browser, proxy.address);
    await talk(proxy.port, ['EHLO client.example.com', 'MAIL FROM:<a@example.com>', 'RCPT TO:<nobody@example.net>', 'QUIT']);
    await hasRow(page, 'completed');
    const [row] = await cells(page);
    assert.strictEqual(row.from, 'a@example.com');
    assert.strictEqual(row.to, 'nobody@example.net');
    assert.match(row.found, /error/);
    await finish(page);
    await proxy.stop();
    server.stop();
}

async function theFilterTakesWordsAndExpressions(browser) {
    const proxy = await startProxy('sink');
    await send(proxy.port, mail('apples', 'Hello'));
    await send(proxy.port, mail('pears', 'Hello'));
    const page = await open(browser, proxy.address);
    await hasRows(page, 2);
    await page.keyboard.press('/');
    await page.keyboard.type('pears completed');
    await hasRows(page, 1);
    await until(page, () => document.getElementById('filter-note').textContent === '1 session found');
    await page.keyboard.press('Escape');
    await hasRows(page, 2);
    await page.type('#filter-text', 'subject ~ ^app');
    await hasRows(page, 1);
    await hasRow(page, 'apples');
    await send(proxy.port, mail('appendix', 'Hello'));
    await hasRow(page, 'appendix');
    assert.deepStrictEqual((await cells(page)).map(row => row.subject).sort(), ['appendix', 'apples'], 'it holds for new ones');
    await finish(page);
    await proxy.stop();
}

async function aWrongExpressionIsExplained(browser) {
    const proxy = await startProxy('sink');
    const page = await open(browser, proxy.address);
    await page.type('#filter-text', 'subject ~ (');
    await until(page, () => document.getElementById('filter-text').getAttribute('aria-invalid') === 'true');
    assert.notStrictEqual(await textOf(page, '#filter-note'), '');
    // The browser itself complains of the answer 400.
    page.complaints = page.complaints.filter(each => !/status of 400/.test(each));
    await finish(page);
    await proxy.stop();
}

async function keysMoveAndOpen(browser) {
    const proxy = await startProxy('sink');
    for (const subject of ['one', 'two', 'three']) {
        await send(proxy.port, mail(subject, 'Hello'));
    }
    const page = await open(browser, proxy.address);
    await hasRow(page, 'three');
    await hasRows(page, 3);
    await page.keyboard.press('j');
    assert.strictEqual(await selected(page), 'three');
    await page.keyboard.press('j');
    await page.keyboard.press('ArrowDown');
    assert.strictEqual(await selected(page), 'one');
    await page.keyboard.press('k');
    assert.strictEqual(await selected(page), 'two');
    await page.keyboard.press('Enter');
    await until(page, () => document.querySelector('#session h2')?.textContent.includes('two'));
    await page.keyboard.press('j');
    await until(page, () => document.querySelector('#session h2').textContent.includes('one'));
    await page.keyboard.press('Escape');
    await until(page, () => document.getElementById('session').hidden);
    await page.keyboard.press('?');
    await until(page, () => document.getElementById('keys').open);
    for (const key of ['j', 'k', '/', 'enter', '?']) {
        assert((await page.$$eval('#keys kbd', all => all.map(each => each.textContent))).includes(key), key);
    }
    await page.keyboard.press('Escape');
    await until(page, () => !document.getElementById('keys').open);
    await finish(page);
    await proxy.stop();
}

async function everyControlIsReachedByTab(browser) {
    const proxy = await startProxy('sink');
    await send(proxy.port, mail('one', 'Hello'));
    const page = await open(browser, proxy.address);
    await hasRow(page, 'one');
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await page.waitForSelector('#view[data-view=conversation]');
    const missed = new Set(await page.$$eval('button, input, summary, a[href], .scroller', all => all
        .filter(each => each.checkVisibility() && each.getAttribute('role') !== 'tab')
        .map((each, index) => { each.dataset.place = String(index); return each.dataset.place; })));
    for (let steps = missed.size + 20; steps > 0 && missed.size > 0; steps--) {
        await page.keyboard.press('Tab');
        missed.delete(await page.evaluate(() => document.activeElement.dataset.place));
    }
    assert.deepStrictEqual([...missed], []);
    await finish(page);
    await proxy.stop();
}

async function theSwitchStopsAndClearForgets(browser) {
    const proxy = await startProxy('sink');
    await send(proxy.port, mail('before', 'Hello'));
    const page = await open(browser, proxy.address);
    await hasRow(page, 'before');
    const isOn = wanted => until(page, state => document.getElementById('recording').getAttribute('aria-checked') === state, wanted);
    await isOn('true');
    await page.click('#recording');
    await isOn('false');
    await until(page, () => /recording is off/.test(document.getElementById('state').textContent));
    await send(proxy.port, mail('unseen', 'Hello'));
    await page.click('#recording');
    await isOn('true');
    await send(proxy.port, mail('after', 'Hello'));
    await hasRow(page, 'after');
    assert(!(await cells(page)).some(row => row.subject === 'unseen'));
    await page.evaluate(() => {
        document.getElementById('clear').click(); // asks
        document.getElementById('clear').click();
    });
    await hasRows(page, 0);
    await send(proxy.port, mail('new', 'Hello'));
    await hasRow(page, 'new');
    await finish(page);
    await proxy.stop();
}

async function aLineSaysWhatTheProxyDoes(browser) {
    const proxy = await startProxy('sink');
    await send(proxy.port, mail('one', 'Hello'));
    const page = await open(browser, proxy.address);
    await until(page, port => {
        const text = document.getElementById('state').textContent;
        return text.includes(`127.0.0.1:${port} (sink)`) && /0 live · 1 session · 1 message/.test(text);
    }, proxy.port);
    await finish(page);
    await proxy.stop();
}

async function aWrongTokenIsExplained(browser) {
    const proxy = await startProxy('sink');
    const page = await open(browser, proxy.address.replace(/#.*/, '#0123456789abcdef0123456789abcdef'));
    await until(page, () => /token is missing or wrong/.test(document.getElementById('state').textContent));
    page.complaints = page.complaints.filter(each => !/status of 401/.test(each));
    await finish(page);
    await proxy.stop();
}

function manySessions(count) {
    const peer = {address: '127.0.0.1', port: 40000, pid: null, program: null};
    return JSON.stringify({schema: 'smtpscope/1', sessions: Array.from({length: count}, (unused, index) => ({
        id: index + 1, mode: 'sink', started: '2026-11-22T15:03:11.586123Z', ended: '2026-11-22T15:03:12.586123Z', duration_ms: 1000,
        client: {...peer, program: `client-${index + 1}-`}, server: null, tls: {client: null, server: null}, exchanges: [], auth: [],
        messages: [], findings: [], bytes: {from_client: 0, from_server: 0}, truncated: false, outcome: 'client-closed',
        error: 'The client closed.', likely: null,
    }))});
}

async function tenThousandSessionsScroll(browser) {
    const program = await startView(write('many.json', manySessions(10000)));
    const page = await open(browser, program.address);
    await hasRow(page, 'client-10000-');
    const rows = () => page.$$eval('.rows .row', all => all.length);
    assert(await rows() < 100, 'only the rows in sight are in the document');
    for (const place of [0.25, 0.5, 0.75]) {
        await page.$eval('.scroller', (scroller, part) => { scroller.scrollTop = part * scroller.scrollHeight; }, place);
        await hasRow(page, `client-${10000 - 10000 * place}-`);
        assert(await rows() < 100);
    }
    await page.keyboard.press('End');
    await hasRow(page, 'client-1-');
    await page.keyboard.press('Enter');
    await until(page, () => document.querySelector('#session h2')?.textContent.startsWith('Session 1'));
    await finish(page);
    await program.stop();
}

// Nothing is recorded, so nothing says that it is off, and there are no packets to save.
async function recordedSessionsHaveNoSwitch(browser) {
    const program = await startView(write('few.json', manySessions(2)));
    const page = await open(browser, program.address);
    await openRow(page, 'client-2-');
    await until(page, () => [...document.querySelectorAll('button')].some(each => each.textContent === 'Save json'));
    const buttons = await page.$$eval('button', all => all.filter(each => !each.hidden).map(each => each.textContent));
    assert(!buttons.some(text => ['Recording', 'Clear', 'Save pcap'].includes(text)), buttons.join());
    assert.match(await textOf(page, '#state'), /few\.json · recorded · 2 sessions/);
    await finish(page);
    await program.stop();
}

// Of the sessions 1 to 3 the last two belong to a case, one with a name that no audit gives.
function auditedSessions() {
    const document = JSON.parse(manySessions(3));
    document.sessions[1].audit = 'tls-plain';
    document.sessions[2].audit = `<img src=x onerror=alert(6)>${ESCAPES}`;
    return JSON.stringify(document);
}

async function theCaseOfAnAuditIsShown(browser) {
    const file = write('audited.json', auditedSessions());
    const program = await startView(file);
    run('check', file, '--fail-on', 'never', '--report', `html:${folder}/audited.html`);
    for (const where of [program.address, `file://${folder}/audited.html`]) {
        for (const dark of [false, true]) {
            const page = await open(browser, where, {dark, width: 360});
            await hasRows(page, 3);
            assert.deepStrictEqual(await page.$$eval('.rows .case', all => all.map(each => each.textContent).sort()),
                [`audit case <img src=x onerror=alert(6)>${ESCAPES}`, 'audit case tls-plain']);
            await hasNoViolation(page);
            await page.type('#filter-text', 'TLS-plain');
            await hasRows(page, 1);
            await openRow(page, 'client-2-');
            assert.strictEqual(await textOf(page, '#session h2'), 'Session 2 audit case tls-plain ');
            await hasNoViolation(page);
            await page.$eval('#filter-text', input => { input.value = ''; });
            await page.type('#filter-text', 'alert(6)');
            await openRow(page, 'client-3-');
            await until(page, () => document.querySelector('#session h2 .case')?.textContent.includes('<img src=x'));
            assert.strictEqual(await page.$$eval('img', all => all.length), 0);
            assert(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
            await finish(page);
        }
    }
    await program.stop();
}

// What `audit --report json` says of the second session.
function auditReport() {
    const hostile = `</script><img src=x onerror=alert(7)>${ESCAPES}`;
    const one = {id: 'certificate.expired', group: 'certificate', verdict: 'fail', did: hostile, credential_lost: true, server: hostile,
        right: hostile, reference: 'RFC 5280', why: hostile, exit: 0, timed_out: false, memory: null, sessions: [2], output: hostile};
    return JSON.stringify({schema: 'smtpscope-audit/1', command: hostile, runtime: 'x', grade: 'F',
        counts: {pass: 0, weak: 0, fail: 1, 'n/a': 0}, remedies: [hostile], cases: [one]});
}

async function anAuditIsATableOverItsSessions(browser) {
    const program = await startView(write('audited.json', auditedSessions()), write('report.json', auditReport()));
    const page = await open(browser, program.address, {width: 360});
    await hasRows(page, 3);
    await page.waitForSelector('#audit tbody tr.fail');
    assert((await textOf(page, '#audit')).startsWith('Grade F'));
    await hasNoViolation(page);
    await page.click('#audit tbody button');
    await until(page, () => document.querySelector('#session h2')?.textContent.startsWith('Session 2'));
    assert.strictEqual(await page.$$eval('img', all => all.length), 0);
    await finish(page);
    await program.stop();
}

// A session that went to make room, or was forgotten by another reader.
async function whatCannotBeSavedIsExplained(browser) {
    const program = await startView(write('saved.json', manySessions(1)));
    const page = await open(browser, program.address);
    await openRow(page, 'client-1-');
    await page.evaluate(() => fetch('api/v1/sessions', {method: 'DELETE',
        headers: {Authorization: `Bearer ${location.hash.match(/#(\w+)/)[1]}`}}));
    await press(page, 'Save json');
    await until(page, () => /session 1 is not kept/.test(document.querySelector('.actions').textContent));
    page.complaints = page.complaints.filter(each => !/status of 404/.test(each));
    await finish(page);
    await program.stop();
}

module.exports = {sessionsAppearAsTheyHappen, aSessionThatLivesIsShown, aRefusedSessionNamesItsPeople, theFilterTakesWordsAndExpressions,
    aWrongExpressionIsExplained, keysMoveAndOpen, everyControlIsReachedByTab, theSwitchStopsAndClearForgets, aLineSaysWhatTheProxyDoes,
    aWrongTokenIsExplained, tenThousandSessionsScroll, recordedSessionsHaveNoSwitch, theCaseOfAnAuditIsShown,
    anAuditIsATableOverItsSessions, whatCannotBeSavedIsExplained};
