/** The device becomes a cart: eight digits that the administrator reads out, typed or touched. */
import { html, useState } from '../ui/html.js';
import { Icon } from '../ui/icons.js';
import { ProblemBox } from '../desk/parts/problem.js';
import { useAct } from '../desk/resource.js';
import { CODE_LENGTH, codeOf, codeWords } from './rules.js';

const DIGITS = ['1', '2', '3', '4', '5', '6', '7', '8', '9'];

/**
 * @param {{speaking: import('../desk/shell.js').Speaking, api: import('../desk/api.js').Api, wasName: string | null, onPaired: (me: import('../desk/types.js').Me) => void}} props
 *   `wasName` of the cart that this device was before it was unpaired
 */
export function Pairing({ speaking, api, wasName, onPaired }) {
  const { t } = speaking;
  const [code, setCode] = useState('');
  const act = useAct({ api });
  const type = (/** @type {string} */ text) => {
    setCode(codeOf(text));
    act.clear();
  };
  const pair = (/** @type {Event} */ event) => {
    event.preventDefault();
    if (code.length === CODE_LENGTH) {
      void act.run(async () => {
        onPaired(await api.post('/cart-session', { code }));
      });
    }
  };
  return html`<form class="pairing card" data-testid="pairing" onSubmit=${pair}>
    <div class="pairing-words">
      ${wasName
        ? html`<h1 tabindex="-1" data-testid="unpaired">${t('kiosk.unpaired_title')}</h1><p class="lead">${t('kiosk.unpaired_lead', { name: wasName })}</p>`
        : html`<h1 tabindex="-1">${t('kiosk.pair_title')}</h1><p class="lead">${t('kiosk.pair_lead')}</p>`}
      <div class="field">
        <label for="cart-code">${t('kiosk.pair_code')}</label>
        <input id="cart-code" data-testid="cart-code" class="input pairing-code" inputmode="numeric" autocomplete="one-time-code" value=${codeWords(code)}
          aria-invalid=${act.problem ? 'true' : undefined}
          onInput=${(/** @type {InputEvent} */ event) => {
            const input = /** @type {HTMLInputElement} */ (event.currentTarget);
            type(input.value);
            input.value = codeWords(codeOf(input.value));
          }} />
      </div>
      <${ProblemBox} desk=${speaking} problem=${act.problem} />
      <button type="submit" class="button is-primary is-large" data-testid="cart-pair" disabled=${act.isBusy || code.length < CODE_LENGTH}>${t('kiosk.pair_submit')}</button>
    </div>
    <div class="keypad" role="group" aria-label=${t('kiosk.keypad')}>
      ${DIGITS.map((digit) => html`<button type="button" class="key" key=${digit} onClick=${() => type(code + digit)}>${digit}</button>`)}
      <span></span>
      <button type="button" class="key" onClick=${() => type(`${code}0`)}>${'0'}</button>
      <button type="button" class="key" aria-label=${t('kiosk.erase')} title=${t('kiosk.erase')} onClick=${() => type(code.slice(0, -1))}><${Icon} name="erase" size=${28} /></button>
    </div>
  </form>`;
}
