import { test } from 'node:test';
import assert from 'node:assert/strict';
import { begin, encodingsOf, observe, roomOf } from '../public/js/state/bandwidth.js';
import { CALM, listen, playoutMs, USUAL_VOICE, voiceFor } from '../public/js/state/speech.js';

/** @typedef {import('../public/js/state/bandwidth.js').Sample} Sample */

/** @param {number | null} estimateBps @param {Partial<Sample>} [more] @returns {Sample} */
const link = (estimateBps, more) => ({ estimateBps, isBrowsers: estimateBps !== null, downBps: null, sentBps: 60_000, loss: 0, soundLoss: 0, airLoss: 0, waits: false, concealed: 0, isWatched: true, isHeard: true, ...more });

/** A link as it is for so many seconds each; the rung after each. @param {import('../public/js/state/bandwidth.js').Bandwidth} from @param {[seconds: number, sample: Sample][]} days */
function live(from, days) {
  let [state, nowMs] = [from, from.sinceMs];
  const rungs = days.map(([seconds, sample]) => {
    for (let second = 0; second < seconds; second++) state = observe(state, sample, (nowMs += 1_000));
    return state.rung;
  });
  return { state, rungs };
}
const rungs = (/** @type {[number, Sample][]} */ ...days) => live(begin(0), days).rungs;

test('each rate has its rung', () => {
  for (const [rate, rung] of /** @type {const} */ ([[1_100_000, 'full'], [500_000, 'small'], [350_000, 'small'], [180_000, 'small'], [100_000, 'stills'], [60_000, 'stills'], [38_000, 'audio']])) {
    assert.deepEqual(rungs([15, link(rate, { sentBps: rate, waits: true })]), [rung], `${rate}`);
  }
});

test('an estimate that is still growing lowers nothing', () => {
  assert.deepEqual(rungs([7, link(300_000)], [20, link(2_000_000)]), ['full', 'full']);
});

test('an estimate that has fallen far below where it began is not growing', () => {
  assert.deepEqual(rungs([3, link(34_000, { loss: 0.1 })], [2, link(34_000, { loss: 0.1 })]), ['full', 'audio']);
  assert.deepEqual(rungs([5, link(50_000)], [4, link(80_000)]), ['full', 'small'], 'nothing waits: loss alone makes so little');
  const fallen = live(begin(0), [[5, link(70_000, { isBrowsers: false, loss: 0.2 })]]);
  assert.deepEqual(fallen.rungs, ['small']);
  assert.deepEqual(live(fallen.state, [[5, link(50_000, { waits: true })]]).rungs, ['audio'], 'a queue that stands');
  assert.deepEqual(live(fallen.state, [[5, link(40_000)]]).rungs, ['small']);
});

test('what a full queue of a thin link loses is not taken for the air\'s', () => {
  const lossy = { loss: 0.2, airLoss: 0.2 };
  assert.deepEqual(rungs([5, link(40_000, { ...lossy, waits: true })]), ['audio']);
  assert.deepEqual(rungs([5, link(40_000, lossy)]), ['small']);
});

test('what the server has seen of a queue that stood is believed at once', () => {
  const full = link(200_000, { isBrowsers: false, sentBps: 300_000 });
  assert.deepEqual(rungs([3, full], [2, full]), ['full', 'small']);
});

test('without an estimate a long round trip leaves one layer, and no more than that', () => {
  const far = link(null, { waits: true });
  assert.deepEqual(rungs([3, far], [2, far], [200, far]), ['full', 'small', 'small']);
});

test('while nobody watches, an estimate that does not grow lowers nothing', () => {
  assert.deepEqual(rungs([60, link(300_000, { isWatched: false })], [7, link(300_000)], [8, link(2_000_000)], [6, link(300_000)]), ['full', 'full', 'full', 'small']);
});

test('a picture that is given up and taken again is no new beginning', () => {
  /** @type {[number, Sample][]} */
  const flickering = Array.from({ length: 30 }, (_, at) => [1, link(300_000, { sentBps: 280_000, isWatched: at % 3 > 0 })]);
  assert.equal(rungs(...flickering).at(-1), 'small');
});

test('where the air loses much a small picture stays, whatever the estimate makes of it', () => {
  const lossy = link(80_000, { loss: 0.05, airLoss: 0.2 });
  assert.deepEqual(rungs([20, lossy], [60, lossy]), ['small', 'small']);
  assert.deepEqual(rungs([20, link(80_000, { loss: 0.05, waits: true })]), ['stills'], 'a queue that loses is a full link');
  assert.deepEqual(rungs([20, link(40_000, { loss: 0.05, airLoss: 0.2 })]), ['audio']);
});

