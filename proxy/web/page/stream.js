// SPDX-License-Identifier: MIT
// stream: the events as they happen. EventSource can send no token, so the stream is read by fetch;
// where it breaks it is taken up again after the last event that came.

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 5000;
const LATEST = Number.MAX_SAFE_INTEGER; // after it comes what happens next

function eventOf(block) {
    const event = {id: null, data: ''};
    for (const line of block.split('\n')) {
        if (line.startsWith('id:')) {
            event.id = line.slice(3).trim();
        } else if (line.startsWith('data:')) {
            event.data += line.slice(5);
        }
    }
    return event;
}

async function* blocksOf(response) {
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    for (let step = await reader.read(); !step.done; step = await reader.read()) {
        const blocks = (text + step.value).replaceAll('\r\n', '\n').split('\n\n');
        text = blocks.pop();
        yield* blocks;
    }
}

function pause(ms) {
    return new Promise(resolve => setTimeout(resolve, ms));
}

// Calls take(event) for each, lost() where some are missing, and connected(is) as it changes. A
// refusal ends it: refused(error).
export async function follow(source, {take, lost, connected, refused}) {
    let last = LATEST; // what was before is asked for otherwise
    let wait = FIRST_WAIT_MS;

    async function readAll(response) {
        for await (const block of blocksOf(response)) {
            const {id, data} = eventOf(block);
            last = id ?? last;
            if (data !== '') {
                const event = JSON.parse(data);
                (event.event === 'lost' ? lost : take)(event);
            }
        }
    }

    for (;;) {
        try {
            const response = await source.events(last);
            connected(true);
            wait = FIRST_WAIT_MS;
            await readAll(response);
        } catch (error) {
            if (error.status === 401 || error.status === 403) {
                refused(error);
                return;
            }
        }
        connected(false);
        await pause(wait);
        wait = Math.min(2 * wait, LONGEST_WAIT_MS);
    }
}
