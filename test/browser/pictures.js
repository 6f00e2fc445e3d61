// SPDX-License-Identifier: MIT
// `node pictures.js PROGRAM FOLDER CHROMIUM PICTURES ADDRESS`: takes the pictures of the README, of a page
// that shows what scripts/demo-traffic sent. scripts/screenshots runs it.
'use strict';
const path = require('node:path');
const {launch, open, openRow, showView, hasRow, press, until, finish} = require('./browser.js');

const [pictures, address] = process.argv.slice(5);
const SIZE = {width: 1000, height: 560};

// Waits until what is shown is not drawn anew any more.
const settled = page => until(page, () => {
    const view = document.getElementById('view');
    window.looks = window.seen === view ? window.looks + 1 : 0;
    window.seen = view;
    return window.looks > 5;
});

// What a person sees who looks at a session; `prepare` goes there.
const SHOTS = {
    list: page => hasRow(page, 'Weekly report'),
    async conversation(page) {
        await openRow(page, 'nobody@example.net');
        await settled(page);
        await page.$eval('#view', view => { view.scrollTop = view.scrollHeight; }); // the end is what counts
    },
    async waterfall(page) {
        await openRow(page, 'News of November');
        await showView(page, 'waterfall');
    },
    async message(page) {
        await openRow(page, 'Invoice');
        await showView(page, 'messages');
        await press(page, 'HTML');
        await until(page, () => document.querySelector('iframe') !== null);
    },
};

async function shoot(browser, name, prepare, dark) {
    const page = await open(browser, address, {...SIZE, dark});
    await hasRow(page, 'Invoice');
    await prepare(page);
    await page.evaluate(() => document.fonts.ready);
    await page.screenshot({path: path.join(pictures, `${name}${dark ? '-dark' : ''}.png`)});
    await finish(page);
}

async function main() {
    const browser = await launch();
    for (const [name, prepare] of Object.entries(SHOTS)) {
        await shoot(browser, name, prepare, false);
    }
    await shoot(browser, 'conversation', SHOTS.conversation, true); // the one that a reader sees first
    await browser.close();
}

main();
