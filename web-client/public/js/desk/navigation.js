/** Which views the desk has, and who sees them: by role, and by right where the role alone does not tell. Pure. */

/** @typedef {import('./types.js').Me} Me */
/**
 * @typedef {object} View
 * @property {string} id in the address, and the key of its component in the area's `views`
 * @property {'nurse' | 'specialist' | 'admin'} area which module draws it
 * @property {string} icon
 * @property {boolean} isTab false: reached from another view
 * @property {readonly string[]} roles any of these …
 * @property {string | null} right … that has this right
 */

const DESK = ['nurse', 'operator', 'senior', 'contact_operator'];

/** In the order of the tabs; who has several roles begins at the first. @type {readonly View[]} */
export const VIEWS = [
  tab('my-day', 'specialist', 'calendar', ['specialist'], null),
  tab('today', 'nurse', 'calendar', DESK, 'appointments:read'),
  tab('week', 'specialist', 'week', ['specialist', 'nurse'], 'appointments:read'),
  tab('my-schedule', 'specialist', 'clock', ['specialist'], null),
  tab('referrals', 'nurse', 'inbox', ['nurse', 'operator', 'senior', 'family_doctor'], 'referrals:read'),
  tab('waitlist', 'nurse', 'queue', DESK, 'waitlist:work'),
  tab('reconfirmation', 'nurse', 'phone', DESK, 'reconfirmation:work'),
  tab('patients', 'nurse', 'people', [...DESK, 'family_doctor'], 'patients:read'),
  tab('conclusions', 'specialist', 'text', ['specialist', 'family_doctor'], 'conclusions:read'),
  behind('book', 'nurse', DESK, 'appointments:write'),
  behind('reschedule', 'nurse', DESK, 'appointments:write'),
  behind('new-referral', 'nurse', ['nurse', 'family_doctor'], 'referrals:write'),
  tab('sites', 'admin', 'home', ['admin'], 'sites:write'),
  tab('users', 'admin', 'people', ['admin'], 'users:write'),
  tab('carts', 'admin', 'cart', ['admin'], 'carts:write'),
  tab('schedules', 'admin', 'clock', ['admin'], 'schedules:write'),
  tab('texts', 'admin', 'text', ['admin'], 'texts:write'),
  tab('messages', 'admin', 'chat', ['admin'], 'audit:read'),
  tab('keys', 'admin', 'key', ['admin'], 'users:write'),
  tab('audit', 'admin', 'lock', ['admin'], 'audit:read'),
];

/** @param {Me} me @returns {View[]} */
export function viewsOf(me) {
  return VIEWS.filter((view) => view.roles.some((role) => me.roles.includes(role)) && (view.right === null || can(me, view.right)));
}

/** @param {Me} me @returns {View[]} */
export function tabsOf(me) {
  return viewsOf(me).filter((view) => view.isTab);
}

/** The view that the address names, or the person's first; null: there is none for this person. @param {Me} me @param {string} id @returns {View | null} */
export function viewFor(me, id) {
  const views = viewsOf(me);
  return views.find((view) => view.id === id) ?? views[0] ?? null;
}

/** @param {Me} me @param {string} right @param {import('./types.js').Reach} [reach] at least so far */
export function can(me, right, reach = 'own') {
  const order = ['own', 'site', 'everywhere'];
  const granted = me.rights[right];
  return granted !== undefined && order.indexOf(granted) >= order.indexOf(reach);
}

/** @param {string} id @param {View['area']} area @param {string} icon @param {readonly string[]} roles @param {string | null} right @returns {View} */
function tab(id, area, icon, roles, right) {
  return { id, area, icon, isTab: true, roles, right };
}

/** @param {string} id @param {View['area']} area @param {readonly string[]} roles @param {string | null} right @returns {View} */
function behind(id, area, roles, right) {
  return { id, area, icon: '', isTab: false, roles, right };
}
