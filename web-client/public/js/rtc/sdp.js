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
