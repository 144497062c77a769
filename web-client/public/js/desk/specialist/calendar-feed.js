/** The specialist's visits in a calendar of their own: a secret address to subscribe to. It is shown once; a new one ends the old one. */
import { html, useState } from '../../ui/html.js';
import { Icon } from '../../ui/icons.js';
import { ProblemBox } from '../parts/problem.js';
import { useAct } from '../resource.js';

/** @param {{desk: import('../shell.js').Desk}} props */
export function CalendarFeed({ desk }) {
  const { t } = desk;
  const act = useAct(desk);
  const [url, setUrl] = useState('');
  const make = () => act.run(async () => setUrl(new URL((await desk.api.post('/calendar-feed')).url, location.href).href));
  const copy = async () => {
    await navigator.clipboard?.writeText(url).then(() => desk.done(t('feed.copied')), () => {});
  };
  return html`<section class="day-part" data-testid="feed"><h2>${t('feed.title')}</h2>
    <p class="quiet">${t('feed.lead')}</p>
    ${url
      ? html`<div class="feed-url"><label class="sr-only" for="feed-url">${t('feed.address')}</label>
          <input id="feed-url" data-testid="feed-url" class="input" readonly value=${url} onFocus=${(/** @type {FocusEvent} */ event) => /** @type {HTMLInputElement} */ (event.currentTarget).select()} />
          <button type="button" class="button is-quiet" data-testid="feed-copy" onClick=${copy}>${t('feed.copy')}</button></div>
        <p class="quiet">${t('feed.secret')}</p>`
      : html`<div><button type="button" class="button is-quiet" data-testid="feed-make" disabled=${act.isBusy} onClick=${make}><${Icon} name="calendar" size=${20} />${t('feed.make')}</button></div>`}
    <${ProblemBox} desk=${desk} problem=${act.problem} />
  </section>`;
}
