// Lets the installed browsers judge our answers: each must take the answer to its own offer, and then to an ICE restart.
// Usage: see README.md. Exits with 1 when one refuses.
import { Answerer } from './answerer.mjs';
import { BROWSERS, CASES, withPage } from './browser.mjs';

const [binary] = process.argv.slice(2);

/** What the browser must see: directions turned, and all layers of the camera kept. */
function expected(name) {
  if (name === 'plain-data') return { directions: ['sendonly', 'sendonly'], camera: 1 };
  return { directions: [...Array(4).fill('sendonly'), ...Array(13).fill('recvonly')], camera: 3 };
}

let failures = 0;
for (const browser of BROWSERS) {
  for (const name of CASES) {
    const answerer = new Answerer(binary);
    await withPage(browser, async (page) => {
      await page.evaluate((name) => globalThis.open(name), name);
      for (const step of ['first', 'restart']) {
        const offer = await page.evaluate((iceRestart) => globalThis.offer({ iceRestart }), step === 'restart');
        const seen = await page.evaluate((sdp) => globalThis.accept(sdp), await answerer.answer(offer));
        const { directions, camera } = expected(name);
        const right = seen.state === 'stable' && `${seen.directions}` === `${directions}` && seen.layers[1] === camera;
        console.log(right ? 'ok  ' : 'FAIL', browser, name, step, right ? '' : JSON.stringify(seen));
        failures += right ? 0 : 1;
      }
    }).catch((error) => {
      console.log('FAIL', browser, name, error.message);
      failures += 1;
    });
    answerer.end();
  }
}
process.exit(failures ? 1 : 0);
