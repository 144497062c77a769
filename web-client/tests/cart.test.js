import { test } from 'node:test';
import assert from 'node:assert/strict';
import { codeOf, codeWords, consentText, inOrder, isGiverKnown, linkAfter, nextVisit, shown, stepOf, textLanguage } from '../public/js/cart/rules.js';
import { PARTS, hasPicture, judgeEcho, judgeNetwork, newCheck, pitchDb, reduceCheck, resultOf } from '../public/js/cart/check-rules.js';
import { SILENCE } from '../public/js/state/link.js';

/** @typedef {import('../public/js/desk/types.js').Appointment} Appointment */

const NINE = '2026-11-22T04:00:00.000Z';
const at = (/** @type {string} */ time) => Date.parse(`2026-11-22T${time}:00Z`);

/** @param {Partial<Appointment>} [parts] @returns {Appointment} */
function visit(parts = {}) {
  return {
    id: 'a1', version: 3, status: 'confirmed', proposal: null, channel: 'cart', start: NINE, end: '2026-11-22T04:30:00.000Z',
    cancel_reason: null, failure: null, no_summary_reason: null, rescheduled_from: null,
    site: { id: 's1', name: 'Благовещенка', time_zone: 'Asia/Almaty' },
    patient: { id: 'p1', name: 'Сәрсенов Марат', birth_date: '1961-04-05', language: 'kk', phone: null, needs_interpreter: false },
    specialist: { id: 'u1', name: 'Ахметова Әлия', specialty: 'cardiology' },
    cart: { id: 'c1', name: 'Арба 1', is_online: true }, referral: null, consents: { consultation: null }, people: [], allowed: ['check_in', 'join'],
    ...parts,
  };
}

test('a visit is started from half an hour before it until an hour after', () => {
  assert.equal(stepOf(visit(), at('03:29')), 'early');
  assert.equal(stepOf(visit(), at('03:30')), 'ask');
  assert.equal(stepOf(visit(), at('05:00')), 'ask');
  assert.equal(stepOf(visit(), at('05:01')), 'late');
});

test('who has decided is not asked again, who refused may be', () => {
  const here = { status: /** @type {const} */ ('checked_in'), allowed: ['join'] };
  assert.equal(stepOf(visit({ ...here, consents: { consultation: 'given' } }), at('04:00')), 'enter');
  assert.equal(stepOf(visit({ ...here, consents: { consultation: 'refused' } }), at('04:00')), 'refused');
  assert.equal(stepOf(visit({ ...here, consents: { consultation: 'withdrawn' } }), at('04:00')), 'ask');
  assert.equal(stepOf(visit({ ...here, consents: {} }), at('04:00')), 'ask');
});

test('a running visit is entered however late it is', () => {
  assert.equal(stepOf(visit({ status: 'in_call', consents: { consultation: 'given' } }), at('06:30')), 'enter');
});

test('what has ended, or is not for a cart to start, is not started', () => {
  for (const status of /** @type {const} */ (['completed', 'cancelled', 'no_show', 'failed'])) assert.equal(stepOf(visit({ status }), at('04:00')), 'over');
  assert.equal(stepOf(visit({ allowed: [] }), at('04:00')), 'elsewhere');
});

test('the running visit comes first, then the one that waits, then the next by the clock', () => {
  const early = visit({ id: 'early', start: '2026-11-22T03:00:00.000Z', status: 'completed' });
  const next = visit({ id: 'next' });
  const later = visit({ id: 'later', start: '2026-11-22T05:00:00.000Z' });
  assert.equal(nextVisit([later, next, early], at('03:50'))?.id, 'next');
  assert.equal(nextVisit([{ ...later, status: 'checked_in' }, next], at('03:50'))?.id, 'later');
  assert.equal(nextVisit([early], at('03:50')), null);
  assert.equal(nextVisit([next], at('08:00')), null, 'a visit that nobody came to is not next');
});

test('what is over comes last', () => {
  const ids = inOrder([visit({ id: 'over', start: '2026-11-22T03:00:00.000Z', status: 'completed' }), visit({ id: 'later', start: '2026-11-22T05:00:00.000Z' }), visit({ id: 'next' })], at('03:50'));
  assert.deepEqual(ids.map(({ id }) => id), ['next', 'later', 'over']);
});

test('proposals and errors are not shown, the rest in order', () => {
  const ids = shown([visit({ id: 'b' }), visit({ id: 'x', status: 'proposed' }), visit({ id: 'a', start: '2026-11-22T03:00:00.000Z' })]).map(({ id }) => id);
  assert.deepEqual(ids, ['a', 'b']);
});

