/** Which codecs the offer names. Pure. Trimming keeps an offer of 17 sections far under the server's limit. */

/** @typedef {{mimeType: string, sdpFmtpLine?: string}} CodecCapability */

/** In order of preference: VP8 carries simulcast everywhere, H.264 is what carts encode, VP9 only in profile 0 (RFC 9628 §7). @type {((codec: CodecCapability) => boolean)[]} */
const VIDEO = [
  (codec) => isNamed(codec, 'video/vp8'),
  (codec) => isNamed(codec, 'video/h264') && (codec.sdpFmtpLine ?? '').includes('packetization-mode=1'),
  (codec) => isNamed(codec, 'video/vp9') && !/profile-id=[1-9]/.test(codec.sdpFmtpLine ?? ''),
  (codec) => isNamed(codec, 'video/rtx'),
];

/** RED (RFC 2198) is second: sent when the link loses (state/speech.js), understood always. @type {((codec: CodecCapability) => boolean)[]} */
const AUDIO = [(codec) => isNamed(codec, 'audio/opus'), (codec) => isNamed(codec, 'audio/red')];

/**
 * @template {CodecCapability} T
 * @param {'audio' | 'video'} kind @param {readonly T[]} capabilities what the browser can do
 * @returns {T[]} what we offer, best first; empty when the browser has none of it (then its own order stands)
 */
export function offeredCodecs(kind, capabilities) {
  const wanted = kind === 'audio' ? AUDIO : VIDEO;
  return wanted.flatMap((fits) => capabilities.filter(fits));
}

/** @param {CodecCapability} codec @param {string} mimeType */
function isNamed(codec, mimeType) {
  return codec.mimeType.toLowerCase() === mimeType;
}
