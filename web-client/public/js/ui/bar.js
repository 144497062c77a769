/** The controls of the call. On a narrow screen five stay in reach and the rest is behind "more". */
import { html } from './html.js';
import { Icon } from './icons.js';
import { knocking, mayPublish } from '../state/reducer.js';
import { canShareScreen } from '../rtc/devices.js';

/** @typedef {import('./frame.js').ViewProps} ViewProps */

/** @param {ViewProps} props */
export function Bar({ state, session, t }) {
  const { microphone, camera } = state.sources;
  const talking = microphone.held && !microphone.muted;
  const waiting = knocking(state).length;
  const openPanel = (/** @type {NonNullable<import('../state/reducer.js').Panel>} */ panel) =>
    session.store.dispatch({ type: 'panel', panel: state.panel === panel ? null : panel });
  return html`<footer class="bar-frame"><div class="bar" role="toolbar" aria-label=${t('call.controls')}>
    <${Control} testid="mic-toggle" icon=${talking ? 'microphone' : 'microphone-off'} pressed=${talking} basic off=${!talking} short=${t('bar.short_microphone')}
      words=${t(talking ? 'bar.mute' : 'bar.unmute')} onClick=${() => session.toggleMicrophone()} />
    <${Control} testid="camera-toggle" icon=${camera.held ? 'camera' : 'camera-off'} pressed=${camera.held} basic off=${!camera.held} short=${t('bar.short_camera')}
      words=${t(camera.held ? 'bar.camera_off' : 'bar.camera_on')} onClick=${() => session.toggleCamera()} />
    ${!state.narrow && html`<${Sources} state=${state} session=${session} t=${t} /><span class="bar-gap"></span>`}
    ${state.door === 'appointment' &&
    html`<${Control} testid="case-toggle" icon="text" pressed=${state.panel === 'case'} short=${t('bar.short_case')} words=${t('bar.case')} onClick=${() => openPanel('case')} />`}
    <${Control} testid="chat-toggle" icon="chat" pressed=${state.panel === 'chat'} short=${t('bar.chat')} badge=${state.unread}
      words=${state.unread > 0 ? t('bar.chat_unread', { count: state.unread }) : t('bar.chat')} data-unread=${state.unread} onClick=${() => openPanel('chat')} />
    <${Control} testid="people-toggle" icon="people" pressed=${state.panel === 'people'} short=${t('bar.people')} badge=${waiting}
      words=${waiting > 0 ? t('bar.people_waiting', { count: waiting }) : t('bar.people')} data-waiting=${waiting} onClick=${() => openPanel('people')} />
    ${state.narrow
      ? html`<${Control} testid="more-toggle" icon="more" pressed=${state.panel === 'more'} short=${t('bar.more')} words=${t('bar.more')} onClick=${() => openPanel('more')} />`
      : html`<${DevicesControl} state=${state} session=${session} t=${t} /><span class="bar-gap"></span>`}
    <button type="button" class="control is-leave" data-testid="leave" aria-label=${t('bar.leave_visit')} title=${t('bar.leave_visit')} onClick=${() => session.leave()}>
      <span class="control-icon"><${Icon} name="leave" /></span><span class="control-words">${t('bar.leave')}</span>
    </button>
  </div></footer>`;
}

/** What a narrow screen keeps behind "more". @param {ViewProps} props */
export function MoreSheet({ state, session, t }) {
  return html`<div class="more-sheet" role="toolbar" aria-label=${t('bar.more')}>
    <${Sources} state=${state} session=${session} t=${t} />
    <${DevicesControl} state=${state} session=${session} t=${t} />
  </div>`;
}

/** @param {ViewProps} props */
function Sources({ state, session, t }) {
  const { screen, exam, stethoscope } = state.sources;
  return html`${state.devices.cameras.length > 1 &&
    html`<${Control} testid="switch-camera" icon="switch" short=${t('bar.short_switch')} words=${t('bar.switch_camera')} onClick=${() => session.media.switchCamera()} />`}
    ${mayPublish(state, 'screen') && canShareScreen() &&
    html`<${Control} testid="share-screen" icon="screen" pressed=${screen.held} short=${t('bar.short_share')} words=${t(screen.held ? 'bar.share_stop' : 'bar.share')}
      onClick=${() => session.media.toggleDetail('screen')} />`}
    ${mayPublish(state, 'exam') &&
    html`<${Control} testid="exam-toggle" icon="exam" pressed=${exam.held} short=${t('bar.short_exam')} words=${t(exam.held ? 'bar.exam_off' : 'bar.exam_on')}
      onClick=${() => session.media.toggleDetail('exam')} />`}
    ${mayPublish(state, 'stethoscope') &&
    html`<${Control} testid="stethoscope-toggle" icon="stethoscope" pressed=${stethoscope.held} short=${t('bar.short_stethoscope')}
      words=${t(stethoscope.held ? 'bar.stethoscope_off' : 'bar.stethoscope_on')} onClick=${() => session.media.toggleStethoscope()} />`}`;
}

/** @param {ViewProps} props */
function DevicesControl({ state, session, t }) {
  return html`<${Control} testid="devices-toggle" icon="devices" pressed=${state.panel === 'devices'} short=${t('bar.short_devices')} words=${t('bar.devices')}
    onClick=${() => session.store.dispatch({ type: 'panel', panel: state.panel === 'devices' ? null : 'devices' })} />`;
}

/**
 * @param {{testid: string, icon: string, words: string, short: string, pressed?: boolean, basic?: boolean, off?: boolean, badge?: number, onClick: () => void,
 *   'data-unread'?: number, 'data-waiting'?: number}} props `basic`: on is its usual state; `off`: it does not run
 */
function Control({ testid, icon, words, short, pressed, basic = false, off = false, badge = 0, onClick, ...data }) {
  // The name begins with what is seen on the button, so that it can be spoken to.
  const name = words.toLowerCase().split(/[\s:,]+/).includes(short.toLowerCase()) ? words : `${short}: ${words}`;
  return html`<button type="button" class="control ${basic ? 'is-basic' : ''} ${off ? 'is-off' : ''}" data-testid=${testid} aria-pressed=${pressed} aria-label=${name} title=${words} onClick=${onClick} ...${data}>
    <span class="control-icon" data-badge=${badge > 9 ? '9+' : badge || undefined}><${Icon} name=${icon} /></span>
    <span class="control-words">${short}</span>
  </button>`;
}
