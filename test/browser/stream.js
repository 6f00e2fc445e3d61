// SPDX-License-Identifier: MIT
// What the page does when the program goes away, comes back, or has lost events for it.
'use strict';
const net = require('node:net');
const {open, finish, until, hasRow, hasRows} = require('./browser.js');
const {startProxy, send} = require('./program.js');
const {mail} = require('./mails.js');

// A way to the page that can be cut, so that its port stays ours.
async function startWay(port) {
    const sockets = new Set();
    const way = {isOpen: true};
    const server = net.createServer(socket => {
        sockets.add(socket.on('error', () => {}).on('close', () => sockets.delete(socket)));
        if (!way.isOpen) {
            socket.destroy();
            return;
        }
        const other = net.connect(port, '127.0.0.1').on('error', () => socket.destroy()).on('close', () => socket.destroy());
        socket.on('close', () => other.destroy()).pipe(other).pipe(socket);
    });
    await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
    way.port = server.address().port;
    way.cut = () => {
        way.isOpen = false;
        sockets.forEach(socket => socket.destroy());
    };
    way.stop = () => {
        way.cut();
        server.close();
    };
    return way;
}

async function theStreamIsTakenUpAgain(browser) {
    const proxy = await startProxy('sink');
    const way = await startWay(new URL(proxy.address).port);
    const page = await open(browser, proxy.address.replace(/:\d+\//, `:${way.port}/`));
    await send(proxy.port, mail('before', 'Hello'));
    await hasRow(page, 'before');
    way.cut();
    await until(page, () => document.getElementById('state').textContent === 'smtpscope does not answer.');
    await send(proxy.port, mail('meanwhile', 'Hello'));
    way.isOpen = true;
    await hasRow(page, 'meanwhile');
    await until(page, () => /\(sink\)/.test(document.getElementById('state').textContent));
    await send(proxy.port, mail('after', 'Hello'));
    await hasRow(page, 'after');
    page.complaints = page.complaints.filter(each => !/net::ERR_/.test(each)); // the browser's own, of what was cut
    await finish(page);
    way.stop();
    await proxy.stop();
}

// The events are lost by our own hand: a first stream says so in place of what happened.
async function lostEventsAreFetchedAnew(browser) {
    const proxy = await startProxy('sink');
    let streams = 0;
    const page = await open(browser, proxy.address, {prepare: async page => {
        await page.setRequestInterception(true);
        page.on('request', async request => {
            if (/\/events\?/.test(request.url()) && streams++ === 0) {
                await send(proxy.port, mail('lost', 'Hello'));
                await request.respond({contentType: 'text/event-stream',
                    body: 'id: 7\ndata: {"event":"lost","count":7,"reason":"slow"}\n\n'});
            } else {
                await request.continue();
            }
        });
    }});
    await hasRow(page, 'lost');
    await hasRows(page, 1);
    await finish(page);
    await proxy.stop();
}

module.exports = {theStreamIsTakenUpAgain, lostEventsAreFetchedAnew};
