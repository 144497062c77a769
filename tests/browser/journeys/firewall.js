/** From a clinic's network that lets little out, people join by themselves. Run by `firewall.test.js`, within such a network. */

import assert from 'node:assert/strict';

import { letOut } from '../harness/firewall.js';
import { everybodyArrives } from '../harness/media.js';
import { journey } from '../harness/world.js';

/** @typedef {import('../harness/browsers.js').Kind} Kind */
/** @typedef {import('../harness/person.js').Person} Person */

/** @type {Kind[]} */
const KINDS = ['chromium', 'firefox'];

for (const kind of KINDS) {
  journey(`where TCP 443 alone is let out, media comes by ICE-TCP: ${kind}`, async ({ links, person, say }) => {
    letOut('tcp 443 alone');
    const [nurse, specialist] = [await person('chromium'), await person(kind)];
    await nurse.join(links.nurse);
    await specialist.join(links.specialist);
    say(await everybodyArrives([nurse, specialist]));
    assert.deepEqual(await way(specialist), { protocol: 'tcp', relayed: false, port: 443 });
  });
}

journey('where TLS alone is let out, media comes by TURN', async ({ links, person, say }) => {
  letOut('tls on 443 alone');
  const [nurse, specialist] = [await person('chromium'), await person('chromium')];
  await nurse.join(links.nurse);
  await specialist.join(links.specialist);
  say(await everybodyArrives([nurse, specialist]));
  assert.equal((await way(specialist)).relayed, true);
});

for (const kind of KINDS) {
  journey(`where everything is let out, media comes by UDP: ${kind}`, async ({ links, person, say }) => {
    letOut('everything');
    const [nurse, specialist] = [await person('chromium'), await person(kind)];
    await nurse.join(links.nurse);
    await specialist.join(links.specialist);
    say(await everybodyArrives([nurse, specialist]));
    const { protocol, relayed } = await way(specialist);
    assert.deepEqual({ protocol, relayed }, { protocol: 'udp', relayed: false });
  });
}

/**
 * How this person's media goes, by the browser's own account.
 * @param {Person} person @returns {Promise<{protocol: string, relayed: boolean, port: number}>}
 */
async function way(person) {
  return person.page.evaluate(async () => {
    const stats = [...((await window.kenes.peerConnection()?.getStats())?.values() ?? [])];
    const transport = stats.find((entry) => entry.type === 'transport' && entry.selectedCandidatePairId);
    const pair = stats.find((entry) => (transport ? entry.id === transport.selectedCandidatePairId : entry.type === 'candidate-pair' && entry.selected));
    const [local, remote] = [pair.localCandidateId, pair.remoteCandidateId].map((id) => stats.find((entry) => entry.id === id));
    return { protocol: local.protocol, relayed: local.relayProtocol !== undefined, port: remote.port };
  });
}
