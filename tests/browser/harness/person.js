/** One person at one page: what they do with it and what they see. Knows the page by its `data-testid`s alone. */

import { until } from './until.js';

/** @typedef {import('puppeteer-core').Page} Page */
/** @typedef {import('./browsers.js').Kind} Kind */

export const DESKTOP = { width: 1280, height: 800 };

export class Person {
  /** @type {Page} */ page;
  /** @type {Kind} */ kind;
  /** @type {string[]} exceptions that nobody caught */ exceptions = [];
  /** How often something was clicked: desks have budgets. */ clicks = 0;
  /** @type {string[]} what the page said on its console as an error */ complaints = [];

  /** @param {{page: Page, close: () => Promise<void>}} lent @param {Kind} kind */
  constructor(lent, kind) {
    this.page = lent.page;
    this.kind = kind;
    this.close = lent.close;
    this.page.on('pageerror', (error) => this.exceptions.push(String(error)));
    this.page.on('console', (message) => {
      if (message.type() === 'error') this.complaints.push(message.text());
    });
  }

  /** At the desk, with what the person's right hand needs: one click on the language and one on the button. @param {string} desk @param {string} login @param {string} password @param {string} language */
  async signsIn(desk, login, password, language) {
    await this.page.setViewport(DESKTOP);
    await this.page.goto(desk);
    await this.sees('sign-in');
    await this.click(`language-${language}`);
    await this.types('login', login);
    await this.types('password', password);
    await this.click('sign-in-submit');
    await this.sees('view');
    await this.until('the desk hears of changes', async () => (await this.attribute('live', 'data-state')) === 'connected');
  }

  /** The first time: a password that opens nothing but the form for one's own. @param {string} once @param {string} own */
  async choosesPassword(once, own) {
    await this.sees('change-password');
    await this.types('password-current', once);
    await this.types('password-new', own);
    await this.types('password-again', own);
    await this.click('password-submit');
    await this.sees('view');
  }

  /** A call of the API as this person, for what a journey needs and nobody clicks. @param {string} method @param {string} path @param {object} [body] @param {number} [version] @returns {Promise<any>} */
  async asks(method, path, body, version) {
    const answer = await this.page.evaluate(
      async (how, where, what, seen) => {
        /** @type {Record<string, string>} */
        const headers = { 'Content-Type': 'application/json' };
        if (seen !== undefined) headers['If-Match'] = `"${seen}"`;
        const response = await fetch(`/api/v1${where}`, { method: how, headers, body: what && JSON.stringify(what) });
        return { status: response.status, text: await response.text() };
      },
      method, path, body, version,
    );
    if (answer.status >= 400) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
    return answer.text ? JSON.parse(answer.text) : null;
  }

  /** Opens the link and waits for the device check. @param {string} link */
  async arrive(link) {
    await this.page.setViewport(DESKTOP);
    await this.page.bringToFront(); // a browser opens devices for the page that is looked at
    await this.page.goto(link);
    await this.sees('device-check');
  }

