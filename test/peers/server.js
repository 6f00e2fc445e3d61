// SPDX-License-Identifier: MIT
// npm's smtp-server, for the peers tests: node server.js FOLDER CERTIFICATE KEY
// Listens on two free ports, plain with STARTTLS and implicit TLS, says them as one JSON line on
// standard output, and stores each message as it came in FOLDER.
'use strict';
const fs = require('fs');
const path = require('path');
const { SMTPServer } = require('smtp-server');

const [folder, certificate, key] = process.argv.slice(2);
let count = 0;

function options(secure) {
  return {
    secure,
    cert: fs.readFileSync(certificate),
    key: fs.readFileSync(key),
    authOptional: true,
    disableReverseLookup: true,
    onAuth(auth, session, done) {
      const good = auth.username === 'alice' && auth.password === 'correct horse battery';
      done(good ? null : new Error('Invalid username or password'), { user: auth.username });
    },
    onData(stream, session, done) {
      const parts = [];
      stream.on('data', (part) => parts.push(part));
      stream.on('end', () => {
        count += 1;
        fs.writeFileSync(path.join(folder, `${count}.eml`), Buffer.concat(parts));
        done();
      });
    },
  };
}

const servers = [new SMTPServer(options(false)), new SMTPServer(options(true))];
let waiting = servers.length;
for (const server of servers) {
  server.on('error', () => {}); // A client that closes early is no reason to end.
  server.listen(0, '127.0.0.1', () => {
    waiting -= 1;
    if (waiting === 0) {
      const ports = servers.map((one) => one.server.address().port);
      process.stdout.write(`${JSON.stringify(ports)}\n`);
    }
  });
}
