// SPDX-License-Identifier: MIT
// list: the sessions, newest first. Only the rows in sight are in the document, so that ten thousand
// scroll as ten do:
//
//   ┌ scroller ────────┐
//   │ heads            │   a row is a place in `order`, which names ids; `summaries` has what each
//   │ rows in sight    │   shows. The height of all rows is that of an empty block below them.
//   └──────────────────┘
import {el} from './dom.js';
import {timeOfDay, duration, clientName, serverName, outcomeClass, severities, count} from './words.js';

const SPARE_ROWS = 6;

const COLUMNS = [
    ['time', 'Time'], ['client', 'Client'], ['server', 'Server'], ['tls', 'TLS'], ['from', 'From'],
    ['to', 'To'], ['subject', 'Subject'], ['outcome', 'Outcome'], ['took', 'Took'], ['found', 'Findings'],
];

function shortVersion(version) {
    return version?.replace('TLSv', '') ?? '–';
}

function tlsCell({tls}) {
    const same = tls.client === tls.server;
    const text = same ? shortVersion(tls.client) : `${shortVersion(tls.client)} ⇄ ${shortVersion(tls.server)}`;
    return el('span', {
        title: `TLS with the client: ${tls.client ?? 'none'}; with the server: ${tls.server ?? 'none'}`,
    }, text);
}

export function findingBadges(findings) {
    return severities(findings).map(([severity, number]) => el('span', {
        class: `badge ${severity}`, title: count(number, severity === 'info' ? 'note' : severity),
    }, el('span', {class: 'unseen'}, `${severity} `), String(number)));
}

function recipientsText(recipients) {
    return recipients.length > 1 ? `${recipients[0]} +${recipients.length - 1}` : recipients[0] ?? '';
}

// A session with no mail is named by whom it was for, or by its peers.
function noSubject({client, server, recipients}) {
    return el('span', {class: 'none'}, recipients.length > 0 ? `to ${recipientsText(recipients)}`
        : `${clientName(client)} to ${serverName(server)}`);
}

// Of a session of `smtpscope audit`.
export function caseMark({audit}) {
    return audit === undefined ? [] : [el('span', {class: 'case', title: `audit case ${audit}`},
        el('span', {class: 'unseen'}, 'audit case '), audit), ' '];
}

function cellsOf(session) {
    const outcome = session.outcome ?? 'live';
    return {
        time: timeOfDay(session.started), client: clientName(session.client),
        server: serverName(session.server), tls: tlsCell(session), from: session.from ?? '',
        to: recipientsText(session.recipients), subject: [...caseMark(session), session.subject ?? noSubject(session)],
        outcome: el('span', {class: `outcome ${outcomeClass(session.outcome)}`}, outcome),
        took: duration(session.duration_ms), found: findingBadges(session.findings),
    };
}

