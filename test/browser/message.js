// SPDX-License-Identifier: MIT
// Messages, a hostile one above all, on the page and in a report of the same.
'use strict';
const assert = require('node:assert');
const {open, finish, until, hasRow, openRow, showView, press, save, textOf} = require('./browser.js');
const {startProxy, run, send, write, folder} = require('./program.js');
const {hostile, mail, HOSTILE_SUBJECT, ESCAPES, ATTACHED} = require('./mails.js');

// Calls `test(page, live)` for a page of a program that got the message, and for a report of it.
async function inBoth(browser, message, test) {
    const transcript = write('messages.json', '');
    const proxy = await startProxy('sink', '-o', `json:${transcript}`);
    await send(proxy.port, message);
    const page = await open(browser, proxy.address);
    await hasRow(page, 'completed');
    await openRow(page, 'a@example.com');
    await showView(page, 'messages');
    await test(page, true);
    await finish(page);
    await proxy.stop();
    run('check', transcript, '--fail-on', 'never', '--report', `html:${folder}/messages.html`);
    const report = await open(browser, `file://${folder}/messages.html`);
    await openRow(report, 'a@example.com');
    await showView(report, 'messages');
    await test(report, false);
    assert.deepStrictEqual(report.requests.filter(each => !/^(file|data|blob|about):/.test(each)), []);
    await finish(report);
}

const isPressed = (page, title) => until(page, text => [...document.querySelectorAll('.choice button[aria-pressed=true]')]
    .some(each => each.textContent === text), title);

async function hostileTextIsText(browser) {
    await inBoth(browser, hostile, async page => {
        assert(await page.$$eval('.rows .row .subject', (all, subject) => all.some(each => each.textContent === subject), HOSTILE_SUBJECT));
        assert((await textOf(page, '#session h2')).includes(HOSTILE_SUBJECT));
        assert((await textOf(page, '.mail h3')).includes(HOSTILE_SUBJECT));
        assert((await textOf(page, '.mail-text')).includes(`text ${ESCAPES}`));
        await press(page, 'Header');
        await until(page, subject => document.querySelector('.fields')?.textContent.includes(subject), HOSTILE_SUBJECT);
        await press(page, 'Source');
        await until(page, text => document.querySelector('.mail-text.source')?.textContent.includes(text), ESCAPES);
        for (const view of ['conversation', 'waterfall', 'tls', 'findings']) {
            await showView(page, view);
        }
        assert.strictEqual(await page.title(), 'smtpscope');
        assert.strictEqual(await page.$$eval('script', all => all.filter(each => /alert/.test(each.textContent) && each.type === '').length), 0);
        assert.strictEqual(await page.$$eval('img', all => all.length), 0);
    });
}

async function htmlIsShownWithoutScriptAndNetwork(browser) {
    await inBoth(browser, hostile, async page => {
        await press(page, 'HTML');
        await isPressed(page, 'HTML');
        const frame = await page.waitForSelector('.mail-html iframe');
        assert.strictEqual(await frame.evaluate(element => element.getAttribute('sandbox')), '', 'a frame with no rights');
        assert.strictEqual(await textOf(page, '.blocked'), 'Blocked: 4 remote addresses and 3 scripts.');
        const source = await frame.evaluate(element => element.srcdoc);
        assert(!/<script|\son\w+=|evil\.example|href="javascript/i.test(source.replace(/title="[^"]*"/g, '')), source);
        const inside = await frame.contentFrame();
        await inside.waitForFunction(() => document.body?.textContent.includes('Hello HTML'), {polling: 50});
        assert.strictEqual(await inside.$eval('p', element => getComputedStyle(element).color), 'rgb(255, 0, 0)', 'its style is kept');
    });
}

async function attachmentsAreSaved(browser) {
    await inBoth(browser, hostile, async page => {
        const title = await page.$eval('.attachments button', button => button.textContent);
        assert.match(await textOf(page, '.attachments'), /application\/octet-stream, 9 bytes/);
        const {bytes, name} = await save(page, title);
        assert(bytes.equals(ATTACHED), bytes.toString('hex'));
        assert(!/[/\\<>"]/.test(name), name);
    });
}

async function encodedWordsAreDecoded(browser) {
    await inBoth(browser, mail('=?UTF-8?Q?Gr=C3=BC=C3=9Fe?=', '=C3=9F', 'text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable'),
        async page => {
            await until(page, () => document.querySelector('.mail h3').textContent.includes('Grüße'));
            await until(page, () => document.querySelector('.mail-text').textContent.includes('ß'));
        });
}

async function brokenMimeIsShownAsFarAsItGoes(browser) {
    const broken = mail('broken', ['--Y', 'Content-Type: text/plain', '', 'first part', '--Y', 'Content-Type: text/html',
        'Content-Transfer-Encoding: base64', '', 'PGI+aGk8L2I+!!!'].join('\r\n'), 'multipart/mixed; boundary=Y');
    await inBoth(browser, broken, async page => {
        await until(page, () => document.querySelector('.mail-text').textContent.includes('first part'));
        await press(page, 'HTML');
        await isPressed(page, 'HTML');
        const inside = await (await page.waitForSelector('.mail-html iframe')).contentFrame();
        await inside.waitForFunction(() => document.body?.textContent.includes('hi'), {polling: 50});
        await showView(page, 'findings');
        await until(page, () => /mime/.test(document.querySelector('.findings').textContent));
    });
}

module.exports = {hostileTextIsText, htmlIsShownWithoutScriptAndNetwork, attachmentsAreSaved, encodedWordsAreDecoded,
    brokenMimeIsShownAsFarAsItGoes};
