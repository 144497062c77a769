/**
 * A page of Janus' VideoRoom, as its own demo goes about it: a connection to publish, and one to watch whoever else publishes. Sent to the page as
 * text, so it refers to nothing outside.
 */

/** @param {string} url @param {number} room @returns {Promise<void>} */
export async function joinJanus(url, room) {
  const socket = await opened();
  /** @type {Map<string, (said: any) => void>} */
  const asked = new Map();
  /** @type {Map<number, (said: any) => void>} */
  const handles = new Map();
  let session = 0;
  socket.onmessage = ({ data }) => {
    const said = JSON.parse(data);
    if (said.janus === 'ack') return;
    const answers = asked.get(said.transaction);
    asked.delete(said.transaction);
    if (answers) answers(said);
    else handles.get(said.sender)?.(said);
  };
  const ask = (/** @type {Record<string, unknown>} */ fields) =>
    new Promise((/** @type {(said: any) => void} */ resolve, reject) => {
      const transaction = String(Math.random());
      asked.set(transaction, (said) => {
        const refusal = said.error?.reason ?? said.plugindata?.data?.error;
        if (refusal && !/already exists/.test(refusal)) reject(new Error(refusal));
        else resolve(said);
      });
      socket.send(JSON.stringify({ ...fields, transaction, ...(session ? { session_id: session } : {}) }));
    });
  const attach = async () => (await ask({ janus: 'attach', plugin: 'janus.plugin.videoroom' })).data.id;
  const message = (/** @type {number} */ handle, /** @type {object} */ body, /** @type {object | undefined} */ jsep = undefined) =>
    ask({ janus: 'message', handle_id: handle, body, jsep });
  const gathered = async (/** @type {RTCPeerConnection} */ peer) => {
    while (peer.iceGatheringState !== 'complete') await new Promise((resolve) => setTimeout(resolve, 20));
    return { type: peer.localDescription?.type, sdp: peer.localDescription?.sdp, trickle: false };
  };
  session = (await ask({ janus: 'create' })).data.id;
  setInterval(() => void ask({ janus: 'keepalive' }), 20_000);

  const publishing = await attach();
  handles.set(publishing, ({ plugindata }) => watch(plugindata?.data?.publishers ?? []));
  await message(publishing, { request: 'create', room, publishers: 6, bitrate: 0, audiocodec: 'opus', videocodec: 'vp8', opus_fec: true });
  const joined = await message(publishing, { request: 'join', ptype: 'publisher', room });
  const camera = new RTCPeerConnection();
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 1280, height: 720 } });
  for (const track of stream.getTracks()) camera.addTrack(track, stream);
  // One's own picture is shown, as its demo does and our page: beside two pictures Chromium draws 30 times a second, beside one 60.
  show('video', stream.getVideoTracks()[0], 160);
  await camera.setLocalDescription();
  const answered = await message(publishing, { request: 'publish' }, await gathered(camera));
  await camera.setRemoteDescription(answered.jsep);
  await watch(joined.plugindata.data.publishers);

  /** @param {string} kind @param {MediaStreamTrack} track @param {number} [width] pixels on the page, else as many as the picture has */
  function show(kind, track, width) {
    const element = document.createElement(kind);
    Object.assign(element, { autoplay: true, playsInline: true, srcObject: new MediaStream([track]), ...(width && { width }) });
    document.body.append(element);
  }

  /** A server that has just been started does not listen at once. */
  async function opened() {
    for (let left = 50; ; left -= 1) {
      const attempt = new WebSocket(url, 'janus-protocol');
      const open = await new Promise((resolve) => {
        attempt.onopen = () => resolve(true);
        attempt.onerror = () => resolve(false);
      });
      if (open) return attempt;
      if (left === 0) throw new Error(`nobody answers at ${url}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** @param {{id: number}[]} publishers */
  async function watch(publishers) {
    if (publishers.length === 0) return;
    const watching = await attach();
    const streams = publishers.map(({ id }) => ({ feed: id }));
    const offered = await message(watching, { request: 'join', ptype: 'subscriber', room, streams });
    const peer = new RTCPeerConnection();
    peer.ontrack = ({ track }) => show(track.kind, track);
    await peer.setRemoteDescription(offered.jsep);
    await peer.setLocalDescription();
    await message(watching, { request: 'start' }, await gathered(peer));
  }
}
