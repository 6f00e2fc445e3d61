// SPDX-License-Identifier: MIT
// nodemailer, for the tests of peers and audit: node send.js JSON, with the members that clients.py
// gives; `more` has options that replace those below.
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
  tls: plan.ca ? { ca: fs.readFileSync(plan.ca) } : undefined,
  auth: plan.password ? { user: plan.user, pass: plan.password } : undefined,
  ...plan.more,
});
const mail = { envelope: { from: plan.from, to: plan.to }, raw: fs.readFileSync(plan.message) };
transport.sendMail(mail).then(
  (info) => {
    transport.close();
    process.exitCode = info.rejected.length > 0 ? 1 : 0;
  },
  (error) => {
    console.error(error.message);
    process.exit(1);
  },
);
