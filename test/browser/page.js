// SPDX-License-Identifier: MIT
// The page in a real browser: `node page.js CHROMIUM ADDRESS REPORT`, with the address of a page that
// has the sessions of page.py, and an HTML report of them. Prints what failed; exits 1 where it did.
'use strict';
const assert = require('node:assert');
const fs = require('node:fs');
const puppeteer = require('puppeteer-core');

const AXE = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const VIEWS = ['conversation', 'waterfall', 'messages', 'tls', 'findings'];
const [chromium, address, report] = process.argv.slice(2);
const origin = new URL(address).origin;

async function open(browser, where, {width = 1280, dark = false} = {}) {
    const page = await browser.newPage();
    page.complaints = [];
    page.on('console', message => ['error', 'warning'].includes(message.type()) && page.complaints.push(message.text()));
    page.on('pageerror', error => page.complaints.push(error.message));
    page.on('request', request => {
        if (!/^(data|blob|about|file):/.test(request.url()) && new URL(request.url()).origin !== origin) {
            page.complaints.push(`a request to ${request.url()}`);
        }
    });
    page.on('dialog', dialog => page.complaints.push(`a dialog: ${dialog.message()}`));
    await page.setViewport({width, height: 800});
    await page.emulateMediaFeatures([{name: 'prefers-color-scheme', value: dark ? 'dark' : 'light'}]);
    await page.goto(where);
    await page.waitForSelector('.rows .row');
    return page;
}

async function finish(page) {
    assert.deepStrictEqual(page.complaints, []);
    await page.close();
}

const subjects = page => page.$$eval('.rows .row .subject', all => all.map(each => each.textContent));
const settled = (page, test, ...values) => page.waitForFunction(test, {timeout: 20000}, ...values);

async function showsAndOpens(browser) {
    const page = await open(browser, address);
    assert((await subjects(page)).some(subject => subject.includes('<script>')), 'a hostile subject is text');
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await page.waitForSelector('#session .conversation .line');
    for (const [index, view] of VIEWS.entries()) {
        await page.keyboard.press(String(index + 1));
        await page.waitForSelector(`#view[data-view=${view}]`);
    }
    const link = page.url();
    await page.reload();
    await page.waitForSelector('#view[data-view=findings]');
    assert.strictEqual(page.url(), link);
    await page.keyboard.press('Escape');
    await settled(page, () => document.getElementById('session').hidden);
    await page.keyboard.press('?');
    await settled(page, () => document.getElementById('keys').open);
    await finish(page);
}

async function filters(browser) {
    const page = await open(browser, address);
    await page.keyboard.press('/');
    await page.keyboard.type('hostile');
    await settled(page, () => document.querySelectorAll('.rows .row').length === 1);
    await page.keyboard.press('Escape');
    await settled(page, () => document.querySelectorAll('.rows .row').length > 1);
    await page.type('#filter-text', 'subject ~ plain');
    await settled(page, () => [...document.querySelectorAll('.rows .row .subject')].every(each => /plain/.test(each.textContent)) &&
        document.querySelectorAll('.rows .row').length > 0);
    await finish(page);
}

async function switches(browser) {
    const page = await open(browser, address);
    for (const state of ['false', 'true']) {
        await page.click('#recording');
        await settled(page, wanted => document.getElementById('recording').getAttribute('aria-checked') === wanted, state);
    }
    await finish(page);
}

async function showsHtml(browser, where) {
    const page = await open(browser, where);
    await page.evaluate(() => [...document.querySelectorAll('.rows .row')].find(row => /hostile/.test(row.textContent)).click());
    await page.waitForSelector('#view');
    await page.keyboard.press('3');
    await page.waitForSelector('.choice button');
    await page.evaluate(() => [...document.querySelectorAll('.choice button')].find(each => each.textContent === 'HTML').click());
    const frame = await page.waitForSelector('iframe[sandbox=""]');
    await settled(page, () => /Blocked: [1-9]/.test(document.querySelector('.blocked').textContent));
    const source = await frame.evaluate(element => element.srcdoc);
    assert(!/<script|\son\w+=|evil\.example/i.test(source), source);
    assert.strictEqual(await page.title(), 'smtpscope');
    await finish(page);
}

async function looksRight(browser, where) {
    for (const dark of [false, true]) {
        for (const width of [360, 1280, 2560]) {
            const page = await open(browser, where, {width, dark});
            const list = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
            assert.strictEqual(dark, Number(list.match(/\d+/)[0]) < 128, list);
            await page.keyboard.press('j');
            await page.keyboard.press('Enter');
            for (const key of ['1', '2', '3', '4', '5']) {
                await page.keyboard.press(key);
                await page.waitForSelector(`#view[data-view=${VIEWS[key - 1]}]`);
                assert(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${width}: too wide`);
            }
            await finish(page);
        }
    }
}

async function isAccessible(browser, where) {
    for (const dark of [false, true]) {
        const page = await open(browser, where, {dark});
        for (const key of ['', '1', '2', '3', '4', '5']) {
            if (key === '1') {
                await page.keyboard.press('j');
                await page.keyboard.press('Enter');
                await page.waitForSelector('#view');
            } else if (key !== '') {
                await page.keyboard.press(key);
                await page.waitForSelector(`#view[data-view=${VIEWS[key - 1]}]`);
            }
            await page.evaluate(AXE);
            const found = await page.evaluate(() => axe.run({iframes: false}));
            assert.deepStrictEqual(found.violations.map(each => [each.id, each.nodes[0].html]), []);
        }
        await finish(page);
    }
}

async function main() {
    const browser = await puppeteer.launch({executablePath: chromium, args: ['--no-sandbox', '--disable-gpu']});
    const tests = [['shows and opens', showsAndOpens, address], ['filters', filters, address], ['switches', switches, address],
        ...[address, report].flatMap(where => [['shows HTML', showsHtml, where], ['looks right', looksRight, where],
            ['is accessible', isAccessible, where]])];
    let failed = 0;
    for (const [name, test, where] of tests) {
        try {
            await test(browser, where);
            console.log(`ok ${name}, ${where === report ? 'report' : 'page'}`);
        } catch (error) {
            failed++;
            console.log(`FAILED ${name}, ${where === report ? 'report' : 'page'}: ${error.stack}`);
        }
    }
    await browser.close();
    process.exitCode = failed > 0 ? 1 : 0;
}

main();