test('a picture that nothing waits for goes on, however little its estimate is for a moment', () => {
  const alarm = link(100_000, { sentBps: 90_000 });
  assert.deepEqual(rungs([5, link(240_000)], [4, alarm], [60, alarm]), ['full', 'small', 'small']);
  assert.deepEqual(rungs([20, link(900_000)], [60, link(650_000, { sentBps: 700_000 })]), ['full', 'full'], 'two layers of three');
  assert.deepEqual(rungs([20, link(200_000)], [20, { ...alarm, waits: true }]), ['small', 'stills']);
});

test('a photograph is not tried beside sound on a thin link that loses', () => {
  const thin = link(50_000, { sentBps: 20_000, loss: 0.01, airLoss: 0.1 });
  assert.deepEqual(rungs([15, link(38_000)], [120, thin]), ['audio', 'audio']);
});

test('what the air loses does not keep the picture away for good', () => {
  const fallen = live(begin(0), [[15, link(40_000)]]);
  assert.deepEqual(fallen.rungs, ['audio']);
  const lossy = link(80_000, { loss: 0.08, airLoss: 0.2 });
  assert.deepEqual(live(fallen.state, [[40, lossy], [60, lossy]]).rungs, ['small', 'small']);
});

test('beside sound that the air loses a picture is tried, though the estimate knows of no room', () => {
  const fallen = live(begin(0), [[20, link(70_000, { waits: true })]]);
  assert.deepEqual(fallen.rungs, ['stills']);
  const sound = link(51_000, { sentBps: 50_000, loss: 0.04, airLoss: 0.2 });
  const tried = live(fallen.state, [[17, sound]]);
  assert.deepEqual(tried.rungs, ['small']);
  assert.deepEqual(live(tried.state, [[60, { ...sound, estimateBps: 90_000 }]]).rungs, ['small'], 'it fits');
  assert.deepEqual(live(fallen.state, [[120, { ...sound, downBps: 80_000 }]]).rungs, ['stills'], 'not where what comes down is thin too');
});

test('a try that the sound pays for ends within seconds, by one rung, and is repeated later', () => {
  const sound = link(51_000, { sentBps: 50_000, loss: 0.04, airLoss: 0.2 });
  const fallen = live(begin(0), [[20, link(70_000, { waits: true })]]);
  const tried = live(fallen.state, [[17, sound]]);
  const vain = live(tried.state, [[4, { ...sound, soundLoss: 0.08 }]]);
  assert.deepEqual(vain.rungs, ['stills']);
  assert.deepEqual(live(vain.state, [[25, sound], [8, sound]]).rungs, ['stills', 'small'], 'after twice the patience');
});

test('a dip of two seconds changes nothing, and a rate that wavers around a limit does not either', () => {
  assert.deepEqual(rungs([20, link(2_000_000)], [2, link(200_000)], [5, link(2_000_000)]), ['full', 'full', 'full']);
  const wavering = Array.from({ length: 30 }, (_, at) => /** @type {[number, Sample]} */ ([1, link(at % 2 ? 1_000_000 : 1_200_000)]));
  assert.deepEqual(new Set(rungs([20, link(1_150_000)], ...wavering)), new Set(['full']));
});

test('a link that recovers is climbed rung by rung', () => {
  assert.deepEqual(rungs([15, link(38_000)], [6, link(2_000_000)], [6, link(2_000_000)], [6, link(2_000_000)]), ['audio', 'stills', 'small', 'full']);
});

test('an estimate that cannot grow with what is sent is tried, each time later', () => {
  const stuck = link(65_000, { sentBps: 50_000 });
  const fallen = live(begin(0), [[15, link(38_000)]]).state;
  /** @type {number[]} */
  const tries = [];
  let [state, nowMs] = [fallen, fallen.sinceMs];
  for (let second = 0; second < 200; second++) {
    const before = state.rung;
    state = observe(state, state.rung === 'audio' ? stuck : link(65_000, { soundLoss: 0.1 }), (nowMs += 1_000));
    if (before === 'audio' && state.rung === 'stills') tries.push(nowMs);
  }
  const waits = tries.slice(1).map((at, index) => at - (tries[index] ?? 0));
  assert.ok(tries.length >= 3, `${tries}`);
  assert.ok(waits.every((wait, index) => index === 0 || wait > (waits[index - 1] ?? 0)), `${waits}`);
});

