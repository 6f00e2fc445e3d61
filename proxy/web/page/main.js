// SPDX-License-Identifier: MIT
// main: the parts joined. The address says what is shown, so that it survives a reload:
//
//   #TOKEN                        the list
//   #TOKEN/session/12/waterfall   a session
import {byId, el} from './dom.js';
import {count, clientName, serverName} from './words.js';
import {liveSource, recordedSource, hasWords} from './source.js';
import {follow} from './stream.js';
import {sessionList} from './list.js';
import {sessionPanel, VIEWS} from './session.js';
import {filterBox} from './filter.js';
import {bindKeys} from './keys.js';
import {auditTable} from './audit.js';

const PAGE = 1000; // sessions asked for at once
const REFRESH_MS = 200; // between two looks at what has changed
const STATUS_MS = 2000;
const NEWS_MS = 1500;

// ── the address ─────────────────────────────────────────────────────────────────────────────────

function readAddress() {
    const [, token, id, view] = location.hash.match(/^#?(.*?)(?:\/session\/(\d+)(?:\/(\w+))?)?$/);
    return {token, id: id === undefined ? null : Number(id), view: VIEWS.includes(view) ? view : VIEWS[0]};
}

// In the tab's own memory, for an address without it.
function rememberToken(token) {
    try {
        if (token !== '') {
            sessionStorage.setItem('token', token);
        }
        return token || (sessionStorage.getItem('token') ?? '');
    } catch {
        return token;
    }
}

function sourceOfPage() {
    const data = byId('data');
    return data === null ? liveSource(rememberToken(readAddress().token)) : recordedSource(JSON.parse(data.textContent));
}

const source = sourceOfPage();

// ── the session that is open ────────────────────────────────────────────────────────────────────

function addressOf(id, view) {
    return `#${readAddress().token}${id === null ? '' : `/session/${id}/${view}`}`;
}

function go(id, view) {
    const address = addressOf(id, view);
    if (location.hash !== address) {
        history.pushState(null, '', address);
    }
    return showAddress();
}

const list = sessionList(byId('list'), id => go(id, panel.view));
const panel = sessionPanel(byId('session'), source, {
    closed: () => close(),
    moved: async (view, focus) => {
        await go(panel.id, view);
        if (focus) {
            byId(`tab-${view}`)?.focus();
        }
    },
});

async function showAddress() {
    const {id, view} = readAddress();
    document.body.classList.toggle('split', id !== null);
    if (id === null) {
        panel.hide();
        return;
    }
    list.select(id);
    await panel.show(id, view);
}

function close() {
    go(null);
    list.focus();
}

// ── the list ────────────────────────────────────────────────────────────────────────────────────

const filter = filterBox(source.live, () => loadAll());
const dirty = new Set(); // ids of sessions that events spoke of
let loading = 0;

function queryAfter(after, limit) {
    return {after: String(after), limit: String(limit), ...(filter.expression === null ? {} : {only: filter.expression})};
}

function say(text) {
    byId('state').textContent = text;
}

function sayProblem(error) {
    if (error.status === 401) {
        byId('state').textContent = 'The token is missing or wrong: open the address that smtpscope printed, with its #TOKEN.';
        list.say('No access.');
    } else {
        byId('state').textContent = error.status === undefined ? 'smtpscope does not answer.' : error.message;
    }
}

// All sessions that the filter lets through; sessions that began meanwhile come by their events.
async function loadAll() {
    const mine = ++loading;
    const sessions = [];
    try {
        for (let after = 0, more = true; more && mine === loading;) {
            const answer = await source.sessions(queryAfter(after, PAGE));
            sessions.push(...answer.sessions.filter(session => hasWords(session, filter.words)));
            more = answer.more && answer.sessions.length > 0;
            after = answer.sessions.at(-1)?.id ?? 0;
        }
        if (mine === loading) {
            list.replace(sessions);
            filter.say(filter.isEmpty ? '' : `${count(sessions.length, 'session')} found`);
            list.say(!filter.isEmpty ? 'No session is like this.' : source.records
                ? 'No session yet. As soon as a client sends mail through smtpscope it appears here.' : 'There is no session.');
        }
    } catch (error) {
        if (mine === loading && error.status === 400) {
            filter.say(error.message, true);
        } else if (mine === loading) {
            sayProblem(error);
        }
    }
}

let news = [];
function announce(ids) {
    if (news.length === 0 && ids.length > 0) {
        setTimeout(() => {
            const session = list.get(news.at(-1));
            byId('news').textContent = news.length > 1 ? `${news.length} new sessions`
                : session ? `New session ${session.id}: ${clientName(session.client)} to ${serverName(session.server)}` : '';
            news = [];
        }, NEWS_MS);
    }
    news.push(...ids);
}

// Asks for what has changed, a stretch of ids at a time.
async function refreshDirty() {
    const ids = [...dirty].sort((a, b) => a - b);
    dirty.clear();
    while (ids.length > 0) {
        const first = ids[0];
        const stretch = ids.filter(id => id < first + PAGE);
        ids.splice(0, stretch.length);
        const answer = await source.sessions(queryAfter(first - 1, PAGE));
        const wanted = new Set(stretch);
        const changed = answer.sessions.filter(session => wanted.has(session.id) && hasWords(session, filter.words));
        announce(list.merge(changed));
        changed.forEach(session => wanted.delete(session.id));
        list.remove([...wanted].filter(id => answer.sessions.length < PAGE || id <= answer.sessions.at(-1).id));
    }
}

let refreshing = false;
async function refresh() {
    if (refreshing || dirty.size === 0) {
        return;
    }
    refreshing = true;
    const isOpenOne = dirty.has(panel.id);
    try {
        await refreshDirty();
        if (isOpenOne && panel.id !== null) {
            await panel.show(panel.id, panel.view);
        }
    } catch (error) {
        sayProblem(error);
    }
    refreshing = false;
}

// ── what the program does ───────────────────────────────────────────────────────────────────────

const recording = byId('recording');
const clear = byId('clear');
let ended = [];

function rateText(status) {
    const now = performance.now();
    ended = [...ended.filter(([at]) => now - at < 10000), [now, status.sessions.ended]];
    const [since, before] = ended[0];
    const rate = now > since ? 1000 * (status.sessions.ended - before) / (now - since) : 0;
    return rate > 0 ? `${rate.toFixed(rate < 10 ? 1 : 0)} sessions/s` : null;
}

function lossText(status) {
    const lost = (status.outputs ?? []).reduce((sum, output) => sum + (output.lost ?? 0), 0);
    return [lost > 0 ? `${count(lost, 'line')} lost by outputs` : null,
        status.sessions.dropped > 0 ? `${count(status.sessions.dropped, 'older session')} let go to make room` : null];
}

function modeText(mode) {
    return typeof mode === 'string' ? mode : Object.values(mode).join(' ');
}

function showStatus(status) {
    say([(status.modes ?? []).map(modeText).join(', '), source.records ? `${status.sessions.live} live` : 'recorded', count(status.sessions.ended, 'session'),
        count(status.messages ?? 0, 'message'), rateText(status), ...lossText(status),
        status.recording === false ? 'recording is off, mail goes on' : null].filter(each => each).join(' · '));
    recording.hidden = clear.hidden = !source.records;
    recording.setAttribute('aria-checked', String(status.recording));
    list.keep(status.sessions.live + status.sessions.ended - status.sessions.dropped);
}

async function refreshStatus() {
    try {
        showStatus(await source.status());
    } catch (error) {
        sayProblem(error);
    }
}

recording.addEventListener('click', async () => {
    await source.record(recording.getAttribute('aria-checked') !== 'true').catch(sayProblem);
    await refreshStatus();
});

// Asks again, in its own place, before all is gone.
clear.addEventListener('click', async () => {
    if (clear.dataset.armed !== 'yes') {
        clear.dataset.armed = 'yes';
        clear.textContent = 'Forget all sessions?';
        setTimeout(() => {
            clear.dataset.armed = '';
            clear.textContent = 'Clear';
        }, 4000);
        return;
    }
    clear.dataset.armed = '';
    clear.textContent = 'Clear';
    await source.clear().catch(sayProblem);
    await go(null);
    await loadAll();
    await refreshStatus();
});

// ── a report ────────────────────────────────────────────────────────────────────────────────────

function verdictBanner({ok, expectations, findings}) {
    const errors = findings.filter(finding => finding.severity === 'error').length;
    const warnings = findings.filter(finding => finding.severity === 'warning').length;
    return el('section', {id: 'verdict', class: ok ? 'good' : 'bad', 'aria-label': 'Verdict'},
        el('p', {}, el('strong', {}, ok ? 'Passed' : 'Failed'), ` ${count(list.count, 'session')}, ${count(errors, 'error')}, ${count(warnings, 'warning')}`,
            source.leftOut > 0 ? `; ${count(source.leftOut, 'more session')} had no room in this report` : ''),
        expectations.length === 0 ? null : el('ul', {}, expectations.map(({expression, ok: holds, found}) => el('li', {},
            el('span', {class: holds ? 'good' : 'bad'}, holds ? 'ok' : 'failed'), ` ${expression}, found ${found}`))));
}

// ── keys ────────────────────────────────────────────────────────────────────────────────────────

function move(by) {
    const id = list.move(by);
    if (panel.id !== null && id !== null && id !== panel.id) {
        go(id, panel.view);
    }
}

function escape(typing) {
    if (typing) {
        filter.clear();
        list.focus();
    } else if (panel.id !== null) {
        close();
    } else {
        filter.clear();
    }
}

async function openSelected() {
    if (list.selected === null) {
        list.move(0);
    }
    list.openSelected();
}

const keys = bindKeys([
    [['j', 'ArrowDown'], 'next session', () => move(1)],
    [['k', 'ArrowUp'], 'session before', () => move(-1)],
    [['PageDown'], 'a page down', () => move(list.rowsInSight())],
    [['PageUp'], 'a page up', () => move(-list.rowsInSight())],
    [['Home', 'g'], 'newest session', () => move(-Infinity)],
    [['End', 'G'], 'oldest session', () => move(Infinity)],
    [['Enter'], 'open the session', openSelected],
    [['1', '2', '3', '4', '5'], 'conversation, waterfall, messages, TLS, findings', () => {}],
    [['/'], 'filter', () => filter.focus()],
    [['Escape'], 'close the session, clear the filter', escape],
    [['?'], 'this list', () => keys.show()],
]);
document.addEventListener('keydown', event => {
    const view = VIEWS[Number(event.key) - 1];
    if (view !== undefined && panel.id !== null && !event.ctrlKey && !event.altKey && !event.metaKey &&
        event.target.closest('input, textarea, dialog') === null) {
        go(panel.id, view);
    }
});
byId('help').addEventListener('click', () => keys.show());

// ── start ───────────────────────────────────────────────────────────────────────────────────────

// What happened before the stream was there is asked for.
async function takeUp() {
    await loadAll();
    await refreshStatus();
    if (panel.id !== null) {
        await panel.show(panel.id, panel.view);
    }
}

// Of recorded sessions: the file may be of any origin.
async function showAudit() {
    try {
        const audit = source.records ? null : await source.audit();
        if (audit !== null) {
            byId('main').before(auditTable(audit, id => go(id)));
        }
    } catch {
        say('The report of the audit cannot be read.');
    }
}

async function start() {
    if (source.live) {
        await refreshStatus();
    }
    await loadAll();
    await showAddress();
    window.addEventListener('popstate', showAddress);
    window.addEventListener('hashchange', showAddress);
    if (!source.live) {
        byId('main').before(source.audit === undefined ? verdictBanner(source.verdict) : auditTable(source.audit, id => go(id)));
        return;
    }
    await showAudit();
    setInterval(() => document.hidden || refreshStatus(), STATUS_MS);
    setInterval(refresh, REFRESH_MS);
    follow(source, {
        take: event => event.session > 0 && dirty.add(event.session),
        lost: loadAll,
        connected: is => is && takeUp(),
        refused: sayProblem,
    });
}

start();
