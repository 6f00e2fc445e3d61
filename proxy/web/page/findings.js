// SPDX-License-Identifier: MIT
// findings: what the analysis says, each with the place in its RFC.
import {el} from './dom.js';

// `RFC 5321 2.3.8`, `CVE-2011-0411`: where to read more. A link is followed only when it is clicked.
function referenceAddress(reference) {
    const rfc = reference.match(/^RFC (\d+)(?: (?:section )?(\d+(?:\.\d+)*))?$/);
    if (rfc) {
        return `https://www.rfc-editor.org/rfc/rfc${rfc[1]}${rfc[2] ? `#section-${rfc[2]}` : ''}`;
    }
    return /^CVE-\d+-\d+$/.test(reference) ? `https://www.cve.org/CVERecord?id=${reference}` : null;
}

export function referenceLinks(references) {
    let rfc = '';
    return (references ?? '').split(/, */).filter(each => each !== '').map(each => {
        const bare = /^\d+(\.\d+)*$/.test(each); // `RFC 5321 4.1.1.1, 4.1.3`
        rfc = each.match(/^RFC \d+/)?.[0] ?? rfc;
        const address = referenceAddress(bare ? `${rfc} ${each}` : each);
        return address === null ? el('span', {class: 'reference'}, each)
            : el('a', {class: 'reference', href: address, target: '_blank', rel: 'noreferrer noopener'}, each);
    });
}

export function findingLine({severity, rule, text, reference}) {
    return el('p', {class: `finding ${severity}`},
        el('strong', {class: 'rule'}, el('span', {class: `badge ${severity}`}, severity), ' ', rule), ' ',
        el('span', {}, text), ' ', referenceLinks(reference));
}

function placeOf({side, exchange, message}) {
    const place = [side && `the ${side}`, exchange !== null && `exchange ${exchange}`,
        message !== null && `message ${message}`];
    return place.filter(each => each).join(', ');
}

export function findingsView(session) {
    if (session.findings.length === 0) {
        return el('p', {class: 'empty'}, 'No findings: nothing in this session is worth a remark.');
    }
    const order = ['error', 'warning', 'info'];
    const sorted = [...session.findings].sort((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity));
    return el('ul', {class: 'findings'}, sorted.map(finding => el('li', {},
        findingLine(finding), el('p', {class: 'place'}, placeOf(finding)))));
}
