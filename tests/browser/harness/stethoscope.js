/** An instrument that hears one thing left and another right, as a WAV that a Chromium takes for its microphones; and what of it a listener hears. */

import { writeFileSync } from 'node:fs';

/** @typedef {import('./person.js').Person} Person */
/** @typedef {'left' | 'right'} Side */
/** @typedef {Record<Side, Record<number, number>>} Levels dB below full scale, by pitch */

/**
 * In dB below full scale, by pitch in Hz: where heart sounds lie, what a valve may sound like, and a quiet sound high up where lungs crackle. Each is on one side alone.
 * @type {Levels}
 */
export const SOUNDS = { left: { 60: -12, 4000: -32 }, right: { 440: -20 } };
export const PITCHES = Object.values(SOUNDS).flatMap((side) => Object.keys(side).map(Number));
const SIDES = /** @type {const} */ (['left', 'right']);

const RATE_HZ = 48_000;
/** Sound, then silence, in which a saving encoder would fall silent itself. */
const [SOUND_S, SILENCE_S] = [2, 2];

/** @param {string} file to write */
export function writeSounds(file) {
  const frames = (SOUND_S + SILENCE_S) * RATE_HZ;
  const wav = Buffer.alloc(44 + frames * 4);
  wav.write('RIFF', 0);
  wav.writeUInt32LE(36 + frames * 4, 4);
  wav.write('WAVEfmt ', 8);
  wav.writeUInt32LE(16, 16);
  for (const [at, value] of [1, 2].entries()) wav.writeUInt16LE(value, 20 + at * 2);
  wav.writeUInt32LE(RATE_HZ, 24);
  wav.writeUInt32LE(RATE_HZ * 4, 28);
  for (const [at, value] of [4, 16].entries()) wav.writeUInt16LE(value, 32 + at * 2);
  wav.write('data', 36);
  wav.writeUInt32LE(frames * 4, 40);
  for (let frame = 0; frame < SOUND_S * RATE_HZ; frame++) {
    for (const [channel, side] of SIDES.entries()) {
      const tones = Object.entries(SOUNDS[side]).map(([hz, db]) => 10 ** (db / 20) * Math.sin((2 * Math.PI * Number(hz) * frame) / RATE_HZ));
      wav.writeInt16LE(Math.round(32_767 * tones.reduce((sum, one) => sum + one, 0)), 44 + frame * 4 + channel * 2);
    }
  }
  writeFileSync(file, wav);
}

/**
 * The loudest that each pitch is on each side, and how much comes, silence included.
 * @param {Person} listener @param {string} track `p1/stethoscope`
 * @returns {Promise<{levels: Levels, packetsPerSecond: number, bps: number}>}
 */
export function hearsInstrument(listener, track) {
  return listener.page.evaluate(async (wanted, pitches, ms) => {
    const mid = window.kenes.state().room?.audio.find((/** @type {any} */ slot) => slot.track === wanted)?.mid;
    const receiver = window.kenes.peerConnection()?.getTransceivers().find((transceiver) => transceiver.mid === mid)?.receiver;
    if (!receiver) throw new Error(`nobody hears ${wanted}`);
    const { pitchDb } = await import(/** @type {any} */ ('/js/cart/check-rules.js'));
    const context = new AudioContext({ sampleRate: 48_000 });
    await context.resume();
    const splitter = context.createChannelSplitter(2);
    context.createMediaStreamSource(new MediaStream([receiver.track])).connect(splitter);
    const ears = ['left', 'right'].map((side, output) => {
      const analyser = context.createAnalyser();
      analyser.fftSize = 32_768;
      splitter.connect(analyser, output);
      return { side, analyser, samples: new Float32Array(analyser.fftSize) };
    });
    const count = async () => {
      const inbound = [...(await receiver.getStats()).values()].find((entry) => entry.type === 'inbound-rtp');
      return { packets: inbound?.packetsReceived ?? 0, bytes: inbound?.bytesReceived ?? 0, at: performance.now() };
    };
    /** @type {any} */
    const levels = { left: {}, right: {} };
    const first = await count();
    while (performance.now() - first.at < ms) {
      await new Promise((resume) => setTimeout(resume, 100));
      for (const { side, analyser, samples } of ears) {
        analyser.getFloatTimeDomainData(samples);
        for (const hz of pitches) levels[side][hz] = Math.max(levels[side][hz] ?? -Infinity, pitchDb(samples, context.sampleRate, hz));
      }
    }
    const last = await count();
    void context.close();
    const seconds = (last.at - first.at) / 1000;
    return { levels, packetsPerSecond: (last.packets - first.packets) / seconds, bps: ((last.bytes - first.bytes) * 8) / seconds };
  }, track, PITCHES, 1.5 * (SOUND_S + SILENCE_S) * 1000);
}
