/** Form fields with their label, hint and what is wrong with them, tied together for screen readers. */
import { html } from '../../ui/html.js';

/**
 * @typedef {object} FieldProps
 * @property {string} id also the `data-testid`
 * @property {string} label
 * @property {string} value
 * @property {(value: string) => void} onInput
 * @property {string} [hint]
 * @property {string | null} [error]
 * @property {boolean} [isRequired]
 * @property {boolean} [isDisabled]
 */

/** @param {FieldProps & {type?: string, autocomplete?: string, inputmode?: string, maxlength?: number, autofocus?: boolean}} props */
export function TextField({ id, label, value, onInput, hint, error, isRequired, isDisabled, type = 'text', autocomplete = 'off', inputmode, maxlength, autofocus }) {
  return html`<${Frame} id=${id} label=${label} hint=${hint} error=${error}>
    <input id=${id} data-testid=${id} class="input" type=${type} value=${value} autocomplete=${autocomplete} inputmode=${inputmode} maxlength=${maxlength}
      autofocus=${autofocus} required=${isRequired} disabled=${isDisabled} aria-invalid=${error ? 'true' : undefined} aria-describedby=${described(id, hint, error)}
      onInput=${(/** @type {InputEvent} */ event) => onInput(/** @type {HTMLInputElement} */ (event.currentTarget).value)} />
  <//>`;
}

/** @param {FieldProps & {rows?: number, maxlength?: number}} props */
export function TextArea({ id, label, value, onInput, hint, error, isRequired, isDisabled, rows = 3, maxlength }) {
  return html`<${Frame} id=${id} label=${label} hint=${hint} error=${error}>
    <textarea id=${id} data-testid=${id} class="input" rows=${rows} maxlength=${maxlength} required=${isRequired} disabled=${isDisabled}
      aria-invalid=${error ? 'true' : undefined} aria-describedby=${described(id, hint, error)} value=${value}
      onInput=${(/** @type {InputEvent} */ event) => onInput(/** @type {HTMLTextAreaElement} */ (event.currentTarget).value)}></textarea>
  <//>`;
}

/** @param {FieldProps & {options: readonly {value: string, label: string}[]}} props */
export function SelectField({ id, label, value, onInput, hint, error, isRequired, isDisabled, options }) {
  return html`<${Frame} id=${id} label=${label} hint=${hint} error=${error}>
    <select id=${id} data-testid=${id} required=${isRequired} disabled=${isDisabled} aria-invalid=${error ? 'true' : undefined}
      aria-describedby=${described(id, hint, error)} value=${value}
      onChange=${(/** @type {Event} */ event) => onInput(/** @type {HTMLSelectElement} */ (event.currentTarget).value)}>
      ${options.map((option) => html`<option value=${option.value} key=${option.value} selected=${option.value === value}>${option.label}</option>`)}
    </select>
  <//>`;
}

/** One of a few, all in sight. @param {{name: string, label: string, value: string, onInput: (value: string) => void, options: readonly {value: string, label: string}[], error?: string | null}} props */
export function ChoiceField({ name, label, value, onInput, options, error }) {
  return html`<fieldset class="choice" aria-describedby=${error ? `${name}-error` : undefined}>
    <legend>${label}</legend>
    <div class="choice-options">
      ${options.map(
        (option) => html`<label class="choice-option" key=${option.value}>
          <input type="radio" name=${name} value=${option.value} data-testid="${name}-${option.value}" checked=${option.value === value} onChange=${() => onInput(option.value)} />
          <span>${option.label}</span></label>`,
      )}
    </div>
    ${error && html`<p class="field-error" id="${name}-error">${error}</p>`}
  </fieldset>`;
}

/** @param {{id: string, label: string, isOn: boolean, onInput: (isOn: boolean) => void}} props */
export function CheckField({ id, label, isOn, onInput }) {
  return html`<label class="check-field"><input type="checkbox" id=${id} data-testid=${id} checked=${isOn}
    onChange=${(/** @type {Event} */ event) => onInput(/** @type {HTMLInputElement} */ (event.currentTarget).checked)} /><span>${label}</span></label>`;
}

/** Any of a few, all in sight. @param {{name: string, label: string, values: readonly string[], onInput: (value: string, isOn: boolean) => void, options: readonly {value: string, label: string}[], error?: string | null}} props */
export function ChecksField({ name, label, values, onInput, options, error }) {
  return html`<fieldset class="choice" aria-describedby=${error ? `${name}-error` : undefined}>
    <legend>${label}</legend>
    <div class="choice-options">
      ${options.map(
        (option) => html`<label class="choice-option" key=${option.value}>
          <input type="checkbox" value=${option.value} data-testid="${name}-${option.value}" checked=${values.includes(option.value)}
            onChange=${(/** @type {Event} */ event) => onInput(option.value, /** @type {HTMLInputElement} */ (event.currentTarget).checked)} />
          <span>${option.label}</span></label>`,
      )}
    </div>
    ${error && html`<p class="field-error" id="${name}-error">${error}</p>`}
  </fieldset>`;
}

/** @param {{id: string, label: string, hint?: string, error?: string | null, children?: unknown}} props */
function Frame({ id, label, hint, error, children }) {
  return html`<div class="field">
    <label for=${id}>${label}</label>
    ${children}
    ${hint && html`<p class="field-hint" id="${id}-hint">${hint}</p>`}
    ${error && html`<p class="field-error" id="${id}-error">${error}</p>`}
  </div>`;
}

/** @param {string} id @param {string} [hint] @param {string | null} [error] */
function described(id, hint, error) {
  return [error && `${id}-error`, hint && `${id}-hint`].filter(Boolean).join(' ') || undefined;
}
