// mediasoup behind SDP over HTTP, for `kenes-bench`: mediasoup is a library, and its users write this part.
//
// One worker, one router a room; one transport a person to publish (the client offers) and one to watch (this side offers),
// as mediasoup's own demo does, all on one UDP port (WebRtcServer). Nothing here is on the path of a packet.
//   POST /publish   {room, person, sdp}  -> {sdp}   an answer
//   POST /subscribe {room, person}       -> {sdp}   an offer of everything that the others in the room publish
//   POST /answer    {room, person, sdp}  -> {}
//   POST /leave     {room, person}       -> {}
// and WHIP and WHEP (RFC 9725, draft-ietf-wish-whep), to publish and to watch one person: POST of an offer to /whip/ROOM/PERSON or
// /whep/ROOM/PERSON, 201 with the answer and the Location that DELETE ends.
// Usage: MEDIASOUP_WORKER_BIN=… node server.mjs ADDRESS HTTP_PORT UDP_PORT
import { createServer } from 'node:http';
import * as mediasoup from 'mediasoup';

const [address, httpPort, udpPort] = process.argv.slice(2);
const MID = 'urn:ietf:params:rtp-hdrext:sdes:mid';
const LEVEL = 'urn:ietf:params:rtp-hdrext:ssrc-audio-level';
const CODECS = [
  { kind: 'audio', mimeType: 'audio/opus', clockRate: 48000, channels: 2, preferredPayloadType: 111 },
  { kind: 'video', mimeType: 'video/VP8', clockRate: 90000, preferredPayloadType: 96 },
];

const worker = await mediasoup.createWorker({ logLevel: 'error' });
worker.on('died', () => process.exit(1));
const webRtcServer = await worker.createWebRtcServer({
  listenInfos: [{ protocol: 'udp', ip: address, port: Number(udpPort) }],
});
/** Room id -> {router, people: person id -> {sending, producers, receiving}}; promises, so that two first comers share one. */
const rooms = new Map();

const routes = { '/publish': async (body) => ({ sdp: (await publish(body)).sdp }), '/subscribe': subscribe, '/answer': answer, '/leave': leave };
createServer(async (request, response) => {
  try {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    if (request.url.startsWith('/whip/') || request.url.startsWith('/whep/') || request.url.startsWith('/resource/')) {
      const [status, headers, answer] = await whip(request, text);
      response.writeHead(status, headers).end(answer);
      return;
    }
    const route = routes[request.url];
    if (!route || request.method !== 'POST') throw new Error(`no such request: ${request.method} ${request.url}`);
    const body = await route(JSON.parse(text));
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  } catch (error) {
    response.writeHead(400, { 'content-type': 'text/plain' }).end(String(error?.stack ?? error));
  }
}).listen(Number(httpPort), address, () => console.log(`mediasoup ${mediasoup.version} worker ${worker.pid}`));

async function publish({ room: id, person, sdp }) {
  const room = await enter(id);
  const transport = await newTransport(room);
  const sections = parse(sdp);
  await connect(transport, sections);
  const producers = [];
  for (const section of sections) producers.push(section.ssrc ? await transport.produce(sendParameters(section)) : null);
  room.people.set(person, { ...room.people.get(person), sending: transport, producers: producers.filter((producer) => producer) });
  const answered = sections.map((section, index) => (
    { ...section, direction: producers[index] ? 'recvonly' : 'inactive', header: section.extensions.map(extmap) }));
  return { sdp: describe(transport, answered), transport };
}

/** Again for those who came since: the same transport, and more sections at the end. */
async function subscribe({ room: id, person }) {
  const room = await enter(id);
  const someone = room.people.get(person) ?? { producers: [] };
  room.people.set(person, someone);
  someone.receiving ??= { transport: await newTransport(room), sections: [], watched: new Set() };
  const { transport, sections, watched } = someone.receiving;
  const others = [...room.people].filter(([other]) => other !== person).flatMap(([, { producers }]) => producers);
  for (const producer of others.filter(({ id }) => !watched.has(id))) {
    watched.add(producer.id);
    const consumer = await transport.consume({ producerId: producer.id, rtpCapabilities: receiveCapabilities(room.router) });
    sections.push(consumerSection(consumer));
  }
  return { sdp: describe(transport, sections) };
}

