/** From the browser's cumulative counters to one `stats` message per interval. Pure. */

/** @typedef {import('../protocol/types.js').UplinkStats} UplinkStats */
/** @typedef {import('../protocol/types.js').DownlinkStats} DownlinkStats */

/**
 * Sums over all streams, as they stand now.
 * @typedef {object} Totals
 * @property {number} atMs
 * @property {number} sentBytes @property {number} sentPackets @property {number} sentLost
 * @property {number} receivedBytes @property {number} receivedPackets @property {number} receivedLost
 * @property {number} samples @property {number} concealedSamples
 * @property {number} frames @property {number} freezeSeconds @property {number} videoStreams streams that have decoded a frame
 * @property {number} heardBytes all that came from the server, reports included
 * @property {number} soundLoss of the microphone, as the last report said: repaired or not @property {number} soundLost what stayed lost of it @property {number} soundSent
 * @property {number | null} estimateBps
 * @property {number} rttMs @property {number} jitterMs @property {UplinkStats['limited']} limited
 */

/** @param {readonly any[]} entries what RTCPeerConnection.getStats() holds @param {number} atMs @returns {Totals} */
export function totalsOf(entries, atMs) {
  /** @type {Totals} */
  const totals = {
    atMs,
    sentBytes: 0,
    sentPackets: 0,
    sentLost: 0,
    receivedBytes: 0,
    receivedPackets: 0,
    receivedLost: 0,
    samples: 0,
    concealedSamples: 0,
    frames: 0,
    freezeSeconds: 0,
    videoStreams: 0,
    heardBytes: 0,
    soundLoss: 0,
    soundLost: 0,
    soundSent: 0,
    estimateBps: null,
    rttMs: 0,
    jitterMs: 0,
    limited: 'none',
  };
  for (const entry of entries) addEntry(totals, entry);
  const pair = chosenPair(entries);
  if (pair?.currentRoundTripTime !== undefined) totals.rttMs = pair.currentRoundTripTime * 1000;
  totals.estimateBps = pair?.availableOutgoingBitrate ?? null;
  return totals;
}

/** That media takes now: several may be nominated, and each goes on with its own checks. @param {readonly any[]} entries what RTCPeerConnection.getStats() holds */
export function chosenPair(entries) {
  const chosen = entries.find((entry) => entry.type === 'transport')?.selectedCandidatePairId;
  // Firefox marks it, and has no transports.
  return entries.find((entry) => entry.type === 'candidate-pair' && (chosen ? entry.id === chosen : entry.selected));
}

/** @param {Totals} totals @param {any} entry */
function addEntry(totals, entry) {
  switch (entry.type) {
    case 'outbound-rtp':
      totals.sentBytes += (entry.bytesSent ?? 0) + (entry.headerBytesSent ?? 0);
      totals.sentPackets += entry.packetsSent ?? 0;
      if (entry.kind === 'audio') totals.soundSent += entry.packetsSent ?? 0;
      if (entry.qualityLimitationReason === 'cpu' || entry.qualityLimitationReason === 'bandwidth') totals.limited = entry.qualityLimitationReason;
      break;
    case 'remote-inbound-rtp':
      totals.sentLost += Math.max(0, entry.packetsLost ?? 0);
      if (entry.kind === 'audio') {
        totals.soundLoss = Math.max(totals.soundLoss, entry.fractionLost ?? 0);
        totals.soundLost += Math.max(0, entry.packetsLost ?? 0);
      }
      totals.rttMs ||= (entry.roundTripTime ?? 0) * 1000;
      break;
    case 'candidate-pair':
      totals.heardBytes += entry.bytesReceived ?? 0;
      break;
    case 'inbound-rtp':
      totals.receivedBytes += (entry.bytesReceived ?? 0) + (entry.headerBytesReceived ?? 0);
      totals.receivedPackets += entry.packetsReceived ?? 0;
      totals.receivedLost += Math.max(0, entry.packetsLost ?? 0);
      totals.samples += entry.totalSamplesReceived ?? 0;
      totals.concealedSamples += Math.max(0, (entry.concealedSamples ?? 0) - (entry.silentConcealedSamples ?? 0));
      totals.frames += entry.framesDecoded ?? 0;
      totals.freezeSeconds += entry.totalFreezesDuration ?? 0;
      if (entry.kind === 'video' && entry.framesDecoded > 0) totals.videoStreams += 1;
      if (entry.kind === 'audio' && entry.packetsReceived > 0) totals.jitterMs = Math.max(totals.jitterMs, (entry.jitter ?? 0) * 1000);
      break;
  }
}

