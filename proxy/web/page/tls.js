// SPDX-License-Identifier: MIT
// tls: both sides beside each other, with their certificates; where they differ is marked.
import {el} from './dom.js';
import {duration} from './words.js';

const yesNo = value => (value === null || value === undefined ? null : value ? 'yes' : 'no');

function verifyText(verify) {
    if (!verify) {
        return null;
    }
    return verify.ok ? verify.error ?? 'good' : verify.error ?? 'bad';
}

// What is shown, from the object of one side. `compared`: a difference between the sides says something.
const ROWS = [
    {title: 'How', of: tls => tls.how},
    {title: 'Version', of: tls => tls.version, compared: true},
    {title: 'Cipher suite', of: tls => tls.cipher, compared: true},
    {title: 'Group', of: tls => tls.group, compared: true},
    {title: 'SNI', of: tls => tls.sni, compared: true},
    {title: 'ALPN', of: tls => tls.alpn, compared: true},
    {title: 'Handshake', of: tls => duration(tls.handshake_ms)},
    {title: 'Error', of: tls => tls.error, bad: true},
    {title: 'Verified', of: tls => verifyText(tls.verify), badIf: tls => tls.verify?.ok === false},
    {title: 'Resumed', of: tls => yesNo(tls.resumed)},
    {title: 'Certificate asked for', of: tls => yesNo(tls.certificate_requested)},
    {title: 'JA3', of: tls => tls.ja3},
    {title: 'JA4', of: tls => tls.ja4},
];

const CERTIFICATE_ROWS = [
    ['Subject', certificate => certificate.subject],
    ['Issuer', certificate => certificate.issuer],
    ['Names', certificate => certificate.names?.join(', ')],
    ['Valid from', certificate => certificate.not_before],
    ['Valid to', certificate => certificate.not_after],
    ['Key', certificate => certificate.key],
    ['SHA-256', certificate => certificate.sha256],
];

function cell(text, properties) {
    return el('td', properties, text === null || text === undefined || text === '' ? '–' : text);
}

function row(title, cells) {
    return el('tr', {}, el('th', {scope: 'row'}, title), cells);
}

function sideRow(definition, sides) {
    const texts = sides.map(side => (side === null ? null : definition.of(side)));
    if (texts.every(text => text === null || text === undefined || text === '')) {
        return null;
    }
    const differs = definition.compared && sides.every(side => side !== null) && texts[0] !== texts[1];
    return row(definition.title, texts.map((text, index) => {
        const bad = text && (definition.bad || definition.badIf?.(sides[index] ?? {}));
        return cell(text, {class: bad ? 'bad' : differs ? 'differs' : null});
    }));
}

function certificateRows(sides) {
    const certificates = sides.map(side => side?.certificate ?? null);
    if (certificates.every(certificate => certificate === null)) {
        return [];
    }
    return [el('tr', {class: 'part'}, el('th', {scope: 'colgroup', colspan: '3'}, 'Certificate of the peer')),
        ...CERTIFICATE_ROWS.map(([title, of]) => row(title,
            certificates.map(certificate => cell(certificate === null ? null : of(certificate)))))];
}

export function tlsView(session) {
    const sides = [session.tls.client, session.tls.server];
    if (sides.every(side => side === null)) {
        return el('p', {class: 'empty'}, 'No TLS in this session: everything went in the clear.');
    }
    const head = (title, side) => el('th', {scope: 'col'}, title,
        side === null ? el('span', {class: 'none'}, ' not in TLS') : null);
    return el('div', {class: 'scrolls', tabindex: '0', role: 'region', 'aria-label': 'TLS of both sides'},
        el('table', {class: 'sides'},
            el('thead', {}, el('tr', {}, el('td', {}), head('Client ⇄ smtpscope', sides[0]),
                head('smtpscope ⇄ server', sides[1]))),
            el('tbody', {}, ROWS.map(definition => sideRow(definition, sides)), certificateRows(sides))));
}
