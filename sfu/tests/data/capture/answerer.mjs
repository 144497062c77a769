// A running `sfu/examples/answer.rs`: one server-side PeerConnection. `answer` takes an offer's SDP, gives the answer's.
import { spawn } from 'node:child_process';

export class Answerer {
  #process;
  #buffer = '';
  #waiting = null;

  constructor(binary) {
    this.#process = spawn(binary, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#process.stdout.setEncoding('utf8').on('data', (text) => {
      this.#buffer += text;
      if (this.#buffer.endsWith('\r\n.\r\n')) {
        this.#waiting?.resolve(this.#buffer.slice(0, -3));
        this.#buffer = '';
      }
    });
    this.#process.on('exit', () => this.#waiting?.reject(new Error('the offer was refused')));
  }

  answer(offer) {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#process.stdin.write(`${offer.trimEnd()}\r\n.\r\n`);
    });
  }

  end() {
    this.#process.stdin.end();
  }
}