  /** Passes the device check, into the call or the waiting room. @param {string} link @param {string} [button] */
  async knock(link, button = 'join-call') {
    await this.arrive(link);
    if (button === 'join-call' && this.kind !== 'firefox without devices') {
      await this.until('the camera is open', () => this.#enabled(button));
    }
    await this.click(button);
  }

  /** Into the call, for those who need no admission. @param {string} link @param {string} [button] */
  async join(link, button) {
    await this.knock(link, button);
    await this.isConnected();
  }

  async isConnected() {
    await this.sees('call');
    await this.until('the call is connected', () =>
      this.page.evaluate(() => {
        const light = document.querySelector('[data-testid="connection-state"][data-state="connected"]');
        return window.kenes.peerConnection()?.connectionState === 'connected' && light !== null;
      }),
    );
  }

  /** This person's id in the room. */
  async id() {
    return /** @type {Promise<string>} */ (this.page.evaluate(() => window.kenes.state().selfId));
  }

  /** Lets everybody in who knocks. @param {Person} other */
  async admits(other) {
    await other.sees('waiting-room');
    const id = await other.id();
    await this.click(`admit-${id}`);
    await other.isConnected();
  }

  /** @param {string} testId @param {number} [timeoutMs] */
  async sees(testId, timeoutMs) {
    await this.until(`${testId} is seen`, () => this.#visible(testId), timeoutMs);
  }

  /** @param {string} testId */
  async doesNotSee(testId) {
    await this.until(`${testId} is gone`, async () => !(await this.#visible(testId)));
  }

  /** As a person would: on what is visible and enabled; on a narrow screen it may lie behind `more-toggle`. @param {string} testId */
  async click(testId) {
    await this.press(selector(testId));
  }

  /** The first that the selector finds: in a row of a list, say. @param {string} css */
  async press(css) {
    await this.until(`${css} can be clicked`, () =>
      this.page.evaluate((wanted) => {
        /** @type {HTMLButtonElement | null} */
        const button = document.querySelector(wanted);
        if (!button || button.disabled || !button.checkVisibility({ visibilityProperty: true })) return false;
        button.click();
        return true;
      }, css),
    );
    this.clicks++;
  }

  /** @param {string} css @param {number} [timeoutMs] */
  async finds(css, timeoutMs) {
    await this.until(`${css} is there`, () => this.page.evaluate((wanted) => document.querySelector(wanted) !== null, css), timeoutMs);
  }

  /** @param {string} testId @param {string} text */
  async types(testId, text) {
    await this.sees(testId);
    await this.page.focus(selector(testId));
    await this.page.keyboard.type(text);
  }

  /** @param {string} testId @returns {Promise<string>} */
  text(testId) {
    return this.page.$eval(selector(testId), (element) => /** @type {HTMLElement} */ (element).innerText);
  }

  /** @param {string} testId @param {string} name @returns {Promise<string | null>} */
  attribute(testId, name) {
    return this.page.$eval(selector(testId), (element, wanted) => element.getAttribute(wanted), name);
  }

  /** What stands on each remote tile. @returns {Promise<Record<string, any>[]>} */
  tiles() {
    return this.page.$$eval('[data-testid="tile"]', (tiles) =>
      /** @type {HTMLElement[]} */ (tiles).map((tile) => ({
        ...tile.dataset,
        text: tile.innerText,
        hasVideo: tile.querySelector('video') !== null,
      })),
    );
  }

  /** Waits for a tile of this participant and source, and for `more` to hold on it. */
  async seesTile(/** @type {string} */ participant, source = 'camera', /** @type {(tile: any) => boolean} */ more = () => true) {
    return this.until(`there is a tile of ${participant}/${source} as wanted`, async () =>
      (await this.tiles()).find((tile) => tile.participant === participant && tile.source === source && more(tile)),
    );
  }

  /** SDP offers made since the page loaded. */
  async offersMade() {
    return /** @type {Promise<number>} */ (this.page.evaluate(() => window.kenes.offersMade));
  }

  /** @template T @param {string} what @param {() => T | Promise<T>} probe @param {number} [timeoutMs] */
  async until(what, probe, timeoutMs) {
    try {
      return await until(what, probe, timeoutMs);
    } catch (error) {
      throw new Error(`${error}\n${await this.#situation()}`, { cause: error });
    }
  }

  async #situation() {
    try {
      const page = await this.page.evaluate(() => {
        const state = window.kenes?.state();
        return {
          url: location.pathname,
          phase: state?.phase,
          connection: state?.connection,
          peer: window.kenes?.peerConnection()?.connectionState,
          generation: window.kenes?.generation,
          room: state?.room,
          notices: state?.notices,
          failure: state?.failure,
          text: document.body.innerText.slice(0, 400),
        };
      });
      return `${this.kind}: ${JSON.stringify(page)}\nsaid: ${[...this.exceptions, ...this.complaints].slice(-5).join(' | ')}`;
    } catch (error) {
      return `${this.kind}: the page does not answer: ${error}`;
    }
  }

  /** @param {string} testId @returns {Promise<boolean>} */
  #visible(testId) {
    return this.page.evaluate(
      (id) => document.querySelector(`[data-testid="${id}"]`)?.checkVisibility({ visibilityProperty: true }) ?? false,
      testId,
    );
  }

  /** @param {string} testId @returns {Promise<boolean>} */
  #enabled(testId) {
    return this.page.evaluate((id) => document.querySelector(`[data-testid="${id}"]:enabled`) !== null, testId);
  }
}

/** @param {string} testId */
function selector(testId) {
  return `[data-testid="${testId}"]`;
}