test('stills stay while the sound beside them arrives, whatever the estimate says of what it has not seen', () => {
  const quiet = link(45_000, { sentBps: 42_000 });
  assert.deepEqual(rungs([20, link(100_000, { waits: true })], [60, quiet], [12, { ...quiet, soundLoss: 0.08 }]), ['stills', 'stills', 'audio']);
});

test('without an estimate heavy loss lowers the picture', () => {
  assert.deepEqual(rungs([12, link(null)], [4, link(null, { loss: 0.25 })], [20, link(null, { loss: 0.25 })]), ['full', 'small', 'stills']);
});

test('the telephone is last: when nobody is heard for ten seconds', () => {
  const deaf = link(60_000, { concealed: 0.7 });
  const silent = link(60_000, { soundLoss: 0.6 });
  for (const dead of [deaf, silent]) {
    assert.deepEqual(rungs([20, link(2_000_000)], [9, dead], [3, dead], [20, link(60_000, { sentBps: 60_000 })]).map((rung) => rung === 'phone'), [false, false, true, false]);
  }
});

test('an outage lowers nothing: what came before is tried again, and at once', () => {
  const gone = link(60_000, { isHeard: false });
  assert.deepEqual(rungs([20, link(2_000_000)], [8, gone], [6, link(150_000)], [10, link(2_000_000)]), ['full', 'full', 'full', 'full']);
  assert.deepEqual(rungs([20, link(2_000_000)], [14, gone], [6, link(150_000)], [10, link(2_000_000)]), ['full', 'phone', 'full', 'full']);
});

const LAYERS = [{ rid: 'q', maxBitrate: 150_000 }, { rid: 'h', maxBitrate: 500_000 }, { rid: 'f', maxBitrate: 1_700_000 }];
/** @param {import('../public/js/protocol/types.js').Rung} rung @param {string[]} wanted */
const active = (rung, wanted) => encodingsOf(rung, LAYERS, wanted).map((encoding) => encoding.active);

test('on the highest rung what is watched is encoded, below it one layer, below video none', () => {
  assert.deepEqual(active('full', ['q', 'f']), [true, false, true]);
  assert.deepEqual(active('small', ['q', 'f']), [false, true, false]);
  assert.deepEqual(active('small', ['q']), [true, false, false]);
  assert.deepEqual(active('small', []), [false, false, false]);
  assert.deepEqual(active('stills', ['q', 'h', 'f']), [false, false, false]);
  const [, middle] = encodingsOf('small', LAYERS, ['f']);
  assert.deepEqual([middle?.maxFramerate, middle?.maxBitrate], [15, 400_000]);
  assert.deepEqual(encodingsOf('small', [{ maxBitrate: 2_500_000 }], ['all']), [{ active: true, maxBitrate: 400_000, maxFramerate: 15 }]);
});

test('the lowest picture is made for the worst link of those who see it, and one alone for the best', () => {
  const room = roomOf([{ estimateBps: 200_000, loss: 0 }, { estimateBps: 900_000, loss: 0.1 }]);
  assert.deepEqual(room, { leastBps: 140_000, mostBps: 760_000 });
  assert.deepEqual(roomOf([]), roomOf([{ estimateBps: null, loss: 0 }]), 'nothing known');
  assert.equal(roomOf([{ estimateBps: 50_000, loss: 0.2 }]).leastBps, 40_000, 'a picture needs as much');
  const rates = (/** @type {import('../public/js/protocol/types.js').Rung} */ rung, /** @type {string[]} */ wanted, layers = LAYERS) =>
    encodingsOf(rung, layers, wanted, room).map(({ maxBitrate }) => maxBitrate);
  assert.deepEqual(rates('full', ['q', 'f'])[0], 140_000);
  assert.deepEqual(rates('full', ['q', 'f']).slice(1), LAYERS.slice(1).map(({ maxBitrate }) => maxBitrate));
  assert.equal(rates('small', ['f'])[1], 140_000, 'the one that is left');
  assert.deepEqual(rates('full', ['all'], [{ rid: '', maxBitrate: 2_500_000 }]), [760_000]);
});

/** @param {number} soundLoss @param {Partial<Parameters<typeof listen>[1]>} [more] */
const heard = (soundLoss, more) => ({ soundLoss, estimateBps: null, rttMs: 60, downlinkLoss: 0, speakersLoss: 0, concealed: 0, ...more });

