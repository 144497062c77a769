/**
 * What a browser can do with Opus and does not offer by itself, written into its offer. Pure; where there is nothing to add the offer stays as
 * it is.
 *
 * - `nack` in every audio section: lost sound is asked for again. Only with RED, in which our server answers (RFC 2198); Firefox has neither.
 * - `stereo=1` in listening sections (RFC 7587 §7.1): a stethoscope is heard as it was sent. Speech stays mono.
 */

/** @param {string} sdp an offer of this browser's @returns {string} */
export function withAudioRepair(sdp) {
  const [session = '', ...sections] = sdp.split(/^(?=m=)/m);
  return [session, ...sections.map((section) => (section.startsWith('m=audio') ? repaired(section) : section))].join('');
}

/**
 * The server's answer with RED (RFC 2198) before Opus in the first audio section, the microphone's, or behind it: what comes first is what a browser
 * sends. `RTCRtpEncodingParameters.codec` does not change it.
 * @param {string} sdp @param {boolean} isRedundant @returns {string} the same where the section has no RED
 */
export function withRedundancy(sdp, isRedundant) {
  const section = microphoneOf(sdp);
  const red = section && /^a=rtpmap:(\d+) red\/48000\/2\r$/m.exec(section)?.[1];
  if (!red) return sdp;
  const reordered = section.replace(/^(m=audio \S+ \S+ )(.*)\r$/m, (_, head, formats) => {
    const others = formats.split(' ').filter((/** @type {string} */ format) => format !== red);
    return `${head}${(isRedundant ? [red, ...others] : [...others, red]).join(' ')}\r`;
  });
  return sdp.replace(section, () => reordered);
}

/**
 * The server's answer with packets of so much sound in the first audio section, the microphone's (`ptime`, RFC 8866 §6.4).
 * @param {string} sdp @param {number} ms @returns {string}
 */
export function withPackets(sdp, ms) {
  const section = microphoneOf(sdp);
  return section ? sdp.replace(section, () => `${section.replace(/^a=ptime:.*\r\n/gm, '')}a=ptime:${ms}\r\n`) : sdp;
}

/**
 * The server's answer with the layers that are not sent as paused (RFC 8853 §5.1): an answer makes a browser encode each layer that it does not call so.
 * @param {string} sdp @param {readonly {rid?: string, active?: boolean}[]} encodings as they are @returns {string}
 */
export function withPausedLayers(sdp, encodings) {
  const paused = new Set(encodings.filter(({ active }) => active === false).map(({ rid }) => rid));
  return sdp.replace(/^(a=simulcast:recv )(.*)\r$/m, (_, head, rids) => {
    const layers = rids.split(';').map((/** @type {string} */ rid) => (paused.has(rid) ? `~${rid}` : rid));
    return `${head}${layers.join(';')}\r`;
  });
}

/** The first audio section. @param {string} sdp */
const microphoneOf = (sdp) => sdp.split(/^(?=m=)/m).find((one) => one.startsWith('m=audio'));

/** @param {string} section */
function repaired(section) {
  const opus = /^a=rtpmap:(\d+) opus\/48000\/2\r$/m.exec(section)?.[1];
  if (opus === undefined || !/^a=rtpmap:\d+ red\/48000\/2\r$/m.test(section)) return section;
  const listens = /^a=recvonly\r$/m.test(section);
  return section
    .split('\r\n')
    .flatMap((line) => {
      if (line === `a=rtpmap:${opus} opus/48000/2` && !section.includes(`a=rtcp-fb:${opus} nack\r`)) return [line, `a=rtcp-fb:${opus} nack`];
      if (listens && line.startsWith(`a=fmtp:${opus} `) && !line.includes('stereo=')) return [`${line};stereo=1`];
      return [line];
    })
    .join('\r\n');
}
