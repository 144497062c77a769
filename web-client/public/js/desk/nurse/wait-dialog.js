/** Onto the waiting list: by what channel, and between which days the visit may be. */
import { html, useState } from '../../ui/html.js';
import { addDays, dayOf, instantAt } from '../clinic-time.js';
import { Dialog, DialogActions } from '../parts/dialog.js';
import { ChoiceField, SelectField, TextField } from '../parts/field.js';
import { ProblemBox } from '../parts/problem.js';
import { useAct, useList } from '../resource.js';
import { channelWords } from '../words.js';

const CHANNELS = ['cart', 'home_link', 'phone'];
const WAIT_DAYS = 14;

/** @param {{desk: import('../shell.js').Desk, referral: import('../types.js').Referral, channel?: string, onClose: () => void}} props */
export function WaitDialog({ desk, referral, channel: first = 'cart', onClose }) {
  const { t } = desk;
  const today = dayOf(desk.api.nowMs(), desk.zone);
  const [channel, setChannel] = useState(first);
  const [cart, setCart] = useState('');
  const [earliest, setEarliest] = useState(today);
  const [latest, setLatest] = useState(addDays(today, WAIT_DAYS));
  const act = useAct(desk);
  /** @type {import('../resource.js').Resource<import('../types.js').Cart[]>} */
  const carts = useList(desk, channel === 'cart' ? '/carts' : null, { site: desk.me.site.id }, ['carts']);
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    const isDone = await act.run(async () => {
      if (referral.status === 'received') await desk.api.post(`/referrals/${referral.id}/events`, { event: 'take' }, referral.version);
      await desk.api.create('/waitlist', {
        referral: referral.id,
        channel,
        ...(channel === 'cart' && cart && { cart }),
        earliest: instantAt(earliest, '00:00', desk.zone),
        latest: instantAt(addDays(latest, 1), '00:00', desk.zone),
      });
    });
    if (!isDone) return;
    desk.done(t('waitlist.added'));
    onClose();
  };
  return html`<${Dialog} desk=${desk} title=${t('referral.to_waitlist')} testId="wait-dialog" onClose=${onClose}>
    <p>${referral.patient.name}</p>
    <form class="fields" onSubmit=${submit}>
      <${ChoiceField} name="wait-channel" label=${t('visit.where')} value=${channel} onInput=${setChannel} options=${CHANNELS.map((value) => ({ value, label: channelWords(desk, value) }))} />
      ${channel === 'cart' && (carts.data?.length ?? 0) > 1 && html`<${SelectField} id="wait-cart" label=${t('book.cart')} value=${cart} onInput=${setCart} error=${act.problem?.field('cart')}
        options=${[{ value: '', label: t('waitlist.any_cart') }, ...(carts.data ?? []).map(({ id, name }) => ({ value: id, label: name }))]} />`}
      <div class="fields is-two">
        <${TextField} id="wait-earliest" type="date" label=${t('waitlist.from')} value=${earliest} onInput=${setEarliest} isRequired=${true} error=${act.problem?.field('earliest')} />
        <${TextField} id="wait-latest" type="date" label=${t('waitlist.to')} value=${latest} onInput=${setLatest} isRequired=${true} error=${act.problem?.field('latest')} />
      </div>
      <${ProblemBox} desk=${desk} problem=${act.problem} />
      <${DialogActions}><button type="button" class="button is-quiet" onClick=${onClose}>${t('desk.cancel')}</button>
        <button type="submit" class="button is-primary" data-testid="wait-submit" disabled=${act.isBusy}>${t('referral.to_waitlist')}</button><//>
    </form>
  <//>`;
}
