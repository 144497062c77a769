/** The panel beside the call (over it on a narrow screen): chat, people, devices. */
import { html, useEffect, useRef, useState } from './html.js';
import { Icon } from './icons.js';
import { LinkLabel } from './tile.js';
import { MoreSheet } from './bar.js';
import { TalkDevices } from './talk-devices.js';
import { DeviceSelect } from './device-select.js';
import { loadStyle } from './style.js';
import { loadLanguage } from '../i18n/index.js';
import { momentWords } from './time.js';
import { knocking, mayModerate, mayPublish } from '../state/reducer.js';
import { linkWords } from '../state/quality.js';
import { initialsOf } from '../state/tiles.js';
import { MAX_BODY } from '../protocol/messages.js';

/** @typedef {import('./frame.js').ViewProps} ViewProps */
/** @typedef {import('../protocol/types.js').Participant} Participant */

/** @param {ViewProps} props */
export function PanelView(props) {
  switch (props.state.panel) {
    case 'case':
      return html`<${Panel} ...${props} testid="case-panel" title=${props.t('bar.short_case')}><${CaseSlot} ...${props} /><//>`;
    case 'chat':
      return html`<${Panel} ...${props} testid="chat-panel" title=${props.t('chat.title')}><${Chat} ...${props} /><//>`;
    case 'people':
      return html`<${Panel} ...${props} testid="people-panel" title=${props.t('people.title')}><${People} ...${props} /><//>`;
    case 'devices':
      return html`<${Panel} ...${props} testid="devices-panel" title=${props.t('devices.title')}><${Devices} ...${props} /><//>`;
    case 'more':
      return html`<${Panel} ...${props} testid="more-panel" title=${props.t('bar.more')}><${MoreSheet} ...${props} /><//>`;
    default:
      return null;
  }
}

/** @param {ViewProps & {testid: string, title: string, children?: unknown}} props */
function Panel({ session, t, testid, title, children }) {
  const close = () => session.store.dispatch({ type: 'panel', panel: null });
  const ref = useRef(/** @type {HTMLElement | null} */ (null));
  // The keyboard goes into the panel with the eye, and back to where it was.
  useEffect(() => {
    const before = document.activeElement;
    if (!ref.current?.contains(before)) ref.current?.focus();
    return () => before instanceof HTMLElement && before.focus();
  }, []);
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => event.key === 'Escape' && close();
  return html`<section ref=${ref} tabindex="-1" class="panel ${testid}" data-testid=${testid} aria-label=${title} onKeyDown=${onKeyDown}>
    <header class="panel-header">
      <h2>${title}</h2>
      <button type="button" class="icon-button" data-testid="panel-close" aria-label=${t('app.close')} title=${t('app.close')} onClick=${close}><${Icon} name="close" /></button>
    </header>
    <div class="panel-body">${children}</div>
  </section>`;
}

/** The appointment's panel comes with its own words and style, when it is first opened. @param {ViewProps} props */
function CaseSlot({ state, session, t }) {
  const [loaded, setLoaded] = useState(/** @type {{CasePanel: typeof import('./case.js').CasePanel, of: import('../session/case.js').Case} | null} */ (null));
  useEffect(() => {
    const parts = /** @type {const} */ ([import('./case.js'), session.openCase(), loadLanguage(state.language, 'case', 'desk'), loadStyle('case')]);
    Promise.all(parts).then(([{ CasePanel }, of]) => of && setLoaded({ CasePanel, of }), () => {});
  }, []);
  return loaded ? html`<${loaded.CasePanel} of=${loaded.of} t=${t} />` : html`<p class="quiet" role="status">${t('app.loading')}</p>`;
}

/** @param {ViewProps} props */
function Chat({ state, session, t }) {
  const [draft, setDraft] = useState('');
  const list = useRef(/** @type {HTMLElement | null} */ (null));
  const input = useRef(/** @type {HTMLTextAreaElement | null} */ (null));
  useEffect(() => input.current?.focus(), []);
  useEffect(() => list.current?.scrollTo({ top: list.current.scrollHeight }), [state.chat.length]);

  const send = () => {
    if (draft.trim() === '') return;
    session.line?.chat(draft.trim());
    setDraft('');
  };
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    send();
  };
  const nameOf = (/** @type {string} */ id) => state.room?.participants.find((person) => person.id === id)?.name ?? t('chat.someone');
  return html`<div class="chat-log" ref=${list} role="log" aria-live="polite" tabindex="0" aria-label=${t('chat.title')}><ol class="chat-list">
      ${state.chat.length === 0 && html`<li class="chat-empty">${t('chat.empty')}</li>`}
      ${state.chat.map(
        (entry, index) => html`<li key=${index} class="chat-message ${entry.from === state.selfId ? 'is-own' : ''}" data-testid="chat-message" data-from=${entry.from}>
          <span class="chat-meta">${entry.from === state.selfId ? t('role.you') : nameOf(entry.from)} · <time>${momentWords(entry.at_ms, Date.now())}</time></span>
          <p>${entry.body}</p>
        </li>`,
      )}
    </ol></div>
    <div class="chat-compose">
      <textarea ref=${input} rows="1" data-testid="chat-input" aria-label=${t('chat.placeholder')} placeholder=${t('chat.placeholder')} maxlength=${MAX_BODY} value=${draft}
        onInput=${(/** @type {Event & {currentTarget: HTMLTextAreaElement}} */ event) => setDraft(event.currentTarget.value)} onKeyDown=${onKeyDown}></textarea>
      <button type="button" class="icon-button is-accent" data-testid="chat-send" aria-label=${t('chat.send')} title=${t('chat.send')} onClick=${send}><${Icon} name="send" /></button>
    </div>`;
}

