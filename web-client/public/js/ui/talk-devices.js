/** The choice of camera, microphone and speaker, as the device check and the panel in the call show it. */
import { html } from './html.js';
import { Icon } from './icons.js';
import { DeviceSelect } from './device-select.js';
import { playTone } from '../rtc/meter.js';

/** @param {import('./frame.js').ViewProps} props */
export function TalkDevices({ state, session, t }) {
  const { devices, chosen } = state;
  const current = (/** @type {'camera' | 'microphone'} */ use) => chosen[use] ?? session.media.tracks.get(use)?.getSettings().deviceId;
  return html`<div class="fields">
    <${DeviceSelect} use="camera" icon="camera" label=${t('check.camera')} devices=${devices.cameras} chosen=${current('camera')} blank=${null}
      empty=${t('check.none_found')} onChoose=${(/** @type {string} */ id) => session.choose('camera', id)} />
    <${DeviceSelect} use="microphone" icon="microphone" label=${t('check.microphone')} devices=${devices.microphones} chosen=${current('microphone')}
      blank=${null} empty=${t('check.none_found')} onChoose=${(/** @type {string} */ id) => session.choose('microphone', id)} />
    <div class="field-with-action">
      <${DeviceSelect} use="speaker" icon="speaker" label=${t('check.speaker')} devices=${devices.speakers} chosen=${chosen.speaker}
        blank=${t('check.default_speaker')} empty=${t('check.none_found')} onChoose=${(/** @type {string} */ id) => session.choose('speaker', id)} />
      <button type="button" class="button is-quiet is-icon" aria-label=${t('check.test_sound')} title=${t('check.test_sound')}
        onClick=${() => playTone(chosen.speaker)}><${Icon} name="wave" /></button>
    </div>
  </div>`;
}
