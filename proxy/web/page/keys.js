// SPDX-License-Identifier: MIT
// keys: what each key does, in one table that the dialog shows too.
import {el, byId, button} from './dom.js';

function isTyping(target) {
    return target.closest('input, textarea, select, [contenteditable]') !== null;
}

// Keys that an element with the focus takes itself.
function isTaken(event) {
    const target = event.target;
    return (event.key === 'Enter' && target.closest('button, a, summary') !== null) ||
        (event.key.startsWith('Arrow') && target.closest('[role=tab], .view') !== null) ||
        (['PageDown', 'PageUp', 'Home', 'End'].includes(event.key) && target.closest('.view, [role=tab]') !== null);
}

// `bindings`: [keys, what they do, function]; keys as event.key has them.
export function bindKeys(bindings) {
    const dialog = byId('keys');
    const actions = new Map();
    for (const [keys, , action] of bindings) {
        keys.forEach(key => actions.set(key, action));
    }
    const shown = key => ({ArrowDown: '↓', ArrowUp: '↑', Escape: 'esc', Enter: 'enter'})[key] ?? key;
    dialog.append(
        el('h2', {id: 'keys-title'}, 'Keys'),
        el('dl', {}, bindings.map(([keys, meaning]) => el('div', {},
            el('dt', {}, keys.map(key => el('kbd', {}, shown(key)))), el('dd', {}, meaning)))),
        button('Close', () => dialog.close(), {class: 'close'}));

    document.addEventListener('keydown', event => {
        const typing = isTyping(event.target);
        if (event.ctrlKey || event.metaKey || event.altKey || dialog.open || isTaken(event) ||
            (typing && event.key !== 'Escape')) {
            return;
        }
        const action = actions.get(event.key);
        if (action !== undefined) {
            event.preventDefault();
            action(typing);
        }
    });
    return {show: () => dialog.showModal()};
}
