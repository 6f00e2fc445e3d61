// SPDX-License-Identifier: MIT
// One session: its conversation, waterfall, TLS and findings, its buttons and its link.
'use strict';
const assert = require('node:assert');
const childProcess = require('node:child_process');
const {open, finish, until, hasRow, openRow, showView, click, press, save} = require('./browser.js');
const {startProxy, startServer, talk, linesOf, send} = require('./program.js');
const {mail} = require('./mails.js');

const apiOf = (address, route) => {
    const {origin, hash} = new URL(address);
    return fetch(`${origin}/api/v1/${route}`, {headers: {Authorization: `Bearer ${hash.slice(1)}`}});
};

// A proxy in which one session has ended, and a page that shows it.
async function withSession(browser, message = mail('one', 'Hello')) {
    const proxy = await startProxy('sink');
    await send(proxy.port, message);
    const page = await open(browser, proxy.address);
    await hasRow(page, 'completed');
    await openRow(page, 'one');
    return {proxy, page};
}

async function end({proxy, page}) {
    await finish(page);
    await proxy.stop();
}

async function theConversationIsThatOfTheText(browser) {
    const it = await withSession(browser, mail('one', 'a bare\nline'));
    const text = await (await apiOf(it.proxy.address, 'sessions/1.txt')).text();
    const shown = await it.page.$eval('.conversation', element => element.textContent);
    assert(text.includes('C > "MAIL FROM:<a@example.com>"') && shown.includes('MAIL FROM:<a@example.com>'));
    const colors = await it.page.evaluate(() => ['.line.client .what', '.line.server .what', '.line.note .what']
        .map(selector => getComputedStyle(document.querySelector(selector)).color));
    assert.strictEqual(new Set(colors).size, 3, 'the sides have their colours');
    const folded = await it.page.$eval('.fold.reply', fold => [fold.querySelectorAll(':scope > .line').length,
        fold.querySelector('summary').textContent, fold.querySelector('details').open]);
    assert.deepStrictEqual(folded.slice(0, 1).concat(folded[2]), [3, false]);
    assert.match(folded[1], /\d+ more lines of this reply/);
    const before = await it.page.$$eval('.conversation .finding', all => {
        let line = all.find(each => /bare-lf/.test(each.textContent));
        while (line.classList.contains('finding')) {
            line = line.previousElementSibling;
        }
        return line.textContent;
    });
    assert(before.includes('message 1'), `a finding is below its line, not ${before}`);
    await click(it.page, '.fold.message summary');
    await until(it.page, () => document.querySelector('.fold.message details').open);
    assert(await it.page.$eval('.fold.message details', each => each.textContent.includes('Subject: one')));
    await end(it);
}

async function theWaterfallIsToScale(browser) {
    const server = await startServer(); // the sink answers within a microsecond
    const proxy = await startProxy(`reverse:smtp://127.0.0.1:${server.port}`);
    await send(proxy.port, mail('one', 'Hello'));
    const page = await open(browser, proxy.address);
    const it = {proxy, page};
    await openRow(page, 'completed');
    await showView(page, 'waterfall');
    const steps = await it.page.$$eval('.waterfall tbody th', all => all.map(each => each.textContent));
    assert.deepStrictEqual(steps.slice(0, 6), ['connect', 'greeting', 'EHLO', 'MAIL', 'RCPT', 'DATA']);
    const session = await (await apiOf(it.proxy.address, 'sessions/1')).json();
    const pieces = await it.page.$$eval('.waterfall .piece', all => all.map(piece => [parseFloat(piece.style.left), parseFloat(piece.style.width)]));
    for (const [left, width] of pieces) {
        assert(left >= 0 && width >= 0 && left + width <= 100.001, `${left} ${width}`);
    }
    const mailAt = session.exchanges.find(each => each.command?.verb === 'MAIL');
    const place = await it.page.evaluate(() => {
        const row = [...document.querySelectorAll('.waterfall tbody tr')].find(each => each.textContent.startsWith('MAIL'));
        const piece = row.querySelector('.piece.server');
        return [parseFloat(piece.style.left), parseFloat(piece.style.width)];
    });
    assert(Math.abs(place[0] - 100 * mailAt.command.at_ms / session.duration_ms) < 0.01);
    assert(Math.abs(place[1] - 100 * (mailAt.reply.at_ms - mailAt.command.at_ms) / session.duration_ms) < 0.01);
    await end(it);
    server.stop();
}

async function bothSidesOfTlsAreShown(browser) {
    const proxy = await startProxy('sink');
    const curl = childProcess.spawn('curl', ['--silent', '--ssl-reqd', '--insecure', '--mail-from', 'a@example.com', '--mail-rcpt',
        'b@example.net', '--upload-file', '-', `smtp://127.0.0.1:${proxy.port}/client.example.com`]);
    curl.stdin.end(mail('one', 'Hello'));
    assert.strictEqual(await new Promise(resolve => curl.on('close', resolve)), 0);
    const page = await open(browser, proxy.address);
    await openRow(page, 'one');
    await showView(page, 'tls');
    const text = await page.$eval('.sides', element => element.textContent);
    for (const word of ['TLSv1.', 'Cipher suite', 'JA4', 'starttls', 'Certificate', 'Handshake']) {
        assert(text.includes(word), `${word}: ${text}`);
    }
    await finish(page);
    await proxy.stop();
}