/** @param {ViewProps} props */
function People({ state, session, t }) {
  const waiting = knocking(state);
  const here = state.room?.participants.filter((person) => person.status !== 'waiting') ?? [];
  const locked = state.room?.locked ?? false;
  return html`${waiting.length > 0 &&
    html`<h3>${t('people.knocking')}</h3>
      <ul class="people">${waiting.map((person) => html`<${Knock} key=${person.id} person=${person} session=${session} t=${t} />`)}</ul>`}
    <h3>${t('people.here')}</h3>
    <ul class="people">${here.map((person) => html`<${Person} key=${person.id} person=${person} state=${state} session=${session} t=${t} />`)}</ul>
    ${(mayModerate(state, 'lock') || mayModerate(state, 'end')) &&
    html`<div class="people-actions">
      <button type="button" class="button is-quiet" data-testid="lock-room" aria-pressed=${locked} title=${t('people.lock_hint')}
        onClick=${() => session.line?.moderate(locked ? 'unlock' : 'lock', null)}><${Icon} name=${locked ? 'unlock' : 'lock'} size=${20} />${t(locked ? 'people.unlock' : 'people.lock')}</button>
      <button type="button" class="button is-danger-quiet" data-testid="end-for-all" onClick=${() => session.store.dispatch({ type: 'dialog', dialog: { kind: 'end' } })}>
        <${Icon} name="leave" size=${20} />${t('people.end')}</button>
    </div>`}`;
}

/** @param {{person: Participant, session: ViewProps['session'], t: ViewProps['t']}} props */
export function Knock({ person, session, t }) {
  const words = t('people.knock', { name: person.name, role: t(`role.${person.role}`) });
  return html`<li class="knock" data-testid="knock-${person.id}">
    <span class="person-circle" aria-hidden="true">${initialsOf(person.name)}</span>
    <span class="knock-words">${words}</span>
    <button type="button" class="button is-primary is-small" data-testid="admit-${person.id}" aria-label=${t('people.admit_name', { name: person.name })}
      onClick=${() => session.line?.moderate('admit', person.id)}>${t('people.admit')}</button>
  </li>`;
}

/** @param {ViewProps & {person: Participant}} props */
function Person({ person, state, session, t }) {
  const self = person.id === state.selfId;
  const talks = state.room?.tracks.some((track) => track.participant === person.id && track.source === 'microphone' && track.active && !track.muted) ?? false;
  return html`<li class="person" data-testid="person-${person.id}">
    <span class="person-circle" aria-hidden="true">${initialsOf(person.name)}</span>
    <div class="person-words">
      <span class="person-name">${person.name}</span>
      <span class="person-role">${self ? `${t(`role.${person.role}`)} · ${t('role.you')}` : t(`role.${person.role}`)}</span>
      ${person.status === 'reconnecting' && html`<span class="person-note">${t('call.reconnecting')}</span>`}
    </div>
    ${!self && mayModerate(state, 'mute') && talks &&
    html`<button type="button" class="icon-button" data-testid="mute-${person.id}" aria-label=${t('people.mute', { name: person.name })} title=${t('people.mute', { name: person.name })}
      onClick=${() => session.line?.moderate('mute', person.id)}><${Icon} name="microphone" size=${20} /></button>`}
    ${!talks && html`<span class="person-muted" title=${t('call.muted')}><${Icon} name="microphone-off" size=${20} /><span class="sr-only">${t('call.muted')}</span></span>`}
    ${!self && mayModerate(state, 'remove') &&
    html`<button type="button" class="icon-button" data-testid="remove-${person.id}" aria-label=${t('people.remove', { name: person.name })} title=${t('people.remove', { name: person.name })}
      onClick=${() => session.store.dispatch({ type: 'dialog', dialog: { kind: 'remove', target: person.id } })}><${Icon} name="remove" size=${20} /></button>`}
    <${LinkLabel} link=${linkWords(state.quality[person.id])} self=${self} t=${t} />
  </li>`;
}

/** @param {ViewProps} props */
function Devices({ state, session, t }) {
  const { devices, chosen } = state;
  return html`<${TalkDevices} state=${state} session=${session} t=${t} />
    <div class="fields">
      ${mayPublish(state, 'exam') &&
      html`<${DeviceSelect} use="exam" icon="exam" label=${t('devices.exam')} devices=${devices.cameras} chosen=${chosen.exam} blank=${t('devices.not_chosen')}
        empty=${t('check.none_found')} onChoose=${(/** @type {string} */ id) => session.choose('exam', id)} />`}
      ${mayPublish(state, 'stethoscope') &&
      html`<${DeviceSelect} use="stethoscope" icon="stethoscope" label=${t('devices.stethoscope')} devices=${devices.microphones} chosen=${chosen.stethoscope}
          blank=${t('devices.not_chosen')} empty=${t('check.none_found')} onChoose=${(/** @type {string} */ id) => session.choose('stethoscope', id)} />
        <p class="quiet">${t('devices.stethoscope_hint')}</p>`}
    </div>`;
}