async function answer({ room: id, person, sdp }) {
  const { receiving } = (await enter(id)).people.get(person);
  if (!receiving.connected) await connect(receiving.transport, parse(sdp));
  receiving.connected = true;
  return {};
}

async function leave({ room: id, person }) {
  const room = await enter(id);
  const someone = room.people.get(person);
  room.people.delete(person);
  someone?.sending?.close();
  someone?.receiving?.transport.close();
  return {};
}

/** WHIP's and WHEP's resources: number -> what ends it. */
const resources = new Map();
let lastResource = 0;

async function whip({ method, url, headers }, offer) {
  const [, what, id, number] = url.split('/');
  if (method === 'DELETE' && what === 'resource') {
    const end = resources.get(id);
    resources.delete(id);
    end?.();
    return [end ? 200 : 404, {}, ''];
  }
  if (method !== 'POST' || headers['content-type'] !== 'application/sdp') return [415, {}, 'an offer is POSTed as application/sdp'];
  const [room, person] = [Number(id), Number(number)];
  const resource = String(lastResource += 1);
  const { sdp, transport } = what === 'whip' ? await publish({ room, person, sdp: offer }) : await watch({ room, person, sdp: offer });
  resources.set(resource, () => transport.close());
  return [201, { 'content-type': 'application/sdp', location: `/resource/${resource}` }, sdp];
}

/** The generator offers to receive one of each kind; mids and payload types are its own. */
async function watch({ room: id, person, sdp }) {
  const room = await enter(id);
  const transport = await newTransport(room);
  const offered = parse(sdp);
  await connect(transport, offered);
  const sections = [];
  for (const { kind, mid } of offered) {
    const producer = room.people.get(person).producers.find((producer) => producer.kind === kind);
    // An answer may name only what was offered: no extensions and no RTX of this side's numbers.
    const rtpCapabilities = { ...receiveCapabilities(room.router), headerExtensions: [] };
    const consumer = await transport.consume({ producerId: producer.id, rtpCapabilities, mid });
    sections.push({ ...consumerSection(consumer), rtx: undefined });
  }
  return { sdp: describe(transport, sections), transport };
}

function enter(id) {
  if (!rooms.has(id)) {
    rooms.set(id, worker.createRouter({ mediaCodecs: CODECS }).then((router) => ({ router, people: new Map() })));
  }
  return rooms.get(id);
}

function newTransport(room) {
  return room.router.createWebRtcTransport({ webRtcServer, enableUdp: true, enableTcp: false });
}

function connect(transport, sections) {
  const [algorithm, value] = sections.find((section) => section.fingerprint).fingerprint.split(' ');
  return transport.connect({ dtlsParameters: { role: 'client', fingerprints: [{ algorithm, value }] } });
}

/** What the generator sends in this section, in mediasoup's words. */
function sendParameters({ kind, mid, ssrc, payloadType, extensions }) {
  const codec = CODECS.find((known) => known.kind === kind);
  const rtcpFeedback = kind === 'video' ? [{ type: 'nack' }, { type: 'nack', parameter: 'pli' }, { type: 'ccm', parameter: 'fir' }] : [];
  const { mimeType, clockRate, channels } = codec;
  return {
    kind,
    rtpParameters: {
      mid,
      codecs: [{ mimeType, clockRate, channels, payloadType, rtcpFeedback }],
      headerExtensions: extensions,
      encodings: [{ ssrc }],
      rtcp: { cname: 'load' },
    },
  };
}

