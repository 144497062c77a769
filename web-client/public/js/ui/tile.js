/** One person, or one thing that a person shows: picture or initials, name and role, who speaks, how good the link is. */
import { html, useEffect, useRef } from './html.js';
import { Icon, LinkBars } from './icons.js';
import { Video } from './video.js';
import { initialsOf } from '../state/tiles.js';
import { linkWords, pauseOf } from '../state/quality.js';

/** @typedef {import('./frame.js').Translate} Translate */

/**
 * @param {import('./frame.js').ViewProps & {tile: import('../state/tiles.js').Tile, main: boolean, alone: boolean}} props
 *   `alone`: there is nothing to enlarge it against
 */
export function TileView({ state, session, t, tile, main, alone }) {
  const ref = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => {
    const element = ref.current;
    if (!element) return;
    const observer = new ResizeObserver(() => session.line?.wishes.measured(tile.key, element.clientHeight));
    observer.observe(element);
    return () => {
      observer.disconnect();
      session.line?.wishes.measured(tile.key, 0);
    };
  }, [tile.key]);

  const speaking = tile.source === 'camera' && state.speakers.includes(tile.participant);
  const link = linkWords(state.quality[tile.participant]);
  const stream = session.line?.streamOf(tile.track) ?? null;
  const rung = state.quality[tile.participant]?.rung ?? 'full';
  const still = tile.source === 'camera' && !stream ? state.stills[tile.participant] : undefined;
  const paused = pauseOf(tile.track, state.selfId ? state.quality[state.selfId] : undefined);
  const pinned = state.pinned === tile.key;
  const pin = () => !alone && session.store.dispatch({ type: 'pin', key: tile.key });
  return html`<article ref=${ref} class="tile tile-${tile.source} ${main ? 'is-main' : ''} ${speaking ? 'is-speaking' : ''} ${alone ? '' : 'can-pin'}"
    data-testid="tile" data-participant=${tile.participant} data-role=${tile.role} data-name=${tile.name} data-source=${tile.source} data-track=${tile.track ?? ''}
    data-speaking=${speaking} data-muted=${tile.muted} data-quality=${link.level} data-main=${main} aria-label=${`${tile.name}, ${t(`role.${tile.role}`)}`} onClick=${pin}>
    ${stream
      ? html`<${Video} stream=${stream} whole=${tile.source !== 'camera' || pinned} label=${tile.name}
          onShown=${(/** @type {HTMLVideoElement} */ element) => session.line?.watchFirstFrame(element)} />`
      : still
        ? html`<img class="still" data-testid="still" src=${still} alt=${t('ladder.still', { name: tile.name })} />`
        : html`<${Avatar} name=${tile.name} words=${t(withoutVideo(rung))} />`}
    ${(still || paused) && html`<p class="tile-words" data-testid="tile-words">${t(paused ? `ladder.paused.${paused}` : 'ladder.other.stills')}</p>`}
    ${tile.reconnecting && html`<p class="tile-veil" role="status">${t('call.reconnecting')}</p>`}
    <div class="tile-top">
      ${!alone &&
      html`<button type="button" class="tile-pin" data-testid="pin" aria-pressed=${pinned} aria-label=${t(pinned ? 'call.unpin' : 'call.pin', { name: tile.name })}
        title=${t(pinned ? 'call.unpin' : 'call.pin', { name: tile.name })} onClick=${(/** @type {Event} */ event) => {
          event.stopPropagation();
          pin();
        }}><${Icon} name="pin" size=${20} /></button>`}
      ${tile.source === 'camera' && html`<${LinkLabel} link=${link} self=${false} t=${t} />`}
    </div>
    <${NamePlate} tile=${tile} speaking=${speaking} t=${t} />
  </article>`;
}

/** @param {import('../protocol/types.js').Rung} rung */
const withoutVideo = (rung) => (rung === 'audio' || rung === 'phone' ? /** @type {const} */ (`ladder.other.${rung}`) : 'call.no_video');

/** @param {{tile: import('../state/tiles.js').Tile, speaking: boolean, t: Translate}} props */
function NamePlate({ tile, speaking, t }) {
  const detail = tile.source === 'camera' ? null : t(`call.${tile.source === 'exam' ? 'exam' : 'screen'}`);
  return html`<div class="nameplate">
    ${detail !== null
      ? html`<${Icon} name=${tile.source} size=${18} />`
      : tile.muted
        ? html`<span class="state-icon is-off" title=${t('call.muted')}><${Icon} name="microphone-off" size=${18} /><span class="sr-only">${t('call.muted')}</span></span>`
        : speaking
          ? html`<span class="state-icon is-live" title=${t('call.speaking')}><${Icon} name="wave" size=${18} /><span class="sr-only">${t('call.speaking')}</span></span>`
          : null}
    <span class="nameplate-name">${detail ?? tile.name}</span>
    <span class="nameplate-role">${detail === null ? t(`role.${tile.role}`) : tile.name}</span>
  </div>`;
}

/** @param {{link: import('../state/quality.js').LinkWords, self: boolean, t: Translate}} props */
export function LinkLabel({ link, self, t }) {
  const cause = link.cause === null ? '' : `: ${t(self ? `quality.self.${link.cause}` : `quality.cause.${link.cause}`)}`;
  const words = `${t(`quality.${link.level}`)}${cause}`;
  const weak = link.level === 'fair' || link.level === 'poor';
  return html`<span class="link-label is-${link.level}" data-testid="quality" title=${words}>
    <${LinkBars} level=${link.level} /><span class=${weak ? 'link-words' : 'sr-only'}>${words}</span>
  </span>`;
}

/** @param {{name: string, words: string}} props */
function Avatar({ name, words }) {
  return html`<div class="avatar" data-testid="avatar">
    <span class="avatar-circle" aria-hidden="true">${initialsOf(name)}</span>
    <span class="avatar-words">${words}</span>
  </div>`;
}

/** @param {import('./frame.js').ViewProps} props */
export function SelfPreview({ state, session, t }) {
  const { camera, exam, screen, microphone } = state.sources;
  const detail = exam.held ? 'exam' : screen.held ? 'screen' : null;
  const shown = detail ?? (camera.held ? 'camera' : null);
  const link = linkWords(state.selfId ? state.quality[state.selfId] : undefined);
  return html`<aside class="self-preview ${detail ? 'is-detail' : ''}" data-testid="self-preview" data-source=${shown ?? ''} data-quality=${link.level} aria-label=${t('call.own_preview')}>
    ${shown
      ? html`<${Video} stream=${session.media.preview(shown)} mirrored=${shown === 'camera'} whole=${shown !== 'camera'} label=${t('call.own_preview')} />`
      : html`<div class="self-off"><${Icon} name="camera-off" size=${24} /></div>`}
    <div class="nameplate">
      ${(!microphone.held || microphone.muted) &&
      html`<span class="state-icon is-off" title=${t('call.muted')}><${Icon} name="microphone-off" size=${16} /><span class="sr-only">${t('call.muted')}</span></span>`}
      <span class="nameplate-name">${detail ? t(`call.${detail}`) : t('role.you')}</span>
      ${(link.level === 'fair' || link.level === 'poor') && html`<${LinkBars} level=${link.level} />`}
    </div>
  </aside>`;
}
