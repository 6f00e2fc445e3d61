// SPDX-License-Identifier: MIT
// filter: the one box above the list. Its text, words or an expression as `check` has them, goes to
// the source as it is.
import {byId} from './dom.js';

const PAUSE_MS = 180;

export function filterBox(live, changed) {
    const form = byId('filter');
    const input = byId('filter-text');
    const note = byId('filter-note');
    let timer = null;
    let text = '';

    function take() {
        clearTimeout(timer);
        if (input.value.trim() !== text) {
            text = input.value.trim();
            changed();
        }
    }

    input.placeholder = live ? 'Filter: words, or outcome != completed' : 'Filter: words';
    input.addEventListener('input', () => {
        clearTimeout(timer);
        timer = setTimeout(take, PAUSE_MS);
    });
    form.addEventListener('submit', event => {
        event.preventDefault();
        take();
    });

    return {
        get text() {
            return text;
        },
        say(sentence, isWrong = false) {
            if (note.textContent !== sentence) {
                note.textContent = sentence;
            }
            note.hidden = sentence === '';
            input.setAttribute('aria-invalid', String(isWrong));
        },
        focus: () => {
            input.focus();
            input.select();
        },
        clear() {
            input.value = '';
            take();
        },
    };
}
