/** A still of what this person shows, small enough for one signaling message. Owns a picture element that nobody sees. */

/** Characters of base64 (`limits::STILL_CHARACTERS`). */
export const MOST_CHARACTERS = 12 * 1024;
/** From the best down; the first that fits is sent. @type {readonly {width: number, quality: number}[]} */
const TRIES = [
  { width: 480, quality: 0.5 },
  { width: 320, quality: 0.6 },
  { width: 320, quality: 0.4 },
  { width: 240, quality: 0.3 },
];

export class Camera {
  constructor() {
    this.video = document.createElement('video');
    this.video.muted = true;
    this.video.playsInline = true;
    this.canvas = document.createElement('canvas');
  }

  /** @param {MediaStream | null} stream @returns {Promise<string | null>} a JPEG in base64; null: there is no picture */
  async still(stream) {
    if (this.video.srcObject !== stream) {
      this.video.srcObject = stream;
      await this.video.play().catch(() => {});
    }
    const { videoWidth, videoHeight } = this.video;
    if (!stream || videoWidth === 0) return null;
    for (const { width, quality } of TRIES) {
      this.canvas.width = Math.min(width, videoWidth);
      this.canvas.height = Math.round((this.canvas.width * videoHeight) / videoWidth);
      this.canvas.getContext('2d')?.drawImage(this.video, 0, 0, this.canvas.width, this.canvas.height);
      const still = this.canvas.toDataURL('image/jpeg', quality).split(',')[1] ?? '';
      if (still !== '' && still.length <= MOST_CHARACTERS) return still;
    }
    return null;
  }

  stop() {
    this.video.srcObject = null;
  }
}
