// SPDX-License-Identifier: MIT
// words: times, sizes and counts as people read them.

const SEVERITIES = ['error', 'warning', 'info'];

const clock = new Intl.DateTimeFormat(undefined, {
    hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23',
});

export function timeOfDay(iso) {
    return iso ? clock.format(new Date(iso)) : '';
}

// 0.42 ms, 12.3 ms, 656 ms, 1.25 s, 2:05 min
export function duration(ms) {
    if (ms === null || ms === undefined) {
        return '';
    }
    if (ms < 1000) {
        return `${ms < 10 ? ms.toFixed(2) : ms < 100 ? ms.toFixed(1) : Math.round(ms)} ms`;
    }
    if (ms < 60000) {
        return `${(ms / 1000).toFixed(ms < 10000 ? 2 : 1)} s`;
    }
    const seconds = Math.round(ms / 1000);
    return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')} min`;
}

export function size(bytes) {
    const units = ['bytes', 'KiB', 'MiB', 'GiB'];
    let unit = 0;
    let value = bytes ?? 0;
    while (value >= 1024 && unit < units.length - 1) {
        value /= 1024;
        unit++;
    }
    return unit === 0 ? count(value, 'byte') : `${value.toFixed(value < 10 ? 1 : 0)} ${units[unit]}`;
}

export function count(number, what) {
    return `${number.toLocaleString('en')} ${what}${number === 1 ? '' : 's'}`;
}

// [['error', 2], ['info', 1]]: what there is, the worst first.
export function severities(findings) {
    return SEVERITIES.map(name => [name, findings?.[name] ?? 0]).filter(([, number]) => number > 0);
}

export function clientName(client) {
    if (!client) {
        return 'unknown';
    }
    return client.program ?? client.address ?? 'unknown';
}

export function serverName(server) {
    return server?.host ?? server?.address ?? 'embedded server';
}

// good, bad or none (still going on, or ended in a way that may be meant)
export function outcomeClass(outcome) {
    if (outcome === 'completed') {
        return 'good';
    }
    return outcome === null || outcome === undefined || outcome === 'proxy-stopped' ? 'going' : 'bad';
}
