// SPDX-License-Identifier: MIT
// session: one session in full: its head, its buttons, and a tab for each way to look at it.
import {el, button, saveBlob, copyText} from './dom.js';
import {clientName, serverName, outcomeClass, duration, timeOfDay} from './words.js';
import {caseMark} from './list.js';
import {conversationView} from './conversation.js';
import {waterfallView} from './waterfall.js';
import {messagesView} from './message.js';
import {tlsView} from './tls.js';
import {findingsView} from './findings.js';

export const VIEWS = ['conversation', 'waterfall', 'messages', 'tls', 'findings'];

function titleOf(view, session) {
    const counts = {messages: session.messages.length, findings: session.findings.length};
    const title = view === 'tls' ? 'TLS' : view[0].toUpperCase() + view.slice(1);
    return [title, counts[view] > 0 ? el('span', {class: 'number'}, ` ${counts[view]}`) : null];
}

function headOf(session) {
    const subject = session.messages[0]?.header?.find(field => field.name.toLowerCase() === 'subject')?.value;
    const pid = session.client.pid ? ` (${session.client.pid})` : '';
    return [
        el('h2', {}, el('span', {class: 'id'}, `Session ${session.id}`), ' ', caseMark(session), subject ?? ''),
        el('p', {class: 'facts'},
            el('span', {class: `outcome ${outcomeClass(session.outcome)}`}, session.outcome ?? 'live'), ' ',
            `${timeOfDay(session.started)}, ${clientName(session.client)}${pid} to ${serverName(session.server)}`,
            session.duration_ms === null ? '' : `, ${duration(session.duration_ms)}`,
            session.file && session.file !== session.audit ? `, from ${session.file}` : ''),
        session.likely ? el('p', {class: 'likely'}, el('strong', {}, 'Most likely: '), session.likely) : null,
        session.error && !session.likely ? el('p', {class: 'likely'}, session.error) : null,
    ];
}

// `events`: {closed(), moved(view)}. The panel is filled by show() and brought up to date by it.
export function sessionPanel(root, source, events) {
    let shown = null; // {id, view, folds, mails, state: what is drawn}
    let request = 0;

    function actions(session) {
        const save = async ending => saveBlob(await source.file(session.id, ending), `session-${session.id}.${ending}`);
        const endings = ['txt', 'json', ...(source.records ? ['pcap'] : [])];
        const names = {txt: 'text', json: 'json', pcap: 'pcap'};
        const said = (target, text) => {
            const before = target.dataset.label ?? target.textContent;
            target.dataset.label = before;
            target.textContent = text;
            setTimeout(() => { target.textContent = before; }, 1500);
        };
        return el('div', {class: 'actions', role: 'group', 'aria-label': 'This session'},
            button('Copy as text', async event => {
                const target = event.currentTarget;
                await copyText(await source.text(session.id));
                said(target, 'Copied');
            }),
            button('Copy link', async event => {
                const target = event.currentTarget;
                await copyText(location.href);
                said(target, 'Copied');
            }),
            endings.map(ending => button(`Save ${names[ending]}`, event => {
                const target = event.currentTarget;
                return save(ending).catch(error => said(target, error.message));
            })),
            session.messages.map(message => button(session.messages.length === 1 ? 'Save eml' : `Save eml ${message.n}`,
                async () => saveBlob(await source.eml(session.id, message.n), `${session.id}-${message.n}.eml`))).slice(0, 3));
    }

    async function contentOf(session) {
        switch (shown.view) {
        case 'conversation':
            return conversationView(await source.text(session.id), session.started, shown.folds);
        case 'waterfall':
            return waterfallView(session);
        case 'messages':
            return messagesView(source, session, shown.mails);
        case 'tls':
            return tlsView(session);
        }
        return findingsView(session);
    }

    function tabs(session) {
        const moveBy = {ArrowRight: 1, ArrowLeft: -1};
        return el('div', {role: 'tablist', 'aria-label': 'Views of the session', class: 'tabs', on: {keydown: event => {
            const by = moveBy[event.key];
            if (by !== undefined) {
                event.preventDefault();
                events.moved(VIEWS[(VIEWS.indexOf(shown.view) + by + VIEWS.length) % VIEWS.length], true);
            }
        }}}, VIEWS.map((view, index) => {
            const current = view === shown.view;
            return el('button', {
                type: 'button', role: 'tab', id: `tab-${view}`, 'aria-selected': String(current), 'aria-controls': 'view',
                tabindex: current ? '0' : '-1', title: `${index + 1}`, on: {click: () => events.moved(view, true)},
            }, titleOf(view, session));
        }));
    }

    function draw(session, content, keepsPlace) {
        const old = root.querySelector('.view');
        const [top, left] = keepsPlace && old ? [old.scrollTop, old.scrollLeft] : [0, 0];
        const focused = root.contains(document.activeElement) ? document.activeElement.id : null;
        const view = el('div', {class: 'view', id: 'view', role: 'tabpanel', tabindex: '0',
            'aria-labelledby': `tab-${shown.view}`, 'data-view': shown.view}, content);
        root.replaceChildren(
            el('div', {class: 'head'}, button('Close', events.closed, {class: 'close', title: 'Close (esc)'}), headOf(session), actions(session)),
            tabs(session), view);
        view.scrollTop = top;
        view.scrollLeft = left;
        if (focused) {
            document.getElementById(focused)?.focus({preventScroll: true});
        }
    }

    return {
        // Shows the session, or what is new of it.
        async show(id, view) {
            const mine = ++request;
            const same = shown?.id === id && shown.view === view;
            shown = {id, folds: new Set(), mails: new Map(), ...(shown?.id === id ? shown : {}), view, state: same ? shown.state : null};
            root.hidden = false;
            try {
                const session = await source.session(id);
                const state = JSON.stringify(session);
                if (mine !== request || (same && shown.state === state)) {
                    return; // drawn anew it would take a reader's frame, place and choice away
                }
                const content = await contentOf(session);
                if (mine === request) {
                    draw(session, content, same);
                    shown.state = state;
                }
            } catch (error) {
                if (mine === request) {
                    shown.state = null;
                    root.replaceChildren(button('Close', events.closed, {class: 'close'}),
                        el('p', {class: 'problem', role: 'alert'}, error.status === 404
                            ? `Session ${id} is not kept any more.` : error.message));
                }
            }
        },
        hide() {
            request++;
            shown = null;
            root.hidden = true;
            root.replaceChildren();
        },
        get id() {
            return shown?.id ?? null;
        },
        get view() {
            return shown?.view ?? VIEWS[0];
        },
        focus: () => root.querySelector('.view')?.focus({preventScroll: true}),
    };
}
