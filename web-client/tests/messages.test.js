import { test } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync, readdirSync, existsSync } from 'node:fs';
import * as messages from '../public/js/protocol/messages.js';

const golden = new URL('../../signaling/golden/', import.meta.url);

/** @param {string} side @returns {{name: string, value: any, text: string}[]} */
function files(side) {
  const folder = new URL(`${side}/`, golden);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => {
      const text = readFileSync(new URL(name, folder), 'utf8');
      return { name, text, value: JSON.parse(text) };
    });
}

for (const { name, text, value } of files('server')) {
  test(`golden server/${name} is understood`, () => {
    assert.deepEqual(messages.parseServerMessage(text), { ok: true, message: value });
  });
}

for (const { name, value } of files('client')) {
  test(`golden client/${name} is a message that this client could send`, () => {
    assert.equal(messages.clientMessageMismatch(value), null);
  });

  test(`golden client/${name} is what the builder makes`, () => {
    assert.deepEqual(JSON.parse(rebuild(value)), value);
  });
}

/** @param {any} value a client message, taken apart and built again */
function rebuild(value) {
  const { type, ...fields } = value;
  switch (type) {
    case 'join':
      return messages.joinMessage(value.token, value.gen, value.offer, value.resume);
    case 'intent':
      return messages.intentMessage(fields);
    case 'offer':
      return messages.offerMessage(value.neg_id, value.sdp, value.ice_restart);
    case 'moderate':
      return messages.moderateMessage(value.op, value.target, value.req);
    case 'app':
      return value.kind === 'still' ? messages.stillMessage(value.body) : messages.chatMessage(value.to, value.body);
    case 'stats':
      return messages.statsMessage(fields);
    case 'ping':
      return messages.pingMessage(value.at_ms);
    default:
      return messages.leaveMessage();
  }
}

test('an unknown field is refused by its path', () => {
  const text = JSON.stringify({ type: 'pong', at_ms: 1, extra: true });
  assert.deepEqual(messages.parseServerMessage(text), { ok: false, field: 'extra' });
});

test('an unknown type is refused, also one that every object inherits', () => {
  assert.deepEqual(messages.parseServerMessage('{"type":"toString"}'), { ok: false, field: 'type' });
});

test('a wrong type deep inside is named by its path', () => {
  const text = JSON.stringify({ type: 'speakers', ids: ['p1', 2] });
  assert.deepEqual(messages.parseServerMessage(text), { ok: false, field: 'ids[1]' });
});

test('text that is not JSON is refused', () => {
  assert.equal(messages.parseServerMessage('{').ok, false);
});
