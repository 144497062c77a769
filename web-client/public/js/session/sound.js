/** What is heard: one <audio> element per listening slot. Says when the browser wants a tap before it plays. */

export class Sound {
  /** @param {(blocked: boolean) => void} onBlocked */
  constructor(onBlocked) {
    this.onBlocked = onBlocked;
    /** @type {HTMLAudioElement[]} */
    this.elements = [];
    this.speakerId = '';
    this.place = document;
  }

  /** @param {MediaStream[]} streams one per slot, of the PeerConnection in use @param {Document} place that it belongs to */
  play(streams, place) {
    if (place !== this.place) {
      this.stop();
      this.elements.splice(0).forEach((element) => element.remove());
      this.place = place;
    }
    while (this.elements.length < streams.length) this.elements.push(newElement(place));
    for (const [index, stream] of streams.entries()) {
      const element = this.elements[index];
      if (element && element.srcObject !== stream) element.srcObject = stream;
    }
    this.choose(this.speakerId);
    this.unblock();
  }

  /** Starts every element; called again from a tap. */
  unblock() {
    this.onBlocked(false);
    for (const element of this.elements) {
      // A slot that carries nobody yet starts later; only a refusal is news.
      element.play().catch((error) => error.name === 'NotAllowedError' && this.onBlocked(true));
    }
  }

  /** @param {string} speakerId empty = as set in the system */
  choose(speakerId) {
    this.speakerId = speakerId;
    for (const element of this.elements) {
      // Firefox before 116 and Safari cannot choose; an unplugged speaker falls back to the system's.
      if (speakerId || element.sinkId) element.setSinkId?.(speakerId).catch(() => {});
    }
  }

  stop() {
    for (const element of this.elements) element.srcObject = null;
  }
}

/** @param {Document} place */
function newElement(place) {
  const element = place.createElement('audio');
  element.autoplay = true;
  element.dataset.testid = 'slot-audio';
  place.body.append(element);
  return element;
}
