import { test } from 'node:test';
import assert from 'node:assert/strict';
import { offeredCodecs } from '../public/js/rtc/codecs.js';
import { deviceProblem } from '../public/js/rtc/devices.js';
import { levelOf } from '../public/js/rtc/meter.js';
import { addressesIn, isElsewhere } from '../public/js/rtc/surroundings.js';
import { withAudioRepair, withPackets, withPausedLayers, withRedundancy } from '../public/js/rtc/sdp.js';
import { statsBetween, totalsOf } from '../public/js/rtc/stats.js';
import { linkWords, pauseOf } from '../public/js/state/quality.js';
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

test('audio is Opus, and RED for when the link loses', () => {
  const codecs = [{ mimeType: 'audio/red' }, { mimeType: 'audio/opus' }, { mimeType: 'audio/PCMU' }];
  assert.deepEqual(offeredCodecs('audio', codecs), [codecs[1], codecs[0]]);
});

const SECTION = ['m=audio 9 UDP/TLS/RTP/SAVPF 111 63', 'a=recvonly', 'a=rtpmap:111 opus/48000/2', 'a=fmtp:111 minptime=10;useinbandfec=1', 'a=rtpmap:63 red/48000/2', 'a=fmtp:63 111/111', ''];
const VIDEO = 'm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 VP8/90000\r\n';

test('lost sound is asked for again, and listening is in stereo', () => {
  const offer = `v=0\r\n${VIDEO}${SECTION.join('\r\n')}`;
  const repaired = withAudioRepair(offer);
  assert.ok(repaired.startsWith(`v=0\r\n${VIDEO}m=audio`), 'pictures stay as they are');
  assert.ok(repaired.includes('a=rtpmap:111 opus/48000/2\r\na=rtcp-fb:111 nack\r\n'));
  assert.ok(repaired.includes('a=fmtp:111 minptime=10;useinbandfec=1;stereo=1\r\n'));
  assert.equal(withAudioRepair(repaired), repaired, 'a restart offers the same');
});

test('a microphone is not made stereo, and a browser without RED is left alone', () => {
  const microphone = SECTION.join('\r\n').replace('recvonly', 'sendonly');
  assert.ok(!withAudioRepair(microphone).includes('stereo'));
  const firefox = SECTION.filter((line) => !line.includes(':63')).join('\r\n');
  assert.equal(withAudioRepair(firefox), firefox);
});

test('what is sent is what comes first in the answer, in the microphone alone', () => {
  const section = (/** @type {string} */ formats) => `m=audio 9 UDP/TLS/RTP/SAVPF ${formats}\r\na=rtpmap:111 opus/48000/2\r\na=rtpmap:63 red/48000/2\r\n`;
  const answer = `v=0\r\n${section('111 63')}${section('111 63')}`;
  const redundant = withRedundancy(answer, true);
  assert.equal(redundant, `v=0\r\n${section('63 111')}${section('111 63')}`);
  assert.equal(withRedundancy(redundant, false), answer);
  const firefox = answer.replaceAll(/a=rtpmap:63.*\r\n/g, '');
  assert.equal(withRedundancy(firefox, true), firefox);
});

test('packets of the microphone alone are made longer', () => {
  const section = 'm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n';
  const answer = `v=0\r\n${section}${section}`;
  const long = withPackets(answer, 40);
  assert.equal(long, `v=0\r\n${section}a=ptime:40\r\n${section}`);
  assert.equal(withPackets(long, 60), long.replace('40', '60'), 'once');
});

