// Lets the installed browsers run ICE and DTLS against `sfu/examples/connect.rs`. Usage: see README.md.
// Exits with 1 when one does not come to `connected`.
import { spawn } from 'node:child_process';
import { networkInterfaces } from 'node:os';
import { BROWSERS, withPage } from './browser.mjs';

const [binary] = process.argv.slice(2);
const address = Object.values(networkInterfaces()).flat().find((one) => one.family === 'IPv4' && !one.internal)?.address;

let failures = 0;
for (const browser of BROWSERS) {
  const server = spawn(binary, [address ?? '127.0.0.1'], { stdio: ['pipe', 'pipe', 'inherit'] });
  let said = '';
  server.stdout.setEncoding('utf8').on('data', (text) => (said += text));
  const until = async (pattern) => {
    for (let turn = 0; turn < 200 && !pattern.test(said); turn++) await new Promise((done) => setTimeout(done, 50));
    return said.match(pattern)?.[0] ?? '';
  };
  await withPage(browser, async (page) => {
    await page.evaluate(() => globalThis.open('slots-tracks'));
    server.stdin.write(`${(await page.evaluate(() => globalThis.offer())).trimEnd()}\r\n.\r\n`);
    const answer = await until(/^[^]*\r\n\.\r\n/);
    await page.evaluate((sdp) => globalThis.accept(sdp), answer.slice(0, -3));
    const connected = await until(/connected \w+/);
    const state = await page.evaluate(async () => {
      for (let turn = 0; turn < 100 && pc.connectionState !== 'connected'; turn++) await new Promise((done) => setTimeout(done, 50));
      const stats = [...(await pc.getStats()).values()].find((one) => one.type === 'transport');
      return `${pc.connectionState} ${stats?.tlsVersion} ${stats?.srtpCipher}`;
    });
    const right = connected && state.startsWith('connected');
    console.log(right ? 'ok  ' : 'FAIL', browser, connected, '|', state);
    failures += right ? 0 : 1;
  });
  server.kill();
}
process.exit(failures ? 1 : 0);
