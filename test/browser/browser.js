// SPDX-License-Identifier: MIT
// browser: Chromium, and pages in it that note what they should never do.
'use strict';
const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const puppeteer = require('puppeteer-core');
const {HANG_MS, folder, chromium} = require('./program.js');

const AXE = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const VIEWS = ['conversation', 'waterfall', 'messages', 'tls', 'findings'];

// Without its sandbox, which needs a user that is not root and namespaces that CI often has not; and
// without /dev/shm, which is small there.
const launch = () => puppeteer.launch({
    executablePath: chromium, args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
    timeout: 2 * HANG_MS, protocolTimeout: 3 * HANG_MS,
});

// What the page complains of, what it asks other hosts for, and what runs in it that should not.
function watch(page, where) {
    const origin = new URL(where).origin;
    page.complaints = [];
    page.requests = [];
    page.on('console', message => message.type() === 'error' && page.complaints.push(message.text()));
    page.on('pageerror', error => page.complaints.push(error.message));
    page.on('dialog', dialog => {
        page.complaints.push(`a dialog: ${dialog.message()}`);
        dialog.dismiss();
    });
    page.on('request', request => {
        page.requests.push(request.url());
        if (!/^(data|blob|about|file):/.test(request.url()) && new URL(request.url()).origin !== origin) {
            page.complaints.push(`a request to ${request.url()}`);
        }
    });
}

// `prepare(page)` is called before the page loads.
async function open(browser, where, {width = 1280, height = 800, dark = false, prepare = () => {}} = {}) {
    const page = await browser.newPage();
    page.setDefaultTimeout(HANG_MS);
    watch(page, where);
    await page.setViewport({width, height});
    await page.emulateMediaFeatures([{name: 'prefers-color-scheme', value: dark ? 'dark' : 'light'}]);
    await prepare(page);
    await page.goto(where);
    await page.waitForSelector('#list .scroller');
    return page;
}

async function finish(page) {
    assert.deepStrictEqual(page.complaints, []);
    await page.close();
}

// Waits until `test`, which runs in the page, is true.
const until = (page, test, ...values) => page.waitForFunction(test, {polling: 50}, ...values);

// Waits until the list has `count` rows (of those in sight), or one with `text`.
const hasRows = (page, count) => until(page, number => document.querySelectorAll('.rows .row').length === number, count);
const hasRow = (page, text) => until(page, words =>
    [...document.querySelectorAll('.rows .row')].some(row => row.textContent.includes(words)), text);

// Clicks as soon as it is there, in one go: what a person looks at may be drawn anew at any time.
const click = (page, selector) => until(page, wanted => {
    const element = document.querySelector(wanted);
    element?.click();
    return element !== null;
}, selector);

async function openRow(page, text) {
    await until(page, words => {
        const row = [...document.querySelectorAll('.rows .row')].find(each => each.textContent.includes(words));
        row?.click();
        return row !== undefined;
    }, text);
    await page.waitForSelector('#view');
}

async function showView(page, view) {
    await page.keyboard.press(String(VIEWS.indexOf(view) + 1));
    await page.waitForSelector(`#view[data-view=${view}]`);
}

// Presses the button with this text.
async function press(page, text) {
    await until(page, words => {
        const button = [...document.querySelectorAll('button')].find(each => each.textContent === words);
        button?.click();
        return button !== undefined;
    }, text);
}

const textOf = (page, selector) => page.$eval(selector, element => element.textContent);

// The bytes of the file that pressing the button saves, and its name.
async function save(page, text) {
    const session = await page.createCDPSession();
    await session.send('Browser.setDownloadBehavior', {behavior: 'allowAndName', downloadPath: folder, eventsEnabled: true});
    const done = new Promise((resolve, reject) => {
        let begun = null;
        session.on('Browser.downloadWillBegin', event => { begun = event; });
        session.on('Browser.downloadProgress', ({state, guid}) => {
            if (state !== 'inProgress') {
                state === 'completed' ? resolve({guid, name: begun.suggestedFilename}) : reject(new Error(`download ${state}`));
            }
        });
    });
    await press(page, text);
    const {guid, name} = await done;
    await session.detach();
    return {name, bytes: fs.readFileSync(path.join(folder, guid))};
}

async function hasNoViolation(page) {
    await page.evaluate(AXE);
    const found = await page.evaluate(() => axe.run({iframes: false}));
    assert.deepStrictEqual(found.violations.map(each => [each.id, each.nodes[0].html, each.nodes[0].failureSummary]), []);
}

module.exports = {VIEWS, launch, open, finish, until, hasRows, hasRow, openRow, showView, click, press, textOf, save, hasNoViolation};
