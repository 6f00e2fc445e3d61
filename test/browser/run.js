// SPDX-License-Identifier: MIT
// `node run.js PROGRAM FOLDER CHROMIUM [TEST…]`: runs the tests of all files, or those named. Prints what
// failed; exits 1 where something did, 77 where no browser can be started.
'use strict';
const {launch} = require('./browser.js');

const FILES = ['list', 'session', 'waterfall', 'message', 'stream', 'looks', 'report'];
const wanted = process.argv.slice(5);

async function runAll(browser) {
    let failed = 0;
    for (const file of FILES) {
        for (const [name, test] of Object.entries(require(`./${file}.js`))) {
            if (wanted.length > 0 && !wanted.includes(name)) {
                continue;
            }
            try {
                await test(browser);
                console.log(`ok ${file}: ${name}`);
            } catch (error) {
                failed++;
                console.log(`FAILED ${file}: ${name}: ${error.stack}`);
            }
        }
    }
    return failed;
}

async function main() {
    const browser = await launch().catch(error => {
        console.log(`skipped: chromium does not start: ${error.message}`);
        process.exit(77);
    });
    const failed = await runAll(browser);
    await browser.close();
    process.exit(failed > 0 ? 1 : 0);
}

main();
