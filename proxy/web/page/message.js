// SPDX-License-Identifier: MIT
// message: a mail as a person would read it, and what it is made of. Its HTML is shown in a frame
// with no rights: before that everything that could run or reach the network is taken out and
// counted; behind it stand the sandbox and a policy of its own.
import {el, button, saveBlob} from './dom.js';
import {size, count} from './words.js';

// ── HTML made harmless ──────────────────────────────────────────────────────────────────────────

const REMOVED = 'script, iframe, frame, object, embed, applet, base, meta, link, form, portal, noscript, template, audio, video, svg, math';
const ADDRESSES = ['src', 'srcset', 'background', 'poster', 'action', 'formaction', 'ping', 'data', 'xlink:href', 'longdesc', 'cite', 'manifest'];
const POLICY = "default-src 'none'; img-src data:; style-src data:; base-uri 'none'; form-action 'none'";

function isRemote(address) {
    return /^\s*(https?:|ftp:|\/\/)/i.test(address);
}

// A style with nothing to load. What hides behind CSS escapes meets the policy.
function harmlessCss(css, blocked) {
    return css.replace(/@import[^;]*;?/gi, () => {
        blocked.count++;
        return '';
    }).replace(/(?:url|image-set|src)\s*\(\s*(['"]?)(.*?)\1\s*\)/gis, (all, quote, address) => {
        if (/^data:image\//i.test(address)) {
            return all;
        }
        blocked.count++;
        return 'none';
    });
}

function takeAddress(element, name, images, blocked) {
    const value = element.getAttribute(name);
    const cid = value.match(/^cid:(.*)$/i);
    element.removeAttribute(name);
    if (name === 'src' && element.localName === 'img' && cid && images.has(cid[1])) {
        element.setAttribute('src', images.get(cid[1]));
    } else if (name === 'src' && element.localName === 'img' && /^data:image\//i.test(value)) {
        element.setAttribute('src', value);
    } else if (isRemote(value)) {
        blocked.count++;
    }
}

// A link shows where it leads, and leads nowhere.
function takeLink(element) {
    const address = element.getAttribute('href');
    element.removeAttribute('href');
    element.removeAttribute('target');
    element.setAttribute('title', address);
    element.setAttribute('class', `${element.getAttribute('class') ?? ''} was-link`);
}

// A style attribute becomes a rule, because the policy allows no inline style.
function takeStyle(element, attribute, rules, blocked) {
    const style = harmlessCss(element.getAttribute(attribute), blocked).replace(/[{}]/g, '');
    element.removeAttribute(attribute);
    const name = `style-${rules.length}`;
    element.setAttribute('class', `${element.getAttribute('class') ?? ''} ${name}`);
    rules.push(`.${name}.${name}.${name}{${style}}`);
}

function clean(element, rules, images, blocked) {
    for (const {name} of [...element.attributes]) {
        if (/^(data-was-)?on/i.test(name)) {
            element.removeAttribute(name);
            blocked.scripts++;
        } else if (ADDRESSES.includes(name.toLowerCase())) {
            takeAddress(element, name, images, blocked);
        } else if (name.toLowerCase() === 'href') {
            takeLink(element);
        } else if (/^(data-was-)?style$/i.test(name)) {
            takeStyle(element, name, rules, blocked);
        }
    }
}

function dataAddress(type, text) {
    const bytes = new TextEncoder().encode(text);
    let latin = '';
    bytes.forEach(byte => { latin += String.fromCharCode(byte); });
    return `data:${type};base64,${btoa(latin)}`;
}

const BASE_CSS = ':root{color-scheme:light;background:#fff;color:#1a1a1a;font:15px/1.5 system-ui,sans-serif}' +
    'body{margin:12px}img{max-width:100%}.was-link{color:#0b57d0;text-decoration:underline;cursor:help}';

// The browser complains of each style and handler that the page's policy forbids, even where a
// document is only read: they get other names first. One that is missed is cleaned all the same.
function renamed(html) {
    const attribute = /([\s/"'])(style|on[a-z]+)(?=\s*=)/gi;
    return html.replace(/<style\b/gi, '<xmp data-was-style=""').replace(/<\/style\b/gi, '</xmp')
        .replace(/<[a-z][^>]*>/gi, tag => tag.replace(attribute, '$1data-was-$2'));
}

// A document that is only read: nothing in it runs or is fetched while it is parsed.
export function harmlessHtml(html, images) {
    const blocked = {count: 0, scripts: 0};
    const parsed = new DOMParser().parseFromString(renamed(html), 'text/html');
    const rules = [BASE_CSS];
    for (const style of parsed.querySelectorAll('style, xmp[data-was-style]')) {
        rules.push(harmlessCss(style.textContent, blocked));
        style.remove();
    }
    for (const element of parsed.querySelectorAll(REMOVED)) {
        const address = element.getAttribute('src') ?? element.getAttribute('href') ?? element.getAttribute('data') ?? '';
        blocked.count += isRemote(address) && element.localName !== 'script' ? 1 : 0;
        blocked.scripts += element.localName === 'script' ? 1 : 0;
        element.remove();
    }
    for (const element of parsed.querySelectorAll('*')) {
        clean(element, rules, images, blocked);
    }
    const policy = parsed.createElement('meta');
    policy.setAttribute('http-equiv', 'Content-Security-Policy');
    policy.setAttribute('content', POLICY);
    const style = parsed.createElement('link');
    style.setAttribute('rel', 'stylesheet');
    style.setAttribute('href', dataAddress('text/css', rules.join('\n')));
    parsed.head.prepend(policy, style);
    return {text: `<!doctype html>${parsed.documentElement.outerHTML}`, blocked};
}

// ── parts ───────────────────────────────────────────────────────────────────────────────────────

async function textOf(part) {
    const charset = part.type.match(/charset="?([^";\s]+)/i)?.[1] ?? 'utf-8';
    const bytes = await part.blob.arrayBuffer();
    try {
        return new TextDecoder(charset).decode(bytes);
    } catch {
        return new TextDecoder().decode(bytes);
    }
}

function bareType(part) {
    return (part.type ?? '').split(';')[0].trim().toLowerCase();
}

function isAttachment(part) {
    return part.disposition === 'attachment' || part.name || !/^text\/(plain|html)$/.test(bareType(part));
}

function blobAddress(blob, type) {
    return new Promise(resolve => {
        const reader = new FileReader();
        reader.addEventListener('load', () => resolve(reader.result));
        reader.readAsDataURL(blob.slice(0, blob.size, type));
    });
}

// The images that the HTML names by their Content-ID, as data.
async function inlineImages(context, parts) {
    const images = new Map();
    for (const part of parts.filter(each => each.cid && /^image\/(png|jpeg|gif|webp|bmp)$/.test(bareType(each)))) {
        const {blob} = await context.part(part.n);
        images.set(part.cid.replace(/^<|>$/g, ''), await blobAddress(blob, bareType(part)));
    }
    return images;
}

// ── views of one message ────────────────────────────────────────────────────────────────────────

async function textView(context, parts) {
    const texts = await Promise.all(parts.map(async part => textOf(await context.part(part.n))));
    return el('pre', {class: 'mail-text', tabindex: '0', 'aria-label': 'Text of the message'}, texts.join('\n'));
}

function blockedText({count: remote, scripts}) {
    const what = [remote > 0 ? count(remote, 'remote address').replace('addresss', 'addresses') : null,
        scripts > 0 ? count(scripts, 'script') : null].filter(each => each !== null);
    return what.length === 0 ? 'Nothing remote in it.' : `Blocked: ${what.join(' and ')}.`;
}

async function htmlView(context, parts, all) {
    const images = await inlineImages(context, all);
    const htmls = await Promise.all(parts.map(async part => textOf(await context.part(part.n))));
    const {text, blocked} = harmlessHtml(htmls.join('\n'), images);
    return el('div', {class: 'mail-html'},
        el('p', {class: `blocked${blocked.count + blocked.scripts > 0 ? ' some' : ''}`}, blockedText(blocked)),
        el('iframe', {sandbox: '', title: 'HTML of the message', referrerpolicy: 'no-referrer', srcdoc: text}));
}

function headerView(header) {
    return el('div', {class: 'scrolls', tabindex: '0', role: 'region', 'aria-label': 'Header'},
        el('table', {class: 'fields'}, el('tbody', {}, header.map(({name, value, raw}) => el('tr', {},
            el('th', {scope: 'row'}, name),
            el('td', {}, value, raw ? el('span', {class: 'raw'}, raw) : null))))));
}

const SOURCE_SHOWN = 256 * 1024;

async function sourceView(context) {
    const blob = await context.eml();
    const text = new TextDecoder().decode(await blob.slice(0, SOURCE_SHOWN).arrayBuffer());
    const more = blob.size > SOURCE_SHOWN ? `\n… and ${size(blob.size - SOURCE_SHOWN)} more: save it to read all` : '';
    return el('pre', {class: 'mail-text source', tabindex: '0', 'aria-label': 'Source of the message'}, text + more);
}

function attachmentList(context, parts) {
    return el('ul', {class: 'attachments', 'aria-label': 'Attachments'}, parts.map(part => {
        const name = part.name ?? `part-${part.n}`;
        return el('li', {}, button(`Save ${name}`, async () => saveBlob((await context.part(part.n)).blob, name)),
            el('span', {class: 'kind'}, ` ${bareType(part)}, ${size(part.bytes)}`));
    }));
}

function envelope(message) {
    const recipients = message.recipients.map(recipient => el('li', {},
        el('span', {class: 'address'}, recipient.to), ' ',
        el('span', {class: recipient.accepted ? 'good' : 'bad'},
            recipient.code === null ? 'not answered' : `${recipient.code} ${recipient.accepted ? 'accepted' : 'refused'}`)));
    const fate = message.accepted ? 'accepted by the server' : message.complete ? 'refused by the server' : 'cut off';
    return el('dl', {class: 'envelope'},
        el('dt', {}, 'MAIL FROM'), el('dd', {}, message.from === '' ? '<> (a bounce)' : message.from),
        el('dt', {}, 'RCPT TO'), el('dd', {}, el('ul', {}, recipients)),
        el('dt', {}, 'Message'), el('dd', {}, `${size(message.bytes)}, ${count(message.lines ?? 0, 'line')}, by ${message.via}, `,
            el('span', {class: message.accepted ? 'good' : 'bad'}, `${message.code ?? ''} ${fate}`.trim())));
}

function choices(context, message, detail) {
    const bodies = detail.parts.filter(part => !isAttachment(part));
    const texts = bodies.filter(part => bareType(part) === 'text/plain');
    const htmls = bodies.filter(part => bareType(part) === 'text/html');
    return [
        texts.length > 0 ? ['Text', () => textView(context, texts)] : null,
        htmls.length > 0 ? ['HTML', () => htmlView(context, htmls, detail.parts)] : null,
        ['Header', async () => headerView(detail.header)],
        ['Source', () => sourceView(context)],
    ].filter(choice => choice !== null);
}

async function messageCard(source, session, message, state) {
    const context = {
        part: p => source.part(session.id, message.n, p), eml: () => source.eml(session.id, message.n),
    };
    const detail = await source.message(session.id, message.n)
        .catch(() => ({header: message.header ?? [], parts: []}));
    const options = choices(context, message, detail);
    const place = el('div', {class: 'mail-body'});
    const subject = detail.header.find(field => field.name.toLowerCase() === 'subject')?.value;
    const buttons = options.map(([title, make]) => button(title, async () => show(title, make)));
    const attachments = detail.parts.filter(isAttachment);

    async function show(title, make) {
        state.set(message.n, title);
        buttons.forEach(each => each.setAttribute('aria-pressed', String(each.textContent === title)));
        place.replaceChildren(await make().catch(error => el('p', {class: 'problem'}, error.message)));
    }

    const wanted = options.find(([title]) => title === state.get(message.n)) ?? options[0];
    await show(...wanted);
    return el('article', {class: 'mail'},
        el('h3', {}, `Message ${message.n}: ${subject ?? 'no subject'}`), envelope(message),
        el('div', {class: 'choice', role: 'group', 'aria-label': 'How to show the message'}, buttons,
            button('Save .eml', async () => saveBlob(await context.eml(), `${session.id}-${message.n}.eml`), {class: 'apart'})),
        place, attachments.length > 0 ? attachmentList(context, attachments) : null);
}

// `state`: how each message was last shown.
export async function messagesView(source, session, state) {
    if (session.messages.length === 0) {
        return el('p', {class: 'empty'}, 'No message was sent in this session.');
    }
    const cards = [];
    for (const message of session.messages) {
        cards.push(await messageCard(source, session, message, state));
    }
    return el('div', {class: 'mails'}, cards);
}
