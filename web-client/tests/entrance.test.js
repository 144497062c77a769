import { test } from 'node:test';
import assert from 'node:assert/strict';
import { Problem, unreachable } from '../public/js/desk/problem.js';
import { readEntrance, Refusal, refusalOf } from '../public/js/session/entrance.js';

test('the address names one of four doors, or none', () => {
  assert.equal(readEntrance(''), null);
  assert.deepEqual(readEntrance('#v_AbC-1'), { kind: 'link', secret: 'v_AbC-1' });
  assert.deepEqual(readEntrance('#o_AbC-1'), { kind: 'offer', secret: 'o_AbC-1' });
  assert.deepEqual(readEntrance('#a=0190b3c2-0000-7000-8000-000000000001'), { kind: 'appointment', secret: '0190b3c2-0000-7000-8000-000000000001' });
  assert.deepEqual(readEntrance('#rT9_x'), { kind: 'invitation', secret: 'rT9_x' });
});

/** @param {string} code @param {number} status */
const no = (code, status) => new Problem({ code, status, title: 'Бекітілген', detail: null, fields: [] });

test('a link that opens nothing is named by what happened to it', () => {
  const codes = { link_expired: 'E-LINK-3', link_revoked: 'E-LINK-5', link_too_early: 'E-LINK-6', rate_limited: 'E-LINK-4' };
  for (const [code, ours] of Object.entries(codes)) {
    const refusal = refusalOf('link', no(code, 409));
    assert.ok(refusal instanceof Refusal);
    assert.deepEqual(refusal.problem, { code: ours });
  }
});

test('nobody signed in is a bad link for a guest and a way to sign in for staff', () => {
  const said = (/** @type {'link' | 'appointment'} */ door) => /** @type {Refusal} */ (refusalOf(door, no('not_signed_in', 401))).problem.code;
  assert.deepEqual([said('link'), said('appointment')], ['E-LINK-2', 'E-LINK-7']);
});

test('a rule that has no words of ours keeps the server’s', () => {
  const refusal = /** @type {Refusal} */ (refusalOf('appointment', no('appointment_state', 409)));
  assert.deepEqual(refusal.problem, { code: 'appointment_state', words: ['Бекітілген'] });
});

test('silence is no refusal: the page goes on trying', () => {
  for (const error of [unreachable(), no('busy', 503)]) assert.equal(refusalOf('link', error), error);
});
