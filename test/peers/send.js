// SPDX-License-Identifier: MIT
// nodemailer, for the peers tests: node send.js JSON, with the members that clients.py gives.
'use strict';
const fs = require('fs');
const nodemailer = require('nodemailer');

const plan = JSON.parse(process.argv[2]);
const transport = nodemailer.createTransport({
  host: plan.host,
  port: plan.port,
  secure: plan.how === 'implicit',
  requireTLS: plan.how === 'starttls',
  name: plan.name,
  tls: { ca: fs.readFileSync(plan.ca) },
  auth: plan.password ? { user: plan.user, pass: plan.password } : undefined,
});
const mail = { envelope: { from: plan.from, to: plan.to }, raw: fs.readFileSync(plan.message) };
transport.sendMail(mail).then(
  () => transport.close(),
  (error) => {
    console.error(error.message);
    process.exit(1);
  },
);
