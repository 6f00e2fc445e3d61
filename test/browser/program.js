// SPDX-License-Identifier: MIT
// program: the program under test, a client that sends mail to it, and a server that refuses some.
'use strict';
const childProcess = require('node:child_process');
const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');

const [scope, folder, chromium] = process.argv.slice(2);
const HANG_MS = 120000; // a bound for what hangs, never a claim about speed

// Its standard error is what tests wait for.
class Program {
    constructor(...words) {
        this.errors = '';
        this.waiting = new Set();
        this.child = childProcess.spawn(scope, words, {stdio: ['ignore', 'ignore', 'pipe']});
        const kill = () => this.child.kill('SIGKILL'); // a test that fails does not stop it
        process.once('exit', kill);
        this.ended = new Promise(resolve => this.child.on('close', status => resolve(status)));
        this.child.stderr.setEncoding('utf8').on('data', text => {
            this.errors += text;
            this.waiting.forEach(look => look());
        });
        this.ended.then(() => {
            process.off('exit', kill);
            this.waiting.forEach(look => look(true));
        });
    }

    // The first group of `pattern`, as soon as it was said.
    said(pattern) {
        return new Promise((resolve, reject) => {
            const look = hasEnded => {
                const found = this.errors.match(pattern);
                if (found !== null || hasEnded) {
                    this.waiting.delete(look);
                    found !== null ? resolve(found[1]) : reject(new Error(`did not say ${pattern}: ${this.errors}`));
                }
            };
            this.waiting.add(look);
            look(this.child.exitCode !== null);
        });
    }

    async stop() {
        this.child.kill('SIGTERM');
        return this.ended;
    }
}

// A proxy with a page: {address, port, stop}; `words` are further options.
async function startProxy(mode, ...words) {
    const program = new Program('proxy', '--mode', `${mode}@127.0.0.1:0`, '--web', '127.0.0.1:0', '--body', 'full', ...words);
    const address = await program.said(/web page on (\S+)/);
    return Object.assign(program, {address, port: Number(await program.said(/listening on 127\.0\.0\.1:(\d+) /))});
}

async function startView(...files) {
    const program = new Program('view', ...files, '--web', '127.0.0.1:0');
    return Object.assign(program, {address: await program.said(/web page on (\S+)/)});
}

// Runs the program to its end.
function run(...words) {
    return childProcess.spawnSync(scope, words, {encoding: 'utf8', timeout: HANG_MS});
}

// Calls back with each whole line.
function onLines(socket, take) {
    let rest = '';
    socket.setEncoding('latin1').on('data', text => {
        const lines = (rest + text).split('\r\n');
        rest = lines.pop();
        lines.forEach(take);
    });
}

// Sends `lines` to the port, each when the one before it is answered; a function is called then, and
// what it returns waited for. Resolves when the server has closed.
function talk(port, lines) {
    return new Promise((resolve, reject) => {
        const left = [...lines];
        const socket = net.connect(port, '127.0.0.1');
        socket.setTimeout(HANG_MS, () => socket.destroy(new Error('no answer'))).on('error', reject).on('close', resolve);
        async function answer() {
            while (typeof left[0] === 'function') {
                await left.shift()();
            }
            if (left.length > 0) {
                socket.write(Buffer.from(left.shift() + '\r\n', 'latin1'));
            }
        }
        onLines(socket, line => /^\d{3}-/.test(line) || answer().catch(error => socket.destroy(error)));
    });
}

const linesOf = (message, {to = ['b@example.net'], from = 'a@example.com'} = {}) => ['EHLO client.example.com',
    `MAIL FROM:<${from}>`, ...to.map(each => `RCPT TO:<${each}>`), 'DATA', `${message}\r\n.`];

const send = (port, message, envelope) => talk(port, [...linesOf(message, envelope), 'QUIT']);

// Refuses each recipient with "nobody" in it.
async function startServer() {
    const server = net.createServer(socket => {
        let inText = false;
        socket.on('error', () => {}).write('220 mail.example.com ESMTP\r\n');
        onLines(socket, line => {
            const verb = line.slice(0, 4).toUpperCase();
            if (inText) {
                inText = line !== '.';
                return inText || socket.write('250 2.0.0 Ok\r\n');
            }
            inText = verb === 'DATA';
            if (verb === 'QUIT') {
                return socket.end('221 2.0.0 Bye\r\n');
            }
            return socket.write(inText ? '354 Go on\r\n' : /nobody/.test(line) ? '550 5.1.1 No such user\r\n' : '250 2.0.0 Ok\r\n');
        });
    });
    await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
    return {port: server.address().port, stop: () => server.close()};
}

// Writes a file of the test's folder; its path.
function write(name, content) {
    fs.writeFileSync(path.join(folder, name), content);
    return path.join(folder, name);
}

module.exports = {HANG_MS, folder, chromium, startProxy, startView, startServer, run, talk, linesOf, send, write};