test('speech is repeated while the uplink loses, and for half a minute of calm more', () => {
  let speech = listen(CALM, heard(0.08));
  assert.equal(speech.isRedundant, true);
  for (let second = 0; second < 29; second++) speech = listen(speech, heard(0));
  assert.equal(speech.isRedundant, true);
  speech = listen(speech, heard(0));
  assert.equal(speech.isRedundant, false);
  assert.equal(listen(speech, heard(0.08)).isRedundant, false, 'not at once again');
  let missing = speech;
  for (let second = 0; second < 5; second++) missing = listen(missing, heard(0.2));
  assert.equal(listen(missing, heard(0.2)).isRedundant, true, 'sooner where much is lost');
  for (let second = 0; second < 15; second++) speech = listen(speech, heard(0));
  assert.equal(listen(speech, heard(0.08)).isRedundant, true);
});

test('a link that carries speech once does not carry it twice', () => {
  assert.equal(listen(CALM, heard(0.1, { estimateBps: 50_000 })).isRedundant, false);
  const lossy = (/** @type {number} */ seconds, /** @type {number[]} */ losses) =>
    Array.from({ length: seconds }).reduce((/** @type {import('../public/js/state/speech.js').Speech} */ speech, _, at) => listen(speech, heard(losses[at % losses.length] ?? 0, { estimateBps: 30_000 })), CALM);
  assert.equal(lossy(6, [0.3]).isRedundant, true, 'the air loses, nothing waits, and any estimate falls');
  assert.equal(lossy(61, [0.15, 0.05]).isRedundant, false, 'one bad second is no heavy loss');
});

test('loss that comes with waiting is answered by sending less', () => {
  const calm = listen(CALM, heard(0));
  assert.equal(listen(calm, heard(0.2, { rttMs: 700 })).isRedundant, false);
  assert.equal(listen(calm, heard(0.2, { rttMs: 90 })).isRedundant, true);
});

test('who hears worst decides how speech is encoded', () => {
  assert.deepEqual(voiceFor(USUAL_VOICE, [2_000_000, null]), USUAL_VOICE);
  assert.deepEqual(voiceFor(USUAL_VOICE, [2_000_000, 200_000]), { bitrate: 24_000, packetMs: 20 });
  assert.deepEqual(voiceFor(USUAL_VOICE, [64_000, 200_000]), { bitrate: 16_000, packetMs: 40 });
});

test('packets are longer on a thin link, until it is wide again', () => {
  const thin = voiceFor(USUAL_VOICE, [100_000]);
  assert.equal(thin.packetMs, 40);
  assert.equal(voiceFor(thin, [130_000]).packetMs, 40, 'an estimate goes up and down');
  assert.equal(voiceFor(thin, [170_000]).packetMs, 20);
});

test('what stays longer although less is sent is another route', () => {
  let speech = listen(CALM, heard(0));
  for (let second = 0; second < 8; second++) speech = listen(speech, heard(0.1, { rttMs: 340 }));
  assert.equal(speech.isRedundant, true);
});

test('whatever makes sound come late counts, is soon believed and slowly forgotten', () => {
  assert.ok(listen(CALM, heard(0, { downlinkLoss: 0.1 })).trouble > 0.02);
  assert.ok(listen(CALM, heard(0, { speakersLoss: 0.1 })).trouble > 0.02);
  let speech = CALM;
  for (let second = 0; second < 10; second++) speech = listen(speech, heard(0, { concealed: 0.05 }));
  assert.ok(speech.trouble > 0.09 && speech.trouble < 0.1, `${speech.trouble}`);
  for (let second = 0; second < 30; second++) speech = listen(speech, heard(0, { downlinkLoss: 0.001 }));
  assert.ok(speech.trouble > 0.04 && speech.trouble < 0.06, `${speech.trouble}`);
  for (let second = 0; second < 10; second++) speech = listen(speech, heard(0));
  assert.ok(speech.trouble < 0.02, `${speech.trouble}: where nothing at all is lost it is forgotten soon`);
});

test('what is made up as somebody begins to speak is no trouble', () => {
  const begun = listen(CALM, heard(0, { concealed: 0.3 }));
  assert.equal(begun.trouble, 0);
  assert.equal(listen(begun, heard(0)).trouble, 0);
  assert.ok(listen(begun, heard(0, { concealed: 0.3 })).trouble > 0.1);
});

test('sound waits for what repairs it, and no longer than that', () => {
  const waits = (/** @type {number} */ trouble, /** @type {number} */ rttMs, missed = 0) => playoutMs({ trouble, missed }, rttMs);
  assert.equal(waits(0, 300), null);
  assert.equal(waits(0.05, 40), 120);
  assert.equal(waits(0.05, 90), 150);
  assert.equal(waits(0.05, 300), 120, 'what is asked for comes too late in any case');
  assert.equal(waits(0.2, 40), 200);
  assert.equal(waits(0.08, 40, 0.04), 200, 'losses come in bursts');
});