/** @param {Totals} before @param {Totals} now @param {UplinkStats['rung']} rung @returns {{interval_ms: number, uplink: UplinkStats, downlink: DownlinkStats}} */
export function statsBetween(before, now, rung) {
  const intervalMs = Math.max(1, Math.round(now.atMs - before.atMs));
  const seconds = intervalMs / 1000;
  const grown = (/** @type {Exclude<keyof Totals, 'limited' | 'estimateBps'>} */ name) => Math.max(0, now[name] - before[name]);
  const videoSeconds = seconds * Math.max(1, now.videoStreams);
  return {
    interval_ms: intervalMs,
    uplink: {
      rtt_ms: round(now.rttMs),
      loss_ratio: ratio(grown('sentLost'), grown('sentPackets')),
      rate_bps: Math.round((grown('sentBytes') * 8) / seconds),
      estimate_bps: now.estimateBps === null ? null : Math.round(now.estimateBps),
      limited: now.limited,
      rung,
    },
    downlink: {
      loss_ratio: ratio(grown('receivedLost'), grown('receivedLost') + grown('receivedPackets')),
      jitter_ms: round(now.jitterMs),
      rate_bps: Math.round((grown('receivedBytes') * 8) / seconds),
      concealed_ratio: ratio(grown('concealedSamples'), grown('samples')),
      freeze_ratio: ratio(grown('freezeSeconds'), videoSeconds),
      frames_per_s: round(grown('frames') / videoSeconds),
    },
  };
}

/**
 * The one picture that a sender sends, over about a second: of VP8.
 * @param {readonly any[]} before @param {readonly any[]} now what RTCPeerConnection.getStats() holds @param {string | null} mid @param {readonly RTCRtpEncodingParameters[]} encodings
 * @returns {import('../state/sharpness.js').Sent | null} none, or several
 */
export function pictureSent(before, now, mid, encodings) {
  const grown = (/** @type {any} */ entry, /** @type {string} */ name) => (entry[name] ?? 0) - (before.find(({ id }) => id === entry.id)?.[name] ?? 0);
  const flowing = now.filter((entry) => entry.type === 'outbound-rtp' && entry.kind === 'video' && entry.mid === mid && grown(entry, 'framesEncoded') > 0);
  const [picture] = flowing;
  const camera = now.find(({ id }) => id === picture?.mediaSourceId);
  const codec = now.find(({ id }) => id === picture?.codecId);
  // Each codec has quantisers of its own, and not every browser tells of them.
  if (flowing.length !== 1 || codec?.mimeType !== 'video/VP8' || !camera?.width || picture.qpSum === undefined) return null;
  const { scaleResolutionDownBy: scale = 1 } = encodings.find(({ rid }) => rid === picture.rid) ?? {};
  const frames = grown(picture, 'framesEncoded');
  return {
    pixels: picture.frameWidth * picture.frameHeight,
    askedPixels: (camera.width * camera.height) / scale ** 2,
    quantiser: grown(picture, 'qpSum') / frames,
    frames,
    cameraFrames: grown(camera, 'frames'),
  };
}

/** Of the microphone's sound, what nothing brought. @param {Totals} before @param {Totals} now */
export function soundMissed(before, now) {
  return ratio(Math.max(0, now.soundLost - before.soundLost), now.soundSent - before.soundSent);
}

/** @param {number} part @param {number} whole */
function ratio(part, whole) {
  return whole > 0 ? Math.min(1, Math.round((part / whole) * 10_000) / 10_000) : 0;
}

/** @param {number} value */
function round(value) {
  return Math.round(value * 10) / 10;
}
