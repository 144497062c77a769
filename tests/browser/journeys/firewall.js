/** From a clinic's network that lets little out, people join by themselves. Run by `firewall.test.js`, within such a network. */

import assert from 'node:assert/strict';

import { letOut, SERVER } from '../harness/firewall.js';
import { everybodyArrives, nextFrame } from '../harness/media.js';
import { journey } from '../harness/world.js';

/** @typedef {import('../harness/person.js').Person} Person */

/** Browsers take some seconds to believe that a way is dead, Chromium more than Firefox. */
const AROUND_MS = 45_000;

journey('where TCP 443 alone is let out, media comes by ICE-TCP', async ({ links, person, say }) => {
  letOut('tcp 443 alone');
  const people = [await person('chromium'), await person('firefox')];
  await people[0].join(links.nurse);
  await people[1].join(links.specialist);
  say(await everybodyArrives(people));
  for (const someone of people) {
    const { protocol, relayed, port } = await way(someone);
    assert.deepEqual({ protocol, relayed, port }, { protocol: 'tcp', relayed: false, port: 443 }, someone.kind);
  }
});

journey('where TCP 443 alone is let out, the page says so before the call', async ({ links, person }) => {
  letOut('tcp 443 alone');
  for (const kind of /** @type {const} */ (['chromium', 'firefox'])) {
    const someone = await person(kind);
    await someone.arrive(links.nurse);
    await someone.until('media is found to come by ICE-TCP', async () => {
      const [phase, transport] = await Promise.all(['data-phase', 'data-transport'].map((name) => someone.attribute('link-check', name).catch(() => null)));
      // On a busy machine it may not come through in time: measured again, as a person would.
      if (phase !== null && phase !== 'measuring' && transport !== 'tcp') await someone.click('link-again');
      return transport === 'tcp';
    }, AROUND_MS);
  }
});

journey('where TLS alone is let out, media comes by TURN, in each browser', async ({ links, person, say }) => {
  letOut('tls on 443 alone');
  const people = [await person('chromium'), await person('firefox')];
  await people[0].join(links.nurse);
  await people[1].join(links.specialist);
  say(await everybodyArrives(people));
  for (const someone of people) assert.equal((await way(someone)).relayed, true, someone.kind);
});

journey('from a network with IPv6 alone, people come by IPv6', async ({ links, person, say }) => {
  letOut('ipv6 alone');
  const people = [await person('chromium'), await person('firefox')];
  await people[0].join(links.nurse.replace(SERVER.name, `[${SERVER.ipv6}]`));
  await people[1].join(links.specialist.replace(SERVER.name, `[${SERVER.ipv6}]`));
  say(await everybodyArrives(people));
  for (const someone of people) {
    const { protocol, address } = await way(someone);
    assert.deepEqual({ protocol, address }, { protocol: 'udp', address: SERVER.ipv6 }, someone.kind);
  }
});

journey('a firewall that closes during the call is gone around', async ({ links, person, say }) => {
  letOut('everything');
  const [nurse, specialist] = [await person('chromium'), await person('firefox')];
  await nurse.join(links.nurse);
  await specialist.join(links.specialist);
  await everybodyArrives([nurse, specialist]);
  for (const someone of [nurse, specialist]) assert.equal((await way(someone)).protocol, 'udp', someone.kind);

  letOut('tcp 443 alone');
  const closed = performance.now();
  const goesAround = async (/** @type {Person} */ someone, /** @type {Person} */ other) => {
    const overTcp = async () => {
      const { protocol, relayed } = await way(someone);
      return protocol === 'tcp' || relayed;
    };
    await someone.until('media goes over TCP, by ICE-TCP or TURN', overTcp, AROUND_MS);
    await nextFrame(other, `${await someone.id()}/camera`, AROUND_MS);
    say(`${someone.kind} is seen again ${Math.round(performance.now() - closed)} ms after the firewall closed`);
  };
  await Promise.all([goesAround(nurse, specialist), goesAround(specialist, nurse)]);
});

/**
 * How this person's media goes, by the browser's own account.
 * @param {Person} person @returns {Promise<{protocol: string, relayed: boolean, address: string, port: number}>}
 */
async function way(person) {
  return person.page.evaluate(async () => {
    const stats = [...((await window.kenes.peerConnection()?.getStats())?.values() ?? [])];
    const transport = stats.find((entry) => entry.type === 'transport' && entry.selectedCandidatePairId);
    const pair = stats.find((entry) => (transport ? entry.id === transport.selectedCandidatePairId : entry.type === 'candidate-pair' && entry.selected));
    const [local, remote] = [pair.localCandidateId, pair.remoteCandidateId].map((id) => stats.find((entry) => entry.id === id));
    return { protocol: local.protocol, relayed: local.relayProtocol !== undefined, address: remote.address, port: remote.port };
  });
}