test('a code is eight digits however it is typed or pasted', () => {
  assert.equal(codeOf('1234 5678'), '12345678');
  assert.equal(codeOf('код 12-34'), '1234');
  assert.equal(codeOf('1234567890'), '12345678');
  assert.equal(codeWords('12345678'), '1234 5678');
  assert.equal(codeWords('1234'), '1234');
});

test('the time of a lost link is that of the first silence', () => {
  const up = { isUp: true, sinceMs: 0 };
  const lost = linkAfter(up, false, 5);
  assert.deepEqual(lost, { isUp: false, sinceMs: 5 });
  assert.equal(linkAfter(lost, false, 20), lost);
  assert.deepEqual(linkAfter(lost, true, 30), { isUp: true, sinceMs: 30 });
});

test('the newest text of the consultation is read, in the patient’s language where there is one', () => {
  const texts = { kk: 'кк', ru: 'ру' };
  const list = [{ purpose: 'consultation', version: 2, texts }, { purpose: 'recording', version: 9, texts }, { purpose: 'consultation', version: 3, texts }];
  assert.equal(consentText(list)?.version, 3);
  assert.equal(consentText([]), null);
  assert.equal(textLanguage(texts, 'ru'), 'ru');
  assert.equal(textLanguage(texts, 'en'), 'kk');
});

test('a representative gives a name', () => {
  assert.ok(isGiverKnown('patient', ''));
  assert.ok(!isGiverKnown('legal_representative', ' '));
  assert.ok(isGiverKnown('legal_representative', 'Әлия'));
});

test('a check goes part after part and tells the server all of them', () => {
  let check = reduceCheck(newCheck(), { type: 'started' });
  assert.equal(check.at, 'camera');
  for (const part of PARTS) check = reduceCheck(check, { type: 'found', part, result: part === 'echo' ? 'failed' : 'ok', why: part === 'echo' ? 'echo_heard' : null });
  assert.equal(check.at, 'done');
  assert.deepEqual(resultOf(check), { camera: 'ok', microphone: 'ok', network: 'ok', speaker: 'ok', echo: 'failed' });
  assert.equal(reduceCheck(check, { type: 'stopped' }).at, null);
});

test('what was not tried is skipped', () => {
  const check = reduceCheck(newCheck(), { type: 'found', part: 'camera', result: 'failed', why: 'E-CAM-2' });
  assert.deepEqual(resultOf(check), { camera: 'failed', microphone: 'skipped', network: 'skipped', speaker: 'skipped', echo: 'skipped' });
});

test('a covered camera shows no picture', () => {
  const black = new Uint8ClampedArray(64 * 4).fill(3);
  const room = Uint8ClampedArray.from({ length: 64 * 4 }, (_, at) => (at * 37) % 255);
  assert.equal(hasPicture(black), false);
  assert.equal(hasPicture(room), true);
  assert.equal(hasPicture([]), false);
});

test('a network is good when it carries a moving picture', () => {
  const good = /** @type {const} */ ({ transport: 'udp', rttMs: 60, upBps: 3e6, downBps: 9e6, lossUp: 0, lossDown: 0, lossSpread: null });
  assert.deepEqual(judgeNetwork(good), { result: 'ok', why: null });
  assert.deepEqual(judgeNetwork({ ...good, upBps: 300_000 }), { result: 'ok', why: 'network_slow' });
  assert.deepEqual(judgeNetwork({ ...good, transport: 'tcp' }), { result: 'ok', why: 'network_detour' });
  assert.deepEqual(judgeNetwork({ ...good, upBps: 100_000 }), { result: 'failed', why: 'network_slow' });
  assert.deepEqual(judgeNetwork({ ...good, lossDown: 0.08 }), { result: 'ok', why: 'network_patchy' });
  assert.deepEqual(judgeNetwork({ ...good, lossDown: 0.3 }), { result: 'failed', why: 'network_lossy' });
  assert.deepEqual(judgeNetwork({ ...good, transport: null }), { result: 'failed', why: 'network_blocked' });
  assert.deepEqual(judgeNetwork(SILENCE), { result: 'failed', why: 'network_silent' });
});

test('a tone that comes back stands out, a cancelled one does not', () => {
  const tone = (/** @type {number} */ pitch, /** @type {number} */ loud) => Float32Array.from({ length: 4800 }, (_, at) => loud * Math.sin((2 * Math.PI * pitch * at) / 48_000));
  assert.ok(Math.abs(pitchDb(tone(1000, 1), 48_000, 1000)) < 0.5, 'full scale is 0 dB');
  assert.ok(pitchDb(tone(300, 1), 48_000, 1000) < -40, 'another pitch is not counted');
  assert.equal(judgeEcho(-70, pitchDb(tone(1000, 0.1), 48_000, 1000)).result, 'failed');
  assert.equal(judgeEcho(-70, -62).result, 'ok');
  assert.equal(judgeEcho(-40, -38).result, 'ok', 'a noisy room is no echo');
});