/** What the generator receives: no congestion control of the downlink, as for every server that is compared. */
function receiveCapabilities(router) {
  const { codecs, headerExtensions } = router.rtpCapabilities;
  const kept = (feedback) => feedback.type !== 'transport-cc' && feedback.type !== 'goog-remb';
  return {
    codecs: codecs.map((codec) => ({ ...codec, rtcpFeedback: codec.rtcpFeedback.filter(kept) })),
    headerExtensions: headerExtensions.filter(({ uri }) => uri === MID || uri === LEVEL),
  };
}

function consumerSection({ kind, rtpParameters }) {
  const [codec, rtx] = rtpParameters.codecs;
  const header = rtpParameters.headerExtensions.map(extmap);
  const [{ ssrc }] = rtpParameters.encodings;
  header.push(`a=ssrc:${ssrc} cname:${rtpParameters.rtcp.cname}`);
  return { kind, mid: rtpParameters.mid, payloadType: codec.payloadType, rtx: rtx?.payloadType, direction: 'sendonly', header };
}

function extmap({ id, uri }) {
  return `a=extmap:${id} ${uri}`;
}

/** This transport with these sections, as a description. */
function describe(transport, sections) {
  const { usernameFragment, password } = transport.iceParameters;
  const { fingerprints } = transport.dtlsParameters;
  const { value } = fingerprints.find(({ algorithm }) => algorithm === 'sha-256');
  const shared = [
    'c=IN IP4 0.0.0.0', `a=ice-ufrag:${usernameFragment}`, `a=ice-pwd:${password}`, `a=fingerprint:sha-256 ${value}`,
    'a=setup:passive', 'a=rtcp-mux',
    ...transport.iceCandidates.map(({ foundation, priority, ip, port }) => (
      `a=candidate:${foundation} 1 udp ${priority} ${ip} ${port} typ host`)),
    'a=end-of-candidates',
  ];
  const lines = ['v=0', 'o=- 1 1 IN IP4 0.0.0.0', 's=-', 't=0 0', 'a=ice-lite',
    `a=group:BUNDLE ${sections.map(({ mid }) => mid).join(' ')}`];
  for (const { kind, mid, payloadType, rtx, direction, header } of sections) {
    const formats = rtx ? `${payloadType} ${rtx}` : payloadType;
    lines.push(`m=${kind} 9 UDP/TLS/RTP/SAVPF ${formats}`, ...shared, `a=mid:${mid}`, `a=${direction}`, ...header);
    if (kind === 'audio') {
      lines.push(`a=rtpmap:${payloadType} opus/48000/2`, `a=fmtp:${payloadType} useinbandfec=1`);
    } else {
      lines.push(`a=rtpmap:${payloadType} VP8/90000`, ...['nack', 'nack pli', 'ccm fir'].map((way) => `a=rtcp-fb:${payloadType} ${way}`));
    }
    if (rtx) lines.push(`a=rtpmap:${rtx} rtx/90000`, `a=fmtp:${rtx} apt=${payloadType}`);
  }
  return `${lines.join('\r\n')}\r\n`;
}

/** What is needed of the generator's descriptions. */
function parse(sdp) {
  return sdp.split(/^m=/m).slice(1).map((text) => {
    const field = (pattern) => text.match(pattern)?.[1];
    const kind = text.split(' ', 1)[0];
    const codec = kind === 'audio' ? 'opus' : 'VP8';
    return {
      kind,
      mid: field(/^a=mid:(\S+)/m),
      ssrc: Number(field(/^a=ssrc:(\d+)/m)) || undefined,
      payloadType: Number(field(new RegExp(`^a=rtpmap:(\\d+) ${codec}/`, 'm'))),
      extensions: [MID, LEVEL].map((uri) => ({ uri, id: Number(text.match(new RegExp(`^a=extmap:(\\d+)\\S* ${uri}`, 'm'))?.[1]) }))
        .filter(({ id }) => id),
      fingerprint: field(/^a=fingerprint:(.+?)\s*$/m),
    };
  });
}
