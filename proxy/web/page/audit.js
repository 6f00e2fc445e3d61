// SPDX-License-Identifier: MIT
// audit: what `smtpscope audit` found, as a table with the sessions of each case behind its row.

import {button, el} from './dom.js';

const AUDIT_COLUMNS = ['Verdict', 'Case', 'What the command did', 'Sessions'];

function caseExplanation(row) {
    return el('details', {},
        el('summary', {}, row.did),
        el('p', {}, `The server ${row.server}. Right: the client ${row.right} (${row.reference}). ${row.why}`),
        row.output === null ? null : el('pre', {}, row.output));
}

function caseRow(row, open) {
    return el('tr', {class: row.verdict === 'n/a' ? 'none' : row.verdict},
        el('td', {class: 'verdict'}, row.verdict),
        el('th', {scope: 'row'}, row.id),
        el('td', {}, caseExplanation(row)),
        el('td', {}, row.sessions.map(id => button(`${id}`, () => open(id), {'aria-label': `session ${id}`}))));
}

// `open` is called with the id of a session.
export function auditTable(audit, open) {
    const {pass, weak, fail} = audit.counts;
    return el('section', {id: 'audit', class: fail === 0 ? 'good' : 'bad', 'aria-label': 'Audit'},
        el('p', {}, el('strong', {}, `Grade ${audit.grade}`), ` ${audit.command}: ${pass} passed, ${weak} weak, ${fail} failed, ` +
            `${audit.counts['n/a']} not applicable`),
        audit.remedies.length === 0 ? null : el('ul', {}, audit.remedies.map(remedy => el('li', {}, `${audit.runtime}: ${remedy}`))),
        el('div', {class: 'cases'}, el('table', {},
            el('thead', {}, el('tr', {}, AUDIT_COLUMNS.map(name => el('th', {scope: 'col'}, name)))),
            el('tbody', {}, audit.cases.map(row => caseRow(row, open))))));
}
