// Writes the offers that the installed browsers make into ../offers/<browser>-<case>.sdp; `restart` follows `slots-tracks`
// after an answer of ours. Usage: see README.md.
import { writeFile } from 'node:fs/promises';
import { Answerer } from './answerer.mjs';
import { BROWSERS, CASES, withPage } from './browser.mjs';

const [binary] = process.argv.slice(2);

async function save(name, sdp) {
  await writeFile(new URL(`../offers/${name}.sdp`, import.meta.url), sdp);
  console.log(name, sdp.match(/^m=/gm).length, 'sections,', sdp.length, 'bytes');
}

for (const browser of BROWSERS) {
  for (const name of CASES) {
    await withPage(browser, async (page) => {
      await page.evaluate((name) => globalThis.open(name), name);
      const first = await page.evaluate(() => globalThis.offer());
      await save(`${browser}-${name}`, first);
      if (name !== 'slots-tracks') return;
      const answerer = new Answerer(binary);
      await page.evaluate((sdp) => globalThis.accept(sdp), await answerer.answer(first));
      answerer.end();
      await save(`${browser}-restart`, await page.evaluate(() => globalThis.offer({ iceRestart: true })));
    });
  }
}
