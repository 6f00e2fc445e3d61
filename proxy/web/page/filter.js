// SPDX-License-Identifier: MIT
// filter: the one box above the list. An expression, as `check` has them, is asked of the program;
// anything else is words, each of which has to be in a session's line of the list.
import {byId} from './dom.js';

const PAUSE_MS = 180;
const EXPRESSION = /^\s*(all:\s*)?[a-z][\w.-]*\s*(!=|<=|>=|[=~<>])/i;

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

    const isExpression = () => live && EXPRESSION.test(text);

    return {
        get isEmpty() {
            return text === '';
        },
        get expression() {
            return isExpression() ? text : null;
        },
        get words() {
            return isExpression() ? [] : text.toLowerCase().split(/\s+/).filter(word => word !== '');
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
