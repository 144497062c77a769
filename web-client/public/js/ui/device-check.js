/** Before the visit: am I seen, am I heard, with which devices. */
import { html, useEffect, useState } from './html.js';
import { Icon } from './icons.js';
import { Notices } from './frame.js';
import { Video } from './video.js';
import { TalkDevices } from './talk-devices.js';
import { loadStyle } from './style.js';
import { startMeter } from '../rtc/meter.js';
import { loadLanguage } from '../i18n/index.js';

/** @param {import('./frame.js').ViewProps} props */
export function DeviceCheck({ state, session, t }) {
  const invited = state.invited;
  const admitted = invited?.role === 'nurse' || invited?.role === 'specialist';
  return html`<section class="check" data-testid="device-check">
    <div class="check-words">
      <h1>${t('check.hello', { name: invited?.name ?? '' })}</h1>
      <p class="lead">${t('check.lead')}</p>
    </div>
    <div class="check-preview">
      <${Preview} state=${state} session=${session} t=${t} />
      <${Meter} state=${state} session=${session} t=${t} />
      <${Notices} state=${state} session=${session} t=${t} />
      <${Link} state=${state} session=${session} t=${t} />
      ${state.notices.length > 0 &&
      html`<button type="button" class="button is-quiet" onClick=${() => session.prepareDevices()}>
        <${Icon} name="switch" size=${20} />${t('check.try_again')}
      </button>`}
    </div>
    <div class="check-choices">
      <${TalkDevices} state=${state} session=${session} t=${t} />
    </div>
    <div class="check-actions">
      <button type="button" class="button is-primary is-large" data-testid="join-call" disabled=${state.preparing} onClick=${() => session.join({ camera: true })}>
        ${t(admitted ? 'check.join' : 'check.join_waiting')}
      </button>
      <button type="button" class="button is-quiet" data-testid="join-without-camera" onClick=${() => session.join({ camera: false })}>
        ${t('check.without_camera')}
      </button>
    </div>
  </section>`;
}

/** @param {import('./frame.js').ViewProps} props */
function Preview({ state, session, t }) {
  return html`<div class="preview" data-testid="camera-preview" data-on=${state.sources.camera.held}>
    ${state.sources.camera.held
      ? html`<${Video} stream=${session.media.preview('camera')} mirrored label=${t('check.preview')} />
          <span class="preview-caption">${t('check.preview')}</span>`
      : html`<div class="preview-off"><${Icon} name="camera-off" size=${40} /><span>${t(state.preparing ? 'check.camera_starting' : 'check.camera_off')}</span></div>`}
  </div>`;
}

/** @param {import('./frame.js').ViewProps} props */
function Meter({ state, session, t }) {
  const held = state.sources.microphone.held;
  return html`<${LevelMeter} track=${held ? session.media.tracks.get('microphone') : undefined} label=${t('check.level')}
    hint=${held ? t('check.say_something') : t('call.muted')} />`;
}

/** Its check comes once the camera is open, and need not wait for anything. @param {import('./frame.js').ViewProps} props */
function Link(props) {
  const { language, preparing } = props.state;
  const [words, setWords] = useState(/** @type {typeof import('./link-words.js') | null} */ (null));
  useEffect(() => {
    if (preparing || words) return;
    const loading = Promise.all([import('./link-words.js'), loadLanguage(language, 'link'), loadStyle('link')]);
    loading.then(([module]) => setWords(module), () => {});
  }, [preparing]);
  return words && html`<${words.LinkWords} ...${props} />`;
}

/** @param {{track: MediaStreamTrack | undefined, label: string, hint: string}} props */
export function LevelMeter({ track, label, hint }) {
  const [level, setLevel] = useState(0);
  useEffect(() => {
    if (!track) {
      setLevel(0);
      return;
    }
    const meter = startMeter(track, setLevel);
    return () => meter.stop();
  }, [track]);

  return html`<div class="meter-row">
    <${Icon} name=${track ? 'microphone' : 'microphone-off'} size=${20} />
    <div class="meter" role="meter" data-testid="mic-meter" aria-label=${label} aria-valuemin="0" aria-valuemax="100" aria-valuenow=${level}>
      <div class="meter-fill" style=${{ transform: `scaleX(${level / 100})` }}></div>
    </div>
    <p class="meter-hint">${hint}</p>
  </div>`;
}
