/** A long list that is read by hand, page after page: the trail of changes, what was sent. */
import { html, useEffect, useState } from '../../ui/html.js';
import { Empty } from '../parts/frame.js';
import { ProblemBox } from '../parts/problem.js';
import { useAct } from '../resource.js';

const PAGE = 50;

/**
 * Draw it with a `key` of what is asked for: another question is another list.
 * @template T
 * @param {{desk: import('../shell.js').Desk, path: string, query: import('../api.js').Query, testId: string, icon: string, empty: string, draw: (item: T) => unknown}} props
 */
export function Pages({ desk, path, query, testId, icon, empty, draw }) {
  const { t, api } = desk;
  const [read, setRead] = useState(/** @type {{items: T[], next: string | null} | null} */ (null));
  const act = useAct(desk);
  const more = () =>
    act.run(async () => {
      const page = await api.get(path, { ...query, limit: PAGE, cursor: read?.next });
      setRead({ items: [...(read?.items ?? []), ...page.items], next: page.next ?? null });
    });
  useEffect(() => void more(), []);
  return html`<div class="loaded" aria-busy=${act.isBusy}>
    <${ProblemBox} desk=${desk} problem=${act.problem} onRetry=${more} />
    ${!read && act.isBusy && html`<p class="quiet loading" role="status"><span class="spinner" aria-hidden="true"></span>${t('desk.loading')}</p>`}
    ${read?.items.length === 0 && html`<${Empty} icon=${icon} title=${empty} />`}
    ${read && read.items.length > 0 && html`<ol class="sheet" data-testid=${testId}>${read.items.map(draw)}</ol>`}
    ${read?.next && html`<button type="button" class="button is-quiet" data-testid="more" disabled=${act.isBusy} onClick=${more}>${t('admin.more')}</button>`}
  </div>`;
}
