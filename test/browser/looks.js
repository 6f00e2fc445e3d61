// SPDX-License-Identifier: MIT
// The page and a report at each width, light and dark: nothing is too wide, and axe-core finds nothing.
'use strict';
const assert = require('node:assert');
const {VIEWS, open, finish, openRow, hasRow, showView, press, hasNoViolation} = require('./browser.js');
const {startProxy, run, send, write, folder} = require('./program.js');
const {hostile, mail} = require('./mails.js');

// Calls `test(page)` for the page and the report, at each width, light and dark.
async function everywhere(browser, widths, test) {
    const transcript = write('looks.json', '');
    const proxy = await startProxy('sink', '-o', `json:${transcript}`);
    await send(proxy.port, hostile);
    await send(proxy.port, mail('plain', 'Hello'), {to: Array.from({length: 30}, (unused, n) => `recipient-${n}@example.net`)});
    const page = await open(browser, proxy.address);
    await hasRow(page, 'plain');
    await finish(page);
    run('check', transcript, '--fail-on', 'never', '--expect', 'accepted = 2', '--report', `html:${folder}/looks.html`);
    for (const where of [proxy.address, `file://${folder}/looks.html`]) {
        for (const dark of [false, true]) {
            for (const width of widths) {
                const shown = await open(browser, where, {width, dark});
                await test(shown, dark);
                await finish(shown);
            }
        }
    }
    await proxy.stop();
}

async function assertFits(page) {
    const [wide, inner] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    assert(wide <= inner, `${wide} > ${inner}`);
}

// The list scrolls in no direction but down, so what is too wide there is not seen at all; nor is what
// has no place in the grid of its row, which is below the row.
async function noColumnIsCutOff(browser) {
    const proxy = await startProxy('sink');
    await send(proxy.port, 'Subject: plain\r\n\r\nno date');
    const page = await open(browser, proxy.address);
    for (const width of [360, 899, 900, 1000, 1100, 2560]) {
        await page.setViewport({width, height: 800});
        await hasRow(page, 'completed');
        const ends = await page.$$eval('.row > *', all => all.map(each => each.getBoundingClientRect().right));
        assert(Math.max(...ends) <= width, `${Math.max(...ends)} > ${width}`);
        const below = await page.$$eval('.row > *', all => all.filter(each => each.getBoundingClientRect().bottom >
            each.parentElement.getBoundingClientRect().bottom).map(each => each.className));
        assert.deepStrictEqual(below, [], `at ${width}`);
    }
    await finish(page);
    await proxy.stop();
}

async function assertTicksAreApart(page) {
    const ticks = await page.$$eval('.tick', all => all.filter(tick => getComputedStyle(tick).fontSize !== '0px')
        .map(tick => tick.getBoundingClientRect()).map(({left, right}) => ({left, right})));
    assert(ticks.every(({left}, i) => i === 0 || left >= ticks[i - 1].right), JSON.stringify(ticks));
}

async function nothingIsTooWide(browser) {
    await everywhere(browser, [360, 1000, 2560], async (page, dark) => {
        const color = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
        assert.strictEqual(dark, Number(color.match(/\d+/)[0]) < 128, color);
        await hasRow(page, 'plain');
        await assertFits(page);
        await openRow(page, 'hostile');
        for (const view of VIEWS) {
            await showView(page, view);
            await assertFits(page);
        }
        await showView(page, 'waterfall');
        assert(await page.$eval('.waterfall .scrolls', element => element.scrollWidth <= element.clientWidth), 'all bars are in sight');
        await assertTicksAreApart(page);
    });
}

async function axeFindsNothing(browser) {
    await everywhere(browser, [360, 1280], async page => {
        await hasRow(page, 'plain');
        await hasNoViolation(page);
        await openRow(page, 'hostile');
        for (const view of VIEWS) {
            await showView(page, view);
            await hasNoViolation(page);
        }
        await showView(page, 'messages');
        await press(page, 'HTML');
        await page.waitForSelector('.mail-html iframe');
        await hasNoViolation(page);
        await page.keyboard.press('?');
        await page.waitForSelector('#keys[open]');
        await hasNoViolation(page);
    });
}

module.exports = {noColumnIsCutOff, nothingIsTooWide, axeFindsNothing};