async function findingsHaveTheirExplanationAndRfc(browser) {
    const it = await withSession(browser, 'Subject: one\r\n\r\nno date');
    await showView(it.page, 'findings');
    const found = await it.page.$$eval('.findings .finding', all => all.map(each => [each.textContent, each.querySelector('a')?.href]));
    assert(found.some(([text]) => /date/i.test(text)), String(found));
    assert(found.every(([, address]) => address === undefined || /^https:\/\/(www\.rfc-editor|www\.cve)\.org\//.test(address)));
    assert(found.some(([, address]) => address?.includes('/rfc5322#section-')), String(found));
    await end(it);
}

async function buttonsCopyAndSave(browser) {
    const message = mail('one', 'Hello\r\n..dots');
    const proxy = await startProxy('sink');
    await send(proxy.port, message);
    const page = await open(browser, proxy.address, {prepare: page => page.evaluateOnNewDocument(() => {
        navigator.clipboard.writeText = async text => { window.copied = text; };
    })});
    await hasRow(page, 'completed');
    await openRow(page, 'one');
    const expected = await (await apiOf(proxy.address, 'sessions/1.txt')).text();
    await press(page, 'Copy as text');
    await until(page, text => window.copied === text, expected);
    await press(page, 'Copy link');
    await until(page, () => window.copied === location.href);
    const text = await save(page, 'Save text');
    assert.strictEqual(text.bytes.toString(), expected);
    assert.strictEqual(text.name, 'session-1.txt');
    const json = await save(page, 'Save json');
    assert.strictEqual(JSON.parse(json.bytes).sessions[0].messages[0].from, 'a@example.com');
    const pcap = await save(page, 'Save pcap');
    assert([0xa1b2c3d4, 0xa1b23c4d].includes(pcap.bytes.readUInt32LE(0)), pcap.bytes.subarray(0, 8).toString('hex'));
    const eml = await save(page, 'Save eml');
    assert.strictEqual(eml.bytes.toString(), message.replace('\r\n..dots', '\r\n.dots') + '\r\n');
    assert.strictEqual(eml.name, '1-1.eml');
    await finish(page);
    await proxy.stop();
}

async function theLinkSurvivesAReload(browser) {
    const it = await withSession(browser);
    await showView(it.page, 'waterfall');
    const link = it.page.url();
    assert.match(link, /#[0-9a-f]{32}\/session\/1\/waterfall$/);
    await it.page.reload();
    await it.page.waitForSelector('#view[data-view=waterfall] table');
    assert.strictEqual(it.page.url(), link);
    const other = await open(browser, link);
    await other.waitForSelector('#view[data-view=waterfall] table');
    await finish(other);
    await it.page.bringToFront();
    await it.page.goBack();
    await it.page.waitForSelector('#view[data-view=conversation]');
    await end(it);
}

async function aSessionThatIsGoneIsSaid(browser) {
    const proxy = await startProxy('sink');
    const page = await open(browser, `${proxy.address}/session/77/messages`);
    await until(page, () => /Session 77 is not kept any more/.test(document.getElementById('session').textContent));
    page.complaints = page.complaints.filter(each => !/status of 404/.test(each));
    await finish(page);
    await proxy.stop();
}

// What is new of a session that is open is added, and what a person has unfolded stays so.
async function anOpenSessionGoesOn(browser) {
    const proxy = await startProxy('sink');
    const page = await open(browser, proxy.address);
    await talk(proxy.port, ['EHLO client.example.com', async () => {
        await openRow(page, 'live');
        await click(page, '.fold.reply summary');
    }, ...linesOf(mail('one', 'Hello')).slice(1), () => until(page, () =>
        document.querySelector('.fold.message') && document.querySelector('.fold.reply details').open), 'QUIT']);
    await until(page, () => document.querySelector('#session .facts').textContent.startsWith('completed'));
    await finish(page);
    await proxy.stop();
}

async function theCauseIsOnTop(browser) {
    const server = await startServer();
    const proxy = await startProxy(`reverse:smtp://127.0.0.1:${server.port}`);
    await talk(proxy.port, ['EHLO client.example.com', 'MAIL FROM:<a@example.com>', 'RCPT TO:<nobody@example.net>', 'QUIT']);
    const page = await open(browser, proxy.address);
    await openRow(page, 'completed');
    await until(page, () => /Most likely:.*550 5\.1\.1/.test(document.querySelector('.head .likely')?.textContent));
    await finish(page);
    await proxy.stop();
    server.stop();
}

module.exports = {theConversationIsThatOfTheText, theWaterfallIsToScale, bothSidesOfTlsAreShown, findingsHaveTheirExplanationAndRfc,
    buttonsCopyAndSave, theLinkSurvivesAReload, aSessionThatIsGoneIsSaid, anOpenSessionGoesOn, theCauseIsOnTop};
