// SPDX-License-Identifier: MIT
// dom: how elements are made. What comes from a mail or a transcript is only ever set as text or as
// the value of an attribute that nothing runs.

const PROPERTIES = new Set(['checked', 'disabled', 'hidden', 'open', 'srcdoc', 'value']);

function setProperty(element, name, value) {
    if (name === 'on') {
        for (const [event, listener] of Object.entries(value)) {
            element.addEventListener(event, listener);
        }
    } else if (PROPERTIES.has(name)) {
        element[name] = value;
    } else if (value !== undefined && value !== null && value !== false) {
        element.setAttribute(name, value);
    }
}

// el('p', {class: 'note'}, 'text', el('b', {}, 'more')): children that are null are left out.
export function el(tag, properties, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(properties ?? {})) {
        setProperty(element, name, value);
    }
    element.append(...children.flat().filter(child => child !== null && child !== undefined));
    return element;
}

export function button(label, onClick, properties) {
    return el('button', {type: 'button', on: {click: onClick}, ...properties}, label);
}

export function byId(id) {
    return document.getElementById(id);
}

export function saveBlob(blob, name) {
    const address = URL.createObjectURL(blob);
    const link = el('a', {href: address, download: name.replace(/[^\p{L}\p{N}._ -]/gu, '_')});
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(address), 60000);
}

// The clipboard wants a secure context; a report that was opened from a disk may have none.
export async function copyText(text) {
    try {
        await navigator.clipboard.writeText(text);
    } catch {
        const area = el('textarea', {class: 'unseen', value: text});
        document.body.append(area);
        area.select();
        document.execCommand('copy');
        area.remove();
    }
}
