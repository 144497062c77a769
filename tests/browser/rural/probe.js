/**
 * What runs inside a page before its own scripts, the same for every server: a camera that draws the time into its picture, and ears and eyes
 * that note what comes out at the other end. Knows no server. `installProbe` is sent to the page as text, so it refers to nothing outside.
 */

/**
 * @typedef {object} Noted since the last `take`, times in Unix milliseconds
 * @property {{at: number, delay_ms: number | null, height: number}[]} frames shown; without delay: the time in the picture was not legible
 * @property {[number, number][]} sent loudness of what the microphone gave, by time
 * @property {[number, number][]} heard loudness of what was played
 * @property {Record<string, number>} totals of the browser's own counters, since the page loaded
 * @property {number} from when the last `take` was
 * @property {number} to
 */

/** @param {number} framesPerSecond */
export function installProbe(framesPerSecond) {
  const WIDTH = 1280;
  const HEIGHT = 720;
  /** Cells across the top: white, black, sixteen bits of milliseconds, three of check. */
  const CELLS = 21;
  const CELL = { width: WIDTH / CELLS, height: 72 };
  const now = () => performance.timeOrigin + performance.now();
  const check = (/** @type {number} */ value) => (value ^ (value >> 3) ^ (value >> 6) ^ (value >> 9) ^ (value >> 12) ^ (value >> 15)) & 7;

  /** @type {RTCPeerConnection[]} */
  const peers = [];
  /** @type {Noted['frames']} */
  let frames = [];
  let from = now();

  const Native = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Native {
    /** @param {RTCConfiguration} [configuration] */
    constructor(configuration) {
      super(configuration);
      peers.push(this);
      this.addEventListener('track', ({ track }) => track.kind === 'audio' && listen(track, heard));
    }
  };

  // The picture: noise that moves as a person does, under the time.
  const canvas = document.createElement('canvas');
  canvas.width = WIDTH;
  canvas.height = HEIGHT;
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  const texture = pen.createImageData(WIDTH, HEIGHT);
  for (let at = 0, seed = 1; at < texture.data.length; at += 4) {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    const column = (at / 4) % WIDTH;
    texture.data.set([90 + (seed % 24), 110 + (column >> 4), 130 + (seed % 17), 255], at);
  }
  const backdrop = document.createElement('canvas');
  backdrop.width = WIDTH;
  backdrop.height = HEIGHT;
  backdrop.getContext('2d')?.putImageData(texture, 0, 0);

  function draw() {
    const at = now();
    pen.drawImage(backdrop, 0, 0);
    pen.fillStyle = '#c8a080';
    pen.beginPath();
    pen.ellipse(640 + 60 * Math.sin(at / 900), 400 + 20 * Math.sin(at / 400), 140, 190, 0, 0, 7);
    pen.fill();
    pen.fillStyle = '#402020';
    pen.fillRect(590 + 60 * Math.sin(at / 900), 470 + 20 * Math.sin(at / 400), 100, 8 + 20 * Math.abs(Math.sin(at / 120)));
    const time = Math.floor(at) & 0xffff;
    const bits = (time << 3) | check(time);
    for (let cell = 0; cell < CELLS; cell += 1) {
      const white = cell === 0 || (cell > 1 && (bits >> (CELLS - 1 - cell)) & 1);
      pen.fillStyle = white ? '#fff' : '#000';
      pen.fillRect(cell * CELL.width, 0, CELL.width + 1, CELL.height);
    }
  }

  const devices = navigator.mediaDevices;
  const open = devices.getUserMedia.bind(devices);
  let drawing = 0;
  devices.getUserMedia = async (constraints) => {
    const stream = await open(constraints);
    for (const track of stream.getVideoTracks()) {
      stream.removeTrack(track);
      track.stop();
      drawing ||= window.setInterval(draw, 1_000 / framesPerSecond);
      draw();
      stream.addTrack(canvas.captureStream(framesPerSecond).getVideoTracks()[0]);
    }
    for (const track of stream.getAudioTracks()) listen(track, sent);
    return stream;
  };

  // Eyes: every picture of somebody else, wherever the page shows it.
  const small = document.createElement('canvas');
  const lens = /** @type {CanvasRenderingContext2D} */ (small.getContext('2d', { willReadFrequently: true }));
  const watched = new WeakSet();
  const arrives = (/** @type {HTMLVideoElement} */ video) => {
    const shown = video.srcObject instanceof MediaStream ? video.srcObject.getVideoTracks() : [];
    const remote = new Set(peers.flatMap((peer) => peer.getReceivers()).map(({ track }) => track.id));
    return shown.some(({ id }) => remote.has(id));
  };
  function look() {
    for (const video of document.querySelectorAll('video')) {
      // Not one's own: each callback is a frame of the page's main thread, which is then late for the picture that counts.
      if (watched.has(video) || !arrives(video)) continue;
      watched.add(video);
      const frame = () => {
        if (!arrives(video)) return void watched.delete(video);
        frames.push({ at: now(), delay_ms: read(video), height: video.videoHeight });
        video.requestVideoFrameCallback(frame);
      };
      video.requestVideoFrameCallback(frame);
    }
  }
  setInterval(look, 100);

  /** @param {HTMLVideoElement} video */
  function read(video) {
    const at = now();
    const { videoWidth: width, videoHeight: height } = video;
    const strip = Math.max(2, Math.floor((height * CELL.height) / HEIGHT));
    small.width = width;
    small.height = strip;
    lens.drawImage(video, 0, 0, width, strip, 0, 0, width, strip);
    const { data } = lens.getImageData(0, strip >> 1, width, 1);
    const levels = Array.from({ length: CELLS }, (_, cell) => data[4 * Math.floor(((cell + 0.5) * width) / CELLS) + 1]);
    const middle = (levels[0] + levels[1]) / 2;
    const bits = levels.slice(2).reduce((value, level) => value * 2 + (level > middle ? 1 : 0), 0);
    const time = bits >> 3;
    if (levels[0] - levels[1] < 80 || check(time) !== (bits & 7)) return null;
    return (Math.floor(at) - time) & 0xffff;
  }

  // Ears.
  class Ear {
    /** @type {[number, number][]} */ notes = [];
    /** The context's clock against this machine's, by the callback that came soonest. */ offset = Infinity;
    /** @type {ScriptProcessorNode | undefined} */ node;
  }
  const sent = new Ear();
  const heard = new Ear();
  /** @type {AudioContext | undefined} */
  let context;
  /** @param {MediaStreamTrack} track @param {Ear} ear */
  function listen(track, ear) {
    context ??= new AudioContext();
    void context.resume();
    if (!ear.node) {
      ear.node = context.createScriptProcessor(1_024, 1, 1);
      ear.node.onaudioprocess = ({ inputBuffer, playbackTime }) => {
        const samples = inputBuffer.getChannelData(0);
        const loudness = Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
        ear.offset = Math.min(ear.offset, now() - playbackTime * 1_000);
        ear.notes.push([playbackTime * 1_000, loudness]);
      };
      ear.node.connect(context.destination);
    }
    context.createMediaStreamSource(new MediaStream([track])).connect(ear.node);
  }
  const told = (/** @type {Ear} */ ear) => {
    const notes = ear.notes.map(([at, loudness]) => /** @type {[number, number]} */ ([at + ear.offset, loudness]));
    ear.notes = [];
    return notes;
  };

  async function totals() {
    /** @type {Record<string, number>} */
    const sums = {};
    for (const peer of peers.filter(({ connectionState }) => connectionState !== 'closed')) {
      for (const entry of (await peer.getStats()).values()) {
        const wanted = entry.type === 'inbound-rtp' || entry.type === 'outbound-rtp';
        if (!wanted || entry.packetsReceived === 0) continue;
        for (const [name, value] of Object.entries(entry)) {
          const key = `${entry.type === 'inbound-rtp' ? 'in' : 'out'}.${entry.kind}.${name}`;
          if (typeof value === 'number') sums[key] = (sums[key] ?? 0) + value;
        }
      }
    }
    return sums;
  }

  window.probe = {
    legible: () => frames.some(({ delay_ms }) => delay_ms !== null),
    async take() {
      const taken = { from, to: now(), frames, sent: told(sent), heard: told(heard), totals: await totals() };
      from = taken.to;
      frames = [];
      return taken;
    },
  };
}