test('an answer that is read again starts no layer that nobody watches', () => {
  const answer = 'v=0\r\na=simulcast:recv q;h;f\r\na=mid:1\r\n';
  const encodings = [{ rid: 'q', active: true }, { rid: 'h', active: false }, { rid: 'f', active: false }];
  assert.equal(withPausedLayers(answer, encodings), 'v=0\r\na=simulcast:recv q;~h;~f\r\na=mid:1\r\n');
  assert.equal(withPausedLayers(answer, []), answer);
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
      { type: 'remote-inbound-rtp', kind: 'audio', packetsLost: 5, fractionLost: 0.25 },
      { type: 'transport', selectedCandidatePairId: 'udp' },
      { type: 'candidate-pair', id: 'udp', nominated: true, currentRoundTripTime: 0.0805, availableOutgoingBitrate: 310_000.7 },
      { type: 'candidate-pair', id: 'tcp', nominated: true, currentRoundTripTime: 0.9 },
      { type: 'inbound-rtp', kind: 'video', bytesReceived: 50_000, packetsReceived: 90, packetsLost: 10, framesDecoded: 60, totalFreezesDuration: 0.5 },
      { type: 'inbound-rtp', kind: 'audio', packetsReceived: 100, jitter: 0.004, totalSamplesReceived: 1000, concealedSamples: 30, silentConcealedSamples: 10 },
    ],
    2000,
  );
  assert.equal(now.soundLoss, 0.25);
  const stats = statsBetween(before, now, 'small');
  assert.deepEqual(stats.uplink, { rtt_ms: 80.5, loss_ratio: 0.05, rate_bps: 100_000, estimate_bps: 310_001, limited: 'bandwidth', rung: 'small' });
  assert.deepEqual(stats.downlink, {
    loss_ratio: 0.05, jitter_ms: 4, rate_bps: 200_000, concealed_ratio: 0.02, freeze_ratio: 0.25, frames_per_s: 30,
  });
  assert.equal(clientMessageMismatch(JSON.parse(statsMessage(stats))), null);
});

test('Firefox marks the pair that media takes', () => {
  const pairs = [{ type: 'candidate-pair', selected: true, currentRoundTripTime: 0.08 }, { type: 'candidate-pair', nominated: true, currentRoundTripTime: 0.9 }];
  assert.equal(totalsOf(pairs, 0).rttMs, 80);
});

test('a counter that fell back counts as nothing', () => {
  const stats = statsBetween(totalsOf([{ type: 'outbound-rtp', bytesSent: 9000, packetsSent: 9 }], 0), totalsOf([], 2000), 'full');
  assert.equal(stats.uplink.rate_bps, 0);
  assert.equal(stats.uplink.estimate_bps, null);
});

const fine = { loss_ratio: 0.01, rtt_ms: 80, jitter_ms: 3, rate_bps: 1, estimate_bps: null, mos: null };

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

test('a picture that is held back has its reason', () => {
  const own = { paused: ['p1/camera'], cause: /** @type {const} */ ('downlink') };
  assert.equal(pauseOf('p1/camera', own), 'downlink');
  assert.equal(pauseOf('p1/camera', { ...own, cause: 'server' }), 'server');
  assert.deepEqual([pauseOf('p2/camera', own), pauseOf(null, own), pauseOf('p1/camera', undefined)], [null, null, null]);
});

test('times are 24 h and dates dd.MM.yyyy', () => {
  const at = new Date(2026, 10, 5, 7, 4).getTime();
  assert.equal(clockTime(at), '07:04');
  assert.equal(momentWords(at, at), '07:04');
  assert.equal(momentWords(at, at + 86_400_000), '05.11.2026 07:04');
});

test('where a machine is, is told by its own addresses', () => {
  const candidate = (/** @type {string} */ address, /** @type {string} */ type) => `a=candidate:1 1 udp 2113937151 ${address} 50000 typ ${type} generation 0\r\n`;
  const known = addressesIn(['10.0.0.7', 'fd00::7', '3f6c.local'].map((address) => candidate(address, 'host')).join('') + candidate('198.51.100.1', 'srflx'));
  assert.deepEqual([...known], ['10.0.0.7', 'fd00::7']);
  assert.equal(isElsewhere(known, new Set(['10.0.0.7'])), false, 'a network went, and no other came');
  assert.equal(isElsewhere(known, new Set(['10.0.0.7', 'fd00::7', '172.16.0.2'])), false, 'one more');
  assert.equal(isElsewhere(known, new Set(['172.16.0.2'])), true);
  assert.equal(isElsewhere(new Set(), new Set(['172.16.0.2'])), false, 'nothing was known');
});
