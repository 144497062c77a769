/** The recovery ladder with real browsers: reload, a lost socket, a lost PeerConnection. */

import assert from 'node:assert/strict';

import { nextFrame, soundArrives, watchGaps } from '../harness/media.js';
import { journey } from '../harness/world.js';

/** @typedef {import('../harness/browsers.js').Kind} Kind */
/** @type {Kind[]} */
const KINDS = ['chromium', 'firefox'];
/** A gap that a person notices; frames are 67 ms apart, and a loaded machine may be late with some. */
const NO_GAP_MS = 1_000;
/** Rung 3 of the ladder. */
const NEW_PEER_MS = 3_000;

for (const kind of KINDS) {
  journey(`a reload returns to the call: ${kind}`, async ({ links, person }) => {
    const nurse = await person('chromium');
    const specialist = await person(kind);
    await nurse.join(links.nurse);
    await specialist.join(links.specialist);
    const id = await specialist.id();
    await nurse.seesTile(id, 'camera', (tile) => tile.hasVideo);

    await specialist.page.reload();
    await specialist.isConnected();
    assert.equal(await specialist.id(), id, 'the same person returned');
    await nextFrame(specialist, `${await nurse.id()}/camera`);
    await nextFrame(nurse, `${id}/camera`);
    assert.equal((await nurse.tiles()).length, 1, 'nobody is left behind as a ghost');
  });

  journey(`media goes on while the socket is lost: ${kind}`, async ({ links, person, say }) => {
    const nurse = await person('chromium');
    const specialist = await person(kind);
    await nurse.join(links.nurse);
    await specialist.join(links.specialist);
    const sent = await watchGaps(nurse, `${await specialist.id()}/camera`);
    const received = await watchGaps(specialist, `${await nurse.id()}/camera`);

    await specialist.page.evaluate(() => {
      window.oldSocket = window.kenes.socket();
      window.oldPeer = window.kenes.peerConnection();
      window.oldSocket?.close();
    });
    await specialist.until('a new socket is open', () =>
      specialist.page.evaluate(() => {
        const socket = window.kenes.socket();
        return socket !== window.oldSocket && socket?.readyState === WebSocket.OPEN;
      }),
    );
    await specialist.isConnected();
    await nextFrame(nurse, `${await specialist.id()}/camera`);
    const gaps = [await sent.stop(), await received.stop()];
    say(`longest gap between frames: ${gaps.map((gap) => gap.longest_gap_ms).join(' and ')} ms`);
    for (const gap of gaps) assert.ok(gap.longest_gap_ms < NO_GAP_MS, `a gap of ${gap.longest_gap_ms} ms`);
    assert.ok(await specialist.page.evaluate(() => window.kenes.peerConnection() === window.oldPeer), 'the same peer');
    assert.equal(await specialist.offersMade(), 1);
  });

  journey(`a killed PeerConnection is replaced within 3 s: ${kind}`, async ({ links, person, say }) => {
    const nurse = await person('chromium');
    const specialist = await person(kind);
    await nurse.join(links.nurse);
    await specialist.join(links.specialist);
    const [own, others] = [`${await specialist.id()}/camera`, `${await nurse.id()}/camera`];
    await nextFrame(specialist, others);
    await nextFrame(nurse, own);
    const sent = await watchGaps(nurse, own);

    const backMs = await specialist.page.evaluate(async (track) => {
      const old = window.kenes.peerConnection();
      const started = performance.now();
      old?.close();
      for (;;) {
        const peer = window.kenes.peerConnection();
        const mid = window.kenes.state().room?.video.find((/** @type {any} */ slot) => slot.track === track)?.mid;
        const half = peer !== old && peer?.getTransceivers().find((transceiver) => transceiver.mid === mid)?.receiver;
        const entries = half ? [...(await half.getStats()).values()] : [];
        const decoded = entries.find((entry) => entry.type === 'inbound-rtp')?.framesDecoded ?? 0;
        const passed = performance.now() - started;
        if (decoded > 0 || passed > 20_000) return Math.round(passed);
        await new Promise((resume) => setTimeout(resume, 10));
      }
    }, others);
    await nextFrame(nurse, own);
    const gap = await sent.stop();
    say(`sees again after ${backMs} ms, is seen again after ${gap.longest_gap_ms} ms`);
    assert.ok(backMs < NEW_PEER_MS, `sees again after ${backMs} ms`);
    assert.ok(gap.longest_gap_ms < NEW_PEER_MS, `is seen again after ${gap.longest_gap_ms} ms`);
    assert.equal(await specialist.page.evaluate(() => window.kenes.generation), 2);
    await soundArrives(specialist, nurse);
    assert.equal((await nurse.tiles()).length, 1, 'nobody is left behind as a ghost');
  });
}
