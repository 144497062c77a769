import { test } from 'node:test';
import assert from 'node:assert/strict';
import { offeredCodecs } from '../public/js/rtc/codecs.js';
import { deviceProblem } from '../public/js/rtc/devices.js';
import { levelOf } from '../public/js/rtc/meter.js';
import { statsBetween, totalsOf } from '../public/js/rtc/stats.js';
import { linkWords } from '../public/js/state/quality.js';
import { clientMessageMismatch, statsMessage } from '../public/js/protocol/messages.js';
import { clockTime, momentWords } from '../public/js/ui/time.js';

const CHROMIUM = [
  { mimeType: 'video/VP8' },
  { mimeType: 'video/rtx' },
  { mimeType: 'video/VP9', sdpFmtpLine: 'profile-id=0' },
  { mimeType: 'video/VP9', sdpFmtpLine: 'profile-id=2' },
  { mimeType: 'video/H264', sdpFmtpLine: 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f' },
  { mimeType: 'video/H264', sdpFmtpLine: 'level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=42e01f' },
  { mimeType: 'video/AV1', sdpFmtpLine: 'profile=0' },
  { mimeType: 'video/ulpfec' },
];

test('VP8 is offered first, then H.264, then VP9 profile 0, with RTX and nothing else', () => {
  assert.deepEqual(offeredCodecs('video', CHROMIUM).map((codec) => CHROMIUM.indexOf(codec)), [0, 4, 2, 1]);
});

test('audio is Opus alone', () => {
  const codecs = [{ mimeType: 'audio/red' }, { mimeType: 'audio/opus' }, { mimeType: 'audio/PCMU' }];
  assert.deepEqual(offeredCodecs('audio', codecs), [codecs[1]]);
});

test('each way a device can fail has its code', () => {
  const problem = (/** @type {string} */ name) => deviceProblem('camera', new DOMException('', name));
  assert.equal(problem('NotAllowedError'), 'E-CAM-1');
  assert.equal(problem('NotFoundError'), 'E-CAM-2');
  assert.equal(problem('NotReadableError'), 'E-CAM-3');
  assert.equal(problem('InsecureContext'), 'E-DEV-1');
  assert.equal(deviceProblem('microphone', new TypeError('?')), 'E-MIC-5');
});

test('silence is 0 on the meter and loud speech is 100', () => {
  assert.equal(levelOf(new Float32Array(64)), 0);
  assert.equal(levelOf(new Float32Array(64).fill(0.5)), 100);
});

const before = totalsOf([], 0);

test('stats are what happened between two looks', () => {
  const now = totalsOf(
    [
      { type: 'outbound-rtp', bytesSent: 24_000, headerBytesSent: 1_000, packetsSent: 100, qualityLimitationReason: 'bandwidth' },
      { type: 'remote-inbound-rtp', packetsLost: 5 },
      { type: 'candidate-pair', nominated: true, currentRoundTripTime: 0.0805 },
      { type: 'inbound-rtp', kind: 'video', bytesReceived: 50_000, packetsReceived: 90, packetsLost: 10, framesDecoded: 60, totalFreezesDuration: 0.5 },
      { type: 'inbound-rtp', kind: 'audio', packetsReceived: 100, jitter: 0.004, totalSamplesReceived: 1000, concealedSamples: 30, silentConcealedSamples: 10 },
    ],
    2000,
  );
  const stats = statsBetween(before, now);
  assert.deepEqual(stats.uplink, { rtt_ms: 80.5, loss_ratio: 0.05, rate_bps: 100_000, limited: 'bandwidth' });
  assert.deepEqual(stats.downlink, {
    loss_ratio: 0.05, jitter_ms: 4, rate_bps: 200_000, concealed_ratio: 0.02, freeze_ratio: 0.25, frames_per_s: 30,
  });
  assert.equal(clientMessageMismatch(JSON.parse(statsMessage(stats))), null);
});

test('a counter that fell back counts as nothing', () => {
  const stats = statsBetween(totalsOf([{ type: 'outbound-rtp', bytesSent: 9000, packetsSent: 9 }], 0), totalsOf([], 2000));
  assert.equal(stats.uplink.rate_bps, 0);
});

const fine = { loss_ratio: 0.01, rtt_ms: 80, jitter_ms: 3, rate_bps: 1 };

test('a good link is not blamed on anything', () => {
  assert.deepEqual(linkWords({ uplink: fine, downlink: fine, mos: 4.2, cause: 'uplink' }), { level: 'good', cause: null });
});

test('a weak link names its cause', () => {
  assert.deepEqual(linkWords({ uplink: fine, downlink: fine, mos: 3.1, cause: 'downlink' }), { level: 'fair', cause: 'downlink' });
});

test('without a score loss and round trip decide', () => {
  const level = (/** @type {number} */ loss) => linkWords({ uplink: { ...fine, loss_ratio: loss }, downlink: null, mos: null, cause: null }).level;
  assert.deepEqual([0.01, 0.08, 0.3].map(level), ['good', 'fair', 'poor']);
  assert.equal(linkWords(undefined).level, 'unknown');
});

test('times are 24 h and dates dd.MM.yyyy', () => {
  const at = new Date(2026, 10, 5, 7, 4).getTime();
  assert.equal(clockTime(at), '07:04');
  assert.equal(momentWords(at, at), '07:04');
  assert.equal(momentWords(at, at + 86_400_000), '05.11.2026 07:04');
});