// `opened(id)` is called when a session is to be shown.
export function sessionList(root, opened) {
    const summaries = new Map();
    let order = [];
    let selected = null;
    const rows = new Map();

    const heads = el('div', {role: 'row', class: 'row heads', 'aria-rowindex': '1'},
        COLUMNS.map(([name, title]) => el('span', {role: 'columnheader', class: name}, title)));
    const body = el('div', {role: 'rowgroup', class: 'rows'});
    const scroller = el('div', {
        role: 'grid', class: 'scroller', tabindex: '0', 'aria-label': 'Sessions, newest first',
        'aria-describedby': 'list-keys',
    }, el('div', {role: 'rowgroup'}, heads), body);
    const empty = el('p', {class: 'empty'}, '');
    root.append(scroller, empty, el('p', {id: 'list-keys', class: 'unseen'},
        'The arrow keys or j and k move, Enter opens, a question mark lists all keys.'));

    function rowHeight() {
        return parseFloat(getComputedStyle(body).getPropertyValue('--row'));
    }

    function makeRow(id, place) {
        const session = summaries.get(id);
        const cells = cellsOf(session);
        const row = el('div', {
            role: 'row', class: 'row', id: `session-${id}`, 'aria-rowindex': String(place + 2),
            'aria-selected': String(id === selected), on: {click: () => open(id)},
        }, COLUMNS.map(([name]) => el('span', {role: 'gridcell', class: name}, cells[name])));
        row.of = session;
        return row;
    }

    // The rows in sight, those that did not change left as they are.
    function draw() {
        const height = rowHeight();
        const first = Math.max(0, Math.floor(scroller.scrollTop / height) - SPARE_ROWS);
        const last = Math.min(order.length, first + Math.ceil(scroller.clientHeight / height) + 2 * SPARE_ROWS);
        const inSight = new Set(order.slice(first, last));
        for (const [id, row] of rows) {
            if (!inSight.has(id) || row.of !== summaries.get(id)) {
                row.remove();
                rows.delete(id);
            }
        }
        for (let place = first; place < last; place++) {
            const id = order[place];
            const row = rows.get(id) ?? makeRow(id, place);
            row.style.transform = `translateY(${place * height}px)`;
            row.setAttribute('aria-rowindex', String(place + 2));
            row.setAttribute('aria-selected', String(id === selected));
            if (!rows.has(id)) {
                rows.set(id, row);
                body.append(row);
            }
        }
        body.style.height = `${order.length * height}px`;
        scroller.setAttribute('aria-rowcount', String(order.length + 1));
        if (selected !== null && rows.has(selected)) {
            scroller.setAttribute('aria-activedescendant', `session-${selected}`);
        } else {
            scroller.removeAttribute('aria-activedescendant');
        }
        empty.hidden = order.length > 0;
    }

    let asked = false;
    function drawSoon() {
        if (!asked) {
            asked = true;
            requestAnimationFrame(() => {
                asked = false;
                draw();
            });
        }
    }

    function bringIntoSight(id) {
        const height = rowHeight();
        const top = order.indexOf(id) * height;
        const room = scroller.clientHeight - heads.offsetHeight;
        if (top < scroller.scrollTop) {
            scroller.scrollTop = top;
        } else if (top + height > scroller.scrollTop + room) {
            scroller.scrollTop = top + height - room;
        }
    }

    function select(id) {
        selected = id;
        if (id !== null && order.includes(id)) {
            bringIntoSight(id);
        }
        draw();
    }

    function open(id) {
        select(id);
        opened(id);
    }

    // Where a person has scrolled, what they look at stays where it is.
    function setOrder(next) {
        const height = rowHeight();
        const anchor = order[Math.floor(scroller.scrollTop / height)];
        const offset = scroller.scrollTop % height;
        const wasAtTop = scroller.scrollTop < height;
        order = next;
        body.style.height = `${order.length * height}px`;
        const place = order.indexOf(anchor);
        if (!wasAtTop && place >= 0) {
            scroller.scrollTop = place * height + offset;
        }
        drawSoon();
    }

    scroller.addEventListener('scroll', drawSoon, {passive: true});
    new ResizeObserver(drawSoon).observe(scroller);

    return {
        // The sessions with these ids in place of all that there are.
        replace(sessions) {
            summaries.clear();
            sessions.forEach(session => summaries.set(session.id, session));
            setOrder(sessions.map(session => session.id).sort((a, b) => b - a));
        },
        // New or changed ones. The ids that were not there before.
        merge(sessions) {
            const fresh = sessions.filter(session => !summaries.has(session.id)).map(session => session.id);
            sessions.forEach(session => summaries.set(session.id, session));
            setOrder(fresh.length === 0 ? order : [...fresh, ...order].sort((a, b) => b - a));
            return fresh;
        },
        remove(ids) {
            ids.forEach(id => summaries.delete(id));
            setOrder(order.filter(id => summaries.has(id)));
        },
        // The oldest that have ended go until `number` are left.
        keep(number) {
            const surplus = [...order].reverse().filter(id => summaries.get(id).outcome !== null)
                .slice(0, Math.max(0, order.length - number));
            if (surplus.length > 0) {
                this.remove(surplus);
            }
        },
        get: id => summaries.get(id),
        get selected() {
            return selected;
        },
        get count() {
            return order.length;
        },
        select,
        openSelected: () => selected !== null && summaries.has(selected) && open(selected),
        // By so many rows; where none is selected the first step is to the first one.
        move(by) {
            const place = order.indexOf(selected);
            const from = place < 0 && by > 0 ? -1 : Math.max(0, place);
            const next = Math.min(order.length - 1, Math.max(0, from + by));
            if (order.length > 0) {
                select(order[next]);
            }
            return selected;
        },
        rowsInSight: () => Math.max(1, Math.floor(scroller.clientHeight / rowHeight()) - 2),
        say: text => { empty.textContent = text; },
        focus: () => scroller.focus({preventScroll: true}),
    };
}
