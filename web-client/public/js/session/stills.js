/** A still of what this person shows, small enough for one signaling message and for the link. Owns a picture element that nobody sees. */

/** Characters of base64 (`limits::STILL_CHARACTERS` for each piece). */
export const MOST_CHARACTERS = 12 * 1024;
/** Of what the link carries in the five seconds of a still. */
const TAKES_S = 0.5;
const BITS_OF_CHARACTER = 8;
/** From the best down; the first that fits is sent, else the last. @type {readonly {width: number, quality: number}[]} */
const TRIES = [
  { width: 480, quality: 0.5 },
  { width: 320, quality: 0.6 },
  { width: 320, quality: 0.4 },
  { width: 240, quality: 0.3 },
  { width: 176, quality: 0.3 },
];

export class Camera {
  constructor() {
    this.video = document.createElement('video');
    this.video.muted = true;
    this.video.playsInline = true;
    this.canvas = document.createElement('canvas');
  }

  /** @param {MediaStream | null} stream @param {number | null} estimateBps of the uplink @returns {Promise<string | null>} a JPEG in base64; null: there is no picture */
  async still(stream, estimateBps) {
    if (this.video.srcObject !== stream) {
      this.video.srcObject = stream;
      await this.video.play().catch(() => {});
    }
    const { videoWidth, videoHeight } = this.video;
    if (!stream || videoWidth === 0) return null;
    let still = '';
    for (const { width, quality } of TRIES) {
      this.canvas.width = Math.min(width, videoWidth);
      this.canvas.height = Math.round((this.canvas.width * videoHeight) / videoWidth);
      this.canvas.getContext('2d')?.drawImage(this.video, 0, 0, this.canvas.width, this.canvas.height);
      still = this.canvas.toDataURL('image/jpeg', quality).split(',')[1] ?? '';
      if (still.length <= charactersFor(estimateBps)) break;
    }
    return still !== '' && still.length <= MOST_CHARACTERS ? still : null;
  }

  stop() {
    this.video.srcObject = null;
  }
}

/** @param {number | null} estimateBps */
const charactersFor = (estimateBps) => Math.min(MOST_CHARACTERS, ((estimateBps ?? Infinity) * TAKES_S) / BITS_OF_CHARACTER);
