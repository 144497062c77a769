/** One labelled choice of a device. */
import { html } from './html.js';
import { Icon } from './icons.js';

/**
 * @param {{use: import('../state/reducer.js').DeviceUse, icon: string, label: string, devices: import('../state/reducer.js').Device[],
 *   chosen: string | undefined, blank: string | null, empty: string, onChoose: (id: string) => void}} props
 *   `blank` names the choice of nothing in particular; null = there is none
 */
export function DeviceSelect({ use, icon, label, devices, chosen, blank, empty, onChoose }) {
  const id = `device-${use}`;
  const known = devices.some((device) => device.id === chosen);
  return html`<div class="field">
    <label for=${id}><${Icon} name=${icon} size=${20} />${label}</label>
    <select id=${id} data-testid="select-${use}" disabled=${devices.length === 0 && blank === null}
      onChange=${(/** @type {Event & {currentTarget: HTMLSelectElement}} */ event) => onChoose(event.currentTarget.value)}>
      ${devices.length === 0 && blank === null && html`<option>${empty}</option>`}
      ${blank !== null && html`<option value="" selected=${!known}>${blank}</option>`}
      ${devices.map((device, index) => html`<option value=${device.id} selected=${device.id === chosen}>${device.label || `${label} ${index + 1}`}</option>`)}
    </select>
  </div>`;
}
