// SPDX-License-Identifier: MIT
// `--report html:FILE`, opened from the disk.
'use strict';
const assert = require('node:assert');
const {open, finish, until, hasRows, hasRow, openRow, showView, textOf, save} = require('./browser.js');
const {startProxy, run, send, write, folder} = require('./program.js');
const {mail, ESCAPES} = require('./mails.js');

// A report of the messages, judged by `words`; its address.
async function reportOf(messages, ...words) {
    const transcript = write('report.json', '');
    const proxy = await startProxy('sink', '-o', `json:${transcript}`);
    for (const message of messages) {
        await send(proxy.port, message);
    }
    await proxy.stop();
    run('check', transcript, ...words, '--report', `html:${folder}/report.html`);
    return `file://${folder}/report.html`;
}

async function theVerdictIsOnTop(browser) {
    for (const [count, word] of [[1, 'Passed'], [2, 'Failed']]) {
        const page = await open(browser, await reportOf([mail('one', 'Hello')], '--fail-on', 'never', '--expect', `accepted = ${count}`));
        await page.waitForSelector('#verdict');
        const text = await textOf(page, '#verdict');
        assert(text.startsWith(word) && text.includes(`accepted = ${count}, found 1`), text);
        const above = await page.evaluate(() => document.getElementById('verdict').getBoundingClientRect().bottom <=
            document.getElementById('main').getBoundingClientRect().top);
        assert(above);
        assert.deepStrictEqual(page.requests.filter(each => !/^(file|data):/.test(each)), []);
        await finish(page);
    }
}

async function itsFilterAndLinkWork(browser) {
    const page = await open(browser, await reportOf([mail('apples', 'Hello'), mail('pears', 'Hello')], '--fail-on', 'never'));
    await hasRows(page, 2);
    await page.type('#filter-text', 'apples');
    await hasRows(page, 1);
    await openRow(page, 'apples');
    await page.evaluate(() => document.activeElement.blur());
    await showView(page, 'waterfall');
    await page.reload();
    await page.waitForSelector('#view[data-view=waterfall] table');
    await finish(page);
}

// U+2028 ends a line in old JavaScript; the others end a script or a string.
async function nothingBreaksOut(browser) {
    const odd = Buffer.from(`<!-- \u2028\u2029 ]]> --!> </SCRIPT >\x01 ${ESCAPES} `, 'utf8').toString('latin1') + '\xff\xc3(\x00 end';
    const page = await open(browser, await reportOf([mail(`odd ${ESCAPES}`, odd)], '--fail-on', 'never'));
    await openRow(page, 'odd');
    await showView(page, 'messages');
    await until(page, () => / end/.test(document.querySelector('.mail-text')?.textContent));
    const shown = await textOf(page, '.mail-text');
    assert(shown.includes(`</SCRIPT >\x01 ${ESCAPES}`) && shown.includes('\u2028\u2029') && shown.includes('\ufffd'), JSON.stringify(shown));
    const {bytes} = await save(page, 'Save .eml');
    assert(bytes.includes(Buffer.from([0xff, 0xc3, 0x28, 0x00, 0x20])), 'the very bytes');
    assert.strictEqual(await page.$$eval('script', all => all.length), 2);
    await finish(page);
}

async function aMessageOfAMebibyteIsWhole(browser) {
    const line = 'x'.repeat(70) + '\r\n';
    const body = line.repeat(14000) + 'the very end';
    const page = await open(browser, await reportOf([mail('long', body), mail('longer', line.repeat(20000) + 'beyond')], '--fail-on', 'never'));
    await openRow(page, 'longer');
    await openRow(page, 'long');
    await hasRow(page, 'longer');
    await page.evaluate(() => [...document.querySelectorAll('.rows .row')].find(row => row.querySelector('.subject').textContent === 'long').click());
    await until(page, () => document.querySelector('#session h2').textContent.endsWith('long'));
    await showView(page, 'messages');
    await until(page, () => document.querySelector('.mail-text')?.textContent.endsWith('the very end\r\n') ||
        document.querySelector('.mail-text')?.textContent.endsWith('the very end\n'));
    await finish(page);
}

module.exports = {theVerdictIsOnTop, itsFilterAndLinkWork, nothingBreaksOut, aMessageOfAMebibyteIsWhole};
